/* The operations, each on the C API. */
#include "codes.h"
#include "scenario.h"

static satori_store *store;
/* The store's data version at the last `wait`. */
static uint64_t seen;
static satori_error error;

/* Says an error; returns 1 if there is none. */
static int fine(satori_status status) {
  if (status == SATORI_OK) return 1;
  CHECK(status == error.code && status < (satori_status)(sizeof(codes) / sizeof(codes[0])));
  say("error %s\n", codes[status]);
  return 0;
}

static int64_t number(const char *text) { return strtoll(text, NULL, 10); }

static int64_t bound(struct argument argument, int64_t none) {
  return argument.data == NULL ? none : number(argument.data);
}

/* The bounds of a range, of the arguments 1 and 2. */
#define RANGE bound(args[1], INT64_MIN), bound(args[2], INT64_MAX)

static satori_text text_of(struct argument argument) {
  satori_text text = {argument.data, argument.length};
  return text;
}

static void say_instant(int64_t ts) {
  if (ts == SATORI_NO_INSTANT) {
    say("-");
  } else if (ts >= began) {
    say("now");
  } else {
    say("%" PRId64, ts);
  }
}

/* Says a string as a line, and frees it. */
static void say_string(satori_string *string) {
  satori_text text;
  OK(satori_string_get(string, &text.data, &text.length, &error));
  say_text(text);
  say("\n");
  OK(satori_string_free(string, &error));
}

static int same_text(satori_text one, satori_text other) {
  if (one.data == NULL || other.data == NULL) return one.data == other.data;
  return one.length == other.length && memcmp(one.data, other.data, one.length + 1) == 0;
}

static void say_stream(const satori_stream *stream) {
  const satori_text *texts[] = {&stream->name,   &stream->author, &stream->secondary,
                                &stream->target, &stream->meta,   &stream->description};
  say("stream\t%" PRId64 "\t", stream->id);
  say_text(stream->uuid);
  if (stream->has_server_stream_id) {
    say("\t%" PRId64, stream->server_stream_id);
  } else {
    say("\t-");
  }
  for (size_t index = 0; index < 6; index++) {
    say("\t");
    say_text(*texts[index]);
  }
  say("\t");
  say_instant(stream->last_synced);
  say("\t");
  say_instant(stream->created_at);
  say("\n");
}

/* Says the first `most` streams of a list, and frees it. */
static void say_streams(satori_stream_list *streams, size_t most) {
  size_t count;
  OK(satori_stream_list_count(streams, &count, &error));
  if (count == 0) say("count 0\n");
  for (size_t index = 0; index < count && index < most; index++) {
    satori_stream stream = satori_stream_init();
    OK(satori_stream_list_get(streams, index, &stream, &error));
    if (stream.id == 0) {
      say_text(stream.uuid);
      say("\n");
    } else {
      say_stream(&stream);
    }
  }
  OK(satori_stream_list_free(streams, &error));
}

/* What rows are said with. */
enum with { NOTHING, SPELLINGS, STREAMS };

/* Says what is left of a cursor, and frees it: with the timestamps as they are stored, or
 * with the streams of the rows, if asked for. */
static void say_rows(satori_cursor *cursor, size_t batch, enum with with) {
  int spelled = with == SPELLINGS;
  enum { ROOM = 100 };
  int64_t ts[ROOM];
  double values[ROOM];
  satori_text spellings[ROOM], hashes[ROOM], providers[ROOM], uuids[ROOM];
  size_t count, total = 0;
  if (batch > ROOM) batch = ROOM;
  do {
    if (!fine(satori_cursor_next(cursor, batch, ts, spelled ? spellings : NULL, values, hashes,
                                 providers, &count, &error))) {
      OK(satori_cursor_free(cursor, &error));
      return;
    }
    OK(satori_cursor_streams(cursor, count, uuids, &error));
    for (size_t row = 0; row < count; row++) {
      if (with == STREAMS) {
        say_text(uuids[row]);
        say("\t");
      }
      say("%" PRId64 "\t", ts[row]);
      if (spelled) {
        say_text(spellings[row]);
        say("\t");
      }
      say("%.6f\t", values[row]);
      say_text(hashes[row]);
      say("\t");
      say_text(providers[row]);
      say("\n");
    }
    total += count;
  } while (count > 0);
  if (total == 0) say("count 0\n");
  OK(satori_cursor_free(cursor, &error));
}

