//! The contract of a backend, as PostgreSQL keeps it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::connection::Connection;
use super::error::unsupported;
use super::raw::Params;
use super::streams;
use crate::backend::{Access, Backend, Found, Inserted, New, StreamQuery};
use crate::model::cursor::Cursor;
use crate::model::digest::Digest;
use crate::model::error::{Error, Result};
use crate::model::finding::{Finding, FindingKind};
use crate::model::observation::{Insertion, NewObservation, Observation};
use crate::model::options::OpenOptions;
use crate::model::report::{Compacted, Normalization, Restored, Spellings, Statistics, StoredRow};
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Backend for Connection {
    fn begin(&mut self, access: Access) -> Result<()> {
        self.begin(access)
    }

    fn check_writable(&self) -> Result<()> {
        self.check_writable()
    }

    fn commit(&mut self) -> Result<()> {
        self.commit()
    }

    fn roll_back(&mut self) {
        self.roll_back();
    }

    fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        self.stream(uuid)
    }

    fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>> {
        self.streams_of(uuids)
    }

    fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        self.streams_named(names)
    }

    fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        self.find_streams(query)
    }

    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>> {
        self.check_names(uuids)
    }

    fn check_metadata(&self, patch: &StreamPatch) -> Result<()> {
        streams::check(patch)
    }

    fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()> {
        self.upsert_streams(patches, now)
    }

    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()> {
        self.update_stream(uuid, patch)
    }

    fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool> {
        self.delete_stream(uuid)
    }

    fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>> {
        self.streams_with_data()
    }

    fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        self.has_data(uuid)
    }

    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool> {
        self.insert_new(uuid, row)
    }

    fn compare(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<Option<Insertion>> {
        self.compare(uuid, row)
    }

    fn store_new<'a, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = New<'a, Rows>>,
        now: Timestamp,
    ) -> Result<bool>
    where
        Rows: Iterator<Item = NewObservation<'a>>,
    {
        self.store_new(streams, now)
    }

    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone,
    {
        self.insert(streams)
    }

    /// Looks whether the server finds the stream: its pages are the server's to check.
    fn check_data(&mut self, uuid: Option<&StreamUuid>) -> Found<()> {
        match uuid {
            Some(uuid) => Ok(self.has_data(uuid)?.then_some(())),
            None => Ok(Some(())),
        }
    }

    fn keeps_digests(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn keep_digests(&mut self) -> Result<()> {
        Err(no_digests())
    }

    fn streams_without_digest(&mut self) -> Result<Vec<StreamUuid>> {
        Ok(Vec::new())
    }

    fn restate_digest(&mut self, uuid: &StreamUuid) -> Found<()> {
        match self.has_data(uuid)? {
            true => Err(no_digests()),
            false => Ok(None),
        }
    }

    fn check_digest(&mut self, uuid: &StreamUuid) -> Found<Digest> {
        Ok(self.has_data(uuid)?.then_some(Digest::NotKept))
    }

    fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize> {
        self.read_rows(uuid, cursor, limit, sink)
    }

    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>> {
        self.latest(uuid)
    }

    fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        self.latest_of(uuids)
    }

    fn latest_of_all(&mut self) -> Result<Vec<(StreamUuid, Observation)>> {
        self.latest_of_all()
    }

    fn last(&mut self, uuid: &StreamUuid, span: Span, count: usize) -> Found<Vec<Observation>> {
        self.last(uuid, span, count)
    }

    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>> {
        self.observation(uuid, ts)
    }

    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        self.count(uuid, span)
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        let orphans = "SELECT count(*) FROM (SELECT DISTINCT stream FROM observations) o \
                       WHERE NOT EXISTS (\
                         SELECT FROM streams s WHERE s.stream = o.stream AND s.data IS NOT NULL)";
        let answer = self.ask(orphans, Params::new())?;
        let streams = answer.first().map_or(0, |row| row.count(0));
        let message = format!("{streams} streams have rows but are not in table streams");
        let finding = Finding::of_file(FindingKind::Damage, streams, message);
        Ok(Vec::from_iter((streams > 0).then_some(finding)))
    }

    fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings> {
        self.spellings(uuid)
    }

    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics> {
        self.statistics(uuid)
    }

    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        self.delete(uuid, span)
    }

    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization> {
        self.normalize(uuid)
    }

    fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>> {
        self.normalized(uuid)
    }

    fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>> {
        self.unreadable(uuid)
    }

    fn quarantine(&mut self, uuid: &StreamUuid, _: Timestamp) -> Found<Vec<StoredRow>> {
        self.unreadable(uuid)
    }

    fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        self.quarantined(uuid)
    }

    fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>> {
        self.quarantined_streams()
    }

    fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored> {
        self.restore(uuid)
    }

    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64> {
        self.remove_data(uuid)
    }

    fn back_up(&mut self, _: &Path) -> Result<u64> {
        Err(unsupported(
            "a backup into a file",
            "use the database's own (pg_dump, or a base backup with its WAL), or copy the store \
             into a file",
        ))
    }

    fn compact(&mut self) -> Result<Compacted> {
        Err(unsupported(
            "compacting",
            "the server reuses the room by itself (autovacuum); VACUUM FULL gives it back",
        ))
    }

    fn beside(&self) -> Result<Option<(PathBuf, OpenOptions)>> {
        Ok(None)
    }

    fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()> {
        self.begin_call(interrupts, began)
    }

    fn check_call(&self) -> Result<()> {
        self.check_call()
    }

    /// Returns a number made of which transactions the server has committed, and on a standby
    /// of how far it has followed. It may change without a commit to the store: other databases
    /// on the server count too. Not by LISTEN: to NOTIFY takes a lock of the whole server while
    /// a transaction commits, so that eight writers commit at 0.4 to 0.7 of the rate (measured),
    /// and neither works through a pooler. With Citus it changes every second too, as the
    /// coordinator's snapshot says nothing of a commit on a worker alone (measured).
    fn data_version(&mut self) -> Result<u64> {
        let select = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text \
                      ELSE pg_current_snapshot()::text END || \
                      CASE WHEN to_regclass('pg_catalog.pg_dist_node') IS NULL THEN '' \
                      ELSE date_trunc('second', clock_timestamp())::text END";
        let answer = self.ask(select, Params::new())?;
        let mut hasher = DefaultHasher::new();
        answer.first().and_then(|row| row.text(0)).hash(&mut hasher);
        Ok(hasher.finish())
    }

    /// Does nothing: a call that has begun, and so may be interrupted, connects anew.
    fn refresh(&mut self) -> Result<()> {
        Ok(())
    }

    /// A transaction that reads sees one state.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }

    fn is_torn(_: &Error) -> bool {
        false
    }

    fn located(&self, error: Error) -> Error {
        self.located(error)
    }

    fn let_go(self) {
        self.let_go();
    }
}

fn no_digests() -> Error {
    unsupported(
        "a digest of each stream",
        "the server's own checksums (initdb --data-checksums) find damage",
    )
}
