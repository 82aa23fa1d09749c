/* All memory of a graph is taken before its first run: a run allocates nothing. */
#include "common/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/values.h"

/** Room for every value, with the constants in place. */
static int32_t make_values(npu_execution* execution) {
  const npu_model* model = &execution->model;
  execution->values = calloc(model->tensor_count, sizeof(npu_value));
  if (execution->values == NULL) return ONBOX_NPU_NOMEM;
  for (uint32_t k = 0; k < model->tensor_count; k++) {
    npu_value* value = &execution->values[k];
    value->type = &model->tensors[k];
    value->centred = malloc(value->type->count * sizeof(float));
    if (value->centred == NULL) return ONBOX_NPU_NOMEM;
    if (value->type->data != NULL) npu_load_centred(value->type, value->type->data, value->centred);
  }
  uint64_t sums = 1;
  for (uint32_t k = 0; k < model->node_count; k++) {
    const uint64_t needed = npu_sums_of(model, &model->nodes[k]);
    if (needed > sums) sums = needed;
  }
  execution->scratch.sums = malloc(sums * sizeof(double));
  return execution->scratch.sums == NULL ? ONBOX_NPU_NOMEM : ONBOX_NPU_OK;
}

int32_t npu_prepare(const onbox_npu_subgraph* subgraph, npu_execution* execution, char* error) {
  memset(execution, 0, sizeof *execution);
  int32_t status = npu_copy_model(subgraph, 1, &execution->model, error);
  for (uint32_t k = 0; status == ONBOX_NPU_OK && k < execution->model.node_count; k++) {
    if (!npu_check_node(&execution->model, &execution->model.nodes[k], error)) status = ONBOX_NPU_UNSUPPORTED;
  }
  if (status == ONBOX_NPU_OK) {
    status = make_values(execution);
    if (status != ONBOX_NPU_OK) snprintf(error, NPU_ERROR_BYTES, "out of memory");
  }
  if (status != ONBOX_NPU_OK) npu_free_execution(execution);
  return status;
}

void npu_free_execution(npu_execution* execution) {
  for (uint32_t k = 0; execution->values != NULL && k < execution->model.tensor_count; k++) free(execution->values[k].centred);
  free(execution->values);
  free(execution->scratch.sums);
  npu_free_model(&execution->model);
  memset(execution, 0, sizeof *execution);
}

void npu_operand_values(const npu_execution* execution, const onbox_npu_node* node, npu_value in[4]) {
  const npu_value none = {NULL, NULL};
  for (uint32_t i = 0; i < 4; i++) {
    in[i] = i < node->n_in && node->in[i] != ONBOX_NPU_ABSENT ? execution->values[node->in[i]] : none;
  }
}

static int fits(const npu_model* model, const uint32_t* tensors, uint32_t want, const onbox_npu_buffer* buffers,
                uint32_t count) {
  if (count != want) return 0;
  for (uint32_t k = 0; k < count; k++) {
    const onbox_npu_buffer* buffer = npu_buffer_at(buffers, k);
    if (buffer->ptr == NULL || buffer->bytes != model->tensors[tensors[k]].bytes) return 0;
  }
  return 1;
}

int32_t npu_check_buffers(const npu_model* model, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out,
                          uint32_t n_out, char* error) {
  if (fits(model, model->inputs, model->input_count, in, n_in) && fits(model, model->outputs, model->output_count, out, n_out))
    return ONBOX_NPU_OK;
  snprintf(error, NPU_ERROR_BYTES, "buffers of another count or size than the graph's");
  return ONBOX_NPU_INVALID;
}

void npu_load_inputs(const npu_execution* execution, const onbox_npu_buffer* in) {
  for (uint32_t k = 0; k < execution->model.input_count; k++) {
    const npu_value* value = &execution->values[execution->model.inputs[k]];
    npu_load_centred(value->type, npu_buffer_at(in, k)->ptr, value->centred);
  }
}

void npu_store_outputs(const npu_execution* execution, const onbox_npu_buffer* out) {
  for (uint32_t k = 0; k < execution->model.output_count; k++) {
    const npu_value* value = &execution->values[execution->model.outputs[k]];
    npu_store_centred(value->type, value->centred, npu_buffer_at(out, k)->ptr);
  }
}

int npu_read_option(const char* options, const char* key, char* value, size_t bytes) {
  const size_t length = strlen(key);
  int found = 0;
  for (const char* line = options; line != NULL && *line != '\0';) {
    const char* end = strchr(line, '\n');
    const size_t size = end == NULL ? strlen(line) : (size_t)(end - line);
    if (size > length && strncmp(line, key, length) == 0 && line[length] == '=') {
      snprintf(value, bytes, "%.*s", (int)(size - length - 1), line + length + 1);
      found = 1;
    }
    line = end == NULL ? NULL : end + 1;
  }
  return found;
}