/* The JSON of a stream is that of its list, made into an object. */
static void check_stream_json(const char *uuid, size_t length, const satori_stream *found) {
  char json[2048], by_name[2048], start[64];
  size_t needed = 0, by_name_needed = 0;
  CHECK(satori_get_stream_json(store, uuid, length, NULL, 0, &needed, &error) ==
        SATORI_BUFFER_TOO_SMALL);
  CHECK(needed > 1 && needed <= sizeof(json));
  OK(satori_get_stream_json(store, uuid, length, json, needed, &needed, &error));
  CHECK(strlen(json) == needed - 1 && json[needed - 2] == '}');
  snprintf(start, sizeof(start), "{\"id\":%lld,\"server_stream_id\":", (long long)found->id);
  CHECK(strncmp(json, start, strlen(start)) == 0);
  CHECK(strstr(json, ",\"created_at\":\"") != NULL);
  if (found->name.data == NULL) return;
  OK(satori_get_stream_by_name_json(store, found->name.data, found->name.length, by_name,
                                    sizeof(by_name), &by_name_needed, &error));
  CHECK(by_name_needed > 1 && by_name[by_name_needed - 1] == 0);
}

/* satori_get_stream finds what satori_stream_by_uuid does. */
static void check_get_stream(const char *uuid, size_t length) {
  satori_stream listed = satori_stream_init(), found = satori_stream_init();
  satori_stream_list *streams;
  size_t count, needed = 0;
  char texts[1024];
  satori_status status = satori_stream_by_uuid(store, uuid, length, &streams, &error);
  if (status != SATORI_OK) {
    CHECK(satori_get_stream(store, uuid, length, &found, texts, sizeof(texts), &needed, &error) ==
          status);
    return;
  }
  OK(satori_stream_list_count(streams, &count, &error));
  if (count == 0) {
    OK(satori_get_stream(store, uuid, length, &found, NULL, 0, &needed, &error));
    CHECK(needed == 0 && found.id == 0);
    needed = 1;
    OK(satori_get_stream_json(store, uuid, length, NULL, 0, &needed, &error));
    CHECK(needed == 0);
  } else {
    OK(satori_stream_list_get(streams, 0, &listed, &error));
    CHECK(satori_get_stream(store, uuid, length, &found, NULL, 0, &needed, &error) ==
          SATORI_BUFFER_TOO_SMALL);
    CHECK(needed > listed.uuid.length && needed <= sizeof(texts) && found.id == 0);
    CHECK(satori_get_stream(store, uuid, length, &found, texts, needed - 1, &needed, &error) ==
          SATORI_BUFFER_TOO_SMALL);
    OK(satori_get_stream(store, uuid, length, &found, texts, needed, &needed, &error));
    CHECK(found.id == listed.id && found.last_synced == listed.last_synced &&
          found.created_at == listed.created_at && texts[needed - 1] == 0);
    CHECK(same_text(found.uuid, listed.uuid) && same_text(found.name, listed.name) &&
          same_text(found.author, listed.author) && same_text(found.secondary, listed.secondary) &&
          same_text(found.target, listed.target) && same_text(found.meta, listed.meta) &&
          same_text(found.description, listed.description));
    check_stream_json(uuid, length, &found);
  }
  OK(satori_stream_list_free(streams, &error));
}

