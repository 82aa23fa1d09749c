// Tensors for test/arm/journey.sh, by the built project.
//   node tensors.js input FILE SIZE       writes f32[1,3,SIZE,SIZE] of fixed numbers, 0 to 255
//   node tensors.js compare A B LIMIT     the outputs in two folders differ by at most LIMIT of the largest magnitude of each

const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { readTensor, writeTensor } = require('../../dist/runtime/index.js');

function writeInput(path, size) {
  const data = new Float32Array(3 * size * size);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 24;
  }
  writeFileSync(path, writeTensor({ dtype: 'f32', shape: [1, 3, size, size], data }, 'images'));
}

function compare(a, b, limit) {
  const names = readdirSync(a).sort();
  if (names.length === 0 || names.join() !== readdirSync(b).sort().join())
    throw new Error(`${a} and ${b} hold different files`);
  for (const name of names) {
    const [left, right] = [a, b].map((folder) => readTensor(readFileSync(join(folder, name))).data);
    let largest = 0;
    let off = 0;
    for (let i = 0; i < left.length; i++) {
      largest = Math.max(largest, Math.abs(left[i]));
      off = Math.max(off, Math.abs(left[i] - right[i]));
    }
    console.log(`${name}: off by ${(off / largest).toExponential(2)} of the largest magnitude`);
    if (left.length !== right.length || !(off <= limit * largest))
      throw new Error(`${name} is off by ${off}, largest ${largest}`);
  }
}

const [action, ...rest] = process.argv.slice(2);
if (action === 'input') writeInput(rest[0], Number(rest[1]));
else compare(rest[0], rest[1], Number(rest[2]));
