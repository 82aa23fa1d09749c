/* The reference plugin: every operator of onbox_npu.h on the CPU, slowly and plainly. It is the truth that other plugins are
   held to, the template for a new one, and with its options a device that is slow, wrong or broken on demand.

   Options, for tests of the host: `delay_us=N` waits in every run; `error=X` adds X to the first element of every output;
   `fail=open|compile|run|hang` does that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/values.h"
#include "ref/operators.h"

struct onbox_npu_context {
  char error[NPU_ERROR_BYTES];
  char fail[16];
  double add;
  long delay_us;
};

struct onbox_npu_graph {
  onbox_npu_context* context;
  npu_model model;
  ref_value* values; /* one for each tensor */
  ref_scratch scratch;
};

static _Thread_local char open_error[NPU_ERROR_BYTES];

/** The value of a line KEY=VALUE, cut to `bytes`. */
static void read_option(const char* options, const char* key, char* value, size_t bytes) {
  const size_t length = strlen(key);
  for (const char* line = options; line != NULL && *line != '\0';) {
    const char* end = strchr(line, '\n');
    const size_t size = end == NULL ? strlen(line) : (size_t)(end - line);
    if (size > length && strncmp(line, key, length) == 0 && line[length] == '=') {
      snprintf(value, bytes, "%.*s", (int)(size - length - 1), line + length + 1);
    }
    line = end == NULL ? NULL : end + 1;
  }
}

static int32_t ref_open(const onbox_npu_host* host, const char* options, onbox_npu_context** context) {
  (void)host;
  onbox_npu_context* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  char number[32] = "0";
  read_option(options, "fail", made->fail, sizeof made->fail);
  read_option(options, "delay_us", number, sizeof number);
  made->delay_us = strtol(number, NULL, 10);
  snprintf(number, sizeof number, "0");
  read_option(options, "error", number, sizeof number);
  made->add = strtod(number, NULL);
  if (strcmp(made->fail, "open") == 0) {
    snprintf(open_error, sizeof open_error, "told to fail at open");
    free(made);
    return ONBOX_NPU_DEVICE;
  }
  *context = made;
  return ONBOX_NPU_OK;
}

static void ref_close(onbox_npu_context* context) { free(context); }

static const char* ref_last_error(onbox_npu_context* context) { return context == NULL ? open_error : context->error; }

static int32_t ref_info(onbox_npu_context* context, onbox_npu_info* info) {
  onbox_npu_info all = {
      .struct_size = info->struct_size, .cores = 1, .device = "reference", .runtime = "plain C", .driver = "none"};
  (void)context;
  memcpy(info, &all, info->struct_size < sizeof all ? info->struct_size : sizeof all);
  return ONBOX_NPU_OK;
}

static int32_t ref_supports(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, uint8_t* per_node) {
  npu_model model;
  const int32_t status = npu_copy_model(subgraph, 0, &model, context->error);
  if (status != ONBOX_NPU_OK) return status;
  for (uint32_t k = 0; k < model.node_count; k++)
    per_node[k] = (uint8_t)npu_check_node(&model, &model.nodes[k], context->error);
  npu_free_model(&model);
  return ONBOX_NPU_OK;
}

static void ref_release(onbox_npu_graph* graph) {
  for (uint32_t k = 0; graph->values != NULL && k < graph->model.tensor_count; k++) free(graph->values[k].centred);
  free(graph->values);
  free(graph->scratch.sums);
  npu_free_model(&graph->model);
  free(graph);
}

/** Room for every value, with the constants in place. */
static int32_t make_values(onbox_npu_graph* graph) {
  const npu_model* model = &graph->model;
  graph->values = calloc(model->tensor_count, sizeof(ref_value));
  if (graph->values == NULL) return ONBOX_NPU_NOMEM;
  for (uint32_t k = 0; k < model->tensor_count; k++) {
    ref_value* value = &graph->values[k];
    value->type = &model->tensors[k];
    value->centred = malloc(value->type->count * sizeof(float));
    if (value->centred == NULL) return ONBOX_NPU_NOMEM;
    if (value->type->data != NULL) npu_load_centred(value->type, value->type->data, value->centred);
  }
  uint64_t sums = 1;
  for (uint32_t k = 0; k < model->node_count; k++) {
    const uint64_t needed = ref_sums_of(model, &model->nodes[k]);
    if (needed > sums) sums = needed;
  }
  graph->scratch.sums = malloc(sums * sizeof(double));
  return graph->scratch.sums == NULL ? ONBOX_NPU_NOMEM : ONBOX_NPU_OK;
}

