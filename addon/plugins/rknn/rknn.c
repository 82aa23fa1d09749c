/* The plugin for RK3588 and its kin: convolutions of one group and products with constant weights run on the NPU's matrix unit
   through librknnrt's matmul calls; what lies between two of them is computed here, so that a region need not end there.

   Options: `library=PATH` (librknnrt.so, as the loader finds it), `cores=N` (3), `memory_mb=N` (2047), `work_min=N`
   floating-point operations below which a product is left to the CPU (8000000). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/execution.h"
#include "common/half.h"
#include "rknn/node.h"

enum { PROBE_TIMEOUT_MS = 50000, MEMORY_MB_DEFAULT = 2047, MEMORY_MB_MAX = 4095, WORK_MIN_DEFAULT = 8000000 };

struct onbox_npu_context {
  rknn_device device;
  rknn_versions versions;
  uint64_t work_min;
  char error[NPU_ERROR_BYTES];
};

struct onbox_npu_graph {
  onbox_npu_context* context;
  npu_execution execution;
  rknn_node* nodes; /* one for each node; `node` is NULL where the CPU computes it */
};

static _Thread_local char open_error[NPU_ERROR_BYTES];

static uint64_t number_option(const char* options, const char* key, uint64_t otherwise, uint64_t most) {
  char text[32];
  char* end = text;
  if (!npu_read_option(options, key, text, sizeof text)) return otherwise;
  const unsigned long long value = strtoull(text, &end, 10);
  if (end == text || *end != '\0') return otherwise;
  return value < most ? value : most;
}

/** What a first product tells: the blocks of the weights, whether it can be bound to the second core, both versions. */
static int32_t ask(onbox_npu_context* context, int32_t type, rknn_block* block, char* error) {
  rknn_device* device = &context->device;
  rknn_context made = 0;
  rknn_matmul_info info = {.m = 4, .k = 64, .n = 64, .type = type, .b_layout = RKNN_NATIVE, .ac_layout = RKNN_NORMAL};
  rknn_matmul_io io;
  memset(&io, 0, sizeof io);
  const int32_t status = device->library.matmul_create(&made, &info, &io);
  if (status != RKNN_OK) {
    snprintf(error, NPU_ERROR_BYTES, "creating a first product gave %d", status);
    return rknn_status(status);
  }
  if (device->core_count > 1) device->has_masks = device->library.matmul_set_core_mask(made, 2) == RKNN_OK;
  if (!device->has_masks) device->core_count = 1;
  rknn_versions versions;
  memset(&versions, 0, sizeof versions);
  if (device->library.query(made, RKNN_QUERY_VERSIONS, &versions, sizeof versions) == RKNN_OK) context->versions = versions;
  device->library.matmul_destroy(made);
  *block = (rknn_block){io.b.dims[2], io.b.dims[3]};
  const int is_known = io.b.rank == 4 && (block->width == 8 || block->width == 16 || block->width == 32) &&
                       (block->height == 16 || block->height == 32);
  if (is_known) return ONBOX_NPU_OK;
  snprintf(error, NPU_ERROR_BYTES, "weights in blocks of %ux%u, which this plugin does not know", block->width, block->height);
  return ONBOX_NPU_VERSION;
}

enum { PROBE_ROWS = 3, PROBE_DEPTH = 70, PROBE_COLUMNS = 200 };

static int32_t probe_left(uint32_t row, uint32_t k) { return (int32_t)((row * 7 + k * 3) % 11) - 5; }
static int32_t probe_right(uint32_t k, uint32_t column) { return (int32_t)((k * 5 + column * 13) % 7) - 3; }

static int32_t probe_sum(uint32_t row, uint32_t column) {
  int32_t sum = 0;
  for (uint32_t k = 0; k < PROBE_DEPTH; k++) sum += probe_left(row, k) * probe_right(k, column);
  return sum;
}

static void set_probe_rows(const rknn_product* product) {
  uint16_t halves[PROBE_DEPTH];
  int8_t bytes[PROBE_DEPTH];
  for (uint32_t row = 0; row < PROBE_ROWS; row++) {
    for (uint32_t k = 0; k < PROBE_DEPTH; k++) {
      bytes[k] = (int8_t)probe_left(row, k);
      halves[k] = half_from_float((float)bytes[k]);
    }
    rknn_set_row(product, row, product->sizes.is_integer ? (const void*)bytes : halves);
  }
}

