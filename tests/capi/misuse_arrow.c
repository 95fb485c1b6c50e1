/* Arrow streams that contradict themselves: an error each, the stream released, and the
 * store goes on. */
#include "misuse.h"

#define LENGTH 4
enum { TS, VALUE, HASH, COLUMNS };

static int64_t ts[LENGTH];
static double values[LENGTH];
static int32_t offsets[LENGTH + 1];
static int64_t large_offsets[LENGTH + 1];
static int32_t keys[LENGTH];
static int16_t ends[2];
static uint8_t bitmap;
static char texts[17];
static int64_t view_lengths[1];
static struct {
  int32_t length;
  char prefix[4];
  int32_t buffer;
  int32_t offset;
} views[LENGTH];

/* Of each array: its buffers. */
static const void *row_buffers[1];
static const void *buffers[COLUMNS][4];
static const void *inner_buffers[2][3];

static struct ArrowSchema schema, columns[COLUMNS], inner_schemas[2], deep[8];
static struct ArrowSchema *schema_children[COLUMNS], *inner_schema_children[2];
static struct ArrowArray rows, arrays[COLUMNS], inner[2];
static struct ArrowArray *children[COLUMNS], *inner_children[2];

static int schemas_out, rows_out, streams_out, given;

static void release_schema(struct ArrowSchema *released) {
  if (released->n_children == COLUMNS) schemas_out--;
  released->release = NULL;
}

static void release_array(struct ArrowArray *released) {
  if (released->private_data != NULL) rows_out--;
  released->release = NULL;
}

static void release_stream(struct ArrowArrayStream *released) {
  streams_out--;
  released->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  *out = schema;
  if (out->release != NULL && out->n_children == COLUMNS) schemas_out++;
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  *out = rows;
  if (given++ > 0) out->release = NULL;
  if (out->release != NULL) rows_out++;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "words";
}

static struct ArrowSchema type(const char *format, const char *name) {
  struct ArrowSchema made;
  memset(&made, 0, sizeof(made));
  made.format = format;
  made.name = name;
  made.release = release_schema;
  return made;
}

static struct ArrowArray array(int64_t length, int64_t n_buffers, const void **of) {
  struct ArrowArray made;
  memset(&made, 0, sizeof(made));
  made.length = length;
  made.n_buffers = n_buffers;
  made.buffers = of;
  made.release = release_array;
  return made;
}

/* Makes a sound batch of four rows. */
static void sound(void) {
  for (int row = 0; row < LENGTH; row++) {
    ts[row] = 1704283200 + row;
    values[row] = row;
    offsets[row] = 4 * row;
    large_offsets[row] = 4 * row;
    keys[row] = row % 2;
  }
  offsets[LENGTH] = 16;
  large_offsets[LENGTH] = 16;
  memcpy(texts, "aaaabbbbccccdddd", 17);
  ends[0] = 1, ends[1] = LENGTH;
  bitmap = 0xff;
  row_buffers[0] = NULL;
  schema = type("+s", "");
  schema.n_children = COLUMNS;
  schema.children = schema_children;
  rows = array(LENGTH, 1, row_buffers);
  rows.n_children = COLUMNS;
  rows.children = children;
  rows.private_data = &rows;
  columns[TS] = type("l", "ts");
  columns[VALUE] = type("g", "value");
  columns[HASH] = type("u", "hash");
  memset(buffers, 0, sizeof(buffers));
  buffers[TS][1] = ts;
  buffers[VALUE][1] = values;
  buffers[HASH][1] = offsets;
  buffers[HASH][2] = texts;
  for (int column = 0; column < COLUMNS; column++) {
    arrays[column] = array(LENGTH, column == HASH ? 3 : 2, buffers[column]);
    schema_children[column] = &columns[column];
    children[column] = &arrays[column];
  }
  given = 0;
}

/* Makes `hash` a dictionary of two texts. */
static void dictionary(void) {
  columns[HASH] = type("i", "hash");
  inner_schemas[0] = type("u", "");
  columns[HASH].dictionary = &inner_schemas[0];
  buffers[HASH][1] = keys;
  arrays[HASH] = array(LENGTH, 2, buffers[HASH]);
  inner_buffers[0][0] = NULL;
  inner_buffers[0][1] = offsets;
  inner_buffers[0][2] = texts;
  inner[0] = array(2, 3, inner_buffers[0]);
  arrays[HASH].dictionary = &inner[0];
}

/* Makes `value` runs of two numbers. */
static void runs(void) {
  columns[VALUE] = type("+r", "value");
  columns[VALUE].n_children = 2;
  columns[VALUE].children = inner_schema_children;
  inner_schemas[0] = type("s", "run_ends");
  inner_schemas[1] = type("g", "values");
  arrays[VALUE] = array(LENGTH, 0, NULL);
  arrays[VALUE].n_children = 2;
  arrays[VALUE].children = inner_children;
  inner_buffers[0][0] = inner_buffers[1][0] = NULL;
  inner_buffers[0][1] = ends;
  inner_buffers[1][1] = values;
  for (int child = 0; child < 2; child++) {
    inner[child] = array(2, 2, inner_buffers[child]);
    inner_schema_children[child] = &inner_schemas[child];
    inner_children[child] = &inner[child];
  }
}

