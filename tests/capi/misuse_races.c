/* Freeing twice, too early, or while other threads use the handle; how long texts
 * live. */
#include "misuse.h"

#include <pthread.h>

#define ID SATORI_STR(UUID)
#define THREADS 32
#define STEPS 2000000

static satori_store *open_at(const char *name) {
  satori_error error;
  satori_store *store;
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", scratch, name);
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  return store;
}

static void endings(void) {
  satori_error error;
  satori_store *store = open_at("endings.db"), *other = open_at("endings.db");
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;

  OK(satori_upsert_stream(store, ID, NULL, &streams, &error));
  OK(satori_insert(store, ID, 1000000, 1, NULL, NULL, NULL, NULL, &error));
  OK(satori_last(store, ID, 1, &cursor, &error));
  OK(satori_sync_streams(store, SATORI_STR("[]"), &string, &error));
  OK(satori_store_close(store, &error));
  OK(satori_stream_list_free(streams, &error));
  OK(satori_cursor_free(cursor, &error));
  OK(satori_string_free(string, &error));
  for (int again = 0; again < 3; again++) {
    CASE(SATORI_INVALID_HANDLE, satori_store_close(store, &error));
    CASE(SATORI_INVALID_HANDLE, satori_stream_list_free(streams, &error));
    CASE(SATORI_INVALID_HANDLE, satori_cursor_free(cursor, &error));
    CASE(SATORI_INVALID_HANDLE, satori_string_free(string, &error));
    CASE(SATORI_INVALID_HANDLE, satori_count(store, ID, 0, 1, &out.rows, &error));
  }

  /* The slot is used again; the handle that was freed is never taken for the new one. */
  for (int again = 0; again < 100; again++) {
    satori_stream_list *next;
    OK(satori_streams(other, &next, &error));
    CHECK(next != streams);
    CASE(SATORI_INVALID_HANDLE, satori_stream_list_count(streams, &out.count, &error));
    CASE(SATORI_INVALID_HANDLE, satori_stream_list_free(streams, &error));
    OK(satori_stream_list_free(next, &error));
    streams = next;
  }
  OK(satori_store_close(other, &error));
}

static void lifetimes(void) {
  satori_error error;
  satori_store *store = open_at("lifetimes.db");
  satori_stream_patch patch = satori_stream_patch_init();
  satori_stream stream = satori_stream_init();
  satori_stream_list *streams, *many;
  satori_cursor *cursor;
  satori_string *string;
  satori_text hashes[2], providers[2];
  size_t count;
  const char *data;

  patch.set = SATORI_FIELD_NAME;
  patch.name = satori_text_of("bitcoin");
  OK(satori_upsert_stream(store, ID, &patch, &streams, &error));
  OK(satori_insert(store, ID, 1000000, 1, NULL, NULL, NULL, NULL, &error));
  OK(satori_insert(store, ID, 2000000, 2, NULL, NULL, NULL, NULL, &error));
  OK(satori_observations(store, ID, INT64_MIN, INT64_MAX, &cursor, &error));
  OK(satori_sync_streams(store, SATORI_STR("[{\"uuid\":\"x\"}]"), &string, &error));
  OK(satori_stream_list_get(streams, 0, &stream, &error));
  OK(satori_string_get(string, &data, &count, &error));
  OK(satori_cursor_next(cursor, 2, NULL, NULL, NULL, hashes, providers, &count, &error));
  CHECK(count == 2);

  /* The list of handles grows, the stream is removed, the store closed: the texts stay. */
  OK(satori_remove(store, ID, SATORI_REMOVE_BOTH, NULL, NULL, &error));
  for (int other = 0; other < 1000; other++) {
    OK(satori_streams(store, &many, &error));
    if (other % 2) OK(satori_stream_list_free(many, &error));
  }
  OK(satori_store_close(store, &error));
  CHECK(stream.name.length == 7 && strcmp(stream.name.data, "bitcoin") == 0);
  CHECK(stream.uuid.length == 36 && strcmp(stream.uuid.data, UUID) == 0);
  CHECK(stream.author.data == NULL && stream.author.length == 0);
  CHECK(strncmp(data, "{\"new\":[\"x\"]", 12) == 0);
  for (int row = 0; row < 2; row++) {
    CHECK(hashes[row].length == 16 && strlen(hashes[row].data) == 16);
    CHECK(providers[row].length == 7 && strcmp(providers[row].data, "central") == 0);
  }
  /* The cursor still has its store, but the stream is gone. */
  CASE(SATORI_STREAM_NOT_FOUND,
       satori_cursor_next(cursor, 2, NULL, NULL, NULL, NULL, NULL, &out.count, &error));
  OK(satori_cursor_free(cursor, &error));
  OK(satori_stream_list_free(streams, &error));
  OK(satori_string_free(string, &error));
  count_case();
}

