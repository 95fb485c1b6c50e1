/*
 * A system that fails below the library: reads that the disk doesn't answer, a commit
 * that can't be synced, no descriptor left, a folder that can't be looked into. Each has an
 * error of its own, which is gone when its cause is.
 *
 * failing <fault> <folder>
 */
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID SATORI_STR("stream")
#define ROWS 20000

/* SQLite's codes. */
#define SQLITE_IOERR 10
#define SQLITE_IOERR_READ 266
#define SQLITE_IOERR_FSYNC 1034
#define SQLITE_IOERR_FSTAT 1802

static satori_error error;
static char path[4096];

/* The end of the name of the file whose reads fail; NULL if none do. */
static const char *unreadable;
/* The first byte of the file that can't be read. */
static off64_t unreadable_from;
static int no_sync;

/* Returns 1 if the descriptor's file has a name that ends like this. */
static int is_of(int number, const char *end) {
  char link[64], name[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", number);
  ssize_t length = readlink(link, name, sizeof(name) - 1);
  if (length < 0) return 0;
  name[length] = 0;
  size_t ending = strlen(end);
  return (size_t)length >= ending && strcmp(name + length - ending, end) == 0;
}

/* These stand before the system's own, for the library too. */
ssize_t pread64(int number, void *buffer, size_t length, off64_t place) {
  static ssize_t (*system_read)(int, void *, size_t, off64_t);
  if (system_read == NULL) *(void **)&system_read = dlsym(RTLD_NEXT, "pread64");
  if (unreadable != NULL && place >= unreadable_from && is_of(number, unreadable)) {
    errno = EIO;
    return -1;
  }
  return system_read(number, buffer, length, place);
}

static int synced(const char *name, int number) {
  int (*system_sync)(int);
  *(void **)&system_sync = dlsym(RTLD_NEXT, name);
  if (no_sync) {
    errno = EIO;
    return -1;
  }
  return system_sync(number);
}

int fsync(int number) { return synced("fsync", number); }
int fdatasync(int number) { return synced("fdatasync", number); }

static satori_store *opened(void) {
  satori_store *store;
  OK(satori_store_open(SATORI_STR(path), NULL, &store, &error));
  return store;
}

static satori_status insert(satori_store *store, int64_t second) {
  satori_text hash = {"h", 1};
  return satori_insert(store, UUID, second * INT64_C(1000000), 1.0, &hash, NULL, NULL, NULL, &error);
}

static satori_status count(satori_store *store, uint64_t *rows) {
  return satori_count(store, UUID, INT64_MIN, INT64_MAX, rows, &error);
}

/* A store of many rows. With `in_wal` they are in its WAL still. */
static satori_store *filled(int in_wal) {
  static int64_t ts[ROWS];
  static double values[ROWS];
  satori_store *store = opened();
  for (int row = 0; row < ROWS; row++) {
    ts[row] = row * INT64_C(1000000);
    values[row] = row;
  }
  OK(satori_insert_many(store, UUID, ROWS, ts, NULL, values, NULL, NULL, NULL, NULL, &error));
  if (in_wal) return store;
  OK(satori_store_close(store, &error));
  return opened();
}

/* Asserts that the error is the disk's, and says so. */
static void check_disk(satori_status status, const char *call) {
  check_status(status, SATORI_DATABASE, &error, call, __FILE__, __LINE__);
  if ((error.database_code & 0xff) != SQLITE_IOERR || strstr(error.message, "damaged") != NULL ||
      strstr(error.message, strerror(EIO)) == NULL) {
    fprintf(stderr, "%s: %d %s\n", call, (int)error.database_code, error.message);
    exit(1);
  }
}

/* The disk doesn't answer a read of the database, or of its WAL. */
static void disk(const char *name, int in_wal) {
  satori_verification verification = satori_verification_init();
  satori_store *store = filled(in_wal), *other;
  uint64_t rows;
  /* Another connection has read nothing yet. */
  other = opened();
  unreadable = name;
  check_disk(count(other, &rows), "satori_count");
  check_disk(satori_verify(other, UUID, &verification, NULL, &error), "satori_verify");
  unreadable = NULL;
  OK(count(other, &rows));
  CHECK(rows == ROWS);
  OK(satori_store_close(other, &error));
  OK(satori_store_close(store, &error));
}

/* A file that is taken over is read as a whole before. */
static void taken_over(void) {
  satori_store *store;
  unreadable = "engine.db";
  for (unreadable_from = 0; unreadable_from <= 65536; unreadable_from += 65536)
    check_disk(satori_store_open(SATORI_STR(path), NULL, &store, &error), "satori_store_open");
  unreadable = NULL;
  store = opened();
  OK(satori_store_close(store, &error));
}

/* No descriptor is left, at any step of opening and writing. */
static void descriptors(void) {
  struct rlimit limit, none;
  satori_store *store = opened();
  uint64_t rows;
  int failures = 0;
  OK(insert(store, 1));
  OK(satori_store_close(store, &error));
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  int next = dup(0);
  CHECK(next > 0 && close(next) == 0);
  for (int spare = 0; spare < 12; spare++) {
    none = limit;
    none.rlim_cur = (rlim_t)(next + spare);
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    satori_status status = satori_store_open(SATORI_STR(path), NULL, &store, &error);
    if (status == SATORI_OK) {
      status = insert(store, 2 + spare);
      if (status != SATORI_OK) OK(satori_store_close(store, NULL));
    }
    printf("%d spare: %s\n", spare, status == SATORI_OK ? "enough" : error.message);
    if (status == SATORI_OK) {
      OK(satori_store_close(store, &error));
    } else {
      failures++;
      CHECK(status == SATORI_CANNOT_OPEN || status == SATORI_DATABASE);
      CHECK(error.database_code != 0);
      CHECK(strstr(error.message, strerror(EMFILE)) != NULL);
    }
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  }
  CHECK(failures > 0 && failures < 12);
  store = opened();
  OK(count(store, &rows));
  CHECK(rows == (uint64_t)(1 + 12 - failures));
  OK(satori_store_close(store, &error));
}

/* The folder can't be looked into: nobody knows whether the file still is the one that was
 * opened. */
static void hidden(const char *folder) {
  satori_store *store = opened();
  uint64_t rows;
  OK(insert(store, 1));
  CHECK(chmod(folder, 0) == 0);
  if (geteuid() == 0) CHECK(setegid(65534) == 0 && seteuid(65534) == 0);
  for (int time = 0; time < 2; time++) {
    STATUS(SATORI_DATABASE, insert(store, 2));
    CHECK(error.database_code == SQLITE_IOERR_FSTAT);
    CHECK(strstr(error.message, strerror(EACCES)) != NULL);
  }
  if (getuid() == 0) CHECK(seteuid(0) == 0 && setegid(0) == 0);
  CHECK(chmod(folder, 0700) == 0);
  OK(insert(store, 2));
  OK(count(store, &rows));
  CHECK(rows == 2);
  OK(satori_store_close(store, &error));
}

/* A commit whose sync fails has reported an error, and may yet be found: nobody knows
 * before the store is opened again. To repeat it is safe. */
static void commit(void) {
  satori_open_options options = satori_open_options_init();
  satori_store *store;
  uint64_t rows;
  options.synchronous = SATORI_SYNCHRONOUS_FULL;
  OK(satori_store_open(SATORI_STR(path), &options, &store, &error));
  OK(insert(store, 1));
  no_sync = 1;
  STATUS(SATORI_DATABASE, insert(store, 2));
  CHECK(error.database_code == SQLITE_IOERR_FSYNC);
  CHECK(strstr(error.message, "repeat") != NULL);
  no_sync = 0;
  OK(satori_store_close(store, &error));
  store = opened();
  OK(count(store, &rows));
  printf("%d rows after the commit failed\n", (int)rows);
  CHECK(rows == 1 || rows == 2);
  OK(insert(store, 2));
  OK(count(store, &rows));
  CHECK(rows == 2);
  OK(satori_store_close(store, &error));
}

int main(int count_of_arguments, char **arguments) {
  CHECK(count_of_arguments == 3);
  const char *fault = arguments[1], *folder = arguments[2];
  snprintf(path, sizeof(path), "%s/engine.db", folder);
  if (strcmp(fault, "database") == 0) disk("engine.db", 0);
  else if (strcmp(fault, "wal") == 0) disk("engine.db-wal", 1);
  else if (strcmp(fault, "taken over") == 0) taken_over();
  else if (strcmp(fault, "descriptors") == 0) descriptors();
  else if (strcmp(fault, "hidden") == 0) hidden(folder);
  else if (strcmp(fault, "commit") == 0) commit();
  else CHECK(!"a known fault");
  return 0;
}
