// Lifetimes: the run, this object and the arena's ArrayBuffer each share what they use, so `close` may come at any moment.
// Memory is unmapped when the last of them lets go.

#include "bindings/session_binding.h"

#include "bindings/arguments.h"
#include "bindings/run_worker.h"

namespace onbox {

namespace {

/** To hand a run to another thread and hear of its end costs 30 us; a run that took less than some times that is done on the
 * spot. */
constexpr auto kShortRun = std::chrono::microseconds(200);

/** The arena as an ArrayBuffer without a copy, which holds the memory until it is collected. */
Napi::ArrayBuffer exposeArena(Napi::Env env, const std::shared_ptr<Arena>& arena) {
  auto kept = std::make_unique<std::shared_ptr<Arena>>(arena);
  const auto release = [](Napi::BasicEnv /*env*/, void* /*data*/, std::shared_ptr<Arena>* hint) { delete hint; };
  auto buffer = Napi::ArrayBuffer::New(env, arena->data(), arena->bytes(), release, kept.get());
  static_cast<void>(kept.release());
  return buffer;
}

}  // namespace

Napi::Function SessionBinding::define(Napi::Env env) {
  return DefineClass(env, "NativeSession",
                     {
                         InstanceMethod<&SessionBinding::run>("run"),
                         InstanceMethod<&SessionBinding::profile>("profile"),
                         InstanceMethod<&SessionBinding::view>("view"),
                         InstanceMethod<&SessionBinding::commit>("commit"),
                         InstanceMethod<&SessionBinding::npu>("npu"),
                         InstanceMethod<&SessionBinding::close>("close"),
                     });
}

SessionBinding::SessionBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionBinding>(info) {
  translateErrors(info.Env(), [&] { session_ = openRunner(info[0]); });
}

void SessionBinding::checkOpen() const {
  if (!session_) throw Failure("session-closed", "the session is closed");
}

void SessionBinding::checkIdle() const {
  if (running_) throw Failure("session-busy", "the session is running; it runs one request at a time");
}

Napi::Value SessionBinding::startRun(const Napi::CallbackInfo& info, bool timed) {
  try {
    return translateErrors(info.Env(), [&] { return queueRun(info, timed); });
  } catch (const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

Napi::Promise SessionBinding::queueRun(const Napi::CallbackInfo& info, bool timed) {
  checkOpen();
  checkIdle();
  const std::size_t plan = readCount(info[0], "plan", UINT32_MAX);
  session_->bind(plan, readInputs(info[1]));
  if (!timed && lastRun_ < kShortRun) return runHere(info.Env(), plan);
  auto* worker = new RunWorker(*this, session_, plan, info[1], timed);
  worker->Queue();
  running_ = true;
  return worker->promise();  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the worker deletes itself after the run.
}

Napi::Promise SessionBinding::runHere(Napi::Env env, std::size_t plan) {
  const auto start = std::chrono::steady_clock::now();
  session_->run(plan, {});
  lastRun_ = std::chrono::steady_clock::now() - start;
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Resolve(env.Undefined());
  return deferred.Promise();
}

Napi::Value SessionBinding::view(const Napi::CallbackInfo& info) {
  return translateErrors(info.Env(), [&]() -> Napi::Value {
    checkOpen();
    const std::shared_ptr<Arena>& arena = session_->arena();
    const std::uint64_t offset = readCount(info[0], "offset", arena->bytes());
    const std::uint64_t bytes = readCount(info[1], "bytes", arena->bytes() - offset);
    if (!session_->isShown(offset, bytes)) {
      checkIdle();
      session_->fetch(offset, bytes);
    }
    if (arena_.IsEmpty()) arena_ = Napi::Persistent(exposeArena(info.Env(), arena));
    return Napi::Uint8Array::New(info.Env(), bytes, arena_.Value(), offset, napi_uint8_array);
  });
}

void SessionBinding::commit(const Napi::CallbackInfo& info) {
  translateErrors(info.Env(), [&] {
    checkOpen();
    checkIdle();
    const std::size_t arenaBytes = session_->arena()->bytes();
    const std::uint64_t offset = readCount(info[0], "offset", arenaBytes);
    session_->commit(offset, readCount(info[1], "bytes", arenaBytes - offset));
  });
}

Napi::Value SessionBinding::npu(const Napi::CallbackInfo& info) {
  return translateErrors(info.Env(), [&]() -> Napi::Value {
    checkOpen();
    auto states = Napi::Array::New(info.Env());
    for (const npu::RegionState& state : session_->npu()) {
      auto entry = Napi::Object::New(info.Env());
      entry.Set("mode", state.mode);
      entry.Set("reason", state.reason);
      entry.Set("runs", static_cast<double>(state.runs));
      entry.Set("failures", static_cast<double>(state.failures));
      states.Set(states.Length(), entry);
    }
    return states;
  });
}

void SessionBinding::close(const Napi::CallbackInfo& /*info*/) {
  arena_.Reset();
  session_.reset();
}

}  // namespace onbox
