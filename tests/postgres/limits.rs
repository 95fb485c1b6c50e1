//! Limits that others set, and what the database can't hold.

use std::thread;
use std::time::{Duration, Instant};

use satori_store::{
    Error, FindingKind, IngestOptions, NewObservation, OpenOptions, Remove, Store, StreamPatch,
};

use crate::server::*;
use crate::support::*;

/// Many rows are copied in where none is in the way, as far as the store sees.
#[test]
fn a_row_that_another_program_inserts_meanwhile_is_in_the_way_of_many() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    let s = uuid("s");
    store.insert(&s, &numbered(0)).unwrap();
    let insert = |rows: &[NewObservation<'_>]| {
        let mut other = session(&place.plain);
        run_in(&mut other, OFFER);
        thread::scope(|scope| {
            let call = scope.spawn(|| store.insert_many(&s, rows));
            place.await_block();
            run_in(&mut other, "COMMIT");
            call.join().unwrap()
        })
    };
    let chained: Vec<_> = (1..2_000).map(numbered).collect();
    // What is chained to the other's row is another row.
    let error = insert(&chained).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "40001");
    assert_eq!(seconds(&store, &s), [0, 20]);
    store.delete(&s, at(20)..).unwrap();
    let given: Vec<_> = (1..2_000).map(|second| row(second, 1.0)).collect();
    let report = insert(&given).unwrap();
    assert_eq!(report.inserted, 1_998);
    let conflicts: Vec<_> = report
        .conflicts
        .iter()
        .map(|(at, found)| (*at, found.stored))
        .collect();
    assert_eq!(conflicts, [(19, Some(-1.0))]);
    assert_eq!(seconds(&store, &s), Vec::from_iter(0..2_000));
}

/// Returns the streams `a` and `b`, that with the lower key first.
fn in_order_of_keys(url: &str) -> Vec<String> {
    let names = psql(
        url,
        "SELECT uuid FROM streams WHERE uuid IN ('a', 'b') ORDER BY stream",
    );
    names.lines().map(str::to_owned).collect()
}

#[test]
fn who_waits_too_long_for_another_writer_is_told() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let limit = Duration::from_millis(300);
    let store = place.open_with(&OpenOptions::new().busy_timeout(limit));
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    let mut other = session(&place.plain);
    run_in(&mut other, "BEGIN; SELECT * FROM streams FOR UPDATE");
    let begun = Instant::now();
    let error = store.insert(&s, &numbered(1)).unwrap_err();
    assert!(begun.elapsed() >= limit);
    assert_eq!(error.sqlstate(), "55P03");
    match error {
        Error::Busy { waited, .. } => assert!(waited >= limit && waited < limit * 20),
        error => panic!("{error:?}"),
    }
    // Readers wait for nobody.
    assert_eq!(seconds(&store, &s), [0]);
    // Nor does a row that is already there.
    store.insert_many(&s, &[row(0, 0.0)]).unwrap();
    run_in(&mut other, "ROLLBACK");
    store.insert(&s, &numbered(1)).unwrap();
}

#[test]
fn of_two_that_wait_for_each_other_one_is_told() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    for stream in ["a", "b"] {
        store.insert(&uuid(stream), &row(0, 0.0)).unwrap();
    }
    let names = in_order_of_keys(&place.plain);
    let lock = |name: &str| format!("SELECT * FROM streams WHERE uuid = '{name}' FOR UPDATE");
    let mut other = session(&place.plain);
    // Who looks first is the one that is told.
    run_in(&mut other, "SET deadlock_timeout = '10min'");
    run_in(&mut other, &format!("BEGIN; {}", lock(&names[1])));
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| {
            let (a, b) = (uuid("a"), uuid("b"));
            store.insert_across(&[(&a, numbered(1)), (&b, numbered(1))])
        });
        place.await_block();
        run_in(&mut other, &lock(&names[0]));
        call.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "40P01");
    run_in(&mut other, "ROLLBACK");
    assert_eq!(seconds(&store, &uuid("a")), [0]);
    assert_works(&store);
}

/// Makes a role with rights to a place and a setting. Returns its URL.
fn role(place: &Named, setting: &str) -> (String, String) {
    let role = name("role");
    psql(
        &place.plain,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; ALTER ROLE {role} SET {setting}; \
             DO $$ BEGIN EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO {role}', \
             current_schema()); EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %I TO {role}', \
             current_schema()); EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO \
             {role}', current_schema()); END $$"
        ),
    );
    let url = Url::new(&place.url).user(&format!("{role}:secret")).text();
    (role, url)
}

/// Removes a role of [`role`].
fn drop_role(place: &Named, role: &str) {
    psql(
        &place.plain,
        &format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    );
}

#[test]
fn a_limit_on_statements_is_no_interruption() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let s = uuid("s");
    place.open().insert(&s, &row(0, 0.0)).unwrap();
    let (role, url) = role(&place, "statement_timeout = '300ms'");
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.connect(&url).unwrap();
    let mut other = session(&place.plain);
    run_in(&mut other, "BEGIN; SELECT * FROM streams FOR UPDATE");
    let error = store.insert(&s, &numbered(1)).unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "57014");
    run_in(&mut other, "ROLLBACK");
    assert_eq!(seconds(&store, &s), [0]);
    assert_works(&store);
    drop(store);
    drop_role(&place, &role);
}

#[test]
fn a_transaction_that_idles_too_long_is_ended_and_another_begins() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    let (role, url) = role(&place, "idle_session_timeout = '50ms'");
    let idle = OpenOptions::new().connect(&url).unwrap();
    assert_works(&idle);
    pause(300);
    assert_works(&idle);
    assert_eq!(store.count(&uuid("it works"), ..).unwrap(), 4);
    drop(idle);
    drop_role(&place, &role);
}

