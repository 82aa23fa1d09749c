// Resolves plans to pointers once, so that a run is a loop over function pointers.

#include "cpu/session.h"

#include <algorithm>
#include <chrono>

#include "failure.h"

namespace onbox {

namespace {

std::string quote(std::size_t value) { return std::to_string(value); }

}  // namespace

Session::Session(const SessionOptions& options)
    : object_(options.object),
      weights_(options.weights),
      arena_(std::make_shared<Arena>(options.arenaBytes)),
      inputBytes_(options.inputBytes) {
  plans_.reserve(options.plans.size());
  for (std::size_t i = 0; i < options.plans.size(); ++i) plans_.push_back(resolvePlan(i, options.plans[i]));
  pool_ = ThreadPool::shared(options.threads);
}

Session::Plan Session::resolvePlan(std::size_t index, const std::vector<Launch>& launches) const {
  const onbox_module& module = object_.module();
  Plan plan;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const Launch& launch = launches[i];
    const std::string where = "launch " + quote(i) + " of plan " + quote(index);
    if (launch.kernel >= module.kernel_count) {
      throw Failure("module-plan",
                    where + " names kernel " + quote(launch.kernel) + ", the module has " + quote(module.kernel_count));
    }
    if (module.kernels[launch.kernel] == nullptr) {
      throw Failure("module-plan", where + " names kernel " + quote(launch.kernel) + ", which has no code for the CPU");
    }
    plan.launches.push_back({module.kernels[launch.kernel], launch.extent, plan.pointers.size()});
    for (const BufferRef& buffer : launch.buffers) {
      if (buffer.space == Space::input) plan.inputs.push_back({plan.pointers.size(), buffer.offset});
      plan.pointers.push_back(resolveBuffer(buffer, where));
    }
  }
  return plan;
}

/** An input's pointer is null until `bind`. */
void* Session::resolveBuffer(const BufferRef& buffer, const std::string& where) const {
  if (buffer.space == Space::input) {
    if (buffer.offset < inputBytes_.size()) return nullptr;
    throw Failure("module-plan", where + " reads input " + quote(buffer.offset) + ", there are " + quote(inputBytes_.size()));
  }
  const bool inArena = buffer.space == Space::arena;
  const std::string space = inArena ? "arena" : "weights";
  const std::size_t bytes = inArena ? arena_->bytes() : weights_.bytes();
  if (buffer.offset >= bytes) {
    throw Failure("module-plan", where + " has a buffer at byte " + quote(buffer.offset) + " of the " + space +
                                     ", which ends at " + quote(bytes));
  }
  if (buffer.offset % ONBOX_BUFFER_ALIGNMENT != 0) {
    throw Failure("module-plan", where + " has a buffer at byte " + quote(buffer.offset) + " of the " + space +
                                     ", which is not a multiple of " + quote(ONBOX_BUFFER_ALIGNMENT));
  }
  return (inArena ? arena_->data() : weights_.data()) + buffer.offset;
}

void Session::bind(std::size_t plan, std::span<const InputBytes> inputs) {
  if (plan >= plans_.size()) {
    throw Failure("module-plan", "there is no plan " + quote(plan) + ", the session has " + quote(plans_.size()));
  }
  for (const InputUse& use : plans_[plan].inputs) {
    plans_[plan].pointers[use.pointer] = requireInput(plan, use.input, inputs, inputBytes_[use.input]).data();
  }
}

void Session::run(std::size_t plan, std::span<double> nanoseconds) noexcept {
  using Clock = std::chrono::steady_clock;
  const Plan& steps = plans_[plan];
  const auto turn = pool_->takeTurn();
  for (std::size_t i = 0; i < steps.launches.size(); ++i) {
    const ResolvedLaunch& launch = steps.launches[i];
    void* const* buffers = steps.pointers.data() + launch.firstPointer;
    if (nanoseconds.empty()) {
      pool_->launch(launch.kernel, buffers, launch.extent);
      continue;
    }
    const auto start = Clock::now();
    pool_->launch(launch.kernel, buffers, launch.extent);
    nanoseconds[i] = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  }
}

}  // namespace onbox
