//! The contract between a store and the database that holds its rows.
//!
//! Its methods take sets, so that a database at the other end of a network needs few
//! round trips. It knows the nouns of `model` and no database. [`Store`](crate::Store)
//! chooses the transactions; no method opens one unless it says so.
pub(crate) mod copying;

mod sets;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::model::cursor::Cursor;
use crate::model::digest::Digest;
use crate::model::error::{Error, Result};
use crate::model::finding::Finding;
use crate::model::observation::{Insertion, NewObservation, Observation};
use crate::model::options::OpenOptions;
use crate::model::report::{Compacted, Normalization, Restored, Spellings, Statistics, StoredRow};
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

pub(crate) use sets::{Access, Found, Inserted, New, StreamQuery};

/// A database that holds streams and observations. Every method may return the errors that
/// [`Store`](crate::Store) lists for any call. After an error in a transaction the caller
/// rolls back.
pub(crate) trait Backend: Sized {
    // Transactions

    /// Begins a transaction. One that writes waits for other writers, up to the limit of
    /// the options.
    ///
    /// # Errors
    /// `ReadOnly`, `Busy`.
    fn begin(&mut self, access: Access) -> Result<()>;

    /// Refuses a store that was opened read-only, as [`begin`](Self::begin) does, but waits
    /// for nobody: for writes that turn out to have nothing to write.
    ///
    /// # Errors
    /// `ReadOnly`.
    fn check_writable(&self) -> Result<()>;

    /// Commits the transaction. If it returns `Ok`, every other connection finds the
    /// writes, and they last as the options' `synchronous` promises.
    ///
    /// # Errors
    /// `FileReplaced` if they may have gone to a file that nobody will open again.
    fn commit(&mut self) -> Result<()>;

    /// Rolls the transaction back; does nothing if there is none. It can't fail: what is
    /// not committed is not stored.
    fn roll_back(&mut self);

