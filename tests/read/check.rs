//! Checking a store: each kind of finding where there is reason for it, and none elsewhere.

use std::collections::BTreeMap;
use std::fs::File;

use crate::support::*;
use satori_store::{
    BesideOtherSqlite, ErrorCode, Finding, FindingKind as Kind, NewObservation, OpenOptions,
    Severity, Store, StreamPatch, StreamUuid, Timestamp, sqlite_info,
};

/// Makes a store with a stream that nothing is to be said about.
fn sound() -> (tempfile::TempDir, std::path::PathBuf, Store, StreamUuid) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    store.upsert_stream(&s, &StreamPatch::new()).unwrap();
    let rows: Vec<_> = (0..100).map(|n| numbered(60 * n)).collect();
    store.insert_many(&s, &rows).unwrap();
    (folder, path, store, s)
}

/// Returns the kinds that a check finds, with the stream and the number of each.
fn found(store: &Store) -> Vec<(Kind, Option<String>, u64)> {
    let findings = store.check(None).unwrap();
    for finding in &findings {
        assert!(!finding.message.is_empty() && !finding.kind.advice().is_empty());
    }
    let plain = |found: Finding| (found.kind, found.stream.map(|s| s.to_string()), found.count);
    of_the_store(findings).into_iter().map(plain).collect()
}

/// Leaves out what is found of the SQLite in use, after checking that it is found where it
/// should be.
fn of_the_store(mut findings: Vec<Finding>) -> Vec<Finding> {
    let info = sqlite_info();
    let has = |kind| findings.iter().any(|found| found.kind == kind);
    assert_eq!(has(Kind::OldLibrary), info.version_number < 3_051_003);
    let is_unsafe = info.beside_other_sqlite == BesideOtherSqlite::Unsafe;
    assert_eq!(has(Kind::SharedLocks), is_unsafe);
    findings.retain(|found| !matches!(found.kind, Kind::OldLibrary | Kind::SharedLocks));
    findings
}

/// A finding about the stream `s`.
fn of_s(kind: Kind, count: u64) -> (Kind, Option<String>, u64) {
    (kind, Some("s".to_owned()), count)
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let (_folder, _path, store, _) = sound();
    assert_eq!(found(&store), []);
    assert_eq!(found(&memory()), []);
}

#[test]
fn each_defect_of_a_stream_is_found() {
    let cases: [(&str, Vec<_>); 9] = [
        (
            "UPDATE s SET value = 7 WHERE ts = 600",
            vec![of_s(Kind::SuspectRows, 1)],
        ),
        (
            "UPDATE s SET hash = 'x' WHERE ts = 600",
            vec![of_s(Kind::ForeignBetween, 2)],
        ),
        (
            "UPDATE s SET value = 'late' WHERE ts = 600",
            vec![of_s(Kind::UnreadableRows, 1), of_s(Kind::Gaps, 1)],
        ),
        (
            "INSERT INTO s VALUES ('None', 1, 'h', 'p')",
            vec![of_s(Kind::UnreadableRows, 1)],
        ),
        (
            "INSERT INTO s VALUES ('1970-01-01 01:40:00', 1, 'h', 'p')",
            vec![of_s(Kind::MixedSpellings, 1)],
        ),
        (
            "INSERT INTO s VALUES (6000000000000, 1, 'h', 'p')",
            vec![of_s(Kind::MixedSpellings, 1), of_s(Kind::Gaps, 1)],
        ),
        ("DELETE FROM s WHERE ts = 0", vec![]),
        ("DELETE FROM streams", vec![of_s(Kind::NoMetadata, 100)]),
        ("DROP TABLE s", vec![of_s(Kind::NoData, 1)]),
    ];
    for (statement, wanted) in cases {
        let (_folder, path, store, s) = sound();
        sql(&path, statement);
        assert_eq!(found(&store), wanted, "{statement}");
        let of_stream = store.check_stream(&s).unwrap();
        assert_eq!(of_stream.len(), wanted.len(), "{statement}");
        // Nothing was written.
        assert_eq!(found(&store), wanted, "{statement}");
    }
    // In the middle, which breaks the chain too.
    let (_folder, path, store, _) = sound();
    sql(&path, "DELETE FROM s WHERE ts BETWEEN 600 AND 900");
    let kinds = [of_s(Kind::SuspectRows, 1), of_s(Kind::Gaps, 1)];
    assert_eq!(found(&store), kinds);
}

