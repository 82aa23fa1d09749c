// A part of a model as plugins are given it, with all that it points to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "onbox_npu.h"

namespace onbox::npu {

/** NpuTensor of addon/index.ts. */
struct TensorSpec {
  std::uint32_t dtype;
  std::vector<std::int64_t> shape;
  /** None, one for the tensor, or one for each index along `axis`. */
  std::vector<float> scales;
  std::vector<std::int32_t> zeros;
  std::optional<std::uint32_t> axis;
  /** Where its data lie among the constants, if it is one. */
  std::optional<std::size_t> offset;

  [[nodiscard]] std::size_t count() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;
};

/** NpuNode of addon/index.ts. */
struct NodeSpec {
  std::uint32_t op;
  std::vector<std::uint32_t> inputs;
  std::uint32_t output;
  std::array<std::int32_t, 12> integers;
  std::array<float, 4> floats;
};

struct SubgraphSpec {
  std::vector<TensorSpec> tensors;
  std::vector<NodeSpec> nodes;
  std::vector<std::uint32_t> inputs;
  std::vector<std::uint32_t> outputs;
};

/** Bytes that a hanging call may still read, so it shares them with whoever started it. */
using Constants = std::shared_ptr<const std::span<const std::byte>>;

/** Owns the structs of the ABI for a spec. Not moved: the structs point into it. */
class Subgraph {
 public:
  /** @throws Failure `module-plan` if an index, a constant or a quantisation reaches outside of what is there */
  Subgraph(SubgraphSpec spec, Constants constants);
  ~Subgraph() = default;
  Subgraph(const Subgraph&) = delete;
  Subgraph& operator=(const Subgraph&) = delete;

  [[nodiscard]] const onbox_npu_subgraph& view() const noexcept { return view_; }
  [[nodiscard]] const SubgraphSpec& spec() const noexcept { return spec_; }

 private:
  void addTensor(const TensorSpec& spec);
  void addNode(const NodeSpec& spec);

  const SubgraphSpec spec_;
  const Constants constants_;
  std::vector<onbox_npu_tensor> tensors_;
  std::vector<onbox_npu_node> nodes_;
  onbox_npu_subgraph view_{};
};

}  // namespace onbox::npu
