//! What is tested: two stores in one database, the second in another process, and an outsider.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::{RunQueryDsl, sql_query};
use satori_store::{OpenOptions, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::acts::{Act, NOON};
use super::machine::Who;
use super::sql::{Spelling, Sql};
use super::world::World;
use crate::server::*;
use crate::support::*;

/// What the other process is to do.
#[derive(Serialize, Deserialize)]
enum Order {
    Open(String),
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
            Order::Open(url) => {
                store = Some(options().keep_spelling(true).connect(&url).unwrap());
                String::new()
            }
            Order::Perform(act) => act.perform(store.as_ref().unwrap()),
        };
        say(json!(answer));
    }
})];

/// Nobody holds a lock for a moment only: it is free, or it stays taken.
fn options() -> OpenOptions {
    OpenOptions::new().busy_timeout(Duration::from_millis(10))
}

thread_local! {
    /// The other process of the last sequence. It ends if one fails.
    static IDLE: RefCell<Option<Player>> = const { RefCell::new(None) };
}

pub(super) struct System {
    place: Named,
    here: Store,
    there: Player,
    outsider: PgConnection,
}

impl System {
    pub(super) fn new() -> Self {
        let place = Named::new(&wanted().unwrap());
        let there = IDLE.take();
        let there = there.unwrap_or_else(|| Player::start("model", Path::new(""), ""));
        let mut system = Self {
            // It may wait for others that make tables.
            here: place.open(),
            outsider: session(&place.plain),
            place,
            there,
        };
        system.reopen();
        system
    }

    pub(super) fn reopen(&mut self) {
        self.here = options().connect(&self.place.url).unwrap();
        self.order(&Order::Open(self.place.url.clone()));
    }

    /// Gives the other process an order. Returns its answer.
    fn order(&mut self, order: &Order) -> String {
        self.there.say(&json!(order).to_string());
        serde_json::from_str(&self.there.hear()).unwrap()
    }

    pub(super) fn terminate(&mut self) {
        self.place.terminate();
    }

    pub(super) fn ask(&mut self, who: Who, act: &Act) -> String {
        match who {
            Who::Here => act.perform(&self.here),
            Who::There => self.order(&Order::Perform(act.clone())),
        }
    }

    /// Returns whether the server did it.
    pub(super) fn sql(&mut self, sql: Sql) -> bool {
        let is_open = self.is_in_transaction();
        let there_is =
            |name: char| format!("FROM streams WHERE uuid = '{name}' AND data IS NOT NULL");
        let text = match sql {
            Sql::Insert(name, second, spelling, value) => {
                let ts = (NOON + second) * 1_000_000;
                let text = match spelling {
                    Spelling::Seconds => "NULL".to_owned(),
                    spelling => format!("'{}'", spelling.stored(second)),
                };
                format!(
                    "INSERT INTO observations SELECT stream, {ts}, {value}, 'o', 'outsider', {text} \
                     {} ON CONFLICT DO NOTHING",
                    there_is(name)
                )
            }
            Sql::Update(name, value) => {
                let touched = format!(
                    "UPDATE observations SET value = {value} WHERE stream IN (SELECT stream {})",
                    there_is(name)
                );
                self.run(&touched);
                // It is about the table, not about its rows.
                return self.run(&format!(
                    "UPDATE streams SET data = data WHERE uuid = '{name}' AND data IS NOT NULL"
                )) > 0;
            }
            // What is locked is all that a store writes.
            Sql::Begin if !is_open => {
                "BEGIN; LOCK TABLE streams, observations IN EXCLUSIVE MODE".to_owned()
            }
            Sql::Commit if is_open => "COMMIT".to_owned(),
            Sql::Rollback if is_open => "ROLLBACK".to_owned(),
            Sql::Vacuum if !is_open => "VACUUM streams, observations".to_owned(),
            Sql::Begin | Sql::Commit | Sql::Rollback | Sql::Vacuum => return false,
            sql => panic!("{sql:?} is about files"),
        };
        match sql {
            Sql::Insert(..) => self.run(&text) > 0,
            _ => self.outsider.batch_execute(&text).is_ok(),
        }
    }

    fn run(&mut self, sql: &str) -> usize {
        sql_query(sql).execute(&mut self.outsider).unwrap()
    }

    fn is_in_transaction(&mut self) -> bool {
        let locked = "SELECT count(*)::text AS text FROM pg_locks \
                      WHERE pid = pg_backend_pid() AND mode = 'ExclusiveLock' AND relation IS NOT NULL";
        rows_in(&mut self.outsider, locked) != ["0"]
    }

    /// Asserts that plain SQL finds the rows of the model and no others.
    pub(super) fn end(mut self, world: &World) {
        let _ = self.outsider.batch_execute("ROLLBACK");
        let mut wanted: Vec<String> = Vec::new();
        for (name, table) in &world.tables {
            for ((second, spelling), (value, hash)) in &table.rows {
                let text = match spelling {
                    Spelling::Seconds => String::new(),
                    spelling => spelling.stored(*second),
                };
                wanted.push(format!("{name} {} {value} {hash} {text}", NOON + second));
            }
        }
        let rows = "SELECT concat_ws(' ', uuid, ts / 1000000, value, hash, coalesce(spelling, '')) AS text \
                    FROM observations JOIN streams USING (stream) WHERE data IS NOT NULL";
        let mut found = rows_in(&mut self.outsider, rows);
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted);
        assert_eq!(self.here.check_file(None).unwrap(), []);
        IDLE.set(Some(self.there));
    }
}
