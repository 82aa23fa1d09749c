// The one exception of the addon's own code. Bindings turn it into a JavaScript Error with the same code.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace onbox {

/** What went wrong in the world: a code for programs (kebab-case), a sentence for people. */
class Failure : public std::runtime_error {
 public:
  Failure(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}

  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace onbox
