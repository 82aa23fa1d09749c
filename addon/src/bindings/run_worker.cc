// Keeps everything alive that the kernels touch while they run: the session, its JavaScript object, and the inputs.

#include "bindings/run_worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bindings/arguments.h"
#include "bindings/session_binding.h"
#include "failure.h"

namespace onbox {

RunWorker::RunWorker(SessionBinding& owner, std::shared_ptr<Runner> session, std::size_t plan, const Napi::Value& inputs,
                     bool timed)
    : Napi::AsyncWorker(owner.Env(), "onbox.run"),
      owner_(owner),
      ownerKept_(Napi::Persistent(owner.Value())),
      session_(std::move(session)),
      plan_(plan),
      timed_(timed),
      nanoseconds_(timed ? session_->launchCount(plan) : 0),
      deferred_(owner.Env()) {
  // Each input itself, not only their array, which the caller may change.
  const auto array = inputs.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value input = array.Get(i);
    if (input.IsObject()) inputsKept_.push_back(Napi::Reference<Napi::Value>::New(input, 1));
  }
}

void RunWorker::Execute() {
  const auto start = std::chrono::steady_clock::now();
  try {
    session_->run(plan_, nanoseconds_);
    took_ = std::chrono::steady_clock::now() - start;
  } catch (const Failure& failure) {
    failureCode_ = failure.code();
    SetError(failure.what());
  }
}

void RunWorker::OnOK() {
  const Napi::HandleScope scope(Env());
  owner_.endRun(took_);
  if (!timed_) {
    deferred_.Resolve(Env().Undefined());
    return;
  }
  auto times = Napi::Float64Array::New(Env(), nanoseconds_.size());
  std::copy(nanoseconds_.begin(), nanoseconds_.end(), times.Data());
  deferred_.Resolve(times);
}

void RunWorker::OnError(const Napi::Error& error) {
  const Napi::HandleScope scope(Env());
  owner_.endRun(took_);
  deferred_.Reject(failureCode_.empty() ? error.Value() : toError(Env(), failureCode_, error.Message()).Value());
}

}  // namespace onbox
