// Field by field from what the drivers say to JavaScript's OpenclPlatform.

#include "bindings/opencl_binding.h"

#include <sstream>
#include <string>

#include "bindings/arguments.h"
#include "opencl/devices.h"

namespace onbox {

namespace {

Napi::Array toWords(Napi::Env env, const std::string& text) {
  auto list = Napi::Array::New(env);
  std::istringstream words(text);
  for (std::string word; words >> word;) list.Set(list.Length(), word);
  return list;
}

Napi::Object toObject(Napi::Env env, const cl::DeviceFacts& facts) {
  auto device = Napi::Object::New(env);
  const auto number = [&](const char* name, std::uint64_t value) { device.Set(name, static_cast<double>(value)); };
  device.Set("name", facts.name);
  device.Set("vendor", facts.vendor);
  device.Set("driver", facts.driver);
  device.Set("version", facts.version);
  device.Set("type", facts.type);
  device.Set("isAvailable", facts.isAvailable);
  device.Set("hasCompiler", facts.hasCompiler);
  device.Set("extensions", toWords(env, facts.extensions));
  number("units", facts.units);
  number("megahertz", facts.megahertz);
  number("globalBytes", facts.globalBytes);
  number("allocBytesMax", facts.allocBytesMax);
  number("cacheLineBytes", facts.cacheLineBytes);
  number("cacheBytes", facts.cacheBytes);
  number("localBytes", facts.localBytes);
  device.Set("isLocalDedicated", facts.isLocalDedicated);
  device.Set("isMemoryUnified", facts.isMemoryUnified);
  number("workGroupMax", facts.workGroupMax);
  auto items = Napi::Array::New(env);
  for (const std::uint64_t extent : facts.workItemMax) items.Set(items.Length(), static_cast<double>(extent));
  device.Set("workItemMax", items);
  number("floatLanes", facts.floatLanes);
  number("halfLanes", facts.halfLanes);
  return device;
}

Napi::Object toObject(Napi::Env env, const cl::PlatformFacts& facts) {
  auto platform = Napi::Object::New(env);
  platform.Set("library", facts.library);
  platform.Set("name", facts.name);
  platform.Set("vendor", facts.vendor);
  platform.Set("version", facts.version);
  auto devices = Napi::Array::New(env);
  for (const cl::DeviceFacts& device : facts.devices) devices.Set(devices.Length(), toObject(env, device));
  platform.Set("devices", devices);
  return platform;
}

}  // namespace

Napi::Value listOpencl(const Napi::CallbackInfo& info) {
  return translateErrors(info.Env(), [&]() -> Napi::Value {
    auto platforms = Napi::Array::New(info.Env());
    for (const cl::PlatformFacts& platform : cl::listPlatforms(readTexts(info[0], "libraries"))) {
      platforms.Set(platforms.Length(), toObject(info.Env(), platform));
    }
    return platforms;
  });
}

}  // namespace onbox
