//! Reading observations a batch at a time, into arrays of the caller.

use std::ffi::c_char;
use std::ptr;
use std::sync::{Arc, Mutex};

use super::error::{Failure, satori_error, satori_status};
use super::input::{check_pointer, satori_text};
use super::store::satori_store;
use super::{guard, input, output, registry};
use crate::model::cursor::Cursor;
use crate::model::error::Error;
use crate::model::observation::Observation;
use crate::model::span::Span;
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::read::{RowRef, not_utf8};
use crate::store::Store;

/// A place in a stream, from which observations are read a batch at a time. One
/// thread at a time; nothing of the file is locked between batches. Free it with
/// `satori_cursor_free`.
pub struct satori_cursor {
    _opaque: [u8; 0],
}

/// What a cursor's handle stands for.
pub(super) struct OpenCursor {
    store: Store,
    uuid: StreamUuid,
    state: Mutex<State>,
}

enum Source {
    /// What is left of a range.
    Range(Cursor),
    /// The last `n` rows, or one row, read at once when first asked for.
    Rows(Vec<Observation>),
}

struct State {
    source: Source,
    /// Spellings, hashes and providers of the present batch, each NUL-terminated.
    texts: Vec<u8>,
}

impl OpenCursor {
    fn new(store: Store, uuid: StreamUuid, source: Source) -> Arc<Self> {
        Arc::new(Self {
            store,
            uuid,
            state: Mutex::new(State {
                source,
                texts: Vec::new(),
            }),
        })
    }
}

/// The observations from `from`, included, to `to`, excluded, in order of time.
///
/// @param store        the store; the cursor keeps it open until it is freed.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
///         SATORI_NOT_OBSERVATION_TABLE, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_observations(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        open(
            "satori_observations",
            store,
            (uuid, uuid_length),
            cursor,
            error,
            |store, uuid| {
                // Says now, not at the first batch, that there is no such stream.
                store.observations(uuid, ..)?;
                Ok(Source::Range(Cursor::new(Span::new(&input::range(
                    from, to,
                )))))
            },
        )
    }
}

/// The last `count` observations, in order of time. The latest is `count` 1.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        how many; they are held in memory.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_last(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        open(
            "satori_last",
            store,
            (uuid, uuid_length),
            cursor,
            error,
            |store, uuid| {
                Ok(Source::Rows(match count {
                    1 => store.latest(uuid)?.into_iter().collect(),
                    count => store.last(uuid, count)?,
                }))
            },
        )
    }
}

/// The observation of one instant, whichever way the row is spelled.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param ts           the instant, in microseconds UTC.
/// @param cursor       receives the handle; it gives one row or none.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_observation(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    ts: i64,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        open(
            "satori_observation",
            store,
            (uuid, uuid_length),
            cursor,
            error,
            |store, uuid| {
                let row = store.observation(uuid, Timestamp::from_micros(ts))?;
                Ok(Source::Rows(row.into_iter().collect()))
            },
        )
    }
}

/// # Safety
/// As the exported functions that call it.
unsafe fn open(
    name: &str,
    store: *const satori_store,
    (uuid, uuid_length): (*const c_char, usize),
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
    source: impl FnOnce(&Store, &StreamUuid) -> Result<Source, Failure>,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_pointer(cursor, "cursor")?;
        // SAFETY: by the caller's word.
        let uuid = unsafe { input::uuid(uuid, uuid_length) }?;
        let source = source(&opened, &uuid)?;
        // SAFETY: by the caller's word.
        unsafe { output::write_handle(cursor, OpenCursor::new(opened, uuid, source)) }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, store.addr(), error, body) }
}

