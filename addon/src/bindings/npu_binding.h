// NativeAddon.askNpu of addon/index.ts.
#pragma once

#include <napi.h>

namespace onbox {

/** JavaScript thread only. */
Napi::Value askNpu(const Napi::CallbackInfo& info);

}  // namespace onbox
