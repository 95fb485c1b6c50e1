//! What is done to a store while the system fails or the power goes: files to begin with,
//! and operations. Each operation is one transaction. It can be repeated, and does nothing
//! more then.

use std::path::Path;

use satori_store::{IngestOptions, NewObservation, Remove, Result, Retain, Store, StreamPatch};
use serde_json::json;

use crate::disk::{self, Image};
use crate::state;
use crate::support::{at, fixture, numbered, place, plain, run, table_sql, uuid};
use crate::watch::Watch;

/// One operation on an open store.
pub(crate) type Work = fn(&Store) -> Result<()>;

/// Makes files in a folder of their own.
fn made(make: impl FnOnce(&Path)) -> Image {
    let (folder, path) = place();
    make(&path);
    disk::read(folder.path())
}

/// Returns no file.
pub(crate) fn nothing() -> Image {
    Image::new()
}

/// Returns a store with rows of each kind: of a stream, as text, and some that can't be read.
pub(crate) fn store() -> Image {
    made(fill)
}

fn fill(path: &Path) {
    let store = Store::open(path).unwrap();
    upsert(&store).unwrap();
    let rows: Vec<_> = (0..300).map(numbered).collect();
    store.insert_many(&uuid("rows"), &rows).unwrap();
    store.insert_many(&uuid("doomed"), &rows).unwrap();
    let texts: Vec<_> = (10..50)
        .map(|second| format!("'2024-01-03 12:00:{second}'"))
        .collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    state::run(path, &table_sql("texts", &texts));
    state::run(path, &table_sql("spoilt", &["1", "'None'", "3", "'never'"]));
}

/// Returns a store some of whose rows are in quarantine.
pub(crate) fn quarantined() -> Image {
    made(|path| {
        fill(path);
        quarantine(&Store::open(path).unwrap()).unwrap();
    })
}

/// Returns a store that a crash has left with its WAL.
pub(crate) fn crashed() -> Image {
    let (folder, path) = place();
    fill(&path);
    let store = Store::open(&path).unwrap();
    insert_many(&store).unwrap();
    let image = disk::read(folder.path());
    assert!(image["engine.db-wal"].len() > 20_000);
    image
}

/// Returns an engine's file with nine columns and few rows.
pub(crate) fn engine() -> Image {
    made(|path| {
        let (_folder, fixture) = fixture("nine_columns.db");
        std::fs::copy(fixture, path).unwrap();
        state::run(
            path,
            "PRAGMA journal_mode = DELETE; \
             DELETE FROM \"4ef72331-486a-523a-b67a-4c3a62090db9\" WHERE rowid > 20; VACUUM;",
        );
    })
}

/// Returns an engine's file in the middle of a write, which must be rolled back.
pub(crate) fn interrupted() -> Image {
    let (folder, path) = place();
    disk::lay_out(&engine(), folder.path());
    let mut connection = plain(&path);
    // The cache is so small that pages are written before the commit.
    run(
        &mut connection,
        "PRAGMA cache_size = 2; PRAGMA cache_spill = 2; BEGIN; \
         UPDATE \"d39cd529-5dd4-5e4b-abc9-90b3751e71f1\" SET hash = hash || 'spoilt'; \
         UPDATE streams SET name = 'spoilt';",
    );
    let image = disk::read(folder.path());
    assert!(image["engine.db-journal"].len() > 512);
    assert!(image["engine.db"] != engine()["engine.db"]);
    image
}

pub(crate) fn upsert(store: &Store) -> Result<()> {
    let patch = StreamPatch::new()
        .name("bitcoin".to_owned())
        .description("d".repeat(300));
    store.upsert_stream(&uuid("bitcoin"), &patch).map(drop)
}

pub(crate) fn insert(store: &Store) -> Result<()> {
    store.insert(&uuid("rows"), &numbered(1_000)).map(drop)
}

/// Inserts as one statement does it, without a transaction of the store's.
pub(crate) fn insert_hashed(store: &Store) -> Result<()> {
    let row = numbered(1_001).hash("h");
    store.insert(&uuid("rows"), &row).map(drop)
}

