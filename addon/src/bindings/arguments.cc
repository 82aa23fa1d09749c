// Field by field from JavaScript's SessionOptions (addon/index.ts) to the C++ ones.

#include "bindings/arguments.h"

#include <cmath>

namespace onbox {

namespace {

constexpr std::uint64_t kSafeIntegerMax = (std::uint64_t{1} << 53U) - 1;
constexpr std::uint64_t kArenaBytesMax = std::uint64_t{1} << 40U;
constexpr std::uint64_t kExtentMax = std::uint64_t{1} << 40U;
constexpr std::uint64_t kThreadsMax = 256;

Failure wrongArgument(const std::string& name, const std::string& want) {
  return {"native-argument", name + " must be " + want};
}

Napi::Object readObject(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject()) throw wrongArgument(name, "an object");
  return value.As<Napi::Object>();
}

std::string readText(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) throw wrongArgument(name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) throw wrongArgument(name, "a string without NUL");
  return text;
}

/** Reads every element of an array with `read(element, name)`. */
template <typename Read>
auto readList(const Napi::Value& value, const std::string& name, const Read& read) {
  if (!value.IsArray()) throw wrongArgument(name, "an array");
  const auto array = value.As<Napi::Array>();
  const std::uint32_t length = array.Length();
  std::vector<decltype(read(value, name))> list;
  for (std::uint32_t i = 0; i < length; ++i) {
    const Napi::HandleScope scope(value.Env());
    list.push_back(read(array.Get(i), name + "[" + std::to_string(i) + "]"));
  }
  return list;
}

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

Launch readLaunch(const Napi::Value& value, const std::string& name) {
  const Napi::Object launch = readObject(value, name);
  return {static_cast<std::uint32_t>(readCount(launch.Get("kernel"), name + ".kernel", UINT32_MAX)),
          static_cast<std::int64_t>(readCount(launch.Get("extent"), name + ".extent", kExtentMax)),
          readList(launch.Get("buffers"), name + ".buffers", readBuffer)};
}

std::vector<Launch> readPlan(const Napi::Value& value, const std::string& name) { return readList(value, name, readLaunch); }

std::size_t readBytes(const Napi::Value& value, const std::string& name) { return readCount(value, name, kSafeIntegerMax); }

InputBytes readInput(const Napi::Value& value, const std::string& name) {
  if (value.IsUndefined()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw wrongArgument(name, "a Uint8Array or undefined");
  }
  auto array = value.As<Napi::Uint8Array>();
  return std::as_writable_bytes(std::span(array.Data(), array.ByteLength()));
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

SessionOptions readSessionOptions(const Napi::Value& value) {
  const Napi::Object options = readObject(value, "options");
  const auto threads = static_cast<unsigned>(readCount(options.Get("threads"), "threads", kThreadsMax));
  if (threads == 0) throw wrongArgument("threads", "at least 1");
  return {
      .object = readText(options.Get("object"), "object"),
      .weights = readText(options.Get("weights"), "weights"),
      .arenaBytes = readCount(options.Get("arenaBytes"), "arenaBytes", kArenaBytesMax),
      .plans = readList(options.Get("plans"), "plans", readPlan),
      .inputBytes = readList(options.Get("inputBytes"), "inputBytes", readBytes),
      .threads = threads,
  };
}

Napi::Error toError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace onbox
