// A run on a thread of libuv, so that the event loop goes on. The promise settles back on the JavaScript thread.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "runner.h"

namespace onbox {

class SessionBinding;

/** One run of one plan. `Execute` is called by a worker thread and touches no JavaScript; all else is the JavaScript thread's.
 */
class RunWorker : public Napi::AsyncWorker {
 public:
  /** `timed` resolves to the nanoseconds of every launch, else to undefined. `inputs` are kept from the collector. */
  RunWorker(SessionBinding& owner, std::shared_ptr<Runner> session, std::size_t plan, const Napi::Value& inputs, bool timed);

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override;
  void OnOK() override;
  void OnError(const Napi::Error& error) override;

 private:
  SessionBinding& owner_;
  Napi::ObjectReference ownerKept_;
  std::vector<Napi::Reference<Napi::Value>> inputsKept_;
  std::shared_ptr<Runner> session_;
  std::size_t plan_;
  bool timed_;
  std::vector<double> nanoseconds_;
  std::chrono::steady_clock::duration took_ = std::chrono::steady_clock::duration::max();
  /** Of a run that failed. */
  std::string failureCode_;
  Napi::Promise::Deferred deferred_;
};

}  // namespace onbox
