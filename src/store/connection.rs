//! The connection of a store, to one of the backends.
//!
//! The set of backends is closed, so this is an enum and not a trait object: methods stay
//! generic, and a forgotten one doesn't compile. The choice is made once a call.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::backend::{Access, Backend, Found, Inserted, StreamQuery};
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
use crate::sqlite;

/// A connection to whichever database the store is in.
pub(super) enum Connection {
    Sqlite(sqlite::Connection),
}

macro_rules! dispatch {
    ($connection:expr, $backend:ident => $call:expr) => {
        match $connection {
            Connection::Sqlite($backend) => $call,
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
        dispatch!(self, backend => backend.streams_of(uuids))
    }

    fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        dispatch!(self, backend => backend.streams_named(names))
    }

    fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        dispatch!(self, backend => backend.find_streams(query))
    }

    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>> {
        dispatch!(self, backend => backend.check_names(uuids))
    }

    fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()> {
        dispatch!(self, backend => backend.upsert_streams(patches, now))
    }

    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()> {
        dispatch!(self, backend => backend.update_stream(uuid, patch))
    }

    fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool> {
        dispatch!(self, backend => backend.delete_stream(uuid))
    }

    fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => backend.streams_with_data())
    }

    fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        dispatch!(self, backend => backend.has_data(uuid))
    }

    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool> {
        dispatch!(self, backend => backend.insert_new(uuid, row))
    }

    fn compare(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<Option<Insertion>> {
        dispatch!(self, backend => backend.compare(uuid, row))
    }

    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone,
    {
        dispatch!(self, backend => backend.insert(streams))
    }

    fn check_data(&mut self, uuid: &StreamUuid) -> Found<()> {
        dispatch!(self, backend => backend.check_data(uuid))
    }

    fn keeps_digests(&mut self) -> Result<bool> {
        dispatch!(self, backend => backend.keeps_digests())
    }

    fn keep_digests(&mut self) -> Result<()> {
        dispatch!(self, backend => backend.keep_digests())
    }

    fn streams_without_digest(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => backend.streams_without_digest())
    }

    fn restate_digest(&mut self, uuid: &StreamUuid) -> Found<()> {
        dispatch!(self, backend => backend.restate_digest(uuid))
    }

    fn check_digest(&mut self, uuid: &StreamUuid) -> Found<Digest> {
        dispatch!(self, backend => backend.check_digest(uuid))
    }

    fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize> {
        dispatch!(self, backend => backend.read_rows(uuid, cursor, limit, sink))
    }

    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>> {
        dispatch!(self, backend => backend.latest(uuid))
    }

    fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        dispatch!(self, backend => backend.latest_of(uuids))
    }

    fn last(&mut self, uuid: &StreamUuid, span: Span, count: usize) -> Found<Vec<Observation>> {
        dispatch!(self, backend => backend.last(uuid, span, count))
    }

    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>> {
        dispatch!(self, backend => backend.observation(uuid, ts))
    }

    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        dispatch!(self, backend => backend.count(uuid, span))
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        dispatch!(self, backend => Backend::check(backend))
    }

    fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings> {
        dispatch!(self, backend => backend.spellings(uuid))
    }

    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics> {
        dispatch!(self, backend => backend.statistics(uuid))
    }

    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        dispatch!(self, backend => backend.delete(uuid, span))
    }

    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization> {
        dispatch!(self, backend => backend.normalize(uuid))
    }

    fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>> {
        dispatch!(self, backend => backend.normalized(uuid))
    }

    fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>> {
        dispatch!(self, backend => backend.unreadable(uuid))
    }

    fn quarantine(&mut self, uuid: &StreamUuid, now: Timestamp) -> Found<Vec<StoredRow>> {
        dispatch!(self, backend => backend.quarantine(uuid, now))
    }

    fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        dispatch!(self, backend => backend.quarantined(uuid))
    }

    fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>> {
        dispatch!(self, backend => backend.quarantined_streams())
    }

    fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored> {
        dispatch!(self, backend => backend.restore(uuid))
    }

    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64> {
        dispatch!(self, backend => backend.remove_data(uuid))
    }

    fn back_up(&mut self, to: &Path) -> Result<u64> {
        dispatch!(self, backend => backend.back_up(to))
    }

    fn compact(&mut self) -> Result<Compacted> {
        dispatch!(self, backend => backend.compact())
    }

    fn beside(&self) -> Result<Option<(PathBuf, OpenOptions)>> {
        dispatch!(self, backend => backend.beside())
    }

    fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()> {
        dispatch!(self, backend => backend.begin_call(interrupts, began))
    }

    fn check_call(&self) -> Result<()> {
        dispatch!(self, backend => backend.check_call())
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
