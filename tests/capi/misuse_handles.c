/* Each function, with each kind of number that is no handle of its type. */
#include "misuse.h"

#define ON_STORE(name, ...)                                          \
  static satori_status on_##name(void *handle, satori_error *error) { \
    return name((satori_store *)handle, __VA_ARGS__, error);          \
  }

#define ID SATORI_STR(UUID)

static const int64_t new_ts = INT64_C(1800000000000000);
static const satori_text new_spelling = {"2027-01-15 08:00", 16};
static const double new_value = 1;
static const satori_text uuid_text = {UUID, sizeof(UUID) - 1};

ON_STORE(satori_upsert_stream, SATORI_STR("new"), NULL, &out.streams)
ON_STORE(satori_update_stream, ID, NULL, &out.streams)
ON_STORE(satori_contains, ID, &out.number)
ON_STORE(satori_stream_by_uuid, ID, &out.streams)
ON_STORE(satori_get_stream, ID, &out.stream, out.texts, sizeof(out.texts), &out.count)
ON_STORE(satori_get_stream_by_name, SATORI_STR("bitcoin"), &out.stream, out.texts,
         sizeof(out.texts), &out.count)
ON_STORE(satori_get_stream_json, ID, out.texts, sizeof(out.texts), &out.count)
ON_STORE(satori_get_stream_by_name_json, SATORI_STR("bitcoin"), out.texts, sizeof(out.texts),
         &out.count)
ON_STORE(satori_get_latest, ID, NULL, NULL, NULL, NULL, NULL, out.texts, sizeof(out.texts),
         &out.count)
ON_STORE(satori_streams_by_name, SATORI_STR("bitcoin"), &out.streams)
ON_STORE(satori_streams_by_server_id, 1, &out.streams)
ON_STORE(satori_streams, &out.streams)
ON_STORE(satori_search_streams, SATORI_STR("bit"), &out.streams)
ON_STORE(satori_stale_streams, 0, &out.streams)
ON_STORE(satori_streams_of, 1, &uuid_text, &out.streams)
ON_STORE(satori_streams_named, 1, &uuid_text, &out.streams)
ON_STORE(satori_streams_without_metadata, &out.streams)
ON_STORE(satori_streams_with_data, &out.streams)
ON_STORE(satori_sync_streams, SATORI_STR("[{\"uuid\":\"new\"}]"), &out.string)
ON_STORE(satori_remove, ID, SATORI_REMOVE_BOTH, &out.number, &out.rows)
ON_STORE(satori_insert, ID, new_ts, new_value, NULL, NULL, &out.number, &out.stored)
ON_STORE(satori_insert_many, ID, 1, &new_ts, &new_spelling, &new_value, NULL, NULL,
         &out.insert_report, &out.string)
ON_STORE(satori_insert_across, 1, &uuid_text, &new_ts, NULL, &new_value, NULL, NULL,
         &out.insert_report, &out.string)
