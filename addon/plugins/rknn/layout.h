/* What librknnrt 1.6.0 to 2.3.2 takes and gives, declared by ourselves: none of the vendor's headers is needed. Every offset
   was read off compiled code for x86-64 and aarch64 with those headers; the assertions hold this file to that. */
#ifndef ONBOX_RKNN_LAYOUT_H
#define ONBOX_RKNN_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__arm__)
typedef uint32_t rknn_context;
#else
typedef uint64_t rknn_context;
#endif

enum {
  RKNN_OK = 0,
  RKNN_TIMEOUT = -2,
  RKNN_NO_DEVICE = -3,
  RKNN_NO_MEMORY = -4,
  RKNN_BAD_PARAMETER = -5,
  RKNN_OTHER_DRIVER = -10,
  RKNN_OTHER_TARGET = -13
};
enum { RKNN_F16_TO_F32 = 1, RKNN_I8_TO_I32 = 2 };
enum { RKNN_NORMAL = 0, RKNN_NATIVE = 1 };
enum { RKNN_TO_DEVICE = 1, RKNN_FROM_DEVICE = 2 };
enum { RKNN_QUERY_VERSIONS = 5 };
enum { RKNN_DIMS = 16, RKNN_NAME_BYTES = 256 };

/** Of a product. With what is not set being 0, versions before 2.0.0, which end after 24 bytes, read the same from it. */
typedef struct rknn_matmul_info {
  int32_t m;
  int32_t k;
  int32_t n;
  int32_t type;
  int16_t b_layout;
  int16_t b_quantisation;
  int16_t ac_layout;
  int16_t ac_quantisation;
  int32_t iommu_domain;
  int16_t group_size;
  int8_t reserved[34];
} rknn_matmul_info;

typedef struct rknn_matmul_tensor {
  char name[RKNN_NAME_BYTES];
  uint32_t rank;
  uint32_t dims[RKNN_DIMS];
  uint32_t size; /* bytes */
  int32_t type;
} rknn_matmul_tensor;

typedef struct rknn_matmul_io {
  rknn_matmul_tensor a;
  rknn_matmul_tensor b;
  rknn_matmul_tensor c;
} rknn_matmul_io;

typedef struct rknn_memory {
  void* address;
  uint64_t physical;
  int32_t fd;
  int32_t offset;
  uint32_t size;
  uint32_t flags;
  void* internal;
} rknn_memory;

typedef struct rknn_versions {
  char library[RKNN_NAME_BYTES];
  char driver[RKNN_NAME_BYTES];
} rknn_versions;

#define RKNN_AT(type, field, offset) static_assert(offsetof(type, field) == (offset), #type "." #field)
#define RKNN_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)

RKNN_SIZE(rknn_matmul_info, 64);
RKNN_AT(rknn_matmul_info, m, 0);
RKNN_AT(rknn_matmul_info, k, 4);
RKNN_AT(rknn_matmul_info, n, 8);
RKNN_AT(rknn_matmul_info, type, 12);
RKNN_AT(rknn_matmul_info, b_layout, 16);
RKNN_AT(rknn_matmul_info, b_quantisation, 18);
RKNN_AT(rknn_matmul_info, ac_layout, 20);
RKNN_AT(rknn_matmul_info, ac_quantisation, 22);
RKNN_AT(rknn_matmul_info, iommu_domain, 24);
RKNN_AT(rknn_matmul_info, group_size, 28);
RKNN_AT(rknn_matmul_info, reserved, 30);
RKNN_SIZE(rknn_matmul_tensor, 332);
RKNN_AT(rknn_matmul_tensor, rank, 256);
RKNN_AT(rknn_matmul_tensor, dims, 260);
RKNN_AT(rknn_matmul_tensor, size, 324);
RKNN_AT(rknn_matmul_tensor, type, 328);
RKNN_SIZE(rknn_matmul_io, 996);
RKNN_AT(rknn_matmul_io, b, 332);
RKNN_AT(rknn_matmul_io, c, 664);
RKNN_SIZE(rknn_versions, 512);
RKNN_AT(rknn_versions, driver, 256);
#if UINTPTR_MAX == UINT64_MAX
RKNN_SIZE(rknn_context, 8);
RKNN_SIZE(rknn_memory, 40);
RKNN_AT(rknn_memory, physical, 8);
RKNN_AT(rknn_memory, fd, 16);
RKNN_AT(rknn_memory, offset, 20);
RKNN_AT(rknn_memory, size, 24);
RKNN_AT(rknn_memory, flags, 28);
RKNN_AT(rknn_memory, internal, 32);
#endif

#endif
