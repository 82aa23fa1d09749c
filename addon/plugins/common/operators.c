/* Sums are kept in double, where those of products of 8-bit numbers are exact: whatever an NPU adds up in 32 bits has the same
 * value. */
#include "common/operators.h"

#include <math.h>
#include <string.h>

#include "common/values.h"

static double real_at(const npu_value* value, uint64_t at) {
  return (double)value->centred[at] * (double)npu_scale_of(value->type, 0);
}

static void put_real(const npu_value* value, uint64_t at, double real) { value->centred[at] = npu_quantise(value->type, real); }

uint64_t npu_sums_of(const npu_model* model, const onbox_npu_node* node) {
  const npu_tensor* y = npu_result(model, node);
  return node->op == ONBOX_NPU_CONV || node->op == ONBOX_NPU_GEMM ? (uint64_t)y->dims[y->rank - 1] : 0;
}

/** Adds weight * x to the sums of a row, at the places where the window's cell lies inside of x. */
static void add_cell(const onbox_npu_node* node, const float* row, int64_t width, double weight, int32_t cell, double* sums,
                     int64_t places) {
  const int64_t stride = node->i[3], start = (int64_t)cell * node->i[9] - node->i[5];
  const int64_t first = start >= 0 ? 0 : (-start + stride - 1) / stride;
  int64_t end = start >= width ? 0 : (width - 1 - start) / stride + 1;
  if (end > places) end = places;
  if (stride == 1) {
    for (int64_t place = first; place < end; place++) sums[place] += weight * (double)row[start + place];
  } else {
    for (int64_t place = first; place < end; place++) sums[place] += weight * (double)row[start + place * stride];
  }
}

static void run_conv(const onbox_npu_node* node, const npu_value* in, const npu_value* out, const npu_scratch* scratch) {
  const npu_value *x = &in[0], *w = &in[1];
  const int64_t channels = x->type->dims[1], height = x->type->dims[2], width = x->type->dims[3];
  const int64_t maps = out->type->dims[1], rows = out->type->dims[2], places = out->type->dims[3];
  const int64_t depth = w->type->dims[1], kh = node->i[0], kw = node->i[1], per_group = maps / node->i[10];
  for (int64_t at = 0; at < out->type->dims[0] * maps * rows; at++) {
    const int64_t row = at % rows, map = at / rows % maps, image = at / rows / maps;
    memset(scratch->sums, 0, (size_t)places * sizeof(double));
    for (int64_t k = 0; k < depth * kh; k++) {
      const int64_t source = row * node->i[2] + k % kh * node->i[8] - node->i[4];
      if (source < 0 || source >= height) continue;
      const int64_t channel = map / per_group * depth + k / kh;
      const float* line = x->centred + ((image * channels + channel) * height + source) * width;
      const float* weights = w->centred + (map * depth * kh + k) * kw;
      for (int32_t cell = 0; cell < kw; cell++) add_cell(node, line, width, (double)weights[cell], cell, scratch->sums, places);
    }
    const double unit = (double)npu_scale_of(x->type, 0) * (double)npu_scale_of(w->type, (uint32_t)map);
    for (int64_t place = 0; place < places; place++) {
      const double real = npu_real_of_sum(scratch->sums[place], unit, in[2].type, (uint32_t)map);
      put_real(out, (uint64_t)(at * places + place), npu_activate(node, real));
    }
  }
}

static void run_gemm(const onbox_npu_node* node, const npu_value* in, const npu_value* out, const npu_scratch* scratch) {
  const npu_value *a = &in[0], *b = &in[1];
  const int64_t columns = out->type->dims[out->type->rank - 1], rows = (int64_t)out->type->count / columns;
  const int64_t depth = (int64_t)a->type->count / rows;
  for (int64_t row = 0; row < rows; row++) {
    memset(scratch->sums, 0, (size_t)columns * sizeof(double));
    for (int64_t k = 0; k < depth; k++) {
      const double left = (double)a->centred[node->i[0] ? k * rows + row : row * depth + k];
      const float* right = b->centred + (node->i[1] ? k : k * columns);
      const int64_t step = node->i[1] ? depth : 1;
      for (int64_t column = 0; column < columns; column++) scratch->sums[column] += left * (double)right[column * step];
    }
    for (int64_t column = 0; column < columns; column++) {
      const double unit = (double)npu_scale_of(a->type, 0) * (double)npu_scale_of(b->type, (uint32_t)column);
      const double real = npu_real_of_sum(scratch->sums[column], unit, in[2].type, (uint32_t)column);
      put_real(out, (uint64_t)(row * columns + column), npu_activate(node, real));
    }
  }
}

