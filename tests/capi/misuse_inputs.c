/* Text, lengths, outputs, numbers, alignment. */
#include "misuse.h"

#define ID SATORI_STR(UUID)
#define ALL INT64_MIN, INT64_MAX
#define TOO_LONG ((size_t)PTRDIFF_MAX + 1)

/* A pointer of the same type that no object of it can have. */
#define ASKEW(pointer) ((void *)((char *)(pointer) + 1))

/* `call` takes text as two arguments, TEXT; what is wrong with it, each way. */
#define BAD_TEXTS(call_with)                              \
  CASE(SATORI_INVALID_UTF8, call_with("\xff\xfe", 2));     \
  CASE(SATORI_INVALID_UTF8, call_with("ab\xc3", 3));       \
  CASE(SATORI_INVALID_UTF8, call_with("\xed\xa0\x80", 3)); \
  CASE(SATORI_INVALID_UTF8, call_with("\xc0\xaf", 2));     \
  BAD_LENGTHS(call_with)

#define BAD_LENGTHS(call_with)                        \
  CASE(SATORI_NULL_POINTER, call_with(NULL, 1));      \
  CASE(SATORI_NULL_POINTER, call_with(NULL, SIZE_MAX)); \
  CASE(SATORI_INVALID_ARGUMENT, call_with("x", SIZE_MAX)); \
  CASE(SATORI_INVALID_ARGUMENT, call_with("x", TOO_LONG))

/* Of a uuid also what can't name a stream. */
#define BAD_UUIDS(call_with)                                  \
  BAD_TEXTS(call_with);                                       \
  CASE(SATORI_INVALID_UUID, call_with(NULL, 0));              \
  CASE(SATORI_INVALID_UUID, call_with("", 0));                \
  CASE(SATORI_INVALID_UUID, call_with("a\0b", 3));            \
  CASE(SATORI_INVALID_UUID, call_with("streams", 7));         \
  CASE(SATORI_INVALID_UUID, call_with("SQLITE_master", 13));  \
  CASE(SATORI_INVALID_UUID, call_with(long_name, sizeof(long_name)))

static char long_name[256];
static const int64_t new_ts[2] = {INT64_C(1800000000000000), INT64_C(1800003600000000)};
static const satori_text new_spellings[2] = {{"2027-01-15 08:00", 16}, {"2027-01-15 09:00", 16}};
static const double new_values[2] = {1, 2};

/* What may hold a password stands where something else was expected; no message shows it. */
static void passwords(void) {
  static const char *const given[] = {"postgres://ann:secret@host/engine",
                                      "postgre://ann:secret@host/engine",
                                      "postgres://host/engine?password=secret",
                                      "//ann:secret@host/engine",
                                      "host=127.0.0.1 user=ann password=secret",
                                      "postgres://ann:secret@host/\n"};
  for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
    const char *text = given[i];
    size_t length = strlen(text);
    int can_name = strchr(text, '\n') == NULL;
    satori_status none = can_name ? SATORI_STREAM_NOT_FOUND : SATORI_INVALID_UUID;
    satori_error error;
#define HIDES(wanted, call)                                                  \
  do {                                                                       \
    CASE(wanted, call);                                                      \
    CHECK((call) == (wanted));                                               \
    CHECK(error.message[0] != 0 && strstr(error.message, "secret") == NULL); \
  } while (0)
    HIDES(none, satori_observations(good_store, text, length, ALL, &out.cursor, &error));
    HIDES(none, satori_count(good_store, text, length, ALL, &out.rows, &error));
    HIDES(none, satori_verify(good_store, text, length, &out.verification, &out.string, &error));
    HIDES(none, satori_delete(good_store, text, length, ALL, &out.rows, &error));
    HIDES(SATORI_INVALID_TIMESTAMP, satori_parse_timestamp(text, length, 0, out.ts, &error));
    HIDES(SATORI_INVALID_STEP, satori_resample(good_store, ID, ALL, text, length, 0, 2, out.summaries,
                                               &out.count, &error));
#undef HIDES
  }
  const char json[] = "[\"postgres://ann:secret@host/engine\"]";
  satori_error error;
  satori_string *report;
  OK(satori_sync_streams(good_store, json, sizeof(json) - 1, &report, &error));
  const char *said;
  OK(satori_string_get(report, &said, NULL, &error));
  CHECK(strstr(said, "ann") != NULL && strstr(said, "secret") == NULL);
  satori_string_free(report, NULL);
}

