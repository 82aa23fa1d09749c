// Looks every function up once, so that a library that lacks one is refused before anything is called.

#include "opencl/library.h"

#include <dlfcn.h>

#include <bit>
#include <map>
#include <mutex>

#include "failure.h"

namespace onbox::cl {

namespace {

/** Fills an Api from a library. */
class Loader {
 public:
  explicit Loader(const std::string& library) : library_(library), handle_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    throw Failure("opencl-missing", "cannot load \"" + library + "\": " + (reason == nullptr ? "unknown error" : reason));
  }

  template <typename Function>
  void find(Function*& function, const char* name) const {
    function = std::bit_cast<Function*>(dlsym(handle_, name));
    if (function == nullptr) throw Failure("opencl-missing", "\"" + library_ + "\" has no " + name);
  }

 private:
  const std::string& library_;
  void* handle_;
};

Api load(const std::string& library) {
  const Loader loader(library);
  Api api{};
  loader.find(api.clGetPlatformIDs, "clGetPlatformIDs");
  loader.find(api.clGetPlatformInfo, "clGetPlatformInfo");
  loader.find(api.clGetDeviceIDs, "clGetDeviceIDs");
  loader.find(api.clGetDeviceInfo, "clGetDeviceInfo");
  loader.find(api.clCreateContext, "clCreateContext");
  loader.find(api.clReleaseContext, "clReleaseContext");
  loader.find(api.clCreateCommandQueue, "clCreateCommandQueue");
  loader.find(api.clReleaseCommandQueue, "clReleaseCommandQueue");
  loader.find(api.clCreateBuffer, "clCreateBuffer");
  loader.find(api.clReleaseMemObject, "clReleaseMemObject");
  loader.find(api.clCreateProgramWithSource, "clCreateProgramWithSource");
  loader.find(api.clCreateProgramWithBinary, "clCreateProgramWithBinary");
  loader.find(api.clBuildProgram, "clBuildProgram");
  loader.find(api.clGetProgramInfo, "clGetProgramInfo");
  loader.find(api.clGetProgramBuildInfo, "clGetProgramBuildInfo");
  loader.find(api.clReleaseProgram, "clReleaseProgram");
  loader.find(api.clCreateKernel, "clCreateKernel");
  loader.find(api.clSetKernelArg, "clSetKernelArg");
  loader.find(api.clGetKernelInfo, "clGetKernelInfo");
  loader.find(api.clGetKernelWorkGroupInfo, "clGetKernelWorkGroupInfo");
  loader.find(api.clReleaseKernel, "clReleaseKernel");
  loader.find(api.clEnqueueNDRangeKernel, "clEnqueueNDRangeKernel");
  loader.find(api.clEnqueueReadBuffer, "clEnqueueReadBuffer");
  loader.find(api.clEnqueueWriteBuffer, "clEnqueueWriteBuffer");
  loader.find(api.clEnqueueMapBuffer, "clEnqueueMapBuffer");
  loader.find(api.clEnqueueUnmapMemObject, "clEnqueueUnmapMemObject");
  loader.find(api.clFlush, "clFlush");
  loader.find(api.clFinish, "clFinish");
  loader.find(api.clGetEventProfilingInfo, "clGetEventProfilingInfo");
  loader.find(api.clReleaseEvent, "clReleaseEvent");
  return api;
}

}  // namespace

const Api& openLibrary(const std::string& library) {
  static std::mutex lock;
  static std::map<std::string, Api> loaded;
  const std::scoped_lock turn(lock);
  const auto known = loaded.find(library);
  return known != loaded.end() ? known->second : loaded.emplace(library, load(library)).first->second;
}

}  // namespace onbox::cl
