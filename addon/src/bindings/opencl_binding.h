// NativeAddon.listOpencl of addon/index.ts.
#pragma once

#include <napi.h>

namespace onbox {

/** JavaScript thread only. */
Napi::Value listOpencl(const Napi::CallbackInfo& info);

}  // namespace onbox
