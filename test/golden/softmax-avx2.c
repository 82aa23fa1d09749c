void k0(void *const *buffers, int64_t begin, int64_t end);
void k0(void *const *buffers, int64_t begin, int64_t end) {
  const float *restrict const x0 = (const float *)buffers[0];
  float *restrict const y = (float *)buffers[1];
  for (int d0 = begin; d0 < end; d0++) {
    float a0_0_0;
    a0_0_0 = (-__builtin_inff());
    for (int k = 0; k < 37; k++) {
      const float *const p1 = x0 + (37 * d0 + k);
      a0_0_0 = OB_MAX(a0_0_0, p1[0]);
    }
    float a1_2_0;
    a1_2_0 = 0.0f;
    for (int k1 = 0; k1 < 37; k1++) {
      const float *const p3 = x0 + (37 * d0 + k1);
      a1_2_0 = (a1_2_0 + ob_exp_s((p3[0] - a0_0_0)));
    }
    for (int d1 = 0; d1 < 37; d1++) {
      const float *const p4 = x0 + (37 * d0 + d1);
      float *const p5 = y + (37 * d0 + d1);
      p5[0] = (ob_exp_s((p4[0] - a0_0_0)) / a1_2_0);
    }
  }
}
