// The thread and its callers share a Line, which neither destroys under the other: the thread of a hanging call holds it for
// ever.

#include "npu/device.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "failure.h"
#include "npu/plugin.h"

namespace onbox::npu {

namespace {

using Job = std::function<void()>;

/** Jobs in order, done by one thread. */
class Line : public std::enable_shared_from_this<Line> {
 public:
  void start() {
    std::thread([line = shared_from_this()] { line->serve(); }).detach();
  }

  void put(Job job) {
    {
      const std::scoped_lock lock(lock_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  /** The thread ends when it has done what is in line. */
  void end() {
    {
      const std::scoped_lock lock(lock_);
      ended_ = true;
    }
    changed_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(lock_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool ended_ = false;
};

/** The end of a job, which its caller waits for. */
struct Answer {
  std::mutex lock;
  std::condition_variable changed;
  bool isDone = false;
  Outcome outcome{ONBOX_NPU_OK, {}};
};

bool loses(std::int32_t status) noexcept { return status == ONBOX_NPU_DEVICE || status == ONBOX_NPU_TIMEOUT; }

std::string nameOf(std::int32_t status) {
  constexpr std::array kNames{"ok",       "unsupported", "invalid",       "out of memory", "device failed",
                              "time-out", "version",     "internal error"};
  const auto index = static_cast<std::size_t>(status);
  return status >= 0 && index < kNames.size() ? kNames.at(index) : "status " + std::to_string(status);
}

std::string reasonOf(const onbox_npu_plugin& plugin, onbox_npu_context* context, std::int32_t status) {
  const char* text = plugin.last_error(context);
  const std::string said = text == nullptr || *text == '\0' ? "" : std::string(": ") + text;
  return std::string(plugin.name) + ": " + nameOf(status) + said;
}

template <std::size_t N>
std::string textOf(const char (&text)[N]) {  // NOLINT(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays): of the ABI
  std::string copy(text, N);
  return copy.substr(0, copy.find('\0'));
}

void ignoreLog(void* /*user*/, std::int32_t /*level*/, const char* /*text*/) {}

const onbox_npu_host kHost{sizeof(onbox_npu_host), 0, nullptr, ignoreLog};

class OpenDevice final : public Device, public std::enable_shared_from_this<OpenDevice> {
 public:
  OpenDevice(const PluginChoice& choice, std::uint32_t timeoutMs)
      : plugin_(loadPlugin(choice.path)), line_(std::make_shared<Line>()) {
    line_->start();
    const auto made = std::make_shared<Opened>();
    const Outcome outcome = wait(
        [&plugin = plugin_, options = choice.options, made] {
          const std::int32_t status = plugin.open(&kHost, options.c_str(), &made->context);
          if (status != ONBOX_NPU_OK) return Outcome{status, reasonOf(plugin, nullptr, status)};
          made->info.struct_size = sizeof(made->info);
          const std::int32_t told = plugin.info(made->context, &made->info);
          return Outcome{told, told == ONBOX_NPU_OK ? "" : reasonOf(plugin, made->context, told)};
        },
        timeoutMs);
    if (outcome.status != ONBOX_NPU_OK) {
      line_->end();
      throw Failure("npu-open", "the NPU does not open: " + outcome.reason);
    }
    context_ = made->context;
    facts_ = {plugin_.name,
              plugin_.version,
              textOf(made->info.device),
              textOf(made->info.runtime),
              textOf(made->info.driver),
              made->info.cores,
              made->info.memory_limit};
  }

  ~OpenDevice() override {
    if (lostReason().empty()) line_->put([&plugin = plugin_, context = context_] { plugin.close(context); });
    line_->end();
  }

  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;

  Outcome call(const Call& call, std::uint32_t timeoutMs) override {
    // One at a time, so that the deadline of a call does not run while another is at work.
    const std::scoped_lock turn(turn_);
    const std::string lost = lostReason();
    if (!lost.empty()) return {ONBOX_NPU_DEVICE, lost};
    Outcome outcome = wait(
        [&plugin = plugin_, context = context_, call] {
          const std::int32_t status = call(plugin, context);
          return Outcome{status, status == ONBOX_NPU_OK ? "" : reasonOf(plugin, context, status)};
        },
        timeoutMs);
    if (loses(outcome.status)) {
      const std::scoped_lock lock(lock_);
      lost_ = outcome.reason;
      // Whoever asks for it later must find it lost, and not open another.
      kept_ = shared_from_this();
    }
    return outcome;
  }

  void release(onbox_npu_graph* graph) noexcept override {
    if (lostReason().empty()) line_->put([&plugin = plugin_, graph] { plugin.release(graph); });
  }

  [[nodiscard]] const DeviceFacts& facts() const noexcept override { return facts_; }

  [[nodiscard]] std::string lostReason() const override {
    const std::scoped_lock lock(lock_);
    return lost_;
  }

 private:
  struct Opened {
    onbox_npu_context* context = nullptr;
    onbox_npu_info info{};
  };

  template <typename Work>
  Outcome wait(Work work, std::uint32_t timeoutMs) const {
    const auto answer = std::make_shared<Answer>();
    line_->put([answer, work = std::move(work)] {
      Outcome outcome = work();
      const std::scoped_lock lock(answer->lock);
      answer->outcome = std::move(outcome);
      answer->isDone = true;
      answer->changed.notify_one();
    });
    std::unique_lock lock(answer->lock);
    if (answer->changed.wait_for(lock, std::chrono::milliseconds(timeoutMs), [&] { return answer->isDone; }))
      return answer->outcome;
    return {ONBOX_NPU_TIMEOUT, std::string(plugin_.name) + ": no answer within " + std::to_string(timeoutMs) + " ms"};
  }

  const onbox_npu_plugin& plugin_;
  std::shared_ptr<Line> line_;
  onbox_npu_context* context_ = nullptr;
  DeviceFacts facts_{};
  std::mutex turn_;
  mutable std::mutex lock_;
  std::string lost_;
  std::shared_ptr<OpenDevice> kept_;
};

}  // namespace

std::shared_ptr<Device> Device::shared(const PluginChoice& choice, std::uint32_t timeoutMs) {
  static std::mutex lock;
  static std::map<std::pair<std::string, std::string>, std::weak_ptr<Device>> open;
  const std::scoped_lock turn(lock);
  std::weak_ptr<Device>& known = open[{choice.path, choice.options}];
  std::shared_ptr<Device> device = known.lock();
  if (device == nullptr) {
    device = std::make_shared<OpenDevice>(choice, timeoutMs);
    known = device;
  }
  return device;
}

}  // namespace onbox::npu
