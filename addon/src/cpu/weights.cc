#include "cpu/weights.h"

#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <limits>

namespace onbox {

namespace {

/** Less fits into the caches, where it lies. */
constexpr std::size_t kWorthCopying = std::size_t{4} << 20U;
/** Memory that must be there beyond the copy, in copies: the file can be dropped from memory again, a copy cannot. */
constexpr std::size_t kSpareCopies = 3;

bool grantsHugePages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string text;
  return std::getline(file, text) && text.find("[never]") == std::string::npos;
}

/** Bytes that can be had without swapping; 0 where the kernel does not say. */
std::size_t availableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::size_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

Weights::Weights(const std::string& path) : file_(std::in_place, path), bytes_(file_->bytes()) {
  if (bytes_ < kWorthCopying || !grantsHugePages() || availableBytes() / (1 + kSpareCopies) < bytes_) return;
  copy_.emplace(bytes_);
  std::memcpy(copy_->data(), file_->data(), bytes_);
  mprotect(copy_->data(), bytes_, PROT_READ);
  file_.reset();
}

}  // namespace onbox