/* What the threads use until it is freed under them. */
static satori_store *shared_store;
static satori_stream_list *shared_streams;
static satori_cursor *shared_cursor;
static satori_string *shared_string;
static int started;

struct worker {
  pthread_t thread;
  int number;
  int64_t acknowledged;
};

/* Every call succeeds until its handle is closed, and none afterwards. */
static int goes_on(satori_status status, const char *call) {
  if (status != SATORI_OK && status != SATORI_INVALID_HANDLE) {
    fprintf(stderr, "%s, while another thread closes: %" PRId32 "\n", call, status);
    exit(1);
  }
  return status == SATORI_OK;
}

static void *write_rows(void *argument) {
  struct worker *worker = argument;
  satori_error error;
  for (int64_t step = 0; step < STEPS; step++) {
    int64_t ts = (step * THREADS + worker->number + 1) * 1000000;
    if (!goes_on(satori_insert(shared_store, ID, ts, worker->number, NULL, NULL, NULL, NULL,
                               &error), "satori_insert")) {
      break;
    }
    worker->acknowledged++;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
  }
  return NULL;
}

static void *read_lists(void *argument) {
  struct worker *worker = argument;
  satori_error error;
  for (int step = 0; step < STEPS; step++) {
    satori_stream stream = satori_stream_init();
    size_t count;
    const char *data;
    int open = goes_on(satori_stream_list_count(shared_streams, &count, &error), "count");
    open |= goes_on(satori_stream_list_get(shared_streams, 0, &stream, &error), "get");
    open |= goes_on(satori_string_get(shared_string, &data, &count, &error), "string");
    open |= goes_on(satori_cursor_next(shared_cursor, 1, NULL, NULL, NULL, NULL, NULL, &count, &error),
                    "next");
    if (!open) break;
    worker->acknowledged++;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
  }
  return NULL;
}

static void start(struct worker *workers, void *(*work)(void *)) {
  started = 0;
  for (int number = 0; number < THREADS; number++) {
    workers[number].number = number;
    workers[number].acknowledged = 0;
    CHECK(pthread_create(&workers[number].thread, NULL, work, &workers[number]) == 0);
  }
  /* Until all of them are in the middle of their work. */
  while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < 10 * THREADS) sched_yield();
}

static int64_t join(struct worker *workers) {
  int64_t acknowledged = 0;
  for (int number = 0; number < THREADS; number++) {
    CHECK(pthread_join(workers[number].thread, NULL) == 0);
    acknowledged += workers[number].acknowledged;
  }
  return acknowledged;
}

/* The store is closed while 32 threads write: each row that was acknowledged is
 * stored, and no other. */
static void close_under_writers(const char *name) {
  struct worker workers[THREADS];
  satori_error error;
  uint64_t rows;
  shared_store = open_at(name);
  start(workers, write_rows);
  OK(satori_store_close(shared_store, &error));
  CASE(SATORI_INVALID_HANDLE, satori_store_close(shared_store, &error));
  int64_t acknowledged = join(workers);
  satori_store *again = open_at(name);
  OK(satori_count(again, ID, INT64_MIN, INT64_MAX, &rows, &error));
  CHECK((int64_t)rows == acknowledged);
  OK(satori_store_close(again, &error));
  count_case();
}

static void free_under_readers(void) {
  struct worker workers[THREADS];
  satori_error error;
  OK(satori_stream_by_uuid(good_store, ID, &shared_streams, &error));
  OK(satori_observations(good_store, ID, INT64_MIN, INT64_MAX, &shared_cursor, &error));
  OK(satori_sync_streams(good_store, SATORI_STR("[]"), &shared_string, &error));
  start(workers, read_lists);
  OK(satori_stream_list_free(shared_streams, &error));
  OK(satori_cursor_free(shared_cursor, &error));
  OK(satori_string_free(shared_string, &error));
  join(workers);
  count_case();
}

void races(int rounds) {
  endings();
  lifetimes();
  for (int round = 0; round < rounds; round++) {
    char name[32];
    snprintf(name, sizeof(name), "writers_%d.db", round);
    close_under_writers(name);
    free_under_readers();
  }
}
