// What differs between instruction sets in generated C: how a vector is spelled, and the operations that C's vector extension lacks.

export interface VectorIsa {
  /** Floats in a vector; 1 where the machine has none. */
  readonly lanes: number;
  /** Lines before the types. */
  readonly includes: string;
  /** Largest and least of two vectors `a` and `b`, as one expression. */
  readonly max: string;
  readonly min: string;
  /** Whether they are NaN where `a` is; where `b` is NaN they always are. */
  readonly keepsNan: boolean;
  readonly floor: string | undefined;
  /** To the nearest whole number, ties to even. */
  readonly round: string | undefined;
  readonly sqrt: string | undefined;
  /** Registers, where a multiply-add can take one lane of a vector for all lanes (lanes.ts); undefined where it cannot. */
  readonly byLane?: number;
  /** The first `n` floats at `p`, the other lanes 0: an expression; and a statement that stores the first `n` of `a`. `n` is a literal. */
  readonly loadPart: string;
  readonly storePart: string;
  /** A vector from and to halves at `p`, and one with the half `p[i]` in every lane; absent where each lane is converted alone. */
  readonly halves?: HalfText;
}

interface HalfText {
  readonly load: string;
  /** A statement that stores `a`. */
  readonly store: string;
  readonly spread: string;
  /** Of the preprocessor, where not every processor of the instruction set can do so. */
  readonly condition?: string;
}

/** Lane by lane. A copy through memory would wait for the store buffer. */
const partByLane = {
  loadPart: 'n == 1 ? (vf){p[0]} : n == 2 ? (vf){p[0], p[1]} : (vf){p[0], p[1], p[2]}',
  storePart: 'p[0] = a[0]; if (n > 1) p[1] = a[1]; if (n > 2) p[2] = a[2];',
};

/** Masked, for the vectors whose parts are many lanes. */
const partByMask: Readonly<Record<string, typeof partByLane>> = {
  '512': {
    loadPart: '(vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p)',
    storePart: '_mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)a);',
  },
  '256': {
    loadPart: '(vf)_mm256_maskload_ps(p, (__m256i)((vi){0, 1, 2, 3, 4, 5, 6, 7} < n))',
    storePart: '_mm256_maskstore_ps(p, (__m256i)((vi){0, 1, 2, 3, 4, 5, 6, 7} < n), (__m256)a);',
  },
};

const x86Halves: Readonly<Record<string, HalfText>> = {
  '512': {
    load: '(vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p))',
    store: '_mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)a, 0));',
    spread: '(vf)_mm512_cvtph_ps(_mm256_set1_epi16((short)p[i]))',
  },
  '256': {
    load: '(vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p))',
    store: '_mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)a, 0));',
    spread: '(vf)_mm256_cvtph_ps(_mm_set1_epi16((short)p[i]))',
    condition: 'defined(__F16C__)',
  },
};

const neonHalves: HalfText = {
  load: '(vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))',
  store: 'vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)a)));',
  spread: '(vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_dup_u16(p + i)))',
};

const generic: Omit<VectorIsa, 'lanes'> = {
  includes: '',
  max: '(vf)(((vi)a & (a > b)) | ((vi)b & ~(a > b)))',
  min: '(vf)(((vi)a & (a < b)) | ((vi)b & ~(a < b)))',
  keepsNan: false,
  floor: undefined,
  round: undefined,
  sqrt: undefined,
  ...partByLane,
};

const x86 = (bits: string, width: number): VectorIsa => ({
  lanes: width,
  includes: '#include <immintrin.h>\n',
  max: `(vf)_mm${bits}_max_ps(a, b)`,
  min: `(vf)_mm${bits}_min_ps(a, b)`,
  keepsNan: false,
  floor: bits === '512' ? '(vf)_mm512_roundscale_ps(a, 1)' : bits === '256' ? '(vf)_mm256_floor_ps(a)' : undefined,
  round: bits === '512' ? '(vf)_mm512_roundscale_ps(a, 0)' : bits === '256' ? '(vf)_mm256_round_ps(a, 8)' : undefined,
  sqrt: `(vf)_mm${bits}_sqrt_ps(a)`,
  ...(partByMask[bits] ?? partByLane),
  ...(x86Halves[bits] === undefined ? {} : { halves: x86Halves[bits] }),
});

const table: Readonly<Record<string, VectorIsa>> = {
  avx512: x86('512', 16),
  avx2: x86('256', 8),
  sse2: x86('', 4),
  neon: {
    lanes: 4,
    includes: '#include <arm_neon.h>\n',
    max: '(vf)vmaxq_f32((float32x4_t)a, (float32x4_t)b)',
    min: '(vf)vminq_f32((float32x4_t)a, (float32x4_t)b)',
    keepsNan: true,
    floor: '(vf)vrndmq_f32((float32x4_t)a)',
    round: '(vf)vrndnq_f32((float32x4_t)a)',
    sqrt: '(vf)vsqrtq_f32((float32x4_t)a)',
    byLane: 32,
    ...partByLane,
    halves: neonHalves,
  },
};

/** The entry of an instruction set; vectors of 4 floats in plain C for one that has none of its own. */
export function vectorIsa(isa: string): VectorIsa {
  return table[isa] ?? { ...generic, lanes: 4 };
}
