// A plugin of onbox_npu.h in memory: loaded once, checked, and never unloaded.
#pragma once

#include <string>

#include "onbox_npu.h"

namespace onbox::npu {

/**
 * Loads a plugin. It stays until the process ends: vendor libraries keep threads that do not survive dlclose. Any thread.
 * @param path absolute
 * @throws Failure `npu-plugin` if it does not load, has no entry, speaks another version, or lacks a function
 */
const onbox_npu_plugin& loadPlugin(const std::string& path);

}  // namespace onbox::npu
