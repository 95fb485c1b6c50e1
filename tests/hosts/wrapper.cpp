// Every operation of satori_store.hpp, once, with what it must answer.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <satori_store.hpp>
#include <thread>

#include "../capi/arrow_c.h"

#if __cplusplus >= 202002L
#include <ranges>
static_assert(std::input_iterator<satori::Cursor::Iterator>);
static_assert(std::ranges::input_range<satori::Cursor>);
#endif
static_assert(!std::is_copy_constructible_v<satori::Store>);
static_assert(!std::is_copy_assignable_v<satori::Cursor>);
static_assert(std::is_nothrow_move_constructible_v<satori::Store>);
static_assert(std::is_nothrow_move_assignable_v<satori::Cursor>);

using namespace std::chrono_literals;

#define CHECK(...)                                                                \
  do {                                                                            \
    if (!(__VA_ARGS__)) {                                                         \
      std::cerr << __FILE__ << ':' << __LINE__ << ": not so: " #__VA_ARGS__ "\n"; \
      std::exit(1);                                                               \
    }                                                                             \
  } while (0)

template <class Call>
static satori_code code_of(Call call) {
  try {
    call();
  } catch (const satori::Error &error) {
    CHECK(*error.what() != '\0');
    return error.code();
  }
  return SATORI_OK;
}

static satori::Instant at(int hour) { return satori::Instant(std::chrono::hours(hour)); }

static const char uuid[] = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1";

static void streams(const satori::Store &store) {
  satori::StreamPatch patch;
  patch.name = "bitcoin";
  patch.author = std::string_view("satori");
  patch.server_stream_id = 7;
  patch.description = "";
  satori::Stream stream = store.upsert_stream(uuid, patch);
  CHECK(stream.uuid == uuid && stream.name == "bitcoin" && stream.author == "satori");
  CHECK(stream.server_stream_id == 7 && stream.description == "" && !stream.meta);
  CHECK(stream.last_synced && stream.created_at);

  patch = {};
  patch.author = std::nullopt;
  patch.server_stream_id = std::nullopt;
  patch.meta = std::optional<std::string>("free");
  const auto id = stream.id;
  stream = store.update_stream(uuid, patch);
  CHECK(stream.id == id && stream.name == "bitcoin" && !stream.author);
  CHECK(!stream.server_stream_id && stream.meta == "free");
  CHECK(code_of([&] { store.update_stream("none", patch); }) == SATORI_STREAM_NOT_FOUND);

  CHECK(store.upsert_stream(uuid).meta == "free");
  CHECK(store.stream_by_uuid(uuid)->name == "bitcoin");
  CHECK(!store.stream_by_uuid("none"));
  CHECK(store.contains(uuid) && !store.contains("none"));
  CHECK(code_of([&] { (void)store.contains("streams"); }) == SATORI_INVALID_UUID);
  CHECK(store.stream_by_name("bitcoin")->uuid == uuid);
  CHECK(!store.stream_by_name({}));
  CHECK(store.streams_by_name("bitcoin").size() == 1);
  CHECK(store.streams_by_server_id(7).empty());
  CHECK(store.search_streams("BITC").size() == 1);
  CHECK(store.stale_streams(at(0)).empty());

  const std::string report = store.sync_streams(
      R"([{"uuid": "other", "name": "ether"}, {"uuid": "", "name": "bad"}])");
  CHECK(report.find(R"("new":["other"])") != std::string::npos);
  CHECK(store.streams().size() == 2);
  CHECK(store.streams_with_data().empty());
}

