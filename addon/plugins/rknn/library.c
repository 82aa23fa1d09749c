/* The symbols by name: a version that lacks one is told by it. */
#include "rknn/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "common/model.h"

int32_t rknn_open_library(const char* path, rknn_library* library, char* error) {
  memset(library, 0, sizeof *library);
  library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library->handle == NULL) {
    const char* reason = dlerror();
    snprintf(error, NPU_ERROR_BYTES, "%s", reason == NULL ? "the library does not load" : reason);
    return ONBOX_NPU_DEVICE;
  }
  const struct {
    const char* name;
    void* function; /* where its address is kept */
  } wanted[] = {
      {"rknn_matmul_create", &library->matmul_create},
      {"rknn_matmul_set_io_mem", &library->matmul_set_io_mem},
      {"rknn_matmul_set_core_mask", &library->matmul_set_core_mask},
      {"rknn_matmul_run", &library->matmul_run},
      {"rknn_matmul_destroy", &library->matmul_destroy},
      {"rknn_create_mem", &library->create_mem},
      {"rknn_destroy_mem", &library->destroy_mem},
      {"rknn_mem_sync", &library->mem_sync},
      {"rknn_query", &library->query},
  };
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    void* symbol = dlsym(library->handle, wanted[k].name);
    if (symbol == NULL) {
      snprintf(error, NPU_ERROR_BYTES, "%s lacks %s; versions from 1.6.0 have it", path, wanted[k].name);
      rknn_close_library(library);
      return ONBOX_NPU_VERSION;
    }
    memcpy(wanted[k].function, &symbol, sizeof symbol);
  }
  return ONBOX_NPU_OK;
}

void rknn_close_library(rknn_library* library) {
  if (library->handle != NULL) dlclose(library->handle);
  memset(library, 0, sizeof *library);
}

int32_t rknn_status(int32_t status) {
  switch (status) {
    case RKNN_OK:
      return ONBOX_NPU_OK;
    case RKNN_TIMEOUT:
      return ONBOX_NPU_TIMEOUT;
    case RKNN_NO_MEMORY:
      return ONBOX_NPU_NOMEM;
    case RKNN_BAD_PARAMETER:
      return ONBOX_NPU_UNSUPPORTED;
    default:
      /* -10 to -13: driver, pre-compilation, optimisation level or target are not the library's. */
      if (status <= RKNN_OTHER_DRIVER && status >= RKNN_OTHER_TARGET) return ONBOX_NPU_VERSION;
      return ONBOX_NPU_DEVICE;
  }
}
