// Vectors of whole numbers in C: i32 in the lanes, read from and written to bytes as well, and the dot product of bytes. Which of its
// forms is compiled follows from what the compiler's flags switch on, which device/ chose for the machine.

import { vectorIsa } from './isa.js';

/** How levels are stored: NEON multiplies signed bytes by signed ones, x86 unsigned by signed. */
export function levelDtype(isa: string): 'u8' | 'i8' {
  return isa === 'neon' ? 'i8' : 'u8';
}

/** Sums of four products for each lane of `a`; x and w hold four bytes a lane. */
const dotOfShifts = `return ob_add_i(a, ob_add_i(
      ob_add_i((x & 255) * ((w << 24) >> 24), ((x >> 8) & 255) * ((w << 16) >> 24)),
      ob_add_i(((x >> 16) & 255) * ((w << 8) >> 24), ((x >> 24) & 255) * (w >> 24))));`;

/** In pairs of 16 bits, none of whose products is cut off. */
function dotOfPairs(bits: string): string {
  const type = `__m${bits || '128'}i`;
  const f = (name: string, ...args: string[]) => `_mm${bits}_${name}(${args.join(', ')})`;
  return `const ${type} low = (${type})((vi)x & 0x00ff00ff), high = ${f('srli_epi16', `(${type})x`, '8')};
  const ${type} even = ${f('srai_epi16', f('slli_epi16', `(${type})w`, '8'), '8')}, odd = ${f('srai_epi16', `(${type})w`, '8')};
  return (vi)${f('add_epi32', `(${type})a`, f('add_epi32', f('madd_epi16', 'low', 'even'), f('madd_epi16', 'high', 'odd')))};`;
}

const neonStore = `const int16x4_t s = vmovn_s32((int32x4_t)a);
  const int w = vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(s, s))), 0);
  __builtin_memcpy(p, &w, 4);`;

const dots: Readonly<Record<string, string>> = {
  avx512: `
#if defined(__AVX512VNNI__)
  return (vi)_mm512_dpbusd_epi32((__m512i)a, (__m512i)x, (__m512i)w);
#else
  ${dotOfPairs('512')}
#endif`,
  avx2: `
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return (vi)_mm256_dpbusd_epi32((__m256i)a, (__m256i)x, (__m256i)w);
#elif defined(__AVXVNNI__)
  return (vi)_mm256_dpbusd_avx_epi32((__m256i)a, (__m256i)x, (__m256i)w);
#else
  ${dotOfPairs('256')}
#endif`,
  sse2: dotOfPairs(''),
  neon: `
#if defined(__ARM_FEATURE_DOTPROD)
  return (vi)vdotq_s32((int32x4_t)a, (int8x16_t)x, (int8x16_t)w);
#else
  const int16x8_t low = vmull_s8(vget_low_s8((int8x16_t)x), vget_low_s8((int8x16_t)w));
  const int16x8_t high = vmull_high_s8((int8x16_t)x, (int8x16_t)w);
  return (vi)vaddq_s32((int32x4_t)a, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
#endif`,
};

/** How the lanes are read from bytes at `p`, an expression, and written to them, statements that store `a`. */
interface Bytes {
  readonly load: string;
  readonly store: string;
}

type ByteDtype = 'u8' | 'i8';

/** gcc 12 takes the conversions of its vector extension lane by lane. */
const bytesOf: Readonly<Record<string, Readonly<Record<ByteDtype, Bytes>>>> = {
  avx512: { u8: avx512Bytes('epu8'), i8: avx512Bytes('epi8') },
  avx2: { u8: avx2Bytes('epu8', 'packus'), i8: avx2Bytes('epi8', 'packs') },
  sse2: {
    u8: sse2Bytes('_mm_unpacklo_epi16(_mm_unpacklo_epi8(b, _mm_setzero_si128()), _mm_setzero_si128())', 'packus'),
    i8: sse2Bytes('_mm_srai_epi32(_mm_unpacklo_epi16(b, _mm_unpacklo_epi8(b, b)), 24)', 'packs'),
  },
  neon: {
    u8: {
      load: '(vi)vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_s32(vdup_n_s32(ob_word(p))))))',
      store: neonStore,
    },
    i8: {
      load: '(vi)vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(ob_word(p))))))',
      store: neonStore,
    },
  },
};
function avx512Bytes(from: string): Bytes {
  return {
    load: `(vi)_mm512_cvt${from}_epi32(_mm_loadu_si128((const __m128i *)p))`,
    store: '_mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)a));',
  };
}