static void observations(satori::Store &store) {
  satori::Inserted inserted = store.insert(uuid, at(0), 1.5);
  CHECK(inserted.insertion == satori::Insertion::inserted && inserted.stored == 1.5);
  inserted = store.insert(uuid, at(0), 2.5, "hash", "engine");
  CHECK(inserted.insertion == satori::Insertion::conflict && inserted.stored == 1.5);
  inserted = store.insert(uuid, {at(1), 2.5, "", "engine"});
  CHECK(inserted.insertion == satori::Insertion::inserted);

  constexpr int many = 3000;
  std::vector<satori::NewObservation> rows;
  for (int hour = 0; hour < many; ++hour) rows.push_back({at(hour), hour == 1 ? 2.5 : hour + 0.25});
  rows[2].hash = "given";
  rows[2].provider = "engine";
  const satori::InsertReport report = store.insert_many(uuid, rows);
  CHECK(report.inserted == many - 2 && report.already_there == 1 && report.conflicts == 1);
  CHECK(report.details.front() == '[' && report.details.find("1.5") != std::string::npos);
  CHECK(store.insert_many(uuid, {}).inserted == 0);

  // A cursor as a range, over several batches.
  int hour = 0;
  for (const satori::Row &row : store.observations(uuid)) {
    CHECK(row.ts == at(hour));
    CHECK(row.hash == (hour == 1 ? "" : hour == 2 ? "given" : row.hash));
    CHECK(row.provider == (hour == 1 || hour == 2 ? "engine" : "central"));
    ++hour;
  }
  CHECK(hour == many);

  satori::Cursor cursor = store.observations(uuid, at(10), at(20));
  const std::vector<satori::Observation> ten(cursor.begin(), cursor.end());
  CHECK(ten.size() == 10 && ten.front().ts == at(10) && ten.back().value == 19.25);
  cursor = store.observations(uuid, at(10));
  auto row = cursor.begin();
  CHECK((*row++).ts == at(10) && row->ts == at(11) && row != cursor.end());
  cursor = store.observations(uuid);
  CHECK(std::count_if(cursor.begin(), cursor.end(),
                      [](const satori::Row &each) { return each.value > 99; }) == many - 99);

  // Into arrays, from a cursor that was moved.
  cursor = store.observations(uuid);
  satori::Cursor moved = std::move(cursor);
  std::int64_t ts[100];
  double values[100];
  CHECK(moved.next(100, ts, nullptr, values) == 100 && ts[99] == 99 * 3600000000LL &&
        values[99] == 99.25);
  CHECK(code_of([&] { (void)cursor.next(100, ts, nullptr, values); }) != SATORI_OK);

  CHECK(store.last(uuid, 2).size() == 2 && store.last(uuid, 2)[0].ts == at(many - 2));
  CHECK(store.latest(uuid)->ts == at(many - 1));
  CHECK(store.observation(uuid, at(2))->hash == "given");
  CHECK(!store.observation(uuid, at(many)));
  CHECK(store.count(uuid) == many && store.count(uuid, at(10), at(20)) == 10);

  const satori::Statistics statistics = store.get_statistics(uuid);
  CHECK(statistics.count == many && statistics.first == at(0) && statistics.last == at(many - 1));
  CHECK(statistics.minimum == 1.5 && statistics.spacing == 1h && statistics.gaps == 0);
  CHECK(statistics.providers.find(R"(["engine",2])") != std::string::npos);

  const satori::Verification verification = store.verify(uuid);
  CHECK(verification.rows == many && verification.verified > 0 && !verification.details.empty());
  CHECK(verification.verified + verification.foreign + verification.suspect == many);
  CHECK(store.normalize(uuid, true).rewritten == 0 && !store.normalize(uuid).details.empty());

  CHECK(store.delete_observations(uuid, at(10), at(20)) == 10);
  CHECK(store.streams_without_metadata().empty());
  CHECK(store.streams_with_data().at(0).uuid == uuid);
  CHECK(store.remove(uuid, satori::Remove::metadata).metadata);
  CHECK(store.streams_without_metadata().at(0).uuid == uuid);
  const satori::Removed removed = store.remove(uuid, satori::Remove::both);
  CHECK(!removed.metadata && removed.rows == many - 10);
  CHECK(code_of([&] { (void)store.observations(uuid); }) == SATORI_STREAM_NOT_FOUND);
}

// Timestamps that are stored as text come back as that text.
static void spellings(const satori::Store &store) {
  const std::vector<satori::SpelledObservation> rows = {{"1970-01-01 01:00", 1.5}, {"7200", 2.5}};
  CHECK(store.insert_spelled("spelled", rows).inserted == 2);
  CHECK(store.insert_many("spelled", {{at(1), 1.5}, {at(3), 3.5}}).already_there == 1);
  const std::vector<satori::Observation> all = store.last("spelled", 10);
  CHECK(all.size() == 3 && all[0].ts == at(1) && all[0].spelling == "1970-01-01 01:00");
  CHECK(!all[1].spelling && !all[2].spelling);
  satori::Cursor cursor = store.observations("spelled");
  satori_text spelling;
  CHECK(cursor.next(1, nullptr, &spelling, nullptr) == 1 && spelling.length == 16);
  CHECK(code_of([&] { store.insert_spelled("spelled", {{"noon", 1}}); }) ==
        SATORI_INVALID_TIMESTAMP);
  CHECK(store.remove("spelled", satori::Remove::both).rows == 3);
}

