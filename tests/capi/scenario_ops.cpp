/* The operations, each on satori_store.hpp. */
#include "codes.h"
#include "scenario.h"

#include <satori_store.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

using Text = std::optional<std::string>;
using Instants = std::pair<satori::Instant, satori::Instant>;

static std::optional<satori::Store> store;
/* The store's data version at the last `wait`. */
static std::uint64_t seen;

static Text text_of(const argument &from) {
  if (from.data == nullptr) return std::nullopt;
  return std::string(from.data, from.length);
}

static std::int64_t number(const argument &from) { return std::strtoll(from.data, nullptr, 10); }

static satori::Instant instant(std::int64_t ts) {
  return satori::Instant(std::chrono::microseconds(ts));
}

static satori::Instant instant(const argument &from) { return instant(number(from)); }

/* The bounds of a range. */
static Instants range(const argument *bounds) {
  return {bounds[0].data ? instant(bounds[0]) : satori::Instant::min(),
          bounds[1].data ? instant(bounds[1]) : satori::Instant::max()};
}

static std::int64_t micros(satori::Instant ts) { return ts.time_since_epoch().count(); }

static void say(const Text &text) {
  if (text) {
    say_text({text->c_str(), text->size()});
  } else {
    say_text({nullptr, 0});
  }
}

static void say_line(const std::string &text) {
  say(Text(text));
  say("\n");
}

static void say_instant(std::optional<satori::Instant> ts) {
  if (!ts) {
    say("-");
  } else if (micros(*ts) >= began) {
    say("now");
  } else {
    say("%" PRId64, micros(*ts));
  }
}

static void say_stream(const satori::Stream &stream) {
  /* Of a stream without metadata there is only the uuid. */
  if (stream.id == 0) return say_line(stream.uuid);
  say("stream\t%" PRId64 "\t", stream.id);
  say(Text(stream.uuid));
  say("\t");
  say(stream.server_stream_id ? Text(std::to_string(*stream.server_stream_id)) : Text());
  for (const Text &text : {stream.name, stream.author, stream.secondary, stream.target,
                           stream.meta, stream.description}) {
    say("\t");
    say(text);
  }
  say("\t");
  say_instant(stream.last_synced);
  say("\t");
  say_instant(stream.created_at);
  say("\n");
}

static void say_streams(const std::vector<satori::Stream> &streams) {
  if (streams.empty()) say("count 0\n");
  for (const satori::Stream &stream : streams) say_stream(stream);
}

static void say_streams(const std::optional<satori::Stream> &stream) {
  stream ? say_stream(*stream) : say("count 0\n");
}

static void say_row(const satori::Observation &row, bool spelled) {
  say("%" PRId64 "\t", micros(row.ts));
  if (spelled) {
    say(row.spelling);
    say("\t");
  }
  say("%.6f\t", row.value);
  say(Text(row.hash));
  say("\t");
  say_line(row.provider);
}

static void say_rows(const std::vector<satori::Observation> &rows, bool spelled = false) {
  if (rows.empty()) say("count 0\n");
  for (const satori::Observation &row : rows) say_row(row, spelled);
}

static void say_rows(const std::optional<satori::Observation> &row, bool spelled = false) {
  row ? say_row(*row, spelled) : say("count 0\n");
}

/* Rows of several streams, each behind its stream. */
static void say_rows(const std::vector<std::pair<std::string, satori::Observation>> &rows) {
  if (rows.empty()) say("count 0\n");
  for (const auto &[uuid, row] : rows) {
    say(Text(uuid));
    say("\t");
    say_row(row, false);
  }
}

static void say_report(const satori::InsertReport &report) {
  say("inserted %" PRIu64 " already_there %" PRIu64 " conflicts %" PRIu64 "\n", report.inserted,
      report.already_there, report.conflicts);
  say_line(report.details);
}

static void say_report(const satori::IngestReport &report) {
  say("payloads %" PRIu64 " inserted %" PRIu64 " already_there %" PRIu64 " nothing %" PRIu64
      " conflicts %" PRIu64 " rejected %" PRIu64 "\n",
      report.payloads, report.inserted, report.already_there, report.nothing, report.conflicts,
      report.rejected);
  say_line(report.details);
}

