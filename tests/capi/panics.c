/*
 * Makes each function panic and sees that only its handle suffers.
 *
 * panics <function>...: the names come from the library's symbols, so that a
 * function without a call here fails the test. The library must have the feature
 * panic-test: SATORI_STORE_PANIC names the function that panics.
 */
#define _DEFAULT_SOURCE
#include "arrow_c.h"
#include "host.h"

#include <unistd.h>

#define UUID_TEXT "d39cd529-5dd4-5e4b-abc9-90b3751e71f1"
#define UUID SATORI_STR(UUID_TEXT)

static const satori_text uuid_text = {UUID_TEXT, sizeof(UUID_TEXT) - 1};

/* A handle of each type, and room for each output. */
struct fixture {
  satori_store *store;
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;
  satori_error error;
};

enum handle { NONE, STORE, STREAMS, CURSOR, STRING, HANDLES };

static void prepare(struct fixture *f) {
  satori_error error;
  satori_open_options options = satori_open_options_init();
  options.in_memory = 1;
  OK(satori_store_open(NULL, 0, &options, &f->store, &error));
  OK(satori_insert(f->store, UUID, 1704283200000000, 1.5, NULL, NULL, NULL, NULL, &error));
  OK(satori_upsert_stream(f->store, UUID, NULL, &f->streams, &error));
  OK(satori_observations(f->store, UUID, INT64_MIN, INT64_MAX, &f->cursor, &error));
  OK(satori_sync_streams(f->store, SATORI_STR("[]"), &f->string, &error));
}

/* Calls a function with the handle; SATORI_OK if it is sound. */
static satori_status probe(struct fixture *f, enum handle handle) {
  const char *data;
  size_t count;
  switch (handle) {
    case STORE: {
      uint64_t rows;
      return satori_count(f->store, UUID, INT64_MIN, INT64_MAX, &rows, &f->error);
    }
    case STREAMS: return satori_stream_list_count(f->streams, &count, &f->error);
    case CURSOR:
      return satori_cursor_next(f->cursor, 1, NULL, NULL, NULL, NULL, NULL, &count, &f->error);
    case STRING: return satori_string_get(f->string, &data, NULL, &f->error);
    default: return SATORI_OK;
  }
}

static satori_status release(struct fixture *f, enum handle handle) {
  switch (handle) {
    case STORE: return satori_store_close(f->store, &f->error);
    case STREAMS: return satori_stream_list_free(f->streams, &f->error);
    case CURSOR: return satori_cursor_free(f->cursor, &f->error);
    case STRING: return satori_string_free(f->string, &f->error);
    default: return SATORI_OK;
  }
}

/* A valid call of each function. What it makes is freed at once. */

#define CALL(name) static satori_status call_##name(struct fixture *f)

CALL(satori_get_library_info) {
  satori_library_info info = satori_library_info_init();
  return satori_get_library_info(&info, &f->error);
}

CALL(satori_store_open) {
  satori_store *store = NULL;
  satori_open_options options = satori_open_options_init();
  options.in_memory = 1;
  satori_status status = satori_store_open(NULL, 0, &options, &store, &f->error);
  satori_store_close(store, NULL);
  return status;
}

CALL(satori_store_close) { return satori_store_close(f->store, &f->error); }

/* A function that gives a list of streams. */
#define LIST(name, ...)                                             \
  CALL(name) {                                                      \
    satori_stream_list *streams = NULL;                                 \
    satori_status status = name(f->store, __VA_ARGS__, &f->error);  \
    satori_stream_list_free(streams, NULL);                             \
    return status;                                                  \
  }

