/* Every operator of onbox_npu.h in plain loops on the CPU, over centred values (common/values.h). */
#ifndef ONBOX_PLUGIN_OPERATORS_H
#define ONBOX_PLUGIN_OPERATORS_H

#include "common/model.h"

/** A value of the graph while it runs. */
typedef struct npu_value {
  npu_tensor* type;
  float* centred;
} npu_value;

/** What a node needs beside its values. */
typedef struct npu_scratch {
  /** Of a row of a convolution or product. */
  double* sums;
} npu_scratch;

/** Sums that a node needs room for. */
uint64_t npu_sums_of(const npu_model* model, const onbox_npu_node* node);

/** Computes a node that npu_check_node has passed. `in[k].type` is NULL for an operand that was left out. */
void npu_run_node(const onbox_npu_node* node, const npu_value* in, const npu_value* out, const npu_scratch* scratch);

#endif
