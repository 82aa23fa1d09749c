// Routines of the addon itself that a plan may launch as it launches a module's kernels: what loops of fixed extents state
// badly.
#pragma once

#include <cstddef>
#include <string_view>

#include "onbox_module.h"

namespace onbox::host {

/** Called as a kernel. Its first buffer holds its parameters, as int64. */
struct Routine {
  std::string_view name;
  onbox_kernel run;
  /** The parameters included. */
  std::size_t bufferCount;
};

/** Null where there is none of that name. */
const Routine* findRoutine(std::string_view name) noexcept;

/** The k greatest or least elements of each row, and where they lie. See runtime/lower/host.ts. */
void topK(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept;

/** The steps of an LSTM, a GRU or a plain recurrent layer, for each row of a batch. See runtime/graph/ops/recurrence.ts. */
void recurrence(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept;

/** Of boxes that overlap, the best of each class. See runtime/graph/ops/non-max-suppression.ts. One call does all. */
void nonMaxSuppression(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept;

/** Where elements are not zero. See runtime/graph/ops/non-zero.ts. One call does all. */
void nonZero(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept;

}  // namespace onbox::host
