/*
 * A disk that is full, a folder that can't be written, a process that is stopped
 * or killed, a row that can't be read: the right code, nothing lost that was
 * acknowledged, and the store works once the cause is gone.
 *
 * faults full <folder on a small file system>
 * faults limit <folder>
 * faults rights <folder of a store, which only root may write>
 * faults killed <folder>
 * faults unreadable <folder>
 */
#include "host.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UUID SATORI_STR("stream")
#define BATCH 500

static satori_error error;
static char path[4096], filler[4096];

static uint64_t count_rows(satori_store *store) {
  uint64_t rows;
  OK(satori_count(store, UUID, INT64_MIN, INT64_MAX, &rows, &error));
  return rows;
}

/* Inserts the next rows, numbered from `first`, all or none. */
static satori_status insert_batch(satori_store *store, int64_t first) {
  static int64_t ts[BATCH];
  static double values[BATCH];
  for (int row = 0; row < BATCH; row++) {
    ts[row] = (first + row) * INT64_C(1000000);
    values[row] = (double)(first + row);
  }
  return satori_insert_many(store, UUID, BATCH, ts, NULL, values, NULL, NULL, NULL, NULL, &error);
}

/* Writes until that fails with `code`, which stores no row of the failing call. Then
 * the cause is taken away, and writing works again. */
static void fill_up(satori_status code, void (*relieve)(void)) {
  satori_store *store;
  int64_t stored = 0;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  satori_status status;
  while ((status = insert_batch(store, stored)) == SATORI_OK) {
    stored += BATCH;
    CHECK(stored < 1000000);
  }
  check_status(status, code, &error, "satori_insert_many", __FILE__, __LINE__);
  CHECK(error.database_code != 0 && error.sqlstate[0] == 0);
  CHECK(stored > 0);
  /* Every write fails as long as the cause is there; reading works. */
  STATUS(code, insert_batch(store, stored));
  CHECK(count_rows(store) == (uint64_t)stored);
  relieve();
  OK(insert_batch(store, stored));
  stored += BATCH;
  OK(satori_upsert_stream(store, UUID, NULL, NULL, &error));
  CHECK(count_rows(store) == (uint64_t)stored);
  OK(satori_store_close(store, &error));
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  satori_verification verification = satori_verification_init();
  OK(satori_verify(store, UUID, &verification, NULL, &error));
  CHECK(verification.verified == (uint64_t)stored);
  OK(satori_store_close(store, &error));
  printf("%" PRId64 " rows\n", stored);
}

static void remove_filler(void) { CHECK(unlink(filler) == 0); }

/* Fills the file system to the last byte. */
static void put_filler(size_t least) {
  static char block[4096];
  FILE *file = fopen(filler, "wb");
  CHECK(file != NULL);
  setvbuf(file, NULL, _IONBF, 0);
  for (size_t written = 0; written < least; written += sizeof(block)) {
    if (fwrite(block, 1, sizeof(block), file) != sizeof(block)) break;
  }
  fclose(file);
}

static void full(void) {
  satori_store *store;
  put_filler(1 << 20);
  fill_up(SATORI_DISK_FULL, remove_filler);
  /* A new store can't be made either. */
  put_filler(SIZE_MAX);
  strcat(path, ".new");
  STATUS(SATORI_DISK_FULL, satori_store_open(SATORI_STR(path), NULL, &store, &error));
  remove_filler();
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  OK(insert_batch(store, 0));
  OK(satori_store_close(store, &error));
}

static void lift_limit(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void limit(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  signal(SIGXFSZ, SIG_IGN);
  limit.rlim_cur = 1 << 20;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  fill_up(SATORI_DISK_FULL, lift_limit);
}

static void rights(const char *folder) {
  satori_store *store;
  satori_open_options options = satori_open_options_init();
  char other[4096];
  snprintf(other, sizeof(other), "%s/other.db", folder);
  /* The file is ours, the folder is not to be written. */
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  OK(insert_batch(store, 0));
  OK(satori_store_close(store, &error));
  CHECK(chmod(path, 0444) == 0 && chmod(folder, 0555) == 0);
  if (geteuid() == 0) CHECK(setegid(65534) == 0 && seteuid(65534) == 0);
  STATUS(SATORI_CANNOT_OPEN, satori_store_open(SATORI_STR(other), NULL, &store, &error));
  CHECK(access(other, F_OK) != 0);
  satori_status status = satori_store_open(SATORI_STR(path), NULL, &store, &error);
  CHECK(status == SATORI_CANNOT_OPEN || status == SATORI_READ_ONLY);
  CHECK(error.message[0] != 0);
  /* Root again, if this process was root. */
  if (getuid() == 0) CHECK(seteuid(0) == 0 && setegid(0) == 0);
  CHECK(chmod(folder, 0700) == 0 && chmod(path, 0600) == 0);
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  CHECK(count_rows(store) == BATCH);
  OK(insert_batch(store, BATCH));
  OK(satori_store_close(store, &error));
  options.read_only = 1;
  OK(satori_store_open(SATORI_STR(path), &options, &store, &error));
  STATUS(SATORI_READ_ONLY, insert_batch(store, 0));
  CHECK(count_rows(store) == 2 * BATCH);
  OK(satori_store_close(store, &error));
}

/* Starts a writer in another process. It reports the first row of each batch that is
 * acknowledged. */
static pid_t start_writer(int64_t first, int reports) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child != 0) return child;
  satori_store *store;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  for (;; first += BATCH) {
    satori_status status = insert_batch(store, first);
    if (status == SATORI_BUSY) {
      first -= BATCH;
      continue;
    }
    OK(status);
    CHECK(write(reports, &first, sizeof(first)) == sizeof(first));
  }
}

