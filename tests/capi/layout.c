/*
 * The binary interface, pinned: sizes, places and numbers that hosts are compiled
 * with (64 bits). If this no longer compiles, hosts break. A struct may grow at
 * its end: then its size here changes, and nothing else.
 */
#include <satori_store.h>

#include "arrow_c.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
/* C99 has no _Static_assert: an array of negative size does it. */
#define PIN(condition) typedef char JOIN(pinned_on_line_, __LINE__)[(condition) ? 1 : -1]
#define SIZE(type, bytes) PIN(sizeof(type) == (bytes))
#define PLACE(type, member, byte) PIN(offsetof(type, member) == (byte))

PIN(sizeof(void *) == 8 && sizeof(size_t) == 8);
SIZE(satori_status, 4);
PIN((satori_status)-1 < 0);
PIN(SATORI_MESSAGE_SIZE == 498);
PIN(SATORI_SQLSTATE_SIZE == 6);
PIN(SATORI_UUID_SIZE == 37);
PIN(SATORI_NO_INSTANT == INT64_MIN);

/* These three never grow. */
SIZE(satori_text, 16);
PLACE(satori_text, data, 0);
PLACE(satori_text, length, 8);
SIZE(satori_error, 512);
PLACE(satori_error, code, 0);
PLACE(satori_error, database_code, 4);
PLACE(satori_error, sqlstate, 8);
PLACE(satori_error, message, 14);
PIN(sizeof(((satori_error *)0)->sqlstate) == SATORI_SQLSTATE_SIZE);
PIN(sizeof(((satori_error *)0)->message) == SATORI_MESSAGE_SIZE);

SIZE(satori_summary, 72);
PLACE(satori_summary, start, 0);
PLACE(satori_summary, end, 8);
PLACE(satori_summary, count, 16);
PLACE(satori_summary, first, 24);
PLACE(satori_summary, last, 32);
PLACE(satori_summary, min, 40);
PLACE(satori_summary, max, 48);
PLACE(satori_summary, mean, 56);
PLACE(satori_summary, sum, 64);

/* Those that may, at their end. */
SIZE(satori_library_info, 48);
PLACE(satori_library_info, size, 0);
PLACE(satori_library_info, version, 8);
PLACE(satori_library_info, sqlite_version, 12);
PLACE(satori_library_info, version_text, 16);
PLACE(satori_library_info, sqlite_version_text, 24);
PLACE(satori_library_info, sqlite_source_id, 32);
PLACE(satori_library_info, sqlite_bundled, 40);
PLACE(satori_library_info, safe_beside_other_sqlite, 44);

SIZE(satori_open_options, 48);
PLACE(satori_open_options, size, 0);
PLACE(satori_open_options, read_only, 8);
PLACE(satori_open_options, must_exist, 12);
PLACE(satori_open_options, synchronous, 16);
PLACE(satori_open_options, in_memory, 20);
PLACE(satori_open_options, busy_timeout, 24);
PLACE(satori_open_options, keep_spelling, 32);
PLACE(satori_open_options, skip_unreadable, 36);
PLACE(satori_open_options, digest, 40);
PLACE(satori_open_options, reserved, 44);

SIZE(satori_stream_patch, 120);
PLACE(satori_stream_patch, size, 0);
PLACE(satori_stream_patch, set, 8);
PLACE(satori_stream_patch, clear, 12);
PLACE(satori_stream_patch, server_stream_id, 16);
PLACE(satori_stream_patch, name, 24);
PLACE(satori_stream_patch, author, 40);
PLACE(satori_stream_patch, secondary, 56);
PLACE(satori_stream_patch, target, 72);
PLACE(satori_stream_patch, meta, 88);
PLACE(satori_stream_patch, description, 104);

SIZE(satori_stream, 160);
PLACE(satori_stream, size, 0);
PLACE(satori_stream, id, 8);
PLACE(satori_stream, server_stream_id, 16);
PLACE(satori_stream, has_server_stream_id, 24);
PLACE(satori_stream, reserved, 28);
PLACE(satori_stream, uuid, 32);
PLACE(satori_stream, name, 48);
PLACE(satori_stream, author, 64);
PLACE(satori_stream, secondary, 80);
PLACE(satori_stream, target, 96);
PLACE(satori_stream, meta, 112);
PLACE(satori_stream, description, 128);
PLACE(satori_stream, last_synced, 144);
PLACE(satori_stream, created_at, 152);

SIZE(satori_insert_report, 32);
PLACE(satori_insert_report, size, 0);
PLACE(satori_insert_report, inserted, 8);
PLACE(satori_insert_report, already_there, 16);
PLACE(satori_insert_report, conflicts, 24);

SIZE(satori_statistics, 80);
PLACE(satori_statistics, size, 0);
PLACE(satori_statistics, count, 8);
PLACE(satori_statistics, unreadable, 16);
PLACE(satori_statistics, first, 24);
PLACE(satori_statistics, last, 32);
PLACE(satori_statistics, minimum, 40);
PLACE(satori_statistics, maximum, 48);
PLACE(satori_statistics, sum, 56);
PLACE(satori_statistics, spacing, 64);
PLACE(satori_statistics, gaps, 72);

SIZE(satori_verification, 56);
PLACE(satori_verification, size, 0);
PLACE(satori_verification, rows, 8);
PLACE(satori_verification, verified, 16);
PLACE(satori_verification, foreign, 24);
PLACE(satori_verification, suspect, 32);
PLACE(satori_verification, foreign_between, 40);
PLACE(satori_verification, digest, 48);
PLACE(satori_verification, reserved, 52);

