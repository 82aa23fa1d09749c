// What the bindings ask of a module, on whatever it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpu/arena.h"
#include "npu/region.h"
#include "onbox_module.h"

namespace onbox {

enum class Space { arena, weights, input };

/** Where a kernel's buffer lies. `offset` is in bytes, or the index of the input. */
struct BufferRef {
  Space space;
  std::uint64_t offset;
};

/** One kernel launch on the CPU. */
struct Launch {
  std::uint32_t kernel;
  std::int64_t extent;
  std::vector<BufferRef> buffers;
  /** Of the addon, instead of the kernel; empty for none. */
  std::string routine;
};

/** The code of a launch. @throws Failure `module-plan` if a routine that it names is not there or takes other buffers */
onbox_kernel requireRoutine(const Launch& launch, const std::string& where);

/** A region on the NPU. Where it answers, the `fallback` steps after it, which compute the same on the CPU, are left out. */
struct NpuLaunch {
  std::uint32_t region;
  std::uint32_t fallback;
  /** Inputs of the region, then outputs. */
  std::vector<BufferRef> buffers;
};

/** An input that a run does not name has no data. */
using InputBytes = std::span<std::byte>;

/** A module that is ready to run. One thread at a time: `bind`, then `run`. */
class Runner {
 public:
  Runner() = default;
  virtual ~Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /**
   * Points a plan at its inputs, which must stay where they are until `run` returns.
   * @throws Failure `input-missing`, `input-bytes`, or `module-plan` if there is no such plan
   */
  virtual void bind(std::size_t plan, std::span<const InputBytes> inputs) = 0;

  /** Runs the launches of a plan in order. `nanoseconds`, unless empty, gets the time of each. @throws Failure `opencl-failed`
   */
  virtual void run(std::size_t plan, std::span<double> nanoseconds) = 0;

  [[nodiscard]] virtual std::size_t launchCount(std::size_t plan) const = 0;

  /** How the regions on the NPU are, in their order. Any thread. */
  [[nodiscard]] virtual std::vector<npu::RegionState> npu() const { return {}; }

  /** What views show. Shared with those that JavaScript holds: the memory stays as long as one of them. */
  [[nodiscard]] virtual const std::shared_ptr<Arena>& arena() const noexcept = 0;

  /** Whether a run leaves this part of the arena where views show it; if not, `fetch` brings it. */
  [[nodiscard]] virtual bool isShown(std::size_t /*offset*/, std::size_t /*bytes*/) const noexcept { return true; }

  /** Copies a part of the device's arena to where views show it. Not while a run goes on. @throws Failure `opencl-failed` */
  virtual void fetch(std::size_t /*offset*/, std::size_t /*bytes*/) {}

  /** The other way round, for what was written to a view. Not while a run goes on. @throws Failure `opencl-failed` */
  virtual void commit(std::size_t /*offset*/, std::size_t /*bytes*/) {}
};

/** The bytes that a run gives for an input. @throws Failure `input-missing`, `input-bytes` */
InputBytes requireInput(std::size_t plan, std::size_t input, std::span<const InputBytes> inputs, std::size_t bytesMin);

}  // namespace onbox
