// OpenCL C to a program, or the program that was kept from the last time.
#pragma once

#include <string>

#include "opencl/device_context.h"

namespace onbox::cl {

struct ProgramOptions {
  /** Path of the text. */
  std::string source;
  std::string buildOptions;
  /** Path of a file that keeps the compiled program, or empty for none. */
  std::string binary;
  /** What the kept program must have been made from and for: a digest of driver, device, source and build options. */
  std::string binaryKey;
};

/**
 * Builds a program. A kept one is taken where its key is the same, its bytes are whole and the driver accepts it; else it is
 * built from source and kept. That a file cannot be written is no error: it only saves time.
 * @throws Failure `opencl-build` with the compiler's log, `module-open` if the source cannot be read, `opencl-failed`
 */
Owner<Program> buildProgram(const DeviceContext& device, const ProgramOptions& options);

}  // namespace onbox::cl