function avx2Bytes(from: string, pack: string): Bytes {
  return {
    load: `(vi)_mm256_cvt${from}_epi32(_mm_loadl_epi64((const __m128i *)p))`,
    store: `const __m128i s = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));
  _mm_storel_epi64((__m128i *)p, _mm_${pack}_epi16(s, s));`,
  };
}

function sse2Bytes(wide: string, pack: string): Bytes {
  return {
    load: `({ const __m128i b = _mm_cvtsi32_si128(ob_word(p)); (vi)${wide}; })`,
    store: `const __m128i s = _mm_packs_epi32((__m128i)a, (__m128i)a);
  const int w = _mm_cvtsi128_si32(_mm_${pack}_epi16(s, s));
  __builtin_memcpy(p, &w, 4);`,
  };
}

/** For the prelude, after the vectors of floats. */
export function wholeVectors(isa: string): string {
  const { lanes } = vectorIsa(isa);
  const spread = Array.from({ length: lanes }, () => 'a').join(', ');
  return `
typedef unsigned vu __attribute__((vector_size(${lanes * 4})));
typedef int viu __attribute__((vector_size(${lanes * 4}), aligned(4), may_alias));
typedef int vib __attribute__((vector_size(${lanes * 4}), aligned(1), may_alias));
static inline vi ob_splat_i(int a) { return (vi){${spread}}; }
static inline vi ob_add_i(vi a, vi b) { return (vi)((vu)a + (vu)b); }
static inline vi ob_sub_i(vi a, vi b) { return (vi)((vu)a - (vu)b); }
static inline vi ob_mul_i(vi a, vi b) { return (vi)((vu)a * (vu)b); }
static inline vi ob_load_i32(const int32_t *p) { return (vi)*(const viu *)p; }
static inline void ob_store_i32(int32_t *p, vi a) { *(viu *)p = (viu)a; }
/* Four bytes a lane. */
static inline vi ob_load_bytes(const void *p) { return (vi)*(const vib *)p; }
static inline int ob_word(const void *p) { int a; __builtin_memcpy(&a, p, 4); return a; }
static inline vi ob_spread_bytes(const void *p) { return ob_splat_i(ob_word(p)); }
static inline vi ob_dot(vi a, vi x, vi w) {${
    dots[isa] ??
    `
  ${dotOfShifts}`
  }
}${bytes(isa, 'u8', 'uint8_t', 0, 255)}${bytes(isa, 'i8', 'int8_t', -128, 127)}`;
}

function bytes(isa: string, dtype: ByteDtype, type: string, low: number, high: number): string {
  const { lanes } = vectorIsa(isa);
  const { load, store } = bytesOf[isa]?.[dtype] ?? {
    load: `(vi){${Array.from({ length: lanes }, (_, i) => `p[${i}]`).join(', ')}}`,
    store: `for (int i = 0; i < ${lanes}; i++) p[i] = (${type})a[i];`,
  };
  return `
static inline vi ob_load_${dtype}(const ${type} *p) { return ${load}; }
static inline void ob_store_${dtype}(${type} *p, vi a) {
  ${store}
}
/* Floats stop at the limits and NaN is 0, as in ob_to_${dtype}. */
static inline vi ob_to_${dtype}_v(vf a) {
  const vf real = ob_pick_v(ob_nan_v(a), (vf){0}, a);
  return __builtin_convertvector(ob_min_v(ob_splat_v(${high}), ob_max_v(ob_splat_v(${low}), real)), vi);
}`;
}
