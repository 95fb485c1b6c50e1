/* `cpp.rs` compiles this: the compiler must object to the lines that end in `// refused`, and
 * to no other. */
#include <satori_store.hpp>

void cases(satori::Store &store, satori::Cursor &cursor, satori::Instant now) {
  satori::StreamPatch patch;
  patch.name = "bitcoin";
  patch.server_stream_id = 3;
  patch.server_stream_id = std::optional<std::int64_t>(3);
  patch.name = std::string("bitcoin");
  patch.name = std::string_view("bitcoin");
  patch.name = std::optional<std::string>("bitcoin");
  patch.name = satori::Stream().name;
  (void)store.streams_by_server_id(3);
  (void)store.last("uuid", 3);
  store.insert("uuid", {now, 1.0, "hash", std::string("engine")});
  (void)store.contains("uuid");
  store.insert("uuid", now, 1, "hash", std::string("engine"));
  /* No text at all: strlen(NULL) would crash. */
  store.insert(nullptr, now, 1);  // refused
  store.insert("uuid", now, 1, nullptr);  // refused
  store.insert("uuid", now, 1, "hash", nullptr);  // refused
  (void)store.contains(nullptr);  // refused
  satori::Store nowhere(nullptr);  // refused
  (void)store.ingest(nullptr);  // refused
  (void)satori::parse_timestamp(nullptr);  // refused
  patch.name = nullptr;  // refused
  satori::Field<satori::OwnedText> text(nullptr);  // refused
  store.insert("uuid", {now, 1.0, nullptr});  // refused
  store.insert_many("uuid", {{now, 1.0, "hash", nullptr}});  // refused
  store.insert_spelled("uuid", {{nullptr, 1.0}});  // refused
  satori::IngestOptions options;
  options.uuid = nullptr;  // refused
  /* A number that would lose its fraction, or its sign; a letter is none. */
  patch.server_stream_id = 3.7;  // refused
  satori::Field<std::int64_t> number(3.7);  // refused
  satori::StreamPatch numbers{3.7};  // refused
  patch.server_stream_id = std::optional<double>(3.7);  // refused
  patch.server_stream_id = true;  // refused
  patch.server_stream_id = 'c';  // refused
  patch.server_stream_id = std::uint64_t{1} << 63;  // refused
  (void)store.streams_by_server_id(3.7);  // refused
  (void)store.streams_by_server_id(UINT64_MAX);  // refused
  (void)store.last("uuid", 3.7);  // refused
  /* A result that is the whole point of the call. */
  store.contains("uuid");  // refused
  store.observations("uuid");  // refused
  cursor.next(1, nullptr, nullptr, nullptr);  // refused
  satori::Store::in_memory();  // refused
  store.ingest("null");  // refused
  store.sync_streams("[]");  // refused
  /* An owner doesn't copy. */
  satori::Cursor second_cursor(cursor);  // refused
  satori::Store second_store(store);  // refused
  (void)cursor;
}
