/* The plugin rknn over a double of librknnrt, held against the plugin ref: halves within 2e-2, bytes exactly, over shapes that
   need padding, tiles and splits; then with the double broken. Prints what is wrong, a line each; exit code 0 if nothing is.
   Arguments: ref.so, rknn.so, the double. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/half.h"
#include "onbox_npu.h"

static int failures;

/* Of the sanitizer, where the program is built with it. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

#define CHECK(condition, ...)                        \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s: ", __LINE__, #condition); \
      printf(__VA_ARGS__);                           \
      printf("\n");                                  \
      failures++;                                    \
    }                                                \
  } while (0)

typedef struct {
  const onbox_npu_plugin* plugin;
  onbox_npu_context* context;
} device;

/** A product or convolution: `x` to `y` with `columns` maps. */
typedef struct {
  const char* name;
  uint32_t op;
  uint32_t dtype; /* of x */
  uint32_t rank;
  int64_t x[4];
  int64_t y[4];
  int64_t weights[4];
  int32_t i[12];
  uint8_t is_silu; /* a sigmoid and a product behind it */
} sample;

enum { X, WEIGHTS, BIAS, Y, SIGMOID, PRODUCT, TENSORS };

typedef struct {
  onbox_npu_tensor tensors[TENSORS];
  onbox_npu_node nodes[3];
  uint32_t inputs[1];
  uint32_t outputs[1];
  onbox_npu_subgraph graph;
  float* scales;
  int32_t zero_x, zero_y;
  float scale_x, scale_y;
} built;

static uint32_t seed;
static int32_t any(int32_t low, int32_t high) {
  seed = seed * 1664525u + 1013904223u;
  return low + (int32_t)((seed >> 8) % (uint32_t)(high - low + 1));
}

static void* fill(uint32_t dtype, uint64_t count) {
  const size_t size = dtype == ONBOX_NPU_F16 ? 2 : dtype == ONBOX_NPU_I32 ? 4 : 1;
  char* data = malloc(count * size);
  if (data == NULL) exit(2);
  for (uint64_t k = 0; k < count; k++) {
    const uint16_t half = half_from_float((float)any(-128, 127) / 128);
    const int32_t whole = any(-500, 500);
    if (dtype == ONBOX_NPU_F16) {
      memcpy(data + k * 2, &half, 2);
    } else if (dtype == ONBOX_NPU_I32) {
      memcpy(data + k * 4, &whole, 4);
    } else {
      data[k] = (char)any(0, 255);
    }
  }
  return data;
}

static void set_tensor(onbox_npu_tensor* tensor, uint32_t dtype, uint32_t rank, const int64_t* dims, int is_constant) {
  memset(tensor, 0, sizeof *tensor);
  tensor->struct_size = sizeof *tensor;
  tensor->dtype = dtype;
  tensor->rank = rank;
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < rank; axis++) count *= (uint64_t)(tensor->dims[axis] = dims[axis]);
  tensor->bytes = count * (dtype == ONBOX_NPU_F16 ? 2 : dtype == ONBOX_NPU_I32 ? 4 : 1);
  if (is_constant) tensor->data = fill(dtype, count);
}

static void quantise(onbox_npu_tensor* tensor, const float* scale, const int32_t* zero, int64_t axis) {
  tensor->qkind = axis < 0 ? ONBOX_NPU_QUANT_TENSOR : ONBOX_NPU_QUANT_AXIS;
  tensor->qaxis = axis < 0 ? 0 : (uint32_t)axis;
  tensor->qcount = axis < 0 ? 1 : (uint32_t)tensor->dims[axis];
  tensor->scale = scale;
  tensor->zero = zero;
}