static void say_statistics(const satori::Statistics &found) {
  const auto bound = [](std::optional<satori::Instant> ts) {
    return ts ? std::to_string(micros(*ts)) : "-";
  };
  say("count %" PRIu64 " unreadable %" PRIu64 " first %s last %s ", found.count, found.unreadable,
      bound(found.first).c_str(), bound(found.last).c_str());
  say("minimum %.6f maximum %.6f sum %.6f spacing %" PRId64 " gaps %" PRIu64 "\n",
      found.minimum.value_or(0), found.maximum.value_or(0), found.sum,
      static_cast<std::int64_t>(found.spacing.value_or(std::chrono::microseconds(0)).count()),
      found.gaps);
  say_line(found.providers);
}

static void open_store(const argument *args, int count) {
  satori::OpenOptions options;
  bool in_memory = false;
  for (int index = 1; index < count; index++) {
    const std::string_view option = args[index].data;
    if (option == "read_only") options.read_only = true;
    if (option == "must_exist") options.must_exist = true;
    if (option == "full") options.synchronous = satori::Synchronous::full;
    if (option == "no_wait") options.busy_timeout = std::chrono::microseconds(0);
    if (option == "keep_spelling") options.keep_spelling = true;
    if (option == "skip_unreadable") options.skip_unreadable = true;
    if (option == "digest") options.digest = true;
    if (option == "in_memory") in_memory = true;
  }
  const std::string name = text_of(args[0]).value_or("");
  /* A URL is a place of its own. */
  const bool is_url = name.find("://") != std::string::npos;
  const std::string path = is_url ? name : std::string(scratch) + "/" + name;
  store = in_memory ? satori::Store::in_memory() : satori::Store(path, options);
  say("done\n");
}

static void copy_fixture(const argument *args) {
  std::filesystem::copy_file(std::string(tests) + "fixtures/" + args[0].data,
                             std::string(scratch) + "/" + args[1].data);
  say("done\n");
}

/* A JSON argument: what it says, or the feed that it names. */
static std::string json_of(const argument &from) {
  if (from.data == nullptr || from.data[0] != '@') return text_of(from).value_or("");
  std::ifstream feed(std::string(tests) + "feeds/" + (from.data + 1), std::ios::binary);
  CHECK(feed.good());
  return {std::istreambuf_iterator<char>(feed), {}};
}

static satori::StreamPatch patch_of(const argument *fields, int count) {
  satori::StreamPatch patch;
  for (int index = 0; index < count; index++) {
    const std::string field(fields[index].data, fields[index].length);
    const std::size_t end = field.find('=');
    const std::string name = field.substr(1, end == std::string::npos ? end : end - 1);
    const Text value = field[0] == '!' ? Text() : Text(field.substr(end + 1));
    if (name == "server_stream_id") {
      patch.server_stream_id = value ? std::optional<std::int64_t>(std::stoll(*value)) : std::nullopt;
    }
    if (name == "name") patch.name = value;
    if (name == "author") patch.author = value;
    if (name == "secondary") patch.secondary = value;
    if (name == "target") patch.target = value;
    if (name == "meta") patch.meta = value;
    if (name == "description") patch.description = value;
  }
  return patch;
}

/* The four parts of a row that is to be inserted. */
static std::array<std::string, 4> parts_of(const std::string &from) {
  std::array<std::string, 4> part;
  std::size_t at = 0;
  for (std::string &field : part) {
    const std::size_t end = std::min(from.find(',', at), from.size());
    field = from.substr(at, end - at);
    at = end + 1;
  }
  return part;
}

static satori::NewObservation row_of(const std::string &from) {
  const auto part = parts_of(from);
  satori::NewObservation row;
  row.ts = instant(std::stoll(part[0]));
  row.value = std::strtod(part[1].c_str(), nullptr);
  if (part[2] != "-") row.hash = part[2];
  if (part[3] != "-") row.provider = part[3];
  return row;
}

static satori::SpelledObservation spelled_row_of(const std::string &from) {
  const auto part = parts_of(from);
  satori::SpelledObservation row;
  row.ts = part[0];
  row.value = std::strtod(part[1].c_str(), nullptr);
  if (part[2] != "-") row.hash = part[2];
  if (part[3] != "-") row.provider = part[3];
  return row;
}

static void insert(const argument *args) {
  static const char *const words[] = {"inserted", "already_there", "conflict"};
  satori::NewObservation row;
  row.ts = instant(args[1]);
  row.value = std::strtod(args[2].data, nullptr);
  row.hash = text_of(args[3]);
  row.provider = text_of(args[4]);
  const satori::Inserted inserted = store->insert(text_of(args[0]).value_or(""), row);
  say("%s %.6f\n", words[static_cast<int>(inserted.insertion)], inserted.stored);
}