ON_STORE(satori_count, ID, 0, 1, &out.rows)
ON_STORE(satori_get_statistics, ID, &out.statistics, &out.string)
ON_STORE(satori_delete, ID, INT64_MIN, INT64_MAX, &out.rows)
ON_STORE(satori_normalize, ID, 0, &out.rows, &out.string)
ON_STORE(satori_unreadable, ID, &out.rows, &out.string)
ON_STORE(satori_quarantine, ID, 0, &out.rows, &out.string)
ON_STORE(satori_quarantined, ID, &out.rows, &out.string)
ON_STORE(satori_quarantined_streams, &out.streams)
ON_STORE(satori_restore, ID, &out.rows, &out.rows)
ON_STORE(satori_restate_digest, ID)
ON_STORE(satori_retain, ID, 0, 0, 0, &out.rows)
ON_STORE(satori_check, SATORI_NO_INSTANT, &out.rows, &out.string)
ON_STORE(satori_check_file, SATORI_NO_INSTANT, &out.rows, &out.string)
ON_STORE(satori_check_stream, ID, &out.rows, &out.string)
ON_STORE(satori_compact, &out.rows, NULL)
ON_STORE(satori_backup, SATORI_STR("/nowhere/backup.db"), &out.rows)
ON_STORE(satori_verify, ID, &out.verification, &out.string)
ON_STORE(satori_observations, ID, INT64_MIN, INT64_MAX, &out.cursor)
ON_STORE(satori_last, ID, 1, &out.cursor)
ON_STORE(satori_observation, ID, 1, &out.cursor)
ON_STORE(satori_first, ID, 1, &out.cursor)
ON_STORE(satori_last_before, ID, 1, 1, &out.cursor)
ON_STORE(satori_as_of, ID, 1, &out.cursor)
ON_STORE(satori_latest_of, 1, &uuid_text, &out.cursor)
ON_STORE(satori_latest_of_all, &out.cursor)
ON_STORE(satori_data_version, &out.rows)
ON_STORE(satori_wait, 0, 0, &out.rows)
ON_STORE(satori_newer, 1, &uuid_text, &new_ts, 9, &out.cursor)
ON_STORE(satori_resample, ID, INT64_MIN, INT64_MAX, SATORI_STR("1h"), 0, 2, out.summaries,
         &out.count)
ON_STORE(satori_align, 1, &uuid_text, INT64_MIN, INT64_MAX, SATORI_STR("1h"), SATORI_FILL_AS_OF,
         -1, 4, out.ts, out.values, &out.count)
ON_STORE(satori_align_to, 1, &uuid_text, 1, &new_ts, SATORI_FILL_EXACT, -1, out.values)
ON_STORE(satori_export_arrow, ID, INT64_MIN, INT64_MAX, &out.arrow)
ON_STORE(satori_import_arrow, ID, &out.arrow, NULL, 0, &out.insert_report, &out.string)
ON_STORE(satori_ingest, SATORI_STR("null"), NULL, &out.ingest_report, &out.string)

static satori_status on_satori_interrupt(void *handle, satori_error *error) {
  return satori_interrupt(handle, error);
}

static satori_status on_satori_store_close(void *handle, satori_error *error) {
  return satori_store_close(handle, error);
}

static satori_status on_satori_stream_list_count(void *handle, satori_error *error) {
  return satori_stream_list_count(handle, &out.count, error);
}

static satori_status on_satori_stream_list_get(void *handle, satori_error *error) {
  return satori_stream_list_get(handle, 0, &out.stream, error);
}

static satori_status on_satori_stream_list_columns(void *handle, satori_error *error) {
  return satori_stream_list_columns(handle, &out.string, error);
}

static satori_status on_satori_stream_list_free(void *handle, satori_error *error) {
  return satori_stream_list_free(handle, error);
}

static satori_status on_satori_cursor_next(void *handle, satori_error *error) {
  return satori_cursor_next(handle, 4, out.ts, out.spellings, out.values, out.hashes, out.providers,
                            &out.count, error);
}

static satori_status on_satori_cursor_streams(void *handle, satori_error *error) {
  return satori_cursor_streams(handle, 4, out.hashes, error);
}

static satori_status on_satori_cursor_free(void *handle, satori_error *error) {
  return satori_cursor_free(handle, error);
}

static satori_status on_satori_string_get(void *handle, satori_error *error) {
  return satori_string_get(handle, &out.data, &out.count, error);
}

static satori_status on_satori_string_free(void *handle, satori_error *error) {
  return satori_string_free(handle, error);
}

enum type { STORE, STREAMS, CURSOR, STRING, TYPES };

#define ENTRY(name, type) {#name, on_##name, type, 0}
/* A function that frees: NULL is no error. */
#define FREES(name, type) {#name, on_##name, type, 1}

