// The one block of memory that holds all intermediate tensors of a session.
#pragma once

#include <cstddef>

namespace onbox {

/** Owns zeroed memory, aligned for huge pages. Any thread may use it; the owner of the session orders who writes what. */
class Arena {
 public:
  /** @throws Failure `arena-memory` if there is not enough memory */
  explicit Arena(std::size_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_;
  std::byte* mapping_ = nullptr;
  std::size_t mappingBytes_ = 0;
};

}  // namespace onbox