/* Stops the writer in the middle of a transaction: others then find the store locked,
 * as they don't wait. */
static void stop_inside(pid_t child, satori_store *store) {
  for (;;) {
    satori_status status = satori_upsert_stream(store, SATORI_STR("other"), NULL, NULL, &error);
    if (status != SATORI_BUSY) {
      OK(status);
      continue;
    }
    int state;
    CHECK(kill(child, SIGSTOP) == 0);
    CHECK(waitpid(child, &state, WUNTRACED) == child && WIFSTOPPED(state));
    status = satori_upsert_stream(store, SATORI_STR("other"), NULL, NULL, &error);
    if (status == SATORI_BUSY) return;
    OK(status);
    CHECK(kill(child, SIGCONT) == 0);
  }
}

static void killed(void) {
  satori_open_options options = satori_open_options_init();
  int64_t acknowledged = 0;
  options.busy_timeout = -1;
  for (int time = 0; time < 10; time++) {
    satori_store *store;
    int pipes[2];
    int64_t first;
    CHECK(pipe(pipes) == 0);
    pid_t child = start_writer(acknowledged, pipes[1]);
    close(pipes[1]);
    /* At least one batch. */
    CHECK(read(pipes[0], &first, sizeof(first)) == sizeof(first));
    acknowledged = first + BATCH;
    do {
      options.busy_timeout = -1;
    } while (satori_store_open(SATORI_STR(path), &options, &store, &error) == SATORI_BUSY);
    stop_inside(child, store);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    while (read(pipes[0], &first, sizeof(first)) == sizeof(first)) acknowledged = first + BATCH;
    close(pipes[0]);
    /* At once, without a wait: its lock went with it. Of its last batch all or
     * nothing is there. */
    OK(satori_upsert_stream(store, SATORI_STR("other"), NULL, NULL, &error));
    uint64_t rows = count_rows(store);
    CHECK(rows == (uint64_t)acknowledged || rows == (uint64_t)acknowledged + BATCH);
    acknowledged = (int64_t)rows;
    OK(satori_store_close(store, &error));
  }
  printf("%" PRId64 " rows\n", acknowledged);
}

/* Another program, which speaks SQL to the file. */
static void sql(const char *statement) {
  char command[8192];
  snprintf(command, sizeof(command),
           "python3 -c \"import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
           "c.execute(sys.argv[2]); c.commit()\" '%s' \"%s\"",
           path, statement);
  CHECK(system(command) == 0);
}

/* The rows before one that can't be read come first. What fails is read again, and nothing
 * twice. */
static void unreadable(void) {
  satori_store *store;
  satori_cursor *cursor;
  int64_t ts[BATCH];
  size_t count;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  OK(insert_batch(store, 0));
  OK(satori_store_close(store, &error));
  sql("UPDATE stream SET value = 'spoilt' WHERE ts = 150");
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  OK(satori_observations(store, UUID, INT64_MIN, INT64_MAX, &cursor, &error));
  OK(satori_cursor_next(cursor, 100, ts, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 100 && ts[99] == 99000000);
  OK(satori_cursor_next(cursor, 100, ts, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 50 && ts[0] == 100000000 && ts[49] == 149000000);
  for (int again = 0; again < 3; again++) {
    STATUS(SATORI_UNREADABLE_ROW,
           satori_cursor_next(cursor, 100, ts, NULL, NULL, NULL, NULL, &count, &error));
  }
  OK(satori_delete(store, UUID, 150000000, 151000000, NULL, &error));
  OK(satori_cursor_next(cursor, 100, ts, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 100 && ts[0] == 151000000);
  OK(satori_store_close(store, &error));

  /* Text that is not UTF-8 is found only once the batch has been read. */
  satori_text hashes[BATCH];
  sql("UPDATE stream SET hash = CAST(x'61c3' AS TEXT) WHERE ts = 260");
  OK(satori_cursor_next(cursor, 5, ts, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 5 && ts[0] == 251000000);
  OK(satori_cursor_next(cursor, 100, ts, NULL, NULL, hashes, NULL, &count, &error));
  CHECK(count == 4 && ts[0] == 256000000 && hashes[3].length == strlen(hashes[3].data));
  for (int again = 0; again < 3; again++) {
    STATUS(SATORI_UNREADABLE_ROW,
           satori_cursor_next(cursor, 100, ts, NULL, NULL, hashes, NULL, &count, &error));
    CHECK(strstr(error.message, "UTF-8") != NULL);
  }
  OK(satori_cursor_next(cursor, 100, ts, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 100 && ts[0] == 260000000);
  OK(satori_cursor_free(cursor, &error));
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  snprintf(path, sizeof(path), "%s/engine.db", arguments[2]);
  snprintf(filler, sizeof(filler), "%s/filler", arguments[2]);
  if (strcmp(arguments[1], "full") == 0) full();
  if (strcmp(arguments[1], "limit") == 0) limit();
  if (strcmp(arguments[1], "rights") == 0) rights(arguments[2]);
  if (strcmp(arguments[1], "killed") == 0) killed();
  if (strcmp(arguments[1], "unreadable") == 0) unreadable();
  return 0;
}
