/* A job that hangs cannot be ended: its thread is given up, with everything that it may still touch. */
#include "rknn/cores.h"

#include <string.h>

#include "rknn/layout.h"

static void* serve(void* argument) {
  rknn_core* core = argument;
  rknn_cores* all = core->all;
  pthread_mutex_lock(&all->lock);
  for (;;) {
    while (!core->has_job && !all->is_ended) pthread_cond_wait(&all->changed, &all->lock);
    if (!core->has_job) break;
    const rknn_job job = all->job;
    void* work = all->work;
    pthread_mutex_unlock(&all->lock);
    const int32_t status = job(work, core->index);
    pthread_mutex_lock(&all->lock);
    core->has_job = 0;
    if (all->status == RKNN_OK) all->status = status;
    all->pending--;
    pthread_cond_broadcast(&all->changed);
  }
  pthread_mutex_unlock(&all->lock);
  return NULL;
}

int rknn_start_cores(rknn_cores* cores, uint32_t count) {
  memset(cores, 0, sizeof *cores);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&cores->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&cores->lock, NULL);
  for (uint32_t k = 0; k < count; k++) {
    rknn_core* core = &cores->cores[k];
    core->all = cores;
    core->index = k;
    core->is_started = pthread_create(&core->thread, NULL, serve, core) == 0;
    if (!core->is_started) {
      rknn_end_cores(cores);
      return 0;
    }
  }
  return 1;
}

void rknn_end_cores(rknn_cores* cores) {
  pthread_mutex_lock(&cores->lock);
  cores->is_ended = 1;
  pthread_cond_broadcast(&cores->changed);
  pthread_mutex_unlock(&cores->lock);
  for (uint32_t k = 0; k < RKNN_CORES_MAX; k++) {
    if (cores->cores[k].is_started) pthread_join(cores->cores[k].thread, NULL);
  }
  pthread_cond_destroy(&cores->changed);
  pthread_mutex_destroy(&cores->lock);
}

struct timespec rknn_after_ms(uint32_t milliseconds) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += milliseconds / 1000;
  end.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  if (end.tv_nsec >= 1000000000) {
    end.tv_sec++;
    end.tv_nsec -= 1000000000;
  }
  return end;
}

int32_t rknn_on_cores(rknn_cores* cores, uint32_t count, rknn_job job, void* work, const struct timespec* end) {
  pthread_mutex_lock(&cores->lock);
  cores->job = job;
  cores->work = work;
  cores->status = RKNN_OK;
  cores->pending = count;
  for (uint32_t k = 0; k < count; k++) cores->cores[k].has_job = 1;
  pthread_cond_broadcast(&cores->changed);
  int is_late = 0;
  while (cores->pending > 0 && !is_late) is_late = pthread_cond_timedwait(&cores->changed, &cores->lock, end) != 0;
  const int32_t status = cores->pending > 0 ? RKNN_TIMEOUT : cores->status;
  pthread_mutex_unlock(&cores->lock);
  return status;
}
