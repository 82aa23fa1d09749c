// NativeSession of addon/index.ts.
#pragma once

#include <napi.h>

#include <chrono>
#include <memory>

#include "runner.h"

namespace onbox {

/** The JavaScript object of a session. JavaScript thread only. */
class SessionBinding : public Napi::ObjectWrap<SessionBinding> {
 public:
  /** Defines the class; `createSession` calls the constructor with SessionOptions. */
  static Napi::Function define(Napi::Env env);

  explicit SessionBinding(const Napi::CallbackInfo& info);

  using Duration = std::chrono::steady_clock::duration;

  /** Called by the run when it is over. */
  void endRun(Duration took) noexcept {
    running_ = false;
    lastRun_ = took;
  }

 private:
  Napi::Value run(const Napi::CallbackInfo& info) { return startRun(info, false); }
  Napi::Value profile(const Napi::CallbackInfo& info) { return startRun(info, true); }
  Napi::Value view(const Napi::CallbackInfo& info);
  void commit(const Napi::CallbackInfo& info);
  Napi::Value npu(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  Napi::Value startRun(const Napi::CallbackInfo& info, bool timed);
  Napi::Promise queueRun(const Napi::CallbackInfo& info, bool timed);
  Napi::Promise runHere(Napi::Env env, std::size_t plan);
  void checkOpen() const;
  void checkIdle() const;

  std::shared_ptr<Runner> session_;
  /** The whole arena, made at the first view and shared by all. */
  Napi::Reference<Napi::ArrayBuffer> arena_;
  bool running_ = false;
  Duration lastRun_ = Duration::max();
};

}  // namespace onbox
