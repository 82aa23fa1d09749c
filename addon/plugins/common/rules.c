/* What each operator asks of its operands. A node that passes can be computed without reading or writing outside of any tensor.
 */
#include <math.h>
#include <stdio.h>

#include "common/model.h"

#define REFUSE(...) return (snprintf(error, NPU_ERROR_BYTES, __VA_ARGS__), 0)
#define REQUIRE(condition, ...)            \
  do {                                     \
    if (!(condition)) REFUSE(__VA_ARGS__); \
  } while (0)

enum { WINDOW_MAX = 1 << 16 };

static int same_shape(const npu_tensor* a, const npu_tensor* b) {
  if (a->rank != b->rank) return 0;
  for (uint32_t axis = 0; axis < a->rank; axis++) {
    if (a->dims[axis] != b->dims[axis]) return 0;
  }
  return 1;
}

/** Floats, or integers that are quantised as a whole. */
static int is_activation(const npu_tensor* tensor) {
  if (npu_is_integer(tensor->dtype)) return tensor->qkind == ONBOX_NPU_QUANT_TENSOR;
  return tensor->dtype == ONBOX_NPU_F32 || tensor->dtype == ONBOX_NPU_F16;
}

/** Windows of kernel `i`, stride `i+2`, pads `i+4` and `i+6`, dilation `i+8`; the output may be one larger where it rounds up.
 */
static int check_window(const onbox_npu_node* node, const npu_tensor* x, const npu_tensor* y, int may_round_up, char* error) {
  for (int axis = 0; axis < 2; axis++) {
    const int64_t kernel = node->i[axis], stride = node->i[axis + 2], before = node->i[axis + 4], after = node->i[axis + 6];
    const int64_t dilation = node->i[axis + 8];
    REQUIRE(kernel >= 1 && stride >= 1 && dilation >= 1 && before >= 0 && after >= 0,
            "a window has an extent below 1 or a pad below 0");
    REQUIRE(kernel < WINDOW_MAX && stride < WINDOW_MAX && dilation < WINDOW_MAX && before < WINDOW_MAX && after < WINDOW_MAX,
            "a window is beyond all bounds");
    const int64_t room = x->dims[axis + 2] + before + after - ((kernel - 1) * dilation + 1);
    REQUIRE(room >= 0, "a window is larger than its input");
    const int64_t least = room / stride + 1;
    const int64_t most = may_round_up ? (room + stride - 1) / stride + 1 : least;
    REQUIRE(y->dims[axis + 2] >= least && y->dims[axis + 2] <= most, "an output of %lld where a window stands at %lld places",
            (long long)y->dims[axis + 2], (long long)least);
  }
  return 1;
}

static int check_bias(const npu_tensor* bias, int64_t count, char* error) {
  if (bias == NULL) return 1;
  REQUIRE(bias->rank == 1 && bias->dims[0] == count, "the bias is not one number for each of %lld channels", (long long)count);
  REQUIRE(bias->is_constant, "the bias is no constant");
  REQUIRE(bias->dtype == ONBOX_NPU_F32 || bias->dtype == ONBOX_NPU_F16 || bias->dtype == ONBOX_NPU_I32,
          "the bias has the type %u", bias->dtype);
  return 1;
}

static int check_weights(const npu_tensor* weights, uint32_t channels, char* error) {
  const int per_channel = weights->qkind == ONBOX_NPU_QUANT_AXIS;
  REQUIRE(!npu_is_integer(weights->dtype) || weights->qkind != ONBOX_NPU_QUANT_NONE, "integer weights have no scale");
  REQUIRE(!per_channel || weights->qaxis == channels, "weights are quantised along axis %u", weights->qaxis);
  REQUIRE(weights->dtype != ONBOX_NPU_I32, "weights are whole numbers of 32 bits");
  return 1;
}

static int check_conv(const npu_tensor* x, const npu_tensor* weights, const npu_tensor* bias, const npu_tensor* y,
                      const onbox_npu_node* node, char* error) {
  const int64_t group = node->i[10];
  REQUIRE(weights != NULL && x->rank == 4 && weights->rank == 4 && y->rank == 4, "a convolution is of rank 4");
  REQUIRE(group >= 1 && x->dims[1] == weights->dims[1] * group && weights->dims[0] % group == 0, "groups of %lld do not fit",
          (long long)group);
  REQUIRE(weights->dims[2] == node->i[0] && weights->dims[3] == node->i[1], "weights are of another window");
  REQUIRE(y->dims[0] == x->dims[0] && y->dims[1] == weights->dims[0], "the output has other channels than the weights");
  return check_window(node, x, y, 0, error) && check_weights(weights, 0, error) && check_bias(bias, weights->dims[0], error);
}

static int check_gemm(const npu_tensor* a, const npu_tensor* b, const npu_tensor* bias, const npu_tensor* y,
                      const onbox_npu_node* node, char* error) {
  REQUIRE(b != NULL && b->rank == 2 && a->rank >= 1 && y->rank == a->rank, "a product is of a stack of rows and a matrix");
  REQUIRE((node->i[0] | 1) == 1 && (node->i[1] | 1) == 1, "a transposition is 0 or 1");
  REQUIRE(node->i[0] == 0 || a->rank == 2, "only a matrix is transposed");
  const int64_t depth = a->dims[node->i[0] ? 0 : a->rank - 1];
  const int64_t columns = b->dims[node->i[1] ? 0 : 1];
  REQUIRE(b->dims[node->i[1] ? 1 : 0] == depth, "rows of %lld meet columns of %lld", (long long)depth,
          (long long)b->dims[node->i[1] ? 1 : 0]);
  REQUIRE(y->dims[y->rank - 1] == columns && y->count == a->count / (uint64_t)depth * (uint64_t)columns,
          "the product has another shape");
  return check_weights(b, node->i[1] ? 0 : 1, error) && check_bias(bias, columns, error);
}