/* satori_get_latest finds what satori_last does. */
static void check_get_latest(const char *uuid, size_t length) {
  satori_cursor *cursor;
  satori_text listed[3], found[3];
  int64_t listed_ts, ts = 0;
  double listed_value, value = 0;
  size_t count, needed = 0;
  char texts[1024];
  satori_status status = satori_last(store, uuid, length, 1, &cursor, &error);
  if (status != SATORI_OK) {
    CHECK(satori_get_latest(store, uuid, length, &ts, &found[0], &value, &found[1], &found[2],
                            texts, sizeof(texts), &needed, &error) == status);
    return;
  }
  OK(satori_cursor_next(cursor, 1, &listed_ts, &listed[0], &listed_value, &listed[1], &listed[2],
                        &count, &error));
  if (count == 0) {
    OK(satori_get_latest(store, uuid, length, &ts, NULL, NULL, NULL, NULL, NULL, 0, &needed,
                         &error));
    CHECK(needed == 0 && ts == 0);
  } else {
    CHECK(satori_get_latest(store, uuid, length, &ts, NULL, NULL, NULL, NULL, NULL, 0, &needed,
                            &error) == SATORI_BUFFER_TOO_SMALL);
    CHECK(needed > listed[1].length && needed <= sizeof(texts) && ts == 0);
    OK(satori_get_latest(store, uuid, length, &ts, &found[0], &value, &found[1], &found[2], texts,
                         needed, &needed, &error));
    CHECK(ts == listed_ts && value == listed_value && texts[needed - 1] == 0);
    for (int text = 0; text < 3; text++) CHECK(same_text(found[text], listed[text]));
  }
  OK(satori_cursor_free(cursor, &error));
}

static void open_store(const struct argument *args, int count) {
  satori_open_options options = satori_open_options_init();
  char path[4096];
  const char *name = args[0].data == NULL ? "" : args[0].data;
  /* A URL is a place of its own. */
  if (strstr(name, "://") != NULL) {
    snprintf(path, sizeof(path), "%s", name);
  } else {
    snprintf(path, sizeof(path), "%s/%s", scratch, name);
  }
  for (int index = 1; index < count; index++) {
    const char *option = args[index].data;
    if (strcmp(option, "read_only") == 0) options.read_only = 1;
    if (strcmp(option, "must_exist") == 0) options.must_exist = 1;
    if (strcmp(option, "full") == 0) options.synchronous = SATORI_SYNCHRONOUS_FULL;
    if (strcmp(option, "in_memory") == 0) options.in_memory = 1;
    if (strcmp(option, "no_wait") == 0) options.busy_timeout = -1;
    if (strcmp(option, "keep_spelling") == 0) options.keep_spelling = 1;
    if (strcmp(option, "skip_unreadable") == 0) options.skip_unreadable = 1;
    if (strcmp(option, "digest") == 0) options.digest = 1;
  }
  if (fine(satori_store_open(SATORI_STR(path), &options, &store, &error))) say("done\n");
}

static void copy_fixture(const struct argument *args) {
  char path[4096];
  size_t length;
  snprintf(path, sizeof(path), "%sfixtures/", tests);
  char *data = contents(path, args[0].data, &length);
  snprintf(path, sizeof(path), "%s/%s", scratch, args[1].data);
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(data, 1, length, file) == length && fclose(file) == 0);
  free(data);
  say("done\n");
}

/* Returns the bytes of a JSON argument, or of the feed that it names. The caller frees
 * them. */
static char *json_of(struct argument argument, size_t *length) {
  char path[4096];
  if (argument.data != NULL && argument.data[0] == '@') {
    snprintf(path, sizeof(path), "%sfeeds/", tests);
    return contents(path, argument.data + 1, length);
  }
  char *copy = malloc(argument.length + 1);
  CHECK(copy != NULL);
  if (argument.length > 0) memcpy(copy, argument.data, argument.length);
  *length = argument.length;
  return copy;
}

static satori_stream_patch patch_of(const struct argument *fields, int count) {
  static const char *const names[] = {"server_stream_id", "name", "author",     "secondary",
                                      "target",           "meta", "description"};
  satori_stream_patch patch = satori_stream_patch_init();
  satori_text *texts[] = {NULL,          &patch.name, &patch.author,     &patch.secondary,
                          &patch.target, &patch.meta, &patch.description};
  for (int field = 0; field < count; field++) {
    const char *name = fields[field].data + 1;
    size_t length = strcspn(name, "=");
    int index = 0;
    while (strncmp(names[index], name, length) != 0 || names[index][length] != 0) index++;
    if (fields[field].data[0] == '!') {
      patch.clear |= UINT32_C(1) << index;
      continue;
    }
    patch.set |= UINT32_C(1) << index;
    if (index == 0) {
      patch.server_stream_id = number(name + length + 1);
    } else {
      texts[index]->data = name + length + 1;
      texts[index]->length = fields[field].length - length - 2;
    }
  }
  return patch;
}

