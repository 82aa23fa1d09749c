/* The reference plugin, called as a host calls it that is newer than the plugin: other struct sizes, foreign versions, damaged
   graphs, and sums whose value is known. Prints what is wrong, a line each; exit code 0 if nothing is. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "onbox_npu.h"

static int failures;

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) {                                            \
      printf("line %d: %s does not hold\n", __LINE__, #condition); \
      failures++;                                                  \
    }                                                              \
  } while (0)

/* As a later minor version of the host would have them. */
typedef struct {
  onbox_npu_tensor now;
  uint64_t later[3];
} newer_tensor;
typedef struct {
  onbox_npu_node now;
  uint32_t later[5];
} newer_node;
typedef struct {
  onbox_npu_buffer now;
  uint64_t later;
} newer_buffer;

/** A convolution of u8 [1,1,3,3] by i8 [1,1,2,2] with an i32 bias: one stride, one pad on top and on the left, a relu. */
typedef struct {
  newer_tensor tensors[4];
  newer_node nodes[1];
  uint32_t inputs[1];
  uint32_t outputs[1];
  onbox_npu_subgraph graph;
} small;

static const float scale_x = 0.5f, scale_w = 0.25f, scale_y = 1.0f;
static const int32_t zero_x = 10, zero_y = -100;
static const int8_t weights[4] = {1, 2, 3, -4};
static const int32_t bias[1] = {8};

static onbox_npu_tensor tensor(uint32_t dtype, uint32_t rank, const int64_t* dims, const float* scale, const int32_t* zero,
                               const void* data) {
  onbox_npu_tensor made = {
      .struct_size = sizeof(newer_tensor), .dtype = dtype, .rank = rank, .scale = scale, .zero = zero, .data = data};
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < rank; axis++) count *= (uint64_t)(made.dims[axis] = dims[axis]);
  made.bytes = count * (dtype == ONBOX_NPU_I32 ? 4 : 1);
  made.qkind = scale == NULL ? ONBOX_NPU_QUANT_NONE : ONBOX_NPU_QUANT_TENSOR;
  made.qcount = scale == NULL ? 0 : 1;
  return made;
}

static void make(small* s) {
  memset(s, 0xa5, sizeof *s);
  const int64_t plane[4] = {1, 1, 3, 3}, window[4] = {1, 1, 2, 2}, one[1] = {1};
  s->tensors[0].now = tensor(ONBOX_NPU_U8, 4, plane, &scale_x, &zero_x, NULL);
  s->tensors[1].now = tensor(ONBOX_NPU_I8, 4, window, &scale_w, NULL, weights);
  s->tensors[2].now = tensor(ONBOX_NPU_I32, 1, one, NULL, NULL, bias);
  s->tensors[3].now = tensor(ONBOX_NPU_I8, 4, plane, &scale_y, &zero_y, NULL);
  const onbox_npu_node node = {.struct_size = sizeof(newer_node),
                               .op = ONBOX_NPU_CONV,
                               .n_in = 3,
                               .n_out = 1,
                               .in = {0, 1, 2, ONBOX_NPU_ABSENT},
                               .out = {3, ONBOX_NPU_ABSENT},
                               .i = {2, 2, 1, 1, 1, 1, 0, 0, 1, 1, 1, ONBOX_NPU_ACT_RELU}};
  s->nodes[0].now = node;
  s->inputs[0] = 0;
  s->outputs[0] = 3;
  const onbox_npu_subgraph graph = {sizeof(onbox_npu_subgraph), 4,         1,         1, 1, 0, &s->tensors[0].now,
                                    &s->nodes[0].now,           s->inputs, s->outputs};
  s->graph = graph;
}

/** The rule of onbox_npu.h, written down once more and without the plugin's loops. */
static int8_t want_at(const uint8_t* x, int row, int column) {
  int32_t sum = bias[0];
  for (int k = 0; k < 4; k++) {
    const int r = row + k / 2 - 1, c = column + k % 2 - 1;
    if (r >= 0 && c >= 0) sum += weights[k] * ((int32_t)x[r * 3 + c] - zero_x);
  }
  double real = sum * (double)scale_x * (double)scale_w;
  if (real < 0) real = 0;
  return (int8_t)(rint(real / (double)scale_y) + zero_y);
}

