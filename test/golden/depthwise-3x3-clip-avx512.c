void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  const float *restrict const k0p = (const float *)buffers[2];
  const float *restrict const k1p = (const float *)buffers[3];
  for (int n = 0; n < 2; n++) {
    for (int h = 0; h < 8; h++) {
      if (h < 1) {
        for (int bc = 0; bc < 9; bc++) {
          for (int bi = 0; bi < 16; bi++) {
            float *const p0 = y + (16 * bc + bi + 1440 * n);
            p0[0] = 0.0f;
          }
        }
      }
      if (h >= 7) {
        for (int bc = 0; bc < 9; bc++) {
          for (int bi = 0; bi < 16; bi++) {
            float *const p1 = y + (16 * bc + bi + 1440 * n);
            p1[1296] = 0.0f;
          }
        }
      }
      for (int bi = 0; bi < 16; bi++) {
        float *const p2 = y + (bi + 144 * h + 1440 * n);
        p2[144] = 0.0f;
      }
      for (int bi = 0; bi < 16; bi++) {
        float *const p3 = y + (bi + 144 * h + 1440 * n);
        p3[272] = 0.0f;
      }
      for (int w = 0; w < 7; w++) {
        float *const p7 = y + (144 * h + 1440 * n + 16 * w);
        vf a0_4_0;
        a0_4_0 = (vf)*(const vfu *)(k0p + 0);
        for (int r = 0; r < 3; r++) {
          for (int s = 0; s < 3; s++) {
            const float *const p5 = x0 + (144 * h + 1440 * n + 144 * r + 16 * s + 16 * w);
            const float *const p6 = k1p + (48 * r + 16 * s);
            a0_4_0 = (a0_4_0 + ((vf)*(const vfu *)(p5 + 0) * (vf)*(const vfu *)(p6 + 0)));
          }
        }
        *(vfu *)(p7 + 160) = ob_min_v(ob_splat_v(6.0f), ob_max_v(ob_splat_v(0.0f), a0_4_0));
      }
    }
  }
}