static void insert(const struct argument *args) {
  static const char *const words[] = {"inserted", "already_there", "conflict"};
  satori_text hash = text_of(args[3]), provider = text_of(args[4]);
  int32_t insertion;
  double stored;
  if (fine(satori_insert(store, args[0].data, args[0].length, number(args[1].data),
                         strtod(args[2].data, NULL), &hash, &provider, &insertion, &stored,
                         &error))) {
    say("%s %.6f\n", words[insertion], stored);
  }
}

/* The rows of an operation, as arrays. */
struct rows {
  int64_t ts[MOST_ARGUMENTS];
  satori_text uuids[MOST_ARGUMENTS], spellings[MOST_ARGUMENTS];
  double values[MOST_ARGUMENTS];
  satori_text hashes[MOST_ARGUMENTS], providers[MOST_ARGUMENTS];
};

/* Reads the row of an argument into the arrays; if `across`, its stream comes first. */
static void read_row(struct rows *rows, int row, char *text, int across) {
  char *part[5];
  part[0] = text;
  for (int next = 1; next < 4 + across; next++) {
    part[next] = strchr(part[next - 1], ',');
    *part[next]++ = 0;
  }
  rows->uuids[row] = satori_text_of(part[0]);
  rows->ts[row] = number(part[across]);
  rows->spellings[row] = satori_text_of(part[across]);
  rows->values[row] = strtod(part[across + 1], NULL);
  const char *hash = part[across + 2], *provider = part[across + 3];
  rows->hashes[row] = satori_text_of(strcmp(hash, "-") == 0 ? NULL : hash);
  rows->providers[row] = satori_text_of(strcmp(provider, "-") == 0 ? NULL : provider);
}

static void say_report(const satori_insert_report *report, satori_string *conflicts) {
  say("inserted %" PRIu64 " already_there %" PRIu64 " conflicts %" PRIu64 "\n", report->inserted,
      report->already_there, report->conflicts);
  say_string(conflicts);
}

static void insert_many(const struct argument *args, int count, int spelled) {
  struct rows rows;
  satori_insert_report report = satori_insert_report_init();
  satori_string *conflicts;
  for (int row = 1; row < count; row++) read_row(&rows, row - 1, args[row].data, 0);
  if (fine(satori_insert_many(store, args[0].data, args[0].length, (size_t)count - 1,
                              spelled ? NULL : rows.ts, spelled ? rows.spellings : NULL,
                              rows.values, rows.hashes, rows.providers, &report, &conflicts,
                              &error))) {
    say_report(&report, conflicts);
  }
}

static void insert_across(const struct argument *args, int count) {
  struct rows rows;
  satori_insert_report report = satori_insert_report_init();
  satori_string *conflicts;
  for (int row = 0; row < count; row++) read_row(&rows, row, args[row].data, 1);
  if (fine(satori_insert_across(store, (size_t)count, rows.uuids, rows.ts, NULL, rows.values,
                                rows.hashes, rows.providers, &report, &conflicts, &error))) {
    say_report(&report, conflicts);
  }
}

/* All arguments, as texts. */
/* Opens a cursor over the rows after instants: arguments `uuid,ts`, the limit before them. */
static satori_status newer(const struct argument *args, int count, satori_cursor **cursor) {
  satori_text uuids[8];
  int64_t after[8];
  CHECK(count <= 9);
  for (int index = 1; index < count; index++) {
    const char *comma = strchr(args[index].data, ',');
    uuids[index - 1].data = args[index].data;
    uuids[index - 1].length = (size_t)(comma - args[index].data);
    after[index - 1] = number(comma + 1);
  }
  return satori_newer(store, (size_t)count - 1, uuids, after, strtoull(args[0].data, NULL, 10),
                      cursor, &error);
}

static void say_number(double value) {
  if (value != value) {
    say("\t-");
  } else {
    say("\t%.6f", value);
  }
}

