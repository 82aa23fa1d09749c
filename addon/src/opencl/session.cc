// A run is a loop that enqueues kernels whose arguments are in place; the device is waited for once, with the outputs.

#include "opencl/session.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "failure.h"
#include "opencl/check.h"
#include "opencl/transfer.h"

namespace onbox::cl {

namespace {

/** Drivers of Mali begin with the work when they are told to or their queue is full: early, so that it overlaps the enqueueing.
 */
constexpr std::size_t kLaunchesPerFlush = 4;

std::string quote(std::size_t value) { return std::to_string(value); }

std::size_t itemsOf(const Grid& grid) { return grid[0] * grid[1] * grid[2]; }

double eventNanoseconds(const Api& api, Event* event) {
  Ulong start = 0;
  Ulong end = 0;
  check(api.clGetEventProfilingInfo(event, kProfilingCommandStart, sizeof(start), &start, nullptr), "clGetEventProfilingInfo");
  check(api.clGetEventProfilingInfo(event, kProfilingCommandEnd, sizeof(end), &end, nullptr), "clGetEventProfilingInfo");
  return static_cast<double>(end - start);
}

/** The arena and the team of threads, for the launches on the CPU that follow each other. */
struct CpuTurn {
  Mapping arena;
  std::unique_lock<std::mutex> turn;
};

}  // namespace

ClSession::ClSession(const ClSessionOptions& options)
    : device_(DeviceContext::shared(options.device)),
      api_(device_->api()),
      workGroupMax_(options.workGroupMax),
      localBytesMax_(options.localBytesMax),
      weightsFile_(options.weights),
      host_(std::make_shared<Arena>(options.arenaBytes)),
      queue_(device_->createQueue(false)),
      program_(buildProgram(*device_, options.program)),
      arena_(device_->createBuffer(options.arenaBytes, kMemReadWrite, "the arena")),
      weights_(device_->createBuffer(weightsFile_.bytes(), kMemReadOnly, "the weights")),
      inputBytes_(options.inputBytes),
      inputs_(options.inputBytes.size()),
      bound_(options.inputBytes.size()),
      outputs_(options.outputs) {
  if (std::max(options.arenaBytes, weightsFile_.bytes()) > UINT32_MAX) {
    throw Failure("module-plan", "arena and weights of an OpenCL module have less than 4 GiB each");
  }
  if (!options.object.empty()) {
    object_.emplace(options.object);
    pool_ = ThreadPool::shared(options.threads);
  }
  for (const auto& [offset, bytes] : outputs_) {
    if (offset > host_->bytes() || bytes > host_->bytes() - offset) {
      throw Failure("module-plan", "an output ends beyond the " + quote(host_->bytes()) + " bytes of the arena");
    }
  }
  plans_.reserve(options.plans.size());
  for (std::size_t i = 0; i < options.plans.size(); ++i) plans_.push_back(resolvePlan(i, options.plans[i]));
  writeBuffer(*device_, queue_.get(), weights_.get(), 0, {weightsFile_.data(), weightsFile_.bytes()});
}

ClSession::Plan ClSession::resolvePlan(std::size_t index, const std::vector<AnyLaunch>& launches) {
  Plan plan;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const std::string where = "launch " + quote(i) + " of plan " + quote(index);
    std::visit(
        [&](const auto& launch) {
          for (const BufferRef& buffer : launch.buffers) {
            checkBuffer(buffer, where);
            if (buffer.space == Space::input) plan.inputs.push_back(buffer.offset);
          }
          plan.steps.emplace_back(resolve(launch, where));
        },
        launches[i]);
  }
  std::sort(plan.inputs.begin(), plan.inputs.end());
  plan.inputs.erase(std::unique(plan.inputs.begin(), plan.inputs.end()), plan.inputs.end());
  return plan;
}

ClSession::CpuStep ClSession::resolve(const NpuLaunch& /*launch*/, const std::string& where) {
  throw Failure("module-plan", where + " is a region on the NPU, which stands in no plan with OpenCL");
}

ClSession::CpuStep ClSession::resolve(const Launch& launch, const std::string& where) const {
  if (object_ && !launch.routine.empty()) return {requireRoutine(launch, where), launch.extent, launch.buffers};
  if (!object_ || launch.kernel >= object_->module().kernel_count || object_->module().kernels[launch.kernel] == nullptr) {
    throw Failure("module-plan", where + " names kernel " + quote(launch.kernel) + ", which has no code for the CPU");
  }
  return {object_->module().kernels[launch.kernel], launch.extent, launch.buffers};
}

