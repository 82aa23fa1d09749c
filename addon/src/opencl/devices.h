// What a library says of its platforms and their devices.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "opencl/api.h"

namespace onbox::cl {

/** OpenclFacts of addon/index.ts. */
struct DeviceFacts {
  std::string name;
  std::string vendor;
  std::string driver;
  std::string version;
  std::string type;
  bool isAvailable;
  bool hasCompiler;
  std::string extensions;
  std::uint64_t units;
  std::uint64_t megahertz;
  std::uint64_t globalBytes;
  std::uint64_t allocBytesMax;
  std::uint64_t cacheLineBytes;
  std::uint64_t cacheBytes;
  std::uint64_t localBytes;
  bool isLocalDedicated;
  bool isMemoryUnified;
  std::uint64_t workGroupMax;
  std::array<std::uint64_t, 3> workItemMax;
  std::uint64_t floatLanes;
  std::uint64_t halfLanes;
};

/** OpenclPlatform of addon/index.ts. */
struct PlatformFacts {
  std::string library;
  std::string name;
  std::string vendor;
  std::string version;
  std::vector<DeviceFacts> devices;
};

/** Those of the first library that has any. @throws Failure `opencl-missing` if none loads, `opencl-failed` */
std::vector<PlatformFacts> listPlatforms(const std::vector<std::string>& libraries);

struct DeviceChoice {
  Platform* platform;
  Device* device;
};

/** By the numbers that `listPlatforms` gives them. @throws Failure `opencl-missing`, `opencl-failed` */
DeviceChoice findDevice(const Api& api, std::uint64_t platform, std::uint64_t device);

}  // namespace onbox::cl
