//! Reading observations a batch at a time, into arrays of the caller.

use std::sync::Mutex;

use super::arrays::{OutputArrays, Texts};
use super::error::{Failure, satori_error};
use super::guard::{self, Guard};
use super::input::{self, satori_text};
use super::output::{self, required};
use super::registry::Handle;
use super::status::satori_status;
use crate::model::cursor::Cursor;
use crate::{Error, Observation, Store, StreamUuid};

/// A place in a stream, from which observations are read a batch at a time. One
/// thread at a time; nothing of the file is locked between batches. Free it with
/// `satori_cursor_free`.
pub struct satori_cursor {
    _opaque: [u8; 0],
}

impl Handle for satori_cursor {
    type Object = OpenCursor;
    const NAME: &'static str = "satori_cursor";
}

/// What a cursor reads from.
pub(super) enum Source {
    /// What is left of a stream's range.
    Range(StreamUuid, Cursor),
    /// Rows of a stream that were read when the cursor was opened.
    Rows(StreamUuid, Vec<Observation>),
    /// The same of several streams.
    Streams(Vec<(StreamUuid, Observation)>),
}

/// What a cursor's handle stands for.
pub(super) struct OpenCursor {
    store: Store,
    state: Mutex<State>,
}

struct State {
    source: Source,
    /// The texts of the present batch.
    texts: Texts,
    /// Its number of rows.
    rows: usize,
    /// Of which streams they are.
    streams: Uuids,
}

impl OpenCursor {
    pub(super) fn new(store: &Store, source: Source) -> Self {
        let mut streams = Uuids::default();
        if let Source::Range(uuid, _) | Source::Rows(uuid, _) = &source {
            streams.push(uuid);
        }
        Self {
            store: store.clone(),
            state: Mutex::new(State {
                source,
                texts: Texts::new(),
                rows: 0,
                streams,
            }),
        }
    }

    /// Returns a cursor over rows of one stream.
    pub(super) fn of_stream(
        store: &Store,
        uuid: &StreamUuid,
        rows: impl IntoIterator<Item = Observation>,
    ) -> Self {
        let rows = rows.into_iter().collect();
        Self::new(store, Source::Rows(uuid.clone(), rows))
    }

    /// Reads the next rows, `capacity` at most, into the arrays; returns how many.
    fn read(&self, mut arrays: OutputArrays<'_>, capacity: usize) -> Result<usize, Failure> {
        let mut state = self.state.lock().map_err(|_| Error::Poisoned)?;
        let State {
            source,
            texts,
            rows: read,
            streams,
        } = &mut *state;
        texts.clear();
        *read = 0;
        match source {
            Source::Rows(_, rows) => {
                for row in rows.drain(..rows.len().min(capacity)) {
                    arrays.put(*read, &row.as_row(), texts);
                    *read += 1;
                }
            }
            Source::Streams(rows) => {
                streams.clear();
                for (uuid, row) in rows.drain(..rows.len().min(capacity)) {
                    streams.push(&uuid);
                    arrays.put(*read, &row.as_row(), texts);
                    *read += 1;
                }
            }
            Source::Range(uuid, cursor) => {
                let start = cursor.clone();
                *read = self.read_range(uuid, cursor, &mut arrays, texts, capacity)?;
                while !texts.are_utf8() {
                    *cursor = start.clone();
                    match self.store.unreadable_text(uuid, start.clone()) {
                        (0, error) => {
                            *read = 0;
                            return Err(error.into());
                        }
                        // The rows before it come first; the next call begins with it.
                        (before, _) => {
                            let limit = before.min(capacity);
                            *read = self.read_range(uuid, cursor, &mut arrays, texts, limit)?;
                        }
                    }
                }
            }
        }
        arrays.place(*read, texts.bytes().as_ptr());
        Ok(*read)
    }

    /// Reads the next `limit` rows of a range.
    fn read_range(
        &self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        arrays: &mut OutputArrays<'_>,
        texts: &mut Texts,
        limit: usize,
    ) -> Result<usize, Failure> {
        texts.clear();
        let mut read = 0;
        self.store.read_batch(uuid, cursor, limit, |row| {
            arrays.put(read, row, texts);
            read += 1;
            Ok(())
        })?;
        Ok(read)
    }

