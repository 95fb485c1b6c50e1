/*
 * A host compiled against the header of the first release: the library of today
 * must serve it, whatever has been added since. Never change the header, and the host
 * only if it was wrong then.
 *
 * old_host <folder>
 */
#include "satori_store_0.1.h"

#include <stdio.h>
#include <stdlib.h>

#define UUID SATORI_STR("d39cd529-5dd4-5e4b-abc9-90b3751e71f1")
#define PAYLOAD                                                                        \
  "{\"value\":\"45000.50\",\"observed_at\":\"1704283200\",\"hash\":\"abc\",\"stream\":" \
  "{\"id\":1,\"uuid\":\"d39cd529-5dd4-5e4b-abc9-90b3751e71f1\",\"name\":\"bitcoin\"}}"

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition,        \
              error.message);                                                   \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)
#define OK(call) CHECK((call) == SATORI_OK)

int main(int count, char **arguments) {
  satori_error error = {0, 0, "", ""};
  satori_library_info info = satori_library_info_init();
  satori_open_options options = satori_open_options_init();
  satori_ingest_options how = satori_ingest_options_init();
  satori_ingest_report ingested = satori_ingest_report_init();
  satori_stream_patch patch = satori_stream_patch_init();
  satori_stream stream = satori_stream_init();
  satori_insert_report inserted = satori_insert_report_init();
  satori_statistics statistics = satori_statistics_init();
  satori_verification verification = satori_verification_init();
  satori_store *store;
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;
  int64_t ts[4] = {INT64_C(1704286800000000), INT64_C(1704290400000000)};
  double values[4] = {45100.25, 45200};
  satori_text spellings[4], hashes[4], providers[4], part = satori_text_of("x");
  char path[4096], uuid[SATORI_UUID_SIZE];
  const char *data;
  size_t length, rows;
  uint64_t number;
  int32_t what;

  CHECK(count == 2);
  snprintf(path, sizeof(path), "%s/engine.db", arguments[1]);
  OK(satori_get_library_info(&info, &error));
  CHECK(info.version >= SATORI_VERSION && info.sqlite_version > 3000000);
  options.synchronous = SATORI_SYNCHRONOUS_FULL;
  OK(satori_store_open(SATORI_STR(path), &options, &store, &error));
  OK(satori_ingest(store, SATORI_STR(PAYLOAD), &how, &ingested, &string, &error));
  CHECK(ingested.payloads == 1 && ingested.inserted == 1 && ingested.rejected == 0);
  OK(satori_string_get(string, &data, &length, &error));
  CHECK(length > 0 && data[0] == '{');
  OK(satori_string_free(string, &error));

  patch.set = SATORI_FIELD_DESCRIPTION;
  patch.description = satori_text_of("Bitcoin");
  OK(satori_update_stream(store, UUID, &patch, NULL, &error));
  OK(satori_upsert_stream(store, UUID, NULL, NULL, &error));
  OK(satori_contains(store, UUID, &what, &error));
  CHECK(what == 1);
  OK(satori_streams_by_name(store, SATORI_STR("bitcoin"), &streams, &error));
  OK(satori_stream_list_count(streams, &rows, &error));
  CHECK(rows == 1);
  OK(satori_stream_list_get(streams, 0, &stream, &error));
  CHECK(stream.id > 0 && stream.has_server_stream_id && stream.server_stream_id == 1);
  CHECK(strcmp(stream.description.data, "Bitcoin") == 0 && stream.author.data == NULL);
  CHECK(stream.last_synced >= stream.created_at);
  OK(satori_stream_list_free(streams, &error));

  OK(satori_insert_many(store, UUID, 2, ts, NULL, values, NULL, NULL, &inserted, NULL, &error));
  CHECK(inserted.inserted == 2 && inserted.conflicts == 0);
  OK(satori_insert(store, UUID, ts[0], 1, NULL, NULL, &what, &values[0], &error));
  CHECK(what == SATORI_CONFLICT && values[0] == 45100.25);
  OK(satori_observations(store, UUID, INT64_MIN, INT64_MAX, &cursor, &error));
  OK(satori_cursor_next(cursor, 4, ts, spellings, values, hashes, providers, &rows, &error));
  CHECK(rows == 3 && ts[0] == INT64_C(1704283200000000) && values[0] == 45000.5);
  CHECK(spellings[0].data == NULL);
  CHECK(strcmp(hashes[0].data, "abc") == 0 && strcmp(providers[2].data, "central") == 0);
  OK(satori_cursor_free(cursor, &error));
  OK(satori_get_statistics(store, UUID, &statistics, NULL, &error));
  CHECK(statistics.count == 3 && statistics.first == ts[0] && statistics.gaps == 0);
  OK(satori_verify(store, UUID, &verification, NULL, &error));
  CHECK(verification.rows == 3 && verification.verified == 2 && verification.foreign == 1);
  OK(satori_count(store, UUID, ts[1], INT64_MAX, &number, &error));
  CHECK(number == 2);
  OK(satori_parse_timestamp(SATORI_STR("2024-01-03 12:00"), SATORI_TIME_UNIT_AUTO, &ts[3], &error));
  CHECK(ts[3] == ts[0]);
  OK(satori_stream_uuid(part, part, part, part, uuid, &error));
  CHECK(strlen(uuid) == 36);
  OK(satori_remove(store, UUID, SATORI_REMOVE_BOTH, &what, &number, &error));
  CHECK(what == 1 && number == 3);
  CHECK(satori_count(store, UUID, 0, 1, &number, &error) == SATORI_STREAM_NOT_FOUND);
  CHECK(error.code == SATORI_STREAM_NOT_FOUND && error.message[0] != 0);
  OK(satori_store_close(store, &error));
  CHECK(satori_store_close(store, &error) == SATORI_INVALID_HANDLE);
  return 0;
}
