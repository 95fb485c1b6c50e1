/* Structs that grow: sizes of other releases, and what no release has. */
#include "misuse.h"

#define ID SATORI_STR(UUID)
/* More than any struct here has. */
#define LARGE 1024

/* A struct with room behind it for what a later release might add. */
union room {
  size_t size;
  int64_t align;
  unsigned char bytes[LARGE];
};

static satori_status give_options(union room *room, satori_error *error) {
  satori_store *store = NULL;
  satori_status status;
  /* A file of its own: in a struct that is cut short in_memory is missing. */
  char path[4096];
  snprintf(path, sizeof(path), "%s/structs.db", scratch);
  status = satori_store_open(SATORI_STR(path), (satori_open_options *)room, &store, error);
  satori_store_close(store, NULL);
  return status;
}

static satori_status give_patch(union room *room, satori_error *error) {
  return satori_upsert_stream(good_store, ID, (satori_stream_patch *)room, NULL, error);
}

static satori_status give_update(union room *room, satori_error *error) {
  return satori_update_stream(good_store, ID, (satori_stream_patch *)room, NULL, error);
}

static satori_status give_ingest_options(union room *room, satori_error *error) {
  return satori_ingest(good_store, SATORI_STR("null"), (satori_ingest_options *)room, NULL, NULL,
                       error);
}

static satori_status take_info(union room *room, satori_error *error) {
  return satori_get_library_info((satori_library_info *)room, error);
}

static satori_status take_stream(union room *room, satori_error *error) {
  return satori_stream_list_get(good_streams, 0, (satori_stream *)room, error);
}

static satori_status take_one_stream(union room *room, satori_error *error) {
  static char texts[512];
  size_t needed;
  return satori_get_stream(good_store, ID, (satori_stream *)room, texts, sizeof(texts), &needed,
                           error);
}

/* The row already exists: nothing is stored, whatever the call returns. */
static satori_status take_insert_report(union room *room, satori_error *error) {
  int64_t ts = INT64_C(1704283200000000);
  double value = 0;
  return satori_insert_many(good_store, ID, 1, &ts, NULL, &value, NULL, NULL,
                            (satori_insert_report *)room, NULL, error);
}

static satori_status take_statistics(union room *room, satori_error *error) {
  return satori_get_statistics(good_store, ID, (satori_statistics *)room, NULL, error);
}

static satori_status take_verification(union room *room, satori_error *error) {
  return satori_verify(good_store, ID, (satori_verification *)room, NULL, error);
}

static satori_status take_ingest_report(union room *room, satori_error *error) {
  return satori_ingest(good_store, SATORI_STR("null"), NULL, (satori_ingest_report *)room, NULL,
                       error);
}

static const struct {
  const char *name;
  satori_status (*call)(union room *, satori_error *);
  size_t size;
  int is_output;
} structs_of[] = {
    {"satori_open_options", give_options, sizeof(satori_open_options), 0},
    {"satori_stream_patch, upsert", give_patch, sizeof(satori_stream_patch), 0},
    {"satori_stream_patch, update", give_update, sizeof(satori_stream_patch), 0},
    {"satori_ingest_options", give_ingest_options, sizeof(satori_ingest_options), 0},
    {"satori_library_info", take_info, sizeof(satori_library_info), 1},
    {"satori_stream", take_stream, sizeof(satori_stream), 1},
    {"satori_stream, get", take_one_stream, sizeof(satori_stream), 1},
    {"satori_insert_report", take_insert_report, sizeof(satori_insert_report), 1},
    {"satori_statistics", take_statistics, sizeof(satori_statistics), 1},
    {"satori_verification", take_verification, sizeof(satori_verification), 1},
    {"satori_ingest_report", take_ingest_report, sizeof(satori_ingest_report), 1},
};

/* Fills the room with `byte`, and gives the struct in it a size. */
static void fill(union room *room, int byte, size_t size) {
  memset(room, byte, sizeof(*room));
  room->size = size;
}

