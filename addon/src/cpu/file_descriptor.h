// One owner for an open file. Closing is all it does.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "failure.h"

namespace onbox {

/** Owns an open file, read only. Not copied. */
class FileDescriptor {
 public:
  /** @throws Failure with `code` if the file cannot be opened */
  FileDescriptor(const std::string& path, const char* code) : value_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (value_ < 0) throw Failure(code, "cannot open \"" + path + "\": " + std::strerror(errno));
  }
  ~FileDescriptor() { close(value_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] int value() const noexcept { return value_; }

 private:
  int value_;
};

}  // namespace onbox