LIST(satori_upsert_stream, UUID, NULL, &streams)
LIST(satori_update_stream, UUID, NULL, &streams)
LIST(satori_stream_by_uuid, UUID, &streams)
LIST(satori_streams_by_name, SATORI_STR("bitcoin"), &streams)
LIST(satori_streams_by_server_id, 1, &streams)
LIST(satori_streams, &streams)
LIST(satori_search_streams, SATORI_STR("bit"), &streams)
LIST(satori_stale_streams, 0, &streams)
LIST(satori_streams_of, 1, &uuid_text, &streams)
LIST(satori_streams_named, 1, &uuid_text, &streams)
LIST(satori_streams_without_metadata, &streams)
LIST(satori_streams_with_data, &streams)

CALL(satori_stream_list_count) { return probe(f, STREAMS); }

CALL(satori_stream_list_get) {
  satori_stream stream = satori_stream_init();
  return satori_stream_list_get(f->streams, 0, &stream, &f->error);
}

CALL(satori_stream_list_free) { return satori_stream_list_free(f->streams, &f->error); }

CALL(satori_sync_streams) {
  return satori_sync_streams(f->store, SATORI_STR("[]"), NULL, &f->error);
}

CALL(satori_remove) {
  return satori_remove(f->store, SATORI_STR("other"), SATORI_REMOVE_BOTH, NULL, NULL, &f->error);
}

CALL(satori_insert) {
  return satori_insert(f->store, UUID, 1704286800000000, 2.5, NULL, NULL, NULL, NULL, &f->error);
}

CALL(satori_insert_many) {
  int64_t ts = 1704286800000000;
  satori_text spelling = satori_text_of("2024-01-03 13:00");
  double value = 2.5;
  return satori_insert_many(f->store, UUID, 1, &ts, &spelling, &value, NULL, NULL, NULL, NULL,
                            &f->error);
}

CALL(satori_insert_across) {
  int64_t ts = 1704286800000000;
  double value = 2.5;
  return satori_insert_across(f->store, 1, &uuid_text, &ts, NULL, &value, NULL, NULL, NULL, NULL,
                              &f->error);
}

CALL(satori_count) { return probe(f, STORE); }

CALL(satori_get_statistics) {
  satori_statistics statistics = satori_statistics_init();
  return satori_get_statistics(f->store, UUID, &statistics, NULL, &f->error);
}

CALL(satori_delete) { return satori_delete(f->store, UUID, 0, 1, NULL, &f->error); }

CALL(satori_normalize) { return satori_normalize(f->store, UUID, 0, NULL, NULL, &f->error); }

CALL(satori_unreadable) { return satori_unreadable(f->store, UUID, NULL, NULL, &f->error); }

CALL(satori_quarantine) { return satori_quarantine(f->store, UUID, 0, NULL, NULL, &f->error); }

CALL(satori_quarantined) { return satori_quarantined(f->store, UUID, NULL, NULL, &f->error); }

LIST(satori_quarantined_streams, &streams)

CALL(satori_restore) { return satori_restore(f->store, UUID, NULL, NULL, &f->error); }

CALL(satori_restate_digest) { return satori_restate_digest(f->store, UUID, &f->error); }
CALL(satori_verify) {
  satori_verification verification = satori_verification_init();
  return satori_verify(f->store, UUID, &verification, NULL, &f->error);
}

CALL(satori_parse_timestamp) {
  int64_t ts;
  return satori_parse_timestamp(SATORI_STR("1704283200"), 0, &ts, &f->error);
}

CALL(satori_stream_uuid) {
  char uuid[SATORI_UUID_SIZE];
  satori_text part = satori_text_of("central");
  return satori_stream_uuid(part, part, part, part, uuid, &f->error);
}

CALL(satori_backup) {
  char path[] = "/tmp/satori-backup-XXXXXX/backup.db";
  char *end = strrchr(path, '/');
  *end = 0;
  CHECK(mkdtemp(path) != NULL);
  *end = '/';
  satori_status status = satori_backup(f->store, SATORI_STR(path), NULL, &f->error);
  unlink(path);
  *end = 0;
  rmdir(path);
  return status;
}

