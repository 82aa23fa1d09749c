// Weights: a file that is read where it lies in the page cache, so that engines on one box share it.
#pragma once

#include <cstddef>
#include <string>

namespace onbox {

/** Owns a read-only mapping of a whole file. Any thread may read it. The file must not shrink while it is mapped. */
class MappedFile {
 public:
  /** @throws Failure `weights-open` if the file cannot be opened or mapped */
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /** Aligned to a page; nullptr where `bytes` is 0. */
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace onbox
