/*
 * A host that links a SQLite of its own beside the static library: each keeps its
 * own. The host's has another version text and another limit (scripts/check-hosts).
 */
#include <satori_store.h>
#include <stdio.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
int sqlite3_open(const char *, sqlite3 **);
int sqlite3_close(sqlite3 *);
int sqlite3_exec(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
const char *sqlite3_libversion(void);
int sqlite3_auto_extension(void (*)(void));
int sqlite3_compileoption_used(const char *);

static int opened;

static int on_open(void) {
  opened++;
  return 0;
}

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      return 1;                                                            \
    }                                                                      \
  } while (0)

int main(void) {
  satori_open_options options = satori_open_options_init();
  satori_library_info info = satori_library_info_init();
  satori_store *store = NULL;
  sqlite3 *ours = NULL;
  const satori_text provider = satori_text_of("host");
  const char *const host = sqlite3_libversion();
  int32_t insertion;

  CHECK(satori_get_library_info(&info, NULL) == SATORI_OK);
  printf("host %s, store %s\n", host, info.sqlite_version_text);
  CHECK(strcmp(host, HOST_VERSION) == 0);
  CHECK(strcmp(info.sqlite_version_text, HOST_VERSION) != 0);
  CHECK(sqlite3_compileoption_used("MAX_ATTACHED=3"));

  /* What the host hooks into its SQLite sees its own connections, not the store's. */
  CHECK(sqlite3_auto_extension((void (*)(void))on_open) == 0);
  options.in_memory = 1;
  CHECK(satori_store_open(NULL, 0, &options, &store, NULL) == SATORI_OK);
  CHECK(satori_insert(store, SATORI_STR("a"), 0, 1.5, NULL, &provider, &insertion, NULL, NULL) ==
        SATORI_OK);
  CHECK(insertion == SATORI_INSERTED);
  CHECK(opened == 0);
  CHECK(sqlite3_open(":memory:", &ours) == 0);
  CHECK(opened == 1);
  CHECK(sqlite3_exec(ours, "CREATE TABLE t (x); INSERT INTO t VALUES (1)", NULL, NULL, NULL) == 0);

  CHECK(sqlite3_close(ours) == 0);
  CHECK(satori_store_close(store, NULL) == SATORI_OK);
  return 0;
}
