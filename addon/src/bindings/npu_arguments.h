// Reads NpuOptions and its parts of addon/index.ts.
#pragma once

#include <napi.h>

#include "npu/region.h"

namespace onbox {

/** @throws Failure `native-argument` naming the field */
npu::NpuOptions readNpuOptions(const Napi::Value& value);

/** @throws Failure `native-argument` naming the field */
npu::PluginChoice readPlugin(const Napi::Value& value, const std::string& name);

/** @throws Failure `native-argument` naming the field */
npu::SubgraphSpec readSubgraph(const Napi::Value& value, const std::string& name);

}  // namespace onbox
