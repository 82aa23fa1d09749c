// Field by field from JavaScript's NpuSubgraph to the C++ one.

#include "bindings/npu_arguments.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "bindings/arguments.h"
#include "bindings/fields.h"

namespace onbox {

namespace {

constexpr std::uint64_t kExtentMax = std::uint64_t{1} << 31U;
constexpr std::uint64_t kTimeoutMsMax = 600'000;
constexpr std::uint64_t kOffsetMax = std::uint64_t{1} << 40U;

/** In the order of their codes, which begin at 1. */
constexpr std::array<std::string_view, 6> kDtypes{"f32", "f16", "i8", "u8", "i32", "i16"};
constexpr std::array<std::string_view, 14> kOperators{"conv",    "gemm", "max-pool",  "average-pool", "relu",
                                                      "clip",    "add",  "concat",    "reshape",      "softmax",
                                                      "sigmoid", "mul",  "transpose", "resize"};

template <std::size_t N>
std::uint32_t readCode(const Napi::Value& value, const std::string& name, const std::array<std::string_view, N>& words) {
  const std::string word = readText(value, name);
  const auto* found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) throw wrongArgument(name, "a word that onbox_npu.h has a code for");
  return static_cast<std::uint32_t>(found - words.begin()) + 1;
}

double readNumber(const Napi::Value& value, const std::string& name) {
  if (!value.IsNumber()) throw wrongArgument(name, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::int32_t readInteger(const Napi::Value& value, const std::string& name) {
  const double number = readNumber(value, name);
  if (!(number >= INT32_MIN && number <= INT32_MAX)) throw wrongArgument(name, "a whole number of 32 bits");
  return static_cast<std::int32_t>(number);
}

std::uint32_t readIndex(const Napi::Value& value, const std::string& name) {
  const std::int32_t index = readInteger(value, name);
  return index < 0 ? ONBOX_NPU_ABSENT : static_cast<std::uint32_t>(index);
}

std::int64_t readExtent(const Napi::Value& value, const std::string& name) {
  return static_cast<std::int64_t>(readCount(value, name, kExtentMax));
}

template <typename T, std::size_t N, typename Read>
std::array<T, N> readArray(const Napi::Value& value, const std::string& name, const Read& read) {
  const auto list = readList(value, name, read);
  if (list.size() > N) throw wrongArgument(name, "a list of " + std::to_string(N) + " at most");
  std::array<T, N> array{};
  std::transform(list.begin(), list.end(), array.begin(), [](auto number) { return static_cast<T>(number); });
  return array;
}

npu::TensorSpec readTensor(const Napi::Value& value, const std::string& name) {
  const Napi::Object tensor = readObject(value, name);
  npu::TensorSpec spec{};
  spec.dtype = readCode(tensor.Get("dtype"), name + ".dtype", kDtypes);
  spec.shape = readList(tensor.Get("shape"), name + ".shape", readExtent);
  // So that no product of extents overflows.
  std::uint64_t count = 1;
  for (const std::int64_t extent : spec.shape) {
    if (extent == 0 || static_cast<std::uint64_t>(extent) > kExtentMax / count) throw wrongArgument(name + ".shape", "smaller");
    count *= static_cast<std::uint64_t>(extent);
  }
  if (!tensor.Get("scales").IsUndefined()) {
    for (const double scale : readList(tensor.Get("scales"), name + ".scales", readNumber)) {
      spec.scales.push_back(static_cast<float>(scale));
    }
  }
  if (!tensor.Get("zeros").IsUndefined()) spec.zeros = readList(tensor.Get("zeros"), name + ".zeros", readInteger);
  if (!tensor.Get("axis").IsUndefined()) spec.axis = readIndex(tensor.Get("axis"), name + ".axis");
  if (!tensor.Get("offset").IsUndefined()) spec.offset = readCount(tensor.Get("offset"), name + ".offset", kOffsetMax);
  return spec;
}

npu::NodeSpec readNode(const Napi::Value& value, const std::string& name) {
  const Napi::Object node = readObject(value, name);
  return {readCode(node.Get("op"), name + ".op", kOperators), readList(node.Get("inputs"), name + ".inputs", readIndex),
          readIndex(node.Get("output"), name + ".output"),
          readArray<std::int32_t, 12>(node.Get("integers"), name + ".integers", readInteger),
          readArray<float, 4>(node.Get("floats"), name + ".floats", readNumber)};
}

}  // namespace

npu::PluginChoice readPlugin(const Napi::Value& value, const std::string& name) {
  const Napi::Object plugin = readObject(value, name);
  return {readText(plugin.Get("path"), name + ".path"), readText(plugin.Get("options"), name + ".options")};
}

npu::SubgraphSpec readSubgraph(const Napi::Value& value, const std::string& name) {
  const Napi::Object graph = readObject(value, name);
  return {readList(graph.Get("tensors"), name + ".tensors", readTensor),
          readList(graph.Get("nodes"), name + ".nodes", readNode), readList(graph.Get("inputs"), name + ".inputs", readIndex),
          readList(graph.Get("outputs"), name + ".outputs", readIndex)};
}

npu::NpuOptions readNpuOptions(const Napi::Value& value) {
  const Napi::Object options = readObject(value, "npu");
  return {readPlugin(options.Get("plugin"), "npu.plugin"), readList(options.Get("regions"), "npu.regions", readSubgraph),
          static_cast<std::uint32_t>(readCount(options.Get("timeoutMs"), "npu.timeoutMs", kTimeoutMsMax))};
}

}  // namespace onbox
