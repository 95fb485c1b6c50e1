#ifndef SATORI_STORE_H
#define SATORI_STORE_H

/*
 * satori-store: the store of a Satori neuron, from C.
 *
 * One SQLite file, engine.db, holds a table of observations (ts, value, hash,
 * provider) for each data stream, named by the stream's UUID, and a table
 * `streams` that says what each UUID stands for. This library owns that file:
 * it takes over the files of installed engines without changing an observation,
 * takes in the server's JSON whole, and shares the file with any program that
 * speaks SQL to it.
 *
 *     satori_error error;
 *     satori_store *store = NULL;
 *     if (satori_store_open(SATORI_STR("engine.db"), NULL, &store, &error) != SATORI_OK) {
 *       fprintf(stderr, "%s\n", error.message);
 *       return 1;
 *     }
 *     ...
 *     satori_store_close(store, NULL);
 *
 * Results. Every function that can fail returns a satori_status: SATORI_OK, or the kind
 * of the error. Its last parameter may point to a satori_error, which the caller owns.
 * It then says what is wrong and what to do; pass NULL if you don't want it. Outputs are
 * written only if the function succeeds (the arrays of satori_cursor_next, satori_resample
 * and satori_align, the report of satori_ingest and `needed` of satori_get_stream and its
 * like say otherwise themselves).
 *
 * Every function may return SATORI_PANIC, and SATORI_INVALID_ARGUMENT if `error` or the
 * place for a result is misaligned. Any call on a store or a cursor may return
 * SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_INVALID_ARGUMENT,
 * SATORI_INVALID_UTF8, SATORI_BUSY, SATORI_INTERRUPTED, SATORI_CORRUPT, SATORI_DATABASE,
 * SATORI_FORKED and SATORI_POISONED; one that writes also SATORI_READ_ONLY, SATORI_DISK_FULL and
 * SATORI_FILE_REPLACED; one that reads without a lock (see `read_only` of
 * satori_open_options) also what satori_store_open returns. A call that
 * fails has stored nothing, with two exceptions: SATORI_FILE_REPLACED, and
 * SATORI_DATABASE if the disk failed during a commit. The write may then be found
 * when the store is opened again; nobody knows before. To repeat it is safe.
 *
 * Handles (satori_store *, satori_stream_list *, satori_cursor *, satori_string *) are
 * not pointers that you may follow. Each is checked at every call: one that was freed,
 * that is of another type, that was never given out or that another copy of this library
 * in the process gave out is SATORI_INVALID_HANDLE, not a crash. The caller frees each
 * with the function of its type, in any order; freeing NULL does nothing. A cursor keeps
 * its store's file open until it is freed; lists and strings are copies and don't.
 *
 * Text. In: UTF-8, a pointer and a length in bytes; no NUL is needed. A pointer that
 * is NULL, with length 0, is empty text, or no text if the function says what that
 * stands for (a hash, a provider). SATORI_STR(s) passes NUL-terminated text as those
 * two arguments, satori_text_of(s) makes a satori_text of it. Out: a satori_text or a
 * satori_string, NUL-terminated too; each says how long it lives.
 *
 * JSON. satori_ingest takes payloads as the server sends them. A payload needs `value`, a
 * number or one in text, and `observed_at` or else `ts`, in any spelling that
 * satori_parse_timestamp reads. It may have a `hash`; a `stream`, which says what the
 * stream is; and a `stream_id`, the server's number for it, if `stream` has no `id`. All
 * else in it is passed over. A payload without `stream`, as servers once sent it, needs a
 * uuid in the options. This one is new, this one old, and this one is none:
 *
 *     {"value":"42750.5","observed_at":"2024-01-03T13:00:00Z","hash":"3f1c","stream_id":2,"stream":{"uuid":"d39cd529-5dd4-5e4b-abc9-90b3751e71f1","name":"bitcoin","author":"a","secondary":null,"target":"USD","meta":{"unit":"USD"},"description":"its price"}}
 *     {"value":42800,"ts":"2024-01-03 13:00:00"}
 *     {"value":"much","ts":1704286800}
 *
 * A stream object needs `uuid`. It may have `id`, a whole number; `name`, `author`,
 * `secondary`, `target` and `description`, texts; and `meta`, any JSON. What is missing
 * keeps what is stored, null clears it. satori_sync_streams takes stream objects alone:
 *
 *     [{"id":2,"uuid":"d39cd529-5dd4-5e4b-abc9-90b3751e71f1"},{"name":"ether"}]
 *
 * The functions that give a satori_string say what JSON it is. Instants in it are text,
 * as "2024-01-03T13:00:00Z"; positions count items from 0, and lines and columns from 1.
 * Later releases may add members.
 *
 * Instants are microseconds since 1970-01-01 00:00:00 UTC, in an int64_t.
 * satori_parse_timestamp reads every spelling. Ranges take `from` in and leave
 * `to` out; INT64_MIN and INT64_MAX stand for no bound.
 *
 * Threads. Every function may be called from every thread at any time. Calls on
 * one store take their turns; open the file again for reads that must not wait for
 * writes. A cursor's texts live until its next batch: use one cursor in one thread.
 * ThreadSanitizer can't see the library's locks, and needs a line of suppressions:
 * called_from_lib:libsatori_store.so (measured with gcc 12).
 *
 * Processes. Any number may have the file open. After fork() a child must not use
 * its parent's handles, of whichever type (SATORI_FORKED): it opens the store
 * itself. It can't free them either, which is SATORI_FORKED too and frees nothing: what
 * it has inherited is gone when it ends or calls exec(). If other threads of the parent
 * were inside calls at the fork, the child and its own children can open a store only
 * after exec(), as with most libraries.
 *
 * Shutdown. Free what you have in any order. A store that is never closed loses
 * nothing that was acknowledged; closing the last one tidies up the write-ahead
 * log.
 *
 * What ends the process. The library never does so of its own accord. But nobody could
 * say in what state a call was left by: cancelling a thread inside it (pthread_cancel;
 * switch that off around calls with pthread_setcancelstate), an exception or a longjmp out
 * of a callback (the functions of an ArrowArrayStream), or memory that the system does not
 * give. Then the process is aborted. Shortening the -shm file from outside is SIGBUS, as
 * with any SQLite. What was acknowledged is in the file, as after a crash.
 *
 * Several SQLites in a process. This library may have one of its own compiled in.
 * Two copies of SQLite on one file destroy data as a rule: POSIX locks belong to
 * the process, and one copy closing the file drops the other's. On 64-bit Linux
 * the copy in this library takes locks that nobody else can drop, and drops none:
 * the host may use the file through its own SQLite at the same time.
 * satori_get_library_info reports whether that is so (safe_beside_other_sqlite). On
 * other systems, build with the feature system-sqlite if the host uses the system's
 * SQLite.
 *
 * Structs that may grow begin with their size, which the caller sets. For each there
 * is a function, such as satori_open_options_init(), that sets the size and all else
 * to 0. A library that is older than the header refuses what it doesn't know; one that
 * is newer takes what is missing as 0.
 *
 * Licence: MIT or Apache-2.0.
 */


#include <stddef.h>
#include <stdint.h>
#include <string.h>
#define SATORI_VERSION_MAJOR 0
#define SATORI_VERSION_MINOR 1
#define SATORI_VERSION_PATCH 0
/* Of the header; satori_get_library_info returns that of the library. */
#define SATORI_VERSION (SATORI_VERSION_MAJOR * 1000000 + SATORI_VERSION_MINOR * 1000 + SATORI_VERSION_PATCH)

/* Arrow's C stream interface, https://arrow.apache.org/docs/format/CStreamInterface.html:
 * include a header that defines it in the files that use it. */
struct ArrowArrayStream;

/* NUL-terminated text as the two arguments `data, length`. */
#define SATORI_STR(s) (s), strlen(s)


/**
 * Bytes of an error's SQLSTATE, the closing NUL included.
 */
#define SATORI_SQLSTATE_SIZE 6

/**
 * Bytes of an error's message, the closing NUL included.
 */
#define SATORI_MESSAGE_SIZE 498

/**
 * Stands for an instant that there is none of: not synced yet, no rows.
 */
#define SATORI_NO_INSTANT INT64_MIN

/**
 * Bytes of a UUID's text, the closing NUL included.
 */
#define SATORI_UUID_SIZE 37

/**
 * Statuses. A number never changes its meaning; later releases add to them, so
 * treat one that you don't know as an error.
 */