    /// Runs `work` in a transaction: all that it writes is stored, or nothing.
    fn write<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Write)?;
        let result = work(self).and_then(|value| {
            self.commit()?;
            Ok(value)
        });
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    /// Runs `work` in a transaction and rolls back what it has written.
    fn try_out<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Write)?;
        let result = work(self);
        self.roll_back();
        result
    }

    /// Runs `work`, which makes several reads, on one state of the store.
    fn read<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Read)?;
        let result = work(self);
        self.roll_back();
        result
    }

    // Metadata

    /// Reads the metadata of one stream as the type that the caller needs, without a copy
    /// in between; `None` if the stream has none.
    fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>;

    /// Reads the metadata of each stream, in the order of `uuids`; `None` for one that
    /// has none.
    fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>>;

    /// Reads the metadata of the stream of each name, in the order of `names`; `None` if
    /// no stream has it, and of several the first in the order of
    /// [`Named`](StreamQuery::Named).
    fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>>;

    /// Finds streams, in the order that `query` states, as [`stream`](Self::stream) reads
    /// one.
    fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>;

    /// Checks that each name can hold a stream's observations, in the order of `uuids`: it
    /// stands for nothing else, and no other stream's name differs from it in case alone.
    ///
    /// # Errors
    /// `NotAStream` within the list for a name that can't.
    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>>;

    /// Refuses, with `InvalidText`, a patch that sets what the database can't hold.
    fn check_metadata(&self, patch: &StreamPatch) -> Result<()>;

    /// Writes each patch, and `now` as `last_synced`, making the row if there is none.
    /// What a patch doesn't set stays; `id` and `created_at` never change. The patches
    /// are of different streams. Only in a transaction.
    fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()>;

    /// Writes the patch to the row that the stream has; `last_synced` stays. A stream
    /// without metadata gets none.
    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()>;

    /// Deletes the stream's metadata; returns `true` if it had some.
    fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool>;

    // Data

    /// Lists the streams that have data, with metadata or without, in the order in which
    /// they got it.
    fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>>;

    /// Returns `true` if the store has data of the stream.
    ///
    /// # Errors
    /// `NotAStream`.
    fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool>;

    /// Inserts one row if a single statement can, which is its own transaction: the hash
    /// is given, and no stored row has its instant. Returns `false` if nothing was done;
    /// then the caller uses [`insert`](Self::insert), in a transaction.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), [`insert`](Self::insert) and [`commit`](Self::commit).
    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool>;

    /// Returns what inserting the row comes to if a stored row already has its instant, and
    /// one look finds it; `None` if it doesn't. It writes nothing and waits for nobody.
    ///
    /// # Errors
    /// `InvalidValue`, `InvalidTimestamp`, `NotAStream`, and `UnreadableRow` if the stored row
    /// can't be read.
    fn compare(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>)
    -> Result<Option<Insertion>>;

    /// Stores rows and metadata in a transaction of its own, if that saves trips over a
    /// network, and if all of it can be stored. Returns `false` if nothing was done; then the
    /// caller uses [`insert`](Self::insert) and [`upsert_streams`](Self::upsert_streams).
    ///
    /// # Errors
    /// As these, and as [`begin`](Self::begin) and [`commit`](Self::commit).
    fn store_new<'a, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = New<'a, Rows>>,
        now: Timestamp,
    ) -> Result<bool>
    where
        Rows: Iterator<Item = NewObservation<'a>>;

    /// Inserts the rows of each stream in their order, making its place if there is none.
    /// A stored row is never overwritten: if a row has the same instant, the report says
    /// whether it has the same value. A missing hash is chained to the latest row's. Only
    /// in a transaction.
    ///
    /// # Errors
    /// `NotAStream` within the list for a name that can't hold rows: none of its rows is
    /// written, the other streams' are. These end the whole call: `InvalidValue`,
    /// `InvalidTimestamp`, `InvalidUuid` for a new stream whose uuid breaks the rules
    /// (the metadata may hold any text), `NotAStream` if rows went missing.
    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone;

    /// Checks that the database still holds the stream's data, or all streams' at once, as it
    /// wrote it, as far as it can see; `None` of all if they must be checked one by one.
    ///
    /// # Errors
    /// `Corrupt`, saying what it has found.
    fn check_data(&mut self, uuid: Option<&StreamUuid>) -> Found<()>;

    /// Returns `true` if digests of streams are kept. Only in a transaction.
    fn keeps_digests(&mut self) -> Result<bool>;

    /// Has digests of streams kept from now on, beginning with those that are made. Only in
    /// a transaction.
    fn keep_digests(&mut self) -> Result<()>;

    /// Lists the streams with data that have no digest. Only in a transaction.
    fn streams_without_digest(&mut self) -> Result<Vec<StreamUuid>>;

    /// Makes the stream's digest that of its rows as they are. Only in a transaction.
    fn restate_digest(&mut self, uuid: &StreamUuid) -> Found<()>;

    /// Compares the stream's rows with its digest. Only in a transaction.
    fn check_digest(&mut self, uuid: &StreamUuid) -> Found<Digest>;

    /// Hands the next `limit` rows of the cursor, or what is left, to `sink`, in order of
    /// time; returns their number, which is 0 at the end. Only in a transaction.
    ///
    /// # Errors
    /// `UnreadableRow`, and what `sink` returns.
    fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize>;

    /// Reads the row that lies latest in time.
    ///
    /// # Errors
    /// `UnreadableRow`.
    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>>;

    /// Reads the row of each stream that lies latest in time, in the order of `uuids`;
    /// `None` for one that has no row or is not in the store. Only in a transaction.
    ///
    /// # Errors
    /// `NotAStream`, `UnreadableRow`.
    fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>>;

    /// Reads the row of every stream with data that lies latest in time, in the order of
    /// [`streams_with_data`](Self::streams_with_data). Only in a transaction.
    fn latest_of_all(&mut self) -> Result<Vec<(StreamUuid, Observation)>> {
        let uuids = self.streams_with_data()?;
        let latest = self.latest_of(&uuids.iter().collect::<Vec<_>>())?;
        let rows = uuids.into_iter().zip(latest);
        Ok(rows.filter_map(|(uuid, row)| Some((uuid, row?))).collect())
    }

    /// Reads the `count` rows of the span that lie latest in time, in order of time.
    ///
    /// # Errors
    /// `UnreadableRow`.
    fn last(&mut self, uuid: &StreamUuid, span: Span, count: usize) -> Found<Vec<Observation>>;

    /// Reads the row of this instant, in whichever spelling; if there are several, one
    /// that stores seconds wins.
    ///
    /// # Errors
    /// `UnreadableRow`.
    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>>;

    /// Counts the rows of the span. If it is all of time, rows that can't be read count
    /// too.
    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64>;

    /// Checks the database itself, and returns what it has found: damage, places that are no
    /// streams', room, and what the database can't promise where it is. Only in a transaction.
    fn check(&mut self) -> Result<Vec<Finding>>;

    /// Counts the kinds of timestamps that the stream's rows have. Only in a transaction.
    fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings>;

    /// Computes the statistics of the stream. Only in a transaction.
    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics>;

    /// Deletes the rows of the span; returns their number. If it is all of time, rows that
    /// can't be read go too. The stream's place stays. Only in a transaction.
    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64>;

    /// Rewrites timestamps in other spellings into Unix seconds. If two rows have the same
    /// instant, both stay. Only in a transaction.
    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization>;

    /// Returns the report of [`normalize`](Self::normalize) if there is nothing to rewrite;
    /// within, `None` if there is. Only in a transaction.
    fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>>;

    /// Lists the rows that can't be read, as stored.
    fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>>;

    /// Moves the rows that can't be read, as stored, to where
    /// [`quarantined`](Self::quarantined) finds them; returns them. Only in a transaction.
    fn quarantine(&mut self, uuid: &StreamUuid, now: Timestamp) -> Found<Vec<StoredRow>>;

    /// Lists the rows that were moved, in the order in which they were.
    fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>>;

    /// Lists the streams that have rows which were moved, in the order in which the first of
    /// each was.
    fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>>;

    /// Puts the rows that were moved back, as they were, but for those whose key is taken.
    /// Only in a transaction.
    fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored>;

    /// Removes the stream's place with all its rows; returns their number. Only in a
    /// transaction.
    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64>;

    /// Copies all that the store holds at one moment into a new file at `to`, and returns its
    /// size in bytes. It is whole and synced before it has that name, and is never written
    /// over another.
    ///
    /// # Errors
    /// `CannotOpen`, with the location of what is in the way; `Corrupt` if the store is
    /// damaged; `DiskFull`.
    fn back_up(&mut self, to: &Path) -> Result<u64>;

    /// Rebuilds the database without the room that deleted rows have left in it. Not in a
    /// transaction.
    ///
    /// # Errors
    /// As [`begin`](Self::begin) and [`commit`](Self::commit), and `DiskFull`.
    fn compact(&mut self) -> Result<Compacted>;

    // The connection

    /// Returns how another store is opened on the database, for a long read beside this one;
    /// `None` if the database lives in this connection alone.
    ///
    /// # Errors
    /// `FileReplaced`.
    fn beside(&self) -> Result<Option<(PathBuf, OpenOptions)>>;

    /// Begins a call, which ends with `Interrupted`, soon and with nothing stored, when
    /// `interrupts` counts another number than `began`.
    ///
    /// # Errors
    /// `Interrupted` if it already does.
    fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()>;

    /// Returns an error if the present call is to end. For loops over many short statements,
    /// which nothing ends otherwise.
    ///
    /// # Errors
    /// `Interrupted`.
    fn check_call(&self) -> Result<()>;

    /// Returns a number that is another once this connection or any other has committed.
    ///
    /// # Errors
    /// `FileReplaced`.
    fn data_version(&mut self) -> Result<u64>;

    /// Prepares for a call: a connection that nothing protects from others that write begins
    /// anew if they have written.
    ///
    /// # Errors
    /// Those of opening a store.
    fn refresh(&mut self) -> Result<()>;

    /// Checks, after a call, that such a connection has read one state of the store.
    ///
    /// # Errors
    /// One for which [`is_torn`](Self::is_torn) returns `true`.
    fn check_unchanged(&self) -> Result<()>;

    /// Returns `true` if the error says that what was read before it may be of several states.
    fn is_torn(error: &Error) -> bool;

    /// Completes an error with what only the connection knows: where the store is, and how
    /// long the call has waited.
    fn located(&self, error: Error) -> Error;

    /// Releases, in a forked child, what the child has inherited, without touching what
    /// the parent still uses.
    fn let_go(self);
}
