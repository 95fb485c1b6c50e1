//! What is played while the system fails or the power goes.

use std::path::Path;

use satori_store::{OpenOptions, Result, Store, Synchronous};

use crate::disk::Image;
use crate::state;
use crate::work::{self, Work};

/// Pages in the WAL after which a store checkpoints here.
const CHECKPOINT: i32 = 24;
/// Pages that a store keeps in memory here. What a transaction changes beyond them is written
/// while it runs, so that a statement can fail in the middle of one: SQLite may then have
/// rolled all of it back.
const CACHE: i32 = 8;

/// A file to begin with, how it is opened, and what is done then.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) base: fn() -> Image,
    pub(crate) kind: Kind,
    pub(crate) works: Vec<Work>,
    /// The store checkpoints often.
    pub(crate) checkpoints: bool,
    /// Transactions are written before they are committed.
    pub(crate) spills: bool,
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No power cut takes what was acknowledged.
    Full,
    /// As engines do.
    Normal,
    ReadOnly,
}

impl Script {
    pub(crate) fn new(name: &'static str, base: fn() -> Image, works: &[Work]) -> Self {
        Self {
            name,
            base,
            kind: Kind::Full,
            works: works.to_vec(),
            checkpoints: false,
            spills: false,
        }
    }

    pub(crate) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn checkpoints(self) -> Self {
        Self {
            checkpoints: true,
            ..self
        }
    }

    pub(crate) fn spills(self) -> Self {
        Self {
            spills: true,
            ..self
        }
    }

    /// Opens the store.
    pub(crate) fn open(&self, path: &Path) -> Result<Store> {
        let options = OpenOptions::new()
            .busy_timeout(std::time::Duration::from_millis(5))
            .read_only(self.kind == Kind::ReadOnly)
            .synchronous(match self.kind {
                Kind::Full => Synchronous::Full,
                _ => Synchronous::Normal,
            });
        let store = options.open(path)?;
        if self.checkpoints {
            state::checkpoint_after(CHECKPOINT);
        }
        if self.spills {
            state::spill_after(CACHE);
        }
        Ok(store)
    }
}

/// Returns all that this file does to a store of its own, in random order.
pub(crate) fn random(name: &'static str, random: &mut fastrand::Rng) -> Script {
    let mut works: [Work; 15] = [
        work::upsert,
        work::insert,
        work::insert_hashed,
        work::insert_first,
        work::insert_many,
        work::ingest,
        work::normalize,
        work::quarantine,
        work::restore,
        work::delete,
        work::remove,
        work::bulk::<0>,
        work::bulk::<1>,
        work::bulk::<2>,
        work::bulk::<3>,
    ];
    random.shuffle(&mut works);
    let script = Script::new(name, work::store, &works[..random.usize(1..works.len())]);
    match random.u8(..4) {
        0 => script.checkpoints(),
        1 => script.spills(),
        2 => script.checkpoints().spills(),
        _ => script,
    }
}

/// The scripts whose calls fail, each of which has one subject.
pub(crate) fn fault_scripts() -> Vec<Script> {
    let one = |name, work| Script::new(name, work::store, &[work]);
    let bulks: [Work; 4] = [
        work::bulk::<0>,
        work::bulk::<1>,
        work::bulk::<2>,
        work::bulk::<3>,
    ];
    vec![
        Script::new("a new file", work::nothing, &[]),
        Script::new("an engine's file", work::engine, &[]),
        Script::new(
            "an interrupted engine's file",
            work::interrupted,
            &[work::insert_first],
        ),
        Script::new("after a crash", work::crashed, &[work::insert]),
        one("upsert", work::upsert),
        one("insert", work::insert),
        one("insert with a hash", work::insert_hashed),
        one("insert into a new table", work::insert_first),
        one("insert many", work::insert_many),
        one("ingest", work::ingest),
        one("normalize", work::normalize),
        one("quarantine", work::quarantine),
        Script::new("restore", work::quarantined, &[work::restore]),
        one("delete", work::delete),
        one("retain", work::retain),
        one("remove", work::remove),
        Script::new("checkpoint", work::store, &bulks).checkpoints(),
        Script::new("checkpoint as engines do", work::store, &bulks)
            .checkpoints()
            .kind(Kind::Normal),
        one("insert many, with little memory", work::insert_many).spills(),
        one("ingest, with little memory", work::ingest).spills(),
        one("normalize, with little memory", work::normalize).spills(),
        one("backup", work::backup),
        Script::new("compact", work::store, &[work::remove, work::compact]),
        one("read", work::read).kind(Kind::Normal),
        Script::new("read only", work::store, &[work::read]).kind(Kind::ReadOnly),
        Script::new("read only after a crash", work::crashed, &[work::read]).kind(Kind::ReadOnly),
    ]
}

/// The scripts at whose moments the power goes.
pub(crate) fn cut_scripts() -> Vec<Script> {
    use work::{bulk, insert, insert_first, insert_many, upsert};
    let every: [Work; 13] = [
        upsert,
        insert,
        work::insert_hashed,
        insert_first,
        work::ingest,
        work::normalize,
        work::quarantine,
        work::restore,
        work::delete,
        work::remove,
        insert_many,
        bulk::<0>,
        bulk::<1>,
    ];
    let bulks: [Work; 6] = [bulk::<0>, bulk::<1>, insert, bulk::<2>, upsert, bulk::<3>];
    let scripts = [
        Script::new(
            "a new store",
            work::nothing,
            &[upsert, insert_first, insert_many],
        ),
        Script::new("an engine's file", work::engine, &[upsert, insert_first]),
        Script::new("every operation", work::store, &every),
        Script::new("checkpoints", work::store, &bulks).checkpoints(),
        Script::new("after a crash", work::crashed, &[insert]).checkpoints(),
        Script::new(
            "an interrupted engine's file",
            work::interrupted,
            &[insert_first],
        ),
    ];
    let kinds = |script: Script| [script.clone(), script.kind(Kind::Normal)];
    scripts.into_iter().flat_map(kinds).collect()
}
