// One loop for each type, over whole activations.

#include "npu/convert.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "common/half.h"

namespace onbox::npu {

namespace {

template <typename T>
T read(const std::byte* from, std::size_t index) noexcept {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void write(std::byte* to, std::size_t index, T value) noexcept {
  std::memcpy(to + index * sizeof(T), &value, sizeof(T));
}

struct Scale {
  double scale;
  std::int32_t zero;
};

Scale scaleOf(const TensorSpec& tensor) noexcept {
  return {tensor.scales.empty() ? 1.0 : static_cast<double>(tensor.scales.front()),
          tensor.zeros.empty() ? 0 : tensor.zeros.front()};
}

template <typename T>
void quantise(const TensorSpec& tensor, const std::byte* floats, std::byte* stored) noexcept {
  const auto [scale, zero] = scaleOf(tensor);
  const std::size_t count = tensor.count();
  for (std::size_t i = 0; i < count; ++i) {
    const double whole = std::rint(static_cast<double>(read<float>(floats, i)) / scale) + zero;
    const double held = std::isnan(whole) ? static_cast<double>(zero) : whole;
    const double least = std::numeric_limits<T>::min();
    const double most = std::numeric_limits<T>::max();
    write(stored, i, static_cast<T>(std::clamp(held, least, most)));
  }
}

template <typename T>
void dequantise(const TensorSpec& tensor, const std::byte* stored, std::byte* floats) noexcept {
  const auto [scale, zero] = scaleOf(tensor);
  const std::size_t count = tensor.count();
  for (std::size_t i = 0; i < count; ++i) {
    write(floats, i, static_cast<float>(scale * (static_cast<double>(read<T>(stored, i)) - zero)));
  }
}

}  // namespace

void toDevice(const TensorSpec& tensor, const std::byte* floats, std::byte* stored) noexcept {
  const std::size_t count = tensor.count();
  switch (tensor.dtype) {
    case ONBOX_NPU_F16:
      for (std::size_t i = 0; i < count; ++i) write(stored, i, half_from_float(read<float>(floats, i)));
      return;
    case ONBOX_NPU_I8:
      return quantise<std::int8_t>(tensor, floats, stored);
    case ONBOX_NPU_U8:
      return quantise<std::uint8_t>(tensor, floats, stored);
    case ONBOX_NPU_I16:
      return quantise<std::int16_t>(tensor, floats, stored);
    default:
      std::memcpy(stored, floats, count * sizeof(float));
  }
}

void fromDevice(const TensorSpec& tensor, const std::byte* stored, std::byte* floats) noexcept {
  const std::size_t count = tensor.count();
  switch (tensor.dtype) {
    case ONBOX_NPU_F16:
      for (std::size_t i = 0; i < count; ++i) write(floats, i, half_to_float(read<std::uint16_t>(stored, i)));
      return;
    case ONBOX_NPU_I8:
      return dequantise<std::int8_t>(tensor, stored, floats);
    case ONBOX_NPU_U8:
      return dequantise<std::uint8_t>(tensor, stored, floats);
    case ONBOX_NPU_I16:
      return dequantise<std::int16_t>(tensor, stored, floats);
    default:
      std::memcpy(floats, stored, count * sizeof(float));
  }
}

}  // namespace onbox::npu
