/* Copies a subgraph out of the host's hands, and believes nothing of it. */
#include "common/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes of the structs in the first version of the ABI: fewer bytes are no such struct, more are a newer host's. */
#define TENSOR_BYTES_MIN sizeof(onbox_npu_tensor)
#define NODE_BYTES_MIN sizeof(onbox_npu_node)
#define ZERO_MAX 65535
#define COUNT_MAX 65536u
#define ELEMENTS_MAX ((uint64_t)1 << 31)

#define FAIL(...) (snprintf(error, NPU_ERROR_BYTES, __VA_ARGS__), ONBOX_NPU_INVALID)

uint32_t npu_dtype_bytes(uint32_t dtype) {
  switch (dtype) {
    case ONBOX_NPU_F32:
    case ONBOX_NPU_I32:
      return 4;
    case ONBOX_NPU_F16:
    case ONBOX_NPU_I16:
      return 2;
    case ONBOX_NPU_I8:
    case ONBOX_NPU_U8:
      return 1;
    default:
      return 0;
  }
}

static void* copy_bytes(const void* from, size_t bytes) {
  void* copy = malloc(bytes == 0 ? 1 : bytes);
  if (copy != NULL && bytes > 0) memcpy(copy, from, bytes);
  return copy;
}

static int32_t check_shape(const onbox_npu_tensor* from, uint32_t index, npu_tensor* to, char* error) {
  const uint32_t size = npu_dtype_bytes(from->dtype);
  if (size == 0) return FAIL("tensor %u has the unknown type %u", index, from->dtype);
  if (from->rank > ONBOX_NPU_RANK_MAX) return FAIL("tensor %u has rank %u, %d at most", index, from->rank, ONBOX_NPU_RANK_MAX);
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < from->rank; axis++) {
    const int64_t extent = from->dims[axis];
    if (extent < 1 || (uint64_t)extent > ELEMENTS_MAX / count)
      return FAIL("tensor %u has an extent of %lld", index, (long long)extent);
    count *= (uint64_t)extent;
  }
  if (from->bytes != count * size) {
    return FAIL("tensor %u has %llu bytes, its shape wants %llu", index, (unsigned long long)from->bytes,
                (unsigned long long)(count * size));
  }
  to->dtype = from->dtype;
  to->rank = from->rank;
  memcpy(to->dims, from->dims, sizeof to->dims);
  to->count = count;
  to->bytes = from->bytes;
  to->is_constant = from->data != NULL;
  return ONBOX_NPU_OK;
}

static int32_t copy_quantisation(const onbox_npu_tensor* from, uint32_t index, npu_tensor* to, char* error) {
  if (from->qkind == ONBOX_NPU_QUANT_NONE) return ONBOX_NPU_OK;
  if (from->qkind > ONBOX_NPU_QUANT_AXIS) return FAIL("tensor %u has the unknown quantisation %u", index, from->qkind);
  const int by_axis = from->qkind == ONBOX_NPU_QUANT_AXIS;
  if (by_axis && from->qaxis >= from->rank) return FAIL("tensor %u is quantised along axis %u", index, from->qaxis);
  const uint64_t want = by_axis ? (uint64_t)from->dims[from->qaxis] : 1;
  if (from->qcount != want || from->scale == NULL)
    return FAIL("tensor %u has %u scales, wants %llu", index, from->qcount, (unsigned long long)want);
  for (uint32_t k = 0; k < from->qcount; k++) {
    if (!(from->scale[k] > 0) || !isfinite(from->scale[k]))
      return FAIL("tensor %u has a scale of %g", index, (double)from->scale[k]);
  }
  for (uint32_t k = 0; from->zero != NULL && k < from->qcount; k++) {
    if (from->zero[k] < -ZERO_MAX || from->zero[k] > ZERO_MAX)
      return FAIL("tensor %u has a zero point of %d", index, from->zero[k]);
  }
  to->qkind = from->qkind;
  to->qaxis = from->qaxis;
  to->qcount = from->qcount;
  to->scale = copy_bytes(from->scale, from->qcount * sizeof(float));
  if (from->zero != NULL) to->zero = copy_bytes(from->zero, from->qcount * sizeof(int32_t));
  return to->scale == NULL || (from->zero != NULL && to->zero == NULL) ? ONBOX_NPU_NOMEM : ONBOX_NPU_OK;
}

static int32_t copy_tensors(const onbox_npu_subgraph* from, int with_data, npu_model* model, char* error) {
  const uint32_t step = from->tensors->struct_size;
  if (step < TENSOR_BYTES_MIN) return FAIL("a tensor of %u bytes is none of this ABI", step);
  for (uint32_t k = 0; k < from->tensor_count; k++) {
    const onbox_npu_tensor* tensor = (const onbox_npu_tensor*)((const char*)from->tensors + (size_t)k * step);
    npu_tensor* to = &model->tensors[k];
    int32_t status = check_shape(tensor, k, to, error);
    if (status == ONBOX_NPU_OK) status = copy_quantisation(tensor, k, to, error);
    if (status != ONBOX_NPU_OK) return status;
    if (!with_data || tensor->data == NULL) continue;
    to->data = copy_bytes(tensor->data, tensor->bytes);
    if (to->data == NULL) return ONBOX_NPU_NOMEM;
  }
  return ONBOX_NPU_OK;
}