pub(crate) fn insert_first(store: &Store) -> Result<()> {
    store.insert(&uuid("new"), &numbered(1)).map(drop)
}

pub(crate) fn insert_many(store: &Store) -> Result<()> {
    let rows: Vec<_> = (2_000..3_000).map(numbered).collect();
    store.insert_many(&uuid("rows"), &rows).map(drop)
}

pub(crate) fn ingest(store: &Store) -> Result<()> {
    let payloads: Vec<_> = (0..100)
        .map(|number| {
            let name = format!("ingested {}", number % 10);
            json!({"value": number, "observed_at": 5_000 + number, "hash": "h",
                "stream": {"uuid": name, "name": name}})
        })
        .collect();
    let report = store.ingest(
        json!(payloads).to_string().as_bytes(),
        &IngestOptions::new(),
    )?;
    assert_eq!(report.refused(), 0, "{report:?}");
    Ok(())
}

pub(crate) fn normalize(store: &Store) -> Result<()> {
    store.normalize(&uuid("texts")).map(drop)
}

pub(crate) fn quarantine(store: &Store) -> Result<()> {
    store.quarantine(&uuid("spoilt")).map(drop)
}

pub(crate) fn restore(store: &Store) -> Result<()> {
    store.restore(&uuid("spoilt")).map(drop)
}

pub(crate) fn delete(store: &Store) -> Result<()> {
    store.delete(&uuid("rows"), at(100)..at(200)).map(drop)
}

pub(crate) fn retain(store: &Store) -> Result<()> {
    store.retain(&uuid("rows"), Retain::Since(at(50))).map(drop)
}

/// Removes a stream with its rows.
pub(crate) fn remove(store: &Store) -> Result<()> {
    store.remove(&uuid("doomed"), Remove::Both).map(drop)
}

/// Reads in every way.
pub(crate) fn read(store: &Store) -> Result<()> {
    for stream in store.streams_with_data()? {
        if stream.as_str() != "spoilt" {
            store.statistics(&stream)?;
            store.columns(&stream, ..)?;
            store.latest(&stream)?;
            store.verify(&stream)?;
        }
    }
    store.unreadable(&uuid("spoilt")).map(drop)?;
    store.streams().map(drop)
}

/// Backs the store up, and removes the backup: one that has its name is whole, and there is
/// one if the call says so.
pub(crate) fn backup(store: &Store) -> Result<()> {
    let folder = Watch::folder();
    let to = folder.join("backup.db");
    let done = store.backup(&to);
    Watch::pause(|| {
        assert_eq!(to.exists(), done.is_ok(), "{done:?}");
        if done.is_ok() {
            let of_store = state::state(&folder.join("engine.db"));
            assert_eq!(state::state(&to), of_store, "another state");
        }
        for name in disk::read(&folder).into_keys() {
            if name.contains("backup") {
                std::fs::remove_file(folder.join(name)).unwrap();
            }
        }
    });
    done.map(drop)
}

/// Compacts the file, in which nothing changes that can be seen.
pub(crate) fn compact(store: &Store) -> Result<()> {
    store.compact().map(drop)
}

/// Writes about as many pages as a store keeps in its WAL here.
pub(crate) fn bulk<const PART: i64>(store: &Store) -> Result<()> {
    let hash = PART.to_string().repeat(120);
    let rows: Vec<_> = (0..150)
        .map(|second| {
            let ts = at(10_000 + PART * 1_000 + second);
            NewObservation::new(ts, second as f64).hash(&hash)
        })
        .collect();
    store.insert_many(&uuid("rows"), &rows).map(drop)
}

/// Writes some 250 pages, into the place of those that it wrote before.
pub(crate) fn replace(store: &Store) -> Result<()> {
    let stream = uuid("replaced");
    let before = store.stream(&stream)?.and_then(|stream| stream.description);
    let letter = if before.is_some_and(|before| before.starts_with('a')) {
        "b"
    } else {
        "a"
    };
    let patch = StreamPatch::new().description(letter.repeat(1_000_000));
    store.upsert_stream(&stream, &patch).map(drop)
}
