// Of boxes that overlap, the best of each class.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/routines.h"

namespace onbox::host {

namespace {

/** As runtime/lower/host.ts writes them; floats are the bits of f32. */
struct Parameters {
  std::int64_t images;
  std::int64_t classes;
  std::int64_t boxes;
  std::int64_t perClass;
  std::int64_t iou;
  std::int64_t minScore;
  std::int64_t centers;
  /** Rows that there is room for. */
  std::int64_t room;
};

struct Edges {
  float low;
  float left;
  float high;
  float right;
};

float floatOf(std::int64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

Edges edgesOf(const float* box, bool isCenters) {
  if (isCenters) return {box[1] - box[3] / 2, box[0] - box[2] / 2, box[1] + box[3] / 2, box[0] + box[2] / 2};
  return {std::min(box[0], box[2]), std::min(box[1], box[3]), std::max(box[0], box[2]), std::max(box[1], box[3])};
}

float areaOf(const Edges& edges) { return (edges.high - edges.low) * (edges.right - edges.left); }

float overlap(const Edges& a, const Edges& b) {
  const float height = std::min(a.high, b.high) - std::max(a.low, b.low);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0)) return 0;
  const float shared = height * width;
  const float both = areaOf(a) + areaOf(b);
  return shared / (both - shared);
}

/** Appends the boxes of one class to `kept`, the best first; of equal scores the first box comes first. */
void keepBest(const Parameters& parameters, const float* boxes, const float* scores, std::vector<std::int64_t>& kept) {
  std::vector<std::int64_t> order;
  for (std::int64_t box = 0; box < parameters.boxes; ++box) {
    if (scores[box] > floatOf(parameters.minScore)) order.push_back(box);
  }
  std::sort(order.begin(), order.end(),
            [scores](std::int64_t a, std::int64_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Edges> edges;
  for (const std::int64_t box : order) {
    if (static_cast<std::int64_t>(edges.size()) == parameters.perClass) break;
    const Edges candidate = edgesOf(boxes + box * 4, parameters.centers != 0);
    const auto covers = [&](const Edges& other) { return !(overlap(other, candidate) <= floatOf(parameters.iou)); };
    if (std::any_of(edges.begin(), edges.end(), covers)) continue;
    edges.push_back(candidate);
    kept.push_back(box);
  }
}

}  // namespace

void nonMaxSuppression(void* const* buffers, std::int64_t begin, std::int64_t end) noexcept {
  if (begin == end) return;
  const auto& parameters = *static_cast<const Parameters*>(buffers[0]);
  const auto* boxes = static_cast<const float*>(buffers[1]);
  const auto* scores = static_cast<const float*>(buffers[2]);
  auto* rows = static_cast<std::int64_t*>(buffers[3]);
  std::int64_t count = 0;
  std::vector<std::int64_t> kept;
  for (std::int64_t image = 0; image < parameters.images; ++image) {
    for (std::int64_t klass = 0; klass < parameters.classes; ++klass) {
      kept.clear();
      keepBest(parameters, boxes + image * parameters.boxes * 4,
               scores + (image * parameters.classes + klass) * parameters.boxes, kept);
      for (const std::int64_t box : kept) {
        rows[count * 3] = image;
        rows[count * 3 + 1] = klass;
        rows[count * 3 + 2] = box;
        ++count;
      }
    }
  }
  std::fill(rows + count * 3, rows + parameters.room * 3, 0);
  *static_cast<std::int64_t*>(buffers[4]) = count;
}

}  // namespace onbox::host
