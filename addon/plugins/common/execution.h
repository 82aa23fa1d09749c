/* What is the same in every plugin that goes through a graph node by node: the values, and the way in and out. */
#ifndef ONBOX_PLUGIN_EXECUTION_H
#define ONBOX_PLUGIN_EXECUTION_H

#include "common/model.h"
#include "common/operators.h"

typedef struct npu_execution {
  npu_model model;
  npu_value* values; /* one for each tensor, constants in place */
  npu_scratch scratch;
} npu_execution;

/**
 * Copies and checks a subgraph, and makes room for all its values.
 * @param error of NPU_ERROR_BYTES, gets the reason
 * @returns OK, INVALID, UNSUPPORTED or NOMEM; *execution is empty after a failure
 */
int32_t npu_prepare(const onbox_npu_subgraph* subgraph, npu_execution* execution, char* error);

/** Frees what it owns. An empty one is allowed. */
void npu_free_execution(npu_execution* execution);

/** The values that a node reads; NULL as the type of an operand that was left out. */
void npu_operand_values(const npu_execution* execution, const onbox_npu_node* node, npu_value in[4]);

/** Steps by the host's size of a buffer. */
static inline const onbox_npu_buffer* npu_buffer_at(const onbox_npu_buffer* buffers, uint32_t k) {
  return (const onbox_npu_buffer*)((const char*)buffers + (size_t)k * buffers->struct_size);
}

/** OK, or INVALID if counts or bytes are not those of the graph. */
int32_t npu_check_buffers(const npu_model* model, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out,
                          uint32_t n_out, char* error);

void npu_load_inputs(const npu_execution* execution, const onbox_npu_buffer* in);
void npu_store_outputs(const npu_execution* execution, const onbox_npu_buffer* out);

/** Copies the value of a line KEY=VALUE of a plugin's options, cut to `bytes`. @returns 0 if there is no such line */
int npu_read_option(const char* options, const char* key, char* value, size_t bytes);

#endif
