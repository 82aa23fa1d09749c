/* IEEE half precision in plain C, for compilers and CPUs without it. */
#ifndef ONBOX_PLUGIN_HALF_H
#define ONBOX_PLUGIN_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    const float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
  }
  const uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/** To the nearest, halves to even; too large becomes infinite. */
static inline uint16_t half_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  if (magnitude < 0x38800000u) {
    /* Subnormal: adding 0.5 leaves the bits of the half at the end of the fraction, rounded by the addition. */
    float small;
    memcpy(&small, &magnitude, sizeof small);
    small += 0.5f;
    memcpy(&bits, &small, sizeof bits);
    return sign | (uint16_t)(bits - 0x3f000000u);
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return sign | (uint16_t)((rounded - 0x38000000u) >> 13);
}

#endif