/** A product of small whole numbers over all cores: some versions of the library answer with zeros, and the status 0. */
static int32_t probe(rknn_device* device, uint8_t is_integer, char* error) {
  static const char* const kinds[2] = {"halves", "bytes"};
  float* weights = malloc(sizeof(float) * PROBE_DEPTH * PROBE_COLUMNS);
  if (weights == NULL) return ONBOX_NPU_NOMEM;
  for (uint32_t k = 0; k < PROBE_DEPTH * PROBE_COLUMNS; k++)
    weights[k] = (float)probe_right(k / PROBE_COLUMNS, k % PROBE_COLUMNS);
  const rknn_sizes sizes = {PROBE_ROWS, PROBE_DEPTH, PROBE_COLUMNS, is_integer};
  const rknn_weights packed = {weights, PROBE_COLUMNS, 1};
  rknn_product product;
  const int32_t made = rknn_make_product(device, &sizes, &packed, &product, error);
  free(weights);
  if (made != ONBOX_NPU_OK) return made;
  set_probe_rows(&product);
  const struct timespec end = rknn_after_ms(PROBE_TIMEOUT_MS);
  const int32_t status = rknn_multiply(&product, &end);
  if (status != RKNN_OK) snprintf(error, NPU_ERROR_BYTES, "a first product of %s gave %d", kinds[is_integer], status);
  /* A thread may still be at work on it. */
  if (status == RKNN_TIMEOUT) return ONBOX_NPU_TIMEOUT;
  int32_t wrong = 0;
  for (uint32_t at = 0; status == RKNN_OK && at < PROBE_ROWS * PROBE_COLUMNS; at++) {
    const uint32_t row = at / PROBE_COLUMNS, column = at % PROBE_COLUMNS;
    wrong += rknn_sum_at(&product, row, column) != probe_sum(row, column);
  }
  rknn_free_product(&product);
  if (status != RKNN_OK) return rknn_status(status);
  if (wrong == 0) return ONBOX_NPU_OK;
  snprintf(error, NPU_ERROR_BYTES, "%d of %d sums of a known product of %s are wrong", wrong, PROBE_ROWS * PROBE_COLUMNS,
           kinds[is_integer]);
  return ONBOX_NPU_VERSION;
}

/** Everything after the library is there. */
static int32_t start(onbox_npu_context* context, char* error) {
  rknn_device* device = &context->device;
  int32_t status = ask(context, RKNN_F16_TO_F32, &device->f16, error);
  if (status == ONBOX_NPU_OK) status = ask(context, RKNN_I8_TO_I32, &device->i8, error);
  if (status != ONBOX_NPU_OK) return status;
  if (!rknn_start_cores(&device->cores, device->core_count)) {
    snprintf(error, NPU_ERROR_BYTES, "no threads for %u cores", device->core_count);
    return ONBOX_NPU_NOMEM;
  }
  status = probe(device, 0, error);
  if (status == ONBOX_NPU_OK) status = probe(device, 1, error);
  /* A thread that hangs does not end, and keeps what it works on. */
  if (status != ONBOX_NPU_OK && status != ONBOX_NPU_TIMEOUT) rknn_end_cores(&device->cores);
  return status;
}

static int32_t rknn_open(const onbox_npu_host* host, const char* options, onbox_npu_context** context) {
  (void)host;
  char path[1024] = "librknnrt.so";
  npu_read_option(options, "library", path, sizeof path);
  onbox_npu_context* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  made->device.core_count = (uint32_t)number_option(options, "cores", RKNN_CORES_MAX, RKNN_CORES_MAX);
  made->device.memory_max = number_option(options, "memory_mb", MEMORY_MB_DEFAULT, MEMORY_MB_MAX) << 20;
  made->work_min = number_option(options, "work_min", WORK_MIN_DEFAULT, UINT64_MAX);
  snprintf(open_error, sizeof open_error, "out of memory");
  int32_t status = rknn_open_library(path, &made->device.library, open_error);
  if (status == ONBOX_NPU_OK) {
    status = start(made, open_error);
    if (status == ONBOX_NPU_TIMEOUT) return status;
    if (status != ONBOX_NPU_OK) rknn_close_library(&made->device.library);
  }
  if (status == ONBOX_NPU_OK) {
    *context = made;
  } else {
    free(made);
  }
  return status;
}

static void rknn_close(onbox_npu_context* context) {
  rknn_end_cores(&context->device.cores);
  rknn_close_library(&context->device.library);
  free(context);
}

static const char* rknn_last_error(onbox_npu_context* context) { return context == NULL ? open_error : context->error; }

static int32_t rknn_info(onbox_npu_context* context, onbox_npu_info* info) {
  onbox_npu_info all = {.struct_size = info->struct_size,
                        .cores = context->device.core_count,
                        .device = "Rockchip NPU",
                        .memory_limit = context->device.memory_max};
  snprintf(all.runtime, sizeof all.runtime, "%.63s", context->versions.library);
  snprintf(all.driver, sizeof all.driver, "%.63s", context->versions.driver);
  memcpy(info, &all, info->struct_size < sizeof all ? info->struct_size : sizeof all);
  return ONBOX_NPU_OK;
}