/* Makes `hash` a column of views into one buffer. */
static void view(void) {
  columns[HASH] = type("vu", "hash");
  memset(views, 0, sizeof(views));
  for (int row = 0; row < LENGTH; row++) {
    views[row].length = 16;
    memcpy(views[row].prefix, texts, 4);
  }
  view_lengths[0] = 16;
  buffers[HASH][1] = views;
  buffers[HASH][2] = texts;
  buffers[HASH][3] = view_lengths;
  arrays[HASH] = array(LENGTH, 4, buffers[HASH]);
}

static satori_store *store;

static satori_status import(satori_error *error) {
  struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, NULL};
  satori_status status;
  streams_out++;
  status = satori_import_arrow(store, SATORI_STR(UUID), &stream, NULL, SATORI_TIME_UNIT_AUTO,
                               &out.insert_report, NULL, error);
  CHECK(stream.release == NULL);
  CHECK(streams_out == 0 && schemas_out == 0 && rows_out == 0);
  return status;
}

/* A batch that `spoil` makes of the sound one must be refused. */
#define SPOILT(spoil)                           \
  do {                                          \
    sound();                                    \
    spoil;                                      \
    CASE(SATORI_INVALID_ARROW, import(&error)); \
  } while (0)

#define HUGE_LENGTH INT64_MAX

static void schemas(void) {
  /* A released schema is not released again. */
  SPOILT(schema.release = NULL);
  SPOILT(schema.format = NULL);
  SPOILT(schema.format = "\xff");
  SPOILT(schema.format = "l");
  SPOILT(schema.children = NULL);
  SPOILT(schema_children[TS] = NULL);
  SPOILT(columns[TS].format = NULL);
  SPOILT(columns[TS].format = "\xc3(");
  SPOILT(columns[TS].format = "");
  SPOILT(columns[TS].format = "nonsense");
  SPOILT(columns[TS].format = "w:-4");
  SPOILT(columns[TS].format = "w:");
  SPOILT(columns[TS].format = "d:");
  SPOILT(columns[TS].format = "d:300,1");
  SPOILT(columns[TS].format = "d:0,0,64");
  SPOILT(columns[TS].format = "d:39,0");
  SPOILT(columns[TS].format = "ts");
  SPOILT(columns[TS].format = "+l");
  SPOILT(columns[TS].format = "+w:2");
  SPOILT(columns[TS].format = "+r");
  SPOILT(columns[TS].name = NULL);
  SPOILT(columns[HASH].dictionary = &columns[HASH]; columns[HASH].format = "i");
  SPOILT(dictionary(); columns[HASH].format = "u");
  SPOILT(dictionary(); inner_schemas[0].format = NULL);
  SPOILT(runs(); inner_schemas[0].format = "g");
  SPOILT(runs(); inner_schema_children[1] = NULL);
  SPOILT(runs(); columns[VALUE].n_children = 1);
  SPOILT(
      for (int depth = 0; depth < 7; depth++) {
        deep[depth] = type("i", "");
        deep[depth].dictionary = &deep[depth + 1];
      } deep[7] = type("u", "");
      columns[HASH].format = "i"; columns[HASH].dictionary = &deep[0]);
}

static void lengths(void) {
  SPOILT(rows.length = -1);
  SPOILT(rows.offset = -1);
  SPOILT(rows.offset = 1);
  SPOILT(rows.length = HUGE_LENGTH);
  SPOILT(rows.length = HUGE_LENGTH; rows.offset = HUGE_LENGTH);
  SPOILT(rows.n_children = -1);
  SPOILT(rows.n_children = 2);
  SPOILT(rows.n_children = HUGE_LENGTH);
  SPOILT(rows.children = NULL);
  SPOILT(rows.n_buffers = 0);
  SPOILT(rows.n_buffers = -1);
  SPOILT(rows.buffers = NULL);
  SPOILT(rows.null_count = 1);
  SPOILT(bitmap = 0x0d; row_buffers[0] = &bitmap; rows.null_count = 1);
  /* The columns are short: a bitmap of so many rows is not looked at. */
  SPOILT(row_buffers[0] = &bitmap; rows.length = INT64_C(1) << 40);
  SPOILT(row_buffers[0] = &bitmap; rows.offset = INT64_C(1) << 40);
  SPOILT(children[VALUE] = NULL);
  SPOILT(arrays[VALUE].release = NULL);
  SPOILT(arrays[VALUE].length = LENGTH - 1);
  SPOILT(arrays[VALUE].length = -1);
  SPOILT(arrays[VALUE].offset = -1);
  SPOILT(arrays[VALUE].offset = HUGE_LENGTH);
  SPOILT(arrays[VALUE].length = HUGE_LENGTH);
  SPOILT(arrays[VALUE].n_buffers = 1);
  SPOILT(arrays[VALUE].n_buffers = 0);
  SPOILT(arrays[VALUE].n_buffers = -2);
  SPOILT(arrays[VALUE].n_buffers = HUGE_LENGTH);
  SPOILT(arrays[VALUE].buffers = NULL);
  SPOILT(buffers[VALUE][1] = NULL);
  SPOILT(arrays[VALUE].null_count = 2);
  SPOILT(arrays[VALUE].null_count = -3);
  SPOILT(bitmap = 0xfe; buffers[VALUE][0] = &bitmap);
  SPOILT(buffers[VALUE][0] = &bitmap; arrays[VALUE].null_count = 1);
  SPOILT(columns[VALUE].format = "u");
  SPOILT(columns[HASH].format = "g");
  SPOILT(arrays[VALUE].dictionary = &arrays[HASH]);
}

