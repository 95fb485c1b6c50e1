//! Taking over a file: finding out what it is, and migrating it to this release.

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::raw::Handle;
use super::shape::{ADDED, COLUMNS, check_streams, columns, texts};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Diesel's table of the migrations that were applied to a file.
const LEDGER: &str = "__diesel_schema_migrations";

/// What was found in a file, before anything is written to it.
pub(super) struct Found {
    /// The columns of `streams`; `None` if there is no such table.
    columns: Option<Vec<String>>,
    /// What is wrong with the shape of `streams`; `None` if nothing is.
    mismatch: Option<Error>,
    /// The versions in the ledger; `None` if there is no ledger.
    applied: Option<Vec<String>>,
}

/// Inspects the file without writing to it.
pub(super) fn inspect(db: Handle) -> Result<Found> {
    let applied = match columns(db, LEDGER)?.is_empty() {
        true => None,
        false => Some(texts(
            db,
            &format!("SELECT version FROM {LEDGER} ORDER BY version"),
        )?),
    };
    let streams = columns(db, "streams")?;
    let columns = (!streams.is_empty()).then(|| streams.iter().map(|c| c.name.clone()).collect());
    let mismatch = match streams.is_empty() {
        true => None,
        false => match check_streams(db, &streams) {
            Ok(()) => None,
            Err(mismatch @ Error::SchemaMismatch { .. }) => Some(mismatch),
            Err(other) => return Err(other),
        },
    };
    Ok(Found {
        columns,
        mismatch,
        applied,
    })
}

impl Found {
    /// Returns the first migration in the ledger that this release doesn't know.
    pub(super) fn later(&self) -> Result<Option<String>> {
        let known = known()?;
        let known: Vec<_> = known
            .iter()
            .map(|migration| version(migration.as_ref()))
            .collect();
        let mut applied = self.applied.iter().flatten();
        Ok(applied.find(|version| !known.contains(version)).cloned())
    }

    /// Refuses a `streams` table of another shape than the store's.
    ///
    /// # Errors
    /// `SchemaMismatch`, naming the column.
    pub(super) fn check_shape(&mut self) -> Result<()> {
        self.mismatch.take().map_or(Ok(()), Err)
    }

    /// Returns `true` if a migration has still to be run.
    ///
    /// # Errors
    /// `SchemaMismatch` if the ledger has all migrations and yet a column is missing:
    /// someone has removed it since.
    pub(super) fn is_pending(&self) -> Result<bool> {
        let Some(applied) = &self.applied else {
            return Ok(true);
        };
        let pending = known()?
            .iter()
            .any(|migration| !applied.contains(&version(migration.as_ref())));
        let found = self.columns.as_deref().unwrap_or_default();
        match COLUMNS
            .iter()
            .chain(&ADDED)
            .find(|column| !has(found, column))
        {
            Some(column) if !pending => Err(Error::SchemaMismatch {
                column: (*column).to_owned(),
                problem: "it is missing, though its migration is recorded".to_owned(),
            }),
            _ => Ok(pending),
        }
    }

    /// Returns the SQL of a temporary view or table in place of `streams`, for a file that
    /// must not be written; `None` if its own has all columns of this release.
    pub(super) fn stand_in(&self) -> Option<String> {
        let Some(found) = &self.columns else {
            let columns: Vec<_> = COLUMNS.iter().chain(&ADDED).copied().collect();
            return Some(format!(
                "CREATE TEMP TABLE streams ({})",
                columns.join(", ")
            ));
        };
        if ADDED.iter().all(|column| has(found, column)) {
            return None;
        }
        let column = |name: &&str| match has(found, name) {
            true => (*name).to_owned(),
            false => format!("NULL AS {name}"),
        };
        let columns: Vec<_> = COLUMNS.iter().chain(&ADDED).map(column).collect();
        Some(format!(
            "CREATE TEMP VIEW streams AS SELECT {} FROM main.streams",
            columns.join(", ")
        ))
    }
}

/// Runs the pending migrations, in a transaction of the caller's. It looks for them again
/// there, as another process may have run some since [`inspect`].
///
/// A migration named `…_add_<column>` is recorded without being run if the column already
/// exists: installed engines have added some themselves.
pub(super) fn run(connection: &mut SqliteConnection, db: Handle) -> diesel::migration::Result<()> {
    let present = columns(db, "streams")?;
    for migration in connection.pending_migrations(MIGRATIONS)? {
        let name = migration.name().to_string();
        let added = name.split_once("_add_").map(|(_, column)| column);
        if !added.is_some_and(|added| present.iter().any(|found| found.name == added)) {
            migration.run(connection)?;
        }
        diesel::sql_query(format!("INSERT INTO {LEDGER} (version) VALUES (?)"))
            .bind::<diesel::sql_types::Text, _>(version(migration.as_ref()))
            .execute(connection)?;
    }
    Ok(())
}

fn has(columns: &[String], column: &str) -> bool {
    columns.iter().any(|found| found == column)
}

fn known() -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
    MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(|error| Error::Database {
        code: DatabaseCode::Number(libsqlite3_sys::SQLITE_INTERNAL),
        message: error.to_string(),
    })
}

fn version(migration: &dyn Migration<Sqlite>) -> String {
    migration.name().version().to_string()
}