    /// Writes of which stream each row of the present batch is.
    fn write_streams(&self, uuids: &mut [satori_text]) -> Result<(), Failure> {
        let state = self.state.lock().map_err(|_| Error::Poisoned)?;
        let (rows, capacity) = (state.rows, uuids.len());
        if capacity < rows {
            let message = format!("capacity is {capacity}, but the batch has {rows} rows");
            return Err(Failure::argument(message));
        }
        let streams = state.streams.iter().cycle().take(rows);
        uuids
            .iter_mut()
            .zip(streams)
            .for_each(|(place, uuid)| *place = uuid);
        Ok(())
    }
}

/// The streams of a batch: that of each row, or the one of all.
#[derive(Default)]
struct Uuids {
    /// The texts, each NUL-terminated.
    bytes: Vec<u8>,
    /// Where each begins, and its length.
    places: Vec<(usize, usize)>,
}

impl Uuids {
    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    fn push(&mut self, uuid: &StreamUuid) {
        self.places.push((self.bytes.len(), uuid.as_str().len()));
        output::push_c_string(&mut self.bytes, uuid.as_str());
    }

    fn iter(&self) -> impl Iterator<Item = satori_text> + Clone {
        self.places.iter().map(|(start, length)| satori_text {
            data: self.bytes.as_ptr().wrapping_add(*start).cast(),
            length: *length,
        })
    }
}

/// Reads the next observations into arrays of the caller; a row takes the items at one
/// index.
///
/// @param cursor     the cursor.
/// @param capacity   how many rows the arrays have room for; not 0.
/// @param ts         receives instants, in microseconds UTC; NULL skips them.
/// @param spellings  receives timestamps as the rows store them: text as it is,
///                   numbers as decimals. `data` is NULL if a row holds the number of
///                   Unix seconds that the store itself writes: an integer if `ts` is
///                   whole seconds, else the nearest double. NULL skips them. The texts
///                   live until the next call on this cursor. Those of a row, and those of
///                   all rows, lie one after the other in memory, each with a NUL, so that
///                   one copy takes them all.
/// @param values     receives values; NULL skips them.
/// @param hashes     receives hashes, as texts that live likewise; NULL skips them.
/// @param providers  receives providers, likewise.
/// @param count      receives how many rows there are; 0 at the end.
/// @param error      see satori_error; may be NULL. On an error the arrays hold
///                   nothing of use, and the rows of this batch are not skipped
///                   by a later call. A row that can't be read is reported by the
///                   call that would begin with it: the call before gives the rows
///                   before it, which may be fewer than `capacity`.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE,
///         SATORI_INVALID_ARGUMENT, SATORI_UNREADABLE_ROW, SATORI_STREAM_NOT_FOUND
///         (it was removed meanwhile), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_next(
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
    let guard = Guard::new("satori_cursor_next", error, [required(count, "count")]);
    // SAFETY: by the caller's word. The cursor keeps the texts.
    unsafe {
        guard.with(cursor, |opened| {
            input::check_capacity(capacity)?;
            let arrays = OutputArrays::new(capacity, ts, spellings, values, hashes, providers)?;
            output::write(count, opened.read(arrays, capacity)?);
            Ok(())
        })
    }
}

/// Returns of which stream each row of the last batch is, for cursors over the rows of
/// several streams.
///
/// @param cursor    the cursor.
/// @param capacity  how many items `uuids` has room for: the number of rows of the batch,
///                  or more.
/// @param uuids     receives the streams' uuids, row by row. They live until the next call
///                  of satori_cursor_next on this cursor.
/// @param error     see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED, SATORI_INVALID_ARGUMENT (there is no room for all of them).
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_streams(
    cursor: *const satori_cursor,
    capacity: usize,
    uuids: *mut satori_text,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_cursor_streams", error, []);
    // SAFETY: by the caller's word. The cursor keeps the texts.
    unsafe {
        guard.with(cursor, |opened| {
            opened.write_streams(input::array_mut(uuids, capacity, "uuids")?)
        })
    }
}

/// Frees a cursor, and with it the texts of its last batch.
///
/// @param cursor  the cursor; NULL is fine.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
///         "Processes").
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_cursor_free(
    cursor: *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { guard::free("satori_cursor_free", cursor, error) }
}