/* Sums a stream up, two steps at a time. */
static void resample(const struct argument *args, int count) {
  satori_summary summaries[2];
  size_t found, total = 0;
  int64_t from = bound(args[1], INT64_MIN);
  do {
    if (!fine(satori_resample(store, args[0].data, args[0].length, from, bound(args[2], INT64_MAX),
                              args[3].data, args[3].length, count > 4, 2, summaries, &found,
                              &error))) {
      return;
    }
    for (size_t row = 0; row < found; row++) {
      satori_summary *summary = &summaries[row];
      say("%" PRId64 "\t%" PRId64 "\t%" PRIu64, summary->start, summary->end, summary->count);
      say_number(summary->first);
      say_number(summary->last);
      say_number(summary->min);
      say_number(summary->max);
      say_number(summary->mean);
      say_number(summary->sum);
      say("\n");
      from = summary->end;
    }
    total += found;
  } while (found == 2);
  if (total == 0) say("count 0\n");
}

static int32_t fill_of(struct argument argument, int64_t *max_age) {
  const char *age = strchr(argument.data, ':');
  *max_age = age == NULL ? -1 : number(age + 1);
  return strcmp(argument.data, "exact") == 0  ? SATORI_FILL_EXACT
         : strcmp(argument.data, "mean") == 0 ? SATORI_FILL_MEAN
                                              : SATORI_FILL_AS_OF;
}

/* Says rows of `streams` columns, each of which has room for `capacity` values. */
static void say_aligned(const int64_t *ts, const double *values, size_t streams, size_t capacity,
                        size_t rows) {
  for (size_t row = 0; row < rows; row++) {
    say("%" PRId64, ts[row]);
    for (size_t stream = 0; stream < streams; stream++) say_number(values[stream * capacity + row]);
    say("\n");
  }
}

static const satori_text *texts_of(const struct argument *args, int count) {
  static satori_text texts[MOST_ARGUMENTS];
  for (int index = 0; index < count; index++) texts[index] = text_of(args[index]);
  return texts;
}

/* Puts streams side by side, two rows at a time. */
static void align(const struct argument *args, int count) {
  int64_t ts[2], max_age, from = bound(args[0], INT64_MIN);
  double values[2 * 8];
  size_t streams = (size_t)count - 4, rows, total = 0;
  int32_t fill = fill_of(args[3], &max_age);
  const satori_text *uuids = texts_of(args + 4, count - 4);
  CHECK(streams <= 8);
  do {
    if (!fine(satori_align(store, streams, uuids, from, bound(args[1], INT64_MAX), args[2].data,
                           args[2].length, fill, max_age, 2, ts, values, &rows, &error))) {
      return;
    }
    say_aligned(ts, values, streams, 2, rows);
    if (rows > 0) from = ts[rows - 1] + 1;
    total += rows;
  } while (rows == 2);
  if (total == 0) say("count 0\n");
}

/* Puts streams side by side on instants that are given. */
static void align_to(const struct argument *args, int count) {
  int64_t ts[8], max_age;
  double values[8 * 8];
  size_t streams = (size_t)count - 2, rows = 0;
  int32_t fill = fill_of(args[1], &max_age);
  for (const char *next = args[0].data; next != NULL; next = strchr(next, ',')) {
    if (*next == ',') next++;
    CHECK(rows < 8);
    ts[rows++] = number(next);
  }
  CHECK(streams <= 8);
  if (fine(satori_align_to(store, streams, texts_of(args + 2, count - 2), rows, ts, fill, max_age,
                           values, &error))) {
    say_aligned(ts, values, streams, rows, rows);
  }
}

static void copy(const struct argument *args) {
  satori_insert_report report = satori_insert_report_init();
  satori_text provider = text_of(args[4]);
  satori_string *conflicts;
  struct ArrowArrayStream rows;
  if (!fine(satori_export_arrow(store, args[0].data, args[0].length, RANGE, &rows, &error))) return;
  if (fine(satori_import_arrow(store, args[3].data, args[3].length, &rows, &provider, 0, &report,
                               &conflicts, &error))) {
    say_report(&report, conflicts);
  }
  if (rows.release != NULL) rows.release(&rows);
}

static int32_t unit_of(struct argument arg) {
  static const char *const units[] = {"auto", "s", "ms", "us", "ns"};
  int32_t unit = 0;
  while (unit < 5 && strcmp(units[unit], arg.data) != 0) unit++;
  return unit;
}

