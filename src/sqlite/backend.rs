//! The contract of a backend, as SQLite keeps it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::connection::Connection;
use super::cursor::Reader;
use super::unlocked;
use super::{
    backup, check, compact, delete, digest, insert, integrity, normalize, quarantine, read,
    statistics, streams,
};
use crate::backend::{Access, Backend, Found, Inserted, New, StreamQuery};
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
        self.steadily(|connection| connection.stream(uuid))
    }

    fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>> {
        self.steadily(|connection| uuids.iter().map(|uuid| connection.stream(uuid)).collect())
    }

    fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        self.steadily(|connection| {
            let first = |name: &&str| Ok(connection.streams_by_name(name)?.into_iter().next());
            names.iter().map(first).collect()
        })
    }

    fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let found = match query {
            StreamQuery::All => return self.steadily(Self::streams),
            StreamQuery::Named(name) => {
                return self.steadily(|connection| connection.streams_by_name(name));
            }
            StreamQuery::Numbered(number) => {
                self.query(|metadata| streams::by_server_id(metadata, number))
            }
            StreamQuery::Containing(part) => self.query(|metadata| streams::search(metadata, part)),
            StreamQuery::NotSyncedSince(since) => {
                self.query(|metadata| streams::stale(metadata, since))
            }
        };
        Ok(found?.iter().map(|found| found.borrowed().into()).collect())
    }

    fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>> {
        self.steadily(|connection| {
            uuids
                .iter()
                .map(|uuid| part_name_error(connection.check_name(uuid)))
                .collect()
        })
    }

    fn check_metadata(&self, _: &StreamPatch) -> Result<()> {
        Ok(())
    }

    fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()> {
        let last_synced = now.iso_text('T', 6).unwrap_or_else(|| now.to_string());
        patches
            .into_iter()
            .try_for_each(|(uuid, patch)| self.upsert(uuid, patch, &last_synced))
    }

    fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()> {
        self.metadata(|metadata| streams::update(metadata, uuid, patch))
    }

    fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool> {
        self.metadata(|metadata| streams::delete(metadata, uuid))
    }

    fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>> {
        self.tables.list()
    }

    fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        self.steadily(|connection| connection.has_table(uuid))
    }

    fn insert_new(&mut self, uuid: &StreamUuid, row: &NewObservation<'_>) -> Result<bool> {
        self.check_writable()?;
        let (interrupts, tables) = (&self.busy.interrupts, &mut self.tables);
        let inserted = interrupts.hold(|| insert::insert_new(tables, uuid, row))?;
        self.changes = self.changes.wrapping_add(u32::from(inserted));
        self.check_file()?;
        Ok(inserted)
    }

    fn compare(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<Option<Insertion>> {
        self.steadily(|connection| insert::compare(&mut connection.tables, uuid, row))
    }

    fn store_new<'a, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = New<'a, Rows>>,
        now: Timestamp,
    ) -> Result<bool>
    where
        Rows: Iterator<Item = NewObservation<'a>>,
    {
        // There is no network.
        let _ = (streams, now);
        Ok(false)
    }

    fn insert<'u, 'r, Rows>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, Rows)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        Rows: Iterator<Item = NewObservation<'r>> + Clone,
    {
        streams
            .into_iter()
            .map(
                |(uuid, rows)| match part_name_error(self.claim_name(uuid))? {
                    Ok(()) => insert::insert(&mut self.tables, uuid, rows).map(Ok),
                    Err(error) => Ok(Err(error)),
                },
            )
            .collect()
    }

    fn check_data(&mut self, uuid: Option<&StreamUuid>) -> Found<()> {
        let db = self.db;
        match uuid {
            Some(uuid) => self.tables.with(uuid, |_| integrity::check_table(db, uuid)),
            None => integrity::check_tables(db),
        }
    }

    fn keeps_digests(&mut self) -> Result<bool> {
        self.tables.check()?;
        Ok(self.tables.keeps_digests)
    }

    fn keep_digests(&mut self) -> Result<()> {
        digest::keep(&mut self.tables)
    }

    fn streams_without_digest(&mut self) -> Result<Vec<StreamUuid>> {
        self.digests.missing(&mut self.tables)
    }

    fn restate_digest(&mut self, uuid: &StreamUuid) -> Found<()> {
        digest::restate(&mut self.tables, uuid)
    }

    fn check_digest(&mut self, uuid: &StreamUuid) -> Found<Digest> {
        self.digests.check(&mut self.tables, uuid)
    }

    fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize> {
        let skip = self.tables.skip_unreadable;
        self.tables.with(uuid, |table| {
            Reader::new(cursor, table, uuid, limit, skip).read(&mut sink)
        })
    }

    fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>> {
        let skip = self.tables.skip_unreadable;
        self.read_table(uuid, |table| read::latest(table, uuid, skip))
    }

    fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        let skip = self.tables.skip_unreadable;
        let interrupts = &self.busy.interrupts;
        self.tables.sweep(|tables| {
            let latest = |uuid: &&StreamUuid| {
                interrupts.check()?;
                let found = tables.with(uuid, |table| read::latest(table, uuid, skip))?;
                Ok(found.flatten())
            };
            uuids.iter().map(latest).collect()
        })
    }

    fn last(&mut self, uuid: &StreamUuid, span: Span, count: usize) -> Found<Vec<Observation>> {
        let skip = self.tables.skip_unreadable;
        self.read_table(uuid, |table| read::last(table, uuid, span, count, skip))
    }

    fn observation(&mut self, uuid: &StreamUuid, ts: Timestamp) -> Found<Option<Observation>> {
        let skip = self.tables.skip_unreadable;
        let found = self.read_table(uuid, |table| read::at(table, uuid, ts));
        match found {
            Err(Error::UnreadableRow { .. }) if skip => Ok(Some(None)),
            found => found,
        }
    }

    fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        self.read_table(uuid, |table| statistics::count(table, span))
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        check::check(self)
    }

    fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings> {
        self.tables.with(uuid, |table| statistics::spellings(table))
    }

    fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics> {
        self.tables
            .with(uuid, |table| statistics::statistics(table))
    }

    fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        self.tables.with(uuid, |table| delete::delete(table, span))
    }

    fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization> {
        self.tables
            .with(uuid, |table| normalize::normalize(table, uuid))
    }

    fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>> {
        self.tables.with(uuid, normalize::normalized)
    }

    fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>> {
        self.read_table(uuid, |table| quarantine::unreadable(table))
    }

    fn quarantine(&mut self, uuid: &StreamUuid, now: Timestamp) -> Found<Vec<StoredRow>> {
        quarantine::quarantine(self.db, &mut self.tables, uuid, now)
    }

    fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        self.in_one_state(|connection| quarantine::quarantined(connection.db, uuid))
    }

    fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>> {
        self.in_one_state(|connection| quarantine::streams(connection.db))
    }

    fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored> {
        let db = self.db;
        let restored = self
            .tables
            .with(uuid, |table| quarantine::restore(db, table, uuid))?;
        // Without a table there is no place for them.
        let kept = match restored {
            Some(_) => return Ok(restored),
            None => quarantine::count(db, uuid)?,
        };
        Ok((kept > 0).then_some(Restored { restored: 0, kept }))
    }

    fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64> {
        let removed = self.tables.drop(uuid)?;
        quarantine::leave(self.db, uuid)?;
        Ok(removed)
    }

    fn back_up(&mut self, to: &Path) -> Result<u64> {
        let size = self.in_one_state(|connection| backup::back_up(connection, to))?;
        // What others write from now on doesn't concern the copy.
        self.unlocked = None;
        Ok(size)
    }

    fn compact(&mut self) -> Result<Compacted> {
        compact::compact(self)
    }

    fn beside(&self) -> Result<Option<(PathBuf, OpenOptions)>> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        file.check()?;
        let options = OpenOptions::new().read_only(true);
        let options = options.busy_timeout(self.busy.limit());
        Ok(Some((file.path.clone(), options)))
    }

    fn begin_call(&mut self, interrupts: &Arc<AtomicU64>, began: u64) -> Result<()> {
        self.busy.interrupts.begin(interrupts, began);
        self.busy.interrupts.check()
    }

    fn check_call(&self) -> Result<()> {
        self.busy.interrupts.check()
    }

    fn data_version(&mut self) -> Result<u64> {
        self.data_version()
    }

    fn refresh(&mut self) -> Result<()> {
        self.refresh()
    }

    fn check_unchanged(&self) -> Result<()> {
        self.check_unchanged()
    }

    fn is_torn(error: &Error) -> bool {
        unlocked::is_torn(error)
    }

    fn located(&self, error: Error) -> Error {
        self.located(error)
    }

    fn let_go(self) {
        self.let_go();
    }
}

/// Parts an error about a stream's name, which concerns that stream only, from all others,
/// which end the call.
fn part_name_error<T>(done: Result<T>) -> Result<Result<T>> {
    match done {
        Err(error @ Error::NotAStream { .. }) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(done) => Ok(Ok(done)),
    }
}
