// The plugin never sees the arena: a call that hangs may write at any later time, and what it writes to is then nobody else's.

#include "npu/region.h"

#include <utility>

#include "failure.h"
#include "npu/convert.h"

namespace onbox::npu {

namespace {

/** Opening a vendor's runtime, and packing all weights of a region, take seconds on a small board. */
constexpr std::uint32_t kOpenTimeoutMs = 60'000;

/** The plugin's own limit is a little shorter, so that one that can end a run by itself does so. */
constexpr std::uint32_t kGraceMs = 100;

/** Runs in a row that may fail before the region is left to the CPU. */
constexpr std::uint32_t kFailuresMax = 3;

}  // namespace

/** What a run reads and writes, shared with the device's thread. */
struct Region::Memory {
  std::vector<std::vector<std::byte>> blocks;
  std::vector<onbox_npu_buffer> buffers;
  std::uint32_t inputs = 0;
};

Region::Region(const NpuOptions& options, std::size_t index, Constants constants)
    : subgraph_(std::make_shared<const Subgraph>(options.regions.at(index), std::move(constants))),
      memory_(std::make_shared<Memory>()),
      timeoutMs_(options.timeoutMs) {
  memory_->inputs = static_cast<std::uint32_t>(subgraph_->spec().inputs.size());
  for (std::size_t i = 0; i < bufferCount(); ++i) {
    std::vector<std::byte>& block = memory_->blocks.emplace_back(tensorAt(i).bytes());
    memory_->buffers.push_back({sizeof(onbox_npu_buffer), -1, block.data(), block.size(), 0});
  }
  try {
    open(options);
  } catch (const Failure& failure) {
    fail({ONBOX_NPU_INTERNAL, failure.what()});
    state_.mode = "failed";
  }
}

Region::~Region() {
  if (graph_ != nullptr) device_->release(graph_);
}

void Region::open(const NpuOptions& options) {
  device_ = Device::shared(options.plugin, kOpenTimeoutMs);
  const auto made = std::make_shared<onbox_npu_graph*>(nullptr);
  const Outcome outcome = device_->call(
      [subgraph = subgraph_, made](const onbox_npu_plugin& plugin, onbox_npu_context* context) {
        return plugin.compile == nullptr ? std::int32_t{ONBOX_NPU_UNSUPPORTED}
                                         : plugin.compile(context, &subgraph->view(), made.get());
      },
      kOpenTimeoutMs);
  if (outcome.status != ONBOX_NPU_OK) throw Failure("npu-compile", "the region does not compile: " + outcome.reason);
  graph_ = *made;
}

void Region::fail(const Outcome& outcome) {
  const std::scoped_lock lock(lock_);
  state_.reason = outcome.reason;
  ++state_.failures;
  ++failuresInRow_;
  if (device_ != nullptr && !device_->lostReason().empty()) {
    state_.mode = "lost";
  } else if (failuresInRow_ >= kFailuresMax) {
    state_.mode = "failed";
  }
}

bool Region::run(void* const* buffers) noexcept {
  // Only the thread that runs changes the mode.
  if (state_.mode != "ready") return false;
  const std::size_t inputs = memory_->inputs;
  for (std::size_t i = 0; i < inputs; ++i) {
    toDevice(tensorAt(i), static_cast<const std::byte*>(buffers[i]), memory_->blocks[i].data());
  }
  const std::uint32_t limit = timeoutMs_ > 2 * kGraceMs ? timeoutMs_ - kGraceMs : timeoutMs_;
  const Outcome outcome = device_->call(
      [memory = memory_, graph = graph_, limit](const onbox_npu_plugin& plugin, onbox_npu_context* /*context*/) {
        const auto outputs = static_cast<std::uint32_t>(memory->buffers.size()) - memory->inputs;
        return plugin.run(graph, memory->buffers.data(), memory->inputs, memory->buffers.data() + memory->inputs, outputs,
                          limit);
      },
      timeoutMs_);
  if (outcome.status != ONBOX_NPU_OK) {
    fail(outcome);
    return false;
  }
  for (std::size_t i = inputs; i < bufferCount(); ++i) {
    fromDevice(tensorAt(i), memory_->blocks[i].data(), static_cast<std::byte*>(buffers[i]));
  }
  const std::scoped_lock lock(lock_);
  ++state_.runs;
  failuresInRow_ = 0;
  return true;
}

RegionState Region::state() const {
  const std::scoped_lock lock(lock_);
  return state_;
}

const TensorSpec& Region::tensorAt(std::size_t index) const {
  const SubgraphSpec& spec = subgraph_->spec();
  const std::size_t inputs = spec.inputs.size();
  return spec.tensors.at(index < inputs ? spec.inputs[index] : spec.outputs[index - inputs]);
}

std::size_t Region::bufferBytes(std::size_t index) const { return tensorAt(index).count() * sizeof(float); }

std::size_t Region::bufferCount() const noexcept { return subgraph_->spec().inputs.size() + subgraph_->spec().outputs.size(); }

}  // namespace onbox::npu
