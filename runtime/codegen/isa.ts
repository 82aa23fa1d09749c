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
  },
};

/** The entry of an instruction set; vectors of 4 floats in plain C for one that has none of its own. */
export function vectorIsa(isa: string): VectorIsa {
  return table[isa] ?? { ...generic, lanes: 4 };
}
