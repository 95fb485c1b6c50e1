/*
 * Misuse of every kind: an error each time, outputs untouched, the process alive,
 * and at the end all rows there.
 *
 * misuse <folder> <rounds of the races>
 */
#include "misuse.h"

struct outputs out;
satori_store *good_store;
satori_stream_list *good_streams;
satori_cursor *good_cursor;
satori_string *good_string;
const char *scratch;

static struct outputs before;
static int cases;

void count_case(void) { cases++; }

void reset(void) {
  memset(&out, 0xa5, sizeof(out));
  out.stream.size = sizeof(out.stream);
  out.insert_report.size = sizeof(out.insert_report);
  out.ingest_report.size = sizeof(out.ingest_report);
  out.statistics.size = sizeof(out.statistics);
  out.verification.size = sizeof(out.verification);
  out.info.size = sizeof(out.info);
  memcpy(&before, &out, sizeof(out));
}

void expect(satori_status status, satori_status wanted, const satori_error *error, const char *name,
            const char *file, int line) {
  cases++;
  check_status(status, wanted, error, name, file, line);
  if (error->code != wanted || error->sqlstate[0] != 0 || error->message[0] == 0 ||
      memchr(error->message, 0, sizeof(error->message)) == NULL) {
    fprintf(stderr, "%s:%d: %s: the error does not say what the status does\n", file, line,
            name);
    exit(1);
  }
  if (memcmp(&before, &out, sizeof(out)) != 0) {
    fprintf(stderr, "%s:%d: %s: an output was written\n", file, line, name);
    exit(1);
  }
}

static void prepare(const char *path) {
  satori_error error;
  int64_t ts[ROWS];
  double values[ROWS];
  for (int row = 0; row < ROWS; row++) {
    ts[row] = INT64_C(1704283200000000) + row * INT64_C(3600000000);
    values[row] = row;
  }
  OK(satori_store_open(SATORI_STR(path), NULL, &good_store, &error));
  OK(satori_insert_many(good_store, SATORI_STR(UUID), ROWS, ts, NULL, values, NULL, NULL, NULL,
                        NULL, &error));
  OK(satori_upsert_stream(good_store, SATORI_STR(UUID), NULL, &good_streams, &error));
  OK(satori_observations(good_store, SATORI_STR(UUID), INT64_MIN, INT64_MAX, &good_cursor, &error));
  OK(satori_sync_streams(good_store, SATORI_STR("[]"), &good_string, &error));
}

/* All rows that were stored before are unchanged, and there are no others; also in a
 * store that is opened anew. The handles still work. */
static void look_after(const char *path) {
  satori_error error;
  int64_t ts[ROWS];
  double values[ROWS];
  satori_text hashes[ROWS];
  size_t count;
  const char *data;
  satori_store *again;
  satori_verification verification = satori_verification_init();

  OK(satori_cursor_next(good_cursor, ROWS, ts, NULL, values, hashes, NULL, &count, &error));
  CHECK(count == ROWS);
  for (int row = 0; row < ROWS; row++) {
    CHECK(ts[row] == INT64_C(1704283200000000) + row * INT64_C(3600000000));
    CHECK(values[row] == row);
    CHECK(hashes[row].length == 16 && strlen(hashes[row].data) == 16);
  }
  OK(satori_stream_list_count(good_streams, &count, &error));
  CHECK(count == 1);
  OK(satori_string_get(good_string, &data, &count, &error));
  CHECK(strlen(data) == count);

  OK(satori_store_open(SATORI_STR(path), NULL, &again, &error));
  OK(satori_verify(again, SATORI_STR(UUID), &verification, NULL, &error));
  CHECK(verification.rows == ROWS && verification.verified == ROWS);
  OK(satori_stream_list_free(good_streams, &error));
  OK(satori_streams_without_metadata(again, &good_streams, &error));
  OK(satori_stream_list_count(good_streams, &count, &error));
  CHECK(count == 0);
  OK(satori_store_close(again, &error));

  /* In an order that nobody should choose. */
  OK(satori_store_close(good_store, &error));
  OK(satori_cursor_free(good_cursor, &error));
  OK(satori_stream_list_free(good_streams, &error));
  OK(satori_string_free(good_string, &error));
}

int main(int count, char **arguments) {
  char path[4096];
  CHECK(count == 3);
  scratch = arguments[1];
  snprintf(path, sizeof(path), "%s/engine.db", scratch);
  prepare(path);
  handles();
  printf("handles: %d cases\n", cases);
  inputs();
  arrow();
  structs();
  printf("and inputs: %d cases\n", cases);
  races(atoi(arguments[2]));
  look_after(path);
  printf("%d cases\n", cases);
  return cases >= 200 ? 0 : 1;
}
