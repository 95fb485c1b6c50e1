#ifndef SATORI_STORE_HPP
#define SATORI_STORE_HPP

/*
 * satori-store, from C++17: satori_store.h with owners, views and exceptions.
 *
 *     satori::Store store("engine.db");
 *     const satori::IngestReport report = store.ingest(json);
 *     if (auto bitcoin = store.stream_by_name("bitcoin"))
 *       for (const satori::Row &row : store.observations(bitcoin->uuid))
 *         std::cout << row.value << '\n';
 *
 * Each function of satori_store.h is here under its name without `satori_`, as a
 * method of Store or a function of this namespace, and means what it says there:
 * this file says what differs. Two names differ: `delete`, a keyword, is
 * delete_observations(); insert_many() with spellings is insert_spelled().
 *
 * Errors are exceptions of type satori::Error. A call that throws has stored
 * nothing, with the two exceptions that satori_store.h names: SATORI_FILE_REPLACED,
 * and SATORI_DATABASE if the disk failed during a commit.
 *
 * Store and Cursor own a handle: they move and don't copy, and free it at the end
 * of their life. A call on one that was moved from throws SATORI_NULL_POINTER; on one
 * that was closed, SATORI_INVALID_HANDLE. Everything else is a plain struct that owns
 * its text.
 *
 * Text goes in as whatever std::string_view is made of: UTF-8, no NUL needed. Instants are
 * std::chrono time points in microseconds UTC; the time now is
 *
 *     std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())
 *
 * Ranges take `from` in and leave `to` out; Instant::min() and Instant::max(), the
 * defaults, stand for no bound. Lists of variable shape (which rows were in conflict,
 * which were rejected and why) are JSON, as in C: hand them to the JSON library of
 * your choice.
 *
 * Threads. A Store may be used from any number of threads at once, also while one
 * of them calls close(); moving it and destroying it is for one thread alone, as
 * with any object. Use a Cursor in one thread at a time.
 *
 * Licence: MIT or Apache-2.0.
 */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "satori_store.h"

namespace satori {

/** A moment in UTC. */
using Instant =
    std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/** What every function throws. what() says what is wrong and what to do. */
class Error : public std::runtime_error {
 public:
  Error(satori_status status, const satori_error &error)
      : std::runtime_error(error.message),
        code_(static_cast<satori_code>(status)),
        database_code_(error.database_code),
        sqlstate_(error.sqlstate) {}

  /** Returns the kind of the error; later releases may add kinds. */
  [[nodiscard]] satori_code code() const noexcept { return code_; }

  /** Returns the kind's name in C, such as "SATORI_BUSY". */
  [[nodiscard]] const char *name() const noexcept { return satori_status_name(code_); }

  /** Returns the database's own number for what it objects to: SQLite's extended result
   *  code. 0 if the database has none, or was not the one to object. */
  [[nodiscard]] int database_code() const noexcept { return database_code_; }

  /** Returns the SQLSTATE of what the database objects to; empty if the database has
   *  none, as SQLite, or was not the one to object. */
  [[nodiscard]] const std::string &sqlstate() const noexcept { return sqlstate_; }

 private:
  satori_code code_;
  int database_code_;
  std::string sqlstate_;
};

/**
 * Text that goes in: made of whatever std::string_view is made of, without a copy.
 * `nullptr` does not compile; a `const char *` that is NULL throws SATORI_NULL_POINTER.
 */
class Text {
 public:
  /** Makes an empty text. */
  Text() = default;
  /** Takes NUL-terminated text. */
  Text(const char *text) : view_(not_null(text)) {}
  Text(std::nullptr_t) = delete;
  /** Takes a std::string_view, or what converts to one. */
  template <class T, class = std::enable_if_t<std::is_convertible_v<const T &, std::string_view> &&
                                              !std::is_convertible_v<const T &, const char *>>>
  Text(const T &text) : view_(text) {}

  /** Returns where it begins; never NULL. */
  const char *data() const noexcept { return view_.data() ? view_.data() : ""; }
  /** Returns its length in bytes. */
  std::size_t size() const noexcept { return view_.size(); }

 private:
  static const char *not_null(const char *text) {
    if (text) return text;
    throw Error(SATORI_NULL_POINTER, {SATORI_NULL_POINTER, 0, "", "a text is NULL"});
  }

  std::string_view view_;
};

/** Text that goes in and is kept until then: a std::string that no NULL is made into, as with
 *  Text. */
class OwnedText : public std::string {
 public:
  /** Makes an empty text. */
  OwnedText() = default;
  /** Copies NUL-terminated text. */
  OwnedText(const char *text) : std::string(Text(text).data()) {}
  OwnedText(std::nullptr_t) = delete;
  /** Takes a std::string. */
  OwnedText(std::string text) : std::string(std::move(text)) {}
  /** Copies a std::string_view, or what converts to one. */
  template <class T, class = std::enable_if_t<std::is_convertible_v<const T &, std::string_view> &&
                                              !std::is_convertible_v<const T &, const char *> &&
                                              !std::is_base_of_v<std::string, T>>>
  OwnedText(const T &text) : std::string(std::string_view(text)) {}
};

/** One observation. */
struct Observation {
  Instant ts;
  double value = 0;
  std::string hash;
  std::string provider;
  /** The timestamp as it is stored; none: as the number that the store itself writes. */
  std::optional<std::string> spelling = {};
};

/** What the observations of one step of time come to: see satori_summary. */
struct Summary {
  Instant start;
  /** Where the next step begins. */
  Instant end;
  std::uint64_t count = 0;
  /* NaN if there are no rows. */
  double first = 0;
  double last = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  /** 0 if there are no rows. */
  double sum = 0;
};

/** Which value of a stream stands at an instant of a clock: see satori_fill. */
enum class Fill : std::int32_t {
  as_of = SATORI_FILL_AS_OF,
  exact = SATORI_FILL_EXACT,
  mean = SATORI_FILL_MEAN,
};

/** Values of several streams on one clock: see satori_align. */
struct Aligned {
  std::vector<Instant> ts;
  /** The values of each stream, in the order in which the streams were given. NaN stands for
   *  none. */
  std::vector<std::vector<double>> values;
};

/** What a Cursor gives: an observation, its own copy of the texts included. */
using Row = Observation;

/** An observation to be inserted. */
struct NewObservation {
  Instant ts;
  double value = 0;
  /** None: computed from the latest row's. */
  std::optional<OwnedText> hash = {};
  /** None: "central". */
  std::optional<OwnedText> provider = {};
};

/** An observation to be inserted, its timestamp stored as this text: see
 *  satori_insert_many. */
struct SpelledObservation {
  OwnedText ts;
  double value = 0;
  /** None: computed from the latest row's. */
  std::optional<OwnedText> hash = {};
  /** None: "central". */
  std::optional<OwnedText> provider = {};
};

/** The metadata of one stream. */
struct Stream {
  /** 0: the stream has data and no metadata, and only `uuid` is set. */
  std::int64_t id = 0;
  std::optional<std::int64_t> server_stream_id;
  std::string uuid;
  std::optional<std::string> name;
  std::optional<std::string> author;
  std::optional<std::string> secondary;
  std::optional<std::string> target;
  std::optional<std::string> meta;
  std::optional<std::string> description;
  std::optional<Instant> last_synced;
  std::optional<Instant> created_at;
};

/** Not for callers. */
namespace detail {

/** Whether a T can be made of a U as it is: a number without narrowing. */
template <class T, class U, class = void>
inline constexpr bool takes = !std::is_arithmetic_v<T> && std::is_constructible_v<T, U>;
template <class T, class U>
inline constexpr bool takes<T, U,
                            std::enable_if_t<std::is_arithmetic_v<T>,
                                             std::void_t<decltype(T{std::declval<U>()})>>> =
    !std::is_same_v<std::decay_t<U>, bool> && !std::is_same_v<std::decay_t<U>, char>;

/** Whether an optional U sets a field of T: nothing is converted but a string. */
template <class T, class U>
inline constexpr bool is_field_of = std::is_same_v<U, T> || std::is_base_of_v<U, T>;

}  // namespace detail

/** A field of a patch: kept as it is stored, set to a value, or cleared. */
template <class T>
class Field {
 public:
  /** Keeps what is stored. */
  Field() = default;
  /** Clears it. */
  Field(std::nullopt_t) : touched_(true) {}
  Field(std::nullptr_t) = delete;
  /** Sets it. A number that would be narrowed does not compile. */
  template <class U, class = std::enable_if_t<detail::takes<T, U &&> &&
                                              !std::is_same_v<std::decay_t<U>, Field>>>
  Field(U &&value) : touched_(true), value_(std::in_place, std::forward<U>(value)) {}
  /** Sets it, or clears it if there is no value. A template, so that nothing is converted
   *  to an optional on the way. */
  template <class U, class = std::enable_if_t<detail::is_field_of<T, U>>>
  Field(std::optional<U> value) : touched_(true), value_(std::move(value)) {}

