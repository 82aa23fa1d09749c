// One atomic word hands out the work, one counts it back in. Nothing waits for a worker that has taken no chunk, so a core that
// the system has given to someone else costs nothing.

#include "cpu/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <system_error>

#include "failure.h"

namespace onbox {

namespace {

/** Enough that the last chunk of a slow core, four times slower on RK3399, is a small part of the launch. */
constexpr std::int64_t kChunksPerThread = 16;

/** Longer than the gap between two launches of a run, shorter than what a sleep and a wake-up are worth in power. */
constexpr auto kSpinTime = std::chrono::microseconds(80);

constexpr std::uint32_t chunksOf(std::uint64_t open) noexcept { return static_cast<std::uint32_t>(open); }

/** Lets the other hardware thread run, and does not flood the memory bus. On Arm `yield` is a no-op; `isb` really pauses. */
inline void pauseBriefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/** True as soon as `condition` holds, false if it did not hold for the spin time. */
template <typename Condition>
bool spinUntil(const Condition& condition) noexcept {
  constexpr int kPausesPerLook = 32;
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (condition()) return true;
      pauseBriefly();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

std::shared_ptr<ThreadPool> ThreadPool::shared(unsigned threads) {
  static std::mutex lock;
  static std::map<unsigned, std::weak_ptr<ThreadPool>> pools;
  const std::lock_guard guard(lock);
  auto& known = pools[threads];
  auto pool = known.lock();
  if (!pool) {
    pool = std::make_shared<ThreadPool>(threads);
    known = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(unsigned threads) : threads_(threads) {
  try {
    for (unsigned i = 1; i < threads; ++i) {
      workers_.emplace_back([this] { serve(); });
      pthread_setname_np(workers_.back().native_handle(), "onbox-cpu");
    }
  } catch (const std::system_error& error) {
    stop();
    throw Failure("threads-unavailable", "cannot start " + std::to_string(threads) + " threads: " + error.what());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() noexcept {
  {
    const std::lock_guard guard(sleep_);
    stopping_.store(true);
  }
  awake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::Job::runChunk(std::int64_t chunk) const noexcept {
  const std::int64_t each = extent / chunks;
  const std::int64_t longer = extent % chunks;  // The first ones take one iteration more.
  const std::int64_t begin = chunk * each + std::min(chunk, longer);
  kernel(buffers, begin, begin + each + (chunk < longer ? 1 : 0));
}

void ThreadPool::launch(onbox_kernel kernel, void* const* buffers, std::int64_t extent) noexcept {
  if (threads_ == 1 || extent <= 1) {
    if (extent > 0) kernel(buffers, 0, extent);
    return;
  }
  const std::int64_t chunks = std::min(extent, kChunksPerThread * threads_);
  job_ = {kernel, buffers, extent, chunks};
  unfinished_.store(static_cast<std::uint32_t>(chunks), std::memory_order_relaxed);
  ++serial_;
  // Sequentially consistent, as is the look at sleepers_: either we see the sleeper, or it sees the open chunks (see sleep).
  open_.store((std::uint64_t{serial_} << 32U) | static_cast<std::uint64_t>(chunks));
  if (sleepers_.load() != 0) wake();
  work();
  const auto isDone = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
  while (!spinUntil(isDone)) sched_yield();
}

/** Takes chunks until none is left. Acquire: whoever takes a chunk sees the job that was written before it was opened. */
void ThreadPool::work() noexcept {
  std::uint32_t finished = 0;
  std::uint64_t open = open_.load(std::memory_order_relaxed);
  while (chunksOf(open) != 0) {
    if (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    job_.runChunk(job_.chunks - chunksOf(open));
    ++finished;
    open = open_.load(std::memory_order_relaxed);
  }
  // Until this, the launch cannot end, so all chunks above were of one job. Release: the caller sees what the kernel wrote.
  if (finished != 0) unfinished_.fetch_sub(finished, std::memory_order_release);
}

void ThreadPool::serve() noexcept {
  const auto hasNews = [this] {
    return chunksOf(open_.load(std::memory_order_relaxed)) != 0 || stopping_.load(std::memory_order_relaxed);
  };
  while (!stopping_.load(std::memory_order_relaxed)) {
    work();
    if (!spinUntil(hasNews)) sleep();
  }
}

void ThreadPool::sleep() noexcept {
  std::unique_lock lock(sleep_);
  sleepers_.fetch_add(1);
  awake_.wait(lock, [this] { return chunksOf(open_.load()) != 0 || stopping_.load(); });
  sleepers_.fetch_sub(1);
}

/** The lock waits for a worker that has counted itself a sleeper and is on its way to bed. */
void ThreadPool::wake() noexcept {
  { const std::lock_guard guard(sleep_); }
  awake_.notify_all();
}

}  // namespace onbox