enum satori_code
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Done.
   */
  SATORI_OK = 0,
  /**
   * The store can't be opened or created: missing, a folder, a URL, no permission, no
   * descriptor left; or missing or empty beside a -wal that holds what was written last.
   */
  SATORI_CANNOT_OPEN = 1,
  /**
   * What is there is no store: no database, or one of another kind. It was left as
   * it is.
   */
  SATORI_NOT_A_STORE = 2,
  /**
   * The store is damaged. It was left as it is.
   */
  SATORI_CORRUPT = 3,
  /**
   * A later release has migrated the store: open it read-only, or update.
   */
  SATORI_LATER_RELEASE = 4,
  /**
   * The table `streams` has another shape than this library's. It was left as it is.
   */
  SATORI_SCHEMA_MISMATCH = 5,
  /**
   * Another writer held the lock for longer than the limit. Try again.
   */
  SATORI_BUSY = 6,
  /**
   * The store was opened read-only, or can't be written.
   */
  SATORI_READ_ONLY = 7,
  /**
   * The disk is full. Nothing was stored; the store works again once there is room.
   */
  SATORI_DISK_FULL = 8,
  /**
   * Any other objection of the database; see `database_code` and `sqlstate`. Among them
   * are a disk that fails (SQLite's codes of SQLITE_IOERR), a file that the system can't
   * look at, and no descriptor left.
   */
  SATORI_DATABASE = 9,
  /**
   * The path no longer leads to the file that was opened: the database, or the -wal
   * or -shm beside it, was replaced or removed. What was just written may be lost.
   * Close every handle on the store, open it again and repeat the write.
   */
  SATORI_FILE_REPLACED = 10,
  /**
   * The handle was opened before fork(): open the store again in the child.
   */
  SATORI_FORKED = 11,
  /**
   * An earlier call on the handle panicked: close it, open the store again.
   */
  SATORI_POISONED = 12,
  /**
   * The text can't name a stream.
   */
  SATORI_INVALID_UUID = 13,
  /**
   * The name stands for something that holds no stream's observations, or for
   * another stream, whose name differs in upper and lower case alone; or a rule that
   * another program has set keeps rows out, or a column as it has declared it would
   * change them.
   */
  SATORI_NOT_A_STREAM = 14,
  /**
   * No stream of that uuid or name has metadata or data here.
   */
  SATORI_STREAM_NOT_FOUND = 15,
  /**
   * The text or number is no instant that can be read, or stored.
   */
  SATORI_INVALID_TIMESTAMP = 16,
  /**
   * The text or number is no finite value.
   */
  SATORI_INVALID_VALUE = 17,
  /**
   * A stored row can't be read as an observation.
   */
  SATORI_UNREADABLE_ROW = 18,
  /**
   * The input is not the JSON that was expected. The message names the place.
   */
  SATORI_INVALID_JSON = 19,
  /**
   * A stream object has no uuid, or a payload names no stream and the caller named none.
   */
  SATORI_MISSING_UUID = 20,
  /**
   * A strict batch was refused: nothing of it was stored.
   */
  SATORI_REFUSED = 21,
  /**
   * An Arrow stream is not what can be inserted. The message says why.
   */
  SATORI_INVALID_ARROW = 22,
  /**
   * The text is no step of time.
   */
  SATORI_INVALID_STEP = 23,
  /**
   * satori_interrupt has ended the call. Nothing of it was stored.
   */
  SATORI_INTERRUPTED = 24,
  /**
   * The connection to the server was lost. Nothing of the call was stored; the next call
   * connects anew.
   */
  SATORI_CONNECTION_LOST = 25,
  /**
   * The connection to the server was lost while a write was being committed: it may be
   * stored or not. To repeat it is safe.
   */
  SATORI_UNKNOWN_OUTCOME = 26,
  /**
   * The database in which the store is doesn't have this. The message says what to use
   * instead.
   */
  SATORI_UNSUPPORTED = 27,
  /**
   * A pointer that must lead somewhere is NULL.
   */
  SATORI_NULL_POINTER = 101,
  /**
   * The handle is none: freed, of another type, or never given out.
   */
  SATORI_INVALID_HANDLE = 102,
  /**
   * A number, a length or a struct's size is out of range.
   */
  SATORI_INVALID_ARGUMENT = 103,
  /**
   * The text is not UTF-8.
   */
  SATORI_INVALID_UTF8 = 104,
  /**
   * A defect in the library: it panicked. The message names the function. The
   * handle is poisoned; the process and all other handles go on.
   */
  SATORI_PANIC = 105,
  /**
   * The caller's memory is too small: `needed` says how much it takes.
   */
  SATORI_BUFFER_TOO_SMALL = 106,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_code satori_code;
#else
typedef int32_t satori_code;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a power cut may take.
 */
enum satori_synchronous
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A crash of the process takes nothing; a power cut may take the writes
   * since the last checkpoint, the newest first. What the engine uses.
   */
  SATORI_SYNCHRONOUS_NORMAL = 0,
  /**
   * Neither takes a write that was acknowledged: each waits for the disk.
   */
  SATORI_SYNCHRONOUS_FULL = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_synchronous satori_synchronous;
#else
typedef int32_t satori_synchronous;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A field of `satori_stream_patch`, as a bit of its masks.
 */
enum satori_field
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * `server_stream_id`.
   */
  SATORI_FIELD_SERVER_STREAM_ID = 1,
  /**
   * `name`.
   */
  SATORI_FIELD_NAME = 2,
  /**
   * `author`.
   */
  SATORI_FIELD_AUTHOR = 4,
  /**
   * `secondary`.
   */
  SATORI_FIELD_SECONDARY = 8,
  /**
   * `target`.
   */
  SATORI_FIELD_TARGET = 16,
  /**
   * `meta`.
   */
  SATORI_FIELD_META = 32,
  /**
   * `description`.
   */
  SATORI_FIELD_DESCRIPTION = 64,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_field satori_field;
#else
typedef uint32_t satori_field;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What `satori_remove` removes.
 */
enum satori_remove_what
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The metadata; the observations stay.
   */
  SATORI_REMOVE_METADATA = 1,
  /**
   * The data: the observations and their place; the metadata stays.
   */
  SATORI_REMOVE_DATA = 2,
  /**
   * Both.
   */
  SATORI_REMOVE_BOTH = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_remove_what satori_remove_what;
#else
typedef int32_t satori_remove_what;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What came of inserting one observation.
 */
enum satori_insertion
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The row is stored.
   */
  SATORI_INSERTED = 0,
  /**
   * A row of the same instant and value already exists; nothing changed.
   */
  SATORI_ALREADY_THERE = 1,
  /**
   * A row of the same instant and another value already exists; it stays.
   */
  SATORI_CONFLICT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_insertion satori_insertion;
#else
typedef int32_t satori_insertion;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a stream's digest says about its rows.
 */
enum satori_digest
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The stream has none.
   */
  SATORI_DIGEST_NOT_KEPT = 0,
  /**
   * The rows are those that were written through this library, in all four columns.
   */
  SATORI_DIGEST_MATCHES = 1,
  /**
   * Rows were changed, added or removed by something else: another program by plain
   * SQL, or a fault of the disk or the memory.
   */
  SATORI_DIGEST_DIFFERS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_digest satori_digest;
#else
typedef int32_t satori_digest;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How an input falls into payloads.
 */
enum satori_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Payloads and JSON arrays of them, one a line or over several lines. A line that is
   * no JSON is rejected by itself. If the input begins with an array that is malformed
   * or cut short, the whole input is.
   */
  SATORI_FORMAT_AUTO = 0,
  /**
   * The same, but a line that begins such an array is rejected by itself too: for
   * lines, and for the pieces of a long input.
   */
  SATORI_FORMAT_NDJSON = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_format satori_format;
#else
typedef int32_t satori_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The unit in which a number counts the time since 1970-01-01 UTC, also if it is given
 * as text. Text of a date and a time has no unit.
 */
enum satori_time_unit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Recognised by the number's magnitude: milli-, micro- and nanoseconds begin at 1e11,
   * 1e14 and 1e17, either way. Milliseconds of the years 1967 to 1973 look like seconds:
   * name the unit of a feed that has such instants.
   */
  SATORI_TIME_UNIT_AUTO = 0,
  /**
   * Seconds.
   */
  SATORI_TIME_UNIT_SECONDS = 1,
  /**
   * Milliseconds.
   */
  SATORI_TIME_UNIT_MILLISECONDS = 2,
  /**
   * Microseconds.
   */
  SATORI_TIME_UNIT_MICROSECONDS = 3,
  /**
   * Nanoseconds.
   */
  SATORI_TIME_UNIT_NANOSECONDS = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_time_unit satori_time_unit;
#else
typedef int32_t satori_time_unit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which value of a stream stands at an instant of the clock.
 */
enum satori_fill
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * That of the row as of the instant: the one that lies latest in time among those at the
   * instant and before it, if it is no older than `max_age`.
   */
  SATORI_FILL_AS_OF = 0,
  /**
   * That of the row of just this instant.
   */
  SATORI_FILL_EXACT = 1,
  /**
   * The mean of the rows from the instant, included, to the clock's next one, excluded. It
   * looks ahead: at the instant itself nobody knows it.
   */
  SATORI_FILL_MEAN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum satori_fill satori_fill;
#else
typedef int32_t satori_fill;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A place in a stream, from which observations are read a batch at a time. One
 * thread at a time; nothing of the file is locked between batches. Free it with
 * `satori_cursor_free`.
 */
typedef struct satori_cursor satori_cursor;

/**
 * A store: one engine.db, open. Any number of threads may use it at once; their
 * calls take turns. Close it with `satori_store_close`.
 */
typedef struct satori_store satori_store;

/**
 * Streams that a call found: often one. Free the list with `satori_stream_list_free`.
 */
typedef struct satori_stream_list satori_stream_list;

/**
 * Text that the library made: a report, as JSON. Free it with
 * `satori_string_free`.
 */
typedef struct satori_string satori_string;

/**
 * What a function returns: a `satori_code`.
 */
typedef int32_t satori_status;

/**
 * What the library is, and which SQLite it works with. The texts are constants:
 * they live as long as the library is loaded.
 */
typedef struct {
  /**
   * sizeof(satori_library_info); see "Structs that may grow".
   */
  size_t size;
  /**
   * The library's version, as SATORI_VERSION is made: 1000000 * major +
   * 1000 * minor + patch.
   */
  uint32_t version;
  /**
   * SQLite's version number, such as 3053002.
   */
  uint32_t sqlite_version;
  /**
   * The library's version as text, such as "0.1.0".
   */
  const char *version_text;
  /**
   * SQLite's version as text.
   */
  const char *sqlite_version_text;
  /**
   * SQLite's source id (<https://sqlite.org/c3ref/c_source_id.html>).
   */
  const char *sqlite_source_id;
  /**
   * 1: SQLite is compiled in. 0: it is the system's, loaded beside.
   */
  uint32_t sqlite_bundled;
  /**
   * Whether a process may use one file through this library and through another
   * copy of SQLite at the same time; see "Several SQLites in a process". 1: yes.
   * 0: no. 2: only if the other user is linked with the same system's SQLite.
   */
  uint32_t safe_beside_other_sqlite;
} satori_library_info;

/**
 * An error, owned by the caller: declare one, pass its address, read it if the
 * status is not SATORI_OK. It needs no initialising and no freeing, and it will
 * never grow. A function that succeeds leaves it as it is.
 */
typedef struct {
  /**
   * The status that the function returned.
   */
  satori_status code;
  /**
   * The database's own number for what it objects to: SQLite's extended result code
   * (<https://sqlite.org/rescode.html>). 0 if the database has none, or was not the
   * one to object.
   */
  int32_t database_code;
  /**
   * The SQLSTATE of what the database objects to: five letters and digits, and a
   * NUL. Empty if the database has none, as SQLite, or was not the one to object.
   */
  char sqlstate[SATORI_SQLSTATE_SIZE];
  /**
   * What is wrong and what to do, in English: UTF-8, NUL-terminated, cut if it is
   * longer.
   */
  char message[SATORI_MESSAGE_SIZE];
} satori_error;

/**
 * How a store is opened. All 0, except for the size, is the default.
 */