  /** Returns `true` if the stored value stays. */
  [[nodiscard]] bool kept() const noexcept { return !touched_; }
  /** Returns the value that it is set to. */
  [[nodiscard]] const std::optional<T> &value() const noexcept { return value_; }

 private:
  bool touched_ = false;
  std::optional<T> value_;
};

/**
 * What to write of a stream's metadata. A field that is not assigned to keeps what
 * is stored; one that is assigned std::nullopt is cleared.
 */
struct StreamPatch {
  Field<std::int64_t> server_stream_id = {};
  Field<OwnedText> name = {};
  Field<OwnedText> author = {};
  Field<OwnedText> secondary = {};
  Field<OwnedText> target = {};
  Field<OwnedText> meta = {};
  Field<OwnedText> description = {};
};

/** What a power cut may take: see satori_synchronous. */
enum class Synchronous : std::int32_t {
  normal = SATORI_SYNCHRONOUS_NORMAL,
  full = SATORI_SYNCHRONOUS_FULL,
};

/** How a store is opened. */
struct OpenOptions {
  /** Open without writing one byte; every write is SATORI_READ_ONLY. */
  bool read_only = false;
  /** A missing file is an error instead of a new store. */
  bool must_exist = false;
  Synchronous synchronous = Synchronous::normal;
  /** How long a write waits for another writer; none: the default of 5 seconds. */
  std::optional<std::chrono::microseconds> busy_timeout = {};
  /** If a stream's timestamps are stored as text, new rows are too: see
   *  satori_open_options. */
  bool keep_spelling = false;
  /** Leave rows that can't be read out of every read, instead of throwing at the
   *  first. */
  bool skip_unreadable = false;
  /** Keep a digest of each stream: see satori_open_options. */
  bool digest = false;
};

/** What remove() removes. */
enum class Remove : std::int32_t {
  metadata = SATORI_REMOVE_METADATA,
  data = SATORI_REMOVE_DATA,
  both = SATORI_REMOVE_BOTH,
};

/** The size of a store's database in bytes, before it was compacted and after. */
struct Compacted {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/** What remove() removed. */
struct Removed {
  bool metadata = false;
  std::uint64_t rows = 0;
};

/** What came of inserting one observation. */
enum class Insertion : std::int32_t {
  inserted = SATORI_INSERTED,
  already_there = SATORI_ALREADY_THERE,
  conflict = SATORI_CONFLICT,
};

/** What came of inserting one observation, and the value that is stored now. */
struct Inserted {
  Insertion insertion = Insertion::inserted;
  double stored = 0;
};

/** What came of inserting many. */
struct InsertReport {
  std::uint64_t inserted = 0;
  std::uint64_t already_there = 0;
  std::uint64_t conflicts = 0;
  /** The conflicts as JSON: an array of [index, {ts, stored, offered}]; stored is null if
   *  that row can't be read. */
  std::string details;
};

/** What a stream's observations are, in numbers: see satori_statistics. */
struct Statistics {
  std::uint64_t count = 0;
  std::uint64_t unreadable = 0;
  /** None of these four if there is no row that can be read. */
  std::optional<Instant> first;
  std::optional<Instant> last;
  std::optional<double> minimum;
  std::optional<double> maximum;
  double sum = 0;
  /** None below two rows. */
  std::optional<std::chrono::microseconds> spacing;
  std::uint64_t gaps = 0;
  /** JSON: an array of [name, rows], the most first. */
  std::string providers;
};

/** What came of normalising a stream's timestamps. */
struct Normalization {
  std::uint64_t rewritten = 0;
  /** JSON: `rewritten`, and the timestamps that were `kept` or are `unreadable`. */
  std::string details;
};

/** What a check of a store found: see satori_check. */
struct Check {
  /** How many findings need something to be done: those that are no note. */
  std::uint64_t problems = 0;
  /** JSON: an array of {kind, severity, stream, count, message, advice}. */
  std::string findings;
};

/** Rows that can't be read, or that were moved out of the way. */
struct UnreadableRows {
  std::uint64_t count = 0;
  /** JSON: an array of {ts, value, hash, provider, reason}, the first four SQL literals. */
  std::string rows;
};

/** What came of putting rows back that were in the quarantine. */
struct Restored {
  std::uint64_t restored = 0;
  /** Rows that stay in the quarantine: see satori_restore. */
  std::uint64_t kept = 0;
};

/** What a stream's digest says about its rows: see satori_digest. */
enum class Digest : std::int32_t {
  not_kept = SATORI_DIGEST_NOT_KEPT,
  matches = SATORI_DIGEST_MATCHES,
  differs = SATORI_DIGEST_DIFFERS,
};

/** What a walk along a hash chain found: see satori_verification. */
struct Verification {
  std::uint64_t rows = 0;
  std::uint64_t verified = 0;
  std::uint64_t foreign = 0;
  std::uint64_t suspect = 0;
  std::uint64_t foreign_between = 0;
  Digest digest = Digest::not_kept;
  /** JSON, with the instants of foreign and suspect rows. */
  std::string details;
};

/** How an input falls into payloads: see satori_format. */
enum class Format : std::int32_t {
  automatic = SATORI_FORMAT_AUTO,
  ndjson = SATORI_FORMAT_NDJSON,
};

/** The unit of timestamps that are numbers, also in text: see satori_time_unit. */
enum class TimeUnit : std::int32_t {
  automatic = SATORI_TIME_UNIT_AUTO,
  seconds = SATORI_TIME_UNIT_SECONDS,
  milliseconds = SATORI_TIME_UNIT_MILLISECONDS,
  microseconds = SATORI_TIME_UNIT_MICROSECONDS,
  nanoseconds = SATORI_TIME_UNIT_NANOSECONDS,
};

/** How payloads are taken in. */
struct IngestOptions {
  /** The stream that every payload belongs to; none: each names its own. */
  std::optional<OwnedText> uuid = {};
  /** Who delivers the rows; none: "central". */
  std::optional<OwnedText> provider = {};
  /** Whether all is stored or nothing. */
  bool strict = false;
  /** How the input falls into payloads. */
  Format format = Format::automatic;
  /** The number of the input's first line, if it is a piece of a longer input: reports
   *  and errors count from there. */
  std::uint64_t first_line = 1;
  TimeUnit unit = TimeUnit::automatic;
};

/** What came of ingesting a batch: each payload is counted exactly once. But of a batch
 *  that is Refused, those that would have been stored are counted in `payloads` alone. */
struct IngestReport {
  std::uint64_t payloads = 0;
  std::uint64_t inserted = 0;
  std::uint64_t already_there = 0;
  std::uint64_t nothing = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rejected = 0;
  /** The whole report as JSON: `conflicts` and `rejected` with index, line and column. */
  std::string details;
};

/** A strict batch was refused (SATORI_REFUSED): nothing of it was stored. */
class Refused : public Error {
 public:
  Refused(const Error &error, IngestReport report)
      : Error(error), report_(std::move(report)) {}
  /** Returns what was at fault. */
  [[nodiscard]] const IngestReport &report() const noexcept { return report_; }

