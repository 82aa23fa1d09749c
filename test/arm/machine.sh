#!/bin/bash
# A whole arm64 Debian under qemu-system, with systemd and the device tree of a board, and the life of onbox's package in it: it installs, the
# service starts hardened and serves, survives the death of engine and supervisor, the watchdog bites, doctor names the board, an upgrade
# keeps the models and a purge leaves nothing.   machine.sh ROOT, where ROOT is as build.sh leaves it
# The machine's disk is made once (minutes, 1 GB) and kept in the cache; each run works on a throw-away layer above it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${ONBOX_ARM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onbox-arm}
root=$1
key=$(cat "$here/root.sh" "$here/machine.sh" | sed '/^# life/,$d' | sha256sum | cut -c1-16)
disk=$cache/machine-$key
core=cortex-a72 board='Firefly RK3399 Board' chip=rockchip,rk3399
port=2223
work=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT

since=$SECONDS
seconds() { echo "arm machine: $* ($((SECONDS - since)) s)"; since=$SECONDS; }

# The root becomes a machine: kernel, init, network, and a way in that only this machine's root has.
make_disk() {
  local tree=$work/tree kernel
  enter() { "$here/root.sh" enter "$tree" "$@"; }
  "$here/root.sh" make "$tree"
  enter apt-get update -q
  enter apt-get install -y -q --no-install-recommends initramfs-tools systemd-sysv dbus udev kmod iproute2
  # Drivers of this machine alone: with all of them the initrd takes minutes to pack.
  sed -i 's/^MODULES=.*/MODULES=list/' "$tree/etc/initramfs-tools/initramfs.conf"
  printf '%s\n' virtio_pci virtio_blk virtio_net virtio_rng ext4 >>"$tree/etc/initramfs-tools/modules"
  enter apt-get install -y -q linux-image-cloud-arm64
  enter apt-get clean
  rm "$tree/usr/sbin/policy-rc.d"
  echo '/dev/vda / ext4 defaults 0 1' >"$tree/etc/fstab"
  echo board >"$tree/etc/hostname"
  printf '[Match]\nType=ether\n[Network]\nDHCP=yes\n' >"$tree/etc/systemd/network/ether.network"
  enter systemctl enable systemd-networkd ssh
  rm -f "$disk.ssh" "$disk.ssh.pub"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$disk.ssh"
  install -D -m 600 "$disk.ssh.pub" "$tree/root/.ssh/authorized_keys"
  chmod 700 "$tree/root/.ssh"
  kernel=$(basename "$tree"/boot/vmlinuz-*)
  cp "$tree/boot/$kernel" "$disk.vmlinuz"
  cp "$tree/boot/${kernel/vmlinuz/initrd.img}" "$disk.initrd"
  mke2fs -q -t ext4 -d "$tree" "$disk.part" 4G
  mv "$disk.part" "$disk.img"
  rm -rf "$tree"
}

# life: what is below may change without a new disk.
machine=(-cpu "$core" -smp 2 -m 2048)
boot() {
  qemu-system-aarch64 -M "virt,dumpdtb=$work/board.dtb" "${machine[@]}" -nic none -nographic 2>/dev/null
  fdtput -t s "$work/board.dtb" / compatible linux,dummy-virt "$chip"
  fdtput -t s "$work/board.dtb" / model "$board"
  qemu-system-aarch64 -M virt "${machine[@]}" -accel tcg,thread=multi -kernel "$disk.vmlinuz" -initrd "$disk.initrd" -dtb "$work/board.dtb" \
    -append 'root=/dev/vda rw console=ttyAMA0' -drive "file=$disk.img,format=raw,if=none,id=d,snapshot=on" \
    -device virtio-blk-pci,drive=d -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=n,romfile= \
    -object rng-random,id=r,filename=/dev/urandom -device virtio-rng-pci,rng=r -display none -monitor none \
    -serial "file:$work/console.log" -no-reboot &
  qemu=$!
  until inside true 2>/dev/null; do
    kill -0 "$qemu"
    sleep 1
  done
}

inside() {
  ssh -q -i "$disk.ssh" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 -o ControlMaster=auto \
    -o ControlPath="$work/link" -o ControlPersist=60 root@127.0.0.1 -- "$*"
}

fail() {
  echo "arm machine: $*" >&2
  inside 'systemctl status onbox; journalctl -b --no-pager | tail -60' >&2 || tail -40 "$work/console.log" >&2
  exit 1
}

show() { inside systemctl show onbox "--property=$1" --value; }

# wait_for SECONDS COMMAND...: until it succeeds in the machine.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until inside "$*" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "this did not come true: $*"
    sleep 2
  done
}

serves() {
  wait_for 1200 systemctl is-active onbox
  wait_for 300 "curl -sf -H 'Content-Type: image/png' --data-binary @/sample.png 'http://127.0.0.1:8420/v1/detect?model=shapes' | grep -q '\"label\":\"ring\"'"
}

