//! Two stores on one database of a server against two on one file: calls by chance, and each
//! answer compared, and at the end all that they hold.
//!
//! `SATORI_STORE_MODEL_STEPS` sets how many calls are made.

mod calls;
mod looks;

use std::cell::Cell;
use std::time::Duration;

use diesel::{Connection, PgConnection, SqliteConnection};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use satori_store::{OpenOptions, Store, Timestamp};
use tempfile::TempDir;

use self::calls::{Call, NAMES, call};
use crate::server::*;
use crate::support::*;

/// Calls of one sequence at most. At its end all is compared.
const LENGTH: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    /// One of the two stores is asked.
    Ask(usize, Call),
    /// Another program has locked all that a store writes meanwhile.
    Locked(usize, Call),
    /// The server ends the sessions of both stores.
    Terminate,
    /// Both stores are closed and opened.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let ask = || (0..2_usize, call());
    prop_oneof![
        120 => ask().prop_map(|(who, call)| Step::Ask(who, call)),
        6 => ask().prop_map(|(who, call)| Step::Locked(who, call)),
        1 => Just(Step::Terminate),
        2 => Just(Step::Reopen),
    ]
}

thread_local! {
    /// How many calls this thread has made.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Two stores of each kind.
struct Pairs<'a> {
    place: &'a Named,
    folder: TempDir,
    served: [Store; 2],
    filed: [Store; 2],
}

/// Nobody holds a lock for a moment only: it is free, or it stays taken.
fn options() -> OpenOptions {
    OpenOptions::new().busy_timeout(Duration::from_millis(10))
}

impl<'a> Pairs<'a> {
    /// Opens stores at places that are empty.
    fn new(place: &'a Named, outsider: &mut PgConnection) -> Self {
        run_in(
            outsider,
            "TRUNCATE streams, observations, quarantine; ALTER SEQUENCE streams_id RESTART; \
             ALTER SEQUENCE streams_data RESTART",
        );
        let folder = tempfile::tempdir().unwrap();
        let (served, filed) = Self::open(place, &folder);
        Self {
            place,
            folder,
            served,
            filed,
        }
    }

    fn open(place: &Named, folder: &TempDir) -> ([Store; 2], [Store; 2]) {
        let path = folder.path().join("engine.db");
        let served = || options().connect(&place.url).unwrap();
        let filed = || options().open(&path).unwrap();
        ([served(), served()], [filed(), filed()])
    }

    /// Takes a step, and compares the answers.
    fn take(&mut self, step: &Step, outsider: &mut PgConnection) -> Result<(), String> {
        MADE.set(MADE.get() + 1);
        match step {
            Step::Ask(who, call) => {
                let (served, filed) = (&self.served[*who], &self.filed[*who]);
                same(call.perform(served), call.perform(filed))
            }
            Step::Locked(who, call) => {
                let tables = "BEGIN; LOCK TABLE streams, observations IN EXCLUSIVE MODE";
                run_in(outsider, tables);
                let served = call.perform(&self.served[*who]);
                run_in(outsider, "ROLLBACK");
                let filed = locked(&self.folder.path().join("engine.db"), || {
                    call.perform(&self.filed[*who])
                });
                // Whoever finds first that there is nothing to write need not wait.
                let waits = [&served, &filed].map(|answer| answer.contains("Busy"));
                match !call.reads() && waits != [false; 2] {
                    true => Ok(()),
                    false => same(served, filed),
                }
            }
            Step::Terminate => {
                let ended = format!(
                    "SELECT pg_terminate_backend(pid, 20000)::text AS text FROM pg_stat_activity \
                     WHERE application_name = '{}'",
                    self.place.session
                );
                let ended = rows_in(outsider, &ended);
                assert!(ended.iter().all(|ended| ended == "true"), "{ended:?}");
                Ok(())
            }
            Step::Reopen => {
                (self.served, self.filed) = Self::open(self.place, &self.folder);
                Ok(())
            }
        }
    }

