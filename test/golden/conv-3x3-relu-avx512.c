void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  const float *restrict const k0p = (const float *)buffers[2];
  const float *restrict const k1p = (const float *)buffers[3];
  for (int h = 0; h < 7; h++) {
    if (h < 1) {
      for (int bc = 0; bc < 8; bc++) {
        for (int bi = 0; bi < 16; bi++) {
          float *const p0 = y + (16 * bc + bi);
          p0[0] = 0.0f;
        }
      }
    }
    if (h >= 6) {
      for (int bc = 0; bc < 8; bc++) {
        for (int bi = 0; bi < 16; bi++) {
          float *const p1 = y + (16 * bc + bi);
          p1[1024] = 0.0f;
        }
      }
    }
    for (int bi = 0; bi < 16; bi++) {
      float *const p2 = y + (bi + 128 * h);
      p2[128] = 0.0f;
    }
    for (int bi = 0; bi < 16; bi++) {
      float *const p3 = y + (bi + 128 * h);
      p3[240] = 0.0f;
    }
    for (int wt = 0; wt < 2; wt++) {
      float *const p7 = y + (128 * h + 48 * wt);
      vf a0_4_0, a0_4_1, a0_4_2;
      a0_4_0 = (vf)*(const vfu *)(k0p + 0);
      a0_4_1 = (vf)*(const vfu *)(k0p + 0);
      a0_4_2 = (vf)*(const vfu *)(k0p + 0);
      for (int r = 0; r < 3; r++) {
        for (int s = 0; s < 3; s++) {
          for (int ii = 0; ii < 16; ii++) {
            const float *const p5 = x0 + (128 * h + ii + 128 * r + 16 * s + 48 * wt);
            const float *const p6 = k1p + (16 * ii + 768 * r + 256 * s);
            a0_4_0 = (a0_4_0 + ((ii < 5) ? (ob_splat_v(p5[0]) * (vf)*(const vfu *)(p6 + 0)) : ob_splat_v(0.0f)));
            a0_4_1 = (a0_4_1 + ((ii < 5) ? (ob_splat_v(p5[16]) * (vf)*(const vfu *)(p6 + 0)) : ob_splat_v(0.0f)));
            a0_4_2 = (a0_4_2 + ((ii < 5) ? (ob_splat_v(p5[32]) * (vf)*(const vfu *)(p6 + 0)) : ob_splat_v(0.0f)));
          }
        }
      }
      *(vfu *)(p7 + 144) = ob_max_v(ob_splat_v(0.0f), a0_4_0);
      *(vfu *)(p7 + 160) = ob_max_v(ob_splat_v(0.0f), a0_4_1);
      *(vfu *)(p7 + 176) = ob_max_v(ob_splat_v(0.0f), a0_4_2);
    }
  }
}
