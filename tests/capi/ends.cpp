/*
 * What the header says ends a process, and how a host keeps it from that.
 *
 * ends cancel|cancel-disabled|throw <file>: the file holds a row, and for the first two
 * somebody else the lock.
 */
#include <pthread.h>
#include <unistd.h>

#include <stdexcept>

#include "arrow_c.h"
#include "host.h"

#define UUID SATORI_STR("d39cd529-5dd4-5e4b-abc9-90b3751e71f1")

static satori_store *store;

static satori_store *open_store(const char *path) {
  satori_store *opened = NULL;
  satori_error error;
  satori_open_options options = satori_open_options_init();
  options.busy_timeout = 1000000;
  OK(satori_store_open(SATORI_STR(path), &options, &opened, &error));
  return opened;
}

/* Waits for the lock. */
static void *insert(void *disable) {
  satori_error error;
  int before;
  if (disable) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  STATUS(SATORI_BUSY, satori_insert(store, UUID, 2, 2, NULL, NULL, NULL, NULL, &error));
  if (disable) pthread_setcancelstate(before, NULL);
  return NULL;
}

static void cancel(bool disable) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, insert, disable ? &thread : NULL) == 0);
  usleep(300000);
  CHECK(pthread_cancel(thread) == 0);
  void *result;
  CHECK(pthread_join(thread, &result) == 0);
  /* Only if the call ended well. */
  CHECK(result == NULL);
  puts("went on");
}

static int fail(struct ArrowArrayStream *, struct ArrowSchema *) {
  throw std::runtime_error("out of a callback");
}

static const char *last_error(struct ArrowArrayStream *) { return NULL; }

static int next(struct ArrowArrayStream *, struct ArrowArray *) { return 5; }

static void release(struct ArrowArrayStream *stream) { stream->release = NULL; }

static void callback() {
  satori_error error;
  struct ArrowArrayStream stream = {fail, next, last_error, release, NULL};
  try {
    satori_import_arrow(store, UUID, &stream, NULL, 0, NULL, NULL, &error);
  } catch (const std::runtime_error &) {
  }
  puts("went on");
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  const char *mode = arguments[1];
  store = open_store(arguments[2]);
  if (strcmp(mode, "throw") == 0) {
    callback();
  } else {
    cancel(strcmp(mode, "cancel-disabled") == 0);
  }
  return 0;
}
