// Fields of JavaScript objects, read by type. Nothing is believed: a wrong type is an error that names the field.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "failure.h"

namespace onbox {

inline Failure wrongArgument(const std::string& name, const std::string& want) {
  return {"native-argument", name + " must be " + want};
}

inline Napi::Object readObject(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject()) throw wrongArgument(name, "an object");
  return value.As<Napi::Object>();
}

inline std::string readText(const Napi::Value& value, const std::string& name) {
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

}  // namespace onbox
