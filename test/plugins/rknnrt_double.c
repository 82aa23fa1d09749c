/* A double of librknnrt: the matmul calls as far as the plugin uses them, with the limits of the hardware and its caches, which
   are not coherent. Every memory has a side of the host and a side of the device, filled differently; only a synchronisation
   copies, and a run sees the device's side alone.

   RKNNRT_DOUBLE, or double_fail, breaks it: `create`, `memory`, `run`, `hang`, `zeros`, or `limit` (no memory above 1 MiB). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/half.h"
#include "rknn/layout.h"

#define VISIBLE __attribute__((visibility("default")))

typedef struct {
  rknn_memory seen; /* what the caller holds; first, so that both have one address */
  void* device;
} memory;

typedef struct {
  rknn_matmul_info info;
  rknn_matmul_io io;
  memory* bound[3]; /* a, b, c */
} product;

static char failure[16];
static long live, bytes;

VISIBLE void double_fail(const char* what) {
  snprintf(failure, sizeof failure, "%s", what);
  bytes = 0; /* of memory taken from here on */
}
/** Contexts and memories that were not given back. */
VISIBLE long double_live(void) { return live; }

static int is_told(const char* what) { return strcmp(failure, what) == 0; }

__attribute__((constructor)) static void read_environment(void) {
  const char* told = getenv("RKNNRT_DOUBLE");
  if (told != NULL) double_fail(told);
}

static void describe(rknn_matmul_tensor* tensor, const char* name, uint32_t size, uint32_t rank, const uint32_t* dims) {
  memset(tensor, 0, sizeof *tensor);
  snprintf(tensor->name, sizeof tensor->name, "%s", name);
  tensor->rank = rank;
  tensor->size = size;
  for (uint32_t axis = 0; axis < rank; axis++) tensor->size *= tensor->dims[axis] = dims[axis];
}

VISIBLE int32_t rknn_matmul_create(rknn_context* context, rknn_matmul_info* info, rknn_matmul_io* io) {
  const int is_half = info->type == RKNN_F16_TO_F32;
  const int32_t width = is_half ? 16 : 32;
  if (is_told("create")) return -1;
  if (info->type != RKNN_F16_TO_F32 && info->type != RKNN_I8_TO_I32) return RKNN_BAD_PARAMETER;
  if (info->m < 1 || info->k < 32 || info->k % 32 != 0 || info->k > 8192) return RKNN_BAD_PARAMETER;
  if (info->n < width || info->n % width != 0 || info->n > 4096) return RKNN_BAD_PARAMETER;
  if (info->b_layout != RKNN_NATIVE || info->ac_layout != RKNN_NORMAL) return RKNN_BAD_PARAMETER;
  if (info->b_quantisation != 0 || info->ac_quantisation != 0 || info->iommu_domain != 0) return RKNN_BAD_PARAMETER;
  product* made = calloc(1, sizeof *made);
  if (made == NULL) return RKNN_NO_MEMORY;
  const uint32_t m = (uint32_t)info->m, k = (uint32_t)info->k, n = (uint32_t)info->n, wide = (uint32_t)width;
  describe(&made->io.a, "A", is_half ? 2 : 1, 2, (uint32_t[]){m, k});
  describe(&made->io.b, "B", is_half ? 2 : 1, 4, (uint32_t[]){n / wide, k / 32, wide, 32});
  describe(&made->io.c, "C", 4, 2, (uint32_t[]){m, n});
  made->info = *info;
  *io = made->io;
  *context = (rknn_context)(uintptr_t)made;
  live++;
  return RKNN_OK;
}

VISIBLE int32_t rknn_matmul_destroy(rknn_context context) {
  free((void*)(uintptr_t)context);
  live--;
  return RKNN_OK;
}

VISIBLE int32_t rknn_matmul_set_core_mask(rknn_context context, int32_t mask) {
  (void)context;
  return mask == 1 || mask == 2 || mask == 4 ? RKNN_OK : -1;
}

VISIBLE int32_t rknn_matmul_set_io_mem(rknn_context context, rknn_memory* given, rknn_matmul_tensor* tensor) {
  product* made = (product*)(uintptr_t)context;
  const int operand = tensor->name[0] - 'A';
  if (operand < 0 || operand > 2 || given->size < (&made->io.a)[operand].size) return RKNN_BAD_PARAMETER;
  made->bound[operand] = (memory*)given;
  return RKNN_OK;
}

