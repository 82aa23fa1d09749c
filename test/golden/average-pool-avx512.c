void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  for (int h = 0; h < 4; h++) {
    if (h < 1) {
      for (int bc = 0; bc < 7; bc++) {
        for (int bi = 0; bi < 16; bi++) {
          float *const p0 = y + (16 * bc + bi);
          p0[0] = 0.0f;
        }
      }
    }
    if (h >= 3) {
      for (int bc = 0; bc < 7; bc++) {
        for (int bi = 0; bi < 16; bi++) {
          float *const p1 = y + (16 * bc + bi);
          p1[560] = 0.0f;
        }
      }
    }
    for (int bi = 0; bi < 16; bi++) {
      float *const p2 = y + (bi + 112 * h);
      p2[112] = 0.0f;
    }
    for (int bi = 0; bi < 16; bi++) {
      float *const p3 = y + (bi + 112 * h);
      p3[208] = 0.0f;
    }
    for (int w = 0; w < 5; w++) {
      float a0_4[16] __attribute__((aligned(64)));
      *(vfu *)(a0_4 + 0) = ob_splat_v(0.0f);
      for (int r = 0; r < 3; r++) {
        for (int s = 0; s < 3; s++) {
          const float *const p5 = x0 + (352 * h + 176 * r + 16 * s + 32 * w);
          *(vfu *)(a0_4 + 0) = ((vf)*(const vfu *)(a0_4 + 0) + ((2 * h + r - 1 >= 0 && s + 2 * w - 1 >= 0 && s + 2 * w - 1 < 9) ? (vf)*(const vfu *)(p5 + 0) : ob_splat_v(0.0f)));
        }
      }
      for (int ci = 0; ci < 16; ci++) {
        float *const p6 = a0_4 + (ci);
        float *const p7 = y + (ci + 112 * h + 16 * w);
        p7[128] = (p6[0] / ((float)((int32_t)((uint32_t)((int32_t)((uint32_t)3 - (uint32_t)((int32_t)OB_MAX(0, ((int32_t)(-2 * h + 1)))))) * (uint32_t)((int32_t)((uint32_t)((int32_t)OB_MIN(3, ((int32_t)(-2 * w + 10)))) - (uint32_t)((int32_t)OB_MAX(0, ((int32_t)(-2 * w + 1))))))))));
      }
    }
  }
}
