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
  readonly sqrt: string | undefined;
}

const generic: Omit<VectorIsa, 'lanes'> = {
  includes: '',
  max: '(vf)(((vi)a & (a > b)) | ((vi)b & ~(a > b)))',
  min: '(vf)(((vi)a & (a < b)) | ((vi)b & ~(a < b)))',
  keepsNan: false,
  floor: undefined,
  sqrt: undefined,
};

const x86 = (bits: string, width: number): VectorIsa => ({
  lanes: width,
  includes: '#include <immintrin.h>\n',
  max: `(vf)_mm${bits}_max_ps(a, b)`,
  min: `(vf)_mm${bits}_min_ps(a, b)`,
  keepsNan: false,
  floor: bits === '512' ? '(vf)_mm512_roundscale_ps(a, 1)' : bits === '256' ? '(vf)_mm256_floor_ps(a)' : undefined,
  sqrt: `(vf)_mm${bits}_sqrt_ps(a)`,
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
    sqrt: '(vf)vsqrtq_f32((float32x4_t)a)',
  },
};

/** The entry of an instruction set; vectors of 4 floats in plain C for one that has none of its own. */
export function vectorIsa(isa: string): VectorIsa {
  return table[isa] ?? { ...generic, lanes: 4 };
}