CALL(satori_retain) { return satori_retain(f->store, UUID, 0, 0, 0, NULL, &f->error); }

CALL(satori_check) {
  return satori_check(f->store, SATORI_NO_INSTANT, NULL, NULL, &f->error);
}

CALL(satori_check_file) {
  return satori_check_file(f->store, SATORI_NO_INSTANT, NULL, NULL, &f->error);
}

CALL(satori_check_stream) { return satori_check_stream(f->store, UUID, NULL, NULL, &f->error); }

CALL(satori_compact) { return satori_compact(f->store, NULL, NULL, &f->error); }

#define OPEN_OF(name, ...)                                                  \
  CALL(name) {                                                              \
    satori_cursor *cursor = NULL;                                           \
    satori_status status = name(f->store, __VA_ARGS__, &f->error);          \
    satori_cursor_free(cursor, NULL);                                       \
    return status;                                                          \
  }
#define OPEN(name, ...) OPEN_OF(name, UUID, __VA_ARGS__)

OPEN(satori_observations, INT64_MIN, INT64_MAX, &cursor)
OPEN(satori_last, 1, &cursor)
OPEN(satori_observation, 1704283200000000, &cursor)

OPEN(satori_first, 1, &cursor)
OPEN(satori_last_before, 1704283200000000, 1, &cursor)
OPEN(satori_as_of, 1704283200000000, &cursor)

OPEN_OF(satori_latest_of, 1, &uuid_text, &cursor)
OPEN_OF(satori_latest_of_all, &cursor)

CALL(satori_data_version) {
  uint64_t version;
  return satori_data_version(f->store, &version, &f->error);
}

CALL(satori_wait) {
  uint64_t version;
  return satori_wait(f->store, 0, 0, &version, &f->error);
}

static const int64_t no_instant[1] = {INT64_MIN};
OPEN_OF(satori_newer, 1, &uuid_text, no_instant, 9, &cursor)

CALL(satori_interrupt) { return satori_interrupt(f->store, &f->error); }

CALL(satori_resample) {
  satori_summary summaries[2];
  size_t count;
  return satori_resample(f->store, UUID, INT64_MIN, INT64_MAX, SATORI_STR("1h"), 1, 2, summaries,
                         &count, &f->error);
}

CALL(satori_align) {
  int64_t ts[2];
  double values[2];
  size_t rows;
  return satori_align(f->store, 1, &uuid_text, INT64_MIN, INT64_MAX, SATORI_STR("1h"),
                      SATORI_FILL_MEAN, 0, 2, ts, values, &rows, &f->error);
}

CALL(satori_align_to) {
  const int64_t ts = 1704283200000000;
  double value;
  return satori_align_to(f->store, 1, &uuid_text, 1, &ts, SATORI_FILL_AS_OF, -1, &value,
                         &f->error);
}

CALL(satori_cursor_next) { return probe(f, CURSOR); }

CALL(satori_cursor_streams) {
  satori_text uuids[4];
  return satori_cursor_streams(f->cursor, 4, uuids, &f->error);
}

CALL(satori_cursor_free) { return satori_cursor_free(f->cursor, &f->error); }

CALL(satori_export_arrow) {
  struct ArrowArrayStream stream = {NULL, NULL, NULL, NULL, NULL};
  satori_status status =
      satori_export_arrow(f->store, UUID, INT64_MIN, INT64_MAX, &stream, &f->error);
  if (stream.release != NULL) stream.release(&stream);
  return status;
}

/* The stream's own rows, which already exist. */
CALL(satori_import_arrow) {
  struct ArrowArrayStream stream;
  satori_error error;
  OK(satori_export_arrow(f->store, UUID, INT64_MIN, INT64_MAX, &stream, &error));
  satori_status status =
      satori_import_arrow(f->store, UUID, &stream, NULL, 0, NULL, NULL, &f->error);
  if (stream.release != NULL) stream.release(&stream);
  return status;
}

