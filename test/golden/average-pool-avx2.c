void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  for (int h = 0; h < 4; h++) {
    if (h < 1) {
      for (int bc = 0; bc < 7; bc++) {
        for (int bi = 0; bi < 8; bi++) {
          float *const p0 = y + (8 * bc + bi);
          p0[0] = 0.0f;
        }
      }
    }
    if (h >= 3) {
      for (int bc = 0; bc < 7; bc++) {
        for (int bi = 0; bi < 8; bi++) {
          float *const p1 = y + (8 * bc + bi);
          p1[280] = 0.0f;
        }
      }
    }
    for (int bi = 0; bi < 8; bi++) {
      float *const p2 = y + (bi + 56 * h);
      p2[56] = 0.0f;
    }
    for (int bi = 0; bi < 8; bi++) {
      float *const p3 = y + (bi + 56 * h);
      p3[104] = 0.0f;
    }
    for (int w = 0; w < 5; w++) {
      float a0_4[8] __attribute__((aligned(64)));
      *(vfu *)(a0_4 + 0) = ob_splat_v(0.0f);
      for (int r = 0; r < 3; r++) {
        for (int s = 0; s < 3; s++) {
          const float *const p5 = x0 + (176 * h + 88 * r + 8 * s + 16 * w);
          *(vfu *)(a0_4 + 0) = ((vf)*(const vfu *)(a0_4 + 0) + ((2 * h + r - 1 >= 0 && s + 2 * w - 1 >= 0 && s + 2 * w - 1 < 9) ? (vf)*(const vfu *)(p5 + 0) : ob_splat_v(0.0f)));
        }
      }
      for (int ci = 0; ci < 8; ci++) {
        float *const p6 = a0_4 + (ci);
        float *const p7 = y + (ci + 56 * h + 8 * w);
        p7[64] = (p6[0] / ((float)((int32_t)((uint32_t)((int32_t)((uint32_t)3 - (uint32_t)((int32_t)OB_MAX(0, ((int32_t)(-2 * h + 1)))))) * (uint32_t)((int32_t)((uint32_t)((int32_t)OB_MIN(3, ((int32_t)(-2 * w + 10)))) - (uint32_t)((int32_t)OB_MAX(0, ((int32_t)(-2 * w + 1))))))))));
      }
    }
  }
}