typedef struct {
  /**
   * sizeof(satori_open_options); see "Structs that may grow".
   */
  size_t size;
  /**
   * Not 0: open without writing one byte, whatever the file is; every write is
   * SATORI_READ_ONLY. A closed store is read even where its folder can't be written,
   * without a lock. Every call looks before and after whether another program writes the
   * file, and opens it anew if so; a call during which that happens returns
   * SATORI_DATABASE, and can be repeated. Opening, and after it any call, is
   * SATORI_CANNOT_OPEN if the -wal holds commits and the folder can't be written, or if a
   * program has the file open and this user may not read its -wal and -shm.
   */
  int32_t read_only;
  /**
   * Not 0: a missing file is an error instead of a new store.
   */
  int32_t must_exist;
  /**
   * A `satori_synchronous`.
   */
  int32_t synchronous;
  /**
   * Not 0: `path` is ignored, the store lives in memory and is gone when it
   * is closed.
   */
  int32_t in_memory;
  /**
   * How long a write waits for another writer, in microseconds; 0 is the
   * default of 5 seconds, a negative number is no wait.
   */
  int64_t busy_timeout;
  /**
   * Not 0: if a stream's timestamps are stored as text, its new rows are stored as
   * text spelled like the last of them, instead of as Unix seconds. SQLite sorts
   * numbers before all text: a program that orders such a table by plain SQL would
   * never take a number for the last. On a server the latest row says how new ones are
   * spelled.
   */
  int32_t keep_spelling;
  /**
   * Not 0: reads leave out rows that can't be read, instead of ending at the first with
   * SATORI_UNREADABLE_ROW. satori_count and satori_get_statistics still count them,
   * and satori_unreadable lists them.
   */
  int32_t skip_unreadable;
  /**
   * Not 0: a digest of each stream is kept, which satori_verify compares with the rows: a
   * sum over all four columns, in the table `__satori_digest` of the file, that every
   * write through this library updates from then on, whoever has opened the file. Inserts
   * take longer with it. The first opening that asks reads every stream. A program that
   * writes rows by plain SQL leaves it as it was: see satori_restate_digest.
   */
  int32_t digest;
  /**
   * 0.
   */
  int32_t reserved;
} satori_open_options;

/**
 * UTF-8 text: `length` bytes from `data`, no NUL needed. NULL with length 0 is
 * empty text, or no text if the function says what that stands for.
 * `satori_text_of` makes one of NUL-terminated text.
 *
 * One that the library gives out is NUL-terminated as well, the NUL not counted;
 * NULL stands for no text. The function says how long the text lives.
 */
typedef struct {
  /**
   * The first byte.
   */
  const char *data;
  /**
   * The number of bytes.
   */
  size_t length;
} satori_text;

/**
 * The metadata of one stream. The function that gives it says how long its texts
 * live; one whose data is NULL is not set.
 */
typedef struct {
  /**
   * sizeof(satori_stream); see "Structs that may grow".
   */
  size_t size;
  /**
   * Given by the store, never changed. 0: the stream has data and no metadata, and
   * only `uuid` is set.
   */
  int64_t id;
  /**
   * The server's number for the stream, if `has_server_stream_id`.
   */
  int64_t server_stream_id;
  /**
   * 1 or 0.
   */
  int32_t has_server_stream_id;
  /**
   * 0.
   */
  int32_t reserved;
  /**
   * The uuid.
   */
  satori_text uuid;
  /**
   * The name; not unique.
   */
  satori_text name;
  /**
   * Who may publish.
   */
  satori_text author;
  /**
   * Secondary identifier.
   */
  satori_text secondary;
  /**
   * Field of the stream.
   */
  satori_text target;
  /**
   * Free text of the server.
   */
  satori_text meta;
  /**
   * Description.
   */
  satori_text description;
  /**
   * When the metadata last came from the server, in microseconds UTC, or
   * SATORI_NO_INSTANT.
   */
  int64_t last_synced;
  /**
   * When the metadata was first written, in microseconds UTC, or SATORI_NO_INSTANT.
   */
  int64_t created_at;
} satori_stream;

/**
 * What to write of a stream's metadata. A field whose bit is in neither mask keeps
 * what is stored.
 */
typedef struct {
  /**
   * sizeof(satori_stream_patch); see "Structs that may grow".
   */
  size_t size;
  /**
   * Bits of `satori_field`: these are set to the values below.
   */
  uint32_t set;
  /**
   * Bits of `satori_field`: these are cleared.
   */
  uint32_t clear;
  /**
   * The server's number for the stream.
   */
  int64_t server_stream_id;
  /**
   * The name.
   */
  satori_text name;
  /**
   * Who may publish.
   */
  satori_text author;
  /**
   * Secondary identifier.
   */
  satori_text secondary;
  /**
   * Field of the stream.
   */
  satori_text target;
  /**
   * Free text of the server.
   */
  satori_text meta;
  /**
   * Description.
   */
  satori_text description;
} satori_stream_patch;

/**
 * What came of inserting many.
 */
typedef struct {
  /**
   * sizeof(satori_insert_report); see "Structs that may grow".
   */
  size_t size;
  /**
   * Rows stored.
   */
  uint64_t inserted;
  /**
   * Rows that already exist with the same value.
   */
  uint64_t already_there;
  /**
   * Rows whose instant has another value, or a row that can't be read; the stored ones
   * stay.
   */
  uint64_t conflicts;
} satori_insert_report;

/**
 * What the observations of one step of time come to. It never grows. If `count` is 0, the
 * doubles but for `sum` are NaN; else `sum` alone may be infinite.
 */
typedef struct {
  /**
   * Where the step begins, included, in microseconds UTC.
   */
  int64_t start;
  /**
   * Where the next step begins; INT64_MAX if it lies beyond.
   */
  int64_t end;
  /**
   * The number of rows.
   */
  uint64_t count;
  /**
   * The value of the earliest row.
   */
  double first;
  /**
   * The value of the latest row.
   */
  double last;
  /**
   * The smallest value.
   */
  double min;
  /**
   * The largest value.
   */
  double max;
  /**
   * The arithmetic mean.
   */
  double mean;
  /**
   * The sum; infinite if it is too large for a double.
   */
  double sum;
} satori_summary;

/**
 * What a stream's observations are, in numbers.
 */
typedef struct {
  /**
   * sizeof(satori_statistics); see "Structs that may grow".
   */
  size_t size;
  /**
   * Rows.
   */
  uint64_t count;
  /**
   * Rows that can't be read, as satori_unreadable lists them; they count in `count` and among
   * the providers alone.
   */
  uint64_t unreadable;
  /**
   * The earliest instant in microseconds UTC, or SATORI_NO_INSTANT.
   */
  int64_t first;
  /**
   * The latest instant in microseconds UTC, or SATORI_NO_INSTANT.
   */
  int64_t last;
  /**
   * The least value; 0 if there is no row that can be read.
   */
  double minimum;
  /**
   * The greatest value; 0 if there is no row that can be read.
   */
  double maximum;
  /**
   * The sum of the values.
   */
  double sum;
  /**
   * The median of the times between one row and the next, in microseconds, the lower one of
   * two; 0 if there are fewer than two rows.
   */
  int64_t spacing;
  /**
   * How many times the next row came later than one and a half spacings.
   */
  uint64_t gaps;
} satori_statistics;

/**
 * What a walk along a hash chain found.
 */
typedef struct {
  /**
   * sizeof(satori_verification); see "Structs that may grow".
   */
  size_t size;
  /**
   * Rows walked.
   */
  uint64_t rows;
  /**
   * Rows whose hash is made by the rule.
   */
  uint64_t verified;
  /**
   * Rows whose hash is not made by the rule, as a server may send, or that
   * arrived late.
   */
  uint64_t foreign;
  /**
   * Rows that fail although their neighbours hold: changed since.
   */
  uint64_t suspect;
  /**
   * How many of the foreign rows have verified rows both before and after them:
   * their hash was changed, or they arrived late, or the hashes of the stream come
   * from several places.
   */
  uint64_t foreign_between;
  /**
   * A satori_digest.
   */
  int32_t digest;
  /**
   * 0.
   */
  int32_t reserved;
} satori_verification;

/**
 * How payloads are taken in. All 0, except for the size, is the default.
 */
typedef struct {
  /**
   * sizeof(satori_ingest_options); see "Structs that may grow".
   */
  size_t size;
  /**
   * The stream that every payload belongs to, whatever it says itself; data NULL:
   * each names its own. Payloads of the old shape name none and need this.
   */
  satori_text uuid;
  /**
   * Who delivers the rows; data NULL is "central".
   */
  satori_text provider;
  /**
   * Not 0: all is stored or nothing. Nothing of the batch is stored if one payload can't
   * be, or if its instant already has another value.
   */
  int32_t strict;
  /**
   * A `satori_format`.
   */
  int32_t format;
  /**
   * The number of the input's first line, from 1, if it is a piece of a longer
   * input: reports and errors count from there. 0 means 1; more than INT64_MAX is
   * SATORI_INVALID_ARGUMENT.
   */
  uint64_t first_line;
  /**
   * A `satori_time_unit`, of timestamps that are numbers, also in text.
   */
  int32_t unit;
  /**
   * Must be 0.
   */
  int32_t reserved;
} satori_ingest_options;

/**
 * What came of ingesting a batch: each payload is counted exactly once. If a strict batch
 * is refused, the payloads that would have been stored are counted in `payloads` alone.
 */
typedef struct {
  /**
   * sizeof(satori_ingest_report); see "Structs that may grow".
   */
  size_t size;
  /**
   * Payloads in the batch, `null` ones included.
   */
  uint64_t payloads;
  /**
   * Observations stored.
   */
  uint64_t inserted;
  /**
   * Observations that already exist with the same value.
   */
  uint64_t already_there;
  /**
   * Payloads that were `null`: the server had nothing new.
   */
  uint64_t nothing;
  /**
   * Observations whose instant has another value; the stored ones stay.
   */
  uint64_t conflicts;
  /**
   * Payloads that can't be stored.
   */
  uint64_t rejected;
} satori_ingest_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the name of a status, such as "SATORI_BUSY": for logs, as numbers say little.
 * It needs no handle, and nothing is to be freed: the text lives as long as the library
 * is loaded.
 *
 * @param status  what a function returned.
 * @return the name; "unknown" if this library knows no such status.
 * @since 0.1
 */
const char *satori_status_name(satori_status status);

/**
 * Returns what the library is, and which SQLite it works with. It needs no handle.
 *
 * @param info   receives the answer; set its size first
 *               (satori_library_info_init does).
 * @param error  see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
 * @since 0.1
 */
satori_status satori_get_library_info(satori_library_info *info, satori_error *error);