CALL(satori_ingest) {
  return satori_ingest(f->store, SATORI_STR("null"), NULL, NULL, NULL, &f->error);
}

CALL(satori_string_get) { return probe(f, STRING); }

CALL(satori_string_free) { return satori_string_free(f->string, &f->error); }

CALL(satori_contains) {
  int32_t contains;
  return satori_contains(f->store, UUID, &contains, &f->error);
}

CALL(satori_get_stream) {
  satori_stream stream = satori_stream_init();
  char texts[512];
  size_t needed;
  return satori_get_stream(f->store, UUID, &stream, texts, sizeof(texts), &needed, &f->error);
}

CALL(satori_get_stream_by_name) {
  satori_stream stream = satori_stream_init();
  char texts[512];
  size_t needed;
  return satori_get_stream_by_name(f->store, SATORI_STR("bitcoin"), &stream, texts, sizeof(texts),
                                   &needed, &f->error);
}

CALL(satori_get_stream_json) {
  char json[512];
  size_t needed;
  return satori_get_stream_json(f->store, UUID, json, sizeof(json), &needed, &f->error);
}

CALL(satori_get_stream_by_name_json) {
  char json[512];
  size_t needed;
  return satori_get_stream_by_name_json(f->store, SATORI_STR("bitcoin"), json, sizeof(json),
                                        &needed, &f->error);
}

CALL(satori_get_latest) {
  char texts[512];
  size_t needed;
  return satori_get_latest(f->store, UUID, NULL, NULL, NULL, NULL, NULL, texts, sizeof(texts),
                           &needed, &f->error);
}

CALL(satori_stream_list_columns) {
  satori_string *json = NULL;
  satori_status status = satori_stream_list_columns(f->streams, &json, &f->error);
  satori_string_free(json, NULL);
  return status;
}

#define ENTRY(name, handle) {#name, call_##name, handle}

static const struct {
  const char *name;
  satori_status (*call)(struct fixture *);
  enum handle handle;
} functions[] = {
    ENTRY(satori_get_library_info, NONE),
    ENTRY(satori_store_open, NONE),
    ENTRY(satori_store_close, STORE),
    ENTRY(satori_upsert_stream, STORE),
    ENTRY(satori_update_stream, STORE),
    ENTRY(satori_contains, STORE),
    ENTRY(satori_stream_by_uuid, STORE),
    ENTRY(satori_get_stream, STORE),
    ENTRY(satori_get_stream_by_name, STORE),
    ENTRY(satori_get_stream_json, STORE),
    ENTRY(satori_get_stream_by_name_json, STORE),
    ENTRY(satori_get_latest, STORE),
    ENTRY(satori_streams_by_name, STORE),
    ENTRY(satori_streams_by_server_id, STORE),
    ENTRY(satori_streams, STORE),
    ENTRY(satori_search_streams, STORE),
    ENTRY(satori_stale_streams, STORE),
    ENTRY(satori_streams_of, STORE),
    ENTRY(satori_streams_named, STORE),
    ENTRY(satori_streams_without_metadata, STORE),
    ENTRY(satori_streams_with_data, STORE),
    ENTRY(satori_stream_list_count, STREAMS),
    ENTRY(satori_stream_list_get, STREAMS),
    ENTRY(satori_stream_list_columns, STREAMS),
    ENTRY(satori_stream_list_free, STREAMS),
    ENTRY(satori_sync_streams, STORE),
    ENTRY(satori_remove, STORE),
    ENTRY(satori_insert, STORE),
    ENTRY(satori_insert_many, STORE),
    ENTRY(satori_insert_across, STORE),
    ENTRY(satori_count, STORE),
    ENTRY(satori_get_statistics, STORE),
    ENTRY(satori_delete, STORE),
    ENTRY(satori_normalize, STORE),
    ENTRY(satori_unreadable, STORE),
    ENTRY(satori_quarantine, STORE),
    ENTRY(satori_quarantined, STORE),
    ENTRY(satori_quarantined_streams, STORE),
    ENTRY(satori_restore, STORE),
    ENTRY(satori_backup, STORE),
    ENTRY(satori_retain, STORE),
    ENTRY(satori_check, STORE),
    ENTRY(satori_check_file, STORE),
    ENTRY(satori_check_stream, STORE),
    ENTRY(satori_compact, STORE),
    ENTRY(satori_restate_digest, STORE),
    ENTRY(satori_verify, STORE),
    ENTRY(satori_parse_timestamp, NONE),
    ENTRY(satori_stream_uuid, NONE),
    ENTRY(satori_observations, STORE),
    ENTRY(satori_last, STORE),
    ENTRY(satori_observation, STORE),
    ENTRY(satori_first, STORE),
    ENTRY(satori_last_before, STORE),
    ENTRY(satori_as_of, STORE),
    ENTRY(satori_latest_of, STORE),
    ENTRY(satori_latest_of_all, STORE),
    ENTRY(satori_data_version, STORE),
    ENTRY(satori_wait, STORE),
    ENTRY(satori_newer, STORE),
    ENTRY(satori_interrupt, STORE),
    ENTRY(satori_resample, STORE),
    ENTRY(satori_align, STORE),
    ENTRY(satori_align_to, STORE),
    ENTRY(satori_cursor_next, CURSOR),
    ENTRY(satori_cursor_streams, CURSOR),
    ENTRY(satori_cursor_free, CURSOR),
    ENTRY(satori_export_arrow, STORE),
    ENTRY(satori_import_arrow, STORE),
    ENTRY(satori_ingest, STORE),
    ENTRY(satori_string_get, STRING),
    ENTRY(satori_string_free, STRING),
};

