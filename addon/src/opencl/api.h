// What onbox uses of OpenCL 1.2, declared here so that nothing needs to be installed to build, and nothing is linked: the
// functions are looked up in a library that is opened at run time. Names and values are those of the specification, without its
// prefix.
#pragma once

#include <cstddef>
#include <cstdint>

namespace onbox::cl {

struct Platform;
struct Device;
struct Context;
struct Queue;
struct Memory;
struct Program;
struct Kernel;
struct Event;

using Int = std::int32_t;
using Uint = std::uint32_t;
using Ulong = std::uint64_t;
using Bool = Uint;
using Bits = Ulong;
/** cl_context_properties: pointers and enumerations, ended by 0. */
using Property = std::intptr_t;

constexpr Int kSuccess = 0;
constexpr Int kDeviceNotFound = -1;
constexpr Int kPlatformNotFound = -1001;

constexpr Bits kDeviceTypeCpu = 1U << 1U;
constexpr Bits kDeviceTypeGpu = 1U << 2U;
constexpr Bits kDeviceTypeAll = 0xFFFFFFFF;

constexpr Uint kPlatformVersion = 0x0901;
constexpr Uint kPlatformName = 0x0902;
constexpr Uint kPlatformVendor = 0x0903;

constexpr Uint kDeviceType = 0x1000;
constexpr Uint kDeviceMaxComputeUnits = 0x1002;
constexpr Uint kDeviceMaxWorkGroupSize = 0x1004;
constexpr Uint kDeviceMaxWorkItemSizes = 0x1005;
constexpr Uint kDevicePreferredVectorWidthFloat = 0x100A;
constexpr Uint kDeviceMaxClockFrequency = 0x100C;
constexpr Uint kDeviceMaxMemAllocSize = 0x1010;
constexpr Uint kDeviceGlobalMemCachelineSize = 0x101D;
constexpr Uint kDeviceGlobalMemCacheSize = 0x101E;
constexpr Uint kDeviceGlobalMemSize = 0x101F;
constexpr Uint kDeviceLocalMemType = 0x1022;
constexpr Uint kDeviceLocalMemSize = 0x1023;
constexpr Uint kDeviceAvailable = 0x1027;
constexpr Uint kDeviceCompilerAvailable = 0x1028;
constexpr Uint kDeviceName = 0x102B;
constexpr Uint kDeviceVendor = 0x102C;
constexpr Uint kDriverVersion = 0x102D;
constexpr Uint kDeviceVersion = 0x102F;
constexpr Uint kDeviceExtensions = 0x1030;
constexpr Uint kDevicePreferredVectorWidthHalf = 0x1034;
constexpr Uint kDeviceHostUnifiedMemory = 0x1035;

constexpr Uint kLocalMemTypeLocal = 1;

constexpr Property kContextPlatform = 0x1084;

constexpr Bits kQueueProfiling = 1U << 1U;

constexpr Bits kMemReadWrite = 1U << 0U;
constexpr Bits kMemReadOnly = 1U << 2U;
constexpr Bits kMemAllocHostPtr = 1U << 4U;

constexpr Bits kMapRead = 1U << 0U;
constexpr Bits kMapWrite = 1U << 1U;
/** What was in the region is not needed: CL_MAP_WRITE_INVALIDATE_REGION. */
constexpr Bits kMapOverwrite = 1U << 2U;

constexpr Uint kProgramBinarySizes = 0x1165;
constexpr Uint kProgramBinaries = 0x1166;
constexpr Uint kProgramBuildLog = 0x1183;

constexpr Uint kKernelNumArgs = 0x1191;
constexpr Uint kKernelWorkGroupSize = 0x11B0;
constexpr Uint kKernelCompileWorkGroupSize = 0x11B1;
constexpr Uint kKernelLocalMemSize = 0x11B2;

constexpr Uint kProfilingCommandStart = 0x1282;
constexpr Uint kProfilingCommandEnd = 0x1283;

/** Waiting lists are never used: queues are in order. */
struct Api {
  Int (*clGetPlatformIDs)(Uint, Platform**, Uint*);
  Int (*clGetPlatformInfo)(Platform*, Uint, std::size_t, void*, std::size_t*);
  Int (*clGetDeviceIDs)(Platform*, Bits, Uint, Device**, Uint*);
  Int (*clGetDeviceInfo)(Device*, Uint, std::size_t, void*, std::size_t*);
  Context* (*clCreateContext)(const Property*, Uint, Device* const*, void (*)(const char*, const void*, std::size_t, void*),
                              void*, Int*);
  Int (*clReleaseContext)(Context*);
  Queue* (*clCreateCommandQueue)(Context*, Device*, Bits, Int*);
  Int (*clReleaseCommandQueue)(Queue*);
  Memory* (*clCreateBuffer)(Context*, Bits, std::size_t, void*, Int*);
  Int (*clReleaseMemObject)(Memory*);
  Program* (*clCreateProgramWithSource)(Context*, Uint, const char* const*, const std::size_t*, Int*);
  Program* (*clCreateProgramWithBinary)(Context*, Uint, Device* const*, const std::size_t*, const unsigned char* const*, Int*,
                                        Int*);
  Int (*clBuildProgram)(Program*, Uint, Device* const*, const char*, void (*)(Program*, void*), void*);
  Int (*clGetProgramInfo)(Program*, Uint, std::size_t, void*, std::size_t*);
  Int (*clGetProgramBuildInfo)(Program*, Device*, Uint, std::size_t, void*, std::size_t*);
  Int (*clReleaseProgram)(Program*);
  Kernel* (*clCreateKernel)(Program*, const char*, Int*);
  Int (*clSetKernelArg)(Kernel*, Uint, std::size_t, const void*);
  Int (*clGetKernelInfo)(Kernel*, Uint, std::size_t, void*, std::size_t*);
  Int (*clGetKernelWorkGroupInfo)(Kernel*, Device*, Uint, std::size_t, void*, std::size_t*);
  Int (*clReleaseKernel)(Kernel*);
  Int (*clEnqueueNDRangeKernel)(Queue*, Kernel*, Uint, const std::size_t*, const std::size_t*, const std::size_t*, Uint,
                                Event* const*, Event**);
  Int (*clEnqueueReadBuffer)(Queue*, Memory*, Bool, std::size_t, std::size_t, void*, Uint, Event* const*, Event**);
  Int (*clEnqueueWriteBuffer)(Queue*, Memory*, Bool, std::size_t, std::size_t, const void*, Uint, Event* const*, Event**);
  void* (*clEnqueueMapBuffer)(Queue*, Memory*, Bool, Bits, std::size_t, std::size_t, Uint, Event* const*, Event**, Int*);
  Int (*clEnqueueUnmapMemObject)(Queue*, Memory*, void*, Uint, Event* const*, Event**);
  Int (*clFlush)(Queue*);
  Int (*clFinish)(Queue*);
  Int (*clGetEventProfilingInfo)(Event*, Uint, std::size_t, void*, std::size_t*);
  Int (*clReleaseEvent)(Event*);
};

}  // namespace onbox::cl
