//! What a store asks of the place where its rows are: the contract that each database
//! keeps.
//!
//! It is written for sets, so that a database at the other end of a network needs few
//! round trips. It knows the nouns of `model` and no database. [`Store`](crate::Store)
//! chooses the transactions; nothing below it opens one, except where a method says so.

use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::observation::{InsertReport, NewObservation, Observation};
use crate::model::report::{Normalization, Statistics};
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Several reads of one state of the store.
    Read,
    /// Writes, which no other writer interrupts.
    Write,
}

/// Which streams a look-up is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StreamQuery<'a> {
    /// All that have metadata, by id.
    All,
    /// All of this name: the most recently synced first, those never synced last, then
    /// the lowest id.
    Named(&'a str),
    /// All to which the server gives this number, in the same order.
    Numbered(i64),
    /// Those whose name or description contains this; ASCII letters match in either case.
    Containing(&'a str),
    /// Those not synced since, the longest unsynced first, those never synced before them.
    NotSyncedSince(Timestamp),
}

/// What came of inserting the rows of one stream.
#[derive(Debug, Default)]
pub(crate) struct Inserted {
    pub(crate) report: InsertReport,
    /// Indexes of rows that were not inserted although the others were, and why: a stored
    /// row that they must be compared with, or chained to, can't be read, or a rule that
    /// another program has set keeps them out.
    pub(crate) refused: Vec<(usize, Error)>,
}

/// What a look at a stream's data gives: `None` if the store has no data of the stream,
/// not even an empty table. Whether the stream has metadata is another question.
pub(crate) type Found<T> = Result<Option<T>>;

/// A database that holds streams and observations.
///
/// Every method may return the errors that [`Store`](crate::Store) lists for any call.
/// After an error inside a transaction the caller rolls back.
pub(crate) trait Backend: Sized {
    // Transactions

    /// Begins a transaction. One that writes waits for other writers, up to the limit of
    /// the options.
    ///
    /// # Errors
    /// `ReadOnly`, `Busy`.
    fn begin(&mut self, access: Access) -> Result<()>;

    /// Commits the transaction. Once it returns `Ok` the writes are stored, as far as
    /// the options' `synchronous` promises, where every other connection finds them.
    ///
    /// # Errors
    /// `FileReplaced` if they may be stored where nobody will look again.
    fn commit(&mut self) -> Result<()>;

    /// Takes the transaction back; without one it does nothing. It can't fail: what is
    /// not committed is not stored.
    fn roll_back(&mut self);

    /// Runs `work` in a transaction: all that it writes is stored, or nothing.
    fn write<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Write)?;
        let done = work(self).and_then(|value| {
            self.commit()?;
            Ok(value)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Runs `work` in a transaction and takes back what it has written.
    fn try_out<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Write)?;
        let done = work(self);
        self.roll_back();
        done
    }

    /// Runs `work`, several reads, on one state of the store.
    fn read<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(Access::Read)?;
        let done = work(self);
        self.roll_back();
        done
    }

    // Metadata

    /// Reads the metadata of one stream into what the caller needs, without a copy in
    /// between; `None` if it has none.
    fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>;

    /// Reads the metadata of each stream, in the order of `uuids`; `None` for one that
    /// has none.
    fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>>;

    /// Finds streams, in the order that `query` states.
    fn find_streams(&mut self, query: StreamQuery<'_>) -> Result<Vec<Stream>>;

    /// Checks that each name can hold a stream's observations, in the order of `uuids`: it
    /// stands for nothing else, and no other stream differs from it in case alone.
    ///
    /// # Errors
    /// `NotAStream` within the list for a name that can't.
    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>>;

    /// Writes each patch, and `now` as `last_synced`, making the row if there is none.
    /// What a patch doesn't set stays; `id` and `created_at` never change. No stream is
    /// named twice. Only in a transaction.
    fn upsert_streams(
        &mut self,
        patches: &[(&StreamUuid, StreamPatch)],
        now: Timestamp,
    ) -> Result<()>;

    /// Writes the patch to the row that the stream has; `last_synced` stays. A stream
    /// without metadata gets none.
    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()>;

    /// Deletes the row that the stream has; returns `true` if it had one.
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

    /// Inserts one row if one statement settles it, which is its own transaction: the
    /// hash is given and no stored row has its instant. Returns `false` if nothing was
    /// done: then [`insert`](Self::insert) does it, in a transaction.
    ///
    /// # Errors
    /// As [`insert`](Self::insert) and [`commit`](Self::commit).
    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool>;

    /// Inserts the rows of each stream in their order, making its place if there is none.
    /// A stored row is never overwritten: of a row with its instant the answer says
    /// whether its value is the same. A hash that is missing is chained to the latest
    /// row's. Only in a transaction.
    ///
    /// # Errors
    /// `NotAStream` within the list for a name that can't hold rows: none of its rows is
    /// written, the other streams' are. `InvalidValue`, `InvalidTimestamp` and
    /// `NotAStream` (rows went missing) end the whole call.
    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone;

    /// Hands the next `limit` rows of the cursor, or what is left, to `sink`, in order of
    /// time; returns how many. 0 is the end. Only in a transaction.
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
    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>>;

    /// Reads the `count` rows that lie latest in time, in order of time.
    fn last(&mut self, uuid: &StreamUuid, count: usize) -> Found<Vec<Observation>>;

    /// Reads the row of this instant, in whichever spelling; of several a number.
    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>>;

    /// Counts the rows of the span; those that can't be read if it is all of time.
    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64>;

    /// Returns what the stream's rows are, in numbers. Only in a transaction.
    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics>;

    /// Deletes the rows of the span, and those that can't be read if it is all of time;
    /// returns how many. The stream's place stays. Only in a transaction.
    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64>;

    /// Rewrites timestamps in other spellings into Unix seconds. Of two rows with one
    /// instant both stay. Only in a transaction.
    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization>;

    /// Removes the stream's place with all its rows; returns how many. Only in a
    /// transaction.
    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64>;

    // The connection

    /// Completes an error with what only the connection knows: where the store is, how
    /// long the call has waited.
    fn located(&self, error: Error) -> Error;

    /// Lets go, in a forked child, of what the child has inherited, without a touch on
    /// what the parent still uses.
    fn let_go(self);
}
