// Field by field from JavaScript's SessionOptions (addon/index.ts) to the C++ ones.

#include "bindings/arguments.h"

#include <cmath>

#include "bindings/fields.h"
#include "bindings/npu_arguments.h"
#include "cpu/session.h"
#include "opencl/session.h"

namespace onbox {

namespace {

constexpr std::uint64_t kSafeIntegerMax = (std::uint64_t{1} << 53U) - 1;
constexpr std::uint64_t kArenaBytesMax = std::uint64_t{1} << 40U;
constexpr std::uint64_t kExtentMax = std::uint64_t{1} << 40U;
constexpr std::uint64_t kThreadsMax = 256;

Space readSpace(const Napi::Value& value, const std::string& name) {
  const std::string space = readText(value, name);
  if (space == "arena") return Space::arena;
  if (space == "weights") return Space::weights;
  if (space == "input") return Space::input;
  throw wrongArgument(name, "arena, weights or input");
}

BufferRef readBuffer(const Napi::Value& value, const std::string& name) {
  const Napi::Object buffer = readObject(value, name);
  return {readSpace(buffer.Get("space"), name + ".space"), readCount(buffer.Get("offset"), name + ".offset", kSafeIntegerMax)};
}

cl::Grid readGrid(const Napi::Value& value, const std::string& name) {
  const auto extents = readList(value, name, [](const Napi::Value& extent, const std::string& at) {
    const std::uint64_t count = readCount(extent, at, kExtentMax);
    if (count == 0) throw wrongArgument(at, "at least 1");
    return count;
  });
  if (extents.size() != 3) throw wrongArgument(name, "a list of 3");
  return {extents[0], extents[1], extents[2]};
}

cl::AnyLaunch readLaunch(const Napi::Value& value, const std::string& name) {
  const Napi::Object launch = readObject(value, name);
  if (!launch.Get("region").IsUndefined()) {
    const auto region = static_cast<std::uint32_t>(readCount(launch.Get("region"), name + ".region", UINT32_MAX));
    const auto fallback = static_cast<std::uint32_t>(readCount(launch.Get("fallback"), name + ".fallback", UINT32_MAX));
    return NpuLaunch{region, fallback, readList(launch.Get("buffers"), name + ".buffers", readBuffer)};
  }
  const auto kernel = static_cast<std::uint32_t>(readCount(launch.Get("kernel"), name + ".kernel", UINT32_MAX));
  auto buffers = readList(launch.Get("buffers"), name + ".buffers", readBuffer);
  if (launch.Get("global").IsUndefined()) {
    const auto extent = static_cast<std::int64_t>(readCount(launch.Get("extent"), name + ".extent", kExtentMax));
    const Napi::Value routine = launch.Get("routine");
    return Launch{kernel, extent, std::move(buffers), routine.IsUndefined() ? "" : readText(routine, name + ".routine")};
  }
  return cl::ClLaunch{kernel, readGrid(launch.Get("global"), name + ".global"), readGrid(launch.Get("local"), name + ".local"),
                      std::move(buffers)};
}

std::vector<cl::AnyLaunch> readPlan(const Napi::Value& value, const std::string& name) {
  return readList(value, name, readLaunch);
}

std::size_t readBytes(const Napi::Value& value, const std::string& name) { return readCount(value, name, kSafeIntegerMax); }

cl::Region readRegion(const Napi::Value& value, const std::string& name) {
  const Napi::Object region = readObject(value, name);
  return {readBytes(region.Get("offset"), name + ".offset"), readBytes(region.Get("bytes"), name + ".bytes")};
}

InputBytes readInput(const Napi::Value& value, const std::string& name) {
  if (value.IsUndefined()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw wrongArgument(name, "a Uint8Array or undefined");
  }
  auto array = value.As<Napi::Uint8Array>();
  return std::as_writable_bytes(std::span(array.Data(), array.ByteLength()));
}

/** ClOptions. */
void readDevice(const Napi::Value& value, cl::ClSessionOptions& all) {
  const Napi::Object device = readObject(value, "opencl");
  const auto text = [&](const char* field) { return readText(device.Get(field), std::string("opencl.") + field); };
  const auto count = [&](const char* field) {
    return readCount(device.Get(field), std::string("opencl.") + field, kSafeIntegerMax);
  };
  const Napi::Value isMemoryUnified = device.Get("isMemoryUnified");
  if (!isMemoryUnified.IsBoolean()) throw wrongArgument("opencl.isMemoryUnified", "true or false");
  all.device = {text("library"), count("platform"), count("device"), isMemoryUnified.As<Napi::Boolean>().Value()};
  all.program = {text("source"), text("buildOptions"), text("binary"), text("binaryKey")};
  all.outputs = readList(device.Get("outputs"), "opencl.outputs", readRegion);
  all.workGroupMax = count("workGroupMax");
  all.localBytesMax = count("localBytesMax");
}

std::shared_ptr<Runner> openOnCpu(cl::ClSessionOptions all, npu::NpuOptions npu) {
  SessionOptions options{std::move(all.object), std::move(all.weights), all.arenaBytes, {}, std::move(all.inputBytes),
                         all.threads,           std::move(npu)};
  for (auto& plan : all.plans) {
    options.plans.emplace_back();
    for (auto& launch : plan) {
      if (std::holds_alternative<cl::ClLaunch>(launch)) {
        throw Failure("module-plan", "a plan has a launch on an OpenCL device, the session has none");
      }
      if (std::holds_alternative<Launch>(launch)) {
        options.plans.back().emplace_back(std::get<Launch>(std::move(launch)));
      } else {
        options.plans.back().emplace_back(std::get<NpuLaunch>(std::move(launch)));
      }
    }
  }
  return std::make_shared<Session>(options);
}

}  // namespace

std::uint64_t readCount(const Napi::Value& value, const std::string& name, std::uint64_t max) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= static_cast<double>(max)) || number != std::floor(number)) {
    throw wrongArgument(name, "a whole number 0.." + std::to_string(max));
  }
  return static_cast<std::uint64_t>(number);
}

std::vector<InputBytes> readInputs(const Napi::Value& value) { return readList(value, "inputs", readInput); }

std::vector<std::string> readTexts(const Napi::Value& value, const std::string& name) {
  return readList(value, name, readText);
}

std::shared_ptr<Runner> openRunner(const Napi::Value& value) {
  const Napi::Object options = readObject(value, "options");
  const auto threads = static_cast<unsigned>(readCount(options.Get("threads"), "threads", kThreadsMax));
  if (threads == 0) throw wrongArgument("threads", "at least 1");
  cl::ClSessionOptions all{};
  all.object = readText(options.Get("object"), "object");
  all.weights = readText(options.Get("weights"), "weights");
  all.arenaBytes = readCount(options.Get("arenaBytes"), "arenaBytes", kArenaBytesMax);
  all.plans = readList(options.Get("plans"), "plans", readPlan);
  all.inputBytes = readList(options.Get("inputBytes"), "inputBytes", readBytes);
  all.threads = threads;
  if (options.Get("opencl").IsUndefined()) {
    const Napi::Value npu = options.Get("npu");
    return openOnCpu(std::move(all), npu.IsUndefined() ? npu::NpuOptions{} : readNpuOptions(npu));
  }
  readDevice(options.Get("opencl"), all);
  return std::make_shared<cl::ClSession>(all);
}

Napi::Error toError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace onbox
