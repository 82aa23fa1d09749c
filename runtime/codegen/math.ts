// The mathematics of generated code: polynomials that work on one float and on a vector of floats alike, from one text. Errors are
// bounded in test/codegen/math.test.ts.

/** The functions of this file by scalar operation. */
export const mathFunctions: ReadonlyMap<string, string> = new Map([
  ['exp', 'exp'],
  ['log', 'log'],
  ['sigmoid', 'sigmoid'],
  ['tanh', 'tanh'],
  ['erf', 'erf'],
]);

/** Functions of a language that stand in for those of this file. */
export interface NativeMath {
  readonly exp: string;
  readonly log: string;
  readonly reciprocal: string;
}

/**
 * C text of the functions for one type. `suffix` names them (ob_exp_s, ob_exp_v), `real` and `whole` are the float and int32 type of one
 * width. The prelude has defined ob_splat, ob_bits, ob_real, ob_float, ob_pick, ob_less, ob_nan, ob_max and ob_min with that suffix; the
 * last two let NaN of their second argument pass where the first is a number.
 * exp: Cody-Waite reduction by ln 2 in two parts and a polynomial of degree 6 (interpolated at Chebyshev's nodes, off by 1.1e-8),
 * within 2 ulp; log and tanh: Cephes' minimax polynomials (S. Moshier), within 1 and 3 ulp; sigmoid, from the same polynomial, within
 * 3 ulp from -87 on, and never below 6e-39; erf: the rational of Eigen's unsupported
 * SpecialFunctions, within 4.5e-7. All of it measured in test/codegen/math.test.ts, denormal, infinite and NaN arguments included.
 * @param native for the exponential, the logarithm and quotients in their terms
 */
export function mathText(suffix: string, real: string, whole: string, native?: NativeMath): string {
  const fn = (name: string) => `ob_${name}_${suffix}`;
  const c = (value: string) => `${fn('splat')}(${value}f)`;
  const horner = (x: string, coefficients: readonly string[]) =>
    coefficients.slice(1).reduce((text, coefficient) => `(${text} * ${x} + ${c(coefficient)})`, c(coefficients[0] ?? '0.0'));
  const quotient = (a: string, b: string) => (native === undefined ? `${a} / ${b}` : `${a} * ${native.reciprocal}(${b})`);
  return `
${native === undefined ? ownText(fn, c, horner, real, whole) : nativeText(fn, c, real, native)}static inline ${real} ${fn('tanh')}(${real} x) {
  ${real} z = x * x;
  ${real} small = ${horner('z', ['-5.70498872745e-3', '2.06390887954e-2', '-5.37397155531e-2', '1.33314422036e-1', '-3.33332819422e-1'])};
  small = small * z * x + x;
  ${real} large = ${c('1.0')} - ${quotient(c('2.0'), `(${fn('exp')}(x + x) + ${c('1.0')})`)};
  return ${fn('pick')}(${fn('less')}(z, ${c('0.390625')}), small, large);
}
static inline ${real} ${fn('erf')}(${real} x) {
  ${real} a = ${fn('pick')}(${fn('less')}(x, ${c('-4.0')}), ${c('-4.0')}, x);
  a = ${fn('pick')}(${fn('less')}(${c('4.0')}, a), ${c('4.0')}, a);
  ${real} z = a * a;
  ${real} p = ${horner('z', ['-2.72614225801306e-10', '2.77068142495902e-8', '-2.10102402082508e-6', '-5.69250639462346e-5', '-7.34990630326855e-4', '-2.954600e-3', '-1.60960333262415e-2'])};
  ${real} q = ${horner('z', ['-1.45660718464996e-5', '-2.13374055278905e-4', '-1.68282697438203e-3', '-7.37332916720468e-3', '-1.42647390514189e-2'])};
  return a * p / q;
}
`;
}

type Name = (name: string) => string;