SIZE(satori_ingest_options, 64);
PLACE(satori_ingest_options, size, 0);
PLACE(satori_ingest_options, uuid, 8);
PLACE(satori_ingest_options, provider, 24);
PLACE(satori_ingest_options, strict, 40);
PLACE(satori_ingest_options, format, 44);
PLACE(satori_ingest_options, first_line, 48);
PLACE(satori_ingest_options, unit, 56);
PLACE(satori_ingest_options, reserved, 60);

SIZE(satori_ingest_report, 56);
PLACE(satori_ingest_report, size, 0);
PLACE(satori_ingest_report, payloads, 8);
PLACE(satori_ingest_report, inserted, 16);
PLACE(satori_ingest_report, already_there, 24);
PLACE(satori_ingest_report, nothing, 32);
PLACE(satori_ingest_report, conflicts, 40);
PLACE(satori_ingest_report, rejected, 48);

/* Numbers. */
#define STATUSES(STATUS) \
  STATUS(SATORI_OK, 0) \
  STATUS(SATORI_CANNOT_OPEN, 1) \
  STATUS(SATORI_NOT_A_STORE, 2) \
  STATUS(SATORI_CORRUPT, 3) \
  STATUS(SATORI_LATER_RELEASE, 4) \
  STATUS(SATORI_SCHEMA_MISMATCH, 5) \
  STATUS(SATORI_BUSY, 6) \
  STATUS(SATORI_READ_ONLY, 7) \
  STATUS(SATORI_DISK_FULL, 8) \
  STATUS(SATORI_DATABASE, 9) \
  STATUS(SATORI_FILE_REPLACED, 10) \
  STATUS(SATORI_FORKED, 11) \
  STATUS(SATORI_POISONED, 12) \
  STATUS(SATORI_INVALID_UUID, 13) \
  STATUS(SATORI_NOT_A_STREAM, 14) \
  STATUS(SATORI_STREAM_NOT_FOUND, 15) \
  STATUS(SATORI_INVALID_TIMESTAMP, 16) \
  STATUS(SATORI_INVALID_VALUE, 17) \
  STATUS(SATORI_UNREADABLE_ROW, 18) \
  STATUS(SATORI_INVALID_JSON, 19) \
  STATUS(SATORI_MISSING_UUID, 20) \
  STATUS(SATORI_REFUSED, 21) \
  STATUS(SATORI_INVALID_ARROW, 22) \
  STATUS(SATORI_NULL_POINTER, 101) \
  STATUS(SATORI_INVALID_HANDLE, 102) \
  STATUS(SATORI_INVALID_ARGUMENT, 103) \
  STATUS(SATORI_INVALID_UTF8, 104) \
  STATUS(SATORI_PANIC, 105) \
  STATUS(SATORI_BUFFER_TOO_SMALL, 106)
#define STATUS(name, number) typedef char pinned_##name[(name == number) ? 1 : -1];
STATUSES(STATUS)
#undef STATUS

PIN(SATORI_SYNCHRONOUS_NORMAL == 0);
PIN(SATORI_SYNCHRONOUS_FULL == 1);

PIN(SATORI_FIELD_SERVER_STREAM_ID == 1);
PIN(SATORI_FIELD_NAME == 2);
PIN(SATORI_FIELD_AUTHOR == 4);
PIN(SATORI_FIELD_SECONDARY == 8);
PIN(SATORI_FIELD_TARGET == 16);
PIN(SATORI_FIELD_META == 32);
PIN(SATORI_FIELD_DESCRIPTION == 64);

PIN(SATORI_REMOVE_METADATA == 1);
PIN(SATORI_REMOVE_DATA == 2);
PIN(SATORI_REMOVE_BOTH == 3);

PIN(SATORI_FORMAT_AUTO == 0);
PIN(SATORI_FORMAT_NDJSON == 1);

PIN(SATORI_TIME_UNIT_AUTO == 0);
PIN(SATORI_TIME_UNIT_SECONDS == 1);
PIN(SATORI_TIME_UNIT_MILLISECONDS == 2);
PIN(SATORI_TIME_UNIT_MICROSECONDS == 3);
PIN(SATORI_TIME_UNIT_NANOSECONDS == 4);

PIN(SATORI_INSERTED == 0);
PIN(SATORI_ALREADY_THERE == 1);
PIN(SATORI_CONFLICT == 2);

/* Arrow's types are the specification's; the functions take them as they are. */
PIN(sizeof(struct ArrowArrayStream) == 40);
satori_status (*const export_arrow)(const satori_store *, const char *, size_t, int64_t, int64_t,
                                    struct ArrowArrayStream *, satori_error *) =
    satori_export_arrow;
satori_status (*const import_arrow)(const satori_store *, const char *, size_t,
                                    struct ArrowArrayStream *, const satori_text *,
                                    int32_t, satori_insert_report *, satori_string **, satori_error *) =
    satori_import_arrow;

static int is_named(satori_status status, const char *name) {
  return strcmp(satori_status_name(status), name) == 0;
}

int main(void) {
  int wrong = !is_named(-1, "unknown") || !is_named(100, "unknown");
#define STATUS(name, number) wrong += !is_named(number, #name);
  STATUSES(STATUS)
  return wrong;
}
