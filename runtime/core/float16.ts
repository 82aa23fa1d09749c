// IEEE 754 binary16 to and from numbers. Tensors keep f16 as raw bits; arithmetic happens on numbers.

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

/** The number that 16 bits of binary16 stand for. Exact. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the binary16 nearest to `value`, ties to even; beyond 65519 it is infinite. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  // The unit in the last place: 2^-24 for subnormals, else 2^(exponent - 10). Dividing by a power of two is exact.
  const exponent = magnitude < 2 ** -14 ? -14 : exponentOf(magnitude);
  const units = roundTiesToEven(magnitude / 2 ** (exponent - 10));
  // A carry out of the fraction runs into the exponent, which is just what is wanted.
  return sign | (magnitude < 2 ** -14 ? units : ((exponent + 15) << 10) + (units - 1024));
}

/** floor(log2(magnitude)) of a number in the normal range of binary16. */
function exponentOf(magnitude: number): number {
  scratchFloat[0] = magnitude;
  const exponent = ((scratchBits[0] ?? 0) >>> 23) - 127;
  // Rounding to f32 may have crossed a power of two.
  return 2 ** exponent > magnitude ? exponent - 1 : exponent;
}

/** The whole number nearest to `value`, ties to even; the sign stays, that of zero too. */
export function roundTiesToEven(value: number): number {
  const magnitude = Math.abs(value);
  // From 2^52 on all numbers are whole, so the addition itself rounds.
  const rounded = magnitude < 2 ** 52 ? magnitude + 2 ** 52 - 2 ** 52 : magnitude;
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}
