//! What is tested: two stores on one file, the second in another process, and an outsider.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

use super::acts::Act;
use super::machine::Who;
use super::sql::{Loss, Sql};
use super::world::World;
use crate::support::*;
use satori_store::{OpenOptions, Store};

/// What the other process is to do.
#[derive(Serialize, Deserialize)]
enum Order {
    Open(PathBuf),
    Close,
    Perform(Act),
}

pub(crate) const ROLES: &[Role] = &[("model", |_, _| {
    let mut store: Option<Store> = None;
    loop {
        let line = hear();
        if line.is_empty() {
            return;
        }
        let answer = match serde_json::from_str(&line).unwrap() {
            Order::Open(path) => {
                store = Some(options().keep_spelling(true).open(path).unwrap());
                String::new()
            }
            Order::Close => {
                store = None;
                String::new()
            }
            Order::Perform(act) => act.perform(store.as_ref().unwrap()),
        };
        say(json!(answer));
    }
})];

/// Nobody holds the lock for a moment only: it is free, or it stays taken.
fn options() -> OpenOptions {
    OpenOptions::new()
        .busy_timeout(std::time::Duration::from_millis(2))
        .digest(true)
}

/// The other processes. They play one sequence after another, since starting them takes
/// longer than a sequence does.
struct Cast {
    there: Player,
    outsider: Python,
}

impl Cast {
    fn new() -> Self {
        let there = Player::start("model", Path::new(""), "");
        let outsider = Python::open(Path::new(":memory:"));
        Self { there, outsider }
    }

    /// Gives the other process an order. Returns its answer.
    fn order(&mut self, order: &Order) -> String {
        self.there.say(&json!(order).to_string());
        serde_json::from_str(&self.there.hear()).unwrap()
    }
}

thread_local! {
    /// Those who have nothing to do.
    static IDLE: RefCell<Option<Cast>> = const { RefCell::new(None) };
}

pub(super) struct System {
    folder: TempDir,
    path: PathBuf,
    /// The store of this process; `None` while all are closed.
    here: Option<Store>,
    /// They end if a sequence fails: what they have open then isn't known.
    cast: Cast,
}

impl System {
    pub(super) fn new() -> Self {
        let (folder, path) = place();
        let mut system = Self {
            folder,
            path,
            here: None,
            cast: IDLE.take().unwrap_or_else(Cast::new),
        };
        system.open();
        system
    }

    fn open(&mut self) {
        self.here = Some(options().open(&self.path).unwrap());
        self.cast.order(&Order::Open(self.path.clone()));
        self.cast.outsider.reopen(&self.path);
    }

    /// The last to close is the one that writes the WAL back.
    fn close(&mut self) {
        self.cast.order(&Order::Close);
        self.here = None;
        self.cast.outsider.reopen(Path::new(":memory:"));
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn ask(&mut self, who: Who, act: &Act) -> String {
        match (who, &self.here) {
            (Who::Here, Some(here)) => act.perform(here),
            (Who::Here, None) => panic!("closed"),
            (Who::There, _) => self.cast.order(&Order::Perform(act.clone())),
        }
    }

    pub(super) fn sql(&mut self, sql: Sql) -> bool {
        let outsider = &mut self.cast.outsider;
        // SQLite would refuse a name by the schema that it knows, and which may be old.
        outsider.run("SELECT count(*) FROM sqlite_schema");
        let done = outsider.try_run(&sql.text(), json!([]));
        match (sql, done) {
            // It answers with a row that says whether it was kept waiting.
            (Sql::Checkpoint, Ok(rows)) => rows[0][0] == json!(0),
            (_, done) => done.is_ok(),
        }
    }

    pub(super) fn lose(&mut self, loss: Loss) {
        let backup = self.beside("backup.db");
        let _ = std::fs::remove_file(&backup); // of an earlier loss
        let outsider = &mut self.cast.outsider;
        outsider.run_with("VACUUM INTO ?", json!([text(&backup)]));
        // The outsider goes; else it would have the old file open itself.
        outsider.reopen(Path::new(":memory:"));
        let remove = |name: &str| std::fs::remove_file(self.beside(name)).unwrap();
        match loss {
            Loss::Moved => std::fs::rename(&self.path, self.beside("moved.db")).unwrap(),
            Loss::Replaced => {
                let other = self.beside("other.db");
                sql(&other, &table_sql("other", &["1"]));
                std::fs::rename(other, &self.path).unwrap();
                remove("engine.db-wal");
                remove("engine.db-shm");
            }
            Loss::Wal => remove("engine.db-wal"),
            Loss::Shm => remove("engine.db-shm"),
            Loss::Both => {
                remove("engine.db-wal");
                remove("engine.db-shm");
            }
        }
    }

    /// Opens everything again. The file is what it was before it was lost.
    pub(super) fn reopen(&mut self, loss: Loss, written: bool, world: &World) {
        if loss == Loss::Moved {
            std::fs::rename(self.beside("moved.db"), &self.path).unwrap();
        }
        if loss == Loss::Moved && !written {
            // Back in its place it is the file that was opened.
            self.cast.outsider.reopen(&self.path);
            return;
        }
        self.close();
        match loss {
            Loss::Moved | Loss::Shm => self.assert_holds(world),
            // What was written went elsewhere.
            Loss::Replaced => {
                let rows = query(&self.path, "SELECT ts, value FROM other");
                assert_eq!(rows, json!([[1, 0]]));
            }
            // Rows since the last checkpoint may be gone. It opens, or it is refused.
            Loss::Wal | Loss::Both => drop(options().open(&self.path)),
        }
        for name in ["engine.db-wal", "engine.db-shm"] {
            let _ = std::fs::remove_file(self.beside(name));
        }
        std::fs::rename(self.beside("backup.db"), &self.path).unwrap();
        self.open();
    }

    /// Closes everything. Asserts that the file is sound, and that it holds the rows.
    pub(super) fn end(mut self, world: &World) {
        if world.lost == Some(Loss::Moved) {
            std::fs::rename(self.beside("moved.db"), &self.path).unwrap();
        }
        self.close();
        if world.lost.is_none() {
            assert_sound(&self.path);
            self.assert_holds(world);
        }
        IDLE.set(Some(self.cast));
    }

    /// Asserts that plain SQL finds every row of the model in the file.
    fn assert_holds(&self, world: &World) {
        for (name, table) in &world.tables {
            let found = query(&self.path, &format!("SELECT * FROM {name}"));
            let found = found.as_array().unwrap();
            for ((second, spelling), (value, hash)) in &table.rows {
                let stored = spelling.stored(*second);
                let stored = stored.parse::<i64>().map_or(json!(stored), |n| json!(n));
                let has = |row: &&serde_json::Value| {
                    row[0] == stored && row[1] == json!(value) && row[2] == json!(hash)
                };
                assert!(
                    found.iter().any(|row| has(&row)),
                    "{name} lost {stored}: {found:?}"
                );
            }
        }
    }
}
