#!/bin/bash
# onbox in the arm64 root that build.sh made, on the cores that are named: the tests of the addon pass there, it compiles the embedded models
# and, where the shared data has it, YOLOX-nano, computes what x86-64 computes, and answers a posted picture.
#   journey.sh ROOT cortex-a72 cortex-a76
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
data=${ONBOX_TEST_DATA:-$project/../shared/data}
root=$1
shift
port=18472
work=$(mktemp -d)
daemon=
trap 'kill ${daemon:-} 2>/dev/null || true; rm -rf "$work"' EXIT

since=$SECONDS
seconds() { echo "arm: $* ($((SECONDS - since)) s)"; since=$SECONDS; }
enter() { "$project/test/arm/root.sh" enter "$root" "$@"; }

# A picture's tensors through the same model on both sides.
inputs=$work/inputs
mkdir "$inputs"
node "$project/test/arm/tensors.js" input "$inputs/input_0.pb" 416
cp -a "$inputs" "$root/inputs"
yolox=$data/models/yolox_nano_416.onnx
if [ -e "$yolox" ]; then
  cp "$yolox" "$root/yolox.onnx"
  ONBOX_HOME=$work/home node "$project/dist/daemon/main.js" run "$yolox" --inputs "$inputs" --outputs "$work/here"
else
  echo 'arm: no yolox_nano_416.onnx in the shared data: skipped'
fi
seconds 'the outputs of x86-64 are there'

plugin_test='cd /src && gcc -std=gnu11 -O1 -Wall -Wextra -Werror -Iaddon/include -Iaddon/plugins -o /abi test/plugins/ref_abi.c
  addon/plugins/ref/*.c addon/plugins/common/*.c -lm && /abi'

for core in "$@"; do
  export QEMU_CPU=$core
  enter sh -c "$(tr '\n' ' ' <<<"$plugin_test")"
  seconds "$core: the plugins keep their contract"
  enter sh -c 'cd /src && node node_modules/jest/bin/jest.js --testTimeout=600000 test/addon/session.test.ts test/addon/npu.test.ts'
  seconds "$core: the tests of the addon pass"
  if [ -e "$yolox" ]; then
    enter env ONBOX_HOME="/home-$core" node /src/dist/daemon/main.js run /yolox.onnx --inputs /inputs --outputs "/there-$core"
    node "$project/test/arm/tensors.js" compare "$work/here" "$root/there-$core" 1e-4
    seconds "$core: YOLOX-nano computes what x86-64 does"
  fi
  enter env ONBOX_HOME="/home-$core" ONBOX_HTTP_PORT=$port node /src/dist/daemon/main.js serve &
  daemon=$!
  until curl -sf "http://127.0.0.1:$port/v1/health" >/dev/null; do
    kill -0 "$daemon"
    sleep 1
  done
  seconds "$core: the embedded models are compiled and served"
  curl -sf -H 'Content-Type: image/png' --data-binary "@$project/daemon/embedded/sample.png" \
    "http://127.0.0.1:$port/v1/detect?model=shapes" | tee "$work/answer"
  echo
  grep -q '"label":"ring"' "$work/answer"
  kill "$daemon"
  wait "$daemon" || true
  daemon=
  seconds "$core: a posted picture is answered"
done
