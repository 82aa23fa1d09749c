// What a driver must compute right before anything is entrusted to it. Kernels take buffers as those of compiled modules do.

#define PLACE(type, b, o) ((__global type*)((__global uchar*)b + o))

// Sums of products of small whole numbers, exact in every order: y[i] = pixels[i] + sum over k of x[i + k] * w[k].
__kernel __attribute__((reqd_work_group_size(16, 4, 1)))
void k0(__global const uchar* restrict b0, __global const float* restrict b1, __global const float* restrict b2,
        __global float* restrict b3, const uint o0, const uint o1, const uint o2, const uint o3) {
  __global const uchar* pixels = PLACE(const uchar, b0, o0);
  __global const float* x = PLACE(const float, b1, o1);
  __global const float4* w = PLACE(const float4, b2, o2);
  __global float4* y = PLACE(float4, b3, o3);
  const uint i = (uint)get_global_id(1) * 16 + (uint)get_global_id(0);
  float4 sum = convert_float4(vload4(i, pixels));
  for (uint k = 0; k < 16; k += 4) {
    const float4 weight = w[k / 4];
    const uint at = i * 4 + k;
    sum = mad(vload4(0, x + at), weight.s0, sum);
    sum = mad(vload4(0, x + at + 1), weight.s1, sum);
    sum = mad(vload4(0, x + at + 2), weight.s2, sum);
    sum = mad(vload4(0, x + at + 3), weight.s3, sum);
  }
  y[i] = sum;
}

// Half as storage: every pattern to float.
__kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void k1(__global const half* restrict b0, __global float* restrict b1, const uint o0, const uint o1) {
  const uint i = (uint)get_global_id(0);
  vstore4(vload_half4(i, PLACE(const half, b0, o0)), i, PLACE(float, b1, o1));
}

// And back, through what models compute most besides sums: sigmoid.
__kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void k2(__global const float* restrict b0, __global half* restrict b1, const uint o0, const uint o1) {
  const uint i = (uint)get_global_id(0);
  const float4 x = vload4(i, PLACE(const float, b0, o0)) * 0.125f;
  vstore_half4(1.0f / (1.0f + exp(-x)), i, PLACE(half, b1, o1));
}