// Rows out and in as Arrow; a stream outlives the store it came from.
static void arrow() {
  satori::Store store = satori::Store::in_memory();
  std::vector<satori::NewObservation> rows;
  for (int hour = 0; hour < 100; ++hour) rows.push_back({at(hour), hour + 0.5});
  store.insert_many("from", rows);

  ArrowArrayStream stream;
  store.export_arrow("from", &stream, at(10), at(20));
  satori::InsertReport report = store.import_arrow("to", &stream);
  CHECK(report.inserted == 10 && report.conflicts == 0 && stream.release == nullptr);
  CHECK(store.count("to") == 10 && store.latest("to")->hash == store.observation("from", at(19))->hash);
  CHECK(code_of([&] { store.import_arrow("to", &stream); }) == SATORI_INVALID_ARROW);

  store.export_arrow("from", &stream);
  report = store.import_arrow("to", &stream, "engine");
  CHECK(report.inserted == 90 && report.already_there == 10 && report.details == "[]");
  CHECK(store.latest("to")->provider == "central");
  CHECK(code_of([&] { store.export_arrow("none", &stream); }) == SATORI_STREAM_NOT_FOUND);

  store.export_arrow("from", &stream);
  store.close();
  ArrowSchema schema;
  CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 4);
  CHECK(std::string(schema.children[0]->format) == "tsu:UTC");
  schema.release(&schema);
  ArrowArray batch;
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.length == 100);
  CHECK(static_cast<const double *>(batch.children[1]->buffers[1])[99] == 99.5);
  batch.release(&batch);
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == nullptr);
  stream.release(&stream);
}

static void ingest(const satori::Store &store) {
  const char old_shape[] = R"({"value": "5.5", "observed_at": "3600", "hash": "h"})";
  CHECK(store.ingest(old_shape).rejected == 1);
  satori::IngestOptions options;
  options.uuid = uuid;
  options.provider = "engine";
  satori::IngestReport report = store.ingest(old_shape, options);
  CHECK(report.payloads == 1 && report.inserted == 1 && report.rejected == 0);
  CHECK(store.latest(uuid)->provider == "engine" && store.latest(uuid)->ts == at(1));
  CHECK(store.ingest("null").nothing == 1);

  options.strict = true;
  try {
    (void)store.ingest(R"({"value": "6", "observed_at": "3600"})", options);
    CHECK(false);
  } catch (const satori::Refused &refused) {
    CHECK(refused.code() == SATORI_REFUSED && refused.report().conflicts == 1);
    CHECK(refused.report().inserted == 0);
    CHECK(refused.report().details.find("5.5") != std::string::npos);
  }
  CHECK(code_of([&] { (void)store.ingest("[{"); }) == SATORI_INVALID_JSON);

  // A piece of a longer input.
  options = {};
  options.format = satori::Format::ndjson;
  options.first_line = 40;
  report = store.ingest("[1,\nnull", options);
  CHECK(report.nothing == 1 && report.rejected == 1);
  CHECK(report.details.find("\"line\":40") != std::string::npos);
}

static void owners(const char *path) {
  satori::OpenOptions options;
  options.synchronous = satori::Synchronous::full;
  options.busy_timeout = 1ms;
  satori::Store store(path, options);
  ingest(store);
  satori::Store moved = std::move(store);
  CHECK(code_of([&] { (void)store.streams(); }) == SATORI_NULL_POINTER);
  CHECK(moved.count(uuid) == 1);

  std::thread([&] { CHECK(moved.count(uuid) == 1); }).join();
  moved.close();
  CHECK(code_of([&] { (void)moved.count(uuid); }) == SATORI_INVALID_HANDLE);
  CHECK(code_of([&] { moved.close(); }) == SATORI_INVALID_HANDLE);

  options = {};
  options.read_only = true;
  moved = satori::Store(path, options);
  CHECK(moved.count(uuid) == 1);
  CHECK(code_of([&] { moved.insert(uuid, at(9), 1); }) == SATORI_READ_ONLY);

  options = {};
  options.must_exist = true;
  const std::string missing = std::string(path) + ".missing";
  CHECK(code_of([&] { satori::Store none(missing, options); }) == SATORI_CANNOT_OPEN);
  CHECK(code_of([] { satori::Store none("postgres://host/engine"); }) == SATORI_CANNOT_OPEN);
  try {
    satori::Store none(missing, options);
  } catch (const satori::Error &error) {
    CHECK(std::string(error.what()).find(missing) != std::string::npos);
    // The library objects, before SQLite could.
    CHECK(error.database_code() == 0 && error.sqlstate().empty());
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  satori::Store store = satori::Store::in_memory();
  streams(store);
  observations(store);
  spellings(store);
  arrow();
  owners(argv[1]);

  const satori::LibraryInfo info = satori::get_library_info();
  CHECK(info.version == SATORI_VERSION && !info.sqlite_source_id.empty());
  CHECK(satori::parse_timestamp("1970-01-01 01:00") == at(1));
  CHECK(code_of([] { (void)satori::parse_timestamp({}); }) == SATORI_INVALID_TIMESTAMP);
  CHECK(satori::stream_uuid("central", "satori", "bitcoin").size() == 36);
  return 0;
}