ClSession::DeviceStep ClSession::resolve(const ClLaunch& launch, const std::string& where) {
  std::string name("k");
  name += quote(launch.kernel);
  Int status = kSuccess;
  Owner<Kernel> kernel{api_.clCreateKernel(program_.get(), name.c_str(), &status), {api_.clReleaseKernel}};
  check(status, "clCreateKernel", [&] { return name + ", " + where; });
  checkKernel(kernel.get(), launch, where);
  setArguments(kernel.get(), launch.buffers, where);
  return {std::move(kernel), launch.global, launch.local};
}

/** Before anything is enqueued: some drivers run what is too large and compute nonsense. */
void ClSession::checkKernel(Kernel* kernel, const ClLaunch& launch, const std::string& where) const {
  const auto ask = [&]<typename Value>(Uint what, Value value) {
    check(api_.clGetKernelWorkGroupInfo(kernel, device_->device(), what, sizeof(value), &value, nullptr),
          "clGetKernelWorkGroupInfo", [&] { return where; });
    return value;
  };
  const std::size_t itemsMax = std::min(workGroupMax_, ask(kKernelWorkGroupSize, std::size_t{0}));
  if (itemsOf(launch.local) > itemsMax) {
    throw Failure("module-plan", where + " wants work-groups of " + quote(itemsOf(launch.local)) + " items, kernel k" +
                                     quote(launch.kernel) + " allows " + quote(itemsMax));
  }
  const Grid compiled = ask(kKernelCompileWorkGroupSize, Grid{});
  if (compiled[0] != 0 && compiled != launch.local) {
    throw Failure("module-plan", where + " has another work-group than its kernel k" + quote(launch.kernel));
  }
  const Ulong localBytes = ask(kKernelLocalMemSize, Ulong{0});
  if (localBytes > localBytesMax_) {
    throw Failure("module-plan", where + " uses " + quote(localBytes) + " bytes of local memory, the device has " +
                                     quote(localBytesMax_) + " that are worth using");
  }
}

void ClSession::setArguments(Kernel* kernel, const std::vector<BufferRef>& buffers, const std::string& where) {
  Uint count = 0;
  check(api_.clGetKernelInfo(kernel, kKernelNumArgs, sizeof(count), &count, nullptr), "clGetKernelInfo");
  if (count != 2 * buffers.size()) {
    throw Failure("module-plan", where + " has " + quote(buffers.size()) + " buffers, its kernel takes " + quote(count) +
                                     " arguments instead of two for each");
  }
  const auto set = [&](std::size_t index, std::size_t bytes, const void* value) {
    check(api_.clSetKernelArg(kernel, static_cast<Uint>(index), bytes, value), "clSetKernelArg",
          [&] { return "argument " + quote(index) + ", " + where; });
  };
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    Memory* memory = memoryOf(buffers[i]);
    const Uint offset = buffers[i].space == Space::input ? 0 : static_cast<Uint>(buffers[i].offset);
    set(i, sizeof(void*), &memory);
    set(buffers.size() + i, sizeof(offset), &offset);
  }
}

Memory* ClSession::memoryOf(const BufferRef& buffer) {
  if (buffer.space == Space::arena) return arena_.get();
  if (buffer.space == Space::weights) return weights_.get();
  Owner<Memory>& input = inputs_[buffer.offset];
  if (!input) input = device_->createBuffer(inputBytes_[buffer.offset], kMemReadOnly, "input " + quote(buffer.offset));
  return input.get();
}

void ClSession::checkBuffer(const BufferRef& buffer, const std::string& where) const {
  if (buffer.space == Space::input) {
    if (buffer.offset < inputBytes_.size()) return;
    throw Failure("module-plan", where + " reads input " + quote(buffer.offset) + ", there are " + quote(inputBytes_.size()));
  }
  const std::size_t bytes = buffer.space == Space::arena ? host_->bytes() : weightsFile_.bytes();
  if (buffer.offset < bytes && buffer.offset % ONBOX_BUFFER_ALIGNMENT == 0) return;
  throw Failure("module-plan",
                where + " has a buffer at byte " + quote(buffer.offset) + " of " + quote(bytes) + ", where none may begin");
}

