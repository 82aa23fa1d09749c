// Queries: sizes are asked for first, as drivers disagree about what ends a string.

#include "opencl/devices.h"

#include <algorithm>
#include <cstddef>

#include "failure.h"
#include "opencl/check.h"
#include "opencl/library.h"

namespace onbox::cl {

namespace {

constexpr std::size_t kTextMax = std::size_t{1} << 16U;

/** `query(bytes, target, &needed)` is one of the clGet…Info calls. */
template <typename Query>
std::string readText(const Query& query, const char* call) {
  std::size_t bytes = 0;
  check(query(0, nullptr, &bytes), call);
  if (bytes > kTextMax)
    throw Failure("opencl-failed", std::string(call) + " has a text of " + std::to_string(bytes) + " bytes");
  std::string text(bytes, '\0');
  if (bytes != 0) check(query(bytes, text.data(), nullptr), call);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

std::string platformText(const Api& api, Platform* platform, Uint what) {
  return readText([&](std::size_t bytes, void* target,
                      std::size_t* needed) { return api.clGetPlatformInfo(platform, what, bytes, target, needed); },
                  "clGetPlatformInfo");
}

std::string deviceText(const Api& api, Device* device, Uint what) {
  return readText([&](std::size_t bytes, void* target,
                      std::size_t* needed) { return api.clGetDeviceInfo(device, what, bytes, target, needed); },
                  "clGetDeviceInfo");
}

template <typename Number>
Number deviceNumber(const Api& api, Device* device, Uint what) {
  Number number{};
  check(api.clGetDeviceInfo(device, what, sizeof(number), &number, nullptr), "clGetDeviceInfo");
  return number;
}

std::string typeName(Bits type) {
  if ((type & kDeviceTypeGpu) != 0) return "gpu";
  return (type & kDeviceTypeCpu) != 0 ? "cpu" : "other";
}

/** The first three; a device may have more dimensions. */
std::array<std::uint64_t, 3> workItemMax(const Api& api, Device* device) {
  std::size_t bytes = 0;
  check(api.clGetDeviceInfo(device, kDeviceMaxWorkItemSizes, 0, nullptr, &bytes), "clGetDeviceInfo");
  std::vector<std::size_t> sizes(std::clamp<std::size_t>(bytes / sizeof(std::size_t), 3, 64), 1);
  check(api.clGetDeviceInfo(device, kDeviceMaxWorkItemSizes, sizes.size() * sizeof(std::size_t), sizes.data(), nullptr),
        "clGetDeviceInfo");
  return {sizes[0], sizes[1], sizes[2]};
}

DeviceFacts describe(const Api& api, Device* device) {
  const auto text = [&](Uint what) { return deviceText(api, device, what); };
  const auto word = [&](Uint what) { return deviceNumber<Uint>(api, device, what); };
  const auto longWord = [&](Uint what) { return deviceNumber<Ulong>(api, device, what); };
  return {
      .name = text(kDeviceName),
      .vendor = text(kDeviceVendor),
      .driver = text(kDriverVersion),
      .version = text(kDeviceVersion),
      .type = typeName(longWord(kDeviceType)),
      .isAvailable = word(kDeviceAvailable) != 0,
      .hasCompiler = word(kDeviceCompilerAvailable) != 0,
      .extensions = text(kDeviceExtensions),
      .units = word(kDeviceMaxComputeUnits),
      .megahertz = word(kDeviceMaxClockFrequency),
      .globalBytes = longWord(kDeviceGlobalMemSize),
      .allocBytesMax = longWord(kDeviceMaxMemAllocSize),
      .cacheLineBytes = word(kDeviceGlobalMemCachelineSize),
      .cacheBytes = longWord(kDeviceGlobalMemCacheSize),
      .localBytes = longWord(kDeviceLocalMemSize),
      .isLocalDedicated = word(kDeviceLocalMemType) == kLocalMemTypeLocal,
      .isMemoryUnified = word(kDeviceHostUnifiedMemory) != 0,
      .workGroupMax = deviceNumber<std::size_t>(api, device, kDeviceMaxWorkGroupSize),
      .workItemMax = workItemMax(api, device),
      .floatLanes = word(kDevicePreferredVectorWidthFloat),
      .halfLanes = word(kDevicePreferredVectorWidthHalf),
  };
}

std::vector<Platform*> platformsOf(const Api& api) {
  Uint count = 0;
  const Int status = api.clGetPlatformIDs(0, nullptr, &count);
  if (status == kPlatformNotFound) return {};
  check(status, "clGetPlatformIDs");
  if (count == 0) return {};
  std::vector<Platform*> platforms(count, nullptr);
  check(api.clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs");
  return platforms;
}

std::vector<Device*> devicesOf(const Api& api, Platform* platform) {
  Uint count = 0;
  const Int status = api.clGetDeviceIDs(platform, kDeviceTypeAll, 0, nullptr, &count);
  if (status == kDeviceNotFound) return {};
  check(status, "clGetDeviceIDs");
  if (count == 0) return {};
  std::vector<Device*> devices(count, nullptr);
  check(api.clGetDeviceIDs(platform, kDeviceTypeAll, count, devices.data(), nullptr), "clGetDeviceIDs");
  return devices;
}

PlatformFacts describe(const Api& api, Platform* platform, const std::string& library) {
  std::vector<DeviceFacts> devices;
  for (Device* device : devicesOf(api, platform)) devices.push_back(describe(api, device));
  const auto text = [&](Uint what) { return platformText(api, platform, what); };
  return {library, text(kPlatformName), text(kPlatformVendor), text(kPlatformVersion), std::move(devices)};
}

template <typename Object>
Object* pick(const std::vector<Object*>& list, std::uint64_t number, const std::string& what) {
  if (number < list.size()) return list[number];
  throw Failure("opencl-missing", "there is no OpenCL " + what + " " + std::to_string(number) + ", this machine has " +
                                      std::to_string(list.size()));
}

}  // namespace

std::vector<PlatformFacts> listPlatforms(const std::vector<std::string>& libraries) {
  std::string reasons;
  bool isLoaded = false;
  for (const std::string& library : libraries) {
    try {
      const Api& api = openLibrary(library);
      isLoaded = true;
      std::vector<PlatformFacts> platforms;
      for (Platform* platform : platformsOf(api)) platforms.push_back(describe(api, platform, library));
      if (!platforms.empty()) return platforms;
    } catch (const Failure& failure) {
      if (failure.code() != "opencl-missing") throw;
      reasons += (reasons.empty() ? "" : "; ") + std::string(failure.what());
    }
  }
  if (!isLoaded) throw Failure("opencl-missing", "no OpenCL library loads: " + reasons);
  return {};
}

DeviceChoice findDevice(const Api& api, std::uint64_t platform, std::uint64_t device) {
  Platform* chosen = pick(platformsOf(api), platform, "platform");
  return {chosen, pick(devicesOf(api, chosen), device, "device")};
}

}  // namespace onbox::cl
