/* A convolution is a product whose rows are the windows. Of integers the NPU adds up the stored numbers; as
   sum (x - z) w = sum x w - z sum w, the zero point is taken off afterwards, and the border of an image holds it. Unsigned
   bytes are shifted by 128, which is a shift of the zero point too. */
#include "rknn/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/half.h"
#include "common/values.h"

/** Narrower products leave most of the matrix unit idle. */
enum { EXTENT_MIN = 32 };

static rknn_sizes sizes_of(const npu_model* model, const onbox_npu_node* node) {
  const npu_tensor *weights = npu_operand(model, node, 1), *y = npu_result(model, node);
  rknn_sizes sizes = {.is_integer = (uint8_t)npu_is_integer(weights->dtype)};
  if (node->op == ONBOX_NPU_CONV) {
    sizes.columns = (uint32_t)weights->dims[0];
    sizes.depth = (uint32_t)(weights->count / (uint64_t)weights->dims[0]);
  } else {
    sizes.columns = (uint32_t)weights->dims[node->i[1] ? 0 : 1];
    sizes.depth = (uint32_t)weights->dims[node->i[1] ? 1 : 0];
  }
  sizes.rows = (uint32_t)(y->count / sizes.columns);
  return sizes;
}

static int is_symmetric(const npu_tensor* tensor) {
  for (uint32_t k = 0; tensor->zero != NULL && k < tensor->qcount; k++) {
    if (tensor->zero[k] != 0) return 0;
  }
  return 1;
}

/** Zero point of what the NPU gets of x. */
static int32_t shift_of(const npu_tensor* x) { return npu_zero_of(x, 0) - (x->dtype == ONBOX_NPU_U8 ? 128 : 0); }

int rknn_takes(const npu_model* model, const onbox_npu_node* node, uint64_t work_min) {
  if (node->op != ONBOX_NPU_CONV && node->op != ONBOX_NPU_GEMM) return 0;
  const npu_tensor *x = npu_operand(model, node, 0), *weights = npu_operand(model, node, 1);
  if (!weights->is_constant) return 0;
  if (node->op == ONBOX_NPU_CONV ? node->i[10] != 1 : node->i[0] != 0) return 0;
  const int is_half = x->dtype == ONBOX_NPU_F16 && weights->dtype == ONBOX_NPU_F16;
  const int is_byte = (x->dtype == ONBOX_NPU_I8 || x->dtype == ONBOX_NPU_U8) && weights->dtype == ONBOX_NPU_I8;
  if (!is_half && !(is_byte && is_symmetric(weights))) return 0;
  /* The border holds the zero point, so it has to be a byte. */
  if (is_byte && shift_of(x) != (int8_t)shift_of(x)) return 0;
  const rknn_sizes sizes = sizes_of(model, node);
  if (sizes.depth < EXTENT_MIN || sizes.columns < EXTENT_MIN) return 0;
  return 2 * (uint64_t)sizes.rows * sizes.depth * sizes.columns >= work_min;
}

static int32_t sum_columns(rknn_node* made, const rknn_weights* weights) {
  const rknn_sizes* sizes = &made->product.sizes;
  made->corrections = calloc(sizes->columns, sizeof(double));
  if (made->corrections == NULL) return ONBOX_NPU_NOMEM;
  for (uint64_t n = 0; n < sizes->columns; n++) {
    for (uint64_t k = 0; k < sizes->depth; k++)
      made->corrections[n] -= made->shift * (double)weights->values[k * weights->step_depth + n * weights->step_column];
  }
  return ONBOX_NPU_OK;
}

int32_t rknn_make_node(rknn_device* device, const npu_model* model, const onbox_npu_node* node, const npu_value* in,
                       rknn_node* made, char* error) {
  memset(made, 0, sizeof *made);
  made->node = node;
  const rknn_sizes sizes = sizes_of(model, node);
  const int is_row_major = node->op == ONBOX_NPU_GEMM && node->i[1] == 0;
  const rknn_weights weights = {in[1].centred, is_row_major ? sizes.columns : 1, is_row_major ? 1 : sizes.depth};
  int32_t status = rknn_make_product(device, &sizes, &weights, &made->product, error);
  if (status != ONBOX_NPU_OK) return status;
  const npu_tensor* x = in[0].type;
  made->shift = shift_of(x);
  const size_t size = rknn_element_bytes(&sizes);
  made->elements = malloc(x->count * size);
  made->row = malloc(sizes.depth * size);
  if (made->elements == NULL || made->row == NULL) status = ONBOX_NPU_NOMEM;
  if (status == ONBOX_NPU_OK && sizes.is_integer) status = sum_columns(made, &weights);
  if (status != ONBOX_NPU_OK) {
    snprintf(error, NPU_ERROR_BYTES, "out of memory");
    rknn_free_node(made);
  }
  return status;
}