static void build(const sample* from, built* b) {
  memset(b, 0, sizeof *b);
  const int is_half = from->dtype == ONBOX_NPU_F16;
  const uint32_t axis = from->op == ONBOX_NPU_CONV || from->i[1] ? 0 : 1;
  const int64_t columns[1] = {from->weights[axis]};
  set_tensor(&b->tensors[X], from->dtype, from->rank, from->x, 0);
  set_tensor(&b->tensors[WEIGHTS], is_half ? ONBOX_NPU_F16 : ONBOX_NPU_I8, from->rank, from->weights, 1);
  set_tensor(&b->tensors[BIAS], is_half ? ONBOX_NPU_F16 : ONBOX_NPU_I32, 1, columns, 1);
  for (uint32_t k = Y; k < TENSORS; k++)
    set_tensor(&b->tensors[k], is_half ? ONBOX_NPU_F16 : ONBOX_NPU_I8, from->rank, from->y, 0);
  b->scales = malloc((size_t)columns[0] * sizeof(float));
  if (b->scales == NULL) exit(2);
  for (int64_t k = 0; k < columns[0]; k++) b->scales[k] = (float)any(1, 64) / 4096;
  b->zero_x = from->dtype == ONBOX_NPU_U8 ? 90 : -37;
  b->zero_y = 11;
  b->scale_x = 0.02f;
  b->scale_y = 0.4f;
  if (!is_half) {
    quantise(&b->tensors[X], &b->scale_x, &b->zero_x, -1);
    quantise(&b->tensors[WEIGHTS], b->scales, NULL, axis);
    for (uint32_t k = Y; k < TENSORS; k++) quantise(&b->tensors[k], &b->scale_y, &b->zero_y, -1);
  }
  const uint32_t none = ONBOX_NPU_ABSENT;
  b->nodes[0] = (onbox_npu_node){sizeof(onbox_npu_node), from->op, 3, 1, {X, WEIGHTS, BIAS, none}, {Y, none}, {0}, {0, 6}};
  memcpy(b->nodes[0].i, from->i, sizeof from->i);
  b->nodes[1] =
      (onbox_npu_node){sizeof(onbox_npu_node), ONBOX_NPU_SIGMOID, 1, 1, {Y, none, none, none}, {SIGMOID, none}, {0}, {0}};
  b->nodes[2] =
      (onbox_npu_node){sizeof(onbox_npu_node), ONBOX_NPU_MUL, 2, 1, {Y, SIGMOID, none, none}, {PRODUCT, none}, {0}, {0}};
  b->inputs[0] = X;
  b->outputs[0] = from->is_silu ? PRODUCT : Y;
  b->graph = (onbox_npu_subgraph){sizeof b->graph, TENSORS,   from->is_silu ? 3 : 1, 1, 1, 0, b->tensors, b->nodes,
                                  b->inputs,       b->outputs};
}

static void drop(const built* b) {
  free((void*)b->tensors[WEIGHTS].data);
  free((void*)b->tensors[BIAS].data);
  free(b->scales);
}

/** @returns the status of whatever failed first */
static int32_t compute(const device* on, const built* b, const void* x, void* y, uint32_t timeout_ms) {
  onbox_npu_graph* graph = NULL;
  int32_t status = on->plugin->compile(on->context, &b->graph, &graph);
  if (status != ONBOX_NPU_OK) return status;
  const onbox_npu_buffer in = {sizeof in, -1, (void*)x, b->tensors[X].bytes, 0};
  const onbox_npu_buffer out = {sizeof out, -1, y, b->tensors[Y].bytes, 0};
  /* Twice: what the first run leaves behind must not show in the second. */
  status = on->plugin->run(graph, &in, 1, &out, 1, timeout_ms);
  if (status == ONBOX_NPU_OK) status = on->plugin->run(graph, &in, 1, &out, 1, timeout_ms);
  if (status != ONBOX_NPU_TIMEOUT && status != ONBOX_NPU_DEVICE) on->plugin->release(graph);
  return status;
}

/** Largest difference, by the largest number. */
static double error_of(const uint16_t* got, const uint16_t* want, uint64_t count) {
  double most = 1e-9, error = 0;
  for (uint64_t k = 0; k < count; k++) {
    const double a = (double)half_to_float(got[k]), b = (double)half_to_float(want[k]);
    most = fmax(most, fabs(b));
    error = isfinite(a) ? fmax(error, fabs(a - b)) : INFINITY;
  }
  return error / most;
}