/// Reads the next observations into arrays of the caller; a row is what stands at
/// the same index of each.
///
/// @param cursor     the cursor.
/// @param capacity   how many rows the arrays have room for; not 0.
/// @param ts         receives instants, in microseconds UTC; NULL skips them.
/// @param values     receives values; NULL skips them.
/// @param hashes     receives hashes; NULL skips them. The texts live until the
///                   next call on this cursor.
/// @param providers  receives providers, likewise.
/// @param count      receives how many rows there are; 0 at the end.
/// @param error      see satori_error; may be NULL. On an error the arrays hold
///                   nothing of use, and the rows of this batch are not skipped
///                   by a later call.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE,
///         SATORI_INVALID_ARGUMENT, SATORI_UNREADABLE_ROW, SATORI_STREAM_NOT_FOUND
///         (it was removed meanwhile), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_next(
    cursor: *mut satori_cursor,
    capacity: usize,
    ts: *mut i64,
    values: *mut f64,
    hashes: *mut satori_text,
    providers: *mut satori_text,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let room = Room {
        capacity,
        ts,
        spellings: ptr::null_mut(),
        values,
        hashes,
        providers,
    };
    // SAFETY: by the caller's word.
    unsafe { next("satori_cursor_next", cursor, room, count, error) }
}

/// As satori_cursor_next, and the timestamp as the row stores it.
///
/// @param cursor     the cursor.
/// @param capacity   how many rows the arrays have room for; not 0.
/// @param ts         receives instants, in microseconds UTC; NULL skips them.
/// @param spellings  receives timestamps as the rows store them: text as it stands,
///                   numbers as decimals. `data` is NULL where a row holds the
///                   number of Unix seconds that the store itself writes: an integer
///                   where `ts` is whole seconds, else the nearest double. NULL skips
///                   them. The texts live until the next call on this cursor.
/// @param values     receives values; NULL skips them.
/// @param hashes     receives hashes, as texts that live likewise; NULL skips them.
/// @param providers  receives providers, likewise.
/// @param count      receives how many rows there are; 0 at the end.
/// @param error      see satori_error; may be NULL. On an error the arrays hold
///                   nothing of use, and the rows of this batch are not skipped
///                   by a later call.
/// @return as satori_cursor_next.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_next_spelled(
    cursor: *mut satori_cursor,
    capacity: usize,
    ts: *mut i64,
    spellings: *mut satori_text,
    values: *mut f64,
    hashes: *mut satori_text,
    providers: *mut satori_text,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let room = Room {
        capacity,
        ts,
        spellings,
        values,
        hashes,
        providers,
    };
    // SAFETY: by the caller's word.
    unsafe { next("satori_cursor_next_spelled", cursor, room, count, error) }
}

/// What the caller gives to be filled: arrays of `capacity` items, or NULL.
struct Room {
    capacity: usize,
    ts: *mut i64,
    spellings: *mut satori_text,
    values: *mut f64,
    hashes: *mut satori_text,
    providers: *mut satori_text,
}

/// # Safety
/// As the exported functions that call it.
unsafe fn next(
    name: &str,
    cursor: *mut satori_cursor,
    room: Room,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Arc<OpenCursor> = registry::get(cursor.addr())?;
        check_pointer(count, "count")?;
        if room.capacity == 0 {
            return Err(Failure::argument(
                "capacity is 0: no row would ever be read",
            ));
        }
        // SAFETY: by the caller's word.
        let arrays = unsafe { room.arrays() }?;
        let mut state = opened.state.lock().map_err(|_| Error::Poisoned)?;
        let read = arrays.fill(&opened, &mut state, room.capacity)?;
        // SAFETY: by the caller's word.
        unsafe { output::write(count, read) };
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, cursor.addr(), error, body) }
}

impl Room {
    /// # Safety
    /// Each array is NULL or has room for `capacity` items, which nobody else uses.
    unsafe fn arrays<'a>(&self) -> Result<Arrays<'a>, Failure> {
        // SAFETY: by the caller's word.
        unsafe {
            Ok(Arrays {
                ts: slots(self.ts, self.capacity, "ts")?,
                spellings: slots(self.spellings, self.capacity, "spellings")?,
                values: slots(self.values, self.capacity, "values")?,
                hashes: slots(self.hashes, self.capacity, "hashes")?,
                providers: slots(self.providers, self.capacity, "providers")?,
            })
        }
    }
}

/// # Safety
/// `data` is NULL or has room for `capacity` items.
unsafe fn slots<'a, T>(data: *mut T, capacity: usize, what: &str) -> Result<&'a mut [T], Failure> {
    if data.is_null() {
        return Ok(&mut []);
    }
    // SAFETY: by the caller's word.
    unsafe { input::array_mut(data, capacity, what) }
}

