// Opens modules with dlopen and believes nothing before the size and ABI of their table have been checked.

#include "cpu/shared_object.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "cpu/file_descriptor.h"

namespace onbox {

namespace {

const char* lastError() noexcept {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

/** Reads `bytes` bytes at `offset`. @returns false if the file has fewer */
bool readAt(int file, void* target, std::size_t bytes, std::uint64_t offset) noexcept {
  return pread(file, target, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

/** The loader maps what the header promises and dies of SIGBUS where a file was cut off, so the promise is checked first. */
bool isWhole(int file) {
  struct stat facts {};
  ElfW(Ehdr) header{};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || !readAt(file, &header, sizeof(header), 0)) return false;
  if (!std::equal(header.e_ident, header.e_ident + SELFMAG, ELFMAG) || header.e_phentsize != sizeof(ElfW(Phdr))) return false;
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  if (!readAt(file, segments.data(), segments.size() * sizeof(ElfW(Phdr)), header.e_phoff)) return false;
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  return std::all_of(segments.begin(), segments.end(), [size](const ElfW(Phdr) & segment) {
    return segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset;
  });
}

/**
 * The same path, spelled as none before it. The C library gives back an object that it has already loaded when the name is the
 * same, even if another file has taken that name since, as a rebuilt module does.
 */
std::string spellAnew(const std::string& path) {
  static std::atomic<std::uint64_t> count{0};
  std::string prefix;
  for (std::uint64_t bits = ++count; bits != 0; bits >>= 1U) prefix += (bits & 1U) != 0 ? "//." : "/.";
  return prefix + path;
}

/** @returns the loader's handle; never null */
void* load(const std::string& path) {
  if (path.empty() || path.front() != '/') throw Failure("module-open", "module \"" + path + "\" is not an absolute path");
  if (!isWhole(FileDescriptor(path, "module-open").value())) {
    throw Failure("module-open", "module \"" + path + "\" is not a whole shared object");
  }
  void* handle = dlopen(spellAnew(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw Failure("module-open", "cannot load module \"" + path + "\": " + lastError());
  return handle;
}

/** @returns the module's table, as it is in the file */
const onbox_module* findTable(void* handle, const std::string& path) {
  const auto* module = static_cast<const onbox_module*>(dlsym(handle, "onbox_module_v1"));
  if (module == nullptr) throw Failure("module-abi", "\"" + path + "\" does not export onbox_module_v1");
  return module;
}

void checkTable(const onbox_module& module, const std::string& path) {
  const std::string name = "module \"" + path + "\" ";
  if (module.struct_size != sizeof(onbox_module)) {
    throw Failure("module-abi", name + "has a table of " + std::to_string(module.struct_size) + " bytes, this onbox wants " +
                                    std::to_string(sizeof(onbox_module)));
  }
  if (module.abi != ONBOX_MODULE_ABI) {
    throw Failure("module-abi",
                  name + "has ABI " + std::to_string(module.abi) + ", this onbox wants " + std::to_string(ONBOX_MODULE_ABI));
  }
  if (module.kernel_count != 0 && module.kernels == nullptr) {
    throw Failure("module-abi", name + "counts " + std::to_string(module.kernel_count) + " kernels and has no table of them");
  }
}

}  // namespace

void SharedObject::Close::operator()(void* handle) const noexcept { dlclose(handle); }

SharedObject::SharedObject(const std::string& path) : handle_(load(path)), module_(findTable(handle_.get(), path)) {
  checkTable(*module_, path);
}

}  // namespace onbox