/**
 * Opens the store at `path`: a missing or empty file becomes a new one, an
 * installed engine's file is taken over without changing one observation, and a
 * file that is damaged, of a later release or of another shape is refused and
 * not changed.
 *
 * In a library that was built with the feature `postgres`, a path that is a URL,
 * postgres://user@host/database, opens the store in that database, and makes its tables if
 * there are none. The password may be in the URL, in PGPASSWORD or in ~/.pgpass; no message
 * shows it. What this header says of the file is true of the database; satori_backup,
 * satori_compact and digests are SATORI_UNSUPPORTED there, and any call may return
 * SATORI_CONNECTION_LOST, one that writes also SATORI_UNKNOWN_OUTCOME.
 *
 * @param path         the file; bytes as the system takes them, no NUL needed. Or a URL.
 * @param path_length  its length in bytes.
 * @param options      how; NULL for the defaults.
 * @param store        receives the handle; close it with satori_store_close.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_CANNOT_OPEN (also if the path looks like another URL,
 *         scheme://...), SATORI_NOT_A_STORE, SATORI_CORRUPT, SATORI_LATER_RELEASE,
 *         SATORI_SCHEMA_MISMATCH, SATORI_BUSY, SATORI_READ_ONLY, SATORI_DISK_FULL,
 *         SATORI_DATABASE, SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
 * @since 0.1
 */
satori_status satori_store_open(const char *path,
                                size_t path_length,
                                const satori_open_options *options,
                                satori_store **store,
                                satori_error *error);

/**
 * Closes a store. The handle is invalid from then on. Calls that other threads
 * have under way end as they would have, and the last of them closes the file;
 * a satori_wait ends with SATORI_INTERRUPTED.
 * Cursors of the store live on until they are freed, and keep the file open.
 *
 * @param store  the store; NULL is fine.
 * @param error  see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
 *         "Processes").
 * @since 0.1
 */
satori_status satori_store_close(satori_store *store, satori_error *error);

/**
 * Returns the number of streams in a list.
 *
 * @param streams  the list.
 * @param count    receives the number.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED.
 * @since 0.1
 */
satori_status satori_stream_list_count(const satori_stream_list *streams,
                                       size_t *count,
                                       satori_error *error);

/**
 * Reads one stream of a list.
 *
 * @param streams  the list.
 * @param index    which, from 0.
 * @param stream   receives it; set its size first (satori_stream_init does). Its
 *                 texts live until the list is freed.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED, SATORI_INVALID_ARGUMENT (no such index, or no such size).
 * @since 0.1
 */
satori_status satori_stream_list_get(const satori_stream_list *streams,
                                     size_t index,
                                     satori_stream *stream,
                                     satori_error *error);

/**
 * Returns the streams of a list all at once, as JSON: an object with an array for each
 * member of satori_stream that is set in one of them, by its name. Item by item the arrays
 * hold the streams in order; null is not set. Times are text, as table `streams` holds
 * those that the store writes.
 *
 * @param streams  the list.
 * @param json     receives the text.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED.
 * @since 0.1
 */
satori_status satori_stream_list_columns(const satori_stream_list *streams,
                                         satori_string **json,
                                         satori_error *error);

/**
 * Frees a list, and with it the texts of its streams.
 *
 * @param streams  the list; NULL is fine.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
 *         "Processes").
 * @since 0.1
 */
satori_status satori_stream_list_free(satori_stream_list *streams, satori_error *error);

/**
 * Reports whether the store has a stream: its metadata, or data.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param contains     receives 1 if it has, else 0.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, or what any call
 *         returns.
 * @since 0.1
 */
satori_status satori_contains(const satori_store *store,
                              const char *uuid,
                              size_t uuid_length,
                              int32_t *contains,
                              satori_error *error);

/**
 * Finds the stream of this uuid.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param streams      receives a list of one stream, or of none if the stream has no
 *                     metadata.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, or what any call returns.
 * @since 0.1
 */
satori_status satori_stream_by_uuid(const satori_store *store,
                                    const char *uuid,
                                    size_t uuid_length,
                                    satori_stream_list **streams,
                                    satori_error *error);

/**
 * Finds the stream of this uuid, and writes it into memory of the caller's: the
 * fastest way to look one up, with nothing to free.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param stream       receives it; set its size first (satori_stream_init does).
 * @param texts        receives its texts, NUL-terminated, to which `stream` points.
 * @param capacity     how many bytes `texts` has room for.
 * @param needed       receives how many bytes of `texts` the stream takes, also if
 *                     they are more than `capacity`. 0: the stream has no metadata,
 *                     and `stream` is left as it is.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_BUFFER_TOO_SMALL (`capacity` is less
 *         than `needed`), SATORI_INVALID_ARGUMENT (there is no such size), or what any
 *         call returns.
 * @since 0.1
 */
satori_status satori_get_stream(const satori_store *store,
                                const char *uuid,
                                size_t uuid_length,
                                satori_stream *stream,
                                char *texts,
                                size_t capacity,
                                size_t *needed,
                                satori_error *error);

/**
 * Finds the stream of this name, and writes it into memory of the caller's, as
 * satori_get_stream does. Of several it is the most recently synced, then the one with
 * the lowest id.
 *
 * @param store        the store.
 * @param name         the name.
 * @param name_length  its length in bytes.
 * @param stream       receives it; set its size first (satori_stream_init does).
 * @param texts        receives its texts, NUL-terminated, to which `stream` points.
 * @param capacity     how many bytes `texts` has room for.
 * @param needed       receives how many bytes of `texts` the stream takes, also if
 *                     they are more than `capacity`. 0: no stream has the name, and
 *                     `stream` is left as it is.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_BUFFER_TOO_SMALL (`capacity` is less
 *         than `needed`), SATORI_INVALID_ARGUMENT (there is no such size), or what any
 *         call returns.
 * @since 0.1
 */
satori_status satori_get_stream_by_name(const satori_store *store,
                                        const char *name,
                                        size_t name_length,
                                        satori_stream *stream,
                                        char *texts,
                                        size_t capacity,
                                        size_t *needed,
                                        satori_error *error);

/**
 * Finds the stream of this uuid, and writes its row of table `streams` as JSON into memory
 * of the caller's: for hosts that make an object of it.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param json         receives an object with all columns by their names, NUL-terminated.
 *                     Times are text, as the store writes them into the columns.
 * @param capacity     how many bytes `json` has room for.
 * @param needed       receives how many bytes of `json` the object takes with its NUL,
 *                     also if they are more than `capacity`. 0: the stream has no
 *                     metadata, and `json` is left as it is.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_BUFFER_TOO_SMALL (`capacity` is less
 *         than `needed`), or what any call returns.
 * @since 0.1
 */
satori_status satori_get_stream_json(const satori_store *store,
                                     const char *uuid,
                                     size_t uuid_length,
                                     char *json,
                                     size_t capacity,
                                     size_t *needed,
                                     satori_error *error);

/**
 * Finds the stream of this name, as satori_get_stream_by_name does, and writes it as
 * satori_get_stream_json does.
 *
 * @param store        the store.
 * @param name         the name.
 * @param name_length  its length in bytes.
 * @param json         receives an object with all columns by their names, NUL-terminated.
 *                     Times are text, as the store writes them into the columns.
 * @param capacity     how many bytes `json` has room for.
 * @param needed       receives how many bytes of `json` the object takes with its NUL,
 *                     also if they are more than `capacity`. 0: no stream has the name,
 *                     and `json` is left as it is.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_BUFFER_TOO_SMALL (`capacity` is less
 *         than `needed`), or what any call returns.
 * @since 0.1
 */
satori_status satori_get_stream_by_name_json(const satori_store *store,
                                             const char *name,
                                             size_t name_length,
                                             char *json,
                                             size_t capacity,
                                             size_t *needed,
                                             satori_error *error);

/**
 * Finds all streams of this name: the most recently synced first, then the lowest
 * id. Names are not unique; if one stream is wanted, take the first.
 *
 * @param store        the store.
 * @param name         the name, exactly.
 * @param name_length  its length in bytes.
 * @param streams      receives the list.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_by_name(const satori_store *store,
                                     const char *name,
                                     size_t name_length,
                                     satori_stream_list **streams,
                                     satori_error *error);

/**
 * Finds the streams of these uuids, in their order, all of one state of the store. One that
 * has no metadata gives no item.
 *
 * @param store    the store.
 * @param count    how many uuids.
 * @param uuids    the uuids.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_of(const satori_store *store,
                                size_t count,
                                const satori_text *uuids,
                                satori_stream_list **streams,
                                satori_error *error);

/**
 * Finds the stream of each of these names, in their order, all of one state of the store, as
 * satori_get_stream_by_name chooses it. A name that no stream has gives no item.
 *
 * @param store    the store.
 * @param count    how many names.
 * @param names    the names, exactly.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UTF8, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_named(const satori_store *store,
                                   size_t count,
                                   const satori_text *names,
                                   satori_stream_list **streams,
                                   satori_error *error);

/**
 * Finds all streams to which the server gives this number, the most recently synced
 * first.
 *
 * @param store             the store.
 * @param server_stream_id  the server's number.
 * @param streams           receives the list.
 * @param error             see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_by_server_id(const satori_store *store,
                                          int64_t server_stream_id,
                                          satori_stream_list **streams,
                                          satori_error *error);

/**
 * Lists all streams that have metadata, by id.
 *
 * @param store    the store.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams(const satori_store *store,
                             satori_stream_list **streams,
                             satori_error *error);

/**
 * Finds the streams whose name or description contains `part`; ASCII letters match
 * in either case.
 *
 * @param store        the store.
 * @param part         the part.
 * @param part_length  its length in bytes.
 * @param streams      receives the list.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_search_streams(const satori_store *store,
                                    const char *part,
                                    size_t part_length,
                                    satori_stream_list **streams,
                                    satori_error *error);

/**
 * Finds the streams not synced since `since`, the longest unsynced first. Those
 * never synced are among them.
 *
 * @param store    the store.
 * @param since    an instant, in microseconds UTC.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_stale_streams(const satori_store *store,
                                   int64_t since,
                                   satori_stream_list **streams,
                                   satori_error *error);

/**
 * Lists the streams that have data and no metadata: of each, `uuid` alone is set.
 * They get metadata with their next payload.
 *
 * @param store    the store.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_without_metadata(const satori_store *store,
                                              satori_stream_list **streams,
                                              satori_error *error);

/**
 * Lists the streams that have data, with metadata or without, in the order in which
 * they got it: of each, `uuid` alone is set. A stream whose rows were all deleted
 * still is among them.
 *
 * @param store    the store.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, or what any call returns.
 * @since 0.1
 */
satori_status satori_streams_with_data(const satori_store *store,
                                       satori_stream_list **streams,
                                       satori_error *error);

/**
 * Writes a stream's metadata and sets its `last_synced` to now. A stream that has
 * none gets it; `id` and `created_at` never change.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid: 1 to 255 bytes without control characters.
 * @param uuid_length  its length in bytes.
 * @param patch        what to write; NULL writes `last_synced` alone.
 * @param streams      receives a list of the one stream, with what is stored now; may
 *                     be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, or what any call that
 *         writes returns.
 * @since 0.1
 */