 private:
  IngestReport report_;
};

/** What the library is, and which SQLite it works with. */
struct LibraryInfo {
  /** The library's version, made as SATORI_VERSION, which is the header's. */
  std::uint32_t version = 0;
  std::uint32_t sqlite_version = 0;
  std::string version_text;
  std::string sqlite_version_text;
  std::string sqlite_source_id;
  /** `true` if SQLite is compiled in; else it is the system's. */
  bool sqlite_bundled = false;
  /** Whether a process may use one file through this library and through another
   *  copy of SQLite at the same time: 1 yes, 0 no, 2 only through the same system's. */
  std::uint32_t safe_beside_other_sqlite = 0;
};

/** Not for callers. */
namespace detail {

/** Calls a function of satori_store.h, whose last parameter is its error. */
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  satori_error error;
  error.database_code = 0;
  error.sqlstate[0] = '\0';
  error.message[0] = '\0';
  const satori_status status = function(arguments..., &error);
  if (status != SATORI_OK) throw Error(status, error);
}

/** Calls a function that writes texts into our memory, with more of it until it is enough.
 *  Returns whether there is anything. */
template <class Function>
bool fill(std::string &texts, Function function) {
  for (;;) {
    std::size_t needed = 0;
    satori_error error;
    const satori_status status = function(&needed, &error);
    if (status == SATORI_OK) return needed != 0;
    if (status != SATORI_BUFFER_TOO_SMALL) throw Error(status, error);
    texts.resize(needed);
  }
}

/** A handle and the function that frees it. */
template <class T, satori_status (*free)(T *, satori_error *)>
class Handle {
 public:
  Handle() = default;
  Handle(Handle &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle &operator=(Handle &&other) noexcept {
    Handle old(std::move(*this));
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }
  ~Handle() { free(handle_, nullptr); }

  T *get() const noexcept { return handle_; }
  T **out() noexcept { return &handle_; }

 private:
  T *handle_ = nullptr;
};

using String = Handle<satori_string, satori_string_free>;
using Streams = Handle<satori_stream_list, satori_stream_list_free>;

/** Returns a text for C. An empty one is not NULL, which would stand for none. */
inline satori_text text(Text text) { return {text.data(), text.size()}; }

inline satori_text text(const std::optional<OwnedText> &optional) {
  return optional ? text(Text(*optional)) : satori_text{nullptr, 0};
}

/** Returns a text from C; empty if it is none. */
inline std::string_view view(const satori_text &text) {
  return text.data ? std::string_view(text.data, text.length) : std::string_view();
}

inline std::optional<std::string> optional(const satori_text &text) {
  if (!text.data) return std::nullopt;
  return std::string(text.data, text.length);
}

inline std::string string(const String &string) {
  const char *data = nullptr;
  std::size_t length = 0;
  call(satori_string_get, string.get(), &data, &length);
  return std::string(data, length);
}

inline std::int64_t micros(Instant ts) { return ts.time_since_epoch().count(); }

inline Instant instant(std::int64_t ts) { return Instant(std::chrono::microseconds(ts)); }

inline std::optional<Instant> optional(std::int64_t ts) {
  if (ts == SATORI_NO_INSTANT) return std::nullopt;
  return instant(ts);
}

inline Stream stream(const satori_stream &from) {
  Stream to;
  to.id = from.id;
  if (from.has_server_stream_id) to.server_stream_id = from.server_stream_id;
  to.uuid = view(from.uuid);
  to.name = optional(from.name);
  to.author = optional(from.author);
  to.secondary = optional(from.secondary);
  to.target = optional(from.target);
  to.meta = optional(from.meta);
  to.description = optional(from.description);
  to.last_synced = optional(from.last_synced);
  to.created_at = optional(from.created_at);
  return to;
}

/** Copies a list stream by stream. */
inline std::vector<Stream> list(const Streams &streams) {
  std::size_t count = 0;
  call(satori_stream_list_count, streams.get(), &count);
  std::vector<Stream> result;
  result.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    satori_stream from = satori_stream_init();
    call(satori_stream_list_get, streams.get(), index, &from);
    result.push_back(stream(from));
  }
  return result;
}

inline std::optional<Stream> first(std::vector<Stream> &&streams) {
  if (streams.empty()) return std::nullopt;
  return std::move(streams.front());
}

/** Returns the C form of texts, which live as long as what they show. */
inline std::vector<satori_text> texts(const std::vector<Text> &from) {
  std::vector<satori_text> to;
  to.reserve(from.size());
  for (const Text &one : from) to.push_back(text(one));
  return to;
}

/** Returns the C form of a patch. Its texts live as long as the patch does. */
inline satori_stream_patch patch(const StreamPatch &from) {
  satori_stream_patch to = satori_stream_patch_init();
  const auto put = [&to](const Field<OwnedText> &field, satori_field bit, satori_text &slot) {
    if (field.kept()) return;
    (field.value() ? to.set : to.clear) |= bit;
    slot = text(field.value());
  };
  if (!from.server_stream_id.kept()) {
    (from.server_stream_id.value() ? to.set : to.clear) |= SATORI_FIELD_SERVER_STREAM_ID;
    to.server_stream_id = from.server_stream_id.value().value_or(0);
  }
  put(from.name, SATORI_FIELD_NAME, to.name);
  put(from.author, SATORI_FIELD_AUTHOR, to.author);
  put(from.secondary, SATORI_FIELD_SECONDARY, to.secondary);
  put(from.target, SATORI_FIELD_TARGET, to.target);
  put(from.meta, SATORI_FIELD_META, to.meta);
  put(from.description, SATORI_FIELD_DESCRIPTION, to.description);
  return to;
}

}  // namespace detail

/**
 * Observations in order of time, as a range to be gone through once. They are read
 * a batch at a time, with nothing of the file locked in between.
 *
 *     for (const satori::Row &row : store.observations(uuid)) ...
 *
 * A row that is to be kept is copied:
 *
 *     satori::Cursor cursor = store.observations(uuid);
 *     std::vector<satori::Observation> all(cursor.begin(), cursor.end());
 *
 * It keeps its store's file open. Moving a cursor invalidates its iterators.
 */
class Cursor {
 public:
  /** How many rows an iterator reads at a time. */
  static constexpr std::size_t batch_size = 1024;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row *;
    using reference = const Row &;

