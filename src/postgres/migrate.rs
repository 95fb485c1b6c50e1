//! Making a store in a database, and migrating it to this release.

use std::thread;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::{CacheSize, Connection as _, SimpleConnection};
use diesel::dsl::sql;
use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel::sql_types::Bool;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Address, Call};
use super::error::not_opened;
use super::raw::{Session, Statement, aside};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// What is said of tables that are another program's.
const TAKEN: &str = "it has a table streams or observations that is another program's; put the \
                     store into a schema of its own, with ?options=-csearch_path%3Dname";

/// The lock that migrating takes. Its number is one for each schema, as each may have a store,
/// and that of nothing else in the database: it is made with 8 letters of this crate's name.
const LOCK: &str = "pg_try_advisory_xact_lock(\
     hashtextextended(coalesce(current_schema(), ''), x'7361746f72697374'::bigint))";
/// How long it is until the lock is asked for again.
const PAUSE: Duration = Duration::from_millis(20);

/// What a database holds.
pub(super) enum Found {
    /// A store of this release, or one that is only read.
    Store,
    /// Nothing yet, and the options forbid to make a store there.
    Nothing(Place),
}

/// Sees to it that the database holds a store of this release.
pub(super) fn prepare(
    session: &mut Session,
    call: &Call,
    address: &Address,
    options: &OpenOptions,
) -> Result<Found> {
    let known = versions()?;
    let mut applied = applied(session, call)?;
    if applied.is_empty() {
        let place = look(session, call)?;
        // Another engine may have made them since: then there is a ledger now.
        applied = self::applied(session, call)?;
        match place.has_tables && applied.is_empty() {
            true => return Err(not_a_store(address, TAKEN)),
            false if !applied.is_empty() => {}
            false if options.read_only || !options.create => return Ok(Found::Nothing(place)),
            false => place.check(address)?,
        }
    } else if !applied.iter().any(|version| known.contains(version)) {
        return Err(not_a_store(
            address,
            "its migrations are another program's; put the store into a schema of its own, \
             with ?options=-csearch_path%3Dname",
        ));
    }
    let (applied, later): (Vec<_>, Vec<_>) = applied
        .into_iter()
        .partition(|version| known.contains(version));
    if options.read_only {
        return Ok(Found::Store);
    }
    if let Some(version) = later.into_iter().next() {
        return Err(Error::LaterRelease {
            location: address.location.clone(),
            version,
        });
    }
    if applied.len() < known.len() {
        migrate(address, call, options)?;
    }
    Ok(Found::Store)
}

/// Returns the versions in the ledger. There are none if there is no ledger.
fn applied(session: &mut Session, call: &Call) -> Result<Vec<String>> {
    let select = "SELECT version::text FROM __diesel_schema_migrations ORDER BY version";
    match session.run(&[Statement::plain(select)], call, false) {
        Ok(answers) => {
            let rows = answers.iter().flat_map(|answer| answer.rows());
            let versions = rows.filter_map(|row| row.text(0).map(str::to_owned));
            Ok(versions.collect())
        }
        // undefined_table
        Err(failure) if failure.has_state(b"42P01") => Ok(Vec::new()),
        Err(failure) => Err(not_opened(failure)),
    }
}

/// Where the tables of a store would be made.
pub(super) struct Place {
    /// There are tables of their names.
    has_tables: bool,
    /// `None` if no schema of the search path exists.
    schema: Option<String>,
    /// The role may make tables there.
    is_allowed: bool,
}

fn look(session: &mut Session, call: &Call) -> Result<Place> {
    let select = "SELECT coalesce(to_regclass('streams'), to_regclass('observations')) IS NOT NULL, \
                  current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), true)";
    let answers = session.run(&[Statement::plain(select)], call, false);
    let answers = answers.map_err(not_opened)?;
    let first = answers.first().and_then(|answer| answer.first());
    Ok(Place {
        has_tables: first.is_some_and(|row| row.bool(0)),
        schema: first.and_then(|row| row.text(1)).map(str::to_owned),
        is_allowed: first.is_some_and(|row| row.bool(2)),
    })
}

impl Place {
    /// Checks that the tables can be made. Diesel would not say why not.
    pub(super) fn check(&self, address: &Address) -> Result<()> {
        let (reason, state) = match &self.schema {
            None => {
                let reason = "no schema of the search path exists: CREATE SCHEMA makes one";
                (reason.to_owned(), b"3F000")
            }
            Some(schema) if !self.is_allowed => {
                let reason = format!(
                    "the role may not make tables in the schema {schema:?}: its owner says GRANT \
                     CREATE ON SCHEMA"
                );
                (reason, b"42501")
            }
            Some(_) => return Ok(()),
        };
        Err(Error::CannotOpen {
            location: address.location.clone(),
            reason,
            code: Some(DatabaseCode::SqlState(*state)),
        })
    }
}

fn versions() -> Result<Vec<String>> {
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS);
    let migrations = migrations.map_err(|error| failed(&error.to_string()))?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

/// Why a migration ended.
enum Stopped {
    /// The call did.
    Call(Error),
    /// What Diesel reports.
    Failed(String),
}

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs the migrations that are missing, in one transaction. Several engines may open a store
/// at once: one migrates, and the others wait for it.
fn migrate(address: &Address, call: &Call, options: &OpenOptions) -> Result<()> {
    let url = address.url.to_string_lossy().into_owned();
    let end = Session::wait_until(&address.url).map_err(not_opened)?;
    let connected = aside(end, call, move |_| PgConnection::establish(&url));
    let connected = connected.map_err(not_opened)?;
    let mut connection = connected.map_err(|error| failed(&error.to_string()))?;
    // Through a pooler the next transaction may be another session's.
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    let end = Instant::now() + options.busy_timeout;
    // A role may be set to read by default.
    let mut transaction = connection.build_transaction().read_write();
    let done = transaction.run(|connection| {
        connection.batch_execute("SET LOCAL client_min_messages = warning")?;
        while !diesel::select(sql::<Bool>(LOCK)).get_result(connection)? {
            call.check().map_err(Stopped::Call)?;
            if Instant::now() >= end {
                // lock_not_available
                let code = DatabaseCode::SqlState(*b"55P03");
                let waited = options.busy_timeout;
                return Err(Stopped::Call(Error::Busy { waited, code }));
            }
            thread::sleep(PAUSE);
        }
        let done = connection.run_pending_migrations(MIGRATIONS);
        done.map_err(|error| Stopped::Failed(error.to_string()))?;
        Ok(())
    });
    done.map_err(|stopped| match stopped {
        Stopped::Call(error) => error,
        Stopped::Failed(message) => failed(&message),
    })
}

fn failed(message: &str) -> Error {
    Error::CannotOpen {
        location: Location::UNKNOWN,
        reason: format!("its tables can't be made: {message}"),
        code: None,
    }
}

pub(super) fn not_a_store(address: &Address, reason: &str) -> Error {
    Error::NotAStore {
        location: address.location.clone(),
        reason: reason.to_owned(),
    }
}
