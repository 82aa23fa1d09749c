// Contexts are shared: each costs a GPU driver memory and threads, and an engine holds many models.

#include "opencl/device_context.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <mutex>

#include "failure.h"
#include "opencl/check.h"
#include "opencl/devices.h"
#include "opencl/library.h"

namespace onbox::cl {

namespace {

/** Vector accesses at the end of a buffer may reach past its last value. */
constexpr std::size_t kBufferMultiple = 64;

}  // namespace

std::shared_ptr<DeviceContext> DeviceContext::shared(const DeviceOptions& options) {
  static std::mutex lock;
  static std::map<DeviceOptions, std::weak_ptr<DeviceContext>> opened;
  const std::scoped_lock turn(lock);
  std::weak_ptr<DeviceContext>& known = opened[options];
  std::shared_ptr<DeviceContext> context = known.lock();
  if (!context) {
    context = std::make_shared<DeviceContext>(options);
    known = context;
  }
  return context;
}

DeviceContext::DeviceContext(const DeviceOptions& options)
    : api_(openLibrary(options.library)), isMemoryUnified_(options.isMemoryUnified) {
  const DeviceChoice choice = findDevice(api_, options.platform, options.device);
  device_ = choice.device;
  const std::array<Property, 3> properties{kContextPlatform, std::bit_cast<Property>(choice.platform), 0};
  Int status = kSuccess;
  context_ = {api_.clCreateContext(properties.data(), 1, &device_, nullptr, nullptr, &status), {api_.clReleaseContext}};
  check(status, "clCreateContext");
  check(api_.clGetDeviceInfo(device_, kDeviceMaxMemAllocSize, sizeof(allocBytesMax_), &allocBytesMax_, nullptr),
        "clGetDeviceInfo");
}

Owner<Queue> DeviceContext::createQueue(bool isTimed) const {
  Int status = kSuccess;
  Owner<Queue> queue{api_.clCreateCommandQueue(context(), device_, isTimed ? kQueueProfiling : 0, &status),
                     {api_.clReleaseCommandQueue}};
  check(status, "clCreateCommandQueue");
  return queue;
}

Owner<Memory> DeviceContext::createBuffer(std::size_t bytes, Bits access, const std::string& name) const {
  const std::size_t whole = (std::max<std::size_t>(bytes, 1) + kBufferMultiple - 1) / kBufferMultiple * kBufferMultiple;
  if (whole > allocBytesMax_) {
    throw Failure("opencl-failed", name + " has " + std::to_string(bytes) + " bytes, the device's buffers have at most " +
                                       std::to_string(allocBytesMax_));
  }
  Int status = kSuccess;
  // Of a discrete GPU that flag means memory of the host, which kernels would read across the bus.
  const Bits flags = access | (isMemoryUnified_ ? kMemAllocHostPtr : 0);
  Owner<Memory> memory{api_.clCreateBuffer(context(), flags, whole, nullptr, &status), {api_.clReleaseMemObject}};
  check(status, "clCreateBuffer", [&] { return name + " of " + std::to_string(bytes) + " bytes"; });
  return memory;
}

}  // namespace onbox::cl