VISIBLE rknn_memory* rknn_create_mem(rknn_context context, uint32_t size) {
  (void)context;
  if (is_told("memory") || (is_told("limit") && bytes + size > 1 << 20)) return NULL;
  memory* made = calloc(1, sizeof *made);
  if (made == NULL) return NULL;
  made->seen.address = malloc(size);
  made->device = malloc(size);
  made->seen.size = size;
  if (made->seen.address == NULL || made->device == NULL) abort();
  memset(made->seen.address, 0xa5, size);
  memset(made->device, 0x5a, size);
  bytes += size;
  live++;
  return &made->seen;
}

VISIBLE int32_t rknn_destroy_mem(rknn_context context, rknn_memory* given) {
  (void)context;
  bytes -= given->size;
  live--;
  free(given->address);
  free(((memory*)given)->device);
  free(given);
  return RKNN_OK;
}

VISIBLE int32_t rknn_mem_sync(rknn_context context, rknn_memory* given, int32_t mode) {
  (void)context;
  void* device = ((memory*)given)->device;
  if (mode == RKNN_TO_DEVICE) memcpy(device, given->address, given->size);
  if (mode == RKNN_FROM_DEVICE) memcpy(given->address, device, given->size);
  return mode == RKNN_TO_DEVICE || mode == RKNN_FROM_DEVICE ? RKNN_OK : RKNN_BAD_PARAMETER;
}

/** Where B has (k, n) in the native layout. */
static size_t native(const rknn_matmul_info* info, size_t k, size_t n, size_t width) {
  return ((n / width * ((size_t)info->k / 32) + k / 32) * width + n % width) * 32 + k % 32;
}

static void run_halves(const product* made) {
  const rknn_matmul_info* info = &made->info;
  const size_t m = (size_t)info->m, k = (size_t)info->k, n = (size_t)info->n;
  const uint16_t *a = made->bound[0]->device, *b = made->bound[1]->device;
  float *c = made->bound[2]->device, *column = malloc(k * sizeof(float)), *rows = malloc(m * k * sizeof(float));
  if (column == NULL || rows == NULL) abort();
  for (size_t at = 0; at < m * k; at++) rows[at] = half_to_float(a[at]);
  for (size_t j = 0; j < n; j++) {
    for (size_t at = 0; at < k; at++) column[at] = half_to_float(b[native(info, at, j, 16)]);
    for (size_t i = 0; i < m; i++) {
      float sum = 0;
      for (size_t at = 0; at < k; at++) sum += rows[i * k + at] * column[at];
      c[i * n + j] = sum;
    }
  }
  free(column);
  free(rows);
}

static void run_bytes(const product* made) {
  const rknn_matmul_info* info = &made->info;
  const size_t m = (size_t)info->m, k = (size_t)info->k, n = (size_t)info->n;
  const int8_t *a = made->bound[0]->device, *b = made->bound[1]->device;
  int32_t* c = made->bound[2]->device;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      int32_t sum = 0;
      for (size_t at = 0; at < k; at++) sum += a[i * k + at] * b[native(info, at, j, 32)];
      c[i * n + j] = sum;
    }
  }
}

VISIBLE int32_t rknn_matmul_run(rknn_context context) {
  const product* made = (const product*)(uintptr_t)context;
  const struct timespec moment = {0, 1000000};
  while (is_told("hang")) nanosleep(&moment, NULL);
  if (is_told("run") || made->bound[0] == NULL || made->bound[1] == NULL || made->bound[2] == NULL) return -1;
  if (is_told("zeros")) {
    memset(made->bound[2]->device, 0, made->io.c.size);
  } else if (made->info.type == RKNN_F16_TO_F32) {
    run_halves(made);
  } else {
    run_bytes(made);
  }
  return RKNN_OK;
}

VISIBLE int32_t rknn_query(rknn_context context, int32_t command, void* buffer, uint32_t size) {
  const rknn_versions versions = {"2.3.2 (a double)", "0.9.8 (a double)"};
  (void)context;
  if (command != RKNN_QUERY_VERSIONS || size < sizeof versions) return RKNN_BAD_PARAMETER;
  memcpy(buffer, &versions, sizeof versions);
  return RKNN_OK;
}