    /** The end. */
    Iterator() = default;

    reference operator*() const { return row_; }
    pointer operator->() const { return &row_; }

    Iterator &operator++() {
      step();
      return *this;
    }

    /** The row at which the iterator was, for `*iterator++`. */
    class Before {
     public:
      explicit Before(const Row &row) : row_(row) {}
      const Row &operator*() const { return row_; }

     private:
      Row row_;
    };

    Before operator++(int) {
      Before before(row_);
      step();
      return before;
    }

    friend bool operator==(const Iterator &a, const Iterator &b) { return a.cursor_ == b.cursor_; }
    friend bool operator!=(const Iterator &a, const Iterator &b) { return a.cursor_ != b.cursor_; }

   private:
    friend class Cursor;
    explicit Iterator(Cursor *cursor) : cursor_(cursor) { step(); }

    void step() {
      if (!cursor_->advance(row_)) cursor_ = nullptr;
    }

    Cursor *cursor_ = nullptr;
    Row row_;
  };

  /** Returns an iterator at the cursor's place: a second begin() goes on after the rows
   *  that the first one has read. */
  Iterator begin() { return Iterator(this); }
  Iterator end() const { return Iterator(); }

  /**
   * Reads the next rows into arrays of the caller, at the least cost. Each array has room
   * for `capacity` items; NULL skips one. `ts` receives microseconds UTC, `spellings`
   * timestamps as they are stored: see satori_cursor_next. Texts live until the next
   * call. Returns how many rows there are; 0 at the end.
   */
  [[nodiscard]] std::size_t next(std::size_t capacity, std::int64_t *ts, satori_text *spellings,
                                 double *values, satori_text *hashes = nullptr,
                                 satori_text *providers = nullptr) {
    std::size_t count = 0;
    detail::call(satori_cursor_next, handle_.get(), capacity, ts, spellings, values, hashes,
                 providers, &count);
    return count;
  }

  /**
   * Writes of which stream each row is that next() gave last; `uuids` has room for
   * `capacity` items, as many as there were rows or more: see satori_cursor_streams.
   */
  void streams(std::size_t capacity, satori_text *uuids) const {
    detail::call(satori_cursor_streams, handle_.get(), capacity, uuids);
  }

 private:
  friend class Store;
  Cursor() = default;

  /** The rows that were read last, and the place in them. Apart from the cursor, so that
   *  one that was moved from has none. */
  struct Batch {
    std::size_t at = 0;
    std::size_t count = 0;
    std::vector<std::int64_t> ts = std::vector<std::int64_t>(batch_size);
    std::vector<satori_text> spellings = std::vector<satori_text>(batch_size);
    std::vector<double> values = std::vector<double>(batch_size);
    std::vector<satori_text> hashes = std::vector<satori_text>(batch_size);
    std::vector<satori_text> providers = std::vector<satori_text>(batch_size);
    /** Of which streams they are; empty as long as nobody has asked. */
    std::vector<satori_text> streams;
  };

  /** Returns of which stream the row is that an iterator stands at. */
  [[nodiscard]] std::string stream() {
    Batch &batch = *batch_;
    if (batch.streams.empty()) {
      batch.streams.resize(batch.count);
      streams(batch.count, batch.streams.data());
    }
    return std::string(detail::view(batch.streams[batch.at - 1]));
  }

  bool advance(Row &row) {
    if (!batch_) batch_ = std::make_unique<Batch>();
    Batch &batch = *batch_;
    if (batch.at == batch.count) {
      batch.at = batch.count = 0;
      batch.streams.clear();
      batch.count = next(batch_size, batch.ts.data(), batch.spellings.data(), batch.values.data(),
                         batch.hashes.data(), batch.providers.data());
      if (batch.count == 0) return false;
    }
    const std::size_t at = batch.at++;
    row.ts = detail::instant(batch.ts[at]);
    row.value = batch.values[at];
    row.hash = detail::view(batch.hashes[at]);
    row.provider = detail::view(batch.providers[at]);
    if (batch.spellings[at].data == nullptr) {
      row.spelling.reset();
    } else {
      /* Into the memory of the spelling before, if there is one. */
      if (!row.spelling) row.spelling.emplace();
      *row.spelling = detail::view(batch.spellings[at]);
    }
    return true;
  }

  detail::Handle<satori_cursor, satori_cursor_free> handle_;
  std::unique_ptr<Batch> batch_;
};

/** A store: one engine.db, open. */
class Store {
 public:
  /** Opens the store at `path`; a missing file becomes a new one. A path that is a URL,
   *  postgres://..., opens the store in that database: see satori_store_open. */
  explicit Store(Text path, const OpenOptions &options = {})
      : Store(path, options, false) {}

  /** Opens a store in memory, which is gone when it is closed. */
  [[nodiscard]] static Store in_memory() { return Store(Text(), {}, true); }

  /**
   * Closes the store and throws errors, which the destructor keeps to itself.
   * Calls of other threads end as they would have; cursors live on.
   */
  void close() { detail::call(satori_store_close, handle_.get()); }

  /** Returns the handle, for functions of satori_store.h. The store keeps it. */
  [[nodiscard]] satori_store *get() const noexcept { return handle_.get(); }

  /** Copies the store, as it is at one moment, into a new file, and returns its size in
   *  bytes: see satori_backup. */
  std::uint64_t backup(Text path) const {
    std::uint64_t size = 0;
    detail::call(satori_backup, get(), path.data(), path.size(), &size);
    return size;
  }

  /** Rebuilds the file without the room that deleted rows have left in it: see
   *  satori_compact. */
  Compacted compact() const {
    Compacted compacted;
    detail::call(satori_compact, get(), &compacted.before, &compacted.after);
    return compacted;
  }

  /* Streams */

  /** Writes metadata and sets `last_synced` to now; returns what is stored now. */
  Stream upsert_stream(Text uuid, const StreamPatch &patch = {}) const {
    return patched(satori_upsert_stream, uuid, patch);
  }

  /** Changes the metadata that a stream has; returns what is stored now. */
  Stream update_stream(Text uuid, const StreamPatch &patch) const {
    return patched(satori_update_stream, uuid, patch);
  }

  /** Finds the stream of this uuid. */
  [[nodiscard]] std::optional<Stream> stream_by_uuid(Text uuid) const {
    return stream(satori_get_stream, uuid);
  }

  /** Finds the stream of this name: of several the most recently synced, then the one
   *  with the lowest id. */
  [[nodiscard]] std::optional<Stream> stream_by_name(Text name) const {
    return stream(satori_get_stream_by_name, name);
  }

