// An NPU as all sessions of the process share it: one context, one thread that calls into it, and a deadline for every call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "onbox_npu.h"

namespace onbox::npu {

/** NpuPlugin of addon/index.ts. */
struct PluginChoice {
  std::string path;
  /** Lines KEY=VALUE for the plugin. */
  std::string options;
};

/** What a plugin says of itself and its device. */
struct DeviceFacts {
  std::string plugin;
  std::string version;
  std::string device;
  std::string runtime;
  std::string driver;
  std::uint32_t cores;
  std::uint64_t memoryBytes;
};

/** How a call ended. */
struct Outcome {
  std::int32_t status;
  /** Empty after success. */
  std::string reason;
};

/**
 * Owns a plugin's context and the thread that calls into it. Any thread may call. A call that exceeds its deadline cannot be
 * ended: its thread, its context and all that it may still write to are left behind, and the device is lost for good.
 */
class Device {
 public:
  using Call = std::function<std::int32_t(const onbox_npu_plugin& plugin, onbox_npu_context* context)>;

  /**
   * The device of this plugin with these options, opened by the first who asks and closed with the last
   * who holds it. A lost one stays lost until the process ends.
   * @throws Failure `npu-plugin`, or `npu-open` with the plugin's reason
   */
  static std::shared_ptr<Device> shared(const PluginChoice& choice, std::uint32_t timeoutMs);

  Device() = default;
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /**
   * Runs `call` on the device's thread, one after the other. `call` owns what it touches, because it may outlive its caller.
   * @returns DEVICE without calling where the device is lost; TIMEOUT if it did not end within `timeoutMs`
   */
  virtual Outcome call(const Call& call, std::uint32_t timeoutMs) = 0;

  /** Frees a graph behind the calls before it; left alone where the device is lost. Does not wait. */
  virtual void release(onbox_npu_graph* graph) noexcept = 0;

  [[nodiscard]] virtual const DeviceFacts& facts() const noexcept = 0;

  /** Why the device is lost; empty while it is not. */
  [[nodiscard]] virtual std::string lostReason() const = 0;
};

}  // namespace onbox::npu
