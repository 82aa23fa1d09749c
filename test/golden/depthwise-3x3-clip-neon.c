void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  const float *restrict const k0p = (const float *)buffers[2];
  const float *restrict const k1p = (const float *)buffers[3];
  for (int n = 0; n < 2; n++) {
    for (int co = 0; co < 3; co++) {
      for (int h = 0; h < 8; h++) {
        if (h < 1) {
          for (int bc = 0; bc < 9; bc++) {
            for (int bi = 0; bi < 4; bi++) {
              float *const p0 = y + (4 * bc + bi + 360 * co + 1080 * n);
              p0[0] = 0.0f;
            }
          }
        }
        if (h >= 7) {
          for (int bc = 0; bc < 9; bc++) {
            for (int bi = 0; bi < 4; bi++) {
              float *const p1 = y + (4 * bc + bi + 360 * co + 1080 * n);
              p1[324] = 0.0f;
            }
          }
        }
        for (int bi = 0; bi < 4; bi++) {
          float *const p2 = y + (bi + 360 * co + 36 * h + 1080 * n);
          p2[36] = 0.0f;
        }
        for (int bi = 0; bi < 4; bi++) {
          float *const p3 = y + (bi + 360 * co + 36 * h + 1080 * n);
          p3[68] = 0.0f;
        }
        for (int w = 0; w < 7; w++) {
          const float *const p5 = k0p + (4 * co);
          float *const p8 = y + (360 * co + 36 * h + 1080 * n + 4 * w);
          vf a0_4_0;
          a0_4_0 = (vf)*(const vfu *)(p5 + 0);
          for (int r = 0; r < 3; r++) {
            for (int s = 0; s < 3; s++) {
              const float *const p6 = x0 + (360 * co + 36 * h + 1080 * n + 36 * r + 4 * s + 4 * w);
              const float *const p7 = k1p + (36 * co + 12 * r + 4 * s);
              a0_4_0 = (a0_4_0 + ((vf)*(const vfu *)(p6 + 0) * (vf)*(const vfu *)(p7 + 0)));
            }
          }
          *(vfu *)(p8 + 40) = ob_min_v(ob_splat_v(6.0f), ob_max_v(ob_splat_v(0.0f), a0_4_0));
        }
      }
    }
  }
}