function nativeText(fn: Name, c: Name, real: string, { exp, log, reciprocal }: NativeMath): string {
  return `static inline ${real} ${fn('exp')}(${real} x) { return ${exp}(x); }
static inline ${real} ${fn('log')}(${real} x) { return ${log}(x); }
static inline ${real} ${fn('sigmoid')}(${real} x) { return ${reciprocal}(${c('1.0')} + ${exp}(-x)); }
`;
}

function ownText(
  fn: Name,
  c: Name,
  horner: (x: string, coefficients: readonly string[]) => string,
  real: string,
  whole: string,
): string {
  // n is round(a / ln 2) and r = a - n ln 2; adding 1.5 * 2^23 leaves n in the lowest bits.
  const reduced = (sign: string) => `  ${real} n = a * ${c(`${sign}1.44269504`)} + ${c('12582912.0')};
  ${whole} k = ${fn('bits')}(n) - ${fn('bits')}(${c('12582912.0')});
  n = n - ${c('12582912.0')};
  ${real} r = ${sign}a - n * ${c('0.693359375')};
  r = r + n * ${c('2.12194440e-4')};
  ${real} p = ${horner('r', ['1.3926182e-3', '8.363178e-3', '4.1666556e-2', '1.6666576e-1', '0.5', '1.0', '1.0'])};`;
  return `static inline ${real} ${fn('exp')}(${real} x) {
  ${real} a = ${fn('min')}(${c('89.0')}, ${fn('max')}(${c('-104.5')}, x));
${reduced('')}
  ${whole} half = k >> 1;
  return p * ${fn('real')}((half + 127) << 23) * ${fn('real')}((k - half + 127) << 23);
}
/* exp(-x) in one step: it neither overflows nor vanishes between these ends. */
static inline ${real} ${fn('sigmoid')}(${real} x) {
  ${real} a = ${fn('min')}(${c('87.3')}, ${fn('max')}(${c('-88.0')}, x));
${reduced('-')}
  return ${c('1.0')} / (${c('1.0')} + ${fn('real')}(${fn('bits')}(p) + k * 8388608));
}
static inline ${real} ${fn('log')}(${real} x) {
  ${whole} tiny = ${fn('less')}(x, ${c('1.17549435e-38')});
  ${whole} bits = ${fn('bits')}(${fn('pick')}(tiny, x * ${c('8388608.0')}, x));
  ${whole} e = ((bits >> 23) & 255) - 126;
  ${real} m = ${fn('real')}((bits & 0x007fffff) | 0x3f000000);
  ${whole} low = ${fn('less')}(m, ${c('0.707106781')});
  ${real} f = ${fn('float')}(e) - ${fn('pick')}(low, ${c('1.0')}, ${c('0.0')}) - ${fn('pick')}(tiny, ${c('23.0')}, ${c('0.0')});
  ${real} t = m - ${c('1.0')} + ${fn('pick')}(low, m, ${c('0.0')});
  ${real} z = t * t;
  ${real} y = ${horner('t', ['7.0376836292e-2', '-1.1514610310e-1', '1.1676998740e-1', '-1.2420140846e-1', '1.4249322787e-1', '-1.6668057665e-1', '2.0000714765e-1', '-2.4999993993e-1', '3.3333331174e-1'])};
  y = y * t * z + f * ${c('-2.12194440e-4')} - ${c('0.5')} * z;
  y = t + y + f * ${c('0.693359375')};
  y = ${fn('pick')}(${fn('less')}(x, ${c('1.4e-45')}), ${fn('splat')}(-__builtin_inff()), y);
  y = ${fn('pick')}(${fn('less')}(${c('3.4028234e38')}, x), x, y);
  y = ${fn('pick')}(${fn('less')}(x, ${c('0.0')}), ${fn('splat')}(__builtin_nanf("")), y);
  return ${fn('pick')}(${fn('nan')}(x), x, y);
}
`;
}