static void texts_and_keys(void) {
  SPOILT(offsets[LENGTH] = -1);
  SPOILT(offsets[0] = -1);
  SPOILT(offsets[1] = 12);
  SPOILT(offsets[2] = 100);
  SPOILT(buffers[HASH][1] = NULL);
  SPOILT(buffers[HASH][2] = NULL);
  SPOILT(texts[5] = '\xff');
  SPOILT(texts[7] = '\xc3');
  SPOILT(columns[HASH].format = "U"; large_offsets[LENGTH] = INT64_MIN;
         buffers[HASH][1] = large_offsets);
  SPOILT(columns[HASH].format = "U"; large_offsets[2] = INT64_MAX; buffers[HASH][1] = large_offsets);
  SPOILT(dictionary(); keys[1] = 2);
  SPOILT(dictionary(); keys[1] = -1);
  SPOILT(dictionary(); arrays[HASH].dictionary = NULL);
  SPOILT(dictionary(); inner[0].length = -1);
  SPOILT(dictionary(); inner[0].n_buffers = 2);
  SPOILT(dictionary(); inner_buffers[0][1] = NULL);
  SPOILT(dictionary(); inner[0].release = NULL);
  SPOILT(runs(); ends[1] = LENGTH - 1);
  SPOILT(runs(); ends[0] = 0);
  SPOILT(runs(); ends[0] = LENGTH);
  SPOILT(runs(); inner[1].length = 1);
  SPOILT(runs(); inner[0].length = 0);
  SPOILT(runs(); inner_children[0] = NULL);
  SPOILT(runs(); inner_buffers[0][1] = NULL);
  SPOILT(view(); views[2].buffer = 1);
  SPOILT(view(); views[2].buffer = -1);
  SPOILT(view(); views[2].offset = 1);
  SPOILT(view(); views[2].length = -1);
  SPOILT(view(); memcpy(views[2].prefix, "zzzz", 4));
  SPOILT(view(); view_lengths[0] = -1);
  SPOILT(view(); arrays[HASH].n_buffers = 2);
  SPOILT(view(); arrays[HASH].n_buffers = INT64_C(1) << 40);
  SPOILT(view(); buffers[HASH][3] = NULL);
  SPOILT(view(); buffers[HASH][2] = NULL);
}

/* The sound batch goes in, however it is made; so does what nobody looks at. */
static void sound_batches(void) {
  satori_error error;
  satori_cursor *cursor;
  satori_text hashes[LENGTH];
  double stored[LENGTH];
  size_t count;
#define GOES_IN(make)                                      \
  do {                                                     \
    reset();                                               \
    sound();                                               \
    make;                                                  \
    OK(import(&error));                                    \
  } while (0)
  GOES_IN((void)0);
  CHECK(out.insert_report.inserted == LENGTH);
  GOES_IN(bitmap = 0x0f; buffers[VALUE][0] = &bitmap; arrays[VALUE].null_count = -1);
  GOES_IN(rows.length = LENGTH - 1; rows.offset = 1);
  GOES_IN(columns[HASH].format = "U"; buffers[HASH][1] = large_offsets);
  GOES_IN(dictionary());
  GOES_IN(view());
  /* The values of the runs are 0, 1, 1, 1. */
  GOES_IN(runs());
  CHECK(out.insert_report.already_there == 2 && out.insert_report.conflicts == 2);
  GOES_IN(rows.length = 0; arrays[TS].length = arrays[VALUE].length = arrays[HASH].length = 0;
          buffers[TS][1] = buffers[VALUE][1] = buffers[HASH][1] = buffers[HASH][2] = NULL);
  GOES_IN(columns[HASH].name = "other"; columns[HASH].format = NULL; children[HASH] = NULL);
  GOES_IN(given = 1);
  OK(satori_last(store, SATORI_STR(UUID), LENGTH, &cursor, &error));
  OK(satori_cursor_next(cursor, LENGTH, NULL, NULL, stored, hashes, NULL, &count, &error));
  CHECK(count == LENGTH && stored[3] == 3 && strcmp(hashes[3].data, "dddd") == 0);
  OK(satori_cursor_free(cursor, &error));
}

void arrow(void) {
  satori_error error;
  satori_open_options options = satori_open_options_init();
  options.in_memory = 1;
  OK(satori_store_open(NULL, 0, &options, &store, &error));
  schemas();
  lengths();
  texts_and_keys();
  sound_batches();
  OK(satori_store_close(store, &error));
}
