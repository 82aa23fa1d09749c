// C that computes in halves, for processors that have vectors of them: NEON with the half arithmetic of ARMv8.2. Between operations
// a scalar is a float that has been rounded to half, as everywhere.

import { cDialect } from './c-dialect.js';
import type { Address, Dialect } from './dialect.js';

/** Halves in a vector of 128 bits. */
const lanes = 8;

const at = ({ pointer, offset }: Address): string => `${pointer} + ${offset}`;

/** undefined where the instruction set has no such vectors. All that is in memory is f16. */
export function halfDialect(isa: string): Dialect | undefined {
  if (isa !== 'neon') return undefined;
  const { whole: _, ...floats } = cDialect(isa);
  return {
    ...floats,
    lanes,
    vectorDtype: 'f16',
    vectorType: 'vh',
    suffix: 'h',
    spreadElement: ({ pointer, offset }) => `ob_spread_half_h(${pointer}, ${offset})`,
    loadVector: (address) => `ob_load_h(${at(address)})`,
    storeVector: (address, value) => `ob_store_h(${at(address)}, ${value});`,
    loadPart: (address, count) => `ob_load_h_part(${at(address)}, ${count})`,
    storePart: (address, value, count) => `ob_store_h_part(${at(address)}, ${value}, ${count});`,
    gather: (values) => `(vh){${values.join(', ')}}`,
  };
}

/** `a = (a + (ob_splat_h(lane0[3]) * w));`, the same with a half in memory, and both the other way round. */
const products = [
  [/^(\s*)(\w+) = \(\2 \+ \(ob_splat_h\((\w+)\[(\d)\]\) \* (.*)\)\);$/, '$1OB_FMA_LANE($2, ($5), $3, $4);'],
  [/^(\s*)(\w+) = \(\2 \+ \((.*) \* ob_splat_h\((\w+)\[(\d)\]\)\)\);$/, '$1OB_FMA_LANE($2, ($3), $4, $5);'],
  [/^(\s*)(\w+) = \(\2 \+ \(ob_spread_half_h\((\w+), (\d+)\) \* (.*)\)\);$/, '$1OB_FMA_MEMORY($2, ($5), $3, $4);'],
  [/^(\s*)(\w+) = \(\2 \+ \((.*) \* ob_spread_half_h\((\w+), (\d+)\)\)\);$/, '$1OB_FMA_MEMORY($2, ($3), $4, $5);'],
] as const;

/**
 * gcc 12 copies a lane of halves to all lanes before it multiplies, which the instruction would do by itself; so the instruction stands
 * in the code. It takes that lane from the lower 16 registers only.
 */
export function multiplyByLane(lines: readonly string[]): string[] {
  return lines.map((line) => products.reduce((text, [product, instruction]) => text.replace(product, instruction), line));
}

const helper = (name: string, text: string): string => `static inline vh ob_${name}_h(vh a) { return ${text}; }`;
/** In two vectors of floats. */
const wide = (name: string): string => {
  const part = (floats: string) => `(float32x4_t)ob_${name}_v((vf)${floats})`;
  const low = part('vcvt_f32_f16(vget_low_f16(a))');
  return helper(name, `vcvt_high_f16_f32(vcvt_f16_f32(${low}), ${part('vcvt_high_f32_f16(a)')})`);
};

/** What the prelude has for it, after the mathematics of floats. */
export function halfPrelude(isa: string): string {
  if (isa !== 'neon') return '';
  return `
#if defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
typedef float16x8_t vh;
typedef int16x8_t vhi;
typedef __fp16 __attribute__((may_alias)) ob_half_alias;
#define OB_FMA_LANE(a, w, x, n) __asm__("fmla %0.8h, %1.8h, %2.h[" #n "]" : "+w"(a) : "w"(w), "x"(x))
#define OB_FMA_MEMORY(a, w, p, i) __asm__("fmla %0.8h, %1.8h, %2.h[0]" : "+w"(a) : "w"(w), "x"(*(const ob_half_alias *)((p) + (i))))
typedef __fp16 vhu __attribute__((vector_size(16), aligned(2), may_alias));
static inline vh ob_load_h(const uint16_t *p) { return (vh)*(const vhu *)p; }
static inline void ob_store_h(uint16_t *p, vh a) { *(vhu *)p = (vhu)a; }
static inline __attribute__((always_inline)) vh ob_load_h_part(const uint16_t *p, int n) {
  uint16_t all[8] = {0};
  __builtin_memcpy(all, p, 2 * (uint32_t)n);
  return ob_load_h(all);
}
static inline __attribute__((always_inline)) void ob_store_h_part(uint16_t *p, vh a, int n) {
  uint16_t all[8];
  ob_store_h(all, a);
  __builtin_memcpy(p, all, 2 * (uint32_t)n);
}
static inline vh ob_splat_h(float a) { return vdupq_n_f16((__fp16)a); }
static inline vh ob_spread_half_h(const uint16_t *p, int i) { return vreinterpretq_f16_u16(vld1q_dup_u16(p + i)); }
static inline vhi ob_less_h(vh a, vh b) { return (vhi)vcltq_f16(a, b); }
static inline vh ob_pick_h(vhi m, vh a, vh b) { return vbslq_f16((uint16x8_t)m, a, b); }
static inline vhi ob_truth_h(int a) { return vdupq_n_s16((int16_t)(a ? -1 : 0)); }
static inline vh ob_max_h(vh a, vh b) { return vmaxq_f16(a, b); }
static inline vh ob_min_h(vh a, vh b) { return vminq_f16(a, b); }
${helper('abs', 'vabsq_f16(a)')}
${helper('floor', 'vrndmq_f16(a)')}
${helper('round', 'vrndnq_f16(a)')}
${helper('sqrt', 'vsqrtq_f16(a)')}
${['exp', 'log', 'sigmoid', 'tanh', 'erf'].map(wide).join('\n')}
#endif`;
}
