// binary16 against its definition: every bit pattern there and back, and the rounding of what lies between.

import { halfToNumber, numberToHalf } from '../../runtime/core/float16.js';

test('every binary16 number goes to a number and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfToNumber(bits);
    if (Number.isNaN(value)) expect(halfToNumber(numberToHalf(value))).toBeNaN();
    else if (numberToHalf(value) !== bits) throw new Error(`${bits} became ${numberToHalf(value)}`);
  }
});

test('halfway between two neighbours the even one wins, and a hair decides otherwise', () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const middle = (halfToNumber(bits) + halfToNumber(bits + 1)) / 2;
    const want = [bits, bits % 2 === 0 ? bits : bits + 1, bits + 1];
    const got = [numberToHalf(middle * (1 - 1e-15)), numberToHalf(middle), numberToHalf(middle * (1 + 1e-15))];
    if (got.join() !== want.join()) throw new Error(`around ${middle}: ${got} instead of ${want}`);
  }
});

test('numbers past the range are infinite', () => {
  expect([65519.9, 65520, -1e9, Number.POSITIVE_INFINITY].map(numberToHalf)).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00]);
});