static void play(size_t index) {
  enum handle handle = functions[index].handle;
  const char *name = functions[index].name;
  satori_error error;

  /* Without the panic the call is a valid one. */
  struct fixture f;
  prepare(&f);
  check_status(functions[index].call(&f), SATORI_OK, &f.error, name, __FILE__, __LINE__);
  for (int other = STORE; other < HANDLES; other++) release(&f, other);

  struct fixture bystander;
  prepare(&bystander);
  prepare(&f);
  setenv("SATORI_STORE_PANIC", name, 1);
  satori_status status = functions[index].call(&f);
  unsetenv("SATORI_STORE_PANIC");
  check_status(status, SATORI_PANIC, &f.error, name, __FILE__, __LINE__);
  CHECK(f.error.code == SATORI_PANIC);
  CHECK(strstr(f.error.message, name) != NULL);
  CHECK(strstr(f.error.message, "asked to") != NULL);

  /* The handle is poisoned, the others are not. */
  error = f.error;
  if (handle != NONE) {
    STATUS(SATORI_POISONED, probe(&f, handle));
    STATUS(SATORI_POISONED, probe(&f, handle));
  }
  for (int other = STORE; other < HANDLES; other++) {
    OK(probe(&bystander, other));
    if (other != (int)handle) OK(probe(&f, other));
  }
  /* And it is freed like every other. */
  for (int other = STORE; other < HANDLES; other++) {
    OK(release(&f, other));
    STATUS(SATORI_INVALID_HANDLE, release(&f, other));
    OK(release(&bystander, other));
  }
}

int main(int count, char **names) {
  int failed = 0;
  for (int name = 1; name < count; name++) {
    size_t index = 0;
    size_t known = sizeof(functions) / sizeof(functions[0]);
    while (index < known && strcmp(functions[index].name, names[name]) != 0) index++;
    if (index == known) {
      fprintf(stderr, "no valid call is written here for %s\n", names[name]);
      failed = 1;
    } else {
      play(index);
    }
  }
  printf("%d functions panicked\n", count - 1);
  return failed;
}
