// The numbers come from a manifest, so each is held against what is there before a plugin sees it.

#include "npu/subgraph.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "failure.h"

namespace onbox::npu {

namespace {

std::size_t bytesOf(std::uint32_t dtype) noexcept {
  switch (dtype) {
    case ONBOX_NPU_F32:
    case ONBOX_NPU_I32:
      return 4;
    case ONBOX_NPU_F16:
    case ONBOX_NPU_I16:
      return 2;
    default:
      return 1;
  }
}

Failure refuse(const std::string& what) { return {"module-plan", "a region for the NPU has " + what}; }

void checkIndices(const std::vector<std::uint32_t>& indices, std::size_t count) {
  for (const std::uint32_t index : indices) {
    if (index != ONBOX_NPU_ABSENT && index >= count) {
      throw refuse("tensor " + std::to_string(index) + " of " + std::to_string(count));
    }
  }
}

}  // namespace

std::size_t TensorSpec::count() const noexcept {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

std::size_t TensorSpec::bytes() const noexcept { return count() * bytesOf(dtype); }

Subgraph::Subgraph(SubgraphSpec spec, Constants constants) : spec_(std::move(spec)), constants_(std::move(constants)) {
  tensors_.reserve(spec_.tensors.size());
  nodes_.reserve(spec_.nodes.size());
  for (const TensorSpec& tensor : spec_.tensors) addTensor(tensor);
  for (const NodeSpec& node : spec_.nodes) addNode(node);
  checkIndices(spec_.inputs, tensors_.size());
  checkIndices(spec_.outputs, tensors_.size());
  view_ = {sizeof(view_),
           static_cast<std::uint32_t>(tensors_.size()),
           static_cast<std::uint32_t>(nodes_.size()),
           static_cast<std::uint32_t>(spec_.inputs.size()),
           static_cast<std::uint32_t>(spec_.outputs.size()),
           0,
           tensors_.data(),
           nodes_.data(),
           spec_.inputs.data(),
           spec_.outputs.data()};
}

void Subgraph::addTensor(const TensorSpec& spec) {
  onbox_npu_tensor tensor{};
  tensor.struct_size = sizeof(tensor);
  tensor.dtype = spec.dtype;
  tensor.rank = static_cast<std::uint32_t>(spec.shape.size());
  if (tensor.rank > ONBOX_NPU_RANK_MAX) throw refuse("a tensor of rank " + std::to_string(tensor.rank));
  std::copy(spec.shape.begin(), spec.shape.end(), std::begin(tensor.dims));
  tensor.bytes = spec.bytes();
  if (!spec.scales.empty()) {
    const bool isByAxis = spec.axis.has_value();
    if (isByAxis && *spec.axis >= spec.shape.size()) throw refuse("scales along axis " + std::to_string(*spec.axis));
    const std::size_t want = isByAxis ? static_cast<std::size_t>(spec.shape[*spec.axis]) : 1;
    const bool fits = spec.scales.size() == want && (spec.zeros.empty() || spec.zeros.size() == want);
    if (!fits) throw refuse(std::to_string(spec.scales.size()) + " scales where " + std::to_string(want) + " belong");
    tensor.qkind = isByAxis ? ONBOX_NPU_QUANT_AXIS : ONBOX_NPU_QUANT_TENSOR;
    tensor.qaxis = spec.axis.value_or(0);
    tensor.qcount = static_cast<std::uint32_t>(want);
    tensor.scale = spec.scales.data();
    tensor.zero = spec.zeros.empty() ? nullptr : spec.zeros.data();
  }
  if (spec.offset.has_value()) {
    if (*spec.offset > constants_->size() || tensor.bytes > constants_->size() - *spec.offset) {
      throw refuse("a constant at byte " + std::to_string(*spec.offset) + " of " + std::to_string(constants_->size()));
    }
    tensor.data = constants_->data() + *spec.offset;
  }
  tensors_.push_back(tensor);
}

void Subgraph::addNode(const NodeSpec& spec) {
  onbox_npu_node node{};
  node.struct_size = sizeof(node);
  node.op = spec.op;
  node.n_in = static_cast<std::uint32_t>(spec.inputs.size());
  node.n_out = 1;
  if (spec.inputs.empty() || spec.inputs.size() > std::size(node.in)) {
    throw refuse("a node of " + std::to_string(node.n_in) + " operands");
  }
  checkIndices(spec.inputs, tensors_.size());
  checkIndices({spec.output}, tensors_.size());
  std::fill(std::begin(node.in), std::end(node.in), ONBOX_NPU_ABSENT);
  std::copy(spec.inputs.begin(), spec.inputs.end(), std::begin(node.in));
  node.out[0] = spec.output;
  node.out[1] = ONBOX_NPU_ABSENT;
  std::copy(spec.integers.begin(), spec.integers.end(), std::begin(node.i));
  std::copy(spec.floats.begin(), spec.floats.end(), std::begin(node.f));
  nodes_.push_back(node);
}

}  // namespace onbox::npu
