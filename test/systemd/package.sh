#!/bin/bash
# The package in a throw-away root: it installs, its command line serves as its user with the models compiled there, it upgrades, and a
# purge leaves nothing. As root, on Debian:   test/systemd/package.sh DEB NEWER_DEB
# The root is this machine's own behind an overlay, so that nothing is downloaded; nothing outside of the overlay is written.
set -euo pipefail

[ $# = 2 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
deb=$(realpath "$1") newer=$(realpath "$2")

if [ -z "${ONBOX_PACKAGE_INSIDE:-}" ]; then
  export ONBOX_PACKAGE_INSIDE=1
  exec unshare --mount --pid --fork --propagation private "$0" "$deb" "$newer"
fi

# Above tmpfs: an overlay cannot lie on an overlay.
work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/package"
cp "$deb" "$root/package/old.deb"
cp "$newer" "$root/package/new.deb"
become() { exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
inside() { (become "$@"); }
step() { echo "package: $*"; }

step installs
inside dpkg -i /package/old.deb
inside id onbox
[ "$(inside stat -c %U:%a /var/lib/onbox)" = onbox:750 ]
[ "$(inside systemctl is-enabled onbox.service)" = enabled ]

step 'serves as its user, with models compiled here'
port=18471
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/onbox.service")
become setpriv --reuid=onbox --regid=onbox --init-groups env NODE_ENV=production ONBOX_HOME=/var/lib/onbox ONBOX_HTTP_PORT=$port $command &
daemon=$!
trap 'kill $daemon 2>/dev/null || true' EXIT
for _ in $(seq 600); do
  curl -sf "http://127.0.0.1:$port/v1/health" >/dev/null && break
  kill -0 $daemon || exit 1
  sleep 1
done
sample=$root/usr/lib/onbox/daemon/embedded/sample.png
answer=$(curl -sf -H 'Content-Type: image/png' --data-binary "@$sample" "http://127.0.0.1:$port/v1/detect?model=shapes")
echo "$answer"
[[ $answer == *'"label":"ring"'* ]]
[ "$(inside stat -c %U /var/lib/onbox/models/shapes)" = onbox ]
kill -TERM $daemon
wait $daemon || true

step upgrades
inside dpkg -i /package/new.deb
inside test -d /var/lib/onbox/models/shapes

step purges
inside dpkg --purge onbox
left=$(cd "$work/upper" && find . \( -path ./var/lib/dpkg -o -path ./package -o -path ./var/log -o -path ./run -o -path ./tmp \) -prune -o -name '*onbox*' ! -type c -print)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
if inside id onbox 2>/dev/null; then exit 1; fi
step 'all is well'