/// A setting that anybody may change is no prohibition.
#[test]
fn a_role_that_reads_by_default_writes() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let (role, url) = role(&place, "default_transaction_read_only = on");
    // It makes the tables, too.
    let store = OpenOptions::new().connect(&url).unwrap();
    assert_works(&store);
    drop(store);
    drop_role(&place, &role);
}

#[test]
fn what_the_database_cannot_hold_is_refused() {
    let Some(server) = wanted() else { return };
    let store = Named::new(&server).open();
    let s = uuid("s");
    let ok = row(0, 0.0);
    for bad in [
        row(1, 1.0).hash("a\0b"),
        row(1, 1.0).provider("a\0b"),
        numbered(1).provider("\0"),
    ] {
        let error = store.insert(&s, &bad).unwrap_err();
        assert!(matches!(error, Error::InvalidText { .. }), "{error:?}");
        let error = store.insert_many(&s, &[ok, bad]).unwrap_err();
        assert!(matches!(error, Error::InvalidText { .. }), "{error:?}");
        assert!(!store.contains(&s).unwrap());
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = store.insert(&s, &row(1, value)).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error:?}");
    }
    let patch = StreamPatch::new().description("a\0b".to_owned());
    let error = store.upsert_stream(&s, &patch).unwrap_err();
    assert!(matches!(error, Error::InvalidText { .. }), "{error:?}");
    assert!(!store.contains(&s).unwrap());
    // The ends of what it can hold.
    for (second, value) in [
        (1, f64::MAX),
        (2, f64::MIN),
        (3, f64::MIN_POSITIVE),
        (4, 5e-324),
    ] {
        store.insert(&s, &row(second, value)).unwrap();
        let stored = store.observation(&s, at(second)).unwrap().unwrap();
        assert_eq!(stored.value.to_bits(), value.to_bits());
    }
    store.insert(&s, &row(5, -0.0)).unwrap();
    let stored = store.observation(&s, at(5)).unwrap().unwrap();
    assert_eq!(stored.value.to_bits(), 0.0_f64.to_bits());
}

/// A row of a stream that is removed meanwhile must not outlive it unseen.
#[test]
fn an_insert_and_a_removal_at_once_leave_all_or_nothing() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let (inserting, removing) = (place.open(), Store::connect(&place.plain).unwrap());
    let s = uuid("s");
    inserting.insert(&s, &row(0, 0.0)).unwrap();
    // Another program is about to insert the same row: the store waits for what becomes of it.
    let mut other = session(&place.plain);
    run_in(
        &mut other,
        "BEGIN; INSERT INTO observations SELECT stream, 1000000, 1, 'h', '' FROM streams",
    );
    let (inserted, removed) = thread::scope(|scope| {
        let insert = scope.spawn(|| inserting.insert(&s, &row(1, 1.0)));
        place.await_block();
        let remove = scope.spawn(|| removing.remove(&s, Remove::Both));
        pause(200);
        run_in(&mut other, "ROLLBACK");
        (insert.join().unwrap(), remove.join().unwrap())
    });
    inserted.unwrap();
    removed.unwrap();
    let found = inserting.check(None).unwrap();
    assert!(found.is_empty(), "{found:?}");
}

/// The row of a stream goes while a call that writes it waits for it.
#[test]
fn what_is_stored_while_its_stream_is_removed_is_seen() {
    let Some(server) = wanted() else { return };
    let s = uuid("s");
    type Write = fn(&Store);
    let ingest: Write = |store| {
        let payload = r#"{"value": 2, "ts": 2, "hash": "h", "stream": {"uuid": "s", "name": "n"}}"#;
        let report = store.ingest(payload.as_bytes(), &IngestOptions::new());
        assert_eq!(report.unwrap().inserted, 1);
    };
    let sync: Write = |store| {
        let report = store.sync_streams(br#"[{"uuid": "s", "name": "n"}]"#);
        assert!(report.unwrap().rejected.is_empty());
    };
    let upsert: Write = |store| {
        let patch = StreamPatch::new().name("n".to_owned());
        store.upsert_stream(&uuid("s"), &patch).unwrap();
    };
    for (write, has_data) in [(ingest, true), (sync, false), (upsert, false)] {
        let place = Named::new(&server);
        let store = place.open();
        // The second time the short way would be gone.
        for known in [false, true] {
            let other = Store::connect(&place.plain).unwrap();
            let first = if known { &store } else { &other };
            first
                .ingest(
                    br#"{"value": 1, "ts": 1, "hash": "h", "stream": {"uuid": "s"}}"#,
                    &IngestOptions::new(),
                )
                .unwrap();
            let mut removing = session(&place.plain);
            run_in(
                &mut removing,
                "BEGIN; DELETE FROM observations; DELETE FROM streams",
            );
            thread::scope(|scope| {
                let call = scope.spawn(|| write(&store));
                place.await_block();
                run_in(&mut removing, "COMMIT");
                call.join().unwrap();
            });
            assert_eq!(
                store.stream(&s).unwrap().unwrap().name.as_deref(),
                Some("n")
            );
            assert_eq!(
                store.streams_with_data().unwrap().len(),
                usize::from(has_data)
            );
            assert_eq!(store.count(&s, ..).unwrap(), u64::from(has_data));
            let found = store.check(None).unwrap();
            assert!(
                found.iter().all(|found| found.kind != FindingKind::Damage),
                "{found:?}"
            );
            store.remove(&s, Remove::Both).unwrap();
        }
    }
}
