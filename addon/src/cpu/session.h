// A module that is ready to run: its code, weights, memory and threads, and its plans with every pointer resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpu/mapped_file.h"
#include "cpu/shared_object.h"
#include "cpu/thread_pool.h"
#include "runner.h"

namespace onbox {

struct SessionOptions {
  std::string object;
  std::string weights;
  std::size_t arenaBytes;
  std::vector<std::vector<Launch>> plans;
  /** Least bytes of each input. */
  std::vector<std::size_t> inputBytes;
  unsigned threads;
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
