// An opened OpenCL device: its context, shared by all sessions of the process, and queues and buffers made in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include "opencl/api.h"
#include "opencl/handles.h"

namespace onbox::cl {

struct DeviceOptions {
  std::string library;
  /** As `findDevice` takes them. */
  std::uint64_t platform;
  std::uint64_t device;
  /** Whether it maps the host's memory. */
  bool isMemoryUnified;

  [[nodiscard]] bool operator<(const DeviceOptions& other) const noexcept {
    return std::tie(library, platform, device, isMemoryUnified) <
           std::tie(other.library, other.platform, other.device, other.isMemoryUnified);
  }
};

/** Owns the context of one device. Any thread. */
class DeviceContext {
 public:
  /** The context of this device, shared for as long as one session holds it. @throws Failure `opencl-missing`, `opencl-failed`
   */
  static std::shared_ptr<DeviceContext> shared(const DeviceOptions& options);

  explicit DeviceContext(const DeviceOptions& options);

  [[nodiscard]] const Api& api() const noexcept { return api_; }
  [[nodiscard]] Device* device() const noexcept { return device_; }
  [[nodiscard]] Context* context() const noexcept { return context_.get(); }
  [[nodiscard]] bool isMemoryUnified() const noexcept { return isMemoryUnified_; }

  /** In order; `isTimed` keeps the times of events. @throws Failure `opencl-failed` */
  [[nodiscard]] Owner<Queue> createQueue(bool isTimed) const;

  /**
   * A buffer of at least `bytes` bytes, where host and device share memory in a place that both can map.
   * @throws Failure `opencl-failed` saying `name` and both sizes
   */
  [[nodiscard]] Owner<Memory> createBuffer(std::size_t bytes, Bits access, const std::string& name) const;

 private:
  const Api& api_;
  Device* device_ = nullptr;
  Owner<Context> context_;
  bool isMemoryUnified_;
  std::uint64_t allocBytesMax_ = 0;
};

}  // namespace onbox::cl
