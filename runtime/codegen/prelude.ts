// What every generated C file begins with: the ABI, the vector type of the machine, and the helpers that kernels call.

import { halfScalars, halfVectors } from './half.js';
import { halfPrelude } from './half-dialect.js';
import { vectorIsa } from './isa.js';
import { mathText } from './math.js';
import { wholeVectors } from './whole.js';

const scalarHelpers = `
/* NaN of either argument stays; the test of a literal a costs nothing. */
#define OB_MAX(a, b) ({ __typeof__(a) _a = (a), _b = (b); _a > _b || _a != _a ? _a : _b; })
#define OB_MIN(a, b) ({ __typeof__(a) _a = (a), _b = (b); _a < _b || _a != _a ? _a : _b; })
#define OB_ABS(a) ({ __typeof__(a) _a = (a); _a < 0 ? (__typeof__(a))(0 - (uint64_t)_a) : _a; })
#define OB_SIGN(a) ({ __typeof__(a) _a = (a); _a > 0 ? (__typeof__(a))1 : _a < 0 ? (__typeof__(a))-1 : _a; })
/* Whole numbers: a division by zero gives 0, and the one quotient that does not fit wraps. */
#define OB_DIV(a, b) ({ __typeof__(a) _a = (a), _b = (b); _b == 0 ? 0 : _b == (__typeof__(a))-1 && (__typeof__(a))-1 < 0 ? (__typeof__(a))(0 - (uint64_t)_a) : _a / _b; })
#define OB_FMOD(a, b) ({ __typeof__(a) _a = (a), _b = (b); _b == 0 || _b == (__typeof__(a))-1 ? (_b == 0 || (__typeof__(a))-1 < 0 ? 0 : _a % _b) : _a % _b; })
#define OB_MOD(a, b) ({ __typeof__(a) _m = OB_FMOD(a, b), _d = (b); _m != 0 && ((_m < 0) != (_d < 0)) ? (__typeof__(a))(_m + _d) : _m; })
static inline int ob_floordiv(int a, int b) { return a / b - (a % b < 0); }
static inline int ob_floormod(int a, int b) { int r = a % b; return r < 0 ? r + b : r; }
static inline int ob_clamp(int64_t a, int low, int high) { return a < low ? low : a > high ? high : (int)a; }
/* Floats to integers: they stop at the limits, and NaN is 0. */
#define OB_TO(name, type, low, high) \\
  static inline type ob_to_##name(double a) { return a != a ? 0 : a <= (double)low ? low : a >= (double)high ? high : (type)a; }
OB_TO(i8, int8_t, INT8_MIN, INT8_MAX)
OB_TO(u8, uint8_t, 0, UINT8_MAX)
OB_TO(i16, int16_t, INT16_MIN, INT16_MAX)
OB_TO(u16, uint16_t, 0, UINT16_MAX)
OB_TO(i32, int32_t, INT32_MIN, INT32_MAX)
OB_TO(u32, uint32_t, 0, UINT32_MAX)
OB_TO(i64, int64_t, INT64_MIN, INT64_MAX)
OB_TO(u64, uint64_t, 0, UINT64_MAX)
/* a to the power b modulo 2^64; a fraction is cut to 0. */
static inline uint64_t ob_power(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : UINT64_MAX) : 0;
  uint64_t result = 1, square = (uint64_t)a;
  for (; b > 0; b >>= 1, square *= square) if (b & 1) result *= square;
  return result;
}
static inline float ob_floormod_f(float a, float b) { float r = fmodf(a, b); return r != 0 && ((r < 0) != (b < 0)) ? r + b : r; }
static inline double ob_floormod_(double a, double b) { double r = fmod(a, b); return r != 0 && ((r < 0) != (b < 0)) ? r + b : r; }
static inline float ob_splat_s(float a) { return a; }
static inline int ob_bits_s(float a) { int b; __builtin_memcpy(&b, &a, 4); return b; }
static inline float ob_real_s(int a) { float b; __builtin_memcpy(&b, &a, 4); return b; }
static inline float ob_float_s(int a) { return (float)a; }
static inline int ob_less_s(float a, float b) { return a < b; }
static inline int ob_nan_s(float a) { return a != a; }
static inline float ob_pick_s(int m, float a, float b) { return m ? a : b; }
static inline float ob_max_s(float a, float b) { return OB_MAX(a, b); }
static inline float ob_min_s(float a, float b) { return OB_MIN(a, b); }`;

function vectorHelpers(isa: string): string {
  const { lanes, max, min, keepsNan, floor, round, sqrt, loadPart, storePart } = vectorIsa(isa);
  const keepNan = (extreme: string) => (keepsNan ? extreme : `ob_pick_v(ob_nan_v(a), a, ${extreme})`);
  const spread = Array.from({ length: lanes }, () => 'a').join(', ');
  const each = (call: string) => `(vf){${Array.from({ length: lanes }, (_, i) => `${call}(a[${i}])`).join(', ')}}`;
  return `
typedef float vf __attribute__((vector_size(${lanes * 4})));
typedef int vi __attribute__((vector_size(${lanes * 4})));
/* In memory: aligned like a float, and allowed to alias one. */
typedef float vfu __attribute__((vector_size(${lanes * 4}), aligned(4), may_alias));
static inline vf ob_splat_v(float a) { return (vf){${spread}}; }
/* The first n lanes, 0 < n < lanes; n is a literal. */
static inline __attribute__((always_inline)) vf ob_load_part(const float *p, int n) { return ${loadPart}; }
static inline __attribute__((always_inline)) void ob_store_part(float *p, vf a, int n) { ${storePart} }
static inline vi ob_bits_v(vf a) { return (vi)a; }
static inline vf ob_real_v(vi a) { return (vf)a; }
static inline vf ob_float_v(vi a) { return __builtin_convertvector(a, vf); }
static inline vi ob_less_v(vf a, vf b) { return a < b; }
static inline vi ob_nan_v(vf a) { return a != a; }
static inline vf ob_pick_v(vi m, vf a, vf b) { return (vf)((m & (vi)a) | (~m & (vi)b)); }
static inline vi ob_truth_v(int a) { return (vi){} - (a != 0); }
/* NaN stays; where a is a literal the compiler leaves the test out. */
static inline vf ob_max_v(vf a, vf b) { return ${keepNan(max)}; }
static inline vf ob_min_v(vf a, vf b) { return ${keepNan(min)}; }
static inline vf ob_abs_v(vf a) { return (vf)((vi)a & 0x7fffffff); }
static inline vf ob_floor_v(vf a) { return ${floor ?? each('floorf')}; }
static inline vf ob_round_v(vf a) { return ${round ?? each('rintf')}; }
static inline vf ob_sqrt_v(vf a) { return ${sqrt ?? each('sqrtf')}; }`;
}

/** The text before the kernels. */
export function prelude(isa: string): string {
  return `/* Generated by onbox. */
/* Helpers that this file does not call: clang tells of them, gcc does not. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include <math.h>
#include <stdint.h>
${vectorIsa(isa).includes}#include "onbox_module.h"
${scalarHelpers}
${halfScalars}
${vectorHelpers(isa)}
${wholeVectors(isa)}
${halfVectors(isa)}
${mathText('s', 'float', 'int')}${mathText('v', 'vf', 'vi')}${halfPrelude(isa)}`;
}