static void ingest(const struct argument *args, int count) {
  satori_ingest_options options = satori_ingest_options_init();
  satori_ingest_report report = satori_ingest_report_init();
  satori_string *details;
  size_t length;
  char *json = json_of(args[3], &length);
  options.uuid = text_of(args[0]);
  options.provider = text_of(args[1]);
  options.strict = strcmp(args[2].data, "strict") == 0;
  if (count > 4 && strcmp(args[4].data, "ndjson") == 0) options.format = SATORI_FORMAT_NDJSON;
  if (count > 5) options.first_line = strtoull(args[5].data, NULL, 10);
  if (count > 6) options.unit = unit_of(args[6]);
  satori_status status = satori_ingest(store, json, length, &options, &report, &details, &error);
  free(json);
  if (fine(status) || status == SATORI_REFUSED) {
    say("payloads %" PRIu64 " inserted %" PRIu64 " already_there %" PRIu64 " nothing %" PRIu64
        " conflicts %" PRIu64 " rejected %" PRIu64 "\n",
        report.payloads, report.inserted, report.already_there, report.nothing, report.conflicts,
        report.rejected);
    say_string(details);
  }
}

static void say_check(satori_status (*check)(const satori_store *, int64_t, uint64_t *,
                                             satori_string **, satori_error *),
                      const struct argument *args) {
  satori_string *findings;
  char kind[64];
  const char *json;
  size_t length;
  int64_t since = bound(args[0], SATORI_NO_INSTANT);
  if (!fine(check(store, since, NULL, &findings, &error))) return;
  snprintf(kind, sizeof(kind), "\"kind\":\"%s\"", args[1].data);
  OK(satori_string_get(findings, &json, &length, &error));
  say(strstr(json, kind) != NULL ? "found\n" : "not found\n");
  OK(satori_string_free(findings, &error));
}

static void say_statistics(const char *uuid, size_t length) {
  satori_statistics found = satori_statistics_init();
  satori_string *providers;
  if (!fine(satori_get_statistics(store, uuid, length, &found, &providers, &error))) return;
  say("count %" PRIu64 " unreadable %" PRIu64 " first ", found.count, found.unreadable);
  if (found.first == SATORI_NO_INSTANT) say("- last - ");
  else say("%" PRId64 " last %" PRId64 " ", found.first, found.last);
  say("minimum %.6f maximum %.6f sum %.6f spacing %" PRId64 " gaps %" PRIu64 "\n", found.minimum,
      found.maximum, found.sum, found.spacing, found.gaps);
  say_string(providers);
}

