/* The C ABI between onbox and a plugin for an NPU. Plain C11 that also compiles as C++14; addon/plugins/README.md is the guide
   to it. A plugin is a shared object with one export, onbox_npu_entry. No exception and no longjmp crosses the border; a plugin
   prints nothing, changes no environment, sets no signal handler, and neither exits nor aborts. */
#ifndef ONBOX_NPU_H
#define ONBOX_NPU_H

#include <stdint.h>

/** Major version in the upper half, minor in the lower: fields are only ever added, at the ends of structs, within one major.
 */
#define ONBOX_NPU_ABI 0x00010000u
#define ONBOX_NPU_ABI_MAJOR(version) ((version) >> 16)

#define ONBOX_NPU_RANK_MAX 6
/** An operand of a node that was left out. */
#define ONBOX_NPU_ABSENT 0xffffffffu

#ifdef __cplusplus
extern "C" {
#endif

/** What every call that can fail returns. After DEVICE or TIMEOUT the context is lost: the host never calls into it again. */
enum {
  ONBOX_NPU_OK = 0,
  ONBOX_NPU_UNSUPPORTED = 1, /* right, but not for this device */
  ONBOX_NPU_INVALID = 2,     /* against this contract */
  ONBOX_NPU_NOMEM = 3,
  ONBOX_NPU_DEVICE = 4,
  ONBOX_NPU_TIMEOUT = 5,
  ONBOX_NPU_VERSION = 6, /* the vendor's library or driver is not one that the plugin knows */
  ONBOX_NPU_INTERNAL = 7
};

enum { ONBOX_NPU_F32 = 1, ONBOX_NPU_F16 = 2, ONBOX_NPU_I8 = 3, ONBOX_NPU_U8 = 4, ONBOX_NPU_I32 = 5, ONBOX_NPU_I16 = 6 };

/** real = scale * (q - zero); one scale for the tensor, or one for each index along an axis. */
enum { ONBOX_NPU_QUANT_NONE = 0, ONBOX_NPU_QUANT_TENSOR = 1, ONBOX_NPU_QUANT_AXIS = 2 };

/**
 * Operators, as ONNX defines them; `i` and `f` are those of the node. Shapes of outputs are given, never inferred.
 *
 * CONV     x [n,c,h,w], weights [m,c/group,kh,kw], bias [m] or absent; i: kh kw sh sw pt pl pb pr dh dw group act
 * GEMM     a [..,k] taken as [rows,k], b [k,n], bias [n] or absent; i0: a is transposed (rank 2), i1: b is [n,k], i11: act
 * MAXPOOL  i: kh kw sh sw pt pl pb pr dh dw
 * AVGPOOL  i: as MAXPOOL, i10: padding counts as zeros (count_include_pad)
 * CLIP     f0..f1
 * ADD, MUL broadcast as in ONNX
 * CONCAT   i0: axis; up to 4 operands
 * SOFTMAX  i0: axis
 * TRANSPOSE  i: output axis k is input axis i[k]
 * RESIZE   of the last two axes; i0 0: nearest, source = floor(target * in / out); i0 1: bilinear, half-pixel centres
 *
 * act: 0 none, 1 relu, 2 clip to f0..f1, applied to the real value before it is stored.
 */
enum {
  ONBOX_NPU_CONV = 1,
  ONBOX_NPU_GEMM = 2,
  ONBOX_NPU_MAXPOOL = 3,
  ONBOX_NPU_AVGPOOL = 4,
  ONBOX_NPU_RELU = 5,
  ONBOX_NPU_CLIP = 6,
  ONBOX_NPU_ADD = 7,
  ONBOX_NPU_CONCAT = 8,
  ONBOX_NPU_RESHAPE = 9,
  ONBOX_NPU_SOFTMAX = 10,
  ONBOX_NPU_SIGMOID = 11,
  ONBOX_NPU_MUL = 12,
  ONBOX_NPU_TRANSPOSE = 13,
  ONBOX_NPU_RESIZE = 14
};

enum { ONBOX_NPU_ACT_NONE = 0, ONBOX_NPU_ACT_RELU = 1, ONBOX_NPU_ACT_CLIP = 2 };

/**
 * Dense and row-major, in ONNX's order of axes; the plugin packs. A quantised value is stored as
 * clamp(rint(real / scale) + zero), computed in double, halves to even. The bias of a quantised CONV or GEMM is I32 in units of
 * scale(x) * scale(weights), with QUANT_NONE; or F32.
 */
typedef struct onbox_npu_tensor {
  uint32_t struct_size;
  uint32_t dtype;
  uint32_t rank;
  uint32_t reserved;
  int64_t dims[ONBOX_NPU_RANK_MAX];
  uint32_t qkind;
  uint32_t qaxis;
  uint32_t qcount; /* entries of scale and zero: 0, 1, or dims[qaxis] */
  uint32_t reserved1;
  const float* scale;
  const int32_t* zero; /* NULL: all 0 */
  const void* data;    /* of a constant, else NULL */
  uint64_t bytes;
} onbox_npu_tensor;

typedef struct onbox_npu_node {
  uint32_t struct_size;
  uint32_t op;
  uint32_t n_in;
  uint32_t n_out;
  uint32_t in[4]; /* indices of tensors */
  uint32_t out[2];
  int32_t i[12];
  float f[4];
} onbox_npu_node;

/**
 * A part of a model. An array of structs is stepped by the struct_size of its first element, never by sizeof: a newer host has
 * larger ones. Everything belongs to the host and lives until the call returns; a plugin copies what it keeps, scales too.
 */
typedef struct onbox_npu_subgraph {
  uint32_t struct_size;
  uint32_t tensor_count;
  uint32_t node_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t reserved;
  const onbox_npu_tensor* tensors;
  const onbox_npu_node* nodes; /* in topological order */
  const uint32_t* inputs;      /* indices of tensors */
  const uint32_t* outputs;
} onbox_npu_subgraph;

/** Memory of the host, for one input or output of a run. */
typedef struct onbox_npu_buffer {
  uint32_t struct_size;
  int32_t fd; /* -1: plain memory; else a dma-buf whose mapping `ptr` is */
  void* ptr;
  uint64_t bytes;
  uint64_t offset; /* in the dma-buf */
} onbox_npu_buffer;

enum { ONBOX_NPU_LOG_ERROR = 0, ONBOX_NPU_LOG_WARNING = 1, ONBOX_NPU_LOG_INFO = 2 };

typedef struct onbox_npu_host {
  uint32_t struct_size;
  uint32_t reserved;
  void* user;
  void (*log)(void* user, int32_t level, const char* text); /* any thread */
} onbox_npu_host;

/** Filled by the plugin, only as far as the caller's struct_size. Texts end with NUL and go into cache keys. */
typedef struct onbox_npu_info {
  uint32_t struct_size;
  uint32_t cores;
  char device[64];
  char runtime[64];
  char driver[64];
  uint64_t memory_limit; /* bytes, 0: unknown */
} onbox_npu_info;

typedef struct onbox_npu_context onbox_npu_context;
typedef struct onbox_npu_graph onbox_npu_graph;

/**
 * The plugin's table. The host serialises the calls on one context and its graphs; calls on different contexts may run at once.
 * A plugin may use threads inside of a call; none outlives it but those that `close` ends. Members marked optional may be NULL.
 */
typedef struct onbox_npu_plugin {
  uint32_t abi_version; /* ONBOX_NPU_ABI */
  uint32_t struct_size;
  const char* name;
  const char* version;

  /** Loads the vendor's library, checks every symbol (VERSION if one lacks) and that the device computes right. `options` holds
     lines KEY=VALUE, or is NULL. Leaves *context alone on failure. */
  int32_t (*open)(const onbox_npu_host* host, const char* options, onbox_npu_context** context);
  /** After all its graphs were released. */
  void (*close)(onbox_npu_context* context);
  /** In words, valid until the next call on the context. NULL: of the last failed open on this thread. */
  const char* (*last_error)(onbox_npu_context* context);
  int32_t (*info)(onbox_npu_context* context, onbox_npu_info* info);

  /** Writes 1 or 0 for each node: can it run, by operator, shapes, types and quantisation? Cheap, without the device. */
  int32_t (*supports)(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, uint8_t* per_node);
  /** All packing and all allocation happen here. */
  int32_t (*compile)(onbox_npu_context* context, const onbox_npu_subgraph* subgraph, onbox_npu_graph** graph);
  /** Blocks. Counts and bytes are checked against the graph. */
  int32_t (*run)(onbox_npu_graph* graph, const onbox_npu_buffer* in, uint32_t n_in, const onbox_npu_buffer* out, uint32_t n_out,
                 uint32_t timeout_ms);
  void (*release)(onbox_npu_graph* graph);

  /** Optional. With a NULL buffer writes the size to *bytes, else at most *bytes. */
  int32_t (*save)(onbox_npu_graph* graph, void* buffer, uint64_t* bytes);
  /** Optional. A saved graph, or a model that the vendor's tools made. */
  int32_t (*load)(onbox_npu_context* context, const void* blob, uint64_t bytes, onbox_npu_graph** graph);
  /** Optional. The type of an input or output of a loaded graph; pointers are valid until the graph is released. */
  int32_t (*describe)(onbox_npu_graph* graph, int32_t is_output, uint32_t index, onbox_npu_tensor* tensor);
} onbox_npu_plugin;

/** The one export of a plugin. @returns NULL for a major version of the ABI that the plugin does not speak */
typedef const onbox_npu_plugin* (*onbox_npu_entry_function)(uint32_t host_abi);

#if defined(__GNUC__)
#define ONBOX_NPU_EXPORT __attribute__((visibility("default")))
#else
#define ONBOX_NPU_EXPORT
#endif

ONBOX_NPU_EXPORT const onbox_npu_plugin* onbox_npu_entry(uint32_t host_abi);

#ifdef __cplusplus
}
#endif

#endif
