// One owner for each object of OpenCL. Releasing is all they do.
#pragma once

#include <memory>

#include "opencl/api.h"

namespace onbox::cl {

template <typename Object>
struct Release {
  Int (*release)(Object*) = nullptr;
  void operator()(Object* object) const noexcept { release(object); }
};

/** Owns one reference to an object. Any thread may use the object, but for a kernel's arguments; the owner is not shared. */
template <typename Object>
using Owner = std::unique_ptr<Object, Release<Object>>;

}  // namespace onbox::cl