#[test]
fn a_digest_that_differs_is_found() {
    about_files();
    let (_folder, path, _, s) = sound();
    let store = OpenOptions::new().digest(true).open(&path).unwrap();
    store.restate_digest(&s).unwrap();
    assert_eq!(found(&store), []);
    sql(&path, "UPDATE s SET provider = 'x' WHERE ts = 600");
    assert_eq!(found(&store), [of_s(Kind::DigestDiffers, 1)]);
}

#[test]
fn the_quarantine_and_tables_that_are_no_streams_are_found() {
    let (_folder, path, store, s) = sound();
    sql(
        &path,
        "INSERT INTO s VALUES ('None', 1, 'h', 'p');
         CREATE TABLE notes (text TEXT);
         CREATE VIEW seen AS SELECT * FROM s;
         CREATE TABLE t (ts TIMESTAMP PRIMARY KEY NOT NULL, value TEXT NOT NULL,
           hash TEXT NOT NULL, provider TEXT NOT NULL);",
    );
    store.quarantine(&s).unwrap();
    store.remove(&s, satori_store::Remove::Both).unwrap();
    sql(&path, "DROP VIEW seen");
    let kinds = [
        (Kind::OtherTable, None, 1),
        (Kind::TakesNoRows, Some("t".to_owned()), 1),
        of_s(Kind::QuarantinedRows, 1),
    ];
    assert_eq!(found(&store), kinds);
}

#[test]
fn streams_are_stale_by_the_instant_that_is_asked_for() {
    let (_folder, path, store, s) = sound();
    let now = Timestamp::now();
    let stale = |since| -> Vec<Kind> {
        let findings = store.check_file(since).unwrap();
        let findings = of_the_store(findings).into_iter();
        findings.map(|found| found.kind).collect()
    };
    assert_eq!(stale(None), []);
    assert_eq!(
        stale(Some(now.before(std::time::Duration::from_secs(3600)))),
        []
    );
    assert_eq!(stale(Some(Timestamp::MAX)), [Kind::Stale]);
    sql(&path, "UPDATE streams SET last_synced = NULL");
    assert_eq!(stale(Some(Timestamp::MIN)), [Kind::Stale]);
    assert_eq!(store.check_stream(&s).unwrap(), []);
}

#[test]
fn room_and_a_large_wal_are_found() {
    about_files();
    let (folder, path, store, _) = sound();
    let many: Vec<_> = (0..100_000).map(|second| row(second, 0.1)).collect();
    store.insert_many(&uuid("many"), &many).unwrap();
    store
        .remove(&uuid("many"), satori_store::Remove::Both)
        .unwrap();
    let kinds: Vec<_> = found(&store).into_iter().map(|found| found.0).collect();
    assert_eq!(kinds, [Kind::FreeRoom]);
    store.compact().unwrap();
    assert_eq!(found(&store), []);
    // What lies behind the last frame of a WAL, SQLite doesn't read.
    let wal = folder.path().join("engine.db-wal");
    File::options()
        .write(true)
        .open(wal)
        .unwrap()
        .set_len(200 << 20)
        .unwrap();
    assert_eq!(found(&store), [(Kind::LargeWal, None, 200 << 20)]);
    drop(store);
    sql(&path, "PRAGMA journal_mode = DELETE");
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    assert_eq!(found(&reader), [(Kind::NoWal, None, 1)]);
}

