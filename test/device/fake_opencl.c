/* A libOpenCL whose driver misbehaves as FAKE_OPENCL says, and otherwise accepts everything and computes nothing. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is(const char *mode) {
  const char *wanted = getenv("FAKE_OPENCL");
  return wanted != NULL && strcmp(wanted, mode) == 0;
}

static void misbehave(const char *crash, const char *hang) {
  if (is(crash)) raise(SIGSEGV);
  while (is(hang)) sleep(1);
}

static char object;

static int32_t answer(const void *value, size_t bytes, size_t size, void *target, size_t *needed) {
  if (needed != NULL) *needed = bytes;
  if (target != NULL) memcpy(target, value, bytes < size ? bytes : size);
  return 0;
}

static void *made(int32_t *status) {
  if (status != NULL) *status = 0;
  return &object;
}

int32_t clGetPlatformIDs(uint32_t count, void **platforms, uint32_t *found) {
  misbehave("crash-list", "hang-list");
  if (is("no-platform")) return -1001;
  if (found != NULL) *found = 1;
  if (count > 0) platforms[0] = &object;
  return 0;
}

int32_t clGetPlatformInfo(void *platform, uint32_t what, size_t size, void *target, size_t *needed) {
  return answer("Fake platform", 14, size, target, needed);
}

int32_t clGetDeviceIDs(void *platform, uint64_t type, uint32_t count, void **devices, uint32_t *found) {
  if (is("no-device")) return -1;
  if (is("broken-list")) return -6;
  if (found != NULL) *found = 1;
  if (count > 0) devices[0] = &object;
  return 0;
}

int32_t clGetDeviceInfo(void *device, uint32_t what, size_t size, void *target, size_t *needed) {
  static const size_t sizes[3] = {1024, 1024, 1024};
  uint64_t number = 1024;
  if (what == 0x102B) return answer("Fake GPU", 9, size, target, needed);
  if (what == 0x102C || what == 0x102F || what == 0x1030) return answer("Fake", 5, size, target, needed);
  if (what == 0x102D) return answer("r1p0", 5, size, target, needed);
  if (what == 0x1005) return answer(sizes, sizeof(sizes), size, target, needed);
  if (what == 0x1000) number = 4;
  if (what == 0x1010) number = 1 << 30;
  if (what == 0x1022) number = is("dedicated") ? 1 : 2;
  if (what == 0x1027) number = !is("unavailable");
  if (what == 0x1028) number = !is("no-compiler");
  if (what == 0x1035) number = 1;
  return answer(&number, size < 8 ? size : 8, size, target, needed);
}

void *clCreateContext(const intptr_t *a, uint32_t b, void *const *c, void *d, void *e, int32_t *status) { return made(status); }
int32_t clReleaseContext(void *a) { return 0; }
void *clCreateCommandQueue(void *a, void *b, uint64_t c, int32_t *status) { return made(status); }
int32_t clReleaseCommandQueue(void *a) { return 0; }
void *clCreateBuffer(void *a, uint64_t b, size_t bytes, void *c, int32_t *status) { *status = 0; return calloc(bytes, 1); }
int32_t clReleaseMemObject(void *memory) { free(memory); return 0; }
void *clCreateProgramWithSource(void *a, uint32_t b, const char **c, const size_t *d, int32_t *status) { return made(status); }
void *clCreateProgramWithBinary(void *a, uint32_t b, void *const *c, const size_t *d, const unsigned char **e, int32_t *f,
                                int32_t *status) { return made(status); }

int32_t clBuildProgram(void *a, uint32_t b, void *const *c, const char *d, void *e, void *f) {
  misbehave("crash-build", "hang-build");
  return is("broken-build") ? -11 : 0;
}

int32_t clGetProgramInfo(void *a, uint32_t b, size_t c, void *d, size_t *e) { return -30; }
int32_t clGetProgramBuildInfo(void *a, void *b, uint32_t c, size_t size, void *target, size_t *needed) {
  return answer("the fake compiler gives up", 27, size, target, needed);
}
int32_t clReleaseProgram(void *a) { return 0; }

/* A kernel knows no more than its number, for the count of its arguments. */
static uint32_t argumentCounts[3] = {8, 4, 4};

void *clCreateKernel(void *a, const char *name, int32_t *status) { *status = 0; return &argumentCounts[name[1] - '0']; }
int32_t clSetKernelArg(void *a, uint32_t b, size_t c, const void *d) { return 0; }
int32_t clGetKernelInfo(void *kernel, uint32_t what, size_t size, void *target, size_t *needed) {
  return answer(kernel, 4, size, target, needed);
}
int32_t clGetKernelWorkGroupInfo(void *a, void *b, uint32_t what, size_t size, void *target, size_t *needed) {
  static const size_t none[3] = {0, 0, 0};
  static const size_t groupMax = 256;
  return what == 0x11B0 ? answer(&groupMax, 8, size, target, needed) : answer(none, size, size, target, needed);
}
int32_t clReleaseKernel(void *a) { return 0; }

int32_t clEnqueueNDRangeKernel(void *a, void *b, uint32_t c, const size_t *d, const size_t *e, const size_t *f, uint32_t g,
                               void *const *h, void **event) {
  misbehave("crash-run", "hang-run");
  return is("broken-run") ? -5 : 0;
}

int32_t clEnqueueReadBuffer(void *a, char *memory, uint32_t b, size_t offset, size_t bytes, void *target, uint32_t c,
                            void *const *d, void **e) { memcpy(target, memory + offset, bytes); return 0; }
int32_t clEnqueueWriteBuffer(void *a, char *memory, uint32_t b, size_t offset, size_t bytes, const void *source, uint32_t c,
                             void *const *d, void **e) { memcpy(memory + offset, source, bytes); return 0; }
void *clEnqueueMapBuffer(void *a, char *memory, uint32_t b, uint64_t c, size_t offset, size_t bytes, uint32_t d, void *const *e,
                         void **f, int32_t *status) { *status = 0; return memory + offset; }
int32_t clEnqueueUnmapMemObject(void *a, void *b, void *c, uint32_t d, void *const *e, void **f) { return 0; }
int32_t clFlush(void *a) { return 0; }
int32_t clFinish(void *a) { return 0; }
int32_t clGetEventProfilingInfo(void *a, uint32_t b, size_t c, void *d, size_t *e) { return -30; }
int32_t clReleaseEvent(void *a) { return 0; }
