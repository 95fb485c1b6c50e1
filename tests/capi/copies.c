/* Two copies of the library: each has a store of its own, and is handed the other's
 * handles.
 *
 * copies <first library> <second library>
 */
#include <dlfcn.h>
#include <string.h>

#include "host.h"

#define UUID SATORI_STR("d39cd529-5dd4-5e4b-abc9-90b3751e71f1")
#define ALL INT64_MIN, INT64_MAX

/* The functions of one copy, and what it has given out. */
struct copy {
  __typeof__(&satori_store_open) open;
  __typeof__(&satori_store_close) close;
  __typeof__(&satori_insert) insert;
  __typeof__(&satori_count) count;
  __typeof__(&satori_observations) observations;
  __typeof__(&satori_cursor_next) next;
  __typeof__(&satori_cursor_free) cursor_free;
  __typeof__(&satori_streams_with_data) streams;
  __typeof__(&satori_stream_list_count) list_count;
  __typeof__(&satori_stream_list_free) list_free;
  __typeof__(&satori_sync_streams) sync;
  __typeof__(&satori_string_get) string_get;
  __typeof__(&satori_string_free) string_free;
  satori_store *store;
  satori_cursor *cursor;
  satori_stream_list *list;
  satori_string *string;
};

/* Sets a function; C has no cast from an object to one. */
static void find(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  CHECK(found != NULL);
  memcpy(function, &found, sizeof(found));
}

static struct copy load(const char *path) {
  struct copy copy;
  satori_open_options options = satori_open_options_init();
  satori_error error;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CHECK(library != NULL);
  find(library, "satori_store_open", &copy.open);
  find(library, "satori_store_close", &copy.close);
  find(library, "satori_insert", &copy.insert);
  find(library, "satori_count", &copy.count);
  find(library, "satori_observations", &copy.observations);
  find(library, "satori_cursor_next", &copy.next);
  find(library, "satori_cursor_free", &copy.cursor_free);
  find(library, "satori_streams_with_data", &copy.streams);
  find(library, "satori_stream_list_count", &copy.list_count);
  find(library, "satori_stream_list_free", &copy.list_free);
  find(library, "satori_sync_streams", &copy.sync);
  find(library, "satori_string_get", &copy.string_get);
  find(library, "satori_string_free", &copy.string_free);
  options.in_memory = 1;
  OK(copy.open(NULL, 0, &options, &copy.store, &error));
  OK(copy.insert(copy.store, UUID, 0, 1, NULL, NULL, NULL, NULL, &error));
  OK(copy.observations(copy.store, UUID, ALL, &copy.cursor, &error));
  OK(copy.streams(copy.store, &copy.list, &error));
  OK(copy.sync(copy.store, SATORI_STR("[]"), &copy.string, &error));
  return copy;
}

/* `ours` is handed the handles of `others`. */
static void refuse(const struct copy *ours, const struct copy *others) {
  satori_error error;
  uint64_t rows;
  size_t count;
  const char *data;
  CHECK(ours->store != others->store && ours->cursor != others->cursor);
#define REFUSED(call) STATUS(SATORI_INVALID_HANDLE, call)
  REFUSED(ours->insert(others->store, UUID, 1, 1, NULL, NULL, NULL, NULL, &error));
  REFUSED(ours->count(others->store, UUID, ALL, &rows, &error));
  REFUSED(ours->next(others->cursor, 1, NULL, NULL, NULL, NULL, NULL, &count, &error));
  REFUSED(ours->list_count(others->list, &count, &error));
  REFUSED(ours->string_get(others->string, &data, &count, &error));
  REFUSED(ours->close(others->store, &error));
  REFUSED(ours->cursor_free(others->cursor, &error));
  REFUSED(ours->list_free(others->list, &error));
  REFUSED(ours->string_free(others->string, &error));
}

/* All that a copy has is as it was. */
static void look_after(const struct copy *copy) {
  satori_error error;
  uint64_t rows;
  size_t count;
  const char *data;
  OK(copy->count(copy->store, UUID, ALL, &rows, &error));
  CHECK(rows == 1);
  OK(copy->next(copy->cursor, 2, NULL, NULL, NULL, NULL, NULL, &count, &error));
  CHECK(count == 1);
  OK(copy->list_count(copy->list, &count, &error));
  CHECK(count == 1);
  OK(copy->string_get(copy->string, &data, &count, &error));
  OK(copy->string_free(copy->string, &error));
  OK(copy->list_free(copy->list, &error));
  OK(copy->cursor_free(copy->cursor, &error));
  OK(copy->close(copy->store, &error));
}

int main(int count, char **arguments) {
  struct copy first, second;
  CHECK(count == 3);
  first = load(arguments[1]);
  second = load(arguments[2]);
  refuse(&first, &second);
  refuse(&second, &first);
  look_after(&first);
  look_after(&second);
  return 0;
}
