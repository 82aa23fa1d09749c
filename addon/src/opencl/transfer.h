// Bytes between the host and the device: by mapping where they share memory, so that the driver copies nothing, else by a copy.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "opencl/device_context.h"

namespace onbox::cl {

/** Maps a part of a buffer for as long as it lives. It is unmapped on the queue that it was mapped by. One thread. */
class Mapping {
 public:
  /** `isBlocking` waits for all that the queue has to do before. @throws Failure `opencl-failed` */
  Mapping(const Api& api, Queue* queue, Memory* memory, std::size_t offset, std::size_t bytes, Bits access, bool isBlocking);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  Mapping& operator=(Mapping&&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }

 private:
  const Api* api_;
  Queue* queue_;
  Memory* memory_;
  std::byte* data_ = nullptr;
};

/** Returns when the bytes have been read. @throws Failure `opencl-failed` */
void writeBuffer(const DeviceContext& device, Queue* queue, Memory* memory, std::size_t offset,
                 std::span<const std::byte> bytes);

/** What is to be copied from a buffer to the host. */
struct Reading {
  std::size_t offset;
  std::span<std::byte> target;
};

/** Waits for all that the queue has to do, and for the bytes: one wait for all of them. @throws Failure `opencl-failed` */
void readBuffer(const DeviceContext& device, Queue* queue, Memory* memory, std::span<const Reading> readings);

}  // namespace onbox::cl