  /** Finds the streams of these uuids, in their order; those without metadata are left
   *  out. */
  [[nodiscard]] std::vector<Stream> streams_of(const std::vector<Text> &uuids) const {
    const std::vector<satori_text> texts = detail::texts(uuids);
    return list(satori_streams_of, texts.size(), texts.data());
  }

  /** Finds the stream of each of these names, in their order, as stream_by_name() chooses
   *  it; names that no stream has are left out. */
  [[nodiscard]] std::vector<Stream> streams_named(const std::vector<Text> &names) const {
    const std::vector<satori_text> texts = detail::texts(names);
    return list(satori_streams_named, texts.size(), texts.data());
  }

  /** Finds all streams of this name, in the order that stream_by_name() chooses by. */
  [[nodiscard]] std::vector<Stream> streams_by_name(Text name) const {
    return list(satori_streams_by_name, name.data(), name.size());
  }

  /** Finds all streams to which the server gives this number. */
  [[nodiscard]] std::vector<Stream> streams_by_server_id(std::int64_t server_stream_id) const {
    return list(satori_streams_by_server_id, server_stream_id);
  }
  template <class T, class = std::enable_if_t<!detail::takes<std::int64_t, T>>>
  std::vector<Stream> streams_by_server_id(T server_stream_id) const = delete;

  /** Lists all streams that have metadata, by id. */
  [[nodiscard]] std::vector<Stream> streams() const { return list(satori_streams); }

  /** Finds the streams whose name or description contains `part`. */
  [[nodiscard]] std::vector<Stream> search_streams(Text part) const {
    return list(satori_search_streams, part.data(), part.size());
  }

  /** Finds the streams not synced since `since`, the longest unsynced first. */
  [[nodiscard]] std::vector<Stream> stale_streams(Instant since) const {
    return list(satori_stale_streams, detail::micros(since));
  }

  /** Lists the streams that have data and no metadata: of each, `uuid` alone is set. */
  [[nodiscard]] std::vector<Stream> streams_without_metadata() const {
    return list(satori_streams_without_metadata);
  }

  /** Lists the streams that have data: of each, `uuid` alone is set. */
  [[nodiscard]] std::vector<Stream> streams_with_data() const {
    return list(satori_streams_with_data);
  }

  /** Returns `true` if the store has the stream: its metadata, or data. */
  [[nodiscard]] bool contains(Text uuid) const {
    std::int32_t contains = 0;
    detail::call(satori_contains, get(), uuid.data(), uuid.size(), &contains);
    return contains != 0;
  }

  /** Writes the metadata of many streams; returns the report as JSON: `new`, `changed`,
   *  `unchanged` and `rejected`. */
  [[nodiscard]] std::string sync_streams(Text json) const {
    detail::String report;
    detail::call(satori_sync_streams, get(), json.data(), json.size(), report.out());
    return detail::string(report);
  }

  /** Removes a stream's metadata, its data, or both. It is no error if there is none. */
  Removed remove(Text uuid, Remove what) const {
    std::int32_t metadata = 0;
    Removed removed;
    detail::call(satori_remove, get(), uuid.data(), uuid.size(), static_cast<std::int32_t>(what),
                 &metadata, &removed.rows);
    removed.metadata = metadata != 0;
    return removed;
  }

  /* Observations */

  /** Inserts one observation. A stored row is never overwritten. */
  Inserted insert(Text uuid, Instant ts, double value,
                  std::optional<Text> hash = {},
                  std::optional<Text> provider = {}) const {
    const satori_text hash_text = detail::text(hash.value_or(Text()));
    const satori_text provider_text = detail::text(provider.value_or(Text()));
    std::int32_t insertion = 0;
    Inserted inserted;
    detail::call(satori_insert, get(), uuid.data(), uuid.size(), detail::micros(ts), value,
                 hash ? &hash_text : nullptr, provider ? &provider_text : nullptr, &insertion,
                 &inserted.stored);
    inserted.insertion = static_cast<Insertion>(insertion);
    return inserted;
  }

  /** Inserts one observation. */
  Inserted insert(Text uuid, const NewObservation &observation) const {
    return insert(uuid, observation.ts, observation.value, observation.hash,
                  observation.provider);
  }

  /** Inserts observations in their order, in one transaction. */
  InsertReport insert_many(Text uuid,
                           const std::vector<NewObservation> &observations) const {
    std::vector<std::int64_t> ts;
    ts.reserve(observations.size());
    for (const NewObservation &row : observations) ts.push_back(detail::micros(row.ts));
    return insert_all(uuid, observations, ts.data(), nullptr);
  }

  /** Inserts observations whose timestamps are stored as text: see satori_insert_many. */
  InsertReport insert_spelled(Text uuid,
                              const std::vector<SpelledObservation> &observations) const {
    std::vector<satori_text> spellings;
    spellings.reserve(observations.size());
    for (const SpelledObservation &row : observations) {
      spellings.push_back(detail::text(Text(row.ts)));
    }
    return insert_all(uuid, observations, nullptr, spellings.data());
  }

  /** Inserts observations, each into the stream that stands before it, in one
   *  transaction. */
  InsertReport insert_across(
      const std::vector<std::pair<Text, NewObservation>> &observations) const {
    std::vector<satori_text> uuids;
    std::vector<std::int64_t> ts;
    std::vector<NewObservation> rows;
    for (const auto &[uuid, row] : observations) {
      uuids.push_back(detail::text(uuid));
      ts.push_back(detail::micros(row.ts));
      rows.push_back(row);
    }
    return inserted(rows, ts.data(), nullptr, [&](auto... arrays) {
      detail::call(satori_insert_across, get(), rows.size(), uuids.data(), arrays...);
    });
  }

  /** Opens a cursor over the observations of a range, in order of time. */
  [[nodiscard]] Cursor observations(Text uuid, Instant from = Instant::min(),
                      Instant to = Instant::max()) const {
    return cursor(satori_observations, uuid, detail::micros(from), detail::micros(to));
  }

  /** Returns the last `count` observations, in order of time. */
  [[nodiscard]] std::vector<Observation> last(Text uuid, std::size_t count) const {
    Cursor rows = cursor(satori_last, uuid, count);
    return {rows.begin(), rows.end()};
  }
  template <class T, class = std::enable_if_t<std::is_floating_point_v<T>>>
  std::vector<Observation> last(Text uuid, T count) const = delete;
  /** As above; throws SATORI_INVALID_ARGUMENT if the count is negative. */
  template <class T,
            std::enable_if_t<std::is_integral_v<T> && std::is_signed_v<T>, int> = 0>
  [[nodiscard]] std::vector<Observation> last(Text uuid, T count) const {
    return last(uuid, counted(count));
  }

  /** Returns the last observation. */
  [[nodiscard]] std::optional<Observation> latest(Text uuid) const {
    std::int64_t ts = 0;
    double value = 0;
    satori_text spelling{}, hash{}, provider{};
    std::string texts(512, '\0');
    if (!detail::fill(texts, [&](std::size_t *needed, satori_error *error) {
          return satori_get_latest(get(), uuid.data(), uuid.size(), &ts, &spelling, &value,
                                   &hash, &provider, texts.data(), texts.size(), needed, error);
        }))
      return std::nullopt;
    return Observation{detail::instant(ts), value, std::string(detail::view(hash)),
                       std::string(detail::view(provider)), detail::optional(spelling)};
  }

