// Every thread has a range of the work in an atomic word of its own, from which it takes without disturbing the others; who is
// done takes from their ends. One more word counts the work back in. Nothing waits for a worker that has taken no chunk, so a
// core that the system has given to someone else costs nothing.

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
constexpr std::int64_t kChunksPerThread = 32;

/** What 16 bits count. */
constexpr std::int64_t kChunksMax = 65535;

/** The part of what is left in a range that is taken at once, by its owner as by others. */
constexpr unsigned kPart = 2;

/** Longer than the gap between two launches of a run, shorter than what a sleep and a wake-up are worth in power. */
constexpr auto kSpinTime = std::chrono::microseconds(80);

/** What is open of a range: the serial number of its job, and the chunks first <= i < last, in one word. */
struct Open {
  std::uint32_t serial = 0;
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  [[nodiscard]] constexpr bool isEmpty() const noexcept { return first == last; }
};

constexpr std::uint64_t pack(Open open) noexcept {
  return (std::uint64_t{open.serial} << 32U) | (std::uint64_t{open.last} << 16U) | open.first;
}

constexpr Open unpack(std::uint64_t word) noexcept {
  return {static_cast<std::uint32_t>(word >> 32U), static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(word >> 16U)};
}

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

ThreadPool::ThreadPool(unsigned threads) : threads_(threads), ranges_(threads) {
  try {
    for (unsigned i = 1; i < threads; ++i) {
      workers_.emplace_back([this, i] { serve(i); });
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

void ThreadPool::Job::runChunks(std::int64_t first, std::int64_t last) const noexcept {
  const std::int64_t each = extent / chunks;
  const std::int64_t longer = extent % chunks;  // The first ones take one iteration more.
  kernel(buffers, first * each + std::min(first, longer), last * each + std::min(last, longer));
}

void ThreadPool::launch(onbox_kernel kernel, void* const* buffers, std::int64_t extent) noexcept {
  if (threads_ == 1 || extent <= 1) {
    if (extent > 0) kernel(buffers, 0, extent);
    return;
  }
  const std::int64_t chunks = std::min({extent, kChunksPerThread * threads_, kChunksMax});
  job_ = {kernel, buffers, extent, chunks};
  unfinished_.value.store(static_cast<std::uint32_t>(chunks), std::memory_order_relaxed);
  ++serial_;
  // The same thread gets the same part of every launch, and so mostly meets what it wrote itself. Sequentially consistent, as
  // is the look at sleepers_: either we see the sleeper, or it sees the open chunks (see sleep).
  for (unsigned i = threads_; i-- > 0;) {
    const auto first = static_cast<std::uint16_t>(chunks * i / threads_);
    const auto last = static_cast<std::uint16_t>(chunks * (i + 1) / threads_);
    ranges_[i].open.store(pack({serial_, first, last}));
  }
  if (sleepers_.value.load() != 0) wake();
  work(0);
  const auto isDone = [this] { return unfinished_.value.load(std::memory_order_acquire) == 0; };
  while (!spinUntil(isDone)) sched_yield();
}

/**
 * Takes chunks until none is left: of the thread's own range from the front, then of the others' from the back. Until a thread
 * has counted what it took, the launch cannot end, so all chunks that it takes are of one job.
 */
void ThreadPool::work(unsigned thread) noexcept {
  std::uint32_t finished = 0;
  for (unsigned i = 0; i < threads_; ++i) {
    const unsigned owner = (thread + i) % threads_;
    while (const unsigned count = take(owner, owner == thread)) finished += count;
  }
  // Release: the caller sees what the kernel wrote.
  if (finished != 0) unfinished_.value.fetch_sub(finished, std::memory_order_release);
}

/**
 * Runs a part of what is open in a range. Acquire: whoever takes a chunk sees the job that was written before it was opened.
 * @return the number of chunks, 0 if none was open
 */
unsigned ThreadPool::take(unsigned owner, bool fromFront) noexcept {
  auto& range = ranges_[owner].open;
  std::uint64_t word = range.load(std::memory_order_relaxed);
  for (Open open = unpack(word); !open.isEmpty(); open = unpack(word)) {
    const unsigned left = unsigned{open.last} - open.first;
    const unsigned count = (left + kPart - 1) / kPart;
    const unsigned first = fromFront ? open.first : open.last - count;
    if (fromFront) {
      open.first = static_cast<std::uint16_t>(first + count);
    } else {
      open.last = static_cast<std::uint16_t>(first);
    }
    if (!range.compare_exchange_weak(word, pack(open), std::memory_order_acquire, std::memory_order_relaxed)) continue;
    job_.runChunks(first, first + count);
    return count;
  }
  return 0;
}

void ThreadPool::serve(unsigned thread) noexcept {
  std::uint32_t seen = 0;
  const auto serial = [this, thread] { return unpack(ranges_[thread].open.load(std::memory_order_relaxed)).serial; };
  const auto hasNews = [&] { return serial() != seen || stopping_.load(std::memory_order_relaxed); };
  while (!stopping_.load(std::memory_order_relaxed)) {
    seen = serial();
    work(thread);
    if (!spinUntil(hasNews)) sleep(thread, seen);
  }
}

void ThreadPool::sleep(unsigned thread, std::uint32_t seen) noexcept {
  std::unique_lock lock(sleep_);
  sleepers_.value.fetch_add(1);
  awake_.wait(lock, [&] { return unpack(ranges_[thread].open.load()).serial != seen || stopping_.load(); });
  sleepers_.value.fetch_sub(1);
}

/** The lock waits for a worker that has counted itself a sleeper and is on its way to bed. */
void ThreadPool::wake() noexcept {
  { const std::lock_guard guard(sleep_); }
  awake_.notify_all();
}

}  // namespace onbox
