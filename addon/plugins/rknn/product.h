/* A product of activations [rows, depth] by constant weights [depth, columns] on the NPU, in f16 with sums in f32, or in i8
   with sums in i32. Columns are split over the cores, depth into blocks that the hardware takes, rows into tiles that share the
   same buffers. */
#ifndef ONBOX_RKNN_PRODUCT_H
#define ONBOX_RKNN_PRODUCT_H

#include "rknn/cores.h"
#include "rknn/library.h"

/** Blocks of the weights as the hardware reads them: [columns / width][depth / height][width][height]. */
typedef struct rknn_block {
  uint32_t width;
  uint32_t height;
} rknn_block;

typedef struct rknn_device {
  rknn_library library;
  rknn_cores cores;
  uint32_t core_count;
  uint8_t has_masks; /* products can be bound to a core */
  rknn_block f16;
  rknn_block i8;
  uint64_t memory_used; /* bytes */
  uint64_t memory_max;
} rknn_device;

typedef struct rknn_sizes {
  uint32_t rows;
  uint32_t depth;
  uint32_t columns;
  uint8_t is_integer;
} rknn_sizes;

/** Weight (k, n) is values[k * step_depth + n * step_column], a whole number of i8 where the product is of integers. */
typedef struct rknn_weights {
  const float* values;
  uint64_t step_depth;
  uint64_t step_column;
} rknn_weights;

/** A part of the product with one context of the vendor's: some of the columns, a block of the depth. */
typedef struct rknn_piece {
  uint32_t core;
  uint32_t first_column;
  uint32_t columns;
  uint32_t columns_padded;
  uint32_t first_depth;
  uint32_t depth;
  uint32_t depth_padded;
  uint8_t is_created;
  rknn_context context;
  rknn_memory* a;
  rknn_memory* b;
  rknn_memory* c;
} rknn_piece;

typedef struct rknn_product {
  rknn_device* device;
  rknn_sizes sizes;
  uint32_t tile_rows;
  uint32_t part_columns; /* of every part but the last */
  uint32_t depth_blocks;
  uint32_t piece_count;
  rknn_piece* pieces; /* [part][block of the depth] */
} rknn_product;

/**
 * Takes all memory and packs the weights.
 * @param error of NPU_ERROR_BYTES, gets the reason
 * @returns a status of onbox_npu.h; *product is empty after a failure
 */
int32_t rknn_make_product(rknn_device* device, const rknn_sizes* sizes, const rknn_weights* weights, rknn_product* product,
                          char* error);

/** Gives all back. An empty one is allowed. */
void rknn_free_product(rknn_product* product);

/** Sets a row of the tile. @param values `depth` halves or bytes */
void rknn_set_row(const rknn_product* product, uint32_t row, const void* values);

/** Multiplies the tile. @returns a status of the vendor */
int32_t rknn_multiply(rknn_product* product, const struct timespec* end);

/** A sum of the tile, after rknn_multiply. */
double rknn_sum_at(const rknn_product* product, uint32_t row, uint32_t column);

/** Bytes of an activation. */
static inline uint32_t rknn_element_bytes(const rknn_sizes* sizes) { return sizes->is_integer ? 1 : 2; }

#endif
