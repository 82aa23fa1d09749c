/* The operators of the reference plugin, in plain loops over centred values (common/values.h). */
#ifndef ONBOX_REF_OPERATORS_H
#define ONBOX_REF_OPERATORS_H

#include "common/model.h"

/** A value of the graph while it runs. */
typedef struct ref_value {
  npu_tensor* type;
  float* centred;
} ref_value;

/** What a node needs beside its values. */
typedef struct ref_scratch {
  /** Of a row of a convolution or product. */
  double* sums;
} ref_scratch;

/** Sums that a node needs room for. */
uint64_t ref_sums_of(const npu_model* model, const onbox_npu_node* node);

/** Computes a node that npu_check_node has passed. `in[k].type` is NULL for an operand that was left out. */
void ref_run_node(const onbox_npu_node* node, const ref_value* in, const ref_value* out, const ref_scratch* scratch);

#endif
