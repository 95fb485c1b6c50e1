/*
 * Memory that the system refuses: an error where one can be had, else the end of the
 * process, and never a row that was acknowledged.
 *
 * memory <call> <folder> <stride>: makes each allocation of the call fail in turn, in a child of
 * its own. Prints how many ended as an error, how many as the end of the process.
 *
 * malloc and its like are this program's, and the library's too: a symbol of the program
 * comes before that of a library.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* The allocation that fails; 0: none. `least` bytes have those that count. */
static long fails_at = 0;
static size_t least = 0;
static int is_armed = 0, has_failed = 0;

static int refuse(size_t size) {
  if (!is_armed || size < least || fails_at == 0 || --fails_at != 0) return 0;
  has_failed = 1;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) { return refuse(size) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  return refuse(count * size) ? NULL : __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  return refuse(size) ? NULL : __libc_realloc(memory, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (refuse(size)) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

#define UUID SATORI_STR("d39cd529-5dd4-5e4b-abc9-90b3751e71f1")
#define BEFORE 3
#define ROWS 1000

static satori_error error;
static satori_store *store;

static satori_store *open_store(const char *path) {
  satori_store *opened = NULL;
  OK(satori_store_open(SATORI_STR(path), NULL, &opened, &error));
  return opened;
}

static int64_t many_ts[ROWS];
static double many_values[ROWS];

/* The calls. Each returns how many rows it has acknowledged if it is SATORI_OK. */

static satori_status insert(uint64_t *rows) {
  *rows = 1;
  return satori_insert(store, UUID, 1000, 1, NULL, NULL, NULL, NULL, &error);
}

static satori_status insert_many(uint64_t *rows) {
  *rows = ROWS;
  return satori_insert_many(store, UUID, ROWS, many_ts, NULL, many_values, NULL, NULL, NULL, NULL,
                            &error);
}

static satori_status ingest(uint64_t *rows) {
  satori_ingest_report report = satori_ingest_report_init();
  satori_string *details = NULL;
  satori_status status = satori_ingest(
      store,
      SATORI_STR("[{\"value\":1,\"observed_at\":1,\"stream\":{\"name\":\"bitcoin\",\"uuid\":\"d39cd529-5dd4-5e4b-"
                 "abc9-90b3751e71f1\"}},{\"value\":\"x\"},null]"),
      NULL, &report, &details, &error);
  *rows = status == SATORI_OK ? report.inserted : 0;
  satori_string_free(details, NULL);
  return status;
}

static satori_status upsert(uint64_t *rows) {
  satori_stream_list *streams = NULL;
  satori_stream_patch patch = satori_stream_patch_init();
  patch.set = SATORI_FIELD_NAME;
  patch.name = satori_text_of("bitcoin");
  satori_status status = satori_upsert_stream(store, UUID, &patch, &streams, &error);
  *rows = 0;
  satori_stream_list_free(streams, NULL);
  return status;
}

static satori_status observe(uint64_t *rows) {
  satori_cursor *cursor = NULL;
  int64_t ts[BEFORE];
  satori_text hashes[BEFORE];
  size_t count = 0;
  satori_status status = satori_observations(store, UUID, INT64_MIN, INT64_MAX, &cursor, &error);
  *rows = 0;
  if (status == SATORI_OK) {
    status = satori_cursor_next(cursor, BEFORE, ts, NULL, NULL, hashes, NULL, &count, &error);
    CHECK(status != SATORI_OK || count == BEFORE);
  }
  satori_cursor_free(cursor, NULL);
  return status;
}

static satori_status verify(uint64_t *rows) {
  satori_verification verification = satori_verification_init();
  satori_string *report = NULL;
  satori_status status = satori_verify(store, UUID, &verification, &report, &error);
  *rows = 0;
  satori_string_free(report, NULL);
  return status;
}

static satori_status reopen(uint64_t *rows) {
  satori_store *again = NULL;
  satori_status status = satori_store_open(SATORI_STR("engine.db"), NULL, &again, &error);
  *rows = 0;
  satori_store_close(again, NULL);
  return status;
}

/* A text of megabytes: each allocation of LARGE bytes or more fails. */

#define LARGE 65536

static char large[4 * 1024 * 1024 + 1];

static satori_status large_text(uint64_t *rows) {
  const satori_text provider = {large, sizeof(large) - 1};
  *rows = 1;
  return satori_insert(store, UUID, 1000, 1, NULL, &provider, NULL, NULL, &error);
}

static const struct {
  const char *name;
  satori_status (*call)(uint64_t *rows);
} calls[] = {
    {"insert", insert},   {"insert_many", insert_many}, {"ingest", ingest}, {"upsert", upsert},
    {"observe", observe}, {"verify", verify},           {"open", reopen},   {"large_text", large_text},
};

/* How a child ends: not by exit(1), which is a check that does not hold. */
enum ending { DONE = 3, FAILED, WRONG };

/* In a child: calls with the nth allocation failing, and then again with all there. */
static enum ending play(satori_status (*call)(uint64_t *), long nth, int acknowledged) {
  uint64_t rows = 0;
  satori_status status, again;
  store = open_store("engine.db");
  fails_at = nth;
  is_armed = 1;
  status = call(&rows);
  is_armed = 0;
  CHECK(status != SATORI_OK || write(acknowledged, &rows, sizeof(rows)) == sizeof(rows));
  if (status != SATORI_OK && status != SATORI_DATABASE && status != SATORI_CANNOT_OPEN &&
      status != SATORI_INVALID_ARGUMENT) {
    fprintf(stderr, "allocation %ld: %s: %s\n", nth, satori_status_name(status), error.message);
    return WRONG;
  }
  again = call(&rows);
  if (again != SATORI_OK) {
    fprintf(stderr, "allocation %ld: then %s: %s\n", nth, satori_status_name(again), error.message);
    return WRONG;
  }
  OK(satori_store_close(store, &error));
  return status == SATORI_OK && !has_failed ? DONE : FAILED;
}

/* Looks at the store afterwards. */
static void look(uint64_t acknowledged) {
  uint64_t rows = 0;
  satori_verification verification = satori_verification_init();
  store = open_store("engine.db");
  OK(satori_count(store, UUID, INT64_MIN, INT64_MAX, &rows, &error));
  CHECK(rows >= BEFORE + acknowledged);
  OK(satori_verify(store, UUID, &verification, NULL, &error));
  CHECK(verification.verified == rows);
  OK(satori_store_close(store, &error));
}

/* Makes the store anew. */
static void prepare(void) {
  static const char *const files[] = {"engine.db", "engine.db-wal", "engine.db-shm"};
  for (int file = 0; file < 3; file++) unlink(files[file]);
  store = open_store("engine.db");
  for (int64_t row = 0; row < BEFORE; row++)
    OK(satori_insert(store, UUID, -10 + row, 1, NULL, NULL, NULL, NULL, &error));
  OK(satori_store_close(store, &error));
}

int main(int count, char **arguments) {
  satori_status (*call)(uint64_t *) = NULL;
  const struct rlimit no_core = {0, 0};
  long failed = 0, ended = 0, stride;
  CHECK(count == 4 && chdir(arguments[2]) == 0);
  CHECK(setrlimit(RLIMIT_CORE, &no_core) == 0);
  for (size_t one = 0; one < sizeof(calls) / sizeof(*calls); one++)
    if (strcmp(calls[one].name, arguments[1]) == 0) call = calls[one].call;
  CHECK(call != NULL);
  if (strncmp(arguments[1], "large", 5) == 0) least = LARGE;
  memset(large, 'x', sizeof(large) - 1);
  stride = atol(arguments[3]);
  for (int row = 0; row < ROWS; row++) {
    many_ts[row] = 1000 + row;
    many_values[row] = row;
  }
  for (long nth = 1;; nth += 1 + nth / stride) {
    int ends[2], state;
    uint64_t acknowledged = 0;
    prepare();
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      /* Rust says that it ends the process. */
      CHECK(freopen("stderr", "a", stderr) != NULL && setvbuf(stderr, NULL, _IONBF, 0) == 0);
      _exit(play(call, nth, ends[1]));
    }
    close(ends[1]);
    CHECK(waitpid(child, &state, 0) == child);
    CHECK(read(ends[0], &acknowledged, sizeof(acknowledged)) >= 0);
    close(ends[0]);
    look(acknowledged);
    if (WIFSIGNALED(state)) {
      CHECK(WTERMSIG(state) == SIGABRT);
      ended++;
    } else if (WEXITSTATUS(state) == DONE) {
      break;
    } else {
      if (WEXITSTATUS(state) != FAILED) fprintf(stderr, "allocation %ld ends with %d\n", nth, WEXITSTATUS(state));
      CHECK(WEXITSTATUS(state) == FAILED);
      failed++;
    }
  }
  printf("%s: %ld errors, %ld ends\n", arguments[1], failed, ended);
  return 0;
}
