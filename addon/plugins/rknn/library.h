/* Rockchip's librknnrt.so, opened at run time. Creating, destroying, taking and freeing memory from several threads at once has
   crashed the vendor's kernel driver, so those calls are made by the thread of the host only, never by those of the cores. */
#ifndef ONBOX_RKNN_LIBRARY_H
#define ONBOX_RKNN_LIBRARY_H

#include "rknn/layout.h"

typedef struct rknn_library {
  void* handle;
  int32_t (*matmul_create)(rknn_context* context, rknn_matmul_info* info, rknn_matmul_io* io);
  int32_t (*matmul_set_io_mem)(rknn_context context, rknn_memory* memory, rknn_matmul_tensor* tensor);
  int32_t (*matmul_set_core_mask)(rknn_context context, int32_t mask);
  int32_t (*matmul_run)(rknn_context context);
  int32_t (*matmul_destroy)(rknn_context context);
  rknn_memory* (*create_mem)(rknn_context context, uint32_t bytes);
  int32_t (*destroy_mem)(rknn_context context, rknn_memory* memory);
  int32_t (*mem_sync)(rknn_context context, rknn_memory* memory, int32_t mode);
  int32_t (*query)(rknn_context context, int32_t command, void* buffer, uint32_t bytes);
} rknn_library;

/**
 * @param path of the library, or its name for the loader to find
 * @param error of NPU_ERROR_BYTES, gets the reason
 * @returns OK, DEVICE if there is no such library, VERSION if it lacks a function
 */
int32_t rknn_open_library(const char* path, rknn_library* library, char* error);

void rknn_close_library(rknn_library* library);

/** The status of onbox_npu.h for one of the vendor's. */
int32_t rknn_status(int32_t status);

#endif
