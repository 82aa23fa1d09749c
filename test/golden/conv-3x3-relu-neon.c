void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  const float *restrict const k0p = (const float *)buffers[2];
  const float *restrict const k1p = (const float *)buffers[3];
  for (int co = 0; co < 3; co++) {
    for (int h = 0; h < 7; h++) {
      if (h < 1) {
        for (int bc = 0; bc < 8; bc++) {
          for (int bi = 0; bi < 4; bi++) {
            float *const p0 = y + (4 * bc + bi + 288 * co);
            p0[0] = 0.0f;
          }
        }
      }
      if (h >= 6) {
        for (int bc = 0; bc < 8; bc++) {
          for (int bi = 0; bi < 4; bi++) {
            float *const p1 = y + (4 * bc + bi + 288 * co);
            p1[256] = 0.0f;
          }
        }
      }
      for (int bi = 0; bi < 4; bi++) {
        float *const p2 = y + (bi + 288 * co + 32 * h);
        p2[32] = 0.0f;
      }
      for (int bi = 0; bi < 4; bi++) {
        float *const p3 = y + (bi + 288 * co + 32 * h);
        p3[60] = 0.0f;
      }
      for (int wt = 0; wt < 2; wt++) {
        const float *const p5 = k0p + (4 * co);
        float *const p8 = y + (288 * co + 32 * h + 12 * wt);
        vf a0_4_0, a0_4_1, a0_4_2;
        a0_4_0 = (vf)*(const vfu *)(p5 + 0);
        a0_4_1 = (vf)*(const vfu *)(p5 + 0);
        a0_4_2 = (vf)*(const vfu *)(p5 + 0);
        for (int io = 0; io < 2; io++) {
          for (int r = 0; r < 3; r++) {
            for (int s = 0; s < 3; s++) {
              for (int ii = 0; ii < 4; ii++) {
                const float *const p6 = x0 + (32 * h + ii + 288 * io + 32 * r + 4 * s + 12 * wt);
                const float *const p7 = k1p + (288 * co + 4 * ii + 16 * io + 96 * r + 32 * s);
                a0_4_0 = (a0_4_0 + ((ii + 4 * io < 5) ? (ob_splat_v(p6[0]) * (vf)*(const vfu *)(p7 + 0)) : ob_splat_v(0.0f)));
                a0_4_1 = (a0_4_1 + ((ii + 4 * io < 5) ? (ob_splat_v(p6[4]) * (vf)*(const vfu *)(p7 + 0)) : ob_splat_v(0.0f)));
                a0_4_2 = (a0_4_2 + ((ii + 4 * io < 5) ? (ob_splat_v(p6[8]) * (vf)*(const vfu *)(p7 + 0)) : ob_splat_v(0.0f)));
              }
            }
          }
        }
        *(vfu *)(p8 + 36) = ob_max_v(ob_splat_v(0.0f), a0_4_0);
        *(vfu *)(p8 + 40) = ob_max_v(ob_splat_v(0.0f), a0_4_1);
        *(vfu *)(p8 + 44) = ob_max_v(ob_splat_v(0.0f), a0_4_2);
      }
    }
  }
}
