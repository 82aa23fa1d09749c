/* Between stored numbers and floats. `centred` is q - zero for an integer and the number itself for a float, so that
   real = scale * centred in both. */
#ifndef ONBOX_PLUGIN_VALUES_H
#define ONBOX_PLUGIN_VALUES_H

#include "common/model.h"

/** Reads all elements of a tensor from `from`, whose bytes need no alignment, as centred values. */
void npu_load_centred(const npu_tensor* tensor, const void* from, float* centred);

/** Writes centred values back as they are stored. They are within the range of the type. */
void npu_store_centred(const npu_tensor* tensor, const float* centred, void* to);

/** The centred value that a real one is stored as, by the rule of onbox_npu.h. */
float npu_quantise(const npu_tensor* tensor, double real);

/**
 * The real value of a sum of products of centred values. A bias of whole numbers joins the sum before the scale, as in the
 * hardware.
 * @param unit scale of x times scale of the weights
 */
double npu_real_of_sum(double sum, double unit, const npu_tensor* bias, uint32_t channel);

/** `act` and its limits of a CONV or GEMM, or the limits of a CLIP. */
double npu_activate(const onbox_npu_node* node, double real);

#endif