engine_pid() { inside 'curl -s http://127.0.0.1:8420/v1/health' | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).engine.pid'; }

package() {
  "$here/root.sh" enter "$root" sh -c "cd /src && npm run package -- $1"
  cp "$root/src/dist/onbox_$1_arm64.deb" "$work/"
}

[ -e "$disk.img" ] || make_disk
seconds 'the disk is there'
package 1.0.0
package 1.0.1
seconds 'two packages are made in the root'

boot
seconds "it runs: $(inside uname -srm), $(inside systemctl --version | head -1)"
inside 'cat >/1.0.0.deb' <"$work/onbox_1.0.0_arm64.deb"
inside 'cat >/1.0.1.deb' <"$work/onbox_1.0.1_arm64.deb"
inside 'cat >/sample.png' <"$here/../../daemon/embedded/sample.png"
inside dpkg -i /1.0.0.deb
seconds 'the package is installed'
serves
seconds 'its models are compiled, and a posted picture is answered'

pid=$(show MainPID)
inside cat "/proc/$pid/status" >"$work/status"
[ "$(inside stat -c %U "/proc/$pid")" = onbox ] || fail 'the service has another user'
grep -Eq '^NoNewPrivs:\s1' "$work/status" && grep -Eq '^Seccomp:\s2' "$work/status" && grep -Eq '^CapBnd:\s0+$' "$work/status" ||
  fail "the service is not hardened: $(grep -E '^(NoNewPrivs|Seccomp|Cap)' "$work/status")"
complaints=$(inside journalctl -b -u onbox --no-pager _PID=1 | grep -iE 'unknown|ignor|fail|deprecated' || true)
[ -z "$complaints" ] || fail "systemd complains: $complaints"
inside systemd-analyze security onbox.service | tail -1

told=$(inside onbox doctor --json || true)
node -e 'const { board, findings } = JSON.parse(process.argv[1]);
  console.log(board, findings.filter((one) => one.status !== "ok").map((one) => `${one.check}: ${one.summary}`));
  if (board.name !== process.argv[2] || board.soc !== "rk3399") process.exit(1);
  if (findings.some((one) => one.summary === "this check failed")) process.exit(1);' "$told" "$board" || fail "doctor says: $told"
seconds 'it is hardened, and doctor names the board'

inside kill -9 "$(engine_pid)"
serves
[ "$(show NRestarts)" = 0 ] || fail 'the death of the engine has ended the service'
seconds 'the engine was killed, and a picture is answered'
inside kill -9 "$(show MainPID)"
wait_for 120 '[ "$(systemctl show onbox --property=NRestarts --value)" = 1 ]'
serves
[ "$(inside pgrep -u onbox -fc daemon/main.js)" = 1 ] || fail 'an old supervisor is left'
seconds 'the supervisor was killed, and a picture is answered'

# As it is installed, the supervisor notices a stuck engine before systemd has to.
stuck=$(engine_pid)
inside kill -STOP "$stuck"
wait_for 300 "! kill -0 $stuck"
serves
[ "$(show NRestarts)" = 1 ] || fail 'the service was restarted for a stuck engine'
seconds 'the engine was stopped, and is replaced'
inside 'mkdir -p /run/systemd/system/onbox.service.d; printf "[Service]\nWatchdogSec=20\n" >/run/systemd/system/onbox.service.d/w.conf; systemctl daemon-reload; systemctl restart onbox'
serves
for part in engine supervisor; do
  before=$(show NRestarts)
  if [ "$part" = engine ]; then inside kill -STOP "$(engine_pid)"; else inside kill -STOP "$(show MainPID)"; fi
  wait_for 300 "journalctl -b -u onbox --no-pager | grep -c 'Watchdog timeout' | grep -qx $((before + 1))"
  wait_for 120 "[ \$(systemctl show onbox --property=NRestarts --value) -gt $before ]"
  serves
  seconds "the $part was stopped, the watchdog has bitten, and a picture is answered"
done
inside 'rm -r /run/systemd/system/onbox.service.d; systemctl daemon-reload'

made=$(inside stat -c %Y /var/lib/onbox/models/shapes)
inside dpkg -i /1.0.1.deb
serves
[ "$(inside stat -c %Y /var/lib/onbox/models/shapes)" = "$made" ] || fail 'the upgrade has made the models again'
inside dpkg -s onbox | grep -q '^Version: 1.0.1$' || fail 'the upgrade has another version'
seconds 'it is upgraded, and keeps its models'
inside dpkg --purge onbox
left=$(inside "find / -xdev -name '*onbox*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/var/log/*' -not -path '/tmp/*'; pgrep -u onbox; id onbox; systemctl list-units --all --no-legend 'onbox*'" 2>/dev/null || true)
[ -z "$left" ] || fail "left behind: $left"
seconds 'it is purged, and nothing is left'
inside poweroff || true
wait "$qemu" || true
qemu=
seconds 'it is off'
