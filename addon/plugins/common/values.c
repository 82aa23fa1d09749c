/* One loop for each type: these run over whole activations. */
#include "common/values.h"

#include <math.h>
#include <string.h>

#include "common/half.h"

/** The index along the quantised axis, of the element at `at`. */
static uint32_t channel_of(const npu_tensor* tensor, uint64_t at) {
  if (tensor->qkind != ONBOX_NPU_QUANT_AXIS) return 0;
  uint64_t inner = 1;
  for (uint32_t axis = tensor->qaxis + 1; axis < tensor->rank; axis++) inner *= (uint64_t)tensor->dims[axis];
  return (uint32_t)(at / inner % (uint64_t)tensor->dims[tensor->qaxis]);
}

void npu_load_centred(const npu_tensor* tensor, const void* from, float* centred) {
  const uint8_t* bytes = from;
  const uint64_t count = tensor->count;
  const int whole = tensor->qkind != ONBOX_NPU_QUANT_AXIS;
  const int32_t zero = npu_zero_of(tensor, 0);
  switch (tensor->dtype) {
    case ONBOX_NPU_F32:
      memcpy(centred, from, count * sizeof(float));
      return;
    case ONBOX_NPU_F16:
      for (uint64_t k = 0; k < count; k++) {
        uint16_t half;
        memcpy(&half, bytes + k * sizeof half, sizeof half);
        centred[k] = half_to_float(half);
      }
      return;
    case ONBOX_NPU_I8:
      for (uint64_t k = 0; k < count; k++)
        centred[k] = (float)((int8_t)bytes[k] - (whole ? zero : npu_zero_of(tensor, channel_of(tensor, k))));
      return;
    case ONBOX_NPU_U8:
      for (uint64_t k = 0; k < count; k++)
        centred[k] = (float)(bytes[k] - (whole ? zero : npu_zero_of(tensor, channel_of(tensor, k))));
      return;
    case ONBOX_NPU_I16:
      for (uint64_t k = 0; k < count; k++) {
        int16_t value;
        memcpy(&value, bytes + k * sizeof value, sizeof value);
        centred[k] = (float)(value - (whole ? zero : npu_zero_of(tensor, channel_of(tensor, k))));
      }
      return;
    default:
      for (uint64_t k = 0; k < count; k++) {
        int32_t value;
        memcpy(&value, bytes + k * sizeof value, sizeof value);
        centred[k] = (float)value;
      }
  }
}

void npu_store_centred(const npu_tensor* tensor, const float* centred, void* to) {
  uint8_t* bytes = to;
  const uint64_t count = tensor->count;
  const int32_t zero = npu_zero_of(tensor, 0);
  switch (tensor->dtype) {
    case ONBOX_NPU_F32:
      memcpy(to, centred, count * sizeof(float));
      return;
    case ONBOX_NPU_F16:
      for (uint64_t k = 0; k < count; k++) {
        const uint16_t half = half_from_float(centred[k]);
        memcpy(bytes + k * sizeof half, &half, sizeof half);
      }
      return;
    case ONBOX_NPU_I16:
      for (uint64_t k = 0; k < count; k++) {
        const int16_t value = (int16_t)((int32_t)centred[k] + zero);
        memcpy(bytes + k * sizeof value, &value, sizeof value);
      }
      return;
    default:
      for (uint64_t k = 0; k < count; k++) bytes[k] = (uint8_t)((int32_t)centred[k] + zero);
  }
}

float npu_quantise(const npu_tensor* tensor, double real) {
  if (tensor->dtype == ONBOX_NPU_F32) return (float)real;
  if (tensor->dtype == ONBOX_NPU_F16) return half_to_float(half_from_float((float)real));
  const double zero = npu_zero_of(tensor, 0);
  const double low = tensor->dtype == ONBOX_NPU_U8 ? 0 : tensor->dtype == ONBOX_NPU_I8 ? -128 : -32768;
  const double high = tensor->dtype == ONBOX_NPU_U8 ? 255 : tensor->dtype == ONBOX_NPU_I8 ? 127 : 32767;
  double stored = rint(real / (double)npu_scale_of(tensor, 0)) + zero;
  /* NaN has no place among whole numbers; it becomes the zero point. */
  if (isnan(stored)) stored = zero;
  if (stored < low) stored = low;
  if (stored > high) stored = high;
  return (float)(stored - zero);
}

double npu_real_of_sum(double sum, double unit, const npu_tensor* bias, uint32_t channel) {
  if (bias == NULL) return sum * unit;
  const uint8_t* at = (const uint8_t*)bias->data + (size_t)channel * npu_dtype_bytes(bias->dtype);
  if (bias->dtype == ONBOX_NPU_I32) {
    int32_t whole;
    memcpy(&whole, at, sizeof whole);
    return (sum + whole) * unit;
  }
  float real;
  uint16_t half;
  if (bias->dtype == ONBOX_NPU_F32) {
    memcpy(&real, at, sizeof real);
  } else {
    memcpy(&half, at, sizeof half);
    real = half_to_float(half);
  }
  return sum * unit + (double)real;
}

double npu_activate(const onbox_npu_node* node, double real) {
  const int32_t act = node->op == ONBOX_NPU_CLIP   ? ONBOX_NPU_ACT_CLIP
                      : node->op == ONBOX_NPU_RELU ? ONBOX_NPU_ACT_RELU
                                                   : node->i[11];
  if (act == ONBOX_NPU_ACT_RELU) return real < 0 ? 0 : real;
  if (act != ONBOX_NPU_ACT_CLIP) return real;
  return real < (double)node->f[0] ? (double)node->f[0] : real > (double)node->f[1] ? (double)node->f[1] : real;
}