void rknn_free_node(rknn_node* node) {
  rknn_free_product(&node->product);
  free(node->elements);
  free(node->row);
  free(node->corrections);
  memset(node, 0, sizeof *node);
}

static void convert(const rknn_node* node, const npu_value* x) {
  const uint64_t count = x->type->count;
  if (node->product.sizes.is_integer) {
    int8_t* to = node->elements;
    for (uint64_t k = 0; k < count; k++) to[k] = (int8_t)((int32_t)x->centred[k] + node->shift);
  } else {
    uint16_t* to = node->elements;
    for (uint64_t k = 0; k < count; k++) to[k] = half_from_float(x->centred[k]);
  }
}

/** One row of a window, of `size` bytes an element: what lies outside of the image is as 0. */
static void copy_cells(const rknn_node* node, const char* line, int64_t width, int64_t left, size_t size, char* to) {
  const int64_t step = node->node->i[9];
  for (int64_t cell = 0; cell < node->node->i[1]; cell++, to += size) {
    const int64_t column = left + cell * step;
    if (line != NULL && column >= 0 && column < width) {
      memcpy(to, line + (size_t)column * size, size);
    } else {
      memset(to, node->product.sizes.is_integer ? node->shift : 0, size);
    }
  }
}

/** The window that output `at`, counted over images, rows and columns, is computed from. */
static void copy_window(const rknn_node* node, const npu_tensor* x, const npu_tensor* y, int64_t at) {
  const int32_t* i = node->node->i;
  const int64_t channels = x->dims[1], height = x->dims[2], width = x->dims[3];
  const int64_t left = at % y->dims[3] * i[3] - i[5], top = at / y->dims[3] % y->dims[2] * i[2] - i[4];
  const int64_t image = at / y->dims[3] / y->dims[2];
  const size_t size = rknn_element_bytes(&node->product.sizes);
  char* to = node->row;
  for (int64_t channel = 0; channel < channels; channel++) {
    const char* plane = (const char*)node->elements + (size_t)((image * channels + channel) * height * width) * size;
    for (int64_t cell = 0; cell < i[0]; cell++, to += (size_t)i[1] * size) {
      const int64_t row = top + cell * i[8];
      const char* line = row >= 0 && row < height ? plane + (size_t)(row * width) * size : NULL;
      copy_cells(node, line, width, left, size, to);
    }
  }
}

static void fill_tile(const rknn_node* node, const npu_tensor* x, const npu_tensor* y, uint32_t first, uint32_t rows) {
  const rknn_sizes* sizes = &node->product.sizes;
  for (uint32_t row = 0; row < rows; row++) {
    if (node->node->op == ONBOX_NPU_CONV) {
      copy_window(node, x, y, (int64_t)first + row);
      rknn_set_row(&node->product, row, node->row);
    } else {
      const size_t bytes = (size_t)sizes->depth * rknn_element_bytes(sizes);
      rknn_set_row(&node->product, row, (const char*)node->elements + (first + row) * bytes);
    }
  }
}

static void store_tile(const rknn_node* node, const npu_value* in, const npu_value* out, uint32_t first, uint32_t rows) {
  const rknn_sizes* sizes = &node->product.sizes;
  const npu_tensor* y = out->type;
  /* Places of a channel lie side by side; of a product, the columns of a row do. */
  const uint64_t plane = node->node->op == ONBOX_NPU_CONV ? (uint64_t)(y->dims[2] * y->dims[3]) : 1;
  for (uint32_t column = 0; column < sizes->columns; column++) {
    const double unit = (double)npu_scale_of(in[0].type, 0) * (double)npu_scale_of(in[1].type, column);
    const double correction = node->corrections == NULL ? 0 : node->corrections[column];
    for (uint32_t row = 0; row < rows; row++) {
      const double sum = rknn_sum_at(&node->product, row, column) + correction;
      const double real = npu_activate(node->node, npu_real_of_sum(sum, unit, in[2].type, column));
      const uint64_t at = (uint64_t)first + row;
      out->centred[(at / plane * sizes->columns + column) * plane + at % plane] = npu_quantise(y, real);
    }
  }
}

int32_t rknn_run_node(rknn_node* node, const npu_value* in, const npu_value* out, const struct timespec* end) {
  const uint32_t all = node->product.sizes.rows, tile = node->product.tile_rows;
  convert(node, &in[0]);
  for (uint32_t first = 0; first < all; first += tile) {
    const uint32_t rows = all - first < tile ? all - first : tile;
    fill_tile(node, in[0].type, out->type, first, rows);
    const int32_t status = rknn_multiply(&node->product, end);
    if (status != RKNN_OK) return status;
    store_tile(node, in, out, first, rows);
  }
  return RKNN_OK;
}
