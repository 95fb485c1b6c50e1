//! Opening: several at once, and what may be there.

use std::time::Duration;

use diesel::Connection;
use diesel::pg::PgConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use satori_store::{Error, OpenOptions, Store};

use crate::server::*;
use crate::support::*;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const ENGINES: usize = 8;

pub(crate) const ROLES: &[Role] = &[
    ("opens", |_, _| {
        open_again_and_again(|url| {
            Store::connect(url)
                .map(drop)
                .map_err(|error| report(&error))
        });
    }),
    ("migrates plainly", |_, _| {
        open_again_and_again(|url| {
            let mut connection = PgConnection::establish(url).map_err(|error| error.to_string())?;
            let done = connection.run_pending_migrations(MIGRATIONS);
            done.map(drop).map_err(|error| error.to_string())
        });
    }),
];

/// Opens each place that it hears of, and says what came of it.
fn open_again_and_again(open: fn(&str) -> Result<(), String>) {
    loop {
        let url = hear();
        if url.is_empty() {
            return;
        }
        say(match open(&url) {
            Ok(()) => "opened".to_owned(),
            Err(report) => report.replace('\n', " "),
        });
    }
}

/// Has processes open an empty place at once, several times. Returns what those report that
/// fail.
fn open_at_once(server: &str, role: &str) -> Vec<String> {
    let nowhere = std::path::Path::new("");
    let mut engines: Vec<_> = (0..ENGINES)
        .map(|_| Player::start(role, nowhere, ""))
        .collect();
    let made = std::fs::read_dir(crate_file("migrations/postgres"))
        .unwrap()
        .count();
    let mut failures = Vec::new();
    for _ in 0..if soak() { 20 } else { 4 } {
        let url = database(server);
        engines.iter_mut().for_each(|engine| engine.say(&url));
        let said: Vec<_> = engines.iter_mut().map(Player::hear).collect();
        failures.extend(said.into_iter().filter(|said| said != "opened"));
        let versions = psql(
            &url,
            "SELECT count(DISTINCT version), count(*) FROM __diesel_schema_migrations",
        );
        assert_eq!(versions, format!("{made}|{made}\n"));
    }
    engines.into_iter().for_each(Player::finish);
    failures
}

#[test]
fn eight_engines_open_an_empty_place_at_once() {
    let Some(server) = wanted() else { return };
    let failures = open_at_once(&server, "opens");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn control_plain_migrations_at_once_fail() {
    let Some(server) = wanted() else { return };
    assert_ne!(open_at_once(&server, "migrates plainly").len(), 0);
}

#[test]
fn one_that_waits_for_a_migration_waits_as_long_as_it_may() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    let mut other = session(&url);
    run_in(
        &mut other,
        "BEGIN; SELECT pg_advisory_xact_lock(\
         hashtextextended(current_schema(), x'7361746f72697374'::bigint))",
    );
    let limit = Duration::from_millis(50);
    let error = OpenOptions::new()
        .busy_timeout(limit)
        .connect(&url)
        .unwrap_err();
    assert!(
        matches!(error, Error::Busy { waited, .. } if waited >= limit),
        "{error:?}"
    );
    assert_eq!(error.sqlstate(), "55P03");
    run_in(&mut other, "ROLLBACK");
    assert_works(&Store::connect(&url).unwrap());
}

/// Returns all that is in the place.
fn contents(url: &str) -> String {
    let tables = "SELECT relname, relkind, relnatts FROM pg_class \
                  WHERE relnamespace = current_schema()::regnamespace ORDER BY 1";
    psql(url, tables)
}

/// Asserts that the place is refused as no store, and left as it is.
fn assert_no_store(url: &str, options: &OpenOptions, words: &str) {
    let before = contents(url);
    let error = options.connect(url).unwrap_err();
    assert!(matches!(error, Error::NotAStore { .. }), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(contents(url), before);
}

#[test]
fn what_is_another_program_s_is_left_as_it_is() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    psql(&url, "CREATE TABLE other (x int)");
    Store::connect(&url).unwrap();

    for table in ["streams", "observations"] {
        let url = database(&server);
        psql(&url, &format!("CREATE TABLE {table} (x int)"));
        assert_no_store(&url, &OpenOptions::new(), "another program's");
        // Diesel's ledger alone doesn't make it ours.
        psql(
            &url,
            "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY)",
        );
        assert_no_store(&url, &OpenOptions::new(), "another program's");
    }

    let url = database(&server);
    psql(
        &url,
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY)",
    );
    psql(
        &url,
        "INSERT INTO __diesel_schema_migrations VALUES ('20200101000000')",
    );
    assert_no_store(&url, &OpenOptions::new(), "another program's");
    assert_no_store(
        &url,
        &OpenOptions::new().read_only(true),
        "another program's",
    );
}

#[test]
fn where_none_is_to_be_made_none_is() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    assert_no_store(&url, &OpenOptions::new().read_only(true), "no tables");
    assert_no_store(&url, &OpenOptions::new().create(false), "no tables");
    OpenOptions::new().preview(&url).unwrap();
    let error = OpenOptions::new().create(false).preview(&url).unwrap_err();
    assert!(matches!(error, Error::NotAStore { .. }), "{error:?}");
    Store::connect(&url).unwrap();
    for create in [true, false] {
        let options = OpenOptions::new().create(create);
        options.preview(&url).unwrap();
        options.connect(&url).unwrap();
    }
}

#[test]
fn a_store_of_a_later_release_is_only_read() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    let s = uuid("s");
    Store::connect(&url)
        .unwrap()
        .insert(&s, &row(1, 1.0))
        .unwrap();
    psql(
        &url,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')",
    );
    let error = Store::connect(&url).unwrap_err();
    assert!(matches!(&error, Error::LaterRelease { version, .. } if version == "29991231000000"));
    let store = OpenOptions::new().read_only(true).connect(&url).unwrap();
    assert_eq!(seconds(&store, &s), [1]);
    let error = store.insert(&s, &row(2, 2.0)).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}
