// OpenCL C that computes in halves, four to a vector, for devices with cl_khr_fp16. The text is the same everywhere: where a driver has
// no such arithmetic the prelude lets it stand for floats that are rounded as they are stored, so that any device can run the kernels.

import type { Address, Dialect } from './dialect.js';
import { mathFunctions } from './math.js';
import { openclDialect, spaceOf } from './opencl-dialect.js';

const at = ({ pointer, offset }: Address): string => (offset === '0' ? pointer : `${pointer} + ${offset}`);
const gather = (values: readonly string[]): string => {
  const zeros = Array.from({ length: openclDialect.lanes - values.length }, () => '0.0f');
  return `(vh)(${[...values, ...zeros].map((value) => `(ob_real16)${value}`).join(', ')})`;
};

/** All that is in memory is f16. */
export const openclHalfDialect: Dialect = {
  ...openclDialect,
  vectorDtype: 'f16',
  vectorType: 'vh',
  suffix: 'h',
  spreadElement: ({ pointer, offset }) => `ob_spread_half_h(${pointer}, ${offset})`,
  loadVector: (address) =>
    address.isAligned ? `ob_loada_h(${spaceOf(address)}, ${at(address)})` : `OB_VLOAD_H(4)(0, ${at(address)})`,
  storeVector: (address, value) =>
    address.isAligned
      ? `ob_storea_h(${spaceOf(address)}, ${at(address)}, ${value});`
      : `OB_VSTORE_H(4)(${value}, 0, ${at(address)});`,
  loadPart: (address, count) => {
    if (count === 1) return gather([openclDialect.loadElement(address)]);
    const zeros = Array.from({ length: openclDialect.lanes - count }, () => '(ob_real16)0.0f');
    return `(vh)(${[`OB_VLOAD_H(${count})(0, ${at(address)})`, ...zeros].join(', ')})`;
  },
  storePart: (address, value, count) => {
    const part = `(${value}).${'xyz'.slice(0, count)}`;
    return count === 1 ? openclDialect.storeElement(address, part) : `OB_VSTORE_H(${count})(${part}, 0, ${at(address)});`;
  },
  gather,
};

/** Stands before everything: whether a driver has half arithmetic, and what lies in memory as half. */
export const openclHalfMemory = `
#ifdef cl_khr_fp16
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define ob_half_at(p, i) ((float)(p)[i])
#define ob_store_half(p, a) (*(p) = (half)(a))
/* A read of four halves that is widened takes a third of the instructions of vloada_half4. */
#define ob_loada_half(space, p) convert_float4(*(space const half4 *)(p))
#define ob_storea_half(space, p, a) (*(space half4 *)(p) = convert_half4(a))
static inline float ob_half(float a) { return (float)(half)a; }
static inline float4 ob_half_v(float4 a) { return convert_float4(convert_half4(a)); }
#else
#define ob_half_at(p, i) vload_half(i, p)
#define ob_store_half(p, a) vstore_half(a, 0, p)
#define ob_loada_half(space, p) vloada_half4(0, p)
#define ob_storea_half(space, p, a) vstorea_half4(a, 0, p)
/* Rounded to half and back. */
static inline float ob_half(float a) {
  ushort bits;
  vstore_half(a, 0, (half *)&bits);
  return vload_half(0, (const half *)&bits);
}
static inline float4 ob_half_v(float4 a) {
  ushort4 bits;
  vstore_half4(a, 0, (half *)&bits);
  return vload_half4(0, (const half *)&bits);
}
#endif
#define ob_spread_half_v(p, i) ((vf)(ob_half_at(p, i)))`;

const functions = [...mathFunctions.values()];

/** Vectors of halves, after the mathematics of floats. */
export const openclHalfVectors = `
#ifdef cl_khr_fp16
typedef half ob_real16;
typedef half4 vh;
typedef short4 vhi;
#define OB_VLOAD_H(n) vload##n
#define OB_VSTORE_H(n) vstore##n
#define ob_loada_h(space, p) (*(space const vh *)(p))
#define ob_storea_h(space, p, a) (*(space vh *)(p) = (a))
#define ob_spread_half_h(p, i) ((vh)((p)[i]))
#define ob_truth_h(a) ((vhi)((short)((a) ? -1 : 0)))
${functions.map((name) => `static inline vh ob_${name}_h(vh a) { return convert_half4(ob_${name}_v(convert_float4(a))); }`).join('\n')}
#else
typedef float ob_real16;
typedef float4 vh;
typedef int4 vhi;
#define OB_VLOAD_H(n) vload_half##n
#define OB_VSTORE_H(n) vstore_half##n
#define ob_loada_h ob_loada_half
#define ob_storea_h ob_storea_half
#define ob_spread_half_h ob_spread_half_v
#define ob_truth_h ob_truth_v
${functions.map((name) => `#define ob_${name}_h ob_${name}_v`).join('\n')}
#endif
#define ob_splat_h(a) ((vh)((ob_real16)(a)))
#define ob_less_h(a, b) ((a) < (b))
#define ob_pick_h(m, a, b) select(b, a, m)
static inline vh ob_max_h(vh a, vh b) { return select(b, a, (a > b) | (a != a)); }
static inline vh ob_min_h(vh a, vh b) { return select(b, a, (a < b) | (a != a)); }
#define ob_abs_h(a) fabs(a)
#define ob_floor_h(a) floor(a)
#define ob_round_h(a) rint(a)
#define ob_sqrt_h(a) sqrt(a)`;