satori_status satori_upsert_stream(const satori_store *store,
                                   const char *uuid,
                                   size_t uuid_length,
                                   const satori_stream_patch *patch,
                                   satori_stream_list **streams,
                                   satori_error *error);

/**
 * Changes the metadata that a stream has; `last_synced` stays.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param patch        what to write; NULL changes nothing.
 * @param streams      receives a list of the one stream, with what is stored now; may
 *                     be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND (it has no
 *         metadata), or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_update_stream(const satori_store *store,
                                   const char *uuid,
                                   size_t uuid_length,
                                   const satori_stream_patch *patch,
                                   satori_stream_list **streams,
                                   satori_error *error);

/**
 * Removes a stream's metadata, its data, or both. It is no error if there is none.
 *
 * @param store             the store.
 * @param uuid              the stream's uuid.
 * @param uuid_length       its length in bytes.
 * @param what              a satori_remove_what.
 * @param removed_metadata  receives 1 if there was metadata, else 0; may be NULL.
 * @param removed_rows      receives how many observations were removed; may be NULL.
 * @param error             see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_INVALID_ARGUMENT (no such choice),
 *         SATORI_NOT_A_STREAM, or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_remove(const satori_store *store,
                            const char *uuid,
                            size_t uuid_length,
                            int32_t what,
                            int32_t *removed_metadata,
                            uint64_t *removed_rows,
                            satori_error *error);

/**
 * Inserts one observation. A stored row is never overwritten. A stream that has no
 * data yet gets a place for it.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param ts           the instant, in microseconds UTC.
 * @param value        the value: finite.
 * @param hash         the hash; NULL computes it from the latest row's.
 * @param provider     who delivers the row; NULL is "central".
 * @param insertion    receives a satori_insertion; may be NULL.
 * @param stored       receives the value that is stored; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK (for all three insertions), SATORI_INVALID_UUID,
 *         SATORI_INVALID_VALUE, SATORI_INVALID_TIMESTAMP, SATORI_NOT_A_STREAM (the
 *         name is taken, or a rule that another program has set keeps the row out),
 *         SATORI_UNREADABLE_ROW (a stored row that it must be compared with, or
 *         chained to), or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_insert(const satori_store *store,
                            const char *uuid,
                            size_t uuid_length,
                            int64_t ts,
                            double value,
                            const satori_text *hash,
                            const satori_text *provider,
                            int32_t *insertion,
                            double *stored,
                            satori_error *error);

/**
 * Inserts observations in their order, in one transaction: all that are new are
 * stored, or, on an error, none. A stream that has no data yet gets a place for it,
 * also if `count` is 0.
 *
 * A row is given its timestamp as an instant, or as text that is stored as that text:
 * for hosts that look their rows up by it, and for streams whose timestamps are text
 * already. SQLite makes a number of text that is one, and blanks around it are left
 * out; else it is stored as it is, and a hash that is computed is one of that text.
 * The key is the instant nevertheless: a stored row of the same instant, in whichever
 * spelling, stays. satori_cursor_next returns the text.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param count        the number of observations.
 * @param ts           `count` instants, in microseconds UTC. NULL if all are spelled.
 * @param spellings    `count` timestamps as text, in any spelling that
 *                     satori_parse_timestamp reads; the instant of one whose data is
 *                     NULL is in `ts`. If both are given they must agree, or it is
 *                     SATORI_INVALID_TIMESTAMP; a row with neither is
 *                     SATORI_NULL_POINTER. NULL if none is spelled.
 * @param values       `count` values: finite.
 * @param hashes       `count` hashes; one whose data is NULL is computed. NULL
 *                     computes all.
 * @param providers    `count` providers; one whose data is NULL is "central". NULL is
 *                     "central" for all.
 * @param report       receives the counts; set its size first. May be NULL.
 * @param conflicts    receives the conflicts as JSON: an array of [index, {ts,
 *                     stored, offered}]; stored is null if that row can't be read.
 *                     May be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_insert, but for SATORI_UNREADABLE_ROW: a row whose instant has a
 *         row that can't be read is a conflict.
 * @since 0.1
 */
satori_status satori_insert_many(const satori_store *store,
                                 const char *uuid,
                                 size_t uuid_length,
                                 size_t count,
                                 const int64_t *ts,
                                 const satori_text *spellings,
                                 const double *values,
                                 const satori_text *hashes,
                                 const satori_text *providers,
                                 satori_insert_report *report,
                                 satori_string **conflicts,
                                 satori_error *error);

/**
 * Inserts observations, each into its stream, in one transaction: all that are new are
 * stored, or, on an error, none. It costs a small part of a call for each stream.
 *
 * The arrays are those of satori_insert_many, and so are the timestamps that are given as
 * text; the rows of a stream are inserted in their order.
 *
 * @param store        the store.
 * @param count        the number of observations.
 * @param uuids        `count` uuids: that of each row's stream.
 * @param ts           `count` instants, in microseconds UTC. NULL if all are spelled.
 * @param spellings    `count` timestamps as text. NULL if none is spelled.
 * @param values       `count` values: finite.
 * @param hashes       `count` hashes; one whose data is NULL is computed. NULL
 *                     computes all.
 * @param providers    `count` providers; one whose data is NULL is "central". NULL is
 *                     "central" for all.
 * @param report       receives the counts; set its size first. May be NULL.
 * @param conflicts    receives the conflicts, as satori_insert_many gives them.
 *                     May be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_insert_many.
 * @since 0.1
 */
satori_status satori_insert_across(const satori_store *store,
                                   size_t count,
                                   const satori_text *uuids,
                                   const int64_t *ts,
                                   const satori_text *spellings,
                                   const double *values,
                                   const satori_text *hashes,
                                   const satori_text *providers,
                                   satori_insert_report *report,
                                   satori_string **conflicts,
                                   satori_error *error);

/**
 * Opens a cursor over the observations from `from`, included, to `to`, excluded, in
 * order of time.
 *
 * @param store        the store; the cursor keeps it open until it is freed.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param from         microseconds UTC; INT64_MIN for all from the first on.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param cursor       receives the handle.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
 *         SATORI_NOT_A_STREAM, or what any call returns.
 * @since 0.1
 */
satori_status satori_observations(const satori_store *store,
                                  const char *uuid,
                                  size_t uuid_length,
                                  int64_t from,
                                  int64_t to,
                                  satori_cursor **cursor,
                                  satori_error *error);

/**
 * Opens a cursor over the observation of one instant, in whichever spelling the row
 * stores it.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param ts           the instant, in microseconds UTC.
 * @param cursor       receives the handle; it gives one row or none.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations, or SATORI_UNREADABLE_ROW.
 * @since 0.1
 */
satori_status satori_observation(const satori_store *store,
                                 const char *uuid,
                                 size_t uuid_length,
                                 int64_t ts,
                                 satori_cursor **cursor,
                                 satori_error *error);

/**
 * Counts the observations from `from`, included, to `to`, excluded. Without bounds
 * every row counts, also one whose timestamp can't be read.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param from         microseconds UTC; INT64_MIN for all from the first on.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param count        receives the number.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations.
 * @since 0.1
 */
satori_status satori_count(const satori_store *store,
                           const char *uuid,
                           size_t uuid_length,
                           int64_t from,
                           int64_t to,
                           uint64_t *count,
                           satori_error *error);

/**
 * Deletes the observations from `from`, included, to `to`, excluded. Without bounds
 * every row is deleted, also one whose timestamp can't be read; the stream's place
 * stays.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param from         microseconds UTC; INT64_MIN for all from the first on.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param deleted      receives how many there were; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations, or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_delete(const satori_store *store,
                            const char *uuid,
                            size_t uuid_length,
                            int64_t from,
                            int64_t to,
                            uint64_t *deleted,
                            satori_error *error);

/**
 * Opens a cursor over the first `count` observations, in order of time.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param count        how many; they are held in memory.
 * @param cursor       receives the handle.
 * @param error        see satori_error; may be NULL.
 * @return as satori_last.
 * @since 0.1
 */
satori_status satori_first(const satori_store *store,
                           const char *uuid,
                           size_t uuid_length,
                           size_t count,
                           satori_cursor **cursor,
                           satori_error *error);

/**
 * Opens a cursor over the last `count` observations, in order of time. The latest is
 * `count` 1.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param count        how many; they are held in memory.
 * @param cursor       receives the handle.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations, or SATORI_UNREADABLE_ROW.
 * @since 0.1
 */
satori_status satori_last(const satori_store *store,
                          const char *uuid,
                          size_t uuid_length,
                          size_t count,
                          satori_cursor **cursor,
                          satori_error *error);

/**
 * Opens a cursor over the last `count` observations before an instant, in order of time.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param before       the instant, in microseconds UTC; it is excluded.
 * @param count        how many; they are held in memory.
 * @param cursor       receives the handle.
 * @param error        see satori_error; may be NULL.
 * @return as satori_last.
 * @since 0.1
 */
satori_status satori_last_before(const satori_store *store,
                                 const char *uuid,
                                 size_t uuid_length,
                                 int64_t before,
                                 size_t count,
                                 satori_cursor **cursor,
                                 satori_error *error);

/**
 * Opens a cursor over the observation as of an instant: the one that lies latest in time
 * among those at the instant and before it.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param ts           the instant, in microseconds UTC.
 * @param cursor       receives the handle; it gives one row or none.
 * @param error        see satori_error; may be NULL.
 * @return as satori_last.
 * @since 0.1
 */
satori_status satori_as_of(const satori_store *store,
                           const char *uuid,
                           size_t uuid_length,
                           int64_t ts,
                           satori_cursor **cursor,
                           satori_error *error);

/**
 * Finds the observation that lies latest in time, and writes it into memory of the
 * caller's: the fastest way to look it up, with nothing to free.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param ts           receives the instant, in microseconds UTC; NULL skips it.
 * @param spelling     receives the timestamp as the row stores it, as
 *                     satori_cursor_next gives it; NULL skips it.
 * @param value        receives the value; NULL skips it.
 * @param hash         receives the hash; NULL skips it.
 * @param provider     receives the provider; NULL skips it.
 * @param texts        receives the texts, NUL-terminated, to which the outputs point.
 * @param capacity     how many bytes `texts` has room for.
 * @param needed       receives how many bytes of `texts` the row takes, also if they are
 *                     more than `capacity`. 0: there is no row, and all else is left as
 *                     it is.
 * @param error        see satori_error; may be NULL.
 * @return as satori_last, or SATORI_BUFFER_TOO_SMALL (`capacity` is less than `needed`).
 * @since 0.1
 */
satori_status satori_get_latest(const satori_store *store,
                                const char *uuid,
                                size_t uuid_length,
                                int64_t *ts,
                                satori_text *spelling,
                                double *value,
                                satori_text *hash,
                                satori_text *provider,
                                char *texts,
                                size_t capacity,
                                size_t *needed,
                                satori_error *error);