  /** Returns the first `count` observations, in order of time. */
  [[nodiscard]] std::vector<Observation> first(Text uuid, std::size_t count) const {
    Cursor rows = cursor(satori_first, uuid, count);
    return {rows.begin(), rows.end()};
  }
  template <class T, class = std::enable_if_t<std::is_floating_point_v<T>>>
  std::vector<Observation> first(Text uuid, T count) const = delete;
  /** As above; throws SATORI_INVALID_ARGUMENT if the count is negative. */
  template <class T,
            std::enable_if_t<std::is_integral_v<T> && std::is_signed_v<T>, int> = 0>
  [[nodiscard]] std::vector<Observation> first(Text uuid, T count) const {
    return first(uuid, counted(count));
  }

  /** Returns the last `count` observations before an instant, which is excluded, in order
   *  of time. */
  [[nodiscard]] std::vector<Observation> last_before(Text uuid, Instant before,
                                                     std::size_t count) const {
    Cursor rows = cursor(satori_last_before, uuid, detail::micros(before), count);
    return {rows.begin(), rows.end()};
  }
  template <class T, class = std::enable_if_t<std::is_floating_point_v<T>>>
  std::vector<Observation> last_before(Text uuid, Instant before, T count) const = delete;
  /** As above; throws SATORI_INVALID_ARGUMENT if the count is negative. */
  template <class T,
            std::enable_if_t<std::is_integral_v<T> && std::is_signed_v<T>, int> = 0>
  [[nodiscard]] std::vector<Observation> last_before(Text uuid, Instant before, T count) const {
    return last_before(uuid, before, counted(count));
  }

  /** Returns the observation as of an instant: the last one at the instant or before it. */
  [[nodiscard]] std::optional<Observation> as_of(Text uuid, Instant ts) const {
    return only(cursor(satori_as_of, uuid, detail::micros(ts)));
  }

  /** Returns the last observation of each stream that has one, in the order of `uuids`,
   *  behind the stream's uuid: see satori_latest_of. */
  [[nodiscard]] std::vector<std::pair<std::string, Observation>> latest_of(
      const std::vector<Text> &uuids) const {
    const std::vector<satori_text> texts = detail::texts(uuids);
    return of_streams(satori_latest_of, texts.size(), texts.data());
  }

  /** Returns the last observation of every stream that has one, behind the stream's
   *  uuid. */
  [[nodiscard]] std::vector<std::pair<std::string, Observation>> latest_of_all() const {
    return of_streams(satori_latest_of_all);
  }

  /** Returns a number that is another once anybody has committed: see satori_data_version. */
  [[nodiscard]] std::uint64_t data_version() const {
    std::uint64_t version = 0;
    detail::call(satori_data_version, get(), &version);
    return version;
  }

  /** Waits until somebody has committed since data_version() was `seen`, and returns it as it
   *  is then: see satori_wait. Without `timeout` it waits without an end. */
  std::uint64_t wait(std::uint64_t seen,
                     std::optional<std::chrono::microseconds> timeout = {}) const {
    const std::int64_t longest = timeout ? (std::max)(timeout->count(), std::int64_t{0}) : -1;
    std::uint64_t version = 0;
    detail::call(satori_wait, get(), seen, longest, &version);
    return version;
  }

  /** Returns the rows of each stream that lie after an instant, behind the stream's uuid: see
   *  satori_newer. */
  [[nodiscard]] std::vector<std::pair<std::string, Observation>> newer(
      const std::vector<std::pair<Text, Instant>> &after, std::size_t limit) const {
    std::vector<satori_text> texts;
    std::vector<std::int64_t> ts;
    for (const auto &[uuid, instant] : after) {
      texts.push_back(detail::text(uuid));
      ts.push_back(detail::micros(instant));
    }
    return of_streams(satori_newer, texts.size(), texts.data(), ts.data(), limit);
  }

  /** Ends the calls that are under way on this store in other threads: see
   *  satori_interrupt. */
  void interrupt() const { detail::call(satori_interrupt, get()); }

  /** Sums the observations of a range up in steps of time, such as "1h", "1d", "1mo" or
   *  "1d[Europe/Berlin]": see satori_resample. */
  [[nodiscard]] std::vector<Summary> resample(Text uuid, Text step, Instant from = Instant::min(),
                                              Instant to = Instant::max(),
                                              bool with_empty = false) const {
    std::vector<Summary> summaries;
    std::vector<satori_summary> batch(16384);
    std::int64_t next = detail::micros(from);
    for (std::size_t found = batch.size(); found == batch.size();) {
      detail::call(satori_resample, get(), uuid.data(), uuid.size(), next, detail::micros(to),
                   step.data(), step.size(), std::int32_t{with_empty}, batch.size(), batch.data(),
                   &found);
      for (std::size_t index = 0; index < found; index++) {
        const satori_summary &one = batch[index];
        summaries.push_back({detail::instant(one.start), detail::instant(one.end), one.count,
                             one.first, one.last, one.min, one.max, one.mean, one.sum});
        next = one.end;
      }
    }
    return summaries;
  }

  /** Puts streams side by side on the clock of a step: see satori_align. Without `max_age`, the
   *  row as of an instant may be of any age. */
  [[nodiscard]] Aligned align(const std::vector<Text> &uuids, Text step, Fill fill = Fill::as_of,
                              std::optional<std::chrono::microseconds> max_age = {},
                              Instant from = Instant::min(), Instant to = Instant::max()) const {
    const std::vector<satori_text> texts = detail::texts(uuids);
    Aligned aligned;
    aligned.values.resize(texts.size());
    const std::size_t capacity = 4096;
    std::vector<std::int64_t> ts(capacity);
    // One more, since an empty vector may have no memory.
    std::vector<double> values(texts.size() * capacity + 1);
    std::int64_t next = detail::micros(from);
    for (std::size_t rows = capacity; rows == capacity;) {
      detail::call(satori_align, get(), texts.size(), texts.data(), next, detail::micros(to),
                   step.data(), step.size(), static_cast<std::int32_t>(fill), age(max_age),
                   capacity, ts.data(), values.data(), &rows);
      for (std::size_t row = 0; row < rows; row++) {
        aligned.ts.push_back(detail::instant(ts[row]));
        next = ts[row] + 1;
      }
      for (std::size_t stream = 0; stream < texts.size(); stream++) {
        const double *column = values.data() + stream * capacity;
        aligned.values[stream].insert(aligned.values[stream].end(), column, column + rows);
      }
    }
    return aligned;
  }

  /** Puts streams side by side on instants that are given, and ascend: see satori_align_to.
   *  Returns the values of each stream. */
  [[nodiscard]] std::vector<std::vector<double>> align_to(
      const std::vector<Text> &uuids, const std::vector<Instant> &instants,
      Fill fill = Fill::as_of, std::optional<std::chrono::microseconds> max_age = {}) const {
    const std::vector<satori_text> texts = detail::texts(uuids);
    std::vector<std::int64_t> ts;
    for (const Instant instant : instants) ts.push_back(detail::micros(instant));
    std::vector<double> values(texts.size() * ts.size() + 1);
    detail::call(satori_align_to, get(), texts.size(), texts.data(), ts.size(), ts.data(),
                 static_cast<std::int32_t>(fill), age(max_age), values.data());
    std::vector<std::vector<double>> columns;
    for (std::size_t stream = 0; stream < texts.size(); stream++) {
      const double *column = values.data() + stream * ts.size();
      columns.emplace_back(column, column + ts.size());
    }
    return columns;
  }

