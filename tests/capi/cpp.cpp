/* What looks dangerous through the C++ header runs, or throws. */
#include <algorithm>
#include <utility>
#if __cplusplus >= 202002L
#include <ranges>
#endif

#include <satori_store.hpp>

#include "host.h"

static const char uuid[] = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1";
/* More than a batch, so that a cursor is half read. */
static const int many = 3000;

template <class Call>
static satori_code code_of(Call call) {
  try {
    call();
  } catch (const satori::Error &error) {
    CHECK(error.what()[0] != '\0');
    return error.code();
  }
  return SATORI_OK;
}

static satori::Store filled() {
  satori::Store store = satori::Store::in_memory();
  std::vector<satori::NewObservation> rows;
  for (int row = 0; row < many; row++) {
    rows.push_back({satori::Instant(std::chrono::hours(row)), double(row)});
  }
  CHECK(store.insert_many(uuid, rows).inserted == std::uint64_t(many));
  return store;
}

/* A half-read cursor that is moved goes on where it was; what is left has no rows. */
static void moved(const satori::Store &store) {
  satori::Cursor first = store.observations(uuid);
  auto row = first.begin();
  for (int step = 0; step < 10; step++) ++row;
  CHECK(row->value == 10);
  satori::Cursor second = std::move(first);
  CHECK(code_of([&] { first.begin(); }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { (void)first.next(1, nullptr, nullptr, nullptr); }) == SATORI_NULL_POINTER);
  CHECK(second.begin()->value == 11);

  satori::Cursor third = store.observations(uuid);
  CHECK(third.begin()->value == 0);
  third = std::move(second);
  CHECK(code_of([&] { second.begin(); }) == SATORI_NULL_POINTER);
  int left = 0;
  for (const satori::Row &each : third) CHECK(each.value == 12 + left++);
  CHECK(left == many - 12);
  CHECK(third.begin() == third.end());
}

/* A row that was copied lives on when the cursor is gone. */
static void copied(const satori::Store &store) {
  satori::Row kept;
  {
    satori::Cursor cursor = store.observations(uuid);
    for (const satori::Row &row : cursor) {
      if (row.value == 5) kept = row;
    }
  }
  CHECK(kept.hash.size() == 16 && kept.provider == "central" && !kept.spelling);
}

static void null_texts(const satori::Store &store) {
  const char *none = nullptr;
  const satori::Instant now{};
  CHECK(code_of([&] { (void)store.contains(none); }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { store.insert(uuid, now, 0, none); }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { (void)store.ingest(none); }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { satori::Store other{none}; }) == SATORI_NULL_POINTER);
  satori::StreamPatch patch;
  satori::IngestOptions options;
  CHECK(code_of([&] { patch.name = none; }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { options.uuid = none; }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { store.insert(uuid, {now, 0, none}); }) == SATORI_NULL_POINTER);
  CHECK(code_of([&] { store.insert_spelled(uuid, {{none, 0}}); }) == SATORI_NULL_POINTER);
  /* Views of nothing are empty text, as ever. */
  CHECK(code_of([&] { (void)store.contains(std::string_view()); }) == SATORI_INVALID_UUID);
  CHECK(store.search_streams({}).empty());
}

static void numbers(const satori::Store &store) {
  satori::StreamPatch patch;
  const int small = 7;
  const std::uint32_t unsigned_number = 8;
  patch.server_stream_id = small;
  CHECK(store.upsert_stream(uuid, patch).server_stream_id == 7);
  patch.server_stream_id = unsigned_number;
  CHECK(store.upsert_stream(uuid, patch).server_stream_id == 8);
  patch.server_stream_id = std::optional<std::int64_t>();
  CHECK(!store.upsert_stream(uuid, patch).server_stream_id);
  CHECK(store.streams_by_server_id(small).empty());
  CHECK(store.last(uuid, small).size() == 7);
  CHECK(code_of([&] { (void)store.last(uuid, -small); }) == SATORI_INVALID_ARGUMENT);
}

#if __cplusplus >= 202002L
static_assert(std::ranges::input_range<satori::Cursor>);

static void ranges(const satori::Store &store) {
  int found = 0;
  for (const satori::Row &row :
       store.observations(uuid) |
           std::views::filter([](const satori::Row &each) { return each.value >= 2000; }) |
           std::views::take(10)) {
    CHECK(row.value == 2000 + found++);
  }
  CHECK(found == 10);

  satori::Cursor cursor = store.observations(uuid);
  const auto place = std::ranges::find(cursor, 1500.0, &satori::Row::value);
  CHECK(place != cursor.end() && place->value == 1500);
  /* The least is batches back when its text is read. */
  satori::Cursor all = store.observations(uuid);
  const satori::Observation least = std::ranges::min(all, {}, &satori::Row::ts);
  CHECK(least.value == 0 && least.hash.size() == 16);
  satori::Cursor counted = store.observations(uuid);
  CHECK(std::ranges::count_if(counted, [](double value) { return value < 100; },
                              &satori::Row::value) == 100);
}
#endif

int main() {
  satori::Store store = filled();
  moved(store);
  copied(store);
  null_texts(store);
  numbers(store);
#if __cplusplus >= 202002L
  ranges(store);
#endif
}
