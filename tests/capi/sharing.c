/*
 * Many threads on one handle, many processes on one file, and fork() among them.
 *
 * sharing threads|processes|fork <database> <seconds>
 */
#include "host.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 64
#define PROCESSES 8
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* A child that is forked while other threads allocate may hang in the sanitizer's own
 * allocator, whose locks it inherits (gcc 12). */
#define FORKS 0
#else
#define FORKS 60
#endif
/* Fewer streams than writers, so that writers share them. */
#define STREAMS 5

static satori_store *store;
static int over;

/* A writer's rows have instants of their own: number + 1000 * step, in seconds. */
struct writer {
  pthread_t thread;
  int number;
  int64_t acknowledged;
};

static void stream_of(int number, char *uuid) { sprintf(uuid, "stream-%d", number % STREAMS); }

static int64_t instant(int number, int64_t step) {
  return (number + step * 1000) * INT64_C(1000000);
}

/* Writes, and reads in between, until the time is over. */
static void write_on(struct writer *writer, satori_store *to) {
  satori_error error;
  char uuid[32];
  stream_of(writer->number, uuid);
  while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
    int32_t insertion;
    int64_t step = writer->acknowledged;
    satori_status status = satori_insert(to, SATORI_STR(uuid), instant(writer->number, step),
                                         (double)step, NULL, NULL, &insertion, NULL, &error);
    /* With so many writers one may have to wait too long: it tries again. */
    if (status == SATORI_BUSY) continue;
    OK(status);
    CHECK(insertion == SATORI_INSERTED);
    writer->acknowledged++;
    if (step % 64 == 0) {
      satori_cursor *cursor;
      size_t count;
      double value;
      OK(satori_observation(to, SATORI_STR(uuid), instant(writer->number, step), &cursor, &error));
      OK(satori_cursor_next(cursor, 1, NULL, NULL, &value, NULL, NULL, &count, &error));
      CHECK(count == 1 && value == (double)step);
      OK(satori_cursor_free(cursor, &error));
    }
  }
}

static void *write_in_thread(void *argument) {
  write_on(argument, store);
  return NULL;
}

/* Every row that was acknowledged to a writer is stored with its value, and no other
 * row is. */
static void all_there(satori_store *in, const struct writer *writers, int count) {
  enum { BATCH = 4096 };
  static int64_t ts[BATCH];
  static double values[BATCH];
  satori_error error;
  int64_t acknowledged = 0, found = 0;
  for (int writer = 0; writer < count; writer++) acknowledged += writers[writer].acknowledged;
  for (int stream = 0; stream < STREAMS; stream++) {
    satori_cursor *cursor;
    size_t rows;
    char uuid[32];
    stream_of(stream, uuid);
    OK(satori_observations(in, SATORI_STR(uuid), INT64_MIN, INT64_MAX, &cursor, &error));
    do {
      OK(satori_cursor_next(cursor, BATCH, ts, NULL, values, NULL, NULL, &rows, &error));
      for (size_t row = 0; row < rows; row++) {
        int64_t seconds = ts[row] / 1000000;
        int writer = (int)(seconds % 1000);
        CHECK(writer < count && writer % STREAMS == stream);
        CHECK(seconds / 1000 < writers[writer].acknowledged);
        CHECK(values[row] == (double)(seconds / 1000));
      }
      found += (int64_t)rows;
    } while (rows > 0);
    OK(satori_cursor_free(cursor, &error));
  }
  /* Instants are unique, so equal numbers mean equal rows. */
  CHECK(found == acknowledged);
  printf("%" PRId64 " rows\n", found);
}

static void start(struct writer *writers, int count) {
  for (int number = 0; number < count; number++) {
    writers[number].number = number;
    writers[number].acknowledged = 0;
    CHECK(pthread_create(&writers[number].thread, NULL, write_in_thread, &writers[number]) == 0);
  }
}

static void join(struct writer *writers, int count) {
  __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
  for (int number = 0; number < count; number++) {
    CHECK(pthread_join(writers[number].thread, NULL) == 0);
  }
}

static void threads(const char *path, int seconds) {
  struct writer writers[THREADS];
  satori_error error;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  start(writers, THREADS);
  sleep((unsigned)seconds);
  join(writers, THREADS);
  all_there(store, writers, THREADS);
  OK(satori_store_close(store, &error));
}

static void end(int signal) {
  (void)signal;
  __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
}

static void processes(const char *path, int seconds) {
  struct writer writers[PROCESSES];
  satori_error error;
  pid_t children[PROCESSES];
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  /* Before the parent opens anything. */
  for (int number = 0; number < PROCESSES; number++) {
    children[number] = fork();
    CHECK(children[number] >= 0);
    if (children[number] == 0) {
      struct writer writer = {0, number, 0};
      signal(SIGALRM, end);
      alarm((unsigned)seconds);
      OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
      write_on(&writer, store);
      OK(satori_store_close(store, &error));
      CHECK(write(pipes[1], &writer, sizeof(writer)) == sizeof(writer));
      _exit(0);
    }
  }
  for (int number = 0; number < PROCESSES; number++) {
    struct writer writer;
    int status;
    CHECK(waitpid(children[number], &status, 0) == children[number] && status == 0);
    CHECK(read(pipes[0], &writer, sizeof(writer)) == sizeof(writer));
    writers[writer.number] = writer;
  }
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  all_there(store, writers, PROCESSES);
  OK(satori_store_close(store, &error));
}