/** Operators between two products, of an element at a time. In f32 the CPU has them faster and more exactly. */
static int is_between(const npu_model* model, const onbox_npu_node* node) {
  if (npu_result(model, node)->dtype == ONBOX_NPU_F32) return 0;
  return node->op == ONBOX_NPU_RELU || node->op == ONBOX_NPU_CLIP || node->op == ONBOX_NPU_SIGMOID ||
         node->op == ONBOX_NPU_ADD || node->op == ONBOX_NPU_MUL || node->op == ONBOX_NPU_RESHAPE;
}

static int supports_node(onbox_npu_context* context, const npu_model* model, const onbox_npu_node* node) {
  if (!npu_check_node(model, node, context->error)) return 0;
  return is_between(model, node) || rknn_takes(model, node, context->work_min);
}

static int32_t rknn_supports(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, uint8_t* per_node) {
  npu_model model;
  const int32_t status = npu_copy_model(subgraph, 0, &model, context->error);
  if (status != ONBOX_NPU_OK) return status;
  for (uint32_t k = 0; k < model.node_count; k++) per_node[k] = (uint8_t)supports_node(context, &model, &model.nodes[k]);
  npu_free_model(&model);
  return ONBOX_NPU_OK;
}

static void rknn_release(onbox_npu_graph* graph) {
  for (uint32_t k = 0; graph->nodes != NULL && k < graph->execution.model.node_count; k++) rknn_free_node(&graph->nodes[k]);
  free(graph->nodes);
  npu_free_execution(&graph->execution);
  free(graph);
}

static int32_t make_nodes(onbox_npu_graph* graph) {
  onbox_npu_context* context = graph->context;
  const npu_model* model = &graph->execution.model;
  graph->nodes = calloc(model->node_count, sizeof(rknn_node));
  if (graph->nodes == NULL) return ONBOX_NPU_NOMEM;
  for (uint32_t k = 0; k < model->node_count; k++) {
    const onbox_npu_node* node = &model->nodes[k];
    if (!supports_node(context, model, node)) {
      snprintf(context->error, sizeof context->error, "node %u, of operator %u, is not for this NPU", k, node->op);
      return ONBOX_NPU_UNSUPPORTED;
    }
    if (is_between(model, node)) continue;
    npu_value in[4];
    npu_operand_values(&graph->execution, node, in);
    const int32_t status = rknn_make_node(&context->device, model, node, in, &graph->nodes[k], context->error);
    if (status != ONBOX_NPU_OK) return status;
  }
  return ONBOX_NPU_OK;
}

static int32_t rknn_compile(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, onbox_npu_graph** graph) {
  onbox_npu_graph* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  made->context = context;
  int32_t status = npu_prepare(subgraph, &made->execution, context->error);
  if (status == ONBOX_NPU_OK) status = make_nodes(made);
  if (status == ONBOX_NPU_OK) {
    *graph = made;
  } else {
    rknn_release(made);
  }
  return status;
}

static int32_t rknn_run(onbox_npu_graph* graph, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out,
                        uint32_t n_out, uint32_t timeout_ms) {
  const npu_execution* execution = &graph->execution;
  onbox_npu_context* context = graph->context;
  const int32_t checked = npu_check_buffers(&execution->model, in, n_in, out, n_out, context->error);
  if (checked != ONBOX_NPU_OK) return checked;
  const struct timespec end = rknn_after_ms(timeout_ms);
  npu_load_inputs(execution, in);
  for (uint32_t k = 0; k < execution->model.node_count; k++) {
    const onbox_npu_node* node = &execution->model.nodes[k];
    const npu_value* result = &execution->values[node->out[0]];
    npu_value operands[4];
    npu_operand_values(execution, node, operands);
    if (graph->nodes[k].node == NULL) {
      npu_run_node(node, operands, result, &execution->scratch);
      continue;
    }
    const int32_t status = rknn_run_node(&graph->nodes[k], operands, result, &end);
    if (status == RKNN_OK) continue;
    snprintf(context->error, sizeof context->error, "a product gave %d%s", status,
             status == RKNN_TIMEOUT ? ": no answer in time" : "");
    return rknn_status(status);
  }
  npu_store_outputs(execution, out);
  return ONBOX_NPU_OK;
}

static const onbox_npu_plugin table = {
    .abi_version = ONBOX_NPU_ABI,
    .struct_size = sizeof(onbox_npu_plugin),
    .name = "rknn",
    .version = "1",
    .open = rknn_open,
    .close = rknn_close,
    .last_error = rknn_last_error,
    .info = rknn_info,
    .supports = rknn_supports,
    .compile = rknn_compile,
    .run = rknn_run,
    .release = rknn_release,
};

const onbox_npu_plugin* onbox_npu_entry(uint32_t host_abi) {
  return ONBOX_NPU_ABI_MAJOR(host_abi) == ONBOX_NPU_ABI_MAJOR(ONBOX_NPU_ABI) ? &table : NULL;
}
