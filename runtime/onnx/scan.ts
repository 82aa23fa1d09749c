// Pre-scan of protobuf wire bytes: refuses, before anything is decoded, what would exhaust the stack or the memory of a decoder
// that trusts its input (groups, deep nesting, lying lengths, millions of empty messages). It decodes no value and keeps nothing.

import { OnboxError } from '../core/error.js';

/** Messages of onnx.proto that hold others. What is not listed is a leaf: its bytes are skipped, as its decoder copies them. */
const children = {
  model: { 7: 'graph', 8: 'leaf', 14: 'leaf', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 14: 'annotation', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 14: 'type', 15: 'type', 22: 'sparse', 23: 'sparse' },
  tensor: { 3: 'leaf', 13: 'leaf' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  value: { 2: 'type' },
  type: { 1: 'tensorType', 4: 'holder', 5: 'map', 8: 'tensorType', 9: 'holder' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'leaf' },
  holder: { 1: 'type' },
  map: { 2: 'type' },
  annotation: { 2: 'leaf' },
  training: { 1: 'graph', 2: 'graph', 3: 'leaf', 4: 'leaf' },
  function: { 7: 'node', 8: 'leaf', 9: 'leaf' },
  leaf: {},
} as const satisfies Record<string, Readonly<Record<number, string>>>;

type MessageKind = keyof typeof children;

/** Packed fields of varints: a byte of the file becomes an object of a decoder, so their elements are counted. */
const packedVarints: Partial<Record<MessageKind, readonly number[]>> = { tensor: [1, 5, 7, 11], attribute: [8] };

const depthMax = 64;
const messagesMax = 400_000;
const fieldsMax = 8_000_000;
const packedVarintsMax = 16_000_000;
const varintBytesMax = 10;

interface Scanner {
  readonly bytes: Uint8Array;
  readonly invalid: (reason: string) => OnboxError;
  offset: number;
  messages: number;
  fields: number;
  packed: number;
}

/**
 * Walks the wire structure of a message once, in time linear in its length.
 * @throws OnboxError `model-invalid` or, for a tensor, `tensor-invalid`: nesting deeper than 64, a length past the end, a varint
 *   longer than 10 bytes, a group, or more messages, fields or packed numbers than any real model has
 */
export function scan(bytes: Uint8Array, root: 'model' | 'tensor'): void {
  const invalid = (reason: string) => new OnboxError(`not a readable ONNX ${root}: ${reason}`, { code: `${root}-invalid` });
  scanMessage({ bytes, invalid, offset: 0, messages: 0, fields: 0, packed: 0 }, root, bytes.length, 0);
}

function scanMessage(scanner: Scanner, kind: MessageKind, end: number, depth: number): void {
  if (depth > depthMax) throw scanner.invalid(`messages nest deeper than ${depthMax}`);
  if (++scanner.messages > messagesMax) throw scanner.invalid(`more than ${messagesMax} messages`);
  const childOf: Readonly<Record<number, MessageKind>> = children[kind];
  while (scanner.offset < end) {
    const start = scanner.offset;
    const tag = readVarint(scanner, end);
    const field = Math.floor(tag / 8);
    if (field < 1 || field > 0x1fffffff) throw scanner.invalid(`field number ${field} at byte ${start}`);
    if (++scanner.fields > fieldsMax) throw scanner.invalid(`more than ${fieldsMax} fields`);
    const wireType = tag % 8;
    if (wireType !== 2) {
      skipScalar(scanner, wireType, end);
      continue;
    }
    const fieldEnd = lengthDelimited(scanner, end);
    const child = childOf[field];
    if (child !== undefined) {
      scanMessage(scanner, child, fieldEnd, depth + 1);
    } else if (packedVarints[kind]?.includes(field)) {
      countPacked(scanner, fieldEnd);
    }
    scanner.offset = fieldEnd;
  }
}

/** Reads a length and checks it against what remains of the enclosing message. Returns where the field ends. */
function lengthDelimited(scanner: Scanner, end: number): number {
  const start = scanner.offset;
  const length = readVarint(scanner, end);
  const remaining = end - scanner.offset;
  if (length > remaining) throw scanner.invalid(`a field at byte ${start} claims ${length} bytes of ${remaining} that remain`);
  return scanner.offset + length;
}

function skipScalar(scanner: Scanner, wireType: number, end: number): void {
  const start = scanner.offset;
  if (wireType === 0) {
    readVarint(scanner, end);
    return;
  }
  if (wireType !== 1 && wireType !== 5) {
    throw scanner.invalid(
      wireType === 3 || wireType === 4 ? `a group at byte ${start}` : `wire type ${wireType} at byte ${start}`,
    );
  }
  scanner.offset += wireType === 1 ? 8 : 4;
  if (scanner.offset > end) throw scanner.invalid(`a number at byte ${start} is cut off`);
}

/** The value is exact below 2^53, which is all that tags and lengths need. */
function readVarint(scanner: Scanner, end: number): number {
  const start = scanner.offset;
  let value = 0;
  for (let count = 0; count < varintBytesMax; count++) {
    if (scanner.offset >= end) throw scanner.invalid(`a number at byte ${start} is cut off`);
    const byte = scanner.bytes[scanner.offset++] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * count);
    if (byte < 0x80) return value;
  }
  throw scanner.invalid(`a number at byte ${start} is longer than ${varintBytesMax} bytes`);
}

function countPacked(scanner: Scanner, end: number): void {
  for (let offset = scanner.offset; offset < end; offset++) {
    if ((scanner.bytes[offset] ?? 0) < 0x80) scanner.packed++;
  }
  if (scanner.packed > packedVarintsMax) throw scanner.invalid(`more than ${packedVarintsMax} packed numbers`);
}