static int32_t copy_nodes(const onbox_npu_subgraph* from, npu_model* model, char* error) {
  const uint32_t step = from->nodes->struct_size;
  if (step < NODE_BYTES_MIN) return FAIL("a node of %u bytes is none of this ABI", step);
  for (uint32_t k = 0; k < from->node_count; k++) {
    memcpy(&model->nodes[k], (const char*)from->nodes + (size_t)k * step, sizeof(onbox_npu_node));
    const onbox_npu_node* node = &model->nodes[k];
    if (node->n_in < 1 || node->n_in > 4 || node->n_out != 1)
      return FAIL("node %u has %u operands and %u results", k, node->n_in, node->n_out);
    for (uint32_t i = 0; i < node->n_in; i++) {
      if (node->in[i] == ONBOX_NPU_ABSENT && i > 0) continue;
      if (node->in[i] >= model->tensor_count) return FAIL("node %u reads tensor %u of %u", k, node->in[i], model->tensor_count);
    }
    if (node->out[0] >= model->tensor_count)
      return FAIL("node %u writes tensor %u of %u", k, node->out[0], model->tensor_count);
  }
  return ONBOX_NPU_OK;
}

/** Every tensor is there before it is read, and is written once. */
static int32_t check_order(const npu_model* model, uint8_t* there, char* error) {
  for (uint32_t k = 0; k < model->tensor_count; k++) there[k] = model->tensors[k].is_constant;
  for (uint32_t k = 0; k < model->input_count; k++) {
    const uint32_t input = model->inputs[k];
    if (input >= model->tensor_count || there[input])
      return FAIL("input %u is tensor %u, which is none or a constant", k, input);
    there[input] = 1;
  }
  for (uint32_t k = 0; k < model->node_count; k++) {
    const onbox_npu_node* node = &model->nodes[k];
    for (uint32_t i = 0; i < node->n_in; i++) {
      if (node->in[i] != ONBOX_NPU_ABSENT && !there[node->in[i]])
        return FAIL("node %u reads tensor %u before it is there", k, node->in[i]);
    }
    if (there[node->out[0]]) return FAIL("node %u writes tensor %u, which is there already", k, node->out[0]);
    there[node->out[0]] = 1;
  }
  for (uint32_t k = 0; k < model->output_count; k++) {
    const uint32_t output = model->outputs[k];
    if (output >= model->tensor_count || !there[output]) return FAIL("output %u is tensor %u, which nothing writes", k, output);
  }
  return ONBOX_NPU_OK;
}

static int32_t copy_all(const onbox_npu_subgraph* from, int with_data, npu_model* model, char* error) {
  model->tensors = calloc(from->tensor_count, sizeof(npu_tensor));
  model->nodes = calloc(from->node_count, sizeof(onbox_npu_node));
  model->inputs = copy_bytes(from->inputs, from->input_count * sizeof(uint32_t));
  model->outputs = copy_bytes(from->outputs, from->output_count * sizeof(uint32_t));
  uint8_t* there = calloc(from->tensor_count, 1);
  int32_t status = ONBOX_NPU_NOMEM;
  if (model->tensors != NULL && model->nodes != NULL && model->inputs != NULL && model->outputs != NULL && there != NULL) {
    model->tensor_count = from->tensor_count;
    model->node_count = from->node_count;
    model->input_count = from->input_count;
    model->output_count = from->output_count;
    status = copy_tensors(from, with_data, model, error);
    if (status == ONBOX_NPU_OK) status = copy_nodes(from, model, error);
    if (status == ONBOX_NPU_OK) status = check_order(model, there, error);
  }
  free(there);
  return status;
}

int32_t npu_copy_model(const onbox_npu_subgraph* subgraph, int with_data, npu_model* model, char* error) {
  memset(model, 0, sizeof *model);
  if (subgraph == NULL || subgraph->struct_size < sizeof(onbox_npu_subgraph)) return FAIL("the subgraph is none of this ABI");
  const onbox_npu_subgraph* from = subgraph;
  if (from->tensor_count == 0 || from->tensor_count > COUNT_MAX || from->node_count == 0 || from->node_count > COUNT_MAX ||
      from->input_count > from->tensor_count || from->output_count == 0 || from->output_count > from->tensor_count) {
    return FAIL("a subgraph of %u tensors and %u nodes with %u inputs and %u outputs", from->tensor_count, from->node_count,
                from->input_count, from->output_count);
  }
  if (from->tensors == NULL || from->nodes == NULL || from->outputs == NULL ||
      (from->inputs == NULL && from->input_count > 0)) {
    return FAIL("the subgraph lacks a list");
  }
  const int32_t status = copy_all(from, with_data, model, error);
  if (status == ONBOX_NPU_OK) return status;
  if (status == ONBOX_NPU_NOMEM) snprintf(error, NPU_ERROR_BYTES, "out of memory");
  npu_free_model(model);
  return status;
}

void npu_free_model(npu_model* model) {
  for (uint32_t k = 0; k < model->tensor_count; k++) {
    free(model->tensors[k].scale);
    free(model->tensors[k].zero);
    free(model->tensors[k].data);
  }
  free(model->tensors);
  free(model->nodes);
  free(model->inputs);
  free(model->outputs);
  memset(model, 0, sizeof *model);
}