static int check_broadcast(const npu_tensor* a, const npu_tensor* y, char* error) {
  REQUIRE(a->rank <= y->rank, "an operand has more axes than the result");
  for (uint32_t axis = 0; axis < a->rank; axis++) {
    const int64_t extent = a->dims[axis];
    REQUIRE(extent == 1 || extent == y->dims[axis + y->rank - a->rank], "an operand does not broadcast to the result");
  }
  return 1;
}

static int check_concat(const npu_model* model, const onbox_npu_node* node, const npu_tensor* y, char* error) {
  const int32_t axis = node->i[0];
  REQUIRE(axis >= 0 && (uint32_t)axis < y->rank, "there is no axis %d", axis);
  int64_t extent = 0;
  for (uint32_t k = 0; k < node->n_in; k++) {
    const npu_tensor* part = npu_operand(model, node, k);
    REQUIRE(part != NULL && part->rank == y->rank && is_activation(part), "a part is of another rank");
    for (uint32_t other = 0; other < y->rank; other++) {
      REQUIRE(other == (uint32_t)axis || part->dims[other] == y->dims[other], "a part is of another shape");
    }
    extent += part->dims[axis];
  }
  REQUIRE(extent == y->dims[axis], "parts of %lld make up %lld", (long long)extent, (long long)y->dims[axis]);
  return 1;
}

static int check_transpose(const npu_tensor* x, const npu_tensor* y, const onbox_npu_node* node, char* error) {
  uint32_t seen = 0;
  REQUIRE(x->rank == y->rank, "the ranks differ");
  for (uint32_t axis = 0; axis < x->rank; axis++) {
    const int32_t from = node->i[axis];
    REQUIRE(from >= 0 && (uint32_t)from < x->rank && (seen >> from & 1u) == 0, "no permutation");
    REQUIRE(x->dims[from] == y->dims[axis], "the result has another shape");
    seen |= 1u << from;
  }
  return 1;
}

static int check_by_operator(const npu_model* model, const onbox_npu_node* node, char* error) {
  const npu_tensor *x = npu_operand(model, node, 0), *second = npu_operand(model, node, 1),
                   *third = npu_operand(model, node, 2);
  const npu_tensor* y = npu_result(model, node);
  switch (node->op) {
    case ONBOX_NPU_CONV:
      return check_conv(x, second, third, y, node, error);
    case ONBOX_NPU_GEMM:
      return check_gemm(x, second, third, y, node, error);
    case ONBOX_NPU_MAXPOOL:
    case ONBOX_NPU_AVGPOOL:
      REQUIRE(x->rank == 4 && y->rank == 4 && x->dims[0] == y->dims[0] && x->dims[1] == y->dims[1],
              "a pool keeps its channels");
      return check_window(node, x, y, 1, error);
    case ONBOX_NPU_RELU:
    case ONBOX_NPU_CLIP:
    case ONBOX_NPU_SIGMOID:
      REQUIRE(same_shape(x, y), "the result has another shape");
      return 1;
    case ONBOX_NPU_ADD:
    case ONBOX_NPU_MUL:
      REQUIRE(second != NULL && is_activation(second), "it wants two operands");
      return check_broadcast(x, y, error) && check_broadcast(second, y, error);
    case ONBOX_NPU_CONCAT:
      return check_concat(model, node, y, error);
    case ONBOX_NPU_RESHAPE:
      REQUIRE(x->count == y->count, "the result has another count");
      return 1;
    case ONBOX_NPU_SOFTMAX:
      REQUIRE(same_shape(x, y) && node->i[0] >= 0 && (uint32_t)node->i[0] < x->rank, "there is no axis %d", node->i[0]);
      return 1;
    case ONBOX_NPU_TRANSPOSE:
      return check_transpose(x, y, node, error);
    case ONBOX_NPU_RESIZE:
      REQUIRE(x->rank == 4 && y->rank == 4 && x->dims[0] == y->dims[0] && x->dims[1] == y->dims[1], "it resizes planes");
      REQUIRE(node->i[0] == 0 || node->i[0] == 1, "the unknown mode %d", node->i[0]);
      return 1;
    default:
      REFUSE("the unknown operator %u", node->op);
  }
}

int npu_check_node(const npu_model* model, const onbox_npu_node* node, char* error) {
  const npu_tensor* x = npu_operand(model, node, 0);
  REQUIRE(x != NULL && is_activation(x), "the first operand is neither of floats nor quantised as a whole");
  REQUIRE(is_activation(npu_result(model, node)), "the result is neither of floats nor quantised as a whole");
  const int has_activation = node->op == ONBOX_NPU_CONV || node->op == ONBOX_NPU_GEMM;
  REQUIRE(!has_activation || (node->i[11] >= 0 && node->i[11] <= ONBOX_NPU_ACT_CLIP), "the unknown activation %d", node->i[11]);
  const int clips = node->op == ONBOX_NPU_CLIP || (has_activation && node->i[11] == ONBOX_NPU_ACT_CLIP);
  REQUIRE(!clips || node->f[0] <= node->f[1], "limits of %g to %g", (double)node->f[0], (double)node->f[1]);
  return check_by_operator(model, node, error);
}
