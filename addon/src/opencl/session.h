// A module for an OpenCL device that is ready to run: program, buffers, and plans whose kernels have their arguments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cpu/mapped_file.h"
#include "cpu/shared_object.h"
#include "cpu/thread_pool.h"
#include "opencl/program.h"
#include "runner.h"

namespace onbox::cl {

using Grid = std::array<std::size_t, 3>;

/** One kernel launch on the device. */
struct ClLaunch {
  std::uint32_t kernel;
  Grid global;
  Grid local;
  std::vector<BufferRef> buffers;
};

using AnyLaunch = std::variant<Launch, ClLaunch, NpuLaunch>;

/** A part of the arena. */
struct Region {
  std::size_t offset;
  std::size_t bytes;
};

/** SessionOptions with ClOptions of addon/index.ts. */
struct ClSessionOptions {
  std::string object;
  std::string weights;
  std::size_t arenaBytes;
  std::vector<std::vector<AnyLaunch>> plans;
  /** Least bytes of each input. */
  std::vector<std::size_t> inputBytes;
  unsigned threads;
  DeviceOptions device;
  ProgramOptions program;
  std::vector<Region> outputs;
  std::size_t workGroupMax;
  std::size_t localBytesMax;
};

/** Owns all that a module for an OpenCL device needs. Its arena is the host's copy of the device's. */
class ClSession final : public Runner {
 public:
  /** Numbers of a plan are checked here, once. @throws Failure `module-plan` and those of the parts */
  explicit ClSession(const ClSessionOptions& options);

  void bind(std::size_t plan, std::span<const InputBytes> inputs) override;
  void run(std::size_t plan, std::span<double> nanoseconds) override;
  [[nodiscard]] std::size_t launchCount(std::size_t plan) const override { return plans_.at(plan).steps.size(); }
  [[nodiscard]] const std::shared_ptr<Arena>& arena() const noexcept override { return host_; }
  [[nodiscard]] bool isShown(std::size_t offset, std::size_t bytes) const noexcept override;
  void fetch(std::size_t offset, std::size_t bytes) override;
  void commit(std::size_t offset, std::size_t bytes) override;

 private:
  /** A kernel of its own for every launch, so that its arguments are set once. */
  struct DeviceStep {
    Owner<Kernel> kernel;
    Grid global;
    Grid local;
  };
  struct CpuStep {
    onbox_kernel kernel;
    std::int64_t extent;
    std::vector<BufferRef> buffers;
  };
  using Step = std::variant<DeviceStep, CpuStep>;
  struct Plan {
    std::vector<Step> steps;
    std::vector<std::size_t> inputs;
  };

  [[nodiscard]] Plan resolvePlan(std::size_t index, const std::vector<AnyLaunch>& launches);
  [[nodiscard]] DeviceStep resolve(const ClLaunch& launch, const std::string& where);
  /** @throws Failure `module-plan`: modules for OpenCL have no regions */
  [[nodiscard]] static CpuStep resolve(const NpuLaunch& launch, const std::string& where);
  [[nodiscard]] CpuStep resolve(const Launch& launch, const std::string& where) const;
  void setArguments(Kernel* kernel, const std::vector<BufferRef>& buffers, const std::string& where);
  void checkKernel(Kernel* kernel, const ClLaunch& launch, const std::string& where) const;
  void checkBuffer(const BufferRef& buffer, const std::string& where) const;
  Memory* memoryOf(const BufferRef& buffer);

  /** `events`, unless empty, gets the event of every launch on the device; `nanoseconds`, unless empty, the times of the
   * others. */
  void enqueuePlan(const Plan& plan, Queue* queue, std::span<Owner<Event>> events, std::span<double> nanoseconds);
  void enqueue(const DeviceStep& step, Queue* queue, Owner<Event>* event) const;
  void runOnCpu(const CpuStep& step, std::byte* arena, double* nanoseconds) const;
  void readOutputs(Queue* queue);
  [[nodiscard]] Queue* timedQueue();

  std::shared_ptr<DeviceContext> device_;
  const Api& api_;
  std::size_t workGroupMax_;
  std::size_t localBytesMax_;
  std::optional<SharedObject> object_;
  MappedFile weightsFile_;
  std::shared_ptr<Arena> host_;
  std::shared_ptr<ThreadPool> pool_;
  Owner<Queue> queue_;
  Owner<Queue> timedQueue_;
  Owner<Program> program_;
  Owner<Memory> arena_;
  Owner<Memory> weights_;
  std::vector<std::size_t> inputBytes_;
  /** Null for an input that only kernels on the CPU read. */
  std::vector<Owner<Memory>> inputs_;
  std::vector<InputBytes> bound_;
  std::vector<Region> outputs_;
  std::vector<Plan> plans_;
};

}  // namespace onbox::cl