/**
 * Opens a cursor over the latest observation of each of several streams, in the order of
 * `uuids`, all of one state of the store. A stream without a row, be it in the store or not,
 * gives none: satori_cursor_streams says of which streams the rows are.
 *
 * The store keeps what it has prepared for each stream, 2.4 KB or, if it stores text, 12, so that
 * the next call takes a tenth of the time of the first. All that a store keeps prepared takes
 * 42 MB at most: room for 10,000 streams of Unix seconds or 2,600 of text.
 *
 * @param store   the store.
 * @param count   how many streams.
 * @param uuids   their uuids.
 * @param cursor  receives the handle; the rows are held in memory.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW (for
 *         the first stream whose latest row can't be read; with skip_unreadable it is
 *         passed over), or what any call returns.
 * @since 0.1
 */
satori_status satori_latest_of(const satori_store *store,
                               size_t count,
                               const satori_text *uuids,
                               satori_cursor **cursor,
                               satori_error *error);

/**
 * Opens a cursor over the latest observation of every stream that has one, all of one state
 * of the store, in the order of satori_streams_with_data. satori_cursor_streams says of
 * which streams the rows are.
 *
 * @param store   the store.
 * @param cursor  receives the handle; the rows are held in memory.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_UNREADABLE_ROW (as satori_latest_of), or what any call returns.
 * @since 0.1
 */
satori_status satori_latest_of_all(const satori_store *store,
                                   satori_cursor **cursor,
                                   satori_error *error);

/**
 * Returns a number that is another once anybody has committed to the store: this handle,
 * another one, another process. It means nothing else, and nothing on another handle.
 *
 * @param store    the store.
 * @param version  receives the number.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_FILE_REPLACED, or what any call returns.
 * @since 0.1
 */
satori_status satori_data_version(const satori_store *store,
                                  uint64_t *version,
                                  satori_error *error);

/**
 * Waits until somebody has committed since satori_data_version was `seen`. Take the number
 * before you read: what is committed while you read then ends the next wait at once. The
 * commit may be of any stream, or of the metadata, and may have changed nothing. It is noticed
 * within 50 ms; while it waits, the call looks every 20 ms, and holds no lock.
 *
 * @param store    the store. Other threads may use it meanwhile.
 * @param seen     the number.
 * @param timeout  how long to wait at most, in microseconds; less than 0 without an end.
 * @param version  receives the number as it is then: `seen` after the timeout.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INTERRUPTED, SATORI_FILE_REPLACED, or what any call returns.
 * @since 0.1
 */
satori_status satori_wait(const satori_store *store,
                          uint64_t seen,
                          int64_t timeout,
                          uint64_t *version,
                          satori_error *error);

/**
 * Opens a cursor over the rows of each stream that lie after an instant: stream by stream in
 * the order of `uuids`, and each in order of time, all of one state of the store.
 * satori_cursor_streams says of which stream each row is. A stream that is not in the store has
 * none.
 *
 * To follow streams, take satori_data_version, read with this function, note the last instant
 * of each stream, and satori_wait. A row that arrives late, so that its instant lies before the
 * last one noted, is not seen that way; satori_observations has it.
 *
 * @param store   the store.
 * @param count   how many streams.
 * @param uuids   their uuids.
 * @param after   the instant of each, in microseconds UTC; it is excluded.
 * @param limit   how many rows there are at most; they are held in memory. There may be a few
 *                more, as it never stops between two rows of one instant. If there are as many,
 *                call it again with the last instants.
 * @param cursor  receives the handle.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW, or what
 *         any call returns.
 * @since 0.1
 */
satori_status satori_newer(const satori_store *store,
                           size_t count,
                           const satori_text *uuids,
                           const int64_t *after,
                           size_t limit,
                           satori_cursor **cursor,
                           satori_error *error);

/**
 * Ends the calls that are under way on a store in other threads, whether they wait for a lock,
 * for their turn or for a change, or read, verify, insert, back up or compact: each returns
 * SATORI_INTERRUPTED within a few milliseconds, with nothing stored (satori_retain keeps what
 * it has deleted by then). One that has begun to commit is completed. Calls that begin later are not affected, nor are other handles.
 *
 * @param store  the store.
 * @param error  see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED.
 * @since 0.1
 */
satori_status satori_interrupt(const satori_store *store,
                               satori_error *error);

/**
 * Sums the observations from `from`, included, to `to`, excluded, up in steps of time, in
 * order of time, into memory of the caller. If it fills all of the memory, there may be more:
 * call it again with the `end` of the last summary as `from`. Rows outside of the range count
 * in no step, also if the step begins before it.
 *
 * A step is text: a number and a unit, such as "15m", "1 hour", "1d", "1w", "1mo" (a month;
 * "m" is a minute), "1y", or a duration of ISO 8601. Steps of hours and shorter begin at
 * multiples of their length since 1970-01-01 UTC. Days begin at midnight, weeks on Monday,
 * months on the first, in UTC, or in the IANA time zone that stands behind in brackets:
 * "1d[Europe/Berlin]".
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param from         microseconds UTC; INT64_MIN for all from the first on. INT64_MAX, the
 *                     `end` of the last step there can be, gives none.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param step         the step; no NUL needed.
 * @param step_length  its length in bytes.
 * @param with_empty   1 for steps without rows too: from the one in which `from` lies to that
 *                     of `to`, and where the range is open, between those with rows. Else 0.
 * @param capacity     how many summaries there is room for; not 0.
 * @param summaries    receives them.
 * @param count        receives how many there are; 0 at the end.
 * @param error        see satori_error; may be NULL. On an error `summaries` holds nothing of
 *                     use.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_INVALID_ARGUMENT,
 *         SATORI_INVALID_UTF8, SATORI_INVALID_UUID, SATORI_INVALID_STEP,
 *         SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW,
 *         SATORI_INVALID_TIMESTAMP (the calendar of days and months doesn't reach so far), or
 *         what any call returns.
 * @since 0.1
 */
satori_status satori_resample(const satori_store *store,
                              const char *uuid,
                              size_t uuid_length,
                              int64_t from,
                              int64_t to,
                              const char *step,
                              size_t step_length,
                              int32_t with_empty,
                              size_t capacity,
                              satori_summary *summaries,
                              size_t *count,
                              satori_error *error);

/**
 * Puts streams side by side on the clock of a step, into memory of the caller: a row for each
 * step that begins from `from`, included, to `to`, excluded, in order of time, and a column
 * for each stream. Where the range is open, it begins with the step of the streams' first row
 * and ends with that of their last one. If it fills all of the memory, there may be more: call
 * it again with the last instant and 1 as `from`. The rows of a call are of one state of the
 * store, or of a few if there are tens of thousands.
 *
 * @param store        the store.
 * @param count        how many streams.
 * @param uuids        their uuids.
 * @param from         microseconds UTC; INT64_MIN for all from the first on.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param step         the step as text, as satori_resample has it; no NUL needed.
 * @param step_length  its length in bytes.
 * @param fill         a `satori_fill`.
 * @param max_age      for SATORI_FILL_AS_OF, how old a row may be, in microseconds; less than
 *                     0 if it may be of any age. The other fills take none: 0 or less.
 * @param capacity     how many rows there is room for; not 0.
 * @param ts           receives the instants, in microseconds UTC.
 * @param values       receives the values, of `count` times `capacity` items: row `r` of
 *                     stream `s` is item `s * capacity + r`. NaN stands for none, since a
 *                     stored value never is NaN.
 * @param rows         receives how many rows there are; 0 at the end.
 * @param error        see satori_error; may be NULL. On an error the arrays hold nothing of
 *                     use.
 * @return as satori_resample.
 * @since 0.1
 */
satori_status satori_align(const satori_store *store,
                           size_t count,
                           const satori_text *uuids,
                           int64_t from,
                           int64_t to,
                           const char *step,
                           size_t step_length,
                           int32_t fill,
                           int64_t max_age,
                           size_t capacity,
                           int64_t *ts,
                           double *values,
                           size_t *rows,
                           satori_error *error);

/**
 * Puts streams side by side on a clock whose instants are given: a column for each stream.
 *
 * @param store     the store.
 * @param count     how many streams.
 * @param uuids     their uuids.
 * @param rows      how many instants.
 * @param instants  the instants, in microseconds UTC, each later than the one before it.
 * @param fill      SATORI_FILL_AS_OF or SATORI_FILL_EXACT.
 * @param max_age   as in satori_align.
 * @param values    receives the values, of `count` times `rows` items: row `r` of stream `s`
 *                  is item `s * rows + r`. NaN stands for none.
 * @param error     see satori_error; may be NULL. On an error the array holds nothing of use.
 * @return as satori_resample; SATORI_INVALID_TIMESTAMP also if the instants don't ascend,
 *         SATORI_INVALID_STEP if a mean is asked for, which needs steps.
 * @since 0.1
 */
satori_status satori_align_to(const satori_store *store,
                              size_t count,
                              const satori_text *uuids,
                              size_t rows,
                              const int64_t *instants,
                              int32_t fill,
                              int64_t max_age,
                              double *values,
                              satori_error *error);

/**
 * Reads the next observations into arrays of the caller; a row takes the items at one
 * index.
 *
 * @param cursor     the cursor.
 * @param capacity   how many rows the arrays have room for; not 0.
 * @param ts         receives instants, in microseconds UTC; NULL skips them.
 * @param spellings  receives timestamps as the rows store them: text as it is,
 *                   numbers as decimals. `data` is NULL if a row holds the number of
 *                   Unix seconds that the store itself writes: an integer if `ts` is
 *                   whole seconds, else the nearest double. NULL skips them. The texts
 *                   live until the next call on this cursor. Those of a row, and those of
 *                   all rows, lie one after the other in memory, each with a NUL, so that
 *                   one copy takes them all.
 * @param values     receives values; NULL skips them.
 * @param hashes     receives hashes, as texts that live likewise; NULL skips them.
 * @param providers  receives providers, likewise.
 * @param count      receives how many rows there are; 0 at the end.
 * @param error      see satori_error; may be NULL. On an error the arrays hold
 *                   nothing of use, and the rows of this batch are not skipped
 *                   by a later call. A row that can't be read is reported by the
 *                   call that would begin with it: the call before gives the rows
 *                   before it, which may be fewer than `capacity`.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE,
 *         SATORI_INVALID_ARGUMENT, SATORI_UNREADABLE_ROW, SATORI_STREAM_NOT_FOUND
 *         (it was removed meanwhile), or what any call returns.
 * @since 0.1
 */