static void refused(size_t index, union room *room) {
  satori_error error;
  union room before = *room;
  memset(&error, 0x5a, sizeof(error));
  reset();
  expect(structs_of[index].call(room, &error), SATORI_INVALID_ARGUMENT, &error,
         structs_of[index].name, __FILE__, __LINE__);
  CHECK(memcmp(&before, room, sizeof(before)) == 0);
}

static void sizes(size_t index) {
  size_t ours = structs_of[index].size;
  size_t impossible[] = {0, 1, 7, 4097, 65536, PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX};
  size_t older[] = {sizeof(size_t), sizeof(size_t) + 1, ours - 1, ours - 8};
  size_t newer[] = {ours, ours + 1, ours + 8, LARGE};
  union room room;
  satori_error error;

  for (size_t size = 0; size < sizeof(impossible) / sizeof(impossible[0]); size++) {
    fill(&room, 0, impossible[size]);
    refused(index, &room);
  }
  for (size_t size = 0; size < sizeof(older) / sizeof(older[0]); size++) {
    /* An input: its own part is 0. An output: nothing behind it is written. */
    fill(&room, 0xa5, older[size]);
    if (!structs_of[index].is_output) {
      memset(room.bytes + sizeof(size_t), 0, older[size] - sizeof(size_t));
    }
    OK(structs_of[index].call(&room, &error));
    CHECK(room.size == older[size]);
    for (size_t byte = older[size]; byte < LARGE; byte++) CHECK(room.bytes[byte] == 0xa5);
    count_case();
  }
  for (size_t size = 0; size < sizeof(newer) / sizeof(newer[0]); size++) {
    fill(&room, structs_of[index].is_output ? 0xa5 : 0, newer[size]);
    OK(structs_of[index].call(&room, &error));
    CHECK(room.size == newer[size]);
    /* What we don't know of is 0. */
    for (size_t byte = ours; byte < newer[size]; byte++) CHECK(room.bytes[byte] == 0);
    count_case();
  }
  if (!structs_of[index].is_output) {
    /* Asks for something that we don't know of: anywhere. */
    size_t places[] = {ours, ours + 7, LARGE - 1};
    for (size_t place = 0; place < sizeof(places) / sizeof(places[0]); place++) {
      fill(&room, 0, LARGE);
      room.bytes[places[place]] = 1;
      refused(index, &room);
    }
    /* At an address that no such struct can have. */
    fill(&room, 0, LARGE);
    reset();
    memset(&error, 0x5a, sizeof(error));
    expect(structs_of[index].call((void *)(room.bytes + 1), &error), SATORI_INVALID_ARGUMENT,
           &error, structs_of[index].name, __FILE__, __LINE__);
  }
}