/// The caller's arrays; those that it doesn't want are empty.
struct Arrays<'a> {
    ts: &'a mut [i64],
    spellings: &'a mut [satori_text],
    values: &'a mut [f64],
    hashes: &'a mut [satori_text],
    providers: &'a mut [satori_text],
}

impl Arrays<'_> {
    fn fill(
        mut self,
        opened: &OpenCursor,
        state: &mut State,
        capacity: usize,
    ) -> Result<usize, Failure> {
        let State { source, texts } = state;
        texts.clear();
        // So that no text has offset 0, which stands for none.
        texts.push(0);
        let mut read = 0;
        match source {
            Source::Rows(rows) => {
                for row in rows.drain(..rows.len().min(capacity)) {
                    self.put(read, &borrowed(&row), texts);
                    read += 1;
                }
            }
            Source::Range(cursor) => {
                let OpenCursor { store, uuid, .. } = opened;
                let start = cursor.clone();
                store.read_batch(uuid, cursor, capacity, |row| {
                    self.put(read, row, texts);
                    read += 1;
                    Ok(())
                })?;
                // All at once, which costs a fraction of doing it row by row. No
                // character goes on behind a NUL.
                if std::str::from_utf8(texts).is_err() {
                    *cursor = start;
                    return Err(not_utf8(uuid, texts.split(|&byte| byte == 0)).into());
                }
            }
        }
        self.place(read, texts);
        Ok(read)
    }

    fn put(&mut self, index: usize, row: &RowRef<'_>, texts: &mut Vec<u8>) {
        if let Some(slot) = self.ts.get_mut(index) {
            *slot = row.ts.as_micros();
        }
        if let Some(slot) = self.values.get_mut(index) {
            *slot = row.value;
        }
        if let Some(slot) = self.spellings.get_mut(index) {
            *slot = match row.stored {
                _ if is_usual(row) => output::NO_TEXT,
                StoredRef::Text(text) => put_text(text.as_bytes(), texts),
                number => put_text(number.to_string().as_bytes(), texts),
            };
        }
        if let Some(slot) = self.hashes.get_mut(index) {
            *slot = put_text(row.hash, texts);
        }
        if let Some(slot) = self.providers.get_mut(index) {
            *slot = put_text(row.provider, texts);
        }
    }

    /// Turns offsets into pointers, now that the buffer stays where it is.
    fn place(&mut self, rows: usize, texts: &[u8]) {
        for slots in [&mut self.spellings, &mut self.hashes, &mut self.providers] {
            for slot in slots.iter_mut().take(rows) {
                if !slot.data.is_null() {
                    slot.data = texts[slot.data.addr()..].as_ptr().cast();
                }
            }
        }
    }
}

fn borrowed(row: &Observation) -> RowRef<'_> {
    RowRef {
        ts: row.ts,
        stored: row.stored_ts.borrowed(),
        value: row.value,
        hash: row.hash.as_bytes(),
        provider: row.provider.as_bytes(),
    }
}

/// Whether the row stores its timestamp as the store itself would.
fn is_usual(row: &RowRef<'_>) -> bool {
    match row.stored {
        StoredRef::Integer(_) => row.stored.is_plain(),
        StoredRef::Real(_) => row.ts.to_seconds().ok() == Some(row.stored),
        StoredRef::Text(_) => false,
    }
}

/// Adds a text to the batch's. The buffer may move while it grows: its offset for
/// now.
fn put_text(text: &[u8], texts: &mut Vec<u8>) -> satori_text {
    let place = satori_text {
        data: ptr::without_provenance(texts.len()),
        length: text.len(),
    };
    texts.extend_from_slice(text);
    texts.push(0);
    place
}

/// Frees a cursor, and with it the texts of its last batch.
///
/// @param cursor  the cursor; NULL is fine.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_free(
    cursor: *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { registry::free::<Arc<OpenCursor>>("satori_cursor_free", cursor.addr(), error) }
}
