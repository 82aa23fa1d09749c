// The table of the addon's exports: NativeAddon of addon/index.ts.

#include <napi.h>
#include <sys/auxv.h>

#include <cstdint>

#include "bindings/npu_binding.h"
#include "bindings/opencl_binding.h"
#include "bindings/session_binding.h"

namespace onbox {

namespace {

/** What the kernel says the CPU can do. Only Arm's bits are told: x86 tells them in /proc/cpuinfo. */
Napi::Value hwcap(const Napi::CallbackInfo& info) {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
#if defined(__aarch64__)
  constexpr std::uint64_t kSafeIntegerMask = (std::uint64_t{1} << 53U) - 1;
  first = getauxval(AT_HWCAP) & kSafeIntegerMask;
  second = getauxval(AT_HWCAP2) & kSafeIntegerMask;
#endif
  auto result = Napi::Object::New(info.Env());
  result.Set("hwcap", Napi::Number::New(info.Env(), static_cast<double>(first)));
  result.Set("hwcap2", Napi::Number::New(info.Env(), static_cast<double>(second)));
  return result;
}

/** Each environment (main thread, worker) has its own class. */
Napi::Value createSession(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Napi::FunctionReference>()->New({info[0]});
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* constructor = new Napi::FunctionReference(Napi::Persistent(SessionBinding::define(env)));
  env.SetInstanceData(constructor);  // Deleted by the environment.
  exports.Set("createSession", Napi::Function::New(env, createSession, "createSession"));
  exports.Set("listOpencl", Napi::Function::New(env, listOpencl, "listOpencl"));
  exports.Set("askNpu", Napi::Function::New(env, askNpu, "askNpu"));
  exports.Set("hwcap", Napi::Function::New(env, hwcap, "hwcap"));
  return exports;
}

}  // namespace

}  // namespace onbox

// The macro defines a function that looks its argument up outside of our namespace.
namespace {
Napi::Object initOnbox(Napi::Env env, Napi::Object exports) { return onbox::init(env, exports); }
}  // namespace

NODE_API_MODULE(native, initOnbox)
