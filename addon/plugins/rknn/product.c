/* The NPU does not see what the CPU's caches hold, nor the CPU what the NPU wrote: every buffer is synchronised after it was
   written and before it is read, weights too. */
#include "rknn/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/half.h"
#include "common/model.h"

/** Above, the hardware lays the weights out in another way. */
#define DEPTH_MAX 8192u
#define COLUMNS_MAX 4096u
/** Fewer for a core are not worth a call of its own. */
#define COLUMNS_MIN 64u
/** Of one side of a tile. */
#define TILE_BYTES (4u << 20)

#define FAIL(status, ...) (snprintf(error, NPU_ERROR_BYTES, __VA_ARGS__), (status))

static uint32_t round_up(uint32_t value, uint32_t step) { return (value + step - 1) / step * step; }
static uint32_t divide_up(uint32_t value, uint32_t by) { return (value + by - 1) / by; }
static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static rknn_block block_of(const rknn_product* product) {
  return product->sizes.is_integer ? product->device->i8 : product->device->f16;
}

/** As many parts as cores, more where a part would be too wide, fewer where it would be too narrow. */
static uint32_t width_of_part(const rknn_product* product) {
  const uint32_t columns = product->sizes.columns, cores = product->device->core_count;
  uint32_t parts = least(cores, divide_up(columns, COLUMNS_MIN));
  if (divide_up(columns, parts) > COLUMNS_MAX) parts = round_up(divide_up(columns, COLUMNS_MAX), cores);
  return round_up(divide_up(columns, parts), block_of(product).width);
}

static void plan_pieces(rknn_product* product) {
  const rknn_sizes* sizes = &product->sizes;
  const rknn_block block = block_of(product);
  for (uint32_t k = 0; k < product->piece_count; k++) {
    rknn_piece* piece = &product->pieces[k];
    const uint32_t part = k / product->depth_blocks;
    piece->core = part % product->device->core_count;
    piece->first_column = part * product->part_columns;
    piece->columns = least(product->part_columns, sizes->columns - piece->first_column);
    piece->columns_padded = round_up(piece->columns, block.width);
    piece->first_depth = k % product->depth_blocks * DEPTH_MAX;
    piece->depth = least(DEPTH_MAX, sizes->depth - piece->first_depth);
    piece->depth_padded = round_up(piece->depth, block.height);
  }
  const uint32_t row_bytes = least(DEPTH_MAX, round_up(sizes->depth, block.height)) * rknn_element_bytes(sizes);
  const uint32_t sum_bytes = product->part_columns * 4;
  const uint32_t rows_max = TILE_BYTES / (row_bytes > sum_bytes ? row_bytes : sum_bytes);
  product->tile_rows = divide_up(sizes->rows, divide_up(sizes->rows, rows_max));
}

/** Whether the vendor's library lays an operand out as this plugin does. */
static int is_as_planned(const rknn_matmul_tensor* tensor, const uint32_t* dims, uint32_t rank, uint64_t bytes) {
  if (tensor->rank != rank || tensor->size != bytes) return 0;
  for (uint32_t axis = 0; axis < rank; axis++) {
    if (tensor->dims[axis] != dims[axis]) return 0;
  }
  return 1;
}

static int32_t check_layout(const rknn_product* product, const rknn_piece* piece, const rknn_matmul_io* io, char* error) {
  const rknn_block block = block_of(product);
  const uint32_t size = rknn_element_bytes(&product->sizes), rows = product->tile_rows;
  const uint32_t a[2] = {rows, piece->depth_padded}, c[2] = {rows, piece->columns_padded};
  const uint32_t b[4] = {piece->columns_padded / block.width, piece->depth_padded / block.height, block.width, block.height};
  if (is_as_planned(&io->a, a, 2, (uint64_t)a[0] * a[1] * size) &&
      is_as_planned(&io->b, b, 4, (uint64_t)piece->columns_padded * piece->depth_padded * size) &&
      is_as_planned(&io->c, c, 2, (uint64_t)c[0] * c[1] * 4)) {
    return ONBOX_NPU_OK;
  }
  return FAIL(ONBOX_NPU_VERSION, "the library lays a product of %ux%ux%u out in another way than this plugin", rows,
              piece->depth_padded, piece->columns_padded);
}