static void insert_across(const argument *args, int count) {
  std::vector<std::string> uuids;
  std::vector<satori::NewObservation> rows;
  for (int row = 0; row < count; row++) {
    const std::string given = args[row].data;
    const std::size_t end = given.find(',');
    uuids.push_back(given.substr(0, end));
    rows.push_back(row_of(given.substr(end + 1)));
  }
  std::vector<std::pair<satori::Text, satori::NewObservation>> observations;
  for (std::size_t row = 0; row < rows.size(); row++) {
    observations.emplace_back(uuids[row], rows[row]);
  }
  say_report(store->insert_across(observations));
}

/* All arguments, as texts. */
static std::vector<satori::Text> views_of(const argument *args, int count) {
  std::vector<satori::Text> texts;
  for (int index = 0; index < count; index++) {
    texts.emplace_back(std::string_view(args[index].data, args[index].length));
  }
  return texts;
}

static void newer(const argument *args, int count) {
  std::vector<std::pair<satori::Text, satori::Instant>> after;
  for (int index = 1; index < count; index++) {
    const std::string_view text = args[index].data;
    const std::size_t comma = text.find(',');
    after.emplace_back(text.substr(0, comma), instant(std::stoll(std::string(text.substr(comma + 1)))));
  }
  say_rows(store->newer(after, std::strtoull(args[0].data, nullptr, 10)));
}

static void say_number(double value) {
  std::isnan(value) ? say("\t-") : say("\t%.6f", value);
}

static void resample(const argument *args, int count) {
  const auto [from, to] = range(args + 1);
  const auto summaries = store->resample(text_of(args[0]).value_or(""),
                                         text_of(args[3]).value_or(""), from, to, count > 4);
  if (summaries.empty()) say("count 0\n");
  for (const satori::Summary &summary : summaries) {
    say("%" PRId64 "\t%" PRId64 "\t%" PRIu64, micros(summary.start), micros(summary.end),
        summary.count);
    for (const double value : {summary.first, summary.last, summary.min, summary.max, summary.mean,
                               summary.sum}) {
      say_number(value);
    }
    say("\n");
  }
}

static std::pair<satori::Fill, std::optional<std::chrono::microseconds>> fill_of(
    const argument &from) {
  const std::string text = from.data;
  if (text == "exact") return {satori::Fill::exact, {}};
  if (text == "mean") return {satori::Fill::mean, {}};
  const std::size_t age = text.find(':');
  if (age == std::string::npos) return {satori::Fill::as_of, {}};
  return {satori::Fill::as_of, std::chrono::microseconds(std::stoll(text.substr(age + 1)))};
}

static void say_aligned(const std::vector<satori::Instant> &ts,
                        const std::vector<std::vector<double>> &values) {
  if (ts.empty()) say("count 0\n");
  for (std::size_t row = 0; row < ts.size(); row++) {
    say("%" PRId64, micros(ts[row]));
    for (const std::vector<double> &column : values) say_number(column[row]);
    say("\n");
  }
}

static void align(const argument *args, int count) {
  const auto [from, to] = range(args);
  const auto [fill, max_age] = fill_of(args[3]);
  const satori::Aligned aligned =
      store->align(views_of(args + 4, count - 4), text_of(args[2]).value_or(""), fill, max_age,
                   from, to);
  say_aligned(aligned.ts, aligned.values);
}

static void align_to(const argument *args, int count) {
  const auto [fill, max_age] = fill_of(args[1]);
  std::vector<satori::Instant> ts;
  for (std::stringstream list(args[0].data); list.good();) {
    std::string one;
    std::getline(list, one, ',');
    ts.push_back(instant(std::stoll(one)));
  }
  say_aligned(ts, store->align_to(views_of(args + 2, count - 2), ts, fill, max_age));
}

static void copy(const argument *args) {
  const auto [from, to] = range(args + 1);
  ArrowArrayStream rows;
  store->export_arrow(text_of(args[0]).value_or(""), &rows, from, to);
  try {
    say_report(store->import_arrow(text_of(args[3]).value_or(""), &rows, text_of(args[4])));
  } catch (const satori::Error &) {
    if (rows.release != nullptr) rows.release(&rows);
    throw;
  }
}

static void say_unreadable(const satori::UnreadableRows &found) {
  say("count %" PRIu64 "\n", found.count);
  say_line(found.rows);
}

static satori::TimeUnit unit_of(const argument &arg) {
  const std::string_view unit(arg.data);
  if (unit == "s") return satori::TimeUnit::seconds;
  if (unit == "ms") return satori::TimeUnit::milliseconds;
  if (unit == "us") return satori::TimeUnit::microseconds;
  if (unit == "ns") return satori::TimeUnit::nanoseconds;
  return satori::TimeUnit::automatic;
}

