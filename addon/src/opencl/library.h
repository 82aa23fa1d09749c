// libOpenCL, opened at run time: the ICD loader, or a vendor's driver itself.
#pragma once

#include <string>

#include "opencl/api.h"

namespace onbox::cl {

/**
 * The functions of a library by its name or path, as dlopen takes it. It stays loaded until the process ends: drivers keep
 * threads and destructors that do not survive dlclose. Any thread.
 * @throws Failure `opencl-missing` if it does not load or lacks a function of OpenCL 1.2
 */
const Api& openLibrary(const std::string& library);

}  // namespace onbox::cl