/** Memory of the NPU for an operand, bound to it and full of zeros. */
static int32_t bind(rknn_product* product, const rknn_piece* piece, rknn_matmul_tensor* tensor, rknn_memory** memory,
                    char* error) {
  rknn_device* device = product->device;
  if (tensor->size > device->memory_max - device->memory_used)
    return FAIL(ONBOX_NPU_NOMEM, "%u bytes more than the limit of %llu", tensor->size, (unsigned long long)device->memory_max);
  rknn_memory* made = device->library.create_mem(piece->context, tensor->size);
  if (made == NULL) return FAIL(ONBOX_NPU_NOMEM, "the NPU has no memory for %u bytes", tensor->size);
  *memory = made;
  device->memory_used += made->size;
  if (made->address == NULL || made->size < tensor->size)
    return FAIL(ONBOX_NPU_VERSION, "memory of %u bytes where %u were asked for", made->size, tensor->size);
  memset(made->address, 0, tensor->size);
  const int32_t status = device->library.matmul_set_io_mem(piece->context, made, tensor);
  return status == RKNN_OK ? ONBOX_NPU_OK : FAIL(rknn_status(status), "binding memory gave %d", status);
}

static void pack_weights(const rknn_product* product, const rknn_piece* piece, const rknn_weights* weights) {
  const rknn_block block = block_of(product);
  const size_t deep = piece->depth_padded / block.height;
  for (size_t n = 0; n < piece->columns; n++) {
    const float* column = weights->values + (piece->first_column + n) * weights->step_column;
    for (size_t k = 0; k < piece->depth; k++) {
      const float value = column[(piece->first_depth + k) * weights->step_depth];
      const size_t at =
          ((n / block.width * deep + k / block.height) * block.width + n % block.width) * block.height + k % block.height;
      if (product->sizes.is_integer) {
        ((int8_t*)piece->b->address)[at] = (int8_t)value;
      } else {
        ((uint16_t*)piece->b->address)[at] = half_from_float(value);
      }
    }
  }
}

static int32_t make_piece(rknn_product* product, rknn_piece* piece, const rknn_weights* weights, char* error) {
  const rknn_library* library = &product->device->library;
  rknn_matmul_info info = {.m = (int32_t)product->tile_rows,
                           .k = (int32_t)piece->depth_padded,
                           .n = (int32_t)piece->columns_padded,
                           .type = product->sizes.is_integer ? RKNN_I8_TO_I32 : RKNN_F16_TO_F32,
                           .b_layout = RKNN_NATIVE,
                           .ac_layout = RKNN_NORMAL};
  rknn_matmul_io io;
  memset(&io, 0, sizeof io);
  int32_t status = library->matmul_create(&piece->context, &info, &io);
  if (status != RKNN_OK)
    return FAIL(rknn_status(status), "creating a product of %dx%dx%d gave %d", info.m, info.k, info.n, status);
  piece->is_created = 1;
  if (product->device->has_masks) {
    status = library->matmul_set_core_mask(piece->context, 1 << piece->core);
    if (status != RKNN_OK) return FAIL(rknn_status(status), "binding a product to core %u gave %d", piece->core, status);
  }
  status = check_layout(product, piece, &io, error);
  if (status == ONBOX_NPU_OK) status = bind(product, piece, &io.a, &piece->a, error);
  if (status == ONBOX_NPU_OK) status = bind(product, piece, &io.b, &piece->b, error);
  if (status == ONBOX_NPU_OK) status = bind(product, piece, &io.c, &piece->c, error);
  if (status != ONBOX_NPU_OK) return status;
  pack_weights(product, piece, weights);
  status = library->mem_sync(piece->context, piece->b, RKNN_TO_DEVICE);
  return status == RKNN_OK ? ONBOX_NPU_OK : FAIL(rknn_status(status), "handing weights over gave %d", status);
}