static void texts(void) {
  memset(long_name, 'x', sizeof(long_name));
#define CALL(...) satori_upsert_stream(good_store, __VA_ARGS__, NULL, &out.streams, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_update_stream(good_store, __VA_ARGS__, NULL, &out.streams, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_contains(good_store, __VA_ARGS__, &out.number, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_stream_by_uuid(good_store, __VA_ARGS__, &out.streams, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...)                                                                         \
  satori_get_stream(good_store, __VA_ARGS__, &out.stream, out.texts, sizeof(out.texts), \
                    &out.count, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...)                                                                           \
  satori_get_stream_json(good_store, __VA_ARGS__, out.texts, sizeof(out.texts), &out.count, \
                         &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) \
  satori_remove(good_store, __VA_ARGS__, SATORI_REMOVE_BOTH, &out.number, &out.rows, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...)                                                                            \
  satori_insert(good_store, __VA_ARGS__, new_ts[0], 1, NULL, NULL, &out.number, &out.stored, \
                &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...)                                                                      \
  satori_insert_many(good_store, __VA_ARGS__, 2, new_ts, NULL, new_values, NULL, NULL, \
                     &out.insert_report, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...)                                                                             \
  satori_insert_many(good_store, __VA_ARGS__, 2, NULL, new_spellings, new_values, NULL, NULL, \
                     &out.insert_report, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_count(good_store, __VA_ARGS__, ALL, &out.rows, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) \
  satori_get_statistics(good_store, __VA_ARGS__, &out.statistics, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_delete(good_store, __VA_ARGS__, ALL, &out.rows, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_retain(good_store, __VA_ARGS__, 0, 0, 0, &out.rows, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_check_stream(good_store, __VA_ARGS__, &out.rows, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_normalize(good_store, __VA_ARGS__, 0, &out.rows, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_unreadable(good_store, __VA_ARGS__, &out.rows, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_quarantine(good_store, __VA_ARGS__, 0, &out.rows, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_quarantined(good_store, __VA_ARGS__, &out.rows, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_restore(good_store, __VA_ARGS__, &out.rows, NULL, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_restate_digest(good_store, __VA_ARGS__, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_verify(good_store, __VA_ARGS__, &out.verification, &out.string, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_observations(good_store, __VA_ARGS__, ALL, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_last(good_store, __VA_ARGS__, 1, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_observation(good_store, __VA_ARGS__, 1, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_first(good_store, __VA_ARGS__, 1, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_last_before(good_store, __VA_ARGS__, 1, 1, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_as_of(good_store, __VA_ARGS__, 1, &out.cursor, &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_export_arrow(good_store, __VA_ARGS__, ALL, &out.arrow, &error)
  BAD_UUIDS(CALL);
#undef CALL
  /* Nobody has looked at the stream, which is none. */
#define CALL(...)                                                                              \
  satori_import_arrow(good_store, __VA_ARGS__, &out.arrow, NULL, 0, &out.insert_report, &out.string, \
                      &error)
  BAD_UUIDS(CALL);
#undef CALL
#define CALL(...) satori_streams_by_name(good_store, __VA_ARGS__, &out.streams, &error)
  BAD_TEXTS(CALL);
#undef CALL
#define CALL(...) satori_search_streams(good_store, __VA_ARGS__, &out.streams, &error)
  BAD_TEXTS(CALL);
#undef CALL
#define CALL(...) satori_parse_timestamp(__VA_ARGS__, 0, out.ts, &error)
  BAD_TEXTS(CALL);
  CASE(SATORI_INVALID_ARGUMENT, satori_parse_timestamp("1", 1, 5, out.ts, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_parse_timestamp("1", 1, -1, out.ts, &error));
  CASE(SATORI_INVALID_TIMESTAMP, CALL(NULL, 0));
  CASE(SATORI_INVALID_TIMESTAMP, CALL("1704283200\0", 11));
#undef CALL
#define CALL(...) satori_store_open(__VA_ARGS__, NULL, &out.store, &error)
  BAD_LENGTHS(CALL);
  CASE(SATORI_INVALID_ARGUMENT, CALL(NULL, 0));
  CASE(SATORI_INVALID_ARGUMENT, CALL("engine\0.db", 10));
  CASE(SATORI_CANNOT_OPEN, CALL("/", 1));
  CASE(SATORI_CANNOT_OPEN, CALL("/no/such/folder/engine.db", 25));
  /* A URL of no database, or of one where there is none, is refused in words; they show no
   * password. */
  CASE(SATORI_CANNOT_OPEN, CALL("postgres://ann:secret@127.0.0.1:1/engine", 40));
  CASE(SATORI_CANNOT_OPEN, CALL("file://engine.db", 16));
  CASE(SATORI_CANNOT_OPEN, CALL("x://", 4));
  satori_error error;
  CHECK(CALL("mysql://ann:secret@host/engine", 30) == SATORI_CANNOT_OPEN);
  CHECK(strstr(error.message, "URL") != NULL && strstr(error.message, "ann") != NULL);
  CHECK(strstr(error.message, "secret") == NULL);
  CHECK(CALL("postgres://ann:secret@127.0.0.1:1/engine", 40) == SATORI_CANNOT_OPEN);
  CHECK(strstr(error.message, "ann") != NULL && strstr(error.message, "secret") == NULL);
#undef CALL
  passwords();
#define CALL(...) satori_sync_streams(good_store, __VA_ARGS__, &out.string, &error)
  BAD_LENGTHS(CALL);
  CASE(SATORI_INVALID_JSON, CALL("[{", 2));
#undef CALL
#define CALL(...) \
  satori_ingest(good_store, __VA_ARGS__, NULL, &out.ingest_report, &out.string, &error)
  BAD_LENGTHS(CALL);
  CASE(SATORI_INVALID_JSON, CALL("[{", 2));
#undef CALL
}

/* Outputs that must not be NULL, and what no pointer to them can be. */
static void outputs(void) {
  int64_t ts = new_ts[0];
  size_t needed;
  satori_stream_list **streams = ASKEW(&out.streams);
  satori_cursor **cursor = ASKEW(&out.cursor);
  satori_string **string = ASKEW(&out.string);
  void *room = ASKEW(out.ts);

#define BOTH(call_with, askew)                \
  CASE(SATORI_NULL_POINTER, call_with(NULL)); \
  CASE(SATORI_INVALID_ARGUMENT, call_with(askew))

#define CALL(output) satori_get_library_info(output, &error)
  BOTH(CALL, ASKEW(&out.info));
#undef CALL
#define CALL(output) satori_store_open("x.db", 4, NULL, output, &error)
  BOTH(CALL, ASKEW(&out.store));
#undef CALL
#define CALL(output) satori_contains(good_store, ID, output, &error)
  BOTH(CALL, ASKEW(&out.number));
#undef CALL
#define CALL(output) satori_stream_by_uuid(good_store, ID, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) \
  satori_get_stream(good_store, ID, output, out.texts, sizeof(out.texts), &out.count, &error)
  BOTH(CALL, ASKEW(&out.stream));
#undef CALL
#define CALL(output) \
  satori_get_stream(good_store, ID, &out.stream, out.texts, sizeof(out.texts), output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(texts, capacity) \
  satori_get_stream(good_store, ID, &out.stream, texts, capacity, &needed, &error)
  CASE(SATORI_NULL_POINTER, CALL(NULL, 1));
  CASE(SATORI_BUFFER_TOO_SMALL, CALL(out.texts, 0));
  CASE(SATORI_BUFFER_TOO_SMALL, CALL(out.texts, 36));
  CASE(SATORI_INVALID_ARGUMENT, CALL(out.texts, SIZE_MAX));
#undef CALL
#define CALL(output)                                                                       \
  satori_get_stream_by_name(good_store, SATORI_STR("bitcoin"), output, out.texts,          \
                            sizeof(out.texts), &out.count, &error)
  BOTH(CALL, ASKEW(&out.stream));
#undef CALL
#define CALL(output) \
  satori_get_stream_json(good_store, ID, out.texts, sizeof(out.texts), output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(texts, capacity) \
  satori_get_stream_json(good_store, ID, texts, capacity, &needed, &error)
  CASE(SATORI_NULL_POINTER, CALL(NULL, 1));
  CASE(SATORI_BUFFER_TOO_SMALL, CALL(out.texts, 0));
  CASE(SATORI_BUFFER_TOO_SMALL, CALL(out.texts, 36));
  CASE(SATORI_INVALID_ARGUMENT, CALL(out.texts, SIZE_MAX));
#undef CALL
#define CALL(output)                                                                     \
  satori_get_stream_by_name_json(good_store, SATORI_STR("bitcoin"), out.texts,           \
                                 sizeof(out.texts), output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(output)                                                                   \
  satori_get_latest(good_store, ID, NULL, NULL, NULL, NULL, NULL, out.texts,           \
                    sizeof(out.texts), output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(texts, capacity)                                                          \
  satori_get_latest(good_store, ID, NULL, NULL, NULL, NULL, NULL, texts, capacity, &needed, &error)
  CASE(SATORI_NULL_POINTER, CALL(NULL, 1));
  CASE(SATORI_BUFFER_TOO_SMALL, CALL(out.texts, 0));
  CASE(SATORI_INVALID_ARGUMENT, CALL(out.texts, SIZE_MAX));
#undef CALL
#define CALL(output) satori_streams_by_name(good_store, ID, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_streams_by_server_id(good_store, 1, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_streams(good_store, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_search_streams(good_store, ID, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_stale_streams(good_store, 1, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_streams_without_metadata(good_store, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_streams_with_data(good_store, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_quarantined_streams(good_store, output, &error)
  BOTH(CALL, streams);
#undef CALL
#define CALL(output) satori_stream_list_count(good_streams, output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(output) satori_stream_list_columns(good_streams, output, &error)
  BOTH(CALL, string);
#undef CALL
#define CALL(output) satori_stream_list_get(good_streams, 0, output, &error)
  BOTH(CALL, ASKEW(&out.stream));
#undef CALL
#define CALL(output) satori_count(good_store, ID, ALL, output, &error)
  BOTH(CALL, ASKEW(&out.rows));
#undef CALL
#define CALL(output) satori_get_statistics(good_store, ID, output, &out.string, &error)
  BOTH(CALL, ASKEW(&out.statistics));
#undef CALL
#define CALL(output) satori_verify(good_store, ID, output, &out.string, &error)
  BOTH(CALL, ASKEW(&out.verification));
#undef CALL
#define CALL(output) satori_parse_timestamp("1", 1, 0, output, &error)
  BOTH(CALL, room);
#undef CALL
#define CALL(output) satori_observations(good_store, ID, ALL, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_last(good_store, ID, 1, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_observation(good_store, ID, 1, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_first(good_store, ID, 1, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_last_before(good_store, ID, 1, 1, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_as_of(good_store, ID, 1, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_latest_of(good_store, 0, NULL, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(output) satori_latest_of_all(good_store, output, &error)
  BOTH(CALL, cursor);
#undef CALL
  const satori_text one = {UUID, sizeof(UUID) - 1};
#define CALL(output) satori_data_version(good_store, output, &error)
  BOTH(CALL, ASKEW(&out.rows));
#undef CALL
#define CALL(output) satori_wait(good_store, 0, 0, output, &error)
  BOTH(CALL, ASKEW(&out.rows));
#undef CALL
#define CALL(output) satori_newer(good_store, 0, NULL, NULL, 9, output, &error)
  BOTH(CALL, cursor);
#undef CALL
#define CALL(input) satori_newer(good_store, 1, &one, input, 9, &out.cursor, &error)
  BOTH(CALL, ASKEW(&ts));
#undef CALL
#define CALL(output) \
  satori_resample(good_store, ID, ALL, SATORI_STR("1h"), 0, 2, out.summaries, output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(output) \
  satori_resample(good_store, ID, ALL, SATORI_STR("1h"), 0, 2, output, &out.count, &error)
  BOTH(CALL, ASKEW(out.summaries));
#undef CALL
#define ALIGN(ts, values, rows)                                                              \
  satori_align(good_store, 1, &one, ALL, SATORI_STR("1h"), 0, -1, 4, ts, values, rows, \
               &error)
#define CALL(output) ALIGN(output, out.values, &out.count)
  BOTH(CALL, ASKEW(out.ts));
#undef CALL
#define CALL(output) ALIGN(out.ts, output, &out.count)
  BOTH(CALL, ASKEW(out.values));
#undef CALL
#define CALL(output) ALIGN(out.ts, out.values, output)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(output) satori_align_to(good_store, 1, &one, 1, &ts, 0, -1, output, &error)
  BOTH(CALL, ASKEW(out.values));
#undef CALL
#define CALL(input) satori_align_to(good_store, 1, &one, 1, input, 0, -1, out.values, &error)
  BOTH(CALL, ASKEW(&ts));
#undef CALL
#define CALL(output) satori_export_arrow(good_store, ID, ALL, output, &error)
  BOTH(CALL, ASKEW(&out.arrow));
#undef CALL
#define CALL(input) \
  satori_import_arrow(good_store, ID, input, NULL, 0, &out.insert_report, &out.string, &error)
  BOTH(CALL, ASKEW(&out.arrow));
#undef CALL
#define CALL(output) \
  satori_cursor_next(good_cursor, 4, NULL, NULL, NULL, NULL, NULL, output, &error)
  BOTH(CALL, ASKEW(&out.count));
#undef CALL
#define CALL(output) satori_string_get(good_string, output, NULL, &error)
  BOTH(CALL, ASKEW(&out.data));
#undef CALL

  /* Those that may be NULL. Nothing may have been done for them. */
#define ASKEW_CASE(call) CASE(SATORI_INVALID_ARGUMENT, call)
  ASKEW_CASE(satori_upsert_stream(good_store, "new", 3, NULL, streams, &error));
  ASKEW_CASE(satori_update_stream(good_store, ID, NULL, streams, &error));
  ASKEW_CASE(satori_sync_streams(good_store, SATORI_STR("[{\"uuid\":\"new\"}]"), string, &error));
  ASKEW_CASE(satori_remove(good_store, ID, SATORI_REMOVE_BOTH, room, &out.rows, &error));
  ASKEW_CASE(satori_remove(good_store, ID, SATORI_REMOVE_BOTH, &out.number, room, &error));
  ASKEW_CASE(satori_insert(good_store, ID, ts, 1, NULL, NULL, room, NULL, &error));
  ASKEW_CASE(satori_insert(good_store, ID, ts, 1, NULL, NULL, NULL, room, &error));
  ASKEW_CASE(satori_insert(good_store, ID, ts, 1, room, NULL, NULL, NULL, &error));
  ASKEW_CASE(satori_insert(good_store, ID, ts, 1, NULL, room, NULL, NULL, &error));
#define MANY(ts, spellings, values, hashes, providers, report, conflicts)                          \
  satori_insert_many(good_store, ID, 2, ts, spellings, values, hashes, providers, report, conflicts, \
                     &error)
  ASKEW_CASE(MANY(room, NULL, new_values, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(new_ts, NULL, room, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(new_ts, NULL, new_values, room, NULL, NULL, NULL));
  ASKEW_CASE(MANY(new_ts, NULL, new_values, NULL, room, NULL, NULL));
  ASKEW_CASE(MANY(new_ts, NULL, new_values, NULL, NULL, ASKEW(&out.insert_report), NULL));
  ASKEW_CASE(MANY(new_ts, NULL, new_values, NULL, NULL, NULL, string));
  CASE(SATORI_NULL_POINTER, MANY(NULL, NULL, new_values, NULL, NULL, NULL, NULL));
  CASE(SATORI_NULL_POINTER, MANY(new_ts, NULL, NULL, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(NULL, room, new_values, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(new_ts, room, new_values, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(room, new_spellings, new_values, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(NULL, new_spellings, room, NULL, NULL, NULL, NULL));
  ASKEW_CASE(MANY(NULL, new_spellings, new_values, room, NULL, NULL, NULL));
  ASKEW_CASE(MANY(NULL, new_spellings, new_values, NULL, room, NULL, NULL));
  ASKEW_CASE(MANY(NULL, new_spellings, new_values, NULL, NULL, ASKEW(&out.insert_report), NULL));
  ASKEW_CASE(MANY(NULL, new_spellings, new_values, NULL, NULL, NULL, string));
  CASE(SATORI_NULL_POINTER, MANY(NULL, new_spellings, NULL, NULL, NULL, NULL, NULL));
#undef MANY
  ASKEW_CASE(satori_get_statistics(good_store, ID, &out.statistics, string, &error));
  ASKEW_CASE(satori_delete(good_store, ID, ALL, room, &error));
  ASKEW_CASE(satori_retain(good_store, ID, 0, 0, 0, room, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_retain(good_store, ID, 0, 1, 0, &out.rows, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_retain(good_store, ID, INT64_MAX, 1, 1, NULL, &error));
  ASKEW_CASE(satori_check(good_store, 0, room, NULL, &error));
  ASKEW_CASE(satori_check(good_store, 0, NULL, string, &error));
  ASKEW_CASE(satori_check_file(good_store, 0, room, NULL, &error));
  ASKEW_CASE(satori_check_file(good_store, 0, NULL, string, &error));
  ASKEW_CASE(satori_check_stream(good_store, ID, room, NULL, &error));
  ASKEW_CASE(satori_check_stream(good_store, ID, NULL, string, &error));
  ASKEW_CASE(satori_normalize(good_store, ID, 0, room, NULL, &error));
  ASKEW_CASE(satori_normalize(good_store, ID, 0, NULL, string, &error));
  ASKEW_CASE(satori_unreadable(good_store, ID, room, NULL, &error));
  ASKEW_CASE(satori_unreadable(good_store, ID, NULL, string, &error));
  ASKEW_CASE(satori_quarantine(good_store, ID, 0, room, NULL, &error));
  ASKEW_CASE(satori_quarantine(good_store, ID, 0, NULL, string, &error));
  ASKEW_CASE(satori_quarantined(good_store, ID, room, NULL, &error));
  ASKEW_CASE(satori_quarantined(good_store, ID, NULL, string, &error));
  ASKEW_CASE(satori_restore(good_store, ID, room, NULL, &error));
  ASKEW_CASE(satori_restore(good_store, ID, NULL, room, &error));
  ASKEW_CASE(satori_verify(good_store, ID, &out.verification, string, &error));
  ASKEW_CASE(satori_ingest(good_store, SATORI_STR("null"), NULL, NULL, string, &error));
  ASKEW_CASE(satori_ingest(good_store, SATORI_STR("null"), NULL, ASKEW(&out.ingest_report), NULL,
                           &error));
#define IMPORT(...) satori_import_arrow(good_store, ID, &out.arrow, __VA_ARGS__, &error)
  ASKEW_CASE(IMPORT(room, 0, NULL, NULL));
  ASKEW_CASE(IMPORT(NULL, 0, ASKEW(&out.insert_report), NULL));
  ASKEW_CASE(IMPORT(NULL, 0, NULL, string));
#undef IMPORT
  ASKEW_CASE(satori_string_get(good_string, &out.data, ASKEW(&out.count), &error));
#define NEXT(...) satori_cursor_next(good_cursor, __VA_ARGS__, &out.count, &error)
  ASKEW_CASE(NEXT(2, room, NULL, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(2, NULL, room, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(2, NULL, NULL, room, NULL, NULL));
  ASKEW_CASE(NEXT(2, NULL, NULL, NULL, room, NULL));
  ASKEW_CASE(NEXT(2, NULL, NULL, NULL, NULL, room));
  ASKEW_CASE(NEXT(0, out.ts, NULL, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(0, out.ts, out.spellings, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(SIZE_MAX, out.ts, NULL, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(TOO_LONG / 16, NULL, out.spellings, NULL, NULL, NULL));
  ASKEW_CASE(NEXT(TOO_LONG / 8, NULL, NULL, out.values, NULL, NULL));
  ASKEW_CASE(NEXT(TOO_LONG / 16, NULL, NULL, NULL, out.hashes, NULL));
#undef NEXT
  /* An error that can't be written is reported by the status alone. */
  reset();
  CHECK(satori_count(good_store, ID, ALL, &out.rows, ASKEW(out.ts)) == SATORI_INVALID_ARGUMENT);
  CHECK(satori_store_close(good_store, ASKEW(out.ts)) == SATORI_INVALID_ARGUMENT);
  count_case();
  count_case();
}

/* Numbers that mean nothing, and texts inside of arguments. */
static void numbers(void) {
  satori_text bad = {"\xff", 1}, none = {NULL, 1}, endless = {"x", SIZE_MAX}, good = {"x", 1};
  satori_text texts[2] = {{"x", 1}, {"\xff", 1}};
  int32_t choices[] = {0, 4, -1, INT32_MAX, INT32_MIN};
  for (size_t index = 0; index < sizeof(choices) / sizeof(choices[0]); index++) {
    CASE(SATORI_INVALID_ARGUMENT,
         satori_remove(good_store, ID, choices[index], &out.number, &out.rows, &error));
  }
#define INSERT(ts, value, hash, provider) \
  satori_insert(good_store, ID, ts, value, hash, provider, &out.number, &out.stored, &error)
  double zero = 0;
  CASE(SATORI_INVALID_VALUE, INSERT(new_ts[0], zero / zero, NULL, NULL));
  CASE(SATORI_INVALID_VALUE, INSERT(new_ts[0], 1 / zero, NULL, NULL));
  CASE(SATORI_INVALID_VALUE, INSERT(new_ts[0], -1 / zero, NULL, NULL));
  CASE(SATORI_INVALID_TIMESTAMP, INSERT(INT64_MIN, 1, NULL, NULL));
  CASE(SATORI_INVALID_TIMESTAMP, INSERT(INT64_MAX, 1, NULL, NULL));
  CASE(SATORI_INVALID_UTF8, INSERT(new_ts[0], 1, &bad, NULL));
  CASE(SATORI_INVALID_UTF8, INSERT(new_ts[0], 1, NULL, &bad));
  CASE(SATORI_NULL_POINTER, INSERT(new_ts[0], 1, &none, NULL));
  CASE(SATORI_NULL_POINTER, INSERT(new_ts[0], 1, NULL, &none));
  CASE(SATORI_INVALID_ARGUMENT, INSERT(new_ts[0], 1, &endless, NULL));
  CASE(SATORI_INVALID_ARGUMENT, INSERT(new_ts[0], 1, NULL, &endless));
#define MANY(count, hashes, providers)                                                   \
  satori_insert_many(good_store, ID, count, new_ts, NULL, new_values, hashes, providers, \
                     &out.insert_report, &out.string, &error)
  CASE(SATORI_INVALID_UTF8, MANY(2, texts, NULL));
  CASE(SATORI_INVALID_UTF8, MANY(2, NULL, texts));
  CASE(SATORI_INVALID_ARGUMENT, MANY(SIZE_MAX, NULL, NULL));
  CASE(SATORI_INVALID_ARGUMENT, MANY(TOO_LONG, NULL, NULL));
  CASE(SATORI_INVALID_ARGUMENT, MANY(TOO_LONG / 8, NULL, NULL));
  /* Fits into an address space, but into no memory. */
  CASE(SATORI_INVALID_ARGUMENT, MANY((size_t)1 << 44, NULL, NULL));
#define SPELLED(count, ts, spellings)                                              \
  satori_insert_many(good_store, ID, count, ts, spellings, new_values, NULL, NULL, \
                     &out.insert_report, &out.string, &error)
  satori_text nothing = {NULL, 0}, empty = {"", 0}, noon = {"noon", 4};
  satori_text second_bad[2] = {{"2027-01-15 08:00", 16}, {"2027-01-15 25:00", 16}};
  satori_text second_missing[2] = {{"2027-01-15 08:00", 16}, {NULL, 0}};
  CASE(SATORI_INVALID_UTF8, SPELLED(1, NULL, &bad));
  CASE(SATORI_NULL_POINTER, SPELLED(1, NULL, &none));
  CASE(SATORI_NULL_POINTER, SPELLED(1, new_ts, &none));
  CASE(SATORI_NULL_POINTER, SPELLED(1, NULL, &nothing));
  CASE(SATORI_NULL_POINTER, SPELLED(2, NULL, second_missing));
  CASE(SATORI_INVALID_ARGUMENT, SPELLED(1, NULL, &endless));
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(1, NULL, &empty));
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(1, new_ts, &empty));
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(1, NULL, &noon));
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(2, NULL, second_bad));
  CASE(SATORI_INVALID_ARGUMENT, SPELLED(SIZE_MAX, NULL, new_spellings));
  CASE(SATORI_INVALID_ARGUMENT, SPELLED(TOO_LONG / 16, NULL, new_spellings));
  /* The instant and its spelling disagree: in the first row, in the second. */
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(1, &new_ts[1], new_spellings));
  second_bad[1] = new_spellings[0];
  CASE(SATORI_INVALID_TIMESTAMP, SPELLED(2, new_ts, second_bad));
  /* The texts of many streams: each may be wrong, and all of them. */
#define EACH(status, count, texts)                                                             \
  CASE(status, satori_latest_of(good_store, count, texts, &out.cursor, &error));               \
  CASE(status, satori_newer(good_store, count, texts, new_ts, 9, &out.cursor, &error));        \
  CASE(status, satori_streams_of(good_store, count, texts, &out.streams, &error));             \
  CASE(status, satori_insert_across(good_store, count, texts, new_ts, NULL, new_values, NULL,  \
                                    NULL, &out.insert_report, &out.string, &error))
#define EACH_AND_NAMES(status, count, texts)                                                   \
  EACH(status, count, texts);                                                                  \
  CASE(status, satori_streams_named(good_store, count, texts, &out.streams, &error))
  satori_text last_missing[2] = {{UUID, sizeof(UUID) - 1}, {NULL, 0}};
  satori_text last_empty[2] = {{UUID, sizeof(UUID) - 1}, {"", 0}};
  EACH_AND_NAMES(SATORI_NULL_POINTER, 2, NULL);
  EACH_AND_NAMES(SATORI_NULL_POINTER, 2, last_missing);
  EACH_AND_NAMES(SATORI_NULL_POINTER, 1, &none);
  EACH_AND_NAMES(SATORI_INVALID_UTF8, 1, &bad);
  EACH_AND_NAMES(SATORI_INVALID_ARGUMENT, 1, &endless);
  EACH_AND_NAMES(SATORI_INVALID_ARGUMENT, SIZE_MAX, texts);
  EACH_AND_NAMES(SATORI_INVALID_ARGUMENT, (size_t)1 << 44, texts);
  EACH_AND_NAMES(SATORI_INVALID_ARGUMENT, 2, ASKEW(texts));
  EACH(SATORI_INVALID_UUID, 2, last_empty);
  CASE(SATORI_NULL_POINTER, satori_cursor_streams(good_cursor, 4, NULL, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_cursor_streams(good_cursor, 4, ASKEW(texts), &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_cursor_streams(good_cursor, SIZE_MAX, texts, &error));
#define RESAMPLE(step, length, capacity)                                                \
  satori_resample(good_store, ID, ALL, step, length, 0, capacity, out.summaries, &out.count, \
                  &error)
#define RESAMPLE_BY(step, length) RESAMPLE(step, length, 2)
  BAD_TEXTS(RESAMPLE_BY);
  CASE(SATORI_INVALID_STEP, RESAMPLE("", 0, 2));
  CASE(SATORI_INVALID_STEP, RESAMPLE("hour", 4, 2));
  CASE(SATORI_INVALID_STEP, RESAMPLE("1h", 1, 2));
  CASE(SATORI_INVALID_STEP, RESAMPLE("1d[Nowhere]", 11, 2));
  CASE(SATORI_INVALID_ARGUMENT, RESAMPLE("1h", 2, 0));
  CASE(SATORI_INVALID_ARGUMENT, RESAMPLE("1h", 2, SIZE_MAX));
  CASE(SATORI_INVALID_ARGUMENT, RESAMPLE("1h", 2, TOO_LONG / sizeof(satori_summary) + 1));
#define ALIGNED(n, texts, step, length, fill, capacity)                                      \
  satori_align(good_store, n, texts, ALL, step, length, fill, -1, capacity, out.ts,      \
               out.values, &out.count, &error)
#define ALIGN_BY(step, length) ALIGNED(1, texts, step, length, 0, 4)
  BAD_TEXTS(ALIGN_BY);
  CASE(SATORI_INVALID_STEP, ALIGN_BY("0s", 2));
  CASE(SATORI_INVALID_ARGUMENT, ALIGNED(1, texts, "1h", 2, 3, 4));
  CASE(SATORI_INVALID_ARGUMENT, ALIGNED(1, texts, "1h", 2, -1, 4));
  CASE(SATORI_INVALID_ARGUMENT, ALIGNED(1, texts, "1h", 2, 0, 0));
  CASE(SATORI_INVALID_ARGUMENT, ALIGNED(1, texts, "1h", 2, 0, SIZE_MAX));
  CASE(SATORI_INVALID_ARGUMENT, ALIGNED(SIZE_MAX, texts, "1h", 2, 0, 4));
  CASE(SATORI_INVALID_UUID, ALIGNED(2, last_empty, "1h", 2, 0, 2));
  CASE(SATORI_NULL_POINTER, ALIGNED(1, NULL, "1h", 2, 0, 4));
#define ALIGN_TO(n, rows, instants, fill) \
  satori_align_to(good_store, n, texts, rows, instants, fill, -1, out.values, &error)
  const int64_t back[2] = {2, 1};
  CASE(SATORI_INVALID_TIMESTAMP, ALIGN_TO(1, 2, back, 0));
  CASE(SATORI_INVALID_STEP, ALIGN_TO(1, 1, back, SATORI_FILL_MEAN));
  CASE(SATORI_INVALID_ARGUMENT, ALIGN_TO(1, 1, back, 3));
  CASE(SATORI_INVALID_ARGUMENT, ALIGN_TO(1, SIZE_MAX, back, 0));
  CASE(SATORI_INVALID_ARGUMENT, ALIGN_TO(1, TOO_LONG / 8, back, 0));
#define BACKUP(...) satori_backup(good_store, __VA_ARGS__, &out.rows, &error)
  CASE(SATORI_NULL_POINTER, BACKUP(NULL, 3));
  CASE(SATORI_INVALID_ARGUMENT, BACKUP(NULL, 0));
  CASE(SATORI_INVALID_ARGUMENT, BACKUP("", 0));
  CASE(SATORI_INVALID_ARGUMENT, BACKUP("a\0b", 3));
  CASE(SATORI_INVALID_ARGUMENT, BACKUP("a", SIZE_MAX));
  CASE(SATORI_CANNOT_OPEN, BACKUP(SATORI_STR("/nowhere/backup.db")));
  CASE(SATORI_CANNOT_OPEN, BACKUP(SATORI_STR("postgres://host/name")));
  CASE(SATORI_INVALID_ARGUMENT, satori_compact(good_store, ASKEW(&out.rows), NULL, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_compact(good_store, NULL, ASKEW(&out.rows), &error));
  CASE(SATORI_INVALID_ARGUMENT,
       satori_backup(good_store, SATORI_STR("/nowhere/b"), ASKEW(&out.rows), &error));
#define IMPORT(provider) \
  satori_import_arrow(good_store, ID, &out.arrow, provider, 0, &out.insert_report, &out.string, \
                      &error)
  CASE(SATORI_INVALID_ARGUMENT, satori_import_arrow(good_store, ID, &out.arrow, NULL, 9,
                                                    &out.insert_report, &out.string, &error));
  CASE(SATORI_INVALID_UTF8, IMPORT(&bad));
  CASE(SATORI_NULL_POINTER, IMPORT(&none));
  CASE(SATORI_INVALID_ARGUMENT, IMPORT(&endless));
#define ID_OF(...) satori_stream_uuid(__VA_ARGS__, &error)
  CASE(SATORI_NULL_POINTER, ID_OF(good, good, good, good, NULL));
  CASE(SATORI_INVALID_UTF8, ID_OF(bad, good, good, good, out.uuid));
  CASE(SATORI_INVALID_UTF8, ID_OF(good, bad, good, good, out.uuid));
  CASE(SATORI_INVALID_UTF8, ID_OF(good, good, bad, good, out.uuid));
  CASE(SATORI_INVALID_UTF8, ID_OF(good, good, good, bad, out.uuid));
  CASE(SATORI_NULL_POINTER, ID_OF(none, good, good, good, out.uuid));
  CASE(SATORI_INVALID_ARGUMENT, ID_OF(good, good, good, endless, out.uuid));
  CASE(SATORI_INVALID_ARGUMENT, satori_stream_list_get(good_streams, 1, &out.stream, &error));
  CASE(SATORI_INVALID_ARGUMENT, satori_stream_list_get(good_streams, SIZE_MAX, &out.stream, &error));
  CASE(SATORI_STREAM_NOT_FOUND, satori_count(good_store, "none", 4, ALL, &out.rows, &error));
  CASE(SATORI_STREAM_NOT_FOUND, satori_update_stream(good_store, "none", 4, NULL, NULL, &error));

  /* Sound, although it looks wild. */
  satori_error error;
  satori_cursor *cursor;
  size_t count;
  OK(satori_last(good_store, ID, SIZE_MAX, &cursor, &error));
  OK(satori_cursor_next(cursor, SIZE_MAX, NULL, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == ROWS);
  OK(satori_cursor_free(cursor, &error));
  OK(satori_observations(good_store, ID, INT64_MAX, INT64_MIN, &cursor, &error));
  OK(satori_cursor_next(cursor, SIZE_MAX, NULL, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 0);
  OK(satori_cursor_free(cursor, &error));
  OK(satori_observations(good_store, ID, ALL, &cursor, &error));
  OK(satori_cursor_next(cursor, SIZE_MAX, NULL, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == ROWS);
  OK(satori_cursor_free(cursor, &error));
}

/* Rows given as an instant, as a spelling, and as both, in one call. */
static void spelled_or_not(void) {
  satori_open_options options = satori_open_options_init();
  satori_insert_report report = satori_insert_report_init();
  satori_error error;
  satori_store *store;
  satori_cursor *cursor;
  int64_t ts[3] = {INT64_C(1800000000000000), INT64_C(1800003600000000), INT64_C(1800007200000000)};
  double values[3] = {1, 2, 3};
  satori_text given[3] = {{"2027-01-15 08:00", 16}, {NULL, 0}, {"1800007200", 10}};
  satori_text spellings[4], hashes[4];
  size_t count;
  options.in_memory = 1;
  OK(satori_store_open(NULL, 0, &options, &store, &error));
  OK(satori_insert_many(store, ID, 3, ts, given, values, NULL, NULL, &report, NULL, &error));
  CHECK(report.inserted == 3);
  /* No rows, and no arrays. */
  OK(satori_insert_many(store, ID, 0, NULL, NULL, NULL, NULL, NULL, &report, NULL, &error));
  CHECK(report.inserted == 0);
  OK(satori_observations(store, ID, ALL, &cursor, &error));
  OK(satori_cursor_next(cursor, 4, NULL, spellings, NULL, hashes, NULL, &count, &error));
  CHECK(count == 3 && hashes[2].length == 16);
  CHECK(spellings[0].length == 16 && strcmp(spellings[0].data, given[0].data) == 0);
  /* SQLite makes a number of the last, which is what the store itself writes. */
  CHECK(spellings[1].data == NULL && spellings[2].data == NULL);
  OK(satori_cursor_free(cursor, &error));
  OK(satori_store_close(store, &error));
}

static int released;

static int no_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) {
  (void)stream, (void)schema;
  return 5;
}

static int no_array(struct ArrowArrayStream *stream, struct ArrowArray *array) {
  (void)stream, (void)array;
  return 5;
}

static const char *no_words(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void release(struct ArrowArrayStream *stream) {
  released++;
  stream->release = NULL;
}

/* Arrow streams that can't be read: taken over and released, except for the first,
 * which was before. */
static void arrow_streams(void) {
  const struct ArrowArrayStream broken[] = {
      {NULL, NULL, NULL, NULL, NULL},
      {NULL, NULL, NULL, release, NULL},
      {no_schema, NULL, no_words, release, NULL},
      {NULL, no_array, no_words, release, NULL},
      {no_schema, no_array, NULL, release, NULL},
      {no_schema, no_array, no_words, release, NULL},
  };
  int count = (int)(sizeof(broken) / sizeof(broken[0]));
  for (int index = 0; index < count; index++) {
    struct ArrowArrayStream stream = broken[index];
    CASE(SATORI_INVALID_ARROW, satori_import_arrow(good_store, ID, &stream, NULL, 0,
                                                   &out.insert_report, &out.string, &error));
    CHECK(stream.release == NULL && released == index);
  }
}

void inputs(void) {
  texts();
  outputs();
  numbers();
  spelled_or_not();
  arrow_streams();
}
