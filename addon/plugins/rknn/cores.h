/* One thread for each core of the NPU: the vendor's call to run a product blocks, and products on several cores run side by
 * side. */
#ifndef ONBOX_RKNN_CORES_H
#define ONBOX_RKNN_CORES_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { RKNN_CORES_MAX = 3 };

/** Done by the thread of `core`. @returns a status of the vendor */
typedef int32_t (*rknn_job)(void* work, uint32_t core);

typedef struct rknn_cores rknn_cores;

typedef struct rknn_core {
  rknn_cores* all;
  uint32_t index;
  pthread_t thread;
  uint8_t is_started;
  uint8_t has_job;
} rknn_core;

struct rknn_cores {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  rknn_core cores[RKNN_CORES_MAX];
  rknn_job job;
  void* work;
  uint32_t pending;
  int32_t status;
  uint8_t is_ended;
};

/** @returns 0 if a thread does not start; nothing is left then */
int rknn_start_cores(rknn_cores* cores, uint32_t count);

/** Ends the threads, which have no job. */
void rknn_end_cores(rknn_cores* cores);

/**
 * Does the job on the first `count` cores at once.
 * @returns the first status that is not 0; RKNN_TIMEOUT if `end` is past, when the threads may hang for ever
 */
int32_t rknn_on_cores(rknn_cores* cores, uint32_t count, rknn_job job, void* work, const struct timespec* end);

/** The moment in so many milliseconds. */
struct timespec rknn_after_ms(uint32_t milliseconds);

#endif