  /** Returns the observation of one instant. */
  [[nodiscard]] std::optional<Observation> observation(Text uuid, Instant ts) const {
    return only(cursor(satori_observation, uuid, detail::micros(ts)));
  }

  /** Counts the observations of a range. */
  [[nodiscard]] std::uint64_t count(Text uuid, Instant from = Instant::min(),
                      Instant to = Instant::max()) const {
    std::uint64_t count = 0;
    detail::call(satori_count, get(), uuid.data(), uuid.size(), detail::micros(from),
                 detail::micros(to), &count);
    return count;
  }

  /** Returns what a stream's observations are, in numbers. */
  [[nodiscard]] Statistics get_statistics(Text uuid) const {
    satori_statistics from = satori_statistics_init();
    detail::String providers;
    detail::call(satori_get_statistics, get(), uuid.data(), uuid.size(), &from, providers.out());
    Statistics to;
    to.count = from.count;
    to.unreadable = from.unreadable;
    to.first = detail::optional(from.first);
    to.last = detail::optional(from.last);
    if (to.first) {
      to.minimum = from.minimum;
      to.maximum = from.maximum;
    }
    to.sum = from.sum;
    if (from.spacing > 0) to.spacing = std::chrono::microseconds(from.spacing);
    to.gaps = from.gaps;
    to.providers = detail::string(providers);
    return to;
  }

  /** Deletes the observations of a range: satori_delete. It has no default bounds, so
   *  that nobody deletes all by leaving them out. */
  std::uint64_t delete_observations(Text uuid, Instant from, Instant to) const {
    std::uint64_t deleted = 0;
    detail::call(satori_delete, get(), uuid.data(), uuid.size(), detail::micros(from),
                 detail::micros(to), &deleted);
    return deleted;
  }

  /** Deletes a stream's observations but for those from an instant on: see satori_retain. */
  std::uint64_t retain_since(Text uuid, Instant since, bool dry_run = false) const {
    return retain(uuid, detail::micros(since), 0, dry_run);
  }

  /** Deletes a stream's observations but for the last ones: see satori_retain. */
  std::uint64_t retain_last(Text uuid, std::uint64_t last, bool dry_run = false) const {
    return retain(uuid, SATORI_NO_INSTANT, last, dry_run);
  }

  /** Checks the whole store: see satori_check. */
  [[nodiscard]] Check check(std::optional<Instant> synced_since = std::nullopt) const {
    return checked(satori_check, micros_or_none(synced_since));
  }

  /** Checks the file, without reading all rows one by one: see satori_check_file. */
  [[nodiscard]] Check check_file(std::optional<Instant> synced_since = std::nullopt) const {
    return checked(satori_check_file, micros_or_none(synced_since));
  }

  /** Checks one stream: see satori_check_stream. */
  [[nodiscard]] Check check_stream(Text uuid) const {
    return checked(satori_check_stream, uuid.data(), uuid.size());
  }

  /** Rewrites a stream's timestamps into Unix seconds: see satori_normalize. */
  Normalization normalize(Text uuid, bool dry_run = false) const {
    Normalization result;
    detail::String details;
    detail::call(satori_normalize, get(), uuid.data(), uuid.size(), std::int32_t{dry_run},
                 &result.rewritten, details.out());
    result.details = detail::string(details);
    return result;
  }

  /** Lists the rows that can't be read, as they are stored. */
  [[nodiscard]] UnreadableRows unreadable(Text uuid) const {
    return unreadable_rows(satori_unreadable, uuid);
  }

  /** Moves the rows that can't be read out of the way, or only lists them. */
  UnreadableRows quarantine(Text uuid, bool dry_run = false) const {
    return unreadable_rows(satori_quarantine, uuid, std::int32_t{dry_run});
  }

  /** Lists the rows that quarantine() has moved. */
  [[nodiscard]] UnreadableRows quarantined(Text uuid) const {
    return unreadable_rows(satori_quarantined, uuid);
  }

  /** Lists the streams that have rows which quarantine() has moved; only `uuid` is set. */
  [[nodiscard]] std::vector<Stream> quarantined_streams() const {
    return list(satori_quarantined_streams);
  }

  /** Puts the rows that quarantine() has moved back where they were. */
  Restored restore(Text uuid) const {
    Restored result;
    detail::call(satori_restore, get(), uuid.data(), uuid.size(), &result.restored, &result.kept);
    return result;
  }

  /** Walks a stream's hash chain: see satori_verify. */
  [[nodiscard]] Verification verify(Text uuid) const {
    satori_verification counts = satori_verification_init();
    detail::String details;
    detail::call(satori_verify, get(), uuid.data(), uuid.size(), &counts, details.out());
    return {counts.rows,
            counts.verified,
            counts.foreign,
            counts.suspect,
            counts.foreign_between,
            static_cast<Digest>(counts.digest),
            detail::string(details)};
  }

  /** Makes the stream's digest that of its rows as they are: see satori_restate_digest. */
  void restate_digest(Text uuid) const {
    detail::call(satori_restate_digest, get(), uuid.data(), uuid.size());
  }

  /* Arrow */

  /** Exports the observations of a range as an Arrow stream; `stream` is overwritten. */
  void export_arrow(Text uuid, ArrowArrayStream *stream,
                    Instant from = Instant::min(), Instant to = Instant::max()) const {
    detail::call(satori_export_arrow, get(), uuid.data(), uuid.size(), detail::micros(from),
                 detail::micros(to), stream);
  }

  /** Inserts an Arrow stream in one transaction, and releases it: see satori_import_arrow. */
  InsertReport import_arrow(Text uuid, ArrowArrayStream *stream,
                            std::optional<Text> provider = {},
                            TimeUnit unit = TimeUnit::automatic) const {
    const satori_text provider_text = detail::text(provider.value_or(Text()));
    satori_insert_report counts = satori_insert_report_init();
    detail::String details;
    detail::call(satori_import_arrow, get(), uuid.data(), uuid.size(), stream,
                 provider ? &provider_text : nullptr, static_cast<std::int32_t>(unit), &counts,
                 details.out());
    return {counts.inserted, counts.already_there, counts.conflicts, detail::string(details)};
  }

  /* The server's answers */

  /** Takes in the server's answers: see satori_ingest. Throws Refused if a strict batch
   *  was refused. */
  [[nodiscard]] IngestReport ingest(Text json, const IngestOptions &options = {}) const {
    satori_ingest_options how = satori_ingest_options_init();
    how.uuid = detail::text(options.uuid);
    how.provider = detail::text(options.provider);
    how.strict = options.strict;
    how.format = static_cast<std::int32_t>(options.format);
    how.first_line = options.first_line;
    how.unit = static_cast<std::int32_t>(options.unit);
    satori_ingest_report counts = satori_ingest_report_init();
    detail::String details;
    const auto report = [&]() -> IngestReport {
      return {counts.payloads, counts.inserted,  counts.already_there,   counts.nothing,
              counts.conflicts, counts.rejected, detail::string(details)};
    };
    try {
      detail::call(satori_ingest, get(), json.data(), json.size(), &how, &counts, details.out());
    } catch (const Error &error) {
      if (error.code() != SATORI_REFUSED) throw;
      throw Refused(error, report());
    }
    return report();
  }

