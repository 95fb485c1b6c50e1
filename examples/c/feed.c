/*
 * Takes a feed into a store and prints bitcoin's last rows.
 *
 *     feed engine.db feed.ndjson
 *
 * Built by pkg-config, with the shared library or with the static one:
 *
 *     cc -o feed feed.c $(pkg-config --cflags --libs satori-store)
 *     cc -o feed feed.c $(pkg-config --cflags --libs satori-store-static)
 *
 * or by CMake:
 *
 *     cmake -B build && cmake --build build
 */
#include <inttypes.h>
#include <satori_store.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LAST = 5 };

/* Returns the whole file, which the caller frees; NULL if it can't be read. */
static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *data = NULL;
  long end;
  if (file && !fseek(file, 0, SEEK_END) && (end = ftell(file)) >= 0 && !fseek(file, 0, SEEK_SET) &&
      (data = malloc((size_t)end + 1))) {
    *length = fread(data, 1, (size_t)end, file);
  }
  if (file) fclose(file);
  return data;
}

static void print_row(int64_t ts, double value, satori_text hash) {
  char text[32];
  time_t seconds = (time_t)(ts / 1000000);
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
  printf("%s  %12.2f  %.*s\n", text, value, (int)hash.length, hash.data);
}

/* Each function returns at the first status that is not SATORI_OK; what it has is
 * freed either way. */
static satori_status print_last(const satori_store *store, satori_text uuid, satori_error *error) {
  satori_cursor *cursor = NULL;
  int64_t ts[LAST];
  double values[LAST];
  satori_text hashes[LAST];
  size_t count, row;
  satori_status status = satori_last(store, uuid.data, uuid.length, LAST, &cursor, error);
  if (status == SATORI_OK)
    status = satori_cursor_next(cursor, LAST, ts, NULL, values, hashes, NULL, &count, error);
  if (status == SATORI_OK)
    for (row = 0; row < count; row++) print_row(ts[row], values[row], hashes[row]);
  satori_cursor_free(cursor, NULL);
  return status;
}

static satori_status print_bitcoin(const satori_store *store, satori_error *error) {
  satori_stream_list *streams = NULL;
  satori_stream bitcoin = satori_stream_init();
  size_t count = 0;
  satori_status status = satori_streams_by_name(store, SATORI_STR("bitcoin"), &streams, error);
  if (status == SATORI_OK) status = satori_stream_list_count(streams, &count, error);
  if (status == SATORI_OK && count == 0) printf("no stream is called bitcoin\n");
  if (status == SATORI_OK && count > 0) {
    status = satori_stream_list_get(streams, 0, &bitcoin, error);
    if (status == SATORI_OK) {
      printf("bitcoin is %s\n", bitcoin.uuid.data);
      status = print_last(store, bitcoin.uuid, error);
    }
  }
  satori_stream_list_free(streams, NULL);
  return status;
}

static satori_status ingest(const satori_store *store, const char *json, size_t length,
                            satori_error *error) {
  satori_ingest_report report = satori_ingest_report_init();
  satori_status status = satori_ingest(store, json, length, NULL, &report, NULL, error);
  if (status == SATORI_OK)
    printf("%" PRIu64 " payloads: %" PRIu64 " stored, %" PRIu64 " there already, %" PRIu64
           " in conflict, %" PRIu64 " rejected\n",
           report.payloads, report.inserted, report.already_there, report.conflicts,
           report.rejected);
  return status;
}

int main(int argc, char **argv) {
  satori_error error;
  satori_store *store = NULL;
  satori_status status;
  size_t length = 0;
  char *json;
  if (argc != 3) {
    fprintf(stderr, "usage: %s engine.db feed.ndjson\n", argv[0]);
    return 2;
  }
  json = read_file(argv[2], &length);
  if (!json) {
    perror(argv[2]);
    return 1;
  }
  status = satori_store_open(SATORI_STR(argv[1]), NULL, &store, &error);
  if (status == SATORI_OK) status = ingest(store, json, length, &error);
  if (status == SATORI_OK) status = print_bitcoin(store, &error);
  if (status != SATORI_OK) fprintf(stderr, "%s\n", error.message);
  satori_store_close(store, NULL);
  free(json);
  return status == SATORI_OK ? 0 : 1;
}