#[test]
fn damage_is_a_finding_and_the_rest_is_checked_all_the_same() {
    let (_folder, path, store, _) = sound();
    let rows: Vec<_> = (0..20_000).map(numbered).collect();
    store.insert_many(&uuid("many"), &rows).unwrap();
    drop(store);
    let number = |sql| query(&path, sql)[0][0].as_u64().unwrap() as usize;
    let root = number("SELECT rootpage FROM sqlite_schema WHERE name = 's'");
    let size = number("PRAGMA page_size");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[(root - 1) * size..root * size].fill(0xff);
    std::fs::write(&path, bytes).unwrap();

    let store = OpenOptions::new().read_only(true).open(&path).unwrap();
    let mut kinds = BTreeMap::new();
    for (kind, stream, _) in found(&store) {
        kinds.entry(stream).or_insert_with(Vec::new).push(kind);
    }
    assert_eq!(kinds[&None], [Kind::Damage]);
    assert_eq!(kinds[&Some("s".to_owned())], [Kind::Damage]);
    assert_eq!(kinds[&Some("many".to_owned())], [Kind::NoMetadata]);
    assert_eq!(Kind::Damage.severity(), Severity::Damage);

    let checked = store.with_data_checked().unwrap();
    let damaged = checked.verify(&uuid("s")).unwrap_err();
    assert_eq!(damaged.code(), ErrorCode::Corrupt);
    assert_eq!(checked.verify(&uuid("many")).unwrap().rows, 20_000);
}

/// A handle that has checked all streams at once relies on it; others don't.
#[test]
fn a_store_that_was_checked_at_once_says_the_same_of_each_stream() {
    let (_folder, _path, store, s) = sound();
    let t = uuid("t");
    store.insert(&t, &numbered(60)).unwrap();
    let checked = store.with_data_checked().unwrap();
    for uuid in [&s, &t] {
        assert_eq!(checked.verify(uuid).unwrap(), store.verify(uuid).unwrap());
        let findings = store.check_stream(uuid).unwrap();
        assert_eq!(checked.check_stream(uuid).unwrap(), findings);
    }
    // It is the same store, with what has come since.
    store.insert(&t, &numbered(120)).unwrap();
    assert_eq!(checked.verify(&t).unwrap().rows, 2);
    let unknown = checked.verify(&uuid("unknown")).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::StreamNotFound);
}

#[test]
fn fixtures_are_checked_and_unknown_streams_refused() {
    let store = memory();
    let unknown = store.check_stream(&uuid("unknown")).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::StreamNotFound);
    let other = store.check_stream(&uuid("a'b")).unwrap_err();
    assert_eq!(other.code(), ErrorCode::StreamNotFound);
    let mut checked = 0;
    for name in manifest_names() {
        let (_folder, path) = fixture(&name);
        let Ok(store) = OpenOptions::new().read_only(true).open(&path) else {
            continue;
        };
        let before = std::fs::read(&path).unwrap();
        let findings = store.check(Some(Timestamp::MAX)).unwrap();
        assert!(
            findings.iter().any(|found| found.kind != Kind::Stale),
            "{name}"
        );
        let json = serde_json::to_value(&findings).unwrap();
        for member in ["kind", "severity", "stream", "count", "message", "advice"] {
            assert!(json[0].get(member).is_some(), "{json}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
        checked += 1;
    }
    assert!(checked > 3);
}

/// Returns the names of the fixtures.
fn manifest_names() -> Vec<String> {
    let folder = std::fs::read_dir(crate_file("tests/fixtures")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".db")).collect()
}

/// The spacing is the median, so that a few steps that are short don't make gaps of the rest.
#[test]
fn gaps_are_longer_than_one_and_a_half_times_the_median_step() {
    let store = memory();
    let s = uuid("s");
    // Every step is another one, as with instants that are not rounded.
    let mut micros = 0;
    for n in 0..100 {
        micros += 600_000_000 + n * 1_001 - i64::from(n == 50) * 599_000_000;
        let row = NewObservation::new(Timestamp::from_micros(micros), 1.0).hash("h");
        store.insert(&s, &row).unwrap();
    }
    let statistics = store.statistics(&s).unwrap();
    assert_eq!(statistics.gaps, 0);
    let spacing = statistics.spacing.unwrap().as_micros() as i64;
    assert!((600_040_000..600_060_000).contains(&spacing), "{spacing}");
}
