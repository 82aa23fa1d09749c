// The NPU side of a manifest from disk. What a region says of shapes, constants and operands is checked again by the addon, against the
// bytes that are there, and by the plugin.

import { type NpuDtype, type NpuNode, type NpuSubgraph, type NpuTensor, npuOperators } from '../../addon/index.js';
import { listMax, listOf, oneOf, optional, type Reader, readFields, readNumber, readText, wholeTo, wrong } from './fields.js';
import type { NpuPart } from './manifest.js';

const extentMax = 2 ** 31;
const rankMax = 6;
const offsetMax = 2 ** 40;
const integerMax = 2 ** 31 - 1;
/** At most four are chosen (place/), a file may name some more. */
const regionsMax = 64;

export const readNpu: Reader<NpuPart> = (value, where) => {
  const { plugin, fingerprint, regions } = readFields(value, where);
  const read = listOf(readRegion)(regions, `${where}.regions`);
  if (read.length > regionsMax) throw wrong(`${where}.regions`, `at most ${regionsMax}`, read.length);
  return {
    plugin: readText(plugin, `${where}.plugin`),
    fingerprint: readText(fingerprint, `${where}.fingerprint`),
    regions: read,
  };
};

const readRegion: Reader<NpuSubgraph> = (value, where) => {
  const { tensors, nodes, inputs, outputs } = readFields(value, where);
  return {
    tensors: listOf(readTensor)(tensors, `${where}.tensors`),
    nodes: listOf(readNode)(nodes, `${where}.nodes`),
    inputs: listOf(wholeTo(listMax))(inputs, `${where}.inputs`),
    outputs: listOf(wholeTo(listMax))(outputs, `${where}.outputs`),
  };
};

const readTensor: Reader<NpuTensor> = (value, where) => {
  const fields = readFields(value, where);
  const shape = listOf(wholeTo(extentMax, 1))(fields['shape'], `${where}.shape`);
  if (shape.length > rankMax) throw wrong(`${where}.shape`, `of at most ${rankMax} axes`, shape.length);
  const scales = optional(listOf(readNumber))(fields['scales'], `${where}.scales`);
  const zeros = optional(listOf(readWhole))(fields['zeros'], `${where}.zeros`);
  const axis = optional(wholeTo(rankMax))(fields['axis'], `${where}.axis`);
  const offset = optional(wholeTo(offsetMax))(fields['offset'], `${where}.offset`);
  return {
    dtype: oneOf<NpuDtype>('f32', 'f16', 'i8', 'u8', 'i32', 'i16')(fields['dtype'], `${where}.dtype`),
    shape,
    ...(scales === undefined ? {} : { scales }),
    ...(zeros === undefined ? {} : { zeros }),
    ...(axis === undefined ? {} : { axis }),
    ...(offset === undefined ? {} : { offset }),
  };
};

const readNode: Reader<NpuNode> = (value, where) => {
  const { op, inputs, output, integers, floats } = readFields(value, where);
  return {
    op: oneOf(...npuOperators)(op, `${where}.op`),
    inputs: listOf(readWhole)(inputs, `${where}.inputs`),
    output: wholeTo(listMax)(output, `${where}.output`),
    integers: listOf(readWhole)(integers, `${where}.integers`),
    floats: listOf(readNumber)(floats, `${where}.floats`),
  };
};

const readWhole: Reader<number> = (value, where) => wholeTo(integerMax, -integerMax - 1)(value, where);
