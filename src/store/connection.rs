//! The connection of a store, to one of the backends.
//!
//! The set of backends is closed, so this is an enum and not a trait object: methods stay
//! generic, and a forgotten one doesn't compile. The choice is made once a call.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::backend::copying::Copying;
use crate::backend::{Access, Backend, Found, Inserted, New, StreamQuery};
use crate::model::cursor::Cursor;
use crate::model::digest::Digest;
use crate::model::error::{Error, Result};
use crate::model::finding::Finding;
use crate::model::observation::{Insertion, NewObservation, Observation};
use crate::model::options::OpenOptions;
use crate::model::raw_row::{Put, RawPosition, RawQuarantined, RawRow, RawStream};
use crate::model::report::{Compacted, Normalization, Restored, Spellings, Statistics, StoredRow};
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::sqlite;

/// A connection to whichever database the store is in.
#[cfg_attr(
    feature = "postgres",
    allow(clippy::large_enum_variant, reason = "a store has one of them")
)]
pub(super) enum Connection {
    Sqlite(sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Connection),
}

macro_rules! dispatch {
    ($connection:expr, $backend:ident => $call:expr) => {
        match $connection {
            Connection::Sqlite($backend) => $call,
            #[cfg(feature = "postgres")]
            Connection::Postgres($backend) => $call,
        }
    };
}

impl Backend for Connection {
    fn begin(&mut self, access: Access) -> Result<()> {
        dispatch!(self, backend => Backend::begin(backend, access))
    }

    fn check_writable(&self) -> Result<()> {
        dispatch!(self, backend => Backend::check_writable(backend))
    }

    fn commit(&mut self) -> Result<()> {
        dispatch!(self, backend => Backend::commit(backend))
    }

    fn roll_back(&mut self) {
        dispatch!(self, backend => Backend::roll_back(backend));
    }

    fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        dispatch!(self, backend => Backend::stream(backend, uuid))
    }

    fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>> {
        dispatch!(self, backend => Backend::streams_of(backend, uuids))
    }

    fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        dispatch!(self, backend => Backend::streams_named(backend, names))
    }

    fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        dispatch!(self, backend => Backend::find_streams(backend, query))
    }

    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>> {
        dispatch!(self, backend => Backend::check_names(backend, uuids))
    }

    fn check_metadata(&self, patch: &StreamPatch) -> Result<()> {
        dispatch!(self, backend => Backend::check_metadata(backend, patch))
    }

    fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()> {
        dispatch!(self, backend => Backend::upsert_streams(backend, patches, now))
    }

    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()> {
        dispatch!(self, backend => Backend::update_stream(backend, uuid, patch))
    }

    fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool> {
        dispatch!(self, backend => Backend::delete_stream(backend, uuid))
    }

    fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => Backend::streams_with_data(backend))
    }

    fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        dispatch!(self, backend => Backend::has_data(backend, uuid))
    }

    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool> {
        dispatch!(self, backend => Backend::insert_new(backend, uuid, row))
    }

    fn compare(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<Option<Insertion>> {
        dispatch!(self, backend => Backend::compare(backend, uuid, row))
    }

    fn store_new<'a, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = New<'a, Rows>>,
        now: Timestamp,
    ) -> Result<bool>
    where
        Rows: Iterator<Item = NewObservation<'a>>,
    {
        dispatch!(self, backend => Backend::store_new(backend, streams, now))
    }

    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone,
    {
        dispatch!(self, backend => Backend::insert(backend, streams))
    }

    fn check_data(&mut self, uuid: Option<&StreamUuid>) -> Found<()> {
        dispatch!(self, backend => Backend::check_data(backend, uuid))
    }

    fn keeps_digests(&mut self) -> Result<bool> {
        dispatch!(self, backend => Backend::keeps_digests(backend))
    }

    fn keep_digests(&mut self) -> Result<()> {
        dispatch!(self, backend => Backend::keep_digests(backend))
    }

    fn streams_without_digest(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => Backend::streams_without_digest(backend))
    }

    fn restate_digest(&mut self, uuid: &StreamUuid) -> Found<()> {
        dispatch!(self, backend => Backend::restate_digest(backend, uuid))
    }

    fn check_digest(&mut self, uuid: &StreamUuid) -> Found<Digest> {
        dispatch!(self, backend => Backend::check_digest(backend, uuid))
    }

    fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize> {
        dispatch!(self, backend => Backend::read_rows(backend, uuid, cursor, limit, sink))
    }

    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>> {
        dispatch!(self, backend => Backend::latest(backend, uuid))
    }

    fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        dispatch!(self, backend => Backend::latest_of(backend, uuids))
    }

    fn latest_of_all(&mut self) -> Result<Vec<(StreamUuid, Observation)>> {
        dispatch!(self, backend => Backend::latest_of_all(backend))
    }

    fn last(&mut self, uuid: &StreamUuid, span: Span, count: usize) -> Found<Vec<Observation>> {
        dispatch!(self, backend => Backend::last(backend, uuid, span, count))
    }

    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>> {
        dispatch!(self, backend => Backend::observation(backend, uuid, ts))
    }

    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        dispatch!(self, backend => Backend::count(backend, uuid, span))
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        dispatch!(self, backend => Backend::check(backend))
    }

    fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings> {
        dispatch!(self, backend => Backend::spellings(backend, uuid))
    }

    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics> {
        dispatch!(self, backend => Backend::statistics(backend, uuid))
    }

    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        dispatch!(self, backend => Backend::delete(backend, uuid, span))
    }

    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization> {
        dispatch!(self, backend => Backend::normalize(backend, uuid))
    }

    fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>> {
        dispatch!(self, backend => Backend::normalized(backend, uuid))
    }

    fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>> {
        dispatch!(self, backend => Backend::unreadable(backend, uuid))
    }

    fn quarantine(&mut self, uuid: &StreamUuid, now: Timestamp) -> Found<Vec<StoredRow>> {
        dispatch!(self, backend => Backend::quarantine(backend, uuid, now))
    }

    fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        dispatch!(self, backend => Backend::quarantined(backend, uuid))
    }

    fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => Backend::quarantined_streams(backend))
    }

    fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored> {
        dispatch!(self, backend => Backend::restore(backend, uuid))
    }

    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64> {
        dispatch!(self, backend => Backend::remove_data(backend, uuid))
    }

    fn back_up(&mut self, to: &Path) -> Result<u64> {
        dispatch!(self, backend => Backend::back_up(backend, to))
    }

    fn compact(&mut self) -> Result<Compacted> {
        dispatch!(self, backend => Backend::compact(backend))
    }

    fn beside(&self) -> Result<Option<(PathBuf, OpenOptions)>> {
        dispatch!(self, backend => Backend::beside(backend))
    }

    fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()> {
        dispatch!(self, backend => Backend::begin_call(backend, interrupts, began))
    }

    fn check_call(&self) -> Result<()> {
        dispatch!(self, backend => Backend::check_call(backend))
    }

    fn data_version(&mut self) -> Result<u64> {
        dispatch!(self, backend => Backend::data_version(backend))
    }

    fn refresh(&mut self) -> Result<()> {
        dispatch!(self, backend => Backend::refresh(backend))
    }

    fn check_unchanged(&self) -> Result<()> {
        dispatch!(self, backend => Backend::check_unchanged(backend))
    }

    fn is_torn(error: &Error) -> bool {
        <sqlite::Connection as Backend>::is_torn(error)
    }

    fn located(&self, error: Error) -> Error {
        dispatch!(self, backend => Backend::located(backend, error))
    }

    fn let_go(self) {
        dispatch!(self, backend => Backend::let_go(backend));
    }
}

