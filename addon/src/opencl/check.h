// OpenCL's status codes as failures that name the call and the code.
#pragma once

#include <string>

#include "opencl/api.h"

namespace onbox::cl {

/** `CL_OUT_OF_RESOURCES (-5)`. */
std::string nameOf(Int status);

/** @throws Failure `opencl-failed` naming `call` unless `status` is success */
void check(Int status, const char* call);

/** @throws Failure `opencl-failed` naming `call` and `where`, which is made only then */
template <typename Where>
void check(Int status, const char* call, const Where& where) {
  if (status != kSuccess) check(status, (std::string(call) + " for " + where()).c_str());
}

}  // namespace onbox::cl
