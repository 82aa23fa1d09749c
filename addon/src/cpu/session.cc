// Resolves plans to pointers once, so that a run is a loop over function pointers.

#include "cpu/session.h"

#include <algorithm>
#include <chrono>

#include "cpu/mapped_file.h"
#include "failure.h"

namespace onbox {

namespace {

std::string quote(std::size_t value) { return std::to_string(value); }

/** The weights once more, for as long as a plugin may read them, which may be longer than the session lives. */
npu::Constants mapConstants(const std::string& path) {
  struct Kept {
    MappedFile file;
    std::span<const std::byte> view;
    explicit Kept(const std::string& from) : file(from), view(file.data(), file.bytes()) {}
  };
  const auto kept = std::make_shared<Kept>(path);
  return {kept, &kept->view};
}

}  // namespace

Session::Session(const SessionOptions& options)
    : object_(options.object),
      weights_(options.weights),
      arena_(std::make_shared<Arena>(options.arenaBytes)),
      inputBytes_(options.inputBytes) {
  regions_.reserve(options.npu.regions.size());
  for (std::size_t i = 0; i < options.npu.regions.size(); ++i) {
    regions_.push_back(std::make_unique<npu::Region>(options.npu, i, mapConstants(options.weights)));
  }
  plans_.reserve(options.plans.size());
  for (std::size_t i = 0; i < options.plans.size(); ++i) plans_.push_back(resolvePlan(i, options.plans[i]));
  pool_ = ThreadPool::shared(options.threads);
}

Session::Plan Session::resolvePlan(std::size_t index, const std::vector<std::variant<Launch, NpuLaunch>>& launches) const {
  Plan plan;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const std::string where = "launch " + quote(i) + " of plan " + quote(index);
    std::visit(
        [&](const auto& launch) {
          plan.launches.push_back(resolve(launch, plan.pointers.size(), where));
          for (const BufferRef& buffer : launch.buffers) {
            if (buffer.space == Space::input) plan.inputs.push_back({plan.pointers.size(), buffer.offset});
            plan.pointers.push_back(resolveBuffer(buffer, where));
          }
        },
        launches[i]);
    const ResolvedLaunch& last = plan.launches.back();
    if (last.region != nullptr && static_cast<std::size_t>(last.extent) >= launches.size() - i) {
      throw Failure("module-plan",
                    where + " leaves out " + quote(static_cast<std::size_t>(last.extent)) + " steps, which are not there");
    }
  }
  return plan;
}

Session::ResolvedLaunch Session::resolve(const Launch& launch, std::size_t firstPointer, const std::string& where) const {
  if (!launch.routine.empty()) return {requireRoutine(launch, where), launch.extent, nullptr, firstPointer};
  const onbox_module& module = object_.module();
  if (launch.kernel >= module.kernel_count) {
    throw Failure("module-plan",
                  where + " names kernel " + quote(launch.kernel) + ", the module has " + quote(module.kernel_count));
  }
  if (module.kernels[launch.kernel] == nullptr) {
    throw Failure("module-plan", where + " names kernel " + quote(launch.kernel) + ", which has no code for the CPU");
  }
  return {module.kernels[launch.kernel], launch.extent, nullptr, firstPointer};
}

/** Its buffers are held against their whole length: what a plugin computes is written there by the addon itself. */
Session::ResolvedLaunch Session::resolve(const NpuLaunch& launch, std::size_t firstPointer, const std::string& where) const {
  if (launch.region >= regions_.size()) {
    throw Failure("module-plan", where + " names region " + quote(launch.region) + ", there are " + quote(regions_.size()));
  }
  npu::Region& region = *regions_[launch.region];
  if (launch.buffers.size() != region.bufferCount()) {
    throw Failure("module-plan",
                  where + " has " + quote(launch.buffers.size()) + " buffers, its region " + quote(region.bufferCount()));
  }
  for (std::size_t i = 0; i < launch.buffers.size(); ++i) {
    const auto& [space, offset] = launch.buffers[i];
    const std::size_t bytes = region.bufferBytes(i);
    const bool fits = space == Space::arena
                          ? offset <= arena_->bytes() && bytes <= arena_->bytes() - offset
                          : space == Space::input && offset < inputBytes_.size() && bytes <= inputBytes_[offset];
    if (!fits)
      throw Failure("module-plan", where + " has a buffer of " + quote(bytes) + " bytes, which does not end where it should");
  }
  return {nullptr, launch.fallback, &region, firstPointer};
}

std::vector<npu::RegionState> Session::npu() const {
  std::vector<npu::RegionState> states;
  states.reserve(regions_.size());
  for (const auto& region : regions_) states.push_back(region->state());
  return states;
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
      i += runStep(launch, buffers);
      continue;
    }
    const auto start = Clock::now();
    const std::size_t leftOut = runStep(launch, buffers);
    nanoseconds[i] = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    i += leftOut;
  }
}

std::size_t Session::runStep(const ResolvedLaunch& launch, void* const* buffers) noexcept {
  if (launch.region != nullptr) return launch.region->run(buffers) ? static_cast<std::size_t>(launch.extent) : 0;
  pool_->launch(launch.kernel, buffers, launch.extent);
  return 0;
}

}  // namespace onbox
