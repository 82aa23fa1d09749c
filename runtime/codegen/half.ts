// Binary16 in generated C, where memory holds its bits as uint16_t and everything else a float that has been rounded to it. All
// rounding is to nearest, ties to even, and infinite from 65520 on, as in core/float16.ts.

import { vectorIsa } from './isa.js';

/** One element: by the processor's conversion where it has one, else by its bits. A double is rounded once. */
export const halfScalars = `
static inline uint16_t ob_double_to_half(double a) {
  int sign = signbit(a) ? 0x8000 : 0;
  double size = fabs(a);
  if (a != a) return 0x7e00;
  if (size >= 65520.0) return (uint16_t)(sign | 0x7c00);
  if (size < 0x1p-14) return (uint16_t)(sign | (int)rint(size * 0x1p24));
  int exponent = ilogb(size);
  return (uint16_t)(sign | (((exponent + 14) << 10) + (int)rint(ldexp(size, 10 - exponent))));
}
#if defined(__aarch64__)
static inline float ob_from_half(uint16_t bits) { __fp16 a; __builtin_memcpy(&a, &bits, 2); return a; }
static inline uint16_t ob_to_half(float a) { __fp16 b = a; uint16_t bits; __builtin_memcpy(&bits, &b, 2); return bits; }
#elif defined(__F16C__)
static inline float ob_from_half(uint16_t bits) { return _cvtsh_ss(bits); }
static inline uint16_t ob_to_half(float a) { return _cvtss_sh(a, 0); }
#else
static inline float ob_from_half(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float size = exponent == 31 ? (fraction ? __builtin_nanf("") : __builtin_inff())
      : exponent == 0 ? (float)fraction * 0x1p-24f : ldexpf((float)(1024 + fraction), exponent - 25);
  return bits & 0x8000 ? -size : size;
}
static inline uint16_t ob_to_half(float a) { return ob_double_to_half(a); }
#endif
static inline float ob_half_f(float a) { return ob_from_half(ob_to_half(a)); }
static inline float ob_half_d(double a) { return ob_from_half(ob_double_to_half(a)); }
#define ob_half(a) _Generic((a), float: ob_half_f, default: ob_half_d)(a)
static inline float ob_half_at(const uint16_t *p, int i) { return ob_from_half(p[i]); }`;

/** Vectors of floats from and to halves in memory; `n` is a literal below the lanes. */
export function halfVectors(isa: string): string {
  const { lanes, halves } = vectorIsa(isa);
  const each = (text: (i: number) => string) => Array.from({ length: lanes }, (_, i) => text(i));
  const own = {
    load: `(vf){${each((i) => `ob_half_at(p, ${i})`).join(', ')}}`,
    store: each((i) => `p[${i}] = ob_to_half(a[${i}]);`).join(' '),
    spread: 'ob_splat_v(ob_half_at(p, i))',
  };
  const { load, store, spread } = halves ?? own;
  const condition = halves?.condition;
  const text = (choice: typeof own) => `
static inline vf ob_load_half(const uint16_t *p) { return ${choice.load}; }
static inline void ob_store_half(uint16_t *p, vf a) { ${choice.store} }
static inline vf ob_spread_half_v(const uint16_t *p, int i) { return ${choice.spread}; }`;
  const vectors =
    condition === undefined
      ? text({ load, store, spread })
      : `
#if ${condition}${text({ load, store, spread })}
#else${text(own)}
#endif`;
  return `${vectors}
static inline __attribute__((always_inline)) vf ob_load_half_part(const uint16_t *p, int n) {
  uint16_t all[${lanes}] = {0};
  __builtin_memcpy(all, p, 2 * (uint32_t)n);
  return ob_load_half(all);
}
static inline __attribute__((always_inline)) void ob_store_half_part(uint16_t *p, vf a, int n) {
  uint16_t all[${lanes}];
  ob_store_half(all, a);
  __builtin_memcpy(p, all, 2 * (uint32_t)n);
}
static inline vf ob_half_v(vf a) {
  uint16_t all[${lanes}];
  ob_store_half(all, a);
  return ob_load_half(all);
}`;
}
