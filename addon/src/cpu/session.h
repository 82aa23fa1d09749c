// A module that is ready to run: its code, weights, memory and threads, and its plans with every pointer resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpu/arena.h"
#include "cpu/mapped_file.h"
#include "cpu/shared_object.h"
#include "cpu/thread_pool.h"

namespace onbox {

enum class Space { arena, weights, input };

/** Where a kernel's buffer lies. `offset` is in bytes, or the index of the input. */
struct BufferRef {
  Space space;
  std::uint64_t offset;
};

struct Launch {
  std::uint32_t kernel;
  std::int64_t extent;
  std::vector<BufferRef> buffers;
};

struct SessionOptions {
  std::string object;
  std::string weights;
  std::size_t arenaBytes;
  std::vector<std::vector<Launch>> plans;
  /** Least bytes of each input. */
  std::vector<std::size_t> inputBytes;
  unsigned threads;
};

/** An input that a run does not name has no data. */
using InputBytes = std::span<std::byte>;

/** Owns all that a loaded module needs. One thread at a time: `bind`, then `run`. */
class Session {
 public:
  /** Numbers of a plan are checked here, once. @throws Failure `module-plan` and those of the parts */
  explicit Session(const SessionOptions& options);

  /**
   * Points a plan at its inputs, which must stay where they are until `run` returns.
   * @throws Failure `input-missing`, `input-bytes`, or `module-plan` if there is no such plan
   */
  void bind(std::size_t plan, std::span<const InputBytes> inputs);

  /** Runs the launches of a plan in order. `nanoseconds`, unless empty, gets the time of each. */
  void run(std::size_t plan, std::span<double> nanoseconds) noexcept;

  [[nodiscard]] std::size_t launchCount(std::size_t plan) const { return plans_.at(plan).launches.size(); }

  /** Shared with the views that JavaScript holds: the memory stays as long as one of them. */
  [[nodiscard]] const std::shared_ptr<Arena>& arena() const noexcept { return arena_; }

 private:
  struct ResolvedLaunch {
    onbox_kernel kernel;
    std::int64_t extent;
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

  [[nodiscard]] Plan resolvePlan(std::size_t index, const std::vector<Launch>& launches) const;
  [[nodiscard]] void* resolveBuffer(const BufferRef& buffer, const std::string& where) const;

  SharedObject object_;
  MappedFile weights_;
  std::shared_ptr<Arena> arena_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<std::size_t> inputBytes_;
  std::vector<Plan> plans_;
};

}  // namespace onbox