/** The largest, or the mean, of the cells that lie inside. */
static double pool_window(const onbox_npu_node* node, const npu_value* x, int64_t plane, int64_t top, int64_t left) {
  const int64_t height = x->type->dims[2], width = x->type->dims[3];
  double most = -INFINITY, sum = 0;
  int64_t inside = 0, padded = 0;
  for (int32_t k = 0; k < node->i[0] * node->i[1]; k++) {
    const int64_t row = top + (int64_t)(k / node->i[1]) * node->i[8], column = left + (int64_t)(k % node->i[1]) * node->i[9];
    /* Where the output rounds up, the last windows reach past even the padding, which counts for nothing. */
    if (row >= height + node->i[6] || column >= width + node->i[7]) continue;
    padded++;
    if (row < 0 || row >= height || column < 0 || column >= width) continue;
    const double real = real_at(x, (uint64_t)((plane * height + row) * width + column));
    most = real > most || isnan(real) ? real : most;
    sum += real;
    inside++;
  }
  if (node->op == ONBOX_NPU_MAXPOOL) return most;
  const int64_t count = node->i[10] ? padded : inside;
  return count == 0 ? 0 : sum / (double)count;
}

static void run_pool(const onbox_npu_node* node, const npu_value* x, const npu_value* out) {
  const int64_t rows = out->type->dims[2], places = out->type->dims[3];
  for (int64_t at = 0; at < (int64_t)out->type->count; at++) {
    const int64_t place = at % places, row = at / places % rows, plane = at / places / rows;
    put_real(out, (uint64_t)at, pool_window(node, x, plane, row * node->i[2] - node->i[4], place * node->i[3] - node->i[5]));
  }
}

/** Where an operand that broadcasts has the element that belongs to element `at` of the result. */
static uint64_t broadcast_index(const npu_tensor* from, const npu_tensor* to, uint64_t at) {
  uint64_t index = 0, stride = 1;
  for (uint32_t k = 0; k < to->rank; k++) {
    const uint32_t axis = to->rank - 1 - k;
    const uint64_t place = at % (uint64_t)to->dims[axis];
    at /= (uint64_t)to->dims[axis];
    if (k >= from->rank) continue;
    const uint64_t extent = (uint64_t)from->dims[from->rank - 1 - k];
    if (extent > 1) index += place * stride;
    stride *= extent;
  }
  return index;
}

static void run_binary(const onbox_npu_node* node, const npu_value* in, const npu_value* out) {
  for (uint64_t at = 0; at < out->type->count; at++) {
    const double a = real_at(&in[0], broadcast_index(in[0].type, out->type, at));
    const double b = real_at(&in[1], broadcast_index(in[1].type, out->type, at));
    put_real(out, at, node->op == ONBOX_NPU_ADD ? a + b : a * b);
  }
}

static void run_unary(const onbox_npu_node* node, const npu_value* x, const npu_value* out) {
  for (uint64_t at = 0; at < out->type->count; at++) {
    const double real = real_at(x, at);
    const double result = node->op == ONBOX_NPU_SIGMOID   ? 1 / (1 + exp(-real))
                          : node->op == ONBOX_NPU_RESHAPE ? real
                                                          : npu_activate(node, real);
    put_real(out, at, result);
  }
}

/** Elements after an axis. */
static uint64_t inner_of(const npu_tensor* tensor, int32_t axis) {
  uint64_t inner = 1;
  for (uint32_t k = (uint32_t)axis + 1; k < tensor->rank; k++) inner *= (uint64_t)tensor->dims[k];
  return inner;
}

static void run_concat(const onbox_npu_node* node, const npu_value* in, const npu_value* out) {
  const int32_t axis = node->i[0];
  const uint64_t inner = inner_of(out->type, axis), whole = (uint64_t)out->type->dims[axis] * inner;
  uint64_t start = 0;
  for (uint32_t k = 0; k < node->n_in; k++) {
    const uint64_t part = (uint64_t)in[k].type->dims[axis] * inner;
    for (uint64_t at = 0; at < in[k].type->count; at++)
      put_real(out, at / part * whole + start + at % part, real_at(&in[k], at));
    start += part;
  }
}

