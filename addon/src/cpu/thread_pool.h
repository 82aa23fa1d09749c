// Threads that stay awake between the launches of a run. A net has about a hundred launches, many of a few microseconds:
// handing one out must cost about one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "onbox_module.h"

namespace onbox {

/**
 * A team of `threads` threads, of which the caller of `launch` is one. A launch is cut into chunks that threads take, many at
 * first and fewer towards the end, and a fast core of big.LITTLE takes those that a slow one has not come to. A worker without
 * work spins for a moment, then sleeps.
 */
class ThreadPool {
 public:
  /** The pool of this size, shared by all sessions of the process for as long as one of them holds it. Any thread. */
  static std::shared_ptr<ThreadPool> shared(unsigned threads);

  /** @throws Failure `threads-unavailable` if the system gives no more threads */
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /** The right to launch, which waits for the run of another session. Any thread. */
  [[nodiscard]] std::unique_lock<std::mutex> takeTurn() { return std::unique_lock(turn_); }

  /** Runs iterations 0..extent of a kernel and returns when all are done. Only the thread that has the turn. */
  void launch(onbox_kernel kernel, void* const* buffers, std::int64_t extent) noexcept;

 private:
  /** What the open chunks belong to. Written before chunks are opened, read only by who holds a chunk of it. */
  struct Job {
    onbox_kernel kernel = nullptr;
    void* const* buffers = nullptr;
    std::int64_t extent = 0;
    std::int64_t chunks = 0;

    /** Those from `first` on before `last`. */
    void runChunks(std::int64_t first, std::int64_t last) const noexcept;
  };

  // Two lines: the adjacent-line prefetcher of x86 and the 128-byte lines of some Arm servers.
  static constexpr std::size_t kFalseSharingBytes = 128;

  /** Serial number of a job, and the range of its chunks that nobody has taken yet. Both in one word, so that a late worker
     cannot take a chunk of a job that is over. */
  struct alignas(kFalseSharingBytes) Range {
    std::atomic<std::uint64_t> open{0};
  };

  struct alignas(kFalseSharingBytes) Counter {
    std::atomic<std::uint32_t> value{0};
  };

  void serve(unsigned thread) noexcept;
  void work(unsigned thread) noexcept;
  unsigned take(unsigned owner, bool fromFront) noexcept;
  void sleep(unsigned thread, std::uint32_t seen) noexcept;
  void wake() noexcept;
  void stop() noexcept;

  /** Chunks of the job that are not done. */
  Counter unfinished_;
  Counter sleepers_;
  std::atomic<bool> stopping_{false};
  std::uint32_t serial_ = 0;
  const unsigned threads_;
  Job job_;
  /** By thread. */
  std::vector<Range> ranges_;
  std::mutex turn_;
  std::mutex sleep_;
  std::condition_variable awake_;
  std::vector<std::thread> workers_;
};

}  // namespace onbox
