// A module that is ready to run: its code, weights, memory and threads, and its plans with every pointer resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cpu/shared_object.h"
#include "cpu/thread_pool.h"
#include "cpu/weights.h"
#include "runner.h"

namespace onbox {

struct SessionOptions {
  std::string object;
  std::string weights;
  std::size_t arenaBytes;
  std::vector<std::vector<std::variant<Launch, NpuLaunch>>> plans;
  /** Least bytes of each input. */
  std::vector<std::size_t> inputBytes;
  unsigned threads;
  /** Without regions for plans without an `NpuLaunch`. */
  npu::NpuOptions npu;
};

/** Owns all that a module for the CPU needs. */
class Session final : public Runner {
 public:
  /** Numbers of a plan are checked here, once. @throws Failure `module-plan` and those of the parts */
  explicit Session(const SessionOptions& options);

  void bind(std::size_t plan, std::span<const InputBytes> inputs) override;
  void run(std::size_t plan, std::span<double> nanoseconds) noexcept override;
  [[nodiscard]] std::size_t launchCount(std::size_t plan) const override { return plans_.at(plan).launches.size(); }
  [[nodiscard]] const std::shared_ptr<Arena>& arena() const noexcept override { return arena_; }
  [[nodiscard]] std::vector<npu::RegionState> npu() const override;

 private:
  struct ResolvedLaunch {
    /** Null for a region on the NPU, whose number of steps to leave out is `extent`. */
    onbox_kernel kernel;
    std::int64_t extent;
    npu::Region* region;
    /** Index of its first pointer in `pointers`. */
    std::size_t firstPointer;
  };
  struct InputUse {
    std::size_t pointer;
    std::size_t input;
  };
  struct Plan {
    std::vector<ResolvedLaunch> launches;
    std::vector<void*> pointers;
    std::vector<InputUse> inputs;
  };

  [[nodiscard]] Plan resolvePlan(std::size_t index, const std::vector<std::variant<Launch, NpuLaunch>>& launches) const;
  [[nodiscard]] ResolvedLaunch resolve(const Launch& launch, std::size_t firstPointer, const std::string& where) const;
  [[nodiscard]] ResolvedLaunch resolve(const NpuLaunch& launch, std::size_t firstPointer, const std::string& where) const;
  [[nodiscard]] void* resolveBuffer(const BufferRef& buffer, const std::string& where) const;

  /** @returns how many steps after it are done as well */
  std::size_t runStep(const ResolvedLaunch& launch, void* const* buffers) noexcept;

  SharedObject object_;
  Weights weights_;
  std::shared_ptr<Arena> arena_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<std::size_t> inputBytes_;
  std::vector<std::unique_ptr<npu::Region>> regions_;
  std::vector<Plan> plans_;
};

}  // namespace onbox
