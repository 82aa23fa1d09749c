// What a plugin says of itself and of a model, before anything is compiled.

#include "bindings/npu_binding.h"

#include <memory>
#include <span>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/fields.h"
#include "bindings/npu_arguments.h"
#include "npu/device.h"

namespace onbox {

namespace {

constexpr std::uint32_t kAskTimeoutMs = 60'000;

/** A copy, because a call that hangs goes on reading. */
npu::Constants copyConstants(const Napi::Value& value) {
  if (!value.IsTypedArray()) throw wrongArgument("constants", "a Uint8Array");
  auto array = value.As<Napi::Uint8Array>();
  const auto bytes = std::as_bytes(std::span(array.Data(), array.ByteLength()));
  struct Kept {
    std::vector<std::byte> copy;
    std::span<const std::byte> view;
  };
  const auto kept = std::make_shared<Kept>(Kept{{bytes.begin(), bytes.end()}, {}});
  kept->view = kept->copy;
  return {kept, &kept->view};
}

std::vector<std::uint8_t> askSupport(npu::Device& device, npu::SubgraphSpec spec, npu::Constants constants) {
  const auto subgraph = std::make_shared<const npu::Subgraph>(std::move(spec), std::move(constants));
  const auto answers = std::make_shared<std::vector<std::uint8_t>>(subgraph->spec().nodes.size());
  const npu::Outcome outcome = device.call(
      [subgraph, answers](const onbox_npu_plugin& plugin, onbox_npu_context* context) {
        // A plugin of prebuilt models only has no such function: it supports no node.
        return plugin.supports == nullptr ? std::int32_t{ONBOX_NPU_OK}
                                          : plugin.supports(context, &subgraph->view(), answers->data());
      },
      kAskTimeoutMs);
  if (outcome.status != ONBOX_NPU_OK) throw Failure("npu-failed", "the NPU does not say what it supports: " + outcome.reason);
  return *answers;
}

}  // namespace

Napi::Value askNpu(const Napi::CallbackInfo& info) {
  return translateErrors(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const auto device = npu::Device::shared(readPlugin(info[0], "plugin"), kAskTimeoutMs);
    const npu::DeviceFacts& facts = device->facts();
    auto answer = Napi::Object::New(env);
    answer.Set("plugin", facts.plugin);
    answer.Set("version", facts.version);
    answer.Set("device", facts.device);
    answer.Set("runtime", facts.runtime);
    answer.Set("driver", facts.driver);
    answer.Set("cores", static_cast<double>(facts.cores));
    answer.Set("memoryBytes", static_cast<double>(facts.memoryBytes));
    auto supported = Napi::Array::New(env);
    if (!info[1].IsUndefined()) {
      for (const std::uint8_t one : askSupport(*device, readSubgraph(info[1], "subgraph"), copyConstants(info[2]))) {
        supported.Set(supported.Length(), Napi::Boolean::New(env, one != 0));
      }
    }
    answer.Set("supported", supported);
    return answer;
  });
}

}  // namespace onbox
