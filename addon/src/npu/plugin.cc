// Believes nothing of a plugin before its version, size and functions have been seen.

#include "npu/plugin.h"

#include <dlfcn.h>

#include <bit>
#include <cstddef>
#include <map>
#include <mutex>

#include "failure.h"

namespace onbox::npu {

namespace {

Failure refuse(const std::string& path, const std::string& why) { return {"npu-plugin", "plugin \"" + path + "\" " + why}; }

const onbox_npu_plugin& load(const std::string& path) {
  if (path.empty() || path.front() != '/') throw refuse(path, "is not an absolute path");
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw refuse(path, std::string("does not load: ") + (reason == nullptr ? "unknown error" : reason));
  }
  const auto entry = std::bit_cast<onbox_npu_entry_function>(dlsym(handle, "onbox_npu_entry"));
  if (entry == nullptr) throw refuse(path, "has no onbox_npu_entry");
  const onbox_npu_plugin* table = entry(ONBOX_NPU_ABI);
  if (table == nullptr) throw refuse(path, "does not speak version 1 of the ABI");
  if (ONBOX_NPU_ABI_MAJOR(table->abi_version) != ONBOX_NPU_ABI_MAJOR(ONBOX_NPU_ABI)) {
    throw refuse(path, "speaks version " + std::to_string(ONBOX_NPU_ABI_MAJOR(table->abi_version)) + " of the ABI, wanted 1");
  }
  // The optional members stand at the end; a table may end before them.
  constexpr std::size_t kSizeMin = offsetof(onbox_npu_plugin, save);
  if (table->struct_size < kSizeMin) {
    throw refuse(path, "has a table of " + std::to_string(table->struct_size) + " bytes, wanted " + std::to_string(kSizeMin));
  }
  const bool isWhole = table->name != nullptr && table->version != nullptr && table->open != nullptr &&
                       table->close != nullptr && table->last_error != nullptr && table->info != nullptr &&
                       table->run != nullptr && table->release != nullptr;
  if (!isWhole) throw refuse(path, "lacks a function that every plugin has");
  return *table;
}

}  // namespace

const onbox_npu_plugin& loadPlugin(const std::string& path) {
  static std::mutex lock;
  static std::map<std::string, const onbox_npu_plugin*> loaded;
  const std::scoped_lock turn(lock);
  const auto known = loaded.find(path);
  if (known != loaded.end()) return *known->second;
  const onbox_npu_plugin& table = load(path);
  loaded.emplace(path, &table);
  return table;
}

}  // namespace onbox::npu