 private:
  Store(Text path, const OpenOptions &options, bool in_memory) {
    satori_open_options how = satori_open_options_init();
    how.read_only = options.read_only;
    how.must_exist = options.must_exist;
    how.synchronous = static_cast<std::int32_t>(options.synchronous);
    how.in_memory = in_memory;
    how.keep_spelling = options.keep_spelling;
    how.skip_unreadable = options.skip_unreadable;
    how.digest = options.digest;
    if (options.busy_timeout) {
      const std::int64_t wait = options.busy_timeout->count();
      how.busy_timeout = wait > 0 ? wait : -1;
    }
    detail::call(satori_store_open, path.data(), path.size(), &how, handle_.out());
  }

  /** Returns the largest age for C: less than 0 is any. */
  static std::int64_t age(std::optional<std::chrono::microseconds> max_age) {
    if (!max_age) return -1;
    if (max_age->count() >= 0) return max_age->count();
    throw Error(SATORI_INVALID_ARGUMENT,
                {SATORI_INVALID_ARGUMENT, 0, "", "the largest age is negative"});
  }

  /** Returns a count that is not negative. */
  template <class T>
  static std::size_t counted(T count) {
    if (count >= 0) return static_cast<std::size_t>(count);
    throw Error(SATORI_INVALID_ARGUMENT,
                {SATORI_INVALID_ARGUMENT, 0, "", "the count of rows is negative"});
  }

  /** Finds one stream by a function that writes it into our memory. */
  template <class Function>
  std::optional<Stream> stream(Function function, Text key) const {
    satori_stream found = satori_stream_init();
    std::string texts(512, '\0');
    if (!detail::fill(texts, [&](std::size_t *needed, satori_error *error) {
          return function(get(), key.data(), key.size(), &found, texts.data(), texts.size(),
                          needed, error);
        }))
      return std::nullopt;
    return detail::stream(found);
  }

  template <class Function, class... Arguments>
  std::vector<Stream> list(Function function, Arguments... arguments) const {
    detail::Streams streams;
    detail::call(function, get(), arguments..., streams.out());
    return detail::list(streams);
  }

  template <class Function>
  Stream patched(Function function, Text uuid, const StreamPatch &patch) const {
    const satori_stream_patch how = detail::patch(patch);
    return std::move(list(function, uuid.data(), uuid.size(), &how).at(0));
  }

  std::uint64_t retain(Text uuid, std::int64_t since, std::uint64_t last, bool dry_run) const {
    std::uint64_t deleted = 0;
    detail::call(satori_retain, get(), uuid.data(), uuid.size(), since, last,
                 std::int32_t{dry_run}, &deleted);
    return deleted;
  }

  static std::int64_t micros_or_none(std::optional<Instant> instant) {
    return instant ? detail::micros(*instant) : SATORI_NO_INSTANT;
  }

  template <class Function, class... Arguments>
  Check checked(Function function, Arguments... arguments) const {
    Check result;
    detail::String findings;
    detail::call(function, get(), arguments..., &result.problems, findings.out());
    result.findings = detail::string(findings);
    return result;
  }

  template <class Function, class... Arguments>
  UnreadableRows unreadable_rows(Function function, Text uuid,
                                 Arguments... arguments) const {
    UnreadableRows result;
    detail::String rows;
    detail::call(function, get(), uuid.data(), uuid.size(), arguments..., &result.count,
                 rows.out());
    result.rows = detail::string(rows);
    return result;
  }

  template <class Row>
  InsertReport insert_all(Text uuid, const std::vector<Row> &rows,
                          const std::int64_t *ts, const satori_text *spellings) const {
    return inserted(rows, ts, spellings, [&](auto... arrays) {
      detail::call(satori_insert_many, get(), uuid.data(), uuid.size(), rows.size(), arrays...);
    });
  }

  /** Hands the arrays of rows to a function that inserts them. */
  template <class Row, class Function>
  static InsertReport inserted(const std::vector<Row> &rows, const std::int64_t *ts,
                               const satori_text *spellings, Function insert) {
    const std::size_t count = rows.size();
    std::vector<double> values(count);
    std::vector<satori_text> hashes(count);
    std::vector<satori_text> providers(count);
    for (std::size_t index = 0; index < count; ++index) {
      values[index] = rows[index].value;
      hashes[index] = detail::text(rows[index].hash);
      providers[index] = detail::text(rows[index].provider);
    }
    satori_insert_report counts = satori_insert_report_init();
    detail::String details;
    insert(ts, spellings, static_cast<const double *>(values.data()),
           static_cast<const satori_text *>(hashes.data()),
           static_cast<const satori_text *>(providers.data()), &counts, details.out());
    return {counts.inserted, counts.already_there, counts.conflicts, detail::string(details)};
  }

  /** Returns what is left of a cursor over rows of several streams, each behind the uuid
   *  of its stream. */
  template <class Function, class... Arguments>
  std::vector<std::pair<std::string, Observation>> of_streams(Function function,
                                                              Arguments... arguments) const {
    Cursor rows;
    detail::call(function, get(), arguments..., rows.handle_.out());
    std::vector<std::pair<std::string, Observation>> found;
    for (const Row &row : rows) found.emplace_back(rows.stream(), row);
    return found;
  }

  template <class Function, class... Arguments>
  Cursor cursor(Function function, Text uuid, Arguments... arguments) const {
    Cursor cursor;
    detail::call(function, get(), uuid.data(), uuid.size(), arguments..., cursor.handle_.out());
    return cursor;
  }

  static std::optional<Observation> only(Cursor &&cursor) {
    const Cursor::Iterator row = cursor.begin();
    if (row == cursor.end()) return std::nullopt;
    return *row;
  }

  detail::Handle<satori_store, satori_store_close> handle_;
};

/** Returns what the library is, and which SQLite it works with. */
[[nodiscard]] inline LibraryInfo get_library_info() {
  satori_library_info info = satori_library_info_init();
  detail::call(satori_get_library_info, &info);
  return {info.version,          info.sqlite_version,   info.version_text, info.sqlite_version_text,
          info.sqlite_source_id, info.sqlite_bundled != 0, info.safe_beside_other_sqlite};
}

/** Reads a timestamp in any spelling that the store reads. */
[[nodiscard]] inline Instant parse_timestamp(Text text, TimeUnit unit = TimeUnit::automatic) {
  std::int64_t ts = 0;
  detail::call(satori_parse_timestamp, text.data(), text.size(), static_cast<std::int32_t>(unit),
               &ts);
  return detail::instant(ts);
}

/** Returns the UUID that Satori gives a stream. */
[[nodiscard]] inline std::string stream_uuid(Text source, Text author,
                               Text stream, Text target = {}) {
  char uuid[SATORI_UUID_SIZE];
  detail::call(satori_stream_uuid, detail::text(source), detail::text(author),
               detail::text(stream), detail::text(target), &uuid[0]);
  return uuid;
}

}  // namespace satori

#endif /* SATORI_STORE_HPP */