/* A child gets SATORI_FORKED for its parent's handles, whatever the parent's other
 * threads held at the fork. */
static void in_child(satori_stream_list *streams, satori_cursor *cursor, satori_string *string) {
  satori_error error;
  satori_stream stream = satori_stream_init();
  satori_stream_list *found;
  uint64_t rows;
  size_t count;
  const char *data;
  STATUS(SATORI_FORKED, satori_count(store, SATORI_STR("stream-0"), 0, 1, &rows, &error));
  STATUS(SATORI_FORKED,
         satori_insert(store, SATORI_STR("stream-0"), 1, 1, NULL, NULL, NULL, NULL, &error));
  STATUS(SATORI_FORKED, satori_streams(store, &found, &error));
  STATUS(SATORI_FORKED, satori_ingest(store, SATORI_STR("null"), NULL, NULL, NULL, &error));
  STATUS(SATORI_FORKED, satori_stream_list_get(streams, 0, &stream, &error));
  STATUS(SATORI_FORKED,
         satori_cursor_next(cursor, 1, NULL, NULL, NULL, NULL, NULL, &count, &error));
  STATUS(SATORI_FORKED, satori_string_get(string, &data, NULL, &error));
  STATUS(SATORI_FORKED, satori_cursor_free(cursor, &error));
  STATUS(SATORI_FORKED, satori_stream_list_free(streams, &error));
  STATUS(SATORI_FORKED, satori_string_free(string, &error));
  STATUS(SATORI_FORKED, satori_store_close(store, &error));
  STATUS(SATORI_INVALID_HANDLE, satori_store_close((satori_store *)1, &error));
  CHECK(strstr(error.message, "freed") != NULL);
}

/* Forks while threads are inside calls, which make and free handles too. */
static void forks_amid_calls(satori_stream_list *streams, satori_cursor *cursor,
                             satori_string *string) {
  enum { FEW = 8 };
  struct writer writers[FEW];
  int status;
  start(writers, FEW);
  for (int time = 0; time < FORKS; time++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      /* Ends a child that hangs: its parent then sees a signal. */
      alarm(60);
      in_child(streams, cursor, string);
      _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  join(writers, FEW);
  all_there(store, writers, FEW);
}

static void forks(const char *path) {
  satori_error error;
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;
  satori_text hash;
  size_t count;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  OK(satori_upsert_stream(store, SATORI_STR("stream-9"), NULL, &streams, &error));
  OK(satori_insert(store, SATORI_STR("stream-9"), 1, 1, NULL, NULL, NULL, NULL, &error));
  OK(satori_observations(store, SATORI_STR("stream-9"), INT64_MIN, INT64_MAX, &cursor, &error));
  OK(satori_sync_streams(store, SATORI_STR("[]"), &string, &error));

  /* A child of a process without other threads may also open the file itself. Its
   * handles are not taken for its parent's, nor the other way round. */
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    satori_store *own;
    uint64_t rows;
    alarm(60);
    in_child(streams, cursor, string);
    OK(satori_store_open(SATORI_STR(path), NULL, &own, &error));
    CHECK((void *)own != (void *)store);
    OK(satori_insert(own, SATORI_STR("stream-9"), 2000000, 2, NULL, NULL, NULL, NULL, &error));
    OK(satori_count(own, SATORI_STR("stream-9"), INT64_MIN, INT64_MAX, &rows, &error));
    CHECK(rows == 2);
    in_child(streams, cursor, string);
    OK(satori_store_close(own, &error));
    STATUS(SATORI_INVALID_HANDLE, satori_store_close(own, &error));
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  uint64_t rows;
  OK(satori_count(store, SATORI_STR("stream-9"), INT64_MIN, INT64_MAX, &rows, &error));
  CHECK(rows == 2);

  if (FORKS > 0) forks_amid_calls(streams, cursor, string);
  OK(satori_cursor_next(cursor, 1, NULL, NULL, NULL, &hash, NULL, &count, &error));
  CHECK(count == 1 && strlen(hash.data) == 16);
  OK(satori_cursor_free(cursor, &error));
  OK(satori_stream_list_free(streams, &error));
  OK(satori_string_free(string, &error));
  OK(satori_store_close(store, &error));
}

int main(int count, char **arguments) {
  CHECK(count == 4);
  if (strcmp(arguments[1], "threads") == 0) threads(arguments[2], atoi(arguments[3]));
  if (strcmp(arguments[1], "processes") == 0) processes(arguments[2], atoi(arguments[3]));
  if (strcmp(arguments[1], "fork") == 0) forks(arguments[2]);
  return 0;
}
