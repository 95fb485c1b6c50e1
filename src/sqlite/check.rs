//! What there is to say about the file: damage, tables that are no streams', room, the WAL,
//! and what SQLite can't promise here.

use std::fs;

use super::catalog::Catalog;
use super::connection::Connection;
use super::integrity;
use super::raw::info::{BesideOtherSqlite, sqlite_info};
use super::raw::{self, Handle};
use super::shape::{number, sizes, texts};
use crate::model::error::{Error, Result, excerpt};
use crate::model::error_code::ErrorCode;
use crate::model::finding::{Finding, FindingKind};
use crate::model::uuid::{self, StreamUuid};

/// The first SQLite that loses no commit when the WAL starts anew:
/// <https://sqlite.org/wal.html#walresetbug>.
const SOUND_SQLITE: u32 = 3_051_003;
/// The size in bytes beyond which a WAL is large. A store's own is emptied at 40 MB.
const LARGE_WAL: u64 = 128 << 20;
/// The bytes of free room, and the part of the file, beyond which it is worth compacting.
const MUCH_ROOM: u64 = 1 << 20;
const PART_OF_FILE: u64 = 4;

/// Checks the file. Only in a transaction.
pub(super) fn check(connection: &Connection) -> Result<Vec<Finding>> {
    let db = connection.db;
    let mut findings = Vec::new();
    match integrity::quick_check(db) {
        Err(error) if error.code() == ErrorCode::Corrupt => {
            let damage = Finding::of_file(FindingKind::Damage, 1, error.to_string());
            findings.push(damage);
        }
        done => {
            done?;
            tables(db, &mut findings)?;
        }
    }
    room(db, &mut findings)?;
    sqlite(&mut findings);
    if let Some(file) = &connection.file {
        let wal = fs::metadata(file.wal()).map_or(0, |found| found.len());
        if wal > LARGE_WAL {
            let message = format!("the -wal beside the file has {wal} bytes");
            findings.push(Finding::of_file(FindingKind::LargeWal, wal, message));
        }
        if let Some(name) = raw::shared_file_system(&file.path) {
            let message = format!("the file is on a network file system ({name})");
            findings.push(Finding::of_file(FindingKind::NetworkFileSystem, 1, message));
        }
        let mode = texts(db, "PRAGMA main.journal_mode")?;
        if let Some(mode) = mode.first().filter(|mode| *mode != "wal") {
            let message = format!("the file has no WAL; its journal mode is {mode}");
            findings.push(Finding::of_file(FindingKind::NoWal, 1, message));
        }
    }
    Ok(findings)
}

/// Looks for tables that are neither streams' nor the store's own, and for those of streams
/// that take no rows.
fn tables(db: Handle, findings: &mut Vec<Finding>) -> Result<()> {
    let mut catalog = Catalog::new(db);
    let names = texts(
        db,
        "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') ORDER BY rowid",
    )?;
    for name in names.iter().filter(|name| !is_own(name)) {
        findings.extend(table(&mut catalog, name)?);
    }
    Ok(())
}

/// Looks at one table.
fn table(catalog: &mut Catalog, name: &str) -> Result<Option<Finding>> {
    let other = |reason: &str| {
        let message = format!("{:?} is no stream: {reason}", excerpt(name));
        Some(Finding::of_file(FindingKind::OtherTable, 1, message))
    };
    if let Some(reason) = uuid::fault(name) {
        return Ok(other(reason));
    }
    match catalog.inspect(name) {
        Err(Error::NotAStream { reason, .. }) => Ok(other(&reason)),
        found => {
            let reason = found?.and_then(|found| found.takes_no_rows);
            let stream = StreamUuid::stored(name.to_owned());
            Ok(reason.map(|reason| {
                let message = format!("it takes no rows: {reason}");
                Finding::of_stream(FindingKind::TakesNoRows, &stream, 1, message)
            }))
        }
    }
}

/// Returns `true` for the tables of the store, of Diesel's migrations and of SQLite.
fn is_own(name: &str) -> bool {
    name == "streams" || name.starts_with("__") || name.starts_with("sqlite_")
}

/// Looks how much of the file is free.
fn room(db: Handle, findings: &mut Vec<Finding>) -> Result<()> {
    let (size, page) = sizes(db)?;
    let free = number(db, "PRAGMA main.freelist_count")?.saturating_mul(page);
    if free > MUCH_ROOM && free > size / PART_OF_FILE {
        let message = format!("{free} of the file's {size} bytes are free room");
        findings.push(Finding::of_file(FindingKind::FreeRoom, free, message));
    }
    Ok(())
}

/// Looks at the SQLite that is in use.
fn sqlite(findings: &mut Vec<Finding>) {
    let info = sqlite_info();
    if info.version_number < SOUND_SQLITE {
        let message = format!(
            "SQLite {} is in use, which can lose commits when the WAL starts anew; 3.51.3 and later \
             ones don't",
            info.version
        );
        let number = u64::from(info.version_number);
        findings.push(Finding::of_file(FindingKind::OldLibrary, number, message));
    }
    if info.beside_other_sqlite == BesideOtherSqlite::Unsafe {
        let message = "another SQLite in this process that closes the file drops its locks";
        findings.push(Finding::of_file(FindingKind::SharedLocks, 1, message));
    }
}
