//! Making a store in a database, and migrating it to this release.

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Address, Call};
use super::error::error;
use super::raw::{Session, Statement};
use crate::model::error::{Error, Result};
use crate::model::options::OpenOptions;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Sees to it that the database holds a store of this release.
pub(super) fn prepare(
    session: &mut Session,
    call: &Call,
    address: &Address,
    options: &OpenOptions,
) -> Result<()> {
    let known = versions()?;
    let applied = applied(session, call)?;
    let Some(applied) = applied else {
        return match (has_tables(session, call)?, options) {
            (true, _) => Err(not_a_store(
                address,
                "it has a table streams or observations that is another program's; put the \
                 store into a schema of its own, with ?options=-csearch_path%3Dname",
            )),
            (false, options) if options.read_only || !options.create => Err(not_a_store(
                address,
                "it has no tables of a store; open it once for writing",
            )),
            (false, _) => migrate(address),
        };
    };
    if !applied.is_empty() && !applied.iter().any(|version| known.contains(version)) {
        return Err(not_a_store(
            address,
            "its migrations are another program's; put the store into a schema of its own, \
             with ?options=-csearch_path%3Dname",
        ));
    }
    let later = applied
        .into_iter()
        .partition::<Vec<_>, _>(|version| known.contains(version));
    let (applied, later) = later;
    if let Some(version) = later.into_iter().next()
        && !options.read_only
    {
        return Err(Error::LaterRelease {
            location: address.location.clone(),
            version,
        });
    }
    match applied.len() == known.len() || options.read_only {
        true => Ok(()),
        false => migrate(address),
    }
}

/// Returns the versions in the ledger; `None` if there is no ledger.
fn applied(session: &mut Session, call: &Call) -> Result<Option<Vec<String>>> {
    let select = "SELECT version::text FROM __diesel_schema_migrations ORDER BY version";
    match session.run(&[Statement::plain(select)], call, false) {
        Ok(answers) => {
            let rows = answers.iter().flat_map(|answer| answer.rows());
            let versions = rows.filter_map(|row| row.text(0).map(str::to_owned));
            Ok(Some(versions.collect()))
        }
        // undefined_table
        Err(failure) if failure.has_state(b"42P01") => Ok(None),
        Err(failure) => Err(error(failure)),
    }
}

/// Returns `true` if there are tables of the names that a store's have.
fn has_tables(session: &mut Session, call: &Call) -> Result<bool> {
    let select = "SELECT coalesce(to_regclass('streams'), to_regclass('observations')) IS NOT NULL";
    let answers = session.run(&[Statement::plain(select)], call, false);
    let answers = answers.map_err(error)?;
    let first = answers.first().and_then(|answer| answer.first());
    Ok(first.is_some_and(|row| row.bool(0)))
}

fn versions() -> Result<Vec<String>> {
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS);
    let migrations = migrations.map_err(|error| failed(&error.to_string()))?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

/// Runs the migrations that are missing, in one transaction. Several engines may open a store
/// at once: one migrates, and the others wait for it.
fn migrate(address: &Address) -> Result<()> {
    let url = address.url.to_string_lossy();
    let mut connection =
        PgConnection::establish(&url).map_err(|error| failed(&error.to_string()))?;
    // Through a pooler the next transaction may be another session's.
    connection.set_prepared_statement_cache_size(diesel::connection::CacheSize::Disabled);
    connection
        .transaction(|connection| {
            // Its number is that of no other lock in the database: 8 letters of this crate's
            // name.
            connection.batch_execute(
                "SET LOCAL client_min_messages = warning; \
                 SELECT pg_advisory_xact_lock(x'7361746f72697374'::bigint)",
            )?;
            connection.run_pending_migrations(MIGRATIONS)?;
            Ok(())
        })
        .map_err(|error: Box<dyn std::error::Error + Send + Sync>| failed(&error.to_string()))
}

fn failed(message: &str) -> Error {
    Error::CannotOpen {
        location: crate::model::location::Location::UNKNOWN,
        reason: format!("its tables can't be made: {message}"),
        code: None,
    }
}

fn not_a_store(address: &Address, reason: &str) -> Error {
    Error::NotAStore {
        location: address.location.clone(),
        reason: reason.to_owned(),
    }
}