satori_status satori_cursor_next(satori_cursor *cursor,
                                 size_t capacity,
                                 int64_t *ts,
                                 satori_text *spellings,
                                 double *values,
                                 satori_text *hashes,
                                 satori_text *providers,
                                 size_t *count,
                                 satori_error *error);

/**
 * Returns of which stream each row of the last batch is, for cursors over the rows of
 * several streams.
 *
 * @param cursor    the cursor.
 * @param capacity  how many items `uuids` has room for: the number of rows of the batch,
 *                  or more.
 * @param uuids     receives the streams' uuids, row by row. They live until the next call
 *                  of satori_cursor_next on this cursor.
 * @param error     see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED, SATORI_INVALID_ARGUMENT (there is no room for all of them).
 * @since 0.1
 */
satori_status satori_cursor_streams(const satori_cursor *cursor,
                                    size_t capacity,
                                    satori_text *uuids,
                                    satori_error *error);

/**
 * Frees a cursor, and with it the texts of its last batch.
 *
 * @param cursor  the cursor; NULL is fine.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
 *         "Processes").
 * @since 0.1
 */
satori_status satori_cursor_free(satori_cursor *cursor, satori_error *error);

/**
 * Returns a stream's rows, first and last instant, values, spacing and gaps.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param statistics   receives the numbers; set its size first.
 * @param providers    receives the providers as JSON: an array of [name, rows],
 *                     the most first. May be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations.
 * @since 0.1
 */
satori_status satori_get_statistics(const satori_store *store,
                                    const char *uuid,
                                    size_t uuid_length,
                                    satori_statistics *statistics,
                                    satori_string **providers,
                                    satori_error *error);

/**
 * Walks a stream's hash chain in order of time. Before that the database checks its own
 * structures.
 *
 * It can't see a changed provider, which is not part of the hash, nor that the last rows
 * were removed. A changed hash makes its row and the row after it foreign: see
 * `foreign_between`. At the ends a change is foreign too, and can't be told from rows of
 * another origin: that of ts, value or hash of the first or the last row, that of the hash
 * of the last but one, and the first row that is left where the first were removed. Any
 * other change of ts or value is suspect. The stream's digest covers all of these, if one is
 * kept: see `digest` of satori_open_options.
 *
 * The report of a stream of one row, whose hash the server has given:
 *
 *     {"rows":1,"verified":0,"foreign":["2024-01-03T13:00:00Z"],"suspect":[],"foreign_between":0,"digest":"not_kept"}
 *
 * @param store         the store.
 * @param uuid          the stream's uuid.
 * @param uuid_length   its length in bytes.
 * @param verification  receives the counts; set its size first.
 * @param report        receives the report as JSON, with the instants of the rows that
 *                      are foreign or suspect. May be NULL.
 * @param error         see satori_error; may be NULL.
 * @return as satori_observations, or SATORI_UNREADABLE_ROW.
 * @since 0.1
 */
satori_status satori_verify(const satori_store *store,
                            const char *uuid,
                            size_t uuid_length,
                            satori_verification *verification,
                            satori_string **report,
                            satori_error *error);

/**
 * Makes the stream's digest that of its rows as they are, whatever has written them: after
 * another program has changed the stream by plain SQL, which leaves the digest as it was.
 * If the store keeps no digests yet, it does from now on, of this stream and of new ones.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM,
 *         or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_restate_digest(const satori_store *store,
                                    const char *uuid,
                                    size_t uuid_length,
                                    satori_error *error);

/**
 * Rewrites a stream's timestamps into Unix seconds, in one transaction: text, and
 * numbers of milli-, micro- or nanoseconds. Values, hashes and providers stay; of two
 * rows with one instant both stay.
 *
 * The report, if there was nothing to do. `kept` and `unreadable` hold timestamps as they
 * are stored:
 *
 *     {"rewritten":0,"kept":[],"unreadable":[]}
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param dry_run      not 0: it is done and taken back.
 * @param rewritten    receives how many rows were rewritten; may be NULL.
 * @param report       receives the report as JSON. May be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations, or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_normalize(const satori_store *store,
                               const char *uuid,
                               size_t uuid_length,
                               int32_t dry_run,
                               uint64_t *rewritten,
                               satori_string **report,
                               satori_error *error);

/**
 * Lists a stream's rows that can't be read, as they are stored: installed engines have
 * stored `None` for a timestamp, and infinities, text and blobs for values. Reading the
 * stream ends at such a row with SATORI_UNREADABLE_ROW; satori_quarantine moves them out
 * of the way.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param count        receives how many there are; may be NULL.
 * @param rows         receives them as JSON: an array of {ts, value, hash, provider,
 *                     reason}, the first four as SQL literals such as "'None'". May be
 *                     NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
 *         SATORI_NOT_A_STREAM, or what any call returns.
 * @since 0.1
 */
satori_status satori_unreadable(const satori_store *store,
                                const char *uuid,
                                size_t uuid_length,
                                uint64_t *count,
                                satori_string **rows,
                                satori_error *error);

/**
 * Moves a stream's rows that can't be read out of its table, as they are stored and with
 * the reason, in one transaction. They are kept in the table `__satori_quarantine` of
 * the same file, which any SQL program can read, until satori_restore puts them back.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param dry_run      not 0: nothing is moved; the rows that would be are listed.
 * @param moved        receives how many rows were moved; may be NULL.
 * @param rows         receives them as JSON, as satori_unreadable gives them. May be
 *                     NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_unreadable, or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_quarantine(const satori_store *store,
                                const char *uuid,
                                size_t uuid_length,
                                int32_t dry_run,
                                uint64_t *moved,
                                satori_string **rows,
                                satori_error *error);

/**
 * Lists a stream's rows that satori_quarantine has moved, in the order in which it did. A
 * stream without such rows, or unknown, has none.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param count        receives how many there are; may be NULL.
 * @param rows         receives them as JSON, as satori_unreadable gives them. May be
 *                     NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM (something else has the
 *         name `__satori_quarantine`), or what any call returns.
 * @since 0.1
 */
satori_status satori_quarantined(const satori_store *store,
                                 const char *uuid,
                                 size_t uuid_length,
                                 uint64_t *count,
                                 satori_string **rows,
                                 satori_error *error);

/**
 * Lists the streams of which satori_quarantine has moved rows that are still where it put
 * them, in the order in which their first was moved: of each, `uuid` alone is set. They need
 * not have metadata or data, as satori_remove leaves the rows in the quarantine.
 *
 * @param store    the store.
 * @param streams  receives the list.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NOT_A_STREAM (something else has the name
 *         `__satori_quarantine`), or what any call returns.
 * @since 0.1
 */
satori_status satori_quarantined_streams(const satori_store *store,
                                         satori_stream_list **streams,
                                         satori_error *error);

/**
 * Puts a stream's rows that satori_quarantine has moved back where they were, in one
 * transaction. A row stays in the quarantine if its key is taken by now, or its instant is
 * by a row that came meanwhile, or if the stream has no table, or one that doesn't take it.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param restored     receives how many rows are back; may be NULL.
 * @param kept         receives how many stay in the quarantine; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_unreadable, or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_restore(const satori_store *store,
                             const char *uuid,
                             size_t uuid_length,
                             uint64_t *restored,
                             uint64_t *kept,
                             satori_error *error);

/**
 * Deletes a stream's observations but for those from an instant on, or for the last ones; the
 * earliest go first.
 *
 * It deletes a thousand rows in a transaction, so that others can write in between. If it
 * fails, or satori_interrupt ends it, what it has deleted by then stays deleted, and the next
 * call goes on from there; satori_count before and after says how much that is. The room in the
 * file is used for new rows; satori_compact makes the file smaller. Rows without a timestamp
 * that can be read stay. The first row that is left is foreign to satori_verify, as the row
 * that its hash follows from is gone.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param since        microseconds UTC: keeps the observations from then on; SATORI_NO_INSTANT
 *                     to keep the last ones.
 * @param last         how many of the last ones to keep, with all of those that share the
 *                     instant of the earliest; 0 if `since` is an instant.
 * @param dry_run      not 0: nothing is deleted; those that would be are counted. The store may
 *                     be read-only.
 * @param deleted      receives how many there were; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM,
 *         SATORI_UNREADABLE_ROW (a row can't be read: if it is one of those that would be
 *         deleted, those before it are; satori_quarantine moves it out of the way; a dry run
 *         counts it), SATORI_INVALID_ARGUMENT (both `since`
 *         and `last` are given), or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_retain(const satori_store *store,
                            const char *uuid,
                            size_t uuid_length,
                            int64_t since,
                            uint64_t last,
                            int32_t dry_run,
                            uint64_t *deleted,
                            satori_error *error);

/**
 * Checks the whole store: the file as satori_check_file does, then each stream as
 * satori_check_stream does. It reads every row, and writes nothing.
 *
 * @param store         the store.
 * @param synced_since  microseconds UTC: streams that were not synced since then are stale;
 *                      SATORI_NO_INSTANT to look for none.
 * @param problems      receives how many findings need something to be done: those that are
 *                      no note; may be NULL.
 * @param findings      receives all of them as JSON: an array of {kind, severity, stream,
 *                      count, message, advice}. The severity is "note", "warning" or
 *                      "damage"; the stream is null if it is about the file; the kinds are
 *                      "damage", "other_table", "takes_no_rows", "mixed_spellings",
 *                      "unreadable_rows", "quarantined_rows", "suspect_rows",
 *                      "foreign_between", "digest_differs", "no_data", "no_metadata",
 *                      "stale", "gaps", "large_wal", "free_room", "old_library",
 *                      "shared_locks", "network_file_system", "no_wal"; later releases may
 *                      have more. May be NULL.
 * @param error         see satori_error; may be NULL.
 * @return SATORI_OK (also if the file is damaged, which is a finding), or what any call
 *         returns.
 * @since 0.1
 */
satori_status satori_check(const satori_store *store,
                           int64_t synced_since,
                           uint64_t *problems,
                           satori_string **findings,
                           satori_error *error);

/**
 * Checks the file, without reading all rows one by one: its structure (SQLite's
 * quick_check), tables that are no streams', free room, the size of the -wal, the version of
 * SQLite, locks; rows in the quarantine; and streams that were not synced.
 *
 * @param store         the store.
 * @param synced_since  as for satori_check.
 * @param problems      as for satori_check; may be NULL.
 * @param findings      as for satori_check; may be NULL.
 * @param error         see satori_error; may be NULL.
 * @return as satori_check.
 * @since 0.1
 */
satori_status satori_check_file(const satori_store *store,
                                int64_t synced_since,
                                uint64_t *problems,
                                satori_string **findings,
                                satori_error *error);

