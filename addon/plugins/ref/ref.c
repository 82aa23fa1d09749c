/* The reference plugin: every operator of onbox_npu.h on the CPU, slowly and plainly. It is the truth that other plugins are
   held to, the template for a new one, and with its options a device that is slow, wrong or broken on demand.

   Options, for tests of the host: `delay_us=N` waits in every run; `error=X` adds X to the first element of every output;
   `fail=open|compile|run|hang` does that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/execution.h"

struct onbox_npu_context {
  char error[NPU_ERROR_BYTES];
  char fail[16];
  double add;
  long delay_us;
};

struct onbox_npu_graph {
  onbox_npu_context* context;
  npu_execution execution;
};

static _Thread_local char open_error[NPU_ERROR_BYTES];

static int32_t ref_open(const onbox_npu_host* host, const char* options, onbox_npu_context** context) {
  (void)host;
  onbox_npu_context* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  char number[32] = "0";
  npu_read_option(options, "fail", made->fail, sizeof made->fail);
  npu_read_option(options, "delay_us", number, sizeof number);
  made->delay_us = strtol(number, NULL, 10);
  snprintf(number, sizeof number, "0");
  npu_read_option(options, "error", number, sizeof number);
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
  npu_free_execution(&graph->execution);
  free(graph);
}

static int32_t ref_compile(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, onbox_npu_graph** graph) {
  if (strcmp(context->fail, "compile") == 0) {
    snprintf(context->error, sizeof context->error, "told to fail at compile");
    return ONBOX_NPU_NOMEM;
  }
  onbox_npu_graph* made = calloc(1, sizeof *made);
  if (made == NULL) return ONBOX_NPU_NOMEM;
  made->context = context;
  const int32_t status = npu_prepare(subgraph, &made->execution, context->error);
  if (status == ONBOX_NPU_OK) {
    *graph = made;
  } else {
    free(made);
  }
  return status;
}

static void pause_us(long microseconds) {
  const struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&time, NULL);
}

static void run_all(const onbox_npu_graph* graph) {
  const npu_execution* execution = &graph->execution;
  for (uint32_t k = 0; k < execution->model.node_count; k++) {
    const onbox_npu_node* node = &execution->model.nodes[k];
    npu_value in[4];
    npu_operand_values(execution, node, in);
    npu_run_node(node, in, &execution->values[node->out[0]], &execution->scratch);
  }
}

static int32_t ref_run(onbox_npu_graph* graph, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out,
                       uint32_t n_out, uint32_t timeout_ms) {
  const npu_execution* execution = &graph->execution;
  onbox_npu_context* context = graph->context;
  (void)timeout_ms;
  const int32_t status = npu_check_buffers(&execution->model, in, n_in, out, n_out, context->error);
  if (status != ONBOX_NPU_OK) return status;
  while (strcmp(context->fail, "hang") == 0) pause_us(1000000);
  if (strcmp(context->fail, "run") == 0) {
    snprintf(context->error, sizeof context->error, "told to fail at run");
    return ONBOX_NPU_INTERNAL;
  }
  npu_load_inputs(execution, in);
  run_all(graph);
  for (uint32_t k = 0; context->add != 0 && k < n_out; k++) {
    execution->values[execution->model.outputs[k]].centred[0] += (float)context->add;
  }
  npu_store_outputs(execution, out);
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
