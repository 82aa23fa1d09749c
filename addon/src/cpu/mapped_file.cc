// Maps a file with mmap. An empty file, which mmap refuses, is a mapping of no bytes.

#include "cpu/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "cpu/file_descriptor.h"

namespace onbox {

MappedFile::MappedFile(const std::string& path) {
  const FileDescriptor file(path, "weights-open");
  struct stat facts {};
  if (fstat(file.value(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    throw Failure("weights-open", "\"" + path + "\" is not a regular file");
  }
  bytes_ = static_cast<std::size_t>(facts.st_size);
  if (bytes_ == 0) return;
  void* mapping = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, file.value(), 0);
  if (mapping == MAP_FAILED) {
    throw Failure("weights-open",
                  "cannot map the " + std::to_string(bytes_) + " bytes of \"" + path + "\": " + std::strerror(errno));
  }
  madvise(mapping, bytes_, MADV_WILLNEED);
  data_ = static_cast<std::byte*>(mapping);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace onbox
