// What crosses to JavaScript is copied once, by us or by the driver: a view of mapped memory could outlive its mapping.

#include "opencl/transfer.h"

#include <algorithm>
#include <utility>

#include "opencl/check.h"

namespace onbox::cl {

namespace {

constexpr Bool kBlocking = 1;
constexpr Bool kNonBlocking = 0;

void readMapped(const DeviceContext& device, Queue* queue, Memory* memory, std::span<const Reading> readings) {
  std::vector<Mapping> mappings;
  mappings.reserve(readings.size());
  for (const Reading& reading : readings) {
    mappings.emplace_back(device.api(), queue, memory, reading.offset, reading.target.size(), kMapRead, false);
  }
  check(device.api().clFinish(queue), "clFinish");
  for (std::size_t i = 0; i < readings.size(); ++i) {
    std::copy_n(mappings[i].data(), readings[i].target.size(), readings[i].target.data());
  }
}

void readCopied(const DeviceContext& device, Queue* queue, Memory* memory, std::span<const Reading> readings) {
  const Api& api = device.api();
  for (const auto& [offset, target] : readings) {
    check(api.clEnqueueReadBuffer(queue, memory, kNonBlocking, offset, target.size(), target.data(), 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
  }
  check(api.clFinish(queue), "clFinish");
}

}  // namespace

Mapping::Mapping(const Api& api, Queue* queue, Memory* memory, std::size_t offset, std::size_t bytes, Bits access,
                 bool isBlocking)
    : api_(&api), queue_(queue), memory_(memory) {
  Int status = kSuccess;
  void* data = api.clEnqueueMapBuffer(queue, memory, isBlocking ? kBlocking : kNonBlocking, access, offset, bytes, 0, nullptr,
                                      nullptr, &status);
  check(status, "clEnqueueMapBuffer");
  data_ = static_cast<std::byte*>(data);
}

Mapping::Mapping(Mapping&& other) noexcept
    : api_(other.api_), queue_(other.queue_), memory_(other.memory_), data_(std::exchange(other.data_, nullptr)) {}

Mapping::~Mapping() {
  // Nobody can be told; the next call on the queue fails where this did.
  if (data_ != nullptr) api_->clEnqueueUnmapMemObject(queue_, memory_, data_, 0, nullptr, nullptr);
}

void writeBuffer(const DeviceContext& device, Queue* queue, Memory* memory, std::size_t offset,
                 std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const Api& api = device.api();
  if (device.isMemoryUnified()) {
    const Mapping mapping(api, queue, memory, offset, bytes.size(), kMapOverwrite, true);
    std::copy_n(bytes.data(), bytes.size(), mapping.data());
    return;
  }
  check(api.clEnqueueWriteBuffer(queue, memory, kBlocking, offset, bytes.size(), bytes.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

void readBuffer(const DeviceContext& device, Queue* queue, Memory* memory, std::span<const Reading> readings) {
  if (device.isMemoryUnified()) {
    readMapped(device, queue, memory, readings);
  } else {
    readCopied(device, queue, memory, readings);
  }
}

}  // namespace onbox::cl
