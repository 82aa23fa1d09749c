#!/bin/bash
# onbox in an arm64 Debian root, on the cores that are named: it builds there, compiles the embedded models and, where the shared data has
# it, YOLOX-nano, computes what x86-64 computes, and answers a posted picture.   test/arm/journey.sh cortex-a72 cortex-a76
# The root is made once (test/arm/root.sh) and so is the build in it, by the digest of what it is made from.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
data=${ONBOX_TEST_DATA:-$project/../shared/data}
cache=${ONBOX_ARM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onbox-arm}
port=18472
work=$(mktemp -d)
daemon=
trap 'kill ${daemon:-} 2>/dev/null || true; rm -rf "$work"' EXIT

seconds() { echo "arm: $* ($((SECONDS - since)) s)"; }
enter() { "$project/test/arm/root.sh" enter "$work/root" "$@"; }

since=$SECONDS
"$project/test/arm/root.sh" make "$work/root"
seconds 'the root is there'

since=$SECONDS
mkdir "$work/root/src"
(cd "$project" && git ls-files -z | tar --null --ignore-failed-read -T - -cf -) | tar -C "$work/root/src" -xf -
key=$(cd "$project" && cat $(git ls-files addon package-lock.json daemon/setup) | sha256sum | cut -c1-16)
if [ -e "$cache/build-$key.tar.zst" ]; then
  tar -C "$work/root/src" -I zstd -xf "$cache/build-$key.tar.zst"
else
  # npm is quicker outside, and only chooses files; what is compiled is compiled inside.
  (cd "$work/root/src" && npm ci --os=linux --cpu=arm64 --libc=glibc --no-audit --no-fund --silent)
fi
enter sh -c 'cd /src && npm run build'
tar -C "$work/root/src" -I 'zstd -3' -cf "$cache/build-$key.tar.zst" node_modules addon/build
seconds 'the project is built inside'

# A picture's tensors through the same model on both sides.
inputs=$work/inputs
mkdir "$inputs"
node "$project/test/arm/tensors.js" input "$inputs/input_0.pb" 416
cp -a "$inputs" "$work/root/inputs"
yolox=$data/models/yolox_nano_416.onnx
if [ -e "$yolox" ]; then
  cp "$yolox" "$work/root/yolox.onnx"
  node "$project/dist/daemon/main.js" run "$yolox" --inputs "$inputs" --outputs "$work/here"
else
  echo 'arm: no yolox_nano_416.onnx in the shared data: skipped'
fi

for core in "$@"; do
  export QEMU_CPU=$core
  if [ -e "$yolox" ]; then
    since=$SECONDS
    enter env ONBOX_HOME="/home-$core" node /src/dist/daemon/main.js run /yolox.onnx --inputs /inputs --outputs "/there-$core"
    node "$project/test/arm/tensors.js" compare "$work/here" "$work/root/there-$core" 1e-4
    seconds "$core: YOLOX-nano computes what x86-64 does"
  fi
  since=$SECONDS
  enter env ONBOX_HOME="/home-$core" ONBOX_HTTP_PORT=$port node /src/dist/daemon/main.js serve &
  daemon=$!
  for _ in $(seq 900); do
    curl -sf "http://127.0.0.1:$port/v1/health" >/dev/null && break
    kill -0 "$daemon"
    sleep 1
  done
  seconds "$core: the embedded models are compiled and served"
  curl -sf -H 'Content-Type: image/png' --data-binary "@$project/daemon/embedded/sample.png" \
    "http://127.0.0.1:$port/v1/detect?model=shapes" | tee "$work/answer"
  grep -q '"label":"ring"' "$work/answer"
  kill "$daemon"
  wait "$daemon" || true
  daemon=
  seconds "$core: a posted picture is answered"
done
echo 'arm: all is well'