static void members(void) {
  int32_t levels[] = {2, -1, INT32_MAX, INT32_MIN};
  for (size_t level = 0; level < sizeof(levels) / sizeof(levels[0]); level++) {
    satori_open_options options = satori_open_options_init();
    options.in_memory = 1;
    options.synchronous = levels[level];
    CASE(SATORI_INVALID_ARGUMENT, satori_store_open(NULL, 0, &options, &out.store, &error));
  }

  uint32_t fields[] = {128, 256, UINT32_C(1) << 31, UINT32_MAX};
  for (size_t field = 0; field < sizeof(fields) / sizeof(fields[0]); field++) {
    satori_stream_patch patch = satori_stream_patch_init();
    patch.set = fields[field];
    CASE(SATORI_INVALID_ARGUMENT,
         satori_upsert_stream(good_store, "new", 3, &patch, &out.streams, &error));
    patch.set = 0;
    patch.clear = fields[field];
    CASE(SATORI_INVALID_ARGUMENT,
         satori_update_stream(good_store, ID, &patch, &out.streams, &error));
  }
  for (uint32_t field = SATORI_FIELD_SERVER_STREAM_ID; field <= SATORI_FIELD_DESCRIPTION;
       field *= 2) {
    satori_stream_patch patch = satori_stream_patch_init();
    patch.set = field;
    patch.clear = field;
    CASE(SATORI_INVALID_ARGUMENT,
         satori_upsert_stream(good_store, "new", 3, &patch, &out.streams, &error));
  }
  /* Each text of a patch, in each way wrong. */
  size_t texts[] = {offsetof(satori_stream_patch, name),      offsetof(satori_stream_patch, author),
                    offsetof(satori_stream_patch, secondary), offsetof(satori_stream_patch, target),
                    offsetof(satori_stream_patch, meta),      offsetof(satori_stream_patch, description)};
  const struct {
    satori_text text;
    satori_status status;
  } wrong[] = {{{NULL, 0}, SATORI_NULL_POINTER},
               {{NULL, 5}, SATORI_NULL_POINTER},
               {{"\xff", 1}, SATORI_INVALID_UTF8},
               {{"x", SIZE_MAX}, SATORI_INVALID_ARGUMENT}};
  for (size_t text = 0; text < sizeof(texts) / sizeof(texts[0]); text++) {
    for (size_t way = 0; way < sizeof(wrong) / sizeof(wrong[0]); way++) {
      satori_stream_patch patch = satori_stream_patch_init();
      patch.set = (uint32_t)SATORI_FIELD_NAME << text;
      memcpy((char *)&patch + texts[text], &wrong[way].text, sizeof(satori_text));
      CASE(wrong[way].status,
           satori_upsert_stream(good_store, "new", 3, &patch, &out.streams, &error));
    }
  }

#define INGEST(options) \
  satori_ingest(good_store, SATORI_STR("null"), options, &out.ingest_report, &out.string, &error)
  satori_ingest_options options = satori_ingest_options_init();
  int32_t formats[] = {2, -1, INT32_MAX, INT32_MIN};
  for (size_t format = 0; format < sizeof(formats) / sizeof(formats[0]); format++) {
    options.format = formats[format];
    CASE(SATORI_INVALID_ARGUMENT, INGEST(&options));
  }
  options = satori_ingest_options_init();
  options.reserved = 1;
  CASE(SATORI_INVALID_ARGUMENT, INGEST(&options));
  options = satori_ingest_options_init();
  options.uuid.length = 1;
  CASE(SATORI_NULL_POINTER, INGEST(&options));
  options.uuid.data = "\xff";
  CASE(SATORI_INVALID_UTF8, INGEST(&options));
  options.uuid = satori_text_of("streams");
  CASE(SATORI_INVALID_UUID, INGEST(&options));
  options = satori_ingest_options_init();
  options.provider.length = 1;
  CASE(SATORI_NULL_POINTER, INGEST(&options));
  options.provider.data = "\xff";
  CASE(SATORI_INVALID_UTF8, INGEST(&options));

  /* No input has so many lines, and none is beyond the largest number. */
  satori_error error;
  satori_ingest_report report = satori_ingest_report_init();
  options = satori_ingest_options_init();
  options.first_line = UINT64_MAX;
  CASE(SATORI_INVALID_ARGUMENT, INGEST(&options));
  options.first_line = (uint64_t)INT64_MAX + 1;
  CASE(SATORI_INVALID_ARGUMENT, INGEST(&options));
  options.first_line = INT64_MAX;
  OK(satori_ingest(good_store, SATORI_STR("1\n[1\n"), &options, &report, NULL, &error));
  CHECK(report.payloads == 2 && report.rejected == 2);
  CHECK(satori_ingest(good_store, SATORI_STR("[1,\n2"), &options, NULL, NULL, &error) ==
        SATORI_INVALID_JSON);
}

void structs(void) {
  for (size_t index = 0; index < sizeof(structs_of) / sizeof(structs_of[0]); index++) sizes(index);
  members();
}