static void agree(const device* ref, const device* npu, const sample* each) {
  built b;
  seed = 1;
  build(each, &b);
  const uint64_t bytes = b.tensors[Y].bytes;
  uint64_t elements = 1;
  for (uint32_t axis = 0; axis < each->rank; axis++) elements *= (uint64_t)each->x[axis];
  void *x = fill(each->dtype, elements), *want = malloc(bytes), *got = malloc(bytes);
  if (want == NULL || got == NULL) exit(2);
  uint8_t supported[3] = {0, 0, 0};
  CHECK(npu->plugin->supports(npu->context, &b.graph, supported) == ONBOX_NPU_OK && supported[0], "%s", each->name);
  const int32_t first = compute(ref, &b, x, want, 600000), second = compute(npu, &b, x, got, 600000);
  if (first != ONBOX_NPU_OK || second != ONBOX_NPU_OK) {
    CHECK(0, "%s: %d on ref, %d on rknn: %s", each->name, first, second, npu->plugin->last_error(npu->context));
  } else if (each->dtype == ONBOX_NPU_F16) {
    const double error = error_of(got, want, bytes / 2);
    CHECK(error <= 2e-2, "%s: %g", each->name, error);
  } else {
    CHECK(memcmp(got, want, bytes) == 0, "%s", each->name);
  }
  free(x);
  free(want);
  free(got);
  drop(&b);
}

#define CONV(stride, before, after, dilation, act) \
  { 3, 3, stride, stride, before, before, after, after, dilation, dilation, 1, act }
static const sample samples[] = {
    {"padded", ONBOX_NPU_CONV, ONBOX_NPU_F16, 4, {1, 5, 13, 11}, {1, 40, 13, 11}, {40, 5, 3, 3}, CONV(1, 1, 1, 1, 1), 0},
    {"two cores", ONBOX_NPU_CONV, ONBOX_NPU_F16, 4, {2, 19, 13, 11}, {2, 70, 6, 5}, {70, 19, 3, 3}, CONV(2, 1, 0, 1, 2), 1},
    {"three cores", ONBOX_NPU_CONV, ONBOX_NPU_F16, 4, {1, 4, 9, 7}, {1, 200, 9, 7}, {200, 4, 3, 3}, CONV(1, 2, 2, 2, 0), 0},
    {"deep", ONBOX_NPU_GEMM, ONBOX_NPU_F16, 2, {3, 8300}, {3, 40}, {8300, 40}, {0}, 0},
    {"wide", ONBOX_NPU_GEMM, ONBOX_NPU_F16, 2, {2, 64}, {2, 12400}, {12400, 64}, {0, 1}, 0},
    {"tiles", ONBOX_NPU_GEMM, ONBOX_NPU_F16, 2, {261, 8192}, {261, 32}, {8192, 32}, {0}, 0},
    {"i8", ONBOX_NPU_CONV, ONBOX_NPU_I8, 4, {1, 19, 13, 11}, {1, 70, 13, 11}, {70, 19, 3, 3}, CONV(1, 1, 1, 1, 0), 0},
    {"u8", ONBOX_NPU_CONV, ONBOX_NPU_U8, 4, {1, 19, 13, 11}, {1, 170, 6, 5}, {170, 19, 3, 3}, CONV(2, 1, 0, 1, 1), 1},
    {"deep i8", ONBOX_NPU_GEMM, ONBOX_NPU_I8, 2, {3, 8300}, {3, 100}, {100, 8300}, {0, 1}, 0},
};