impl Copying for Connection {
    fn raw_streams(&mut self) -> Result<Vec<RawStream>> {
        dispatch!(self, backend => Copying::raw_streams(backend))
    }

    fn last_id(&mut self) -> Result<i64> {
        dispatch!(self, backend => Copying::last_id(backend))
    }

    fn raw_rows(
        &mut self,
        uuid: &StreamUuid,
        position: &mut RawPosition,
        limit: usize,
    ) -> Found<Vec<RawRow>> {
        dispatch!(self, backend => Copying::raw_rows(backend, uuid, position, limit))
    }

    fn count_raw_rows(&mut self, uuid: &StreamUuid) -> Found<u64> {
        dispatch!(self, backend => Copying::count_raw_rows(backend, uuid))
    }

    fn lacking<'a>(&mut self, uuid: &StreamUuid, rows: &'a [RawRow]) -> Result<Option<&'a RawRow>> {
        dispatch!(self, backend => Copying::lacking(backend, uuid, rows))
    }

    fn raw_quarantined(&mut self, after: i64, limit: usize) -> Result<Vec<RawQuarantined>> {
        dispatch!(self, backend => Copying::raw_quarantined(backend, after, limit))
    }

    fn check_raw_streams(&mut self, streams: &[RawStream]) -> Result<()> {
        dispatch!(self, backend => Copying::check_raw_streams(backend, streams))
    }

    fn put_rows(&mut self, uuid: &StreamUuid, rows: &[RawRow], now: Timestamp) -> Result<Put> {
        dispatch!(self, backend => Copying::put_rows(backend, uuid, rows, now))
    }

    fn put_quarantined(&mut self, rows: &[RawQuarantined]) -> Result<()> {
        dispatch!(self, backend => Copying::put_quarantined(backend, rows))
    }

    fn put_streams(&mut self, streams: &[RawStream], last_id: i64) -> Result<()> {
        dispatch!(self, backend => Copying::put_streams(backend, streams, last_id))
    }
}
