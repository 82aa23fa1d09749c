void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  const float *restrict const k0p = (const float *)buffers[2];
  const float *restrict const k1p = (const float *)buffers[3];
  for (int n = 0; n < 2; n++) {
    for (int co = 0; co < 2; co++) {
      for (int h = 0; h < 8; h++) {
        if (h < 1) {
          for (int bc = 0; bc < 9; bc++) {
            for (int bi = 0; bi < 8; bi++) {
              float *const p0 = y + (8 * bc + bi + 720 * co + 1440 * n);
              p0[0] = 0.0f;
            }
          }
        }
        if (h >= 7) {
          for (int bc = 0; bc < 9; bc++) {
            for (int bi = 0; bi < 8; bi++) {
              float *const p1 = y + (8 * bc + bi + 720 * co + 1440 * n);
              p1[648] = 0.0f;
            }
          }
        }
        for (int bi = 0; bi < 8; bi++) {
          float *const p2 = y + (bi + 720 * co + 72 * h + 1440 * n);
          p2[72] = 0.0f;
        }
        for (int bi = 0; bi < 8; bi++) {
          float *const p3 = y + (bi + 720 * co + 72 * h + 1440 * n);
          p3[136] = 0.0f;
        }
        for (int w = 0; w < 7; w++) {
          const float *const p5 = k0p + (8 * co);
          float *const p8 = y + (720 * co + 72 * h + 1440 * n + 8 * w);
          vf a0_4_0;
          a0_4_0 = (vf)*(const vfu *)(p5 + 0);
          for (int r = 0; r < 3; r++) {
            for (int s = 0; s < 3; s++) {
              const float *const p6 = x0 + (720 * co + 72 * h + 1440 * n + 72 * r + 8 * s + 8 * w);
              const float *const p7 = k1p + (72 * co + 24 * r + 8 * s);
              a0_4_0 = (a0_4_0 + ((vf)*(const vfu *)(p6 + 0) * (vf)*(const vfu *)(p7 + 0)));
            }
          }
          *(vfu *)(p8 + 80) = ob_min_v(ob_splat_v(6.0f), ob_max_v(ob_splat_v(0.0f), a0_4_0));
        }
      }
    }
  }
}
