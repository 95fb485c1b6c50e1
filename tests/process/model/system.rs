//! What is tested: two stores on one file, the second in another process, and an outsider.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::acts::Act;
use super::machine::Who;
use super::sql::{Loss, Sql};
use super::world::World;
use crate::support::*;
use satori_store::{OpenOptions, Store};

pub(crate) const ROLES: &[Role] = &[("model", |path, _| {
    let store = options().keep_spelling(true).open(path).unwrap();
    say("ready");
    loop {
        let line = hear();
        if line.is_empty() {
            return;
        }
        let act: Act = serde_json::from_str(&line).unwrap();
        say(json!(act.perform(&store)));
    }
})];

/// Nobody holds the lock for a moment only: it is free, or it stays taken.
fn options() -> OpenOptions {
    OpenOptions::new().busy_timeout(std::time::Duration::from_millis(20))
}

pub(super) struct System {
    folder: TempDir,
    path: PathBuf,
    open: Option<Open>,
}

/// Those who have the file open.
struct Open {
    here: Store,
    there: Player,
    outsider: Python,
}

impl Open {
    fn new(path: &Path) -> Self {
        let here = options().open(path).unwrap();
        let mut there = Player::start("model", path, "");
        assert_eq!(there.hear(), "ready");
        let outsider = Python::open(path);
        Self {
            here,
            there,
            outsider,
        }
    }

    fn close(self) {
        self.there.finish();
        drop(self.here);
        self.outsider.close();
    }
}

impl System {
    pub(super) fn new() -> Self {
        let (folder, path) = place();
        let open = Some(Open::new(&path));
        Self { folder, path, open }
    }

    fn opened(&mut self) -> &mut Open {
        self.open.as_mut().expect("open between two steps")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn ask(&mut self, who: Who, act: &Act) -> String {
        let open = self.opened();
        match who {
            Who::Here => act.perform(&open.here),
            Who::There => {
                open.there.say(&json!(act).to_string());
                serde_json::from_str(&open.there.hear()).unwrap()
            }
        }
    }

    pub(super) fn sql(&mut self, sql: Sql) -> bool {
        let done = self.opened().outsider.try_run(&sql.text(), json!([]));
        match (sql, done) {
            // It answers with a row that says whether it was kept waiting.
            (Sql::Checkpoint, Ok(rows)) => rows[0][0] == json!(0),
            (_, done) => done.is_ok(),
        }
    }

    pub(super) fn lose(&mut self, loss: Loss) {
        let backup = self.beside("backup.db");
        let _ = std::fs::remove_file(&backup); // of an earlier loss
        let open = self.opened();
        open.outsider
            .run_with("VACUUM INTO ?", json!([text(&backup)]));
        // The outsider goes; else it would have the old file open itself.
        let stranger = Python::open(Path::new(":memory:"));
        std::mem::replace(&mut open.outsider, stranger).close();
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
            let outsider = Python::open(&self.path);
            self.opened().outsider = outsider;
            return;
        }
        self.open.take().expect("open between two steps").close();
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
        self.open = Some(Open::new(&self.path));
    }

    /// Closes everything. Asserts that the file is sound, and that it holds the rows.
    pub(super) fn end(mut self, world: &World) {
        if world.lost == Some(Loss::Moved) {
            std::fs::rename(self.beside("moved.db"), &self.path).unwrap();
        }
        self.open.take().expect("open between two steps").close();
        if world.lost.is_none() {
            assert_sound(&self.path);
            self.assert_holds(world);
        }
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
