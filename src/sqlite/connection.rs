//! One connection to a file: its statements, its transactions, its errors.

use std::cmp::Reverse;

use diesel::SqliteConnection;

use super::digest::Digests;
use super::file::File;
use super::raw::{
    BusyState, Handle, Hardening, Param, Statement, is_schema_changed, prepared,
    prepared_for_schema,
};
use super::streams;
use super::table::Table;
use super::tables::Tables;
use super::unlocked::Unlocked;
use crate::backend::{Access, Backend, Found};
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;
use crate::model::password::without_password;
use crate::model::stream::{StreamPatch, StreamRef};
use crate::model::uuid::StreamUuid;

/// A connection and what depends on it. The fields are dropped in this order: the raw
/// statements before Diesel closes the connection, the busy state after it.
pub(crate) struct Connection {
    pub(super) tables: Tables,
    pub(super) digests: Digests,
    /// It is dropped before SQLite closes the file: another connection that opens the file
    /// meanwhile must not be compared with this one.
    pub(super) file: Option<File>,
    /// What the file was like, if it is read without a lock.
    pub(super) unlocked: Option<Unlocked>,
    begin_write: Option<Statement>,
    begin_read: Option<Statement>,
    commit: Option<Statement>,
    rollback: Option<Statement>,
    stream: Option<Statement>,
    by_name: Option<Statement>,
    streams: Option<Statement>,
    upsert: Option<Statement>,
    data_version: Option<Statement>,
    pub(super) metadata: SqliteConnection,
    pub(super) db: Handle,
    pub(super) busy: Box<BusyState>,
    read_only: bool,
    /// How many commits of this connection may have changed something, and how many times it
    /// was opened anew.
    pub(super) changes: u32,
}

impl Connection {
    pub(super) fn new(
        metadata: SqliteConnection,
        db: Handle,
        file: Option<File>,
        options: &OpenOptions,
    ) -> Self {
        let busy = Box::new(BusyState::new(options.busy_timeout));
        db.on_busy(&busy);
        Self {
            tables: Tables::new(db, options),
            digests: Digests::new(db),
            file,
            unlocked: None,
            begin_write: None,
            begin_read: None,
            commit: None,
            rollback: None,
            stream: None,
            by_name: None,
            streams: None,
            upsert: None,
            metadata,
            db,
            busy,
            read_only: options.read_only,
            data_version: None,
            changes: 0,
        }
    }

    /// Returns a number that is another once this connection or any other has committed.
    pub(super) fn data_version(&mut self) -> Result<u64> {
        self.check_file()?;
        // SQLite's number stays as it is when this connection commits.
        // See <https://sqlite.org/pragma.html#pragma_data_version>.
        let statement = prepared(&mut self.data_version, self.db, "PRAGMA data_version")?;
        let version = statement.first(&[], |row| row.integer(0))?.unwrap_or(0);
        Ok((version as u64) << 32 | u64::from(self.changes))
    }

    /// Returns the location of the store.
    pub(super) fn location(&self) -> Location {
        match &self.file {
            Some(file) => Location::new(&file.path),
            None => Location::MEMORY,
        }
    }