static void check_sums(const onbox_npu_plugin* plugin, onbox_npu_context* context) {
  small s;
  make(&s);
  uint8_t supported = 0;
  CHECK(plugin->supports(context, &s.graph, &supported) == ONBOX_NPU_OK && supported == 1);
  onbox_npu_graph* graph = NULL;
  CHECK(plugin->compile(context, &s.graph, &graph) == ONBOX_NPU_OK);
  if (graph == NULL) return;
  /* Whatever the graph keeps, it has copied. */
  memset(&s, 0x5a, sizeof s);
  const uint8_t x[9] = {0, 20, 10, 255, 7, 30, 10, 11, 200};
  int8_t y[9];
  const newer_buffer in[1] = {{{sizeof(newer_buffer), -1, (void*)x, sizeof x, 0}, 7}};
  const newer_buffer out[1] = {{{sizeof(newer_buffer), -1, y, sizeof y, 0}, 7}};
  const newer_buffer narrow[1] = {{{sizeof(newer_buffer), -1, y, sizeof y - 1, 0}, 7}};
  CHECK(plugin->run(graph, &in[0].now, 1, &out[0].now, 1, 1000) == ONBOX_NPU_OK);
  for (int k = 0; k < 9; k++) CHECK(y[k] == want_at(x, k / 3, k % 3));
  CHECK(plugin->run(graph, &in[0].now, 1, &narrow[0].now, 1, 1000) == ONBOX_NPU_INVALID);
  CHECK(plugin->run(graph, &in[0].now, 0, &out[0].now, 1, 1000) == ONBOX_NPU_INVALID);
  plugin->release(graph);
}

static void check_refused(const onbox_npu_plugin* plugin, onbox_npu_context* context, const small* s, int line) {
  onbox_npu_graph* graph = NULL;
  const int32_t status = plugin->compile(context, &s->graph, &graph);
  if (status == ONBOX_NPU_OK || graph != NULL || *plugin->last_error(context) == '\0') {
    printf("line %d: a damaged graph has the status %d and the reason \"%s\"\n", line, status, plugin->last_error(context));
    failures++;
    if (graph != NULL) plugin->release(graph);
  }
}

#define REFUSED(damage)                           \
  do {                                            \
    small s;                                      \
    make(&s);                                     \
    damage;                                       \
    check_refused(plugin, context, &s, __LINE__); \
  } while (0)

static void check_damage(const onbox_npu_plugin* plugin, onbox_npu_context* context) {
  const float nothing = 0;
  REFUSED(s.tensors[0].now.struct_size = 8);
  REFUSED(s.nodes[0].now.struct_size = 8);
  REFUSED(s.graph.struct_size = 8);
  REFUSED(s.graph.tensor_count = 0xffffffffu);
  REFUSED(s.graph.nodes = NULL);
  REFUSED(s.tensors[0].now.rank = 7);
  REFUSED(s.tensors[0].now.dtype = 99);
  REFUSED(s.tensors[0].now.dims[0] = -1);
  REFUSED(s.tensors[0].now.dims[3] = INT64_MAX);
  REFUSED(s.tensors[1].now.bytes = 3);
  REFUSED(s.tensors[0].now.scale = &nothing);
  REFUSED(s.tensors[0].now.qcount = 4);
  REFUSED(s.tensors[0].now.qkind = ONBOX_NPU_QUANT_AXIS; s.tensors[0].now.qaxis = 4);
  REFUSED(s.nodes[0].now.in[0] = 4);
  REFUSED(s.nodes[0].now.in[0] = 3);
  REFUSED(s.nodes[0].now.out[0] = 1);
  REFUSED(s.nodes[0].now.n_in = 5);
  REFUSED(s.nodes[0].now.op = 99);
  REFUSED(s.nodes[0].now.i[0] = 3);
  REFUSED(s.nodes[0].now.i[2] = 0);
  REFUSED(s.nodes[0].now.i[4] = INT32_MAX);
  REFUSED(s.nodes[0].now.i[10] = 2);
  REFUSED(s.nodes[0].now.i[11] = 9);
  REFUSED(s.inputs[0] = 1);
  REFUSED(s.outputs[0] = 9);
}

int main(void) {
  CHECK(onbox_npu_entry(0x00020000u) == NULL);
  const onbox_npu_plugin* plugin = onbox_npu_entry(ONBOX_NPU_ABI + 1);
  CHECK(plugin != NULL);
  if (plugin == NULL) return 1;
  onbox_npu_context* context = NULL;
  CHECK(plugin->open(NULL, "fail=open\n", &context) == ONBOX_NPU_DEVICE && context == NULL);
  CHECK(strcmp(plugin->last_error(NULL), "told to fail at open") == 0);
  CHECK(plugin->open(NULL, NULL, &context) == ONBOX_NPU_OK && context != NULL);
  /* An older host's struct ends earlier: nothing is written behind it. */
  onbox_npu_info info;
  memset(&info, 0x77, sizeof info);
  info.struct_size = offsetof(onbox_npu_info, runtime);
  CHECK(plugin->info(context, &info) == ONBOX_NPU_OK && strcmp(info.device, "reference") == 0 && info.runtime[0] == 0x77);
  check_sums(plugin, context);
  check_damage(plugin, context);
  plugin->close(context);
  return failures == 0 ? 0 : 1;
}
