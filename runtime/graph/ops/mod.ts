// Remainder: with fmod the sign of the dividend (C), else the sign of the divisor (Python). Integers modulo zero give 0.

import { booleanAttribute } from '../attributes.js';
import { binary } from '../elementwise.js';

export const mod = binary(
  'mod',
  (attributes) => {
    if (booleanAttribute(attributes, 'fmod')) return (a, b) => a % b;
    return (a, b) => {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    };
  },
  {
    integer: (attributes) => {
      const truncated = booleanAttribute(attributes, 'fmod');
      return (a, b) => {
        if (b === 0n) return 0n;
        const rest = a % b;
        return !truncated && rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
      };
    },
  },
);
