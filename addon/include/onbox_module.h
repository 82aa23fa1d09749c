/* The C ABI between the addon and a module that onbox compiled. Plain C99, so that the module is built by any gcc or clang. */
#ifndef ONBOX_MODULE_H
#define ONBOX_MODULE_H

#include <stdint.h>

#define ONBOX_MODULE_ABI 1

/** In bytes. A buffer may be a part of a larger one, so code must not count on more; the addon refuses plans that give less. */
#define ONBOX_BUFFER_ALIGNMENT 8

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs iterations begin <= i < end of a kernel's parallel loop. `buffers` holds one pointer for every buffer of the kernel,
 * in the order of the plan; each is aligned to ONBOX_BUFFER_ALIGNMENT unless it is a caller's tensor. Any thread may call it;
 * calls for disjoint ranges may run side by side. It keeps no state and cannot fail.
 */
typedef void (*onbox_kernel)(void* const* buffers, int64_t begin, int64_t end);

/** The one exported object of a module: `const onbox_module onbox_module_v1`. */
typedef struct onbox_module {
  uint32_t struct_size; /* sizeof(onbox_module) */
  uint32_t abi;         /* ONBOX_MODULE_ABI */
  uint32_t kernel_count;
  uint32_t reserved;
  const onbox_kernel* kernels; /* NULL for a kernel that is not for the CPU */
} onbox_module;

#ifdef __cplusplus
}
#endif

#endif