static void ingest(const argument *args, int count) {
  satori::IngestOptions options;
  options.uuid = text_of(args[0]);
  options.provider = text_of(args[1]);
  options.strict = std::string_view(args[2].data) == "strict";
  if (count > 4 && std::string_view(args[4].data) == "ndjson") {
    options.format = satori::Format::ndjson;
  }
  if (count > 5) options.first_line = std::strtoull(args[5].data, nullptr, 10);
  if (count > 6) options.unit = unit_of(args[6]);
  say_report(store->ingest(json_of(args[3]), options));
}

static void play_on_store(std::string_view op, const argument *args, int count) {
  const std::string first = text_of(args[0]).value_or("");
  if (op == "open") {
    open_store(args, count);
  } else if (op == "close") {
    store->close();
    say("done\n");
  } else if (op == "backup") {
    CHECK(store->backup(std::string(scratch) + "/" + first) > 0);
    say("done\n");
  } else if (op == "compact") {
    const satori::Compacted compacted = store->compact();
    CHECK(compacted.after > 0);
    say("%s\n", compacted.after < compacted.before ? "smaller" : "same");
  } else if (op == "fixture") {
    copy_fixture(args);
  } else if (op == "parse") {
    const satori::TimeUnit unit =
        count > 1 ? unit_of(args[1]) : satori::TimeUnit::automatic;
    say("%" PRId64 "\n", micros(satori::parse_timestamp(first, unit)));
  } else if (op == "uuid") {
    say_line(satori::stream_uuid(first, text_of(args[1]).value_or(""), text_of(args[2]).value_or(""),
                                 text_of(args[3]).value_or("")));
  } else if (op == "upsert") {
    say_stream(store->upsert_stream(first, patch_of(args + 1, count - 1)));
  } else if (op == "update") {
    say_stream(store->update_stream(first, patch_of(args + 1, count - 1)));
  } else if (op == "stream") {
    say_streams(store->stream_by_uuid(first));
  } else if (op == "by_name") {
    say_streams(store->stream_by_name(first));
  } else if (op == "streams_by_name") {
    say_streams(store->streams_by_name(first));
  } else if (op == "by_server_id") {
    say_streams(store->streams_by_server_id(number(args[0])));
  } else if (op == "streams") {
    say_streams(store->streams());
  } else if (op == "search") {
    say_streams(store->search_streams(first));
  } else if (op == "stale") {
    say_streams(store->stale_streams(instant(args[0])));
  } else if (op == "without_metadata") {
    say_streams(store->streams_without_metadata());
  } else if (op == "with_data") {
    say_streams(store->streams_with_data());
  } else if (op == "contains") {
    say("contains %d\n", store->contains(first));
  } else if (op == "sync") {
    say_line(store->sync_streams(json_of(args[0])));
  } else if (op == "remove") {
    const std::string_view what = args[1].data;
    const satori::Removed removed =
        store->remove(first, what == "metadata" ? satori::Remove::metadata
                             : what == "data"   ? satori::Remove::data
                                                : satori::Remove::both);
    say("metadata %d rows %" PRIu64 "\n", removed.metadata, removed.rows);
  } else if (op == "insert") {
    insert(args);
  } else if (op == "insert_many") {
    std::vector<satori::NewObservation> rows;
    for (int row = 1; row < count; row++) rows.push_back(row_of(args[row].data));
    say_report(store->insert_many(first, rows));
  } else if (op == "insert_spelled") {
    std::vector<satori::SpelledObservation> rows;
    for (int row = 1; row < count; row++) rows.push_back(spelled_row_of(args[row].data));
    say_report(store->insert_spelled(first, rows));
  } else if (op == "insert_across") {
    insert_across(args, count);
  } else if (op == "first") {
    say_rows(store->first(first, number(args[1])));
  } else if (op == "last_before") {
    say_rows(store->last_before(first, instant(args[1]), number(args[2])));
  } else if (op == "as_of") {
    say_rows(store->as_of(first, instant(args[1])));
  } else if (op == "latest_of") {
    say_rows(store->latest_of(views_of(args, count)));
  } else if (op == "latest_of_all") {
    say_rows(store->latest_of_all());
  } else if (op == "wait") {
    const std::uint64_t version = store->data_version();
    const std::uint64_t now = store->wait(seen, std::chrono::microseconds(0));
    say("%s\n", now == seen ? "same" : "changed");
    seen = version;
  } else if (op == "newer") {
    newer(args, count);
  } else if (op == "interrupt") {
    store->interrupt();
    say("done\n");
  } else if (op == "resample") {
    resample(args, count);
  } else if (op == "align") {
    align(args, count);
  } else if (op == "align_to") {
    align_to(args, count);
  } else if (op == "streams_of") {
    say_streams(store->streams_of(views_of(args, count)));
  } else if (op == "streams_named") {
    say_streams(store->streams_named(views_of(args, count)));
  } else if (op == "range" || op == "spelled") {
    /* The batch is C's; this cursor has one of its own. */
    const auto [from, to] = range(args + 1);
    satori::Cursor cursor = store->observations(first, from, to);
    say_rows(std::vector<satori::Observation>(cursor.begin(), cursor.end()), op == "spelled");
  } else if (op == "last") {
    say_rows(store->last(first, std::strtoull(args[1].data, nullptr, 10)));
  } else if (op == "latest") {
    say_rows(store->latest(first));
  } else if (op == "at") {
    say_rows(store->observation(first, instant(args[1])));
  } else if (op == "spelled_last") {
    say_rows(store->last(first, std::strtoull(args[1].data, nullptr, 10)), true);
  } else if (op == "spelled_at") {
    say_rows(store->observation(first, instant(args[1])), true);
  } else if (op == "count") {
    const auto [from, to] = range(args + 1);
    say("count %" PRIu64 "\n", store->count(first, from, to));
  } else if (op == "delete") {
    const auto [from, to] = range(args + 1);
    say("count %" PRIu64 "\n", store->delete_observations(first, from, to));
  } else if (op == "retain") {
    const bool dry = std::string_view(args[3].data) == "dry";
    const std::uint64_t rows = args[1].data == nullptr
        ? store->retain_last(first, std::strtoull(args[2].data, nullptr, 10), dry)
        : store->retain_since(first, instant(args[1]), dry);
    say("count %" PRIu64 "\n", rows);
  } else if (op == "check_stream") {
    const satori::Check found = store->check_stream(first);
    say("problems %" PRIu64 "\n", found.problems);
    say_line(found.findings);
  } else if (op == "check" || op == "check_file") {
    const std::optional<satori::Instant> since =
        args[0].data == nullptr ? std::nullopt : std::optional(instant(args[0]));
    const satori::Check found = op == "check" ? store->check(since) : store->check_file(since);
    const std::string kind = std::string("\"kind\":\"") + args[1].data + "\"";
    say(found.findings.find(kind) != std::string::npos ? "found\n" : "not found\n");
  } else if (op == "statistics") {
    say_statistics(store->get_statistics(first));
  } else if (op == "normalize") {
    const satori::Normalization done =
        store->normalize(first, std::string_view(args[1].data) == "dry");
    say("rewritten %" PRIu64 "\n", done.rewritten);
    say_line(done.details);
  } else if (op == "unreadable") {
    say_unreadable(store->unreadable(first));
  } else if (op == "quarantine") {
    say_unreadable(store->quarantine(first, std::string_view(args[1].data) == "dry"));
  } else if (op == "quarantined") {
    say_unreadable(store->quarantined(first));
  } else if (op == "quarantined_streams") {
    say_streams(store->quarantined_streams());
  } else if (op == "restore") {
    const satori::Restored done = store->restore(first);
    say("restored %" PRIu64 " kept %" PRIu64 "\n", done.restored, done.kept);
  } else if (op == "restate_digest") {
    store->restate_digest(first);
    say("done\n");
  } else if (op == "verify") {
    const satori::Verification found = store->verify(first);
    say("rows %" PRIu64 " verified %" PRIu64 " foreign %" PRIu64 " between %" PRIu64
        " suspect %" PRIu64 " digest %d\n",
        found.rows, found.verified, found.foreign, found.foreign_between, found.suspect,
        static_cast<int>(found.digest));
    say_line(found.details);
  } else if (op == "ingest") {
    ingest(args, count);
  } else if (op == "copy") {
    copy(args);
  } else {
    std::fprintf(stderr, "no operation %s\n", op.data());
    std::exit(1);
  }
}

void play(const struct operation *operation) {
  try {
    play_on_store(operation->name, operation->arguments, operation->count);
  } catch (const satori::Refused &refused) {
    say("error REFUSED\n");
    say_report(refused.report());
  } catch (const satori::Error &error) {
    CHECK(error.code() < static_cast<int>(sizeof(codes) / sizeof(codes[0])));
    say("error %s\n", codes[error.code()]);
  }
}