int32_t rknn_make_product(rknn_device* device, const rknn_sizes* sizes, const rknn_weights* weights, rknn_product* product,
                          char* error) {
  memset(product, 0, sizeof *product);
  product->device = device;
  product->sizes = *sizes;
  product->part_columns = width_of_part(product);
  product->depth_blocks = divide_up(sizes->depth, DEPTH_MAX);
  product->piece_count = divide_up(sizes->columns, product->part_columns) * product->depth_blocks;
  product->pieces = calloc(product->piece_count, sizeof(rknn_piece));
  if (product->pieces == NULL) {
    product->piece_count = 0;
    return FAIL(ONBOX_NPU_NOMEM, "out of memory");
  }
  plan_pieces(product);
  int32_t status = ONBOX_NPU_OK;
  for (uint32_t k = 0; status == ONBOX_NPU_OK && k < product->piece_count; k++)
    status = make_piece(product, &product->pieces[k], weights, error);
  if (status != ONBOX_NPU_OK) rknn_free_product(product);
  return status;
}

static void give_back(rknn_device* device, const rknn_piece* piece, rknn_memory* memory) {
  if (memory == NULL) return;
  device->memory_used -= memory->size;
  device->library.destroy_mem(piece->context, memory);
}

void rknn_free_product(rknn_product* product) {
  for (uint32_t k = 0; k < product->piece_count; k++) {
    const rknn_piece* piece = &product->pieces[k];
    if (!piece->is_created) continue;
    give_back(product->device, piece, piece->a);
    give_back(product->device, piece, piece->b);
    give_back(product->device, piece, piece->c);
    product->device->library.matmul_destroy(piece->context);
  }
  free(product->pieces);
  memset(product, 0, sizeof *product);
}

void rknn_set_row(const rknn_product* product, uint32_t row, const void* values) {
  const size_t size = rknn_element_bytes(&product->sizes);
  for (uint32_t k = 0; k < product->piece_count; k++) {
    const rknn_piece* piece = &product->pieces[k];
    memcpy((char*)piece->a->address + (size_t)row * piece->depth_padded * size, (const char*)values + piece->first_depth * size,
           piece->depth * size);
  }
}

static int32_t multiply_on_core(void* work, uint32_t core) {
  const rknn_product* product = work;
  const rknn_library* library = &product->device->library;
  int32_t status = RKNN_OK;
  for (uint32_t k = 0; status == RKNN_OK && k < product->piece_count; k++) {
    const rknn_piece* piece = &product->pieces[k];
    if (piece->core != core) continue;
    status = library->mem_sync(piece->context, piece->a, RKNN_TO_DEVICE);
    if (status == RKNN_OK) status = library->matmul_run(piece->context);
    if (status == RKNN_OK) status = library->mem_sync(piece->context, piece->c, RKNN_FROM_DEVICE);
  }
  return status;
}

int32_t rknn_multiply(rknn_product* product, const struct timespec* end) {
  const uint32_t parts = product->piece_count / product->depth_blocks;
  return rknn_on_cores(&product->device->cores, least(parts, product->device->core_count), multiply_on_core, product, end);
}

double rknn_sum_at(const rknn_product* product, uint32_t row, uint32_t column) {
  const rknn_piece* piece = &product->pieces[(size_t)(column / product->part_columns) * product->depth_blocks];
  double sum = 0;
  for (uint32_t k = 0; k < product->depth_blocks; k++, piece++) {
    const size_t at = (size_t)row * piece->columns_padded + column - piece->first_column;
    sum += product->sizes.is_integer ? (double)((const int32_t*)piece->c->address)[at]
                                     : (double)((const float*)piece->c->address)[at];
  }
  return sum;
}