/** Breaks the double after or before the plugin is open. */
static void break_it(const onbox_npu_plugin* plugin, const char* options, void* handle) {
  void (*fail)(const char*) = NULL;
  long (*live)(void) = NULL;
  *(void**)&fail = dlsym(handle, "double_fail");
  *(void**)&live = dlsym(handle, "double_live");
  const struct {
    const char* what;
    int32_t at_open;
    int32_t at_run;
  } faults[] = {{"create", ONBOX_NPU_DEVICE, ONBOX_NPU_DEVICE}, {"memory", ONBOX_NPU_NOMEM, ONBOX_NPU_NOMEM},
                {"run", ONBOX_NPU_DEVICE, ONBOX_NPU_DEVICE},    {"zeros", ONBOX_NPU_VERSION, ONBOX_NPU_OK},
                {"limit", ONBOX_NPU_OK, ONBOX_NPU_NOMEM},       {"hang", ONBOX_NPU_OK, ONBOX_NPU_TIMEOUT}};
  built b;
  seed = 1;
  build(&samples[4], &b);
  uint16_t* x = fill(ONBOX_NPU_F16, b.tensors[X].bytes / 2);
  uint16_t* y = malloc(b.tensors[Y].bytes);
  if (y == NULL) exit(2);
  for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
    device on = {plugin, NULL};
    const int hangs = strcmp(faults[k].what, "hang") == 0;
    const long before = live();
    fail(hangs ? "" : faults[k].what);
    int32_t status = plugin->open(NULL, options, &on.context);
    CHECK(status == faults[k].at_open, "%s: %d", faults[k].what, status);
    CHECK((on.context != NULL) == (status == ONBOX_NPU_OK), "%s", faults[k].what);
    CHECK(status == ONBOX_NPU_OK || *plugin->last_error(NULL) != '\0', "%s", faults[k].what);
    if (on.context != NULL) plugin->close(on.context);
    CHECK(live() == before, "%s: %ld left", faults[k].what, live() - before);
    fail("");
    on.context = NULL;
    if (plugin->open(NULL, options, &on.context) != ONBOX_NPU_OK) continue;
    fail(faults[k].what);
    status = compute(&on, &b, x, y, hangs ? 50 : 600000);
    CHECK(status == faults[k].at_run, "%s: %d", faults[k].what, status);
    fail("");
    /* A context is never closed after it was lost. */
    if (status != ONBOX_NPU_DEVICE && status != ONBOX_NPU_TIMEOUT) plugin->close(on.context);
  }
  free(x);
  free(y);
  drop(&b);
}

static const onbox_npu_plugin* load(const char* path) {
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    printf("%s\n", dlerror());
    exit(2);
  }
  onbox_npu_entry_function entry = NULL;
  *(void**)&entry = dlsym(handle, "onbox_npu_entry");
  return entry(ONBOX_NPU_ABI);
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  char options[1200];
  snprintf(options, sizeof options, "library=%s\nwork_min=0\n", arguments[3]);
  device ref = {load(arguments[1]), NULL}, npu = {load(arguments[2]), NULL};
  CHECK(npu.plugin->open(NULL, "library=/nowhere/librknnrt.so\n", &npu.context) == ONBOX_NPU_DEVICE, "no library");
  CHECK(npu.plugin->open(NULL, "library=libm.so.6\n", &npu.context) == ONBOX_NPU_VERSION, "a foreign library");
  if (ref.plugin->open(NULL, NULL, &ref.context) != ONBOX_NPU_OK) return 2;
  if (npu.plugin->open(NULL, options, &npu.context) != ONBOX_NPU_OK) {
    printf("rknn does not open: %s\n", npu.plugin->last_error(NULL));
    return 1;
  }
  onbox_npu_info info = {.struct_size = sizeof info};
  CHECK(npu.plugin->info(npu.context, &info) == ONBOX_NPU_OK && info.cores == 3, "%u cores", info.cores);
  CHECK(strcmp(info.runtime, "2.3.2 (a double)") == 0, "%s", info.runtime);
  for (size_t k = 0; k < sizeof samples / sizeof *samples; k++) agree(&ref, &npu, &samples[k]);
  npu.plugin->close(npu.context);
  ref.plugin->close(ref.context);
  if (__lsan_do_recoverable_leak_check != NULL) CHECK(__lsan_do_recoverable_leak_check() == 0, "leaks");
  break_it(npu.plugin, options, dlopen(arguments[3], RTLD_NOW | RTLD_LOCAL));
  fflush(stdout);
  /* Without the leak check: a lost context is left as it is. */
  _Exit(failures == 0 ? 0 : 1);
}