    /// Compares all that the stores hold.
    fn compare(&self) -> Result<(), String> {
        let (served, filed) = (&self.served[0], &self.filed[1]);
        let look = Call::Streams("", Timestamp::MIN, 9);
        same(look.perform(served), look.perform(filed))?;
        for name in NAMES {
            if !matches!(served.contains(&uuid(name)), Ok(false)) {
                let look = Call::Stream(name, Timestamp::MIN, Timestamp::MAX, 3);
                same(look.perform(served), look.perform(filed))?;
                let found = |store| looks::findings(store, Some(name));
                same(found(served), found(filed))?;
            }
        }
        let found = |store| looks::findings(store, None);
        same(found(served), found(filed))
    }
}

/// Does something while another program holds the lock of a file.
fn locked<T>(path: &std::path::Path, work: impl FnOnce() -> T) -> T {
    let mut other = SqliteConnection::establish(text(path)).unwrap();
    run(&mut other, "BEGIN IMMEDIATE");
    let done = work();
    run(&mut other, "ROLLBACK");
    done
}

fn same(served: String, filed: String) -> Result<(), String> {
    if served == filed {
        return Ok(());
    }
    let differs = served
        .lines()
        .zip(filed.lines())
        .find(|(one, other)| one != other);
    let (served, filed) = differs.unwrap_or((&served, &filed));
    Err(format!("differs:\n  server {served}\n  file   {filed}"))
}

/// Plays so many sequences, on a server where the SQL `rule` has been run, until one fails.
/// Makes it shorter in so many tries.
fn play(server: &str, cases: u32, shrinks: u32, rule: &str) -> Result<(), String> {
    let place = Named::new(server);
    // It may wait for others that make tables.
    drop(place.open());
    if !rule.is_empty() {
        psql(&place.plain, rule);
    }
    let outsider = std::cell::RefCell::new(session(&place.plain));
    let config = ProptestConfig {
        cases,
        max_shrink_time: 60_000,
        max_shrink_iters: shrinks,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..=LENGTH);
    let played = TestRunner::new(config).run(&steps, |steps| {
        let outsider = &mut *outsider.borrow_mut();
        let mut pairs = Pairs::new(&place, outsider);
        for (number, step) in steps.iter().enumerate() {
            let taken = pairs.take(step, outsider);
            taken.map_err(|differs| TestCaseError::fail(format!("step {number} {differs}")))?;
        }
        let compared = pairs.compare();
        compared.map_err(|differs| TestCaseError::fail(format!("the end {differs}")))
    });
    played.map_err(|error| error.to_string())
}

#[test]
fn a_server_answers_as_a_file_does() {
    let Some(server) = wanted() else { return };
    let asked = std::env::var("SATORI_STORE_MODEL_STEPS").ok();
    let calls = match asked.map(|calls| calls.parse::<u32>()) {
        Some(calls) => calls.expect("a number of steps"),
        None if soak() => 600,
        None => 240,
    };
    let cases = calls.div_ceil(LENGTH as u32 / 2);
    let played = play(&server, cases, 400, "");
    assert!(played.is_ok(), "{}", played.unwrap_err());
    figure("postgres", "calls, each answered as on a file", MADE.get());
}

/// Asserts that a server by a rule of another program's answers otherwise.
fn assert_noticed(rule: &str) {
    let Some(server) = wanted() else { return };
    let differs = play(&server, 100, 0, rule).expect_err("nothing was noticed");
    assert!(differs.contains("differs"), "{differs}");
}

#[test]
fn control_a_row_that_the_server_bends_is_noticed() {
    assert_noticed(
        "CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN NEW.value := NEW.value + 1; RETURN NEW; END $$; \
         CREATE TRIGGER bend BEFORE INSERT ON observations \
         FOR EACH ROW WHEN (NEW.value = 3 AND NEW.hash = 'h') EXECUTE FUNCTION bend()",
    );
}

#[test]
fn control_a_name_that_the_server_forgets_is_noticed() {
    assert_noticed(
        "CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN NEW.name := NULL; RETURN NEW; END $$; \
         CREATE TRIGGER bend BEFORE INSERT OR UPDATE ON streams \
         FOR EACH ROW WHEN (NEW.name = 'ONE') EXECUTE FUNCTION bend()",
    );
}