void ClSession::bind(std::size_t plan, std::span<const InputBytes> inputs) {
  if (plan >= plans_.size()) {
    throw Failure("module-plan", "there is no plan " + quote(plan) + ", the session has " + quote(plans_.size()));
  }
  for (const std::size_t input : plans_[plan].inputs) {
    bound_[input] = requireInput(plan, input, inputs, inputBytes_[input]).first(inputBytes_[input]);
  }
}

void ClSession::run(std::size_t plan, std::span<double> nanoseconds) {
  const Plan& steps = plans_[plan];
  Queue* queue = nanoseconds.empty() ? queue_.get() : timedQueue();
  std::vector<Owner<Event>> events(nanoseconds.size());
  try {
    for (const std::size_t input : steps.inputs) {
      if (inputs_[input]) writeBuffer(*device_, queue, inputs_[input].get(), 0, bound_[input]);
    }
    enqueuePlan(steps, queue, events, nanoseconds);
    readOutputs(queue);
  } catch (...) {
    // Nothing may still be running when the caller lets go of what it uses.
    api_.clFinish(queue);
    throw;
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i]) nanoseconds[i] = eventNanoseconds(api_, events[i].get());
  }
}

void ClSession::enqueuePlan(const Plan& plan, Queue* queue, std::span<Owner<Event>> events, std::span<double> nanoseconds) {
  std::optional<CpuTurn> cpu;
  std::size_t unflushed = 0;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (const auto* step = std::get_if<CpuStep>(&plan.steps[i])) {
      if (!cpu) {
        cpu.emplace(CpuTurn{{api_, queue, arena_.get(), 0, host_->bytes(), kMapRead | kMapWrite, true}, pool_->takeTurn()});
      }
      runOnCpu(*step, cpu->arena.data(), nanoseconds.empty() ? nullptr : &nanoseconds[i]);
      continue;
    }
    cpu.reset();
    enqueue(std::get<DeviceStep>(plan.steps[i]), queue, events.empty() ? nullptr : &events[i]);
    if (++unflushed % kLaunchesPerFlush == 0) check(api_.clFlush(queue), "clFlush");
  }
}

void ClSession::enqueue(const DeviceStep& step, Queue* queue, Owner<Event>* event) const {
  Event* made = nullptr;
  const Int status = api_.clEnqueueNDRangeKernel(queue, step.kernel.get(), 3, nullptr, step.global.data(), step.local.data(), 0,
                                                 nullptr, event == nullptr ? nullptr : &made);
  if (made != nullptr) *event = {made, {api_.clReleaseEvent}};
  check(status, "clEnqueueNDRangeKernel");
}

void ClSession::runOnCpu(const CpuStep& step, std::byte* arena, double* nanoseconds) const {
  std::vector<void*> pointers;
  pointers.reserve(step.buffers.size());
  for (const auto& [space, offset] : step.buffers) {
    if (space == Space::input) {
      pointers.push_back(bound_[offset].data());
    } else {
      pointers.push_back((space == Space::arena ? arena : weightsFile_.data()) + offset);
    }
  }
  const auto start = std::chrono::steady_clock::now();
  pool_->launch(step.kernel, pointers.data(), step.extent);
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  if (nanoseconds != nullptr) *nanoseconds = time.count();
}

void ClSession::readOutputs(Queue* queue) {
  std::vector<Reading> readings;
  readings.reserve(outputs_.size());
  for (const auto& [offset, bytes] : outputs_) {
    if (bytes != 0) readings.push_back({offset, {host_->data() + offset, bytes}});
  }
  readBuffer(*device_, queue, arena_.get(), readings);
}

Queue* ClSession::timedQueue() {
  if (!timedQueue_) timedQueue_ = device_->createQueue(true);
  return timedQueue_.get();
}

bool ClSession::isShown(std::size_t offset, std::size_t bytes) const noexcept {
  return std::any_of(outputs_.begin(), outputs_.end(), [&](const Region& output) {
    return offset >= output.offset && offset + bytes <= output.offset + output.bytes;
  });
}

void ClSession::fetch(std::size_t offset, std::size_t bytes) {
  if (bytes == 0) return;
  const Reading reading{offset, {host_->data() + offset, bytes}};
  readBuffer(*device_, queue_.get(), arena_.get(), {&reading, 1});
}

void ClSession::commit(std::size_t offset, std::size_t bytes) {
  writeBuffer(*device_, queue_.get(), arena_.get(), offset, {host_->data() + offset, bytes});
}

}  // namespace onbox::cl
