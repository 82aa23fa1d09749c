// Where elements are not zero.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "host/routines.h"

namespace onbox::host {

namespace {

/** `numbers` as runtime/lower/host.ts writes them: dtype, rank, elements, then the strides of all axes and their extents. */
template <typename Element>
void find(const std::int64_t* numbers, void* const* buffers) {
  const std::int64_t rank = numbers[1];
  const std::int64_t elements = numbers[2];
  const std::int64_t* strides = numbers + 3;
  const std::int64_t* extents = strides + rank;
  const auto* x = static_cast<const Element*>(buffers[1]);
  auto* places = static_cast<std::int64_t*>(buffers[2]);
  std::fill(places, places + rank * elements, 0);
  std::int64_t count = 0;
  for (std::int64_t at = 0; at < elements; ++at) {
    if (x[at] == Element{}) continue;
    for (std::int64_t axis = 0; axis < rank; ++axis) places[axis * elements + count] = at / strides[axis] % extents[axis];
    ++count;
  }
  *static_cast<std::int64_t*>(buffers[3]) = count;
}

}  // namespace

void nonZero(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept {
  if (begin == end) return;
  const auto* numbers = static_cast<const std::int64_t*>(buffers[0]);
  switch (numbers[0]) {
    case 0:
      return find<float>(numbers, buffers);
    case 1:
      return find<double>(numbers, buffers);
    case 2:
      return find<std::uint8_t>(numbers, buffers);
    case 3:
      return find<std::int32_t>(numbers, buffers);
    default:
      return find<std::int64_t>(numbers, buffers);
  }
}

}  // namespace onbox::host