    /// Runs a read. If others have changed the schema since its statements were prepared, runs
    /// it a second time, in a transaction: there the schema stays as it is. Outside one, a
    /// program that makes tables all the time could change it before each of them has begun.
    pub(super) fn steadily<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match read(self) {
            Err(error) if is_schema_changed(&error) => {}
            done => return done,
        }
        self.stream = None;
        self.by_name = None;
        self.streams = None;
        self.in_one_state(read)
    }

    /// Runs a read in a transaction, which has looked at the schema by then.
    pub(super) fn in_one_state<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let checked = |connection: &mut Self| {
            connection.tables.check()?;
            read(connection)
        };
        match self.db.is_autocommit() {
            true => Backend::read(self, checked),
            false => checked(self),
        }
    }

    /// Runs a read of the stream's table; returns `None` if there is no table.
    pub(super) fn read_table<T>(
        &mut self,
        stream: &StreamUuid,
        mut read: impl FnMut(&mut Table) -> Result<T>,
    ) -> Found<T> {
        self.steadily(|connection| connection.tables.with(stream, &mut read))
    }

    /// Reads the metadata of the stream with this uuid; `None` if it has none.
    pub(super) fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let statement = prepared_for_schema(&mut self.stream, self.db, streams::BY_UUID)?;
        let params = [Param::Text(uuid.as_str())];
        Ok(statement.first(&params, |row| streams::read(row).into())?)
    }

    /// Reads the metadata of the streams with this name: the most recently synced first,
    /// those never synced last, and among equals by id. Nearly always it is one, for which
    /// SQLite would set up a sort.
    pub(super) fn streams_by_name<T>(&mut self, name: &str) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let statement = prepared_for_schema(&mut self.by_name, self.db, streams::BY_NAME)?;
        let mut found = statement.all(&[Param::Text(name)], |row| {
            let stream = streams::read(row);
            ((Reverse(stream.last_synced), stream.id), stream.into())
        })?;
        found.sort_by_key(|(place, _)| *place);
        Ok(found.into_iter().map(|(_, stream)| stream).collect())
    }

    /// Reads the metadata of all streams, by id.
    pub(super) fn streams<T>(&mut self) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let statement = prepared_for_schema(&mut self.streams, self.db, streams::ALL)?;
        Ok(statement.all(&[], |row| streams::read(row).into())?)
    }

    /// Writes the patch and `last_synced`, and makes the row if there is none.
    pub(super) fn upsert(
        &mut self,
        uuid: &StreamUuid,
        patch: &StreamPatch,
        last_synced: &str,
    ) -> Result<()> {
        let statement = prepared(&mut self.upsert, self.db, &streams::UPSERT)?;
        statement.execute(&streams::upsert_params(uuid, patch, last_synced))?;
        Ok(())
    }

    /// Runs Diesel queries on table `streams`.
    pub(super) fn metadata<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        work(&mut self.metadata).map_err(|error| self.db.error_of(&error.to_string()).into())
    }

    /// Runs a Diesel query that reads table `streams`. Diesel's statements are prepared anew by
    /// SQLite, so they need a schema that stays as it is.
    pub(super) fn query<T>(
        &mut self,
        query: impl FnOnce(&mut SqliteConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        self.in_one_state(|connection| connection.metadata(query))
    }

    /// Refuses a name that a table or view of another shape has, or that differs from
    /// another stream's in case only.
    pub(super) fn check_name(&mut self, stream: &StreamUuid) -> Result<()> {
        if self.has_table(stream)? {
            return Ok(());
        }
        self.check_case(stream)
    }

    /// Checks the name as [`check_name`](Self::check_name) does, and makes the table if there
    /// is none. Only in a transaction.
    pub(super) fn claim_name(&mut self, stream: &StreamUuid) -> Result<()> {
        if self.has_table(stream)? {
            return Ok(());
        }
        self.check_case(stream)?;
        self.tables.create(stream)
    }

    /// Returns `true` if the stream has a table.
    pub(super) fn has_table(&mut self, stream: &StreamUuid) -> Result<bool> {
        self.tables.has(stream)
    }

    fn check_case(&mut self, stream: &StreamUuid) -> Result<()> {
        match self.metadata(|metadata| streams::other_case(metadata, stream))? {
            None => Ok(()),
            Some(other) => Err(Error::NotAStream {
                name: stream.shown(),
                reason: format!(
                    "SQLite takes it for the stream {:?}, which is spelled in another case",
                    without_password(&other)
                ),
            }),
        }
    }

    /// Begins a transaction; one for writes is immediate.
    pub(super) fn begin(&mut self, access: Access) -> Result<()> {
        self.tables.begin(access);
        let (slot, sql) = match access {
            Access::Read => (&mut self.begin_read, "BEGIN"),
            Access::Write => {
                self.check_writable()?;
                (&mut self.begin_write, "BEGIN IMMEDIATE")
            }
        };
        step(&self.busy, slot, self.db, sql)
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.digests.write_changes(&mut self.tables)?;
        self.busy.interrupts.check()?;
        // Whether a commit that fails is made is not always known.
        self.changes = self.changes.wrapping_add(1);
        step(&self.busy, &mut self.commit, self.db, "COMMIT")?;
        self.tables.committed();
        self.check_file()
    }

    pub(super) fn roll_back(&mut self) {
        self.tables.forget_last();
        // After some errors (a full disk) SQLite has already rolled back.
        if !self.db.is_autocommit() {
            // If this fails too, nothing is lost: the transaction is not committed, and
            // the next BEGIN reports what is wrong.
            let _ = step(&self.busy, &mut self.rollback, self.db, "ROLLBACK");
        }
        self.tables.rolled_back();
    }

    /// Refuses a write to a store that was opened read-only, or whose files are no longer
    /// those that were opened: the write would harm what others have written since. Counts
    /// the waiting time of the write from here.
    pub(super) fn check_writable(&self) -> Result<()> {
        self.busy.begin();
        if self.read_only {
            return Err(Error::ReadOnly {
                reason: "it was opened read-only".to_owned(),
                code: None,
            });
        }
        self.check_file()
    }

    /// Checks that the file is still the one that was opened.
    pub(super) fn check_file(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), File::check)
    }

    /// Closes an inherited connection in a forked child, without touching the file, which
    /// the parent still uses. If it stayed open, SQLite in the child would take the
    /// parent's locks for its own.
    pub(super) fn let_go(self) {
        if self.db.is_autocommit() {
            self.db.harden(Hardening::NoCheckpoint);
            drop(self);
        } else {
            // The fork came in the middle of a transaction. Rolling back here would
            // change the memory that all processes share.
            std::mem::forget(self);
        }
    }

    /// Checks that what was just read without a lock is of one state of the file.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        match (&self.unlocked, &self.file) {
            (Some(unlocked), Some(file)) => unlocked.check(file),
            _ => Ok(()),
        }
    }

    /// Adds the location and the time waited to an error, as only the connection knows them.
    pub(super) fn located(&self, error: Error) -> Error {
        // It has given up waiting because it was to end.
        if matches!(error, Error::Busy { .. }) && self.busy.interrupts.is_pending() {
            return Error::Interrupted;
        }
        error.located(&self.location(), self.busy.waited())
    }
}

impl Drop for Connection {
    /// Leaves the WAL to others if the files are no longer those that were opened: closing
    /// the last connection copies the WAL into the database and removes what is at its path.
    fn drop(&mut self) {
        if self.check_file().is_err() {
            self.db.harden(Hardening::NoCheckpoint);
        }
    }
}

/// Runs a statement that begins or ends a transaction. Only its wait for a lock can be
/// interrupted.
fn step(busy: &BusyState, slot: &mut Option<Statement>, db: Handle, sql: &str) -> Result<()> {
    let statement = prepared(slot, db, sql)?;
    busy.interrupts.hold(|| statement.execute(&[]))?;
    Ok(())
}
