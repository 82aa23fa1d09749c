// A region of a model on the NPU. It never fails a run: where the device does not answer, the caller's kernels do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "npu/device.h"
#include "npu/subgraph.h"

namespace onbox::npu {

/** NpuOptions of addon/index.ts. */
struct NpuOptions {
  PluginChoice plugin;
  std::vector<SubgraphSpec> regions;
  /** Of a run. */
  std::uint32_t timeoutMs;
};

/** NpuState of addon/index.ts. */
struct RegionState {
  /** `ready`, `failed` (the CPU answers from here on) or `lost` (so does it for all regions on the device). */
  std::string mode;
  std::string reason;
  std::uint64_t runs;
  std::uint64_t failures;
};

/** Owns a compiled graph and the memory that it reads and writes. One thread at a time runs it; any may ask for its state. */
class Region {
 public:
  /** Compiles at once. A device that does not open or compile leaves a region in mode `failed`. @throws Failure `module-plan`
   */
  Region(const NpuOptions& options, std::size_t index, Constants constants);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /**
   * @param buffers of f32: the inputs in order, then the outputs, which are written only if the device has answered
   * @returns false if the CPU must compute the region
   */
  bool run(void* const* buffers) noexcept;

  [[nodiscard]] RegionState state() const;

  /** Bytes of f32 of buffer `index`, inputs first. */
  [[nodiscard]] std::size_t bufferBytes(std::size_t index) const;
  [[nodiscard]] std::size_t bufferCount() const noexcept;

 private:
  struct Memory;

  void open(const NpuOptions& options);
  void fail(const Outcome& outcome);
  [[nodiscard]] const TensorSpec& tensorAt(std::size_t index) const;

  std::shared_ptr<const Subgraph> subgraph_;
  std::shared_ptr<Memory> memory_;
  std::shared_ptr<Device> device_;
  onbox_npu_graph* graph_ = nullptr;
  std::uint32_t timeoutMs_;
  mutable std::mutex lock_;
  RegionState state_{"ready", "", 0, 0};
  std::uint32_t failuresInRow_ = 0;
};

}  // namespace onbox::npu