void play(const struct operation *operation) {
  const struct argument *args = operation->arguments;
  const char *first = args[0].data;
  size_t length = args[0].length;
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;
  uint64_t count;

#define OP(word) else if (strcmp(operation->name, word) == 0)
#define LIST(most, call) { if (fine(call)) say_streams(streams, most); }
#define ROWS(batch, call) { if (fine(call)) say_rows(cursor, batch, NOTHING); }
#define SPELLED_ROWS(batch, call) { if (fine(call)) say_rows(cursor, batch, SPELLINGS); }
#define STREAMS_ROWS(batch, call) { if (fine(call)) say_rows(cursor, batch, STREAMS); }

  if (strcmp(operation->name, "open") == 0) open_store(args, operation->count);
  OP("close") {
    OK(satori_store_close(store, &error));
    say("done\n");
  }
  OP("backup") {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", scratch, first);
    if (fine(satori_backup(store, SATORI_STR(path), &count, &error))) {
      CHECK(count > 0);
      say("done\n");
    }
  }
  OP("compact") {
    uint64_t before;
    if (fine(satori_compact(store, &before, &count, &error))) {
      CHECK(count > 0);
      say("%s\n", count < before ? "smaller" : "same");
    }
  }
  OP("fixture") copy_fixture(args);
  OP("parse") {
    int64_t ts;
    int32_t unit = operation->count > 1 ? unit_of(args[1]) : SATORI_TIME_UNIT_AUTO;
    if (fine(satori_parse_timestamp(first, length, unit, &ts, &error))) say("%" PRId64 "\n", ts);
  }
  OP("uuid") {
    char uuid[SATORI_UUID_SIZE];
    OK(satori_stream_uuid(text_of(args[0]), text_of(args[1]), text_of(args[2]), text_of(args[3]),
                          uuid, &error));
    say("%s\n", uuid);
  }
  OP("upsert") {
    satori_stream_patch patch = patch_of(args + 1, operation->count - 1);
    LIST(1, satori_upsert_stream(store, first, length, &patch, &streams, &error))
  }
  OP("update") {
    satori_stream_patch patch = patch_of(args + 1, operation->count - 1);
    LIST(1, satori_update_stream(store, first, length, &patch, &streams, &error))
  }
  OP("stream") {
    LIST(1, satori_stream_by_uuid(store, first, length, &streams, &error))
    check_get_stream(first, length);
  }
  OP("by_name") LIST(1, satori_streams_by_name(store, first, length, &streams, &error))
  OP("streams_by_name")
    LIST(SIZE_MAX, satori_streams_by_name(store, first, length, &streams, &error))
  OP("by_server_id")
    LIST(SIZE_MAX, satori_streams_by_server_id(store, number(first), &streams, &error))
  OP("streams") LIST(SIZE_MAX, satori_streams(store, &streams, &error))
  OP("search") LIST(SIZE_MAX, satori_search_streams(store, first, length, &streams, &error))
  OP("stale") LIST(SIZE_MAX, satori_stale_streams(store, number(first), &streams, &error))
  OP("without_metadata")
    LIST(SIZE_MAX, satori_streams_without_metadata(store, &streams, &error))
  OP("with_data") LIST(SIZE_MAX, satori_streams_with_data(store, &streams, &error))
  OP("contains") {
    int32_t contains;
    if (fine(satori_contains(store, first, length, &contains, &error))) {
      say("contains %" PRId32 "\n", contains);
    }
  }
  OP("sync") {
    char *json = json_of(args[0], &length);
    if (fine(satori_sync_streams(store, json, length, &string, &error))) say_string(string);
    free(json);
  }
  OP("remove") {
    int32_t what = strcmp(args[1].data, "metadata") == 0 ? SATORI_REMOVE_METADATA
                   : strcmp(args[1].data, "data") == 0   ? SATORI_REMOVE_DATA
                                                         : SATORI_REMOVE_BOTH;
    int32_t metadata;
    if (fine(satori_remove(store, first, length, what, &metadata, &count, &error))) {
      say("metadata %" PRId32 " rows %" PRIu64 "\n", metadata, count);
    }
  }
  OP("insert") insert(args);
  OP("insert_many") insert_many(args, operation->count, 0);
  OP("insert_spelled") insert_many(args, operation->count, 1);
  OP("insert_across") insert_across(args, operation->count);
  OP("range")
    ROWS(strtoull(args[3].data, NULL, 10),
         satori_observations(store, first, length, RANGE, &cursor, &error))
  OP("last")
    ROWS(100, satori_last(store, first, length, strtoull(args[1].data, NULL, 10), &cursor, &error))
  OP("latest") {
    ROWS(1, satori_last(store, first, length, 1, &cursor, &error))
    check_get_latest(first, length);
  }
  OP("first")
    ROWS(100, satori_first(store, first, length, strtoull(args[1].data, NULL, 10), &cursor, &error))
  OP("last_before")
    ROWS(100, satori_last_before(store, first, length, number(args[1].data),
                                 strtoull(args[2].data, NULL, 10), &cursor, &error))
  OP("as_of") ROWS(1, satori_as_of(store, first, length, number(args[1].data), &cursor, &error))
  OP("latest_of")
    STREAMS_ROWS(2, satori_latest_of(store, (size_t)operation->count,
                                     texts_of(args, operation->count), &cursor, &error))
  OP("latest_of_all") STREAMS_ROWS(2, satori_latest_of_all(store, &cursor, &error))
  OP("streams_of")
    LIST(SIZE_MAX, satori_streams_of(store, (size_t)operation->count,
                                     texts_of(args, operation->count), &streams, &error))
  OP("streams_named")
    LIST(SIZE_MAX, satori_streams_named(store, (size_t)operation->count,
                                        texts_of(args, operation->count), &streams, &error))
  OP("wait") {
    uint64_t version;
    if (fine(satori_data_version(store, &version, &error)) &&
        fine(satori_wait(store, seen, 0, &count, &error))) {
      CHECK(count == version);
      say("%s\n", count == seen ? "same" : "changed");
      seen = version;
    }
  }
  OP("newer") STREAMS_ROWS(2, newer(args, operation->count, &cursor))
  OP("interrupt") {
    if (fine(satori_interrupt(store, &error))) say("done\n");
  }
  OP("resample") resample(args, operation->count);
  OP("align") align(args, operation->count);
  OP("align_to") align_to(args, operation->count);
  OP("at") ROWS(1, satori_observation(store, first, length, number(args[1].data), &cursor, &error))
  OP("spelled")
    SPELLED_ROWS(strtoull(args[3].data, NULL, 10),
                 satori_observations(store, first, length, RANGE, &cursor, &error))
  OP("spelled_last")
    SPELLED_ROWS(100, satori_last(store, first, length, strtoull(args[1].data, NULL, 10), &cursor,
                                  &error))
  OP("spelled_at")
    SPELLED_ROWS(1, satori_observation(store, first, length, number(args[1].data), &cursor, &error))
  OP("count") {
    if (fine(satori_count(store, first, length, RANGE, &count, &error))) {
      say("count %" PRIu64 "\n", count);
    }
  }
  OP("delete") {
    if (fine(satori_delete(store, first, length, RANGE, &count, &error))) {
      say("count %" PRIu64 "\n", count);
    }
  }
  OP("retain") {
    int64_t since = bound(args[1], SATORI_NO_INSTANT);
    uint64_t last = since == SATORI_NO_INSTANT ? strtoull(args[2].data, NULL, 10) : 0;
    int32_t dry = strcmp(args[3].data, "dry") == 0;
    if (fine(satori_retain(store, first, length, since, last, dry, &count, &error))) {
      say("count %" PRIu64 "\n", count);
    }
  }
  OP("check_stream") {
    if (fine(satori_check_stream(store, first, length, &count, &string, &error))) {
      say("problems %" PRIu64 "\n", count);
      say_string(string);
    }
  }
  OP("check") say_check(satori_check, args);
  OP("check_file") say_check(satori_check_file, args);
  OP("statistics") say_statistics(first, length);
  OP("normalize") {
    int32_t dry = strcmp(args[1].data, "dry") == 0;
    if (fine(satori_normalize(store, first, length, dry, &count, &string, &error))) {
      say("rewritten %" PRIu64 "\n", count);
      say_string(string);
    }
  }
  OP("unreadable") {
    if (fine(satori_unreadable(store, first, length, &count, &string, &error))) {
      say("count %" PRIu64 "\n", count);
      say_string(string);
    }
  }
  OP("quarantine") {
    int32_t dry = strcmp(args[1].data, "dry") == 0;
    if (fine(satori_quarantine(store, first, length, dry, &count, &string, &error))) {
      say("count %" PRIu64 "\n", count);
      say_string(string);
    }
  }
  OP("quarantined") {
    if (fine(satori_quarantined(store, first, length, &count, &string, &error))) {
      say("count %" PRIu64 "\n", count);
      say_string(string);
    }
  }
  OP("quarantined_streams")
    LIST(SIZE_MAX, satori_quarantined_streams(store, &streams, &error))
  OP("restore") {
    uint64_t kept;
    if (fine(satori_restore(store, first, length, &count, &kept, &error))) {
      say("restored %" PRIu64 " kept %" PRIu64 "\n", count, kept);
    }
  }
  OP("restate_digest") {
    if (fine(satori_restate_digest(store, first, length, &error))) say("done\n");
  }
  OP("verify") {
    satori_verification found = satori_verification_init();
    if (fine(satori_verify(store, first, length, &found, &string, &error))) {
      say("rows %" PRIu64 " verified %" PRIu64 " foreign %" PRIu64 " between %" PRIu64
          " suspect %" PRIu64 " digest %d\n",
          found.rows, found.verified, found.foreign, found.foreign_between, found.suspect,
          (int)found.digest);
      say_string(string);
    }
  }
  OP("copy") copy(args);
  OP("ingest") ingest(args, operation->count);
  else {
    fprintf(stderr, "no operation %s\n", operation->name);
    exit(1);
  }
}
