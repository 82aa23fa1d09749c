// What a manifest from disk says of its precision, field by field.

import {
  listMax,
  listOf,
  oneOf,
  optional,
  type Reader,
  readFields,
  readNumber,
  readText,
  readTruth,
  wholeTo,
} from './fields.js';
import type { FallenLayer, PrecisionReport } from './manifest.js';

export const readPrecision: Reader<PrecisionReport> = (value, where) => {
  const fields = readFields(value, where);
  const sameClass = optional(readTruth)(fields['sameClass'], `${where}.sameClass`);
  return {
    precision: oneOf('fp16', 'fp16-storage')(fields['precision'], `${where}.precision`),
    maxRelativeError: readNumber(fields['maxRelativeError'], `${where}.maxRelativeError`),
    cosine: readNumber(fields['cosine'], `${where}.cosine`),
    ...(sameClass === undefined ? {} : { sameClass }),
    layers: wholeTo(listMax)(fields['layers'], `${where}.layers`),
    narrow: wholeTo(listMax)(fields['narrow'], `${where}.narrow`),
    float32: listOf(readLayer)(fields['float32'], `${where}.float32`),
  };
};

const readLayer: Reader<FallenLayer> = (value, where) => {
  const fields = readFields(value, where);
  return { value: readText(fields['value'], `${where}.value`), operators: readText(fields['operators'], `${where}.operators`) };
};
