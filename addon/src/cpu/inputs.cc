// What every run asks of its inputs.

#include <string>

#include "failure.h"
#include "runner.h"

namespace onbox {

InputBytes requireInput(std::size_t plan, std::size_t input, std::span<const InputBytes> inputs, std::size_t bytesMin) {
  const std::string name = "input " + std::to_string(input);
  if (input >= inputs.size() || inputs[input].data() == nullptr) {
    throw Failure("input-missing", "plan " + std::to_string(plan) + " wants " + name + ", which is missing");
  }
  if (inputs[input].size() < bytesMin) {
    throw Failure("input-bytes",
                  name + " wants " + std::to_string(bytesMin) + " bytes, got " + std::to_string(inputs[input].size()));
  }
  return inputs[input];
}

}  // namespace onbox
