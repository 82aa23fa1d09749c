#!/bin/bash
# The project built inside an arm64 root, natively, from the working tree:   build.sh ROOT
# ROOT is made if it is not there (root.sh) and holds the project in /src afterwards. npm's packages and the addon are kept in the cache by the
# digest of what they are made from.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
cache=${ONBOX_ARM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onbox-arm}
root=$1

since=$SECONDS
seconds() { echo "arm: $* ($((SECONDS - since)) s)"; since=$SECONDS; }

[ -e "$root/usr" ] || "$project/test/arm/root.sh" make "$root"
seconds 'the root is there'

mkdir -p "$root/src"
(cd "$project" && git ls-files -z | tar --null --ignore-failed-read -T - -cf -) | tar -C "$root/src" -xf -
key=$(cd "$project" && git ls-files -z addon package-lock.json daemon/setup | xargs -0 cat | sha256sum | cut -c1-16)
if [ -e "$cache/build-$key.tar.zst" ]; then
  tar -C "$root/src" -I zstd -xf "$cache/build-$key.tar.zst"
else
  # npm is quicker outside, and only chooses files; what is compiled is compiled inside.
  (cd "$root/src" && npm ci --os=linux --cpu=arm64 --libc=glibc --no-audit --no-fund --silent)
fi
seconds "npm's packages are there"

"$project/test/arm/root.sh" enter "$root" sh -c 'cd /src && npm run build'
tar -C "$root/src" -I 'zstd -3' -cf "$cache/build-$key.tar.zst.part" node_modules addon/build
mv "$cache/build-$key.tar.zst.part" "$cache/build-$key.tar.zst"
seconds 'the project is built inside'
