// The k greatest or least elements along an axis: a heap of k over each row, instead of the sort of a whole row.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include "host/routines.h"

namespace onbox::host {

namespace {

/** As runtime/lower/host.ts writes them. */
struct Parameters {
  std::int64_t dtype;
  /** Elements of a row. */
  std::int64_t extent;
  /** Rows that lie between each other's elements. */
  std::int64_t inner;
  std::int64_t k;
  std::int64_t largest;
};

/** Rows r of x [outer,extent,inner] to values and indices [outer,k,inner]; of equals the first comes first, NaN comes last. */
template <typename Element>
void rows(const Parameters& parameters, void* const* buffers, std::int64_t begin, std::int64_t end) {
  const auto [dtype, extent, inner, k, largest] = parameters;
  const auto* x = static_cast<const Element*>(buffers[1]);
  auto* values = static_cast<Element*>(buffers[2]);
  auto* indices = static_cast<std::int64_t*>(buffers[3]);
  std::vector<std::int64_t> order(static_cast<std::size_t>(extent));
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t outer = row / inner;
    const std::int64_t within = row % inner;
    const Element* from = x + outer * extent * inner + within;
    const auto precedes = [from, stride = inner, isLargest = largest != 0](std::int64_t a, std::int64_t b) {
      const Element left = from[a * stride];
      const Element right = from[b * stride];
      if constexpr (std::is_floating_point_v<Element>) {
        if (std::isnan(left) || std::isnan(right)) return std::isnan(left) == std::isnan(right) ? a < b : !std::isnan(left);
      }
      if (left != right) return isLargest ? left > right : left < right;
      return a < b;
    };
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(), precedes);
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t to = (outer * k + i) * inner + within;
      values[to] = from[order[static_cast<std::size_t>(i)] * inner];
      indices[to] = order[static_cast<std::size_t>(i)];
    }
  }
}

}  // namespace

void topK(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept {
  const auto& parameters = *static_cast<const Parameters*>(buffers[0]);
  switch (parameters.dtype) {
    case 0:
      return rows<float>(parameters, buffers, begin, end);
    case 1:
      return rows<double>(parameters, buffers, begin, end);
    case 2:
      return rows<std::int8_t>(parameters, buffers, begin, end);
    case 3:
      return rows<std::uint8_t>(parameters, buffers, begin, end);
    case 4:
      return rows<std::int32_t>(parameters, buffers, begin, end);
    default:
      return rows<std::int64_t>(parameters, buffers, begin, end);
  }
}

}  // namespace onbox::host