static int32_t ref_compile(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, onbox_npu_graph** graph) {
  if (strcmp(context->fail, "compile") == 0) {
    snprintf(context->error, sizeof context->error, "told to fail at compile");
    return ONBOX_NPU_NOMEM;
  }
  onbox_npu_graph* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  made->context = context;
  int32_t status = npu_copy_model(subgraph, 1, &made->model, context->error);
  for (uint32_t k = 0; status == ONBOX_NPU_OK && k < made->model.node_count; k++) {
    if (!npu_check_node(&made->model, &made->model.nodes[k], context->error)) status = ONBOX_NPU_UNSUPPORTED;
  }
  if (status == ONBOX_NPU_OK) status = make_values(made);
  if (status == ONBOX_NPU_OK) {
    *graph = made;
  } else {
    ref_release(made);
  }
  return status;
}

/** Steps by the host's size of a buffer. */
static const onbox_npu_buffer* buffer_at(const onbox_npu_buffer* buffers, uint32_t k) {
  return (const onbox_npu_buffer*)((const char*)buffers + (size_t)k * buffers->struct_size);
}

static int32_t check_buffers(const npu_model* model, const uint32_t* tensors, uint32_t want, const onbox_npu_buffer* buffers,
                             uint32_t count) {
  if (count != want) return ONBOX_NPU_INVALID;
  for (uint32_t k = 0; k < count; k++) {
    const onbox_npu_buffer* buffer = buffer_at(buffers, k);
    if (buffer->ptr == NULL || buffer->bytes != model->tensors[tensors[k]].bytes) return ONBOX_NPU_INVALID;
  }
  return ONBOX_NPU_OK;
}

static void pause_us(long microseconds) {
  const struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&time, NULL);
}

static void run_all(const onbox_npu_graph* graph) {
  for (uint32_t k = 0; k < graph->model.node_count; k++) {
    const onbox_npu_node* node = &graph->model.nodes[k];
    ref_value in[4] = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
    for (uint32_t i = 0; i < node->n_in; i++) {
      if (node->in[i] != ONBOX_NPU_ABSENT) in[i] = graph->values[node->in[i]];
    }
    ref_run_node(node, in, &graph->values[node->out[0]], &graph->scratch);
  }
}

static int32_t ref_run(onbox_npu_graph* graph, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out,
                       uint32_t n_out, uint32_t timeout_ms) {
  const npu_model* model = &graph->model;
  onbox_npu_context* context = graph->context;
  (void)timeout_ms;
  if (check_buffers(model, model->inputs, model->input_count, in, n_in) != ONBOX_NPU_OK ||
      check_buffers(model, model->outputs, model->output_count, out, n_out) != ONBOX_NPU_OK) {
    snprintf(context->error, sizeof context->error, "buffers of another count or size than the graph's");
    return ONBOX_NPU_INVALID;
  }
  while (strcmp(context->fail, "hang") == 0) pause_us(1000000);
  if (strcmp(context->fail, "run") == 0) {
    snprintf(context->error, sizeof context->error, "told to fail at run");
    return ONBOX_NPU_INTERNAL;
  }
  for (uint32_t k = 0; k < n_in; k++) {
    const ref_value* value = &graph->values[model->inputs[k]];
    npu_load_centred(value->type, buffer_at(in, k)->ptr, value->centred);
  }
  run_all(graph);
  for (uint32_t k = 0; k < n_out; k++) {
    const ref_value* value = &graph->values[model->outputs[k]];
    if (context->add != 0) value->centred[0] += (float)context->add;
    npu_store_centred(value->type, value->centred, buffer_at(out, k)->ptr);
  }
  if (context->delay_us > 0) pause_us(context->delay_us);
  return ONBOX_NPU_OK;
}

static const onbox_npu_plugin table = {
    .abi_version = ONBOX_NPU_ABI,
    .struct_size = sizeof(onbox_npu_plugin),
    .name = "ref",
    .version = "1",
    .open = ref_open,
    .close = ref_close,
    .last_error = ref_last_error,
    .info = ref_info,
    .supports = ref_supports,
    .compile = ref_compile,
    .run = ref_run,
    .release = ref_release,
};

const onbox_npu_plugin* onbox_npu_entry(uint32_t host_abi) {
  return ONBOX_NPU_ABI_MAJOR(host_abi) == ONBOX_NPU_ABI_MAJOR(ONBOX_NPU_ABI) ? &table : NULL;
}
