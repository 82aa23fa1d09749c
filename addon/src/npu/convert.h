// Between the f32 of the arena and what a plugin takes.
#pragma once

#include <cstddef>

#include "npu/subgraph.h"

namespace onbox::npu {

/** Stores `count()` floats as the tensor's type, by the rule of onbox_npu.h. Neither side need be aligned. */
void toDevice(const TensorSpec& tensor, const std::byte* floats, std::byte* stored) noexcept;

/** The other way round. */
void fromDevice(const TensorSpec& tensor, const std::byte* stored, std::byte* floats) noexcept;

}  // namespace onbox::npu