static const struct {
  const char *name;
  on_handle call;
  enum type type;
  int takes_null;
} functions[] = {
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
    ENTRY(satori_export_arrow, STORE),
    ENTRY(satori_import_arrow, STORE),
    ENTRY(satori_ingest, STORE),
    FREES(satori_store_close, STORE),
    ENTRY(satori_stream_list_count, STREAMS),
    ENTRY(satori_stream_list_get, STREAMS),
    ENTRY(satori_stream_list_columns, STREAMS),
    FREES(satori_stream_list_free, STREAMS),
    ENTRY(satori_cursor_next, CURSOR),
    ENTRY(satori_cursor_streams, CURSOR),
    FREES(satori_cursor_free, CURSOR),
    ENTRY(satori_string_get, STRING),
    FREES(satori_string_free, STRING),
};

/* Makes a handle of each type and frees it. */
static void freed(void *handles[TYPES]) {
  satori_error error;
  satori_open_options options = satori_open_options_init();
  satori_store *store;
  options.in_memory = 1;
  OK(satori_store_open(NULL, 0, &options, &store, &error));
  OK(satori_streams(store, (satori_stream_list **)&handles[STREAMS], &error));
  OK(satori_last(good_store, ID, 1, (satori_cursor **)&handles[CURSOR], &error));
  OK(satori_sync_streams(store, SATORI_STR("[]"), (satori_string **)&handles[STRING], &error));
  handles[STORE] = store;
  OK(satori_store_close(handles[STORE], &error));
  OK(satori_stream_list_free(handles[STREAMS], &error));
  OK(satori_cursor_free(handles[CURSOR], &error));
  OK(satori_string_free(handles[STRING], &error));
}

/* A number that looks like a pointer. */
static void *number(uintptr_t value) { return (void *)value; }

void handles(void) {
  void *good[TYPES] = {good_store, good_streams, good_cursor, good_string};
  void *old[TYPES];
  /* As large as anything that a careless library would look at. */
  static uint64_t on_heap_twin[512];
  uint64_t on_stack[512];
  uint64_t *on_heap = malloc(sizeof(on_stack));
  CHECK(on_heap != NULL);
  memset(on_stack, 1, sizeof(on_stack));
  memset(on_heap, 1, sizeof(on_stack));
  freed(old);

  for (size_t function = 0; function < sizeof(functions) / sizeof(functions[0]); function++) {
    enum type type = functions[function].type;
    uintptr_t sound = (uintptr_t)good[type];
    void *bad[] = {
        NULL,
        old[type],
        good[(type + 1) % TYPES],
        good[(type + 2) % TYPES],
        good[(type + 3) % TYPES],
        on_stack,
        (char *)on_stack + 1,
        on_heap,
        (char *)on_heap + 1,
        on_heap_twin,
        number(1),
        number(2),
        number(0xdeadbeef),
        number(UINTPTR_MAX),
        number(UINTPTR_MAX - 1),
        /* Near the good one: even; the next generations, and the one before; the
         * highest bit; a slot that there isn't. */
        number(sound & ~(uintptr_t)1),
        number(sound + ((uintptr_t)1 << sizeof(void *) * 4)),
        number(sound + ((uintptr_t)2 << sizeof(void *) * 4)),
        number(sound - ((uintptr_t)1 << sizeof(void *) * 4)),
        number(sound | (uintptr_t)1 << (sizeof(void *) * 8 - 1)),
        number(sound + 2000000),
    };
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++) {
      satori_error error;
      satori_status wanted = bad[index] == NULL ? SATORI_NULL_POINTER : SATORI_INVALID_HANDLE;
      if (bad[index] == NULL && functions[function].takes_null) {
        OK(functions[function].call(NULL, &error));
        continue;
      }
      memset(&error, 0x5a, sizeof(error));
      reset();
      expect(functions[function].call(bad[index], &error), wanted, &error,
             functions[function].name, __FILE__, __LINE__);
      /* Also if the caller gives no error. */
      CHECK(functions[function].call(bad[index], NULL) == wanted);
    }
  }
  free(on_heap);
}