static void run_softmax(const onbox_npu_node* node, const npu_value* x, const npu_value* out) {
  const uint64_t inner = inner_of(x->type, node->i[0]), extent = (uint64_t)x->type->dims[node->i[0]];
  for (uint64_t line = 0; line < x->type->count / extent; line++) {
    const uint64_t first = line / inner * extent * inner + line % inner;
    double most = -INFINITY, sum = 0;
    for (uint64_t k = 0; k < extent; k++) {
      /* Not fmax: gcc 12 with -O3 breaks on it for arm64. */
      const double real = real_at(x, first + k * inner);
      if (real > most) most = real;
    }
    for (uint64_t k = 0; k < extent; k++) sum += exp(real_at(x, first + k * inner) - most);
    for (uint64_t k = 0; k < extent; k++) put_real(out, first + k * inner, exp(real_at(x, first + k * inner) - most) / sum);
  }
}

static void run_transpose(const onbox_npu_node* node, const npu_value* x, const npu_value* out) {
  for (uint64_t at = 0; at < out->type->count; at++) {
    uint64_t rest = at, from = 0;
    for (uint32_t k = out->type->rank; k-- > 0;) {
      const uint64_t place = rest % (uint64_t)out->type->dims[k];
      rest /= (uint64_t)out->type->dims[k];
      from += place * inner_of(x->type, node->i[k]);
    }
    put_real(out, at, real_at(x, from));
  }
}

/** The two rows or columns that a target lies between, and how far it is from the first. */
static double between(int64_t target, int64_t in, int64_t out, int64_t* low, int64_t* high) {
  double place = ((double)target + 0.5) * (double)in / (double)out - 0.5;
  if (place < 0) place = 0;
  if (place > (double)(in - 1)) place = (double)(in - 1);
  *low = (int64_t)place;
  *high = *low + 1 < in ? *low + 1 : *low;
  return place - (double)*low;
}

static void run_resize(const onbox_npu_node* node, const npu_value* x, const npu_value* out) {
  const int64_t height = x->type->dims[2], width = x->type->dims[3], rows = out->type->dims[2], places = out->type->dims[3];
  for (int64_t at = 0; at < (int64_t)out->type->count; at++) {
    const int64_t column = at % places, row = at / places % rows;
    const uint64_t plane = (uint64_t)(at / places / rows * height * width);
    if (node->i[0] == 0) {
      put_real(out, (uint64_t)at, real_at(x, plane + (uint64_t)(row * height / rows * width + column * width / places)));
      continue;
    }
    int64_t top, bottom, left, right;
    const double down = between(row, height, rows, &top, &bottom), across = between(column, width, places, &left, &right);
    const double above = real_at(x, plane + (uint64_t)(top * width + left)) * (1 - across) +
                         real_at(x, plane + (uint64_t)(top * width + right)) * across;
    const double below = real_at(x, plane + (uint64_t)(bottom * width + left)) * (1 - across) +
                         real_at(x, plane + (uint64_t)(bottom * width + right)) * across;
    put_real(out, (uint64_t)at, above * (1 - down) + below * down);
  }
}

void npu_run_node(const onbox_npu_node* node, const npu_value* in, const npu_value* out, const npu_scratch* scratch) {
  switch (node->op) {
    case ONBOX_NPU_CONV:
      run_conv(node, in, out, scratch);
      break;
    case ONBOX_NPU_GEMM:
      run_gemm(node, in, out, scratch);
      break;
    case ONBOX_NPU_MAXPOOL:
    case ONBOX_NPU_AVGPOOL:
      run_pool(node, in, out);
      break;
    case ONBOX_NPU_ADD:
    case ONBOX_NPU_MUL:
      run_binary(node, in, out);
      break;
    case ONBOX_NPU_CONCAT:
      run_concat(node, in, out);
      break;
    case ONBOX_NPU_SOFTMAX:
      run_softmax(node, in, out);
      break;
    case ONBOX_NPU_TRANSPOSE:
      run_transpose(node, in, out);
      break;
    case ONBOX_NPU_RESIZE:
      run_resize(node, in, out);
      break;
    default:
      run_unary(node, in, out);
  }
}
