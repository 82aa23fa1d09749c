// Reads what JavaScript hands over. Nothing is believed: a wrong type or number is an error that names the field.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"
#include "runner.h"

namespace onbox {

/** Opens a module as SessionOptions of addon/index.ts say. @throws Failure `native-argument` naming the field, and those of the
 * parts */
std::shared_ptr<Runner> openRunner(const Napi::Value& value);

/** @throws Failure `native-argument` */
std::vector<std::string> readTexts(const Napi::Value& value, const std::string& name);

/** A whole number 0..max. @throws Failure `native-argument` */
std::uint64_t readCount(const Napi::Value& value, const std::string& name, std::uint64_t max);

/** `inputs` of a run; what is undefined has no data. @throws Failure `native-argument` */
std::vector<InputBytes> readInputs(const Napi::Value& value);

/** A JavaScript Error with a `code`. */
Napi::Error toError(Napi::Env env, const std::string& code, const std::string& message);

/** Calls `body` and turns what it throws into JavaScript's exception. JavaScript thread only. */
template <typename Body>
auto translateErrors(Napi::Env env, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Failure& failure) {
    throw toError(env, failure.code(), failure.what());
  } catch (const std::bad_alloc&) {
    throw toError(env, "native-memory", "out of memory");
  }
}

}  // namespace onbox
