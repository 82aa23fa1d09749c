/* Convolutions of one group and products with constant weights, on the matrix unit of the NPU. */
#ifndef ONBOX_RKNN_NODE_H
#define ONBOX_RKNN_NODE_H

#include "common/operators.h"
#include "rknn/product.h"

/** A node that the NPU multiplies for. */
typedef struct rknn_node {
  const onbox_npu_node* node;
  rknn_product product;
  void* elements;      /* the activations, as the NPU takes them */
  void* row;           /* of the product */
  double* corrections; /* of integers: what the zero point adds to the sum of each column */
  int32_t shift;       /* of integers: zero point of the elements */
} rknn_node;

/** Whether it is one for the NPU: by operator, types, sizes. @param work_min floating-point operations that are worth the way
 */
int rknn_takes(const npu_model* model, const onbox_npu_node* node, uint64_t work_min);

/** @param in weights with their values @returns a status of onbox_npu.h; *made is empty after a failure */
int32_t rknn_make_node(rknn_device* device, const npu_model* model, const onbox_npu_node* node, const npu_value* in,
                       rknn_node* made, char* error);

void rknn_free_node(rknn_node* node);

/** @returns a status of the vendor */
int32_t rknn_run_node(rknn_node* node, const npu_value* in, const npu_value* out, const struct timespec* end);

#endif