/**
 * Checks one stream: its table (SQLite's integrity_check), how its timestamps are spelled,
 * rows that can't be read, its hash chain and digest as satori_verify does, gaps, and whether
 * it has both rows and metadata.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param problems     as for satori_check; may be NULL.
 * @param findings     as for satori_check; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK (also if the table is damaged, which is a finding), SATORI_INVALID_UUID,
 *         SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM, or what any call returns.
 * @since 0.1
 */
satori_status satori_check_stream(const satori_store *store,
                                  const char *uuid,
                                  size_t uuid_length,
                                  uint64_t *problems,
                                  satori_string **findings,
                                  satori_error *error);

/**
 * Copies the store, as it is at one moment, into a new file: the way to copy a store.
 * engine.db by itself lacks what is still in the -wal beside it, which may be whole streams.
 *
 * Others may read and write meanwhile, other threads on this handle among them, unless the
 * store is in memory; where a file system has no WAL, writers wait. The copy is made beside
 * `path` as the hidden file .satori-backup.partial- and numbers, checked for damage and
 * synced to the disk before it gets its name, so a file of that name is whole. It can be read
 * by its owner only (mode 0600). To restore a backup, open it read-only and back it up to the
 * place where the store was.
 *
 * @param store        the store.
 * @param path         the new file; bytes as the system takes them, no NUL needed.
 * @param path_length  its length in bytes.
 * @param size         receives the file's size in bytes; may be NULL.
 * @param error        see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_CANNOT_OPEN (the file, or a -wal, -shm or -journal beside it,
 *         already exists, and is left as it is; its name ends in one of these; or it can't
 *         be made), SATORI_DISK_FULL, SATORI_CORRUPT (the store is damaged),
 *         SATORI_FILE_REPLACED, SATORI_INVALID_ARGUMENT, what satori_store_open returns
 *         (the store is opened once more to be read), or what any call returns. If it is
 *         not SATORI_OK, the call made no file of that name.
 * @since 0.1
 */
satori_status satori_backup(const satori_store *store,
                            const char *path,
                            size_t path_length,
                            uint64_t *size,
                            satori_error *error);

/**
 * Rebuilds the file without the room that deleted rows and removed streams have left in it.
 * What the store holds stays as it is. Without it that room is used for new rows, and the
 * file doesn't shrink. It takes the write lock, and as much room on the disk once more, while
 * it runs; others may read meanwhile.
 *
 * @param store   the store.
 * @param before  receives the size of the database in bytes, as it was; may be NULL.
 * @param after   receives its size as it is; may be NULL.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_DISK_FULL (the file is as it was), or what any call that writes
 *         returns.
 * @since 0.1
 */
satori_status satori_compact(const satori_store *store,
                             uint64_t *before,
                             uint64_t *after,
                             satori_error *error);

/**
 * Exports the observations from `from`, included, to `to`, excluded, as an Arrow
 * stream of `ts` (timestamp[us, UTC]), `value` (float64), `hash` and `provider`
 * (utf8), in order of time. It reads as it is asked, and keeps the file open until it
 * is released.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param from         microseconds UTC; INT64_MIN for all from the first on.
 * @param to           microseconds UTC; INT64_MAX for all up to the last.
 * @param stream       receives the stream; what is there is overwritten, not
 *                     released. The caller releases it by its own callback.
 * @param error        see satori_error; may be NULL.
 * @return as satori_observations. The stream's get_last_error reports what goes wrong
 *         later.
 * @since 0.1
 */
satori_status satori_export_arrow(const satori_store *store,
                                  const char *uuid,
                                  size_t uuid_length,
                                  int64_t from,
                                  int64_t to,
                                  struct ArrowArrayStream *stream,
                                  satori_error *error);

/**
 * Inserts an Arrow stream in one transaction. It needs columns `ts` (timestamps of
 * any unit, or numbers or text as satori_parse_timestamp reads) and `value`, both
 * without nulls; `hash` and `provider` are optional, as is each item of them.
 *
 * @param store        the store.
 * @param uuid         the stream's uuid.
 * @param uuid_length  its length in bytes.
 * @param stream       the stream. It is taken over and released, also if the insert
 *                     fails; then its `release` is NULL. Only if the store or another
 *                     argument is refused is it left as it is.
 * @param provider     who delivers rows that don't say so; NULL is "central".
 * @param unit         a `satori_time_unit`, of timestamps that are numbers, also in text.
 * @param report       receives the counts; set its size first. May be NULL.
 * @param conflicts    as in satori_insert_many. May be NULL.
 * @param error        see satori_error; may be NULL.
 * @return as satori_insert, or SATORI_INVALID_ARROW.
 * @since 0.1
 */
satori_status satori_import_arrow(const satori_store *store,
                                  const char *uuid,
                                  size_t uuid_length,
                                  struct ArrowArrayStream *stream,
                                  const satori_text *provider,
                                  int32_t unit,
                                  satori_insert_report *report,
                                  satori_string **conflicts,
                                  satori_error *error);

/**
 * Takes in the server's answers, metadata and observation together: one payload,
 * a JSON array of them, or one a line; `null` if the server had nothing new.
 * All that can be stored is stored in one transaction.
 *
 * The report of the three payloads in "JSON", on this header's first page:
 *
 *     {"payloads":3,"inserted":1,"already_there":0,"nothing":0,"conflicts":[{"index":1,"line":2,"column":1,"stream":"d39cd529-5dd4-5e4b-abc9-90b3751e71f1","ts":"2024-01-03T13:00:00Z","stored":42750.5,"offered":42800.0}],"rejected":[{"index":2,"line":3,"column":1,"error":"\"much\" is not a value: it is not a number"}],"streams":["d39cd529-5dd4-5e4b-abc9-90b3751e71f1"]}
 *
 * @param store    the store.
 * @param json     the JSON.
 * @param length   its length in bytes.
 * @param options  how; NULL for the defaults.
 * @param report   receives the counts, also if the status is SATORI_REFUSED; set its
 *                 size first. May be NULL.
 * @param details  receives the whole report as JSON, likewise. May be NULL.
 * @param error    see satori_error; may be NULL.
 * @return SATORI_OK (also if payloads were not taken: see the report),
 *         SATORI_REFUSED (strict, and nothing was stored), SATORI_INVALID_JSON (an
 *         array that is malformed or cut short), SATORI_INVALID_UUID (of the
 *         options), or what any call that writes returns.
 * @since 0.1
 */
satori_status satori_ingest(const satori_store *store,
                            const char *json,
                            size_t length,
                            const satori_ingest_options *options,
                            satori_ingest_report *report,
                            satori_string **details,
                            satori_error *error);

/**
 * Writes the metadata of many streams in one transaction: a JSON array of stream
 * objects, which is what the server sends for a sync of all streams, or one object a
 * line. An absent field keeps what is stored; a field that is null clears it.
 *
 * The report of the two stream objects in "JSON", on this header's first page:
 *
 *     {"new":[],"changed":[],"unchanged":["d39cd529-5dd4-5e4b-abc9-90b3751e71f1"],"rejected":[{"index":1,"line":1,"column":57,"error":"no uuid names the stream: its stream object needs one, or, for a payload, the call"}]}
 *
 * @param store   the store.
 * @param json    the JSON.
 * @param length  its length in bytes.
 * @param report  receives the report as JSON. May be NULL.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK (also if objects were rejected), SATORI_INVALID_JSON, or what any
 *         call that writes returns.
 * @since 0.1
 */
satori_status satori_sync_streams(const satori_store *store,
                                  const char *json,
                                  size_t length,
                                  satori_string **report,
                                  satori_error *error);

/**
 * Reads a timestamp in any spelling that the store reads: Unix seconds or a finer
 * unit, ISO 8601. What is finer than a microsecond is rounded to the nearest one, a half
 * to the later.
 *
 * @param text    the text.
 * @param length  its length in bytes.
 * @param unit    a `satori_time_unit`, for text that is a number.
 * @param ts      receives the instant, in microseconds UTC.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_TIMESTAMP, SATORI_INVALID_UTF8,
 *         SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
 * @since 0.1
 */
satori_status satori_parse_timestamp(const char *text,
                                     size_t length,
                                     int32_t unit,
                                     int64_t *ts,
                                     satori_error *error);

/**
 * Returns the UUID that Satori gives a stream: version 5, in the DNS namespace, of
 * "source:author:stream:target".
 *
 * @param source  who delivers it, such as "central".
 * @param author  who may publish.
 * @param stream  its name.
 * @param target  its field; often empty.
 * @param uuid    receives SATORI_UUID_SIZE bytes: the text and a NUL.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_NULL_POINTER,
 *         SATORI_INVALID_ARGUMENT.
 * @since 0.1
 */
satori_status satori_stream_uuid(satori_text source,
                                 satori_text author,
                                 satori_text stream,
                                 satori_text target,
                                 char *uuid,
                                 satori_error *error);

/**
 * Returns the text of a string: UTF-8, NUL-terminated, valid until the string is
 * freed.
 *
 * @param string  the string.
 * @param data    receives the address of the first byte.
 * @param length  receives the length in bytes, the NUL not counted; may be NULL.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
 *         SATORI_POISONED.
 * @since 0.1
 */
satori_status satori_string_get(const satori_string *string,
                                const char **data,
                                size_t *length,
                                satori_error *error);

/**
 * Frees a string.
 *
 * @param string  the string; NULL is fine.
 * @param error   see satori_error; may be NULL.
 * @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
 *         "Processes").
 * @since 0.1
 */
satori_status satori_string_free(satori_string *string, satori_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* Returns a text from NUL-terminated text; NULL is no text. */
static inline satori_text satori_text_of(const char *text) {
  satori_text result;
  result.data = text;
  result.length = text ? strlen(text) : 0;
  return result;
}

/* satori_open_options_init(), satori_stream_init() and so on return a struct that may
 * grow, its size set and all else 0. */
#define SATORI_DEFINE_INIT(type)         \
  static inline type type##_init(void) { \
    type result;                         \
    memset(&result, 0, sizeof(result));  \
    result.size = sizeof(result);        \
    return result;                       \
  }
SATORI_DEFINE_INIT(satori_library_info)
SATORI_DEFINE_INIT(satori_open_options)
SATORI_DEFINE_INIT(satori_stream)
SATORI_DEFINE_INIT(satori_stream_patch)
SATORI_DEFINE_INIT(satori_insert_report)
SATORI_DEFINE_INIT(satori_statistics)
SATORI_DEFINE_INIT(satori_verification)
SATORI_DEFINE_INIT(satori_ingest_options)
SATORI_DEFINE_INIT(satori_ingest_report)
#undef SATORI_DEFINE_INIT

#endif /* SATORI_STORE_H */
