/* A plugin's own copy of a subgraph. What is in it has been checked: indices, shapes and bytes fit each other, and the struct
   sizes of another version of the host are gone. */
#ifndef ONBOX_PLUGIN_MODEL_H
#define ONBOX_PLUGIN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "onbox_npu.h"

#define NPU_ERROR_BYTES 256

typedef struct npu_tensor {
  uint32_t dtype;
  uint32_t rank;
  int64_t dims[ONBOX_NPU_RANK_MAX];
  uint64_t count;
  uint64_t bytes;
  uint32_t qkind;
  uint32_t qaxis;
  uint32_t qcount;
  float* scale;  /* qcount entries, or NULL */
  int32_t* zero; /* qcount entries, or NULL */
  void* data;    /* of a constant that was asked for */
  uint8_t is_constant;
} npu_tensor;

typedef struct npu_model {
  npu_tensor* tensors;
  onbox_npu_node* nodes;
  uint32_t* inputs;
  uint32_t* outputs;
  uint32_t tensor_count;
  uint32_t node_count;
  uint32_t input_count;
  uint32_t output_count;
} npu_model;

/**
 * Checks a subgraph and copies it; constants only with `with_data`.
 * @param error of NPU_ERROR_BYTES, gets the reason
 * @returns OK, INVALID or NOMEM; *model is empty after a failure
 */
int32_t npu_copy_model(const onbox_npu_subgraph* subgraph, int with_data, npu_model* model, char* error);

/** Frees what the copy owns. An empty one is allowed. */
void npu_free_model(npu_model* model);

/** Whether the operands of a node have the types and shapes that its operator asks for. Gives the reason. */
int npu_check_node(const npu_model* model, const onbox_npu_node* node, char* error);

/** Bytes of an element, 0 for an unknown type. */
uint32_t npu_dtype_bytes(uint32_t dtype);

static inline int npu_is_integer(uint32_t dtype) {
  return dtype == ONBOX_NPU_I8 || dtype == ONBOX_NPU_U8 || dtype == ONBOX_NPU_I16;
}

static inline float npu_scale_of(const npu_tensor* tensor, uint32_t channel) {
  if (tensor->scale == NULL) return 1;
  return tensor->scale[tensor->qcount == 1 ? 0 : channel];
}

static inline int32_t npu_zero_of(const npu_tensor* tensor, uint32_t channel) {
  if (tensor->zero == NULL) return 0;
  return tensor->zero[tensor->qcount == 1 ? 0 : channel];
}

/** The operand of a node, NULL if it was left out. */
static inline npu_tensor* npu_operand(const npu_model* model, const onbox_npu_node* node, uint32_t k) {
  if (k >= node->n_in || node->in[k] == ONBOX_NPU_ABSENT) return NULL;
  return &model->tensors[node->in[k]];
}

static inline npu_tensor* npu_result(const npu_model* model, const onbox_npu_node* node) {
  return &model->tensors[node->out[0]];
}

#endif
