// Anonymous memory from mmap: zeroed by the kernel when first touched, and 2 MiB pages where it grants them. A net walks
// through megabytes a layer; with 4 KiB pages an A53's 512 TLB entries cover only 2 MiB of them.

#include "cpu/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "failure.h"

namespace onbox {

namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20U;
constexpr std::size_t kPageBytes = 4096;

constexpr std::size_t roundUp(std::size_t value, std::size_t multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

Arena::Arena(std::size_t bytes) : bytes_(bytes) {
  const bool huge = bytes >= kHugePageBytes;
  const std::size_t alignment = huge ? kHugePageBytes : kPageBytes;
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) {
    throw Failure("arena-memory", "an arena of " + std::to_string(bytes) + " bytes is beyond any memory");
  }
  mappingBytes_ = roundUp(std::max<std::size_t>(bytes, 1), alignment) + (huge ? alignment : 0);
  void* mapping = mmap(nullptr, mappingBytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) {
    throw Failure("arena-memory", "cannot get " + std::to_string(bytes) + " bytes for the arena: " + std::strerror(errno));
  }
  mapping_ = static_cast<std::byte*>(mapping);
  const auto address = std::bit_cast<std::uintptr_t>(mapping_);
  data_ = mapping_ + (roundUp(address, alignment) - address);
  if (huge) madvise(data_, roundUp(bytes, kHugePageBytes), MADV_HUGEPAGE);
}

Arena::~Arena() { munmap(mapping_, mappingBytes_); }

}  // namespace onbox
