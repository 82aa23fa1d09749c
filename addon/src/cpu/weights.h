// The weights of a session: the file where it lies in the page cache, or a copy on huge pages where the kernel grants them. The
// small pages of a cache lie anywhere in memory, so that megabytes read in a row meet in few sets of a cache and miss the TLB.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cpu/arena.h"
#include "cpu/mapped_file.h"

namespace onbox {

class Weights {
 public:
  /** @throws Failure `weights-open` if the file cannot be opened or mapped */
  explicit Weights(const std::string& path);

  /** Aligned to a page, never written to; nullptr where `bytes` is 0. */
  [[nodiscard]] std::byte* data() const noexcept { return copy_ ? copy_->data() : file_->data(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::optional<MappedFile> file_;
  std::optional<Arena> copy_;
  std::size_t bytes_;
};

}  // namespace onbox
