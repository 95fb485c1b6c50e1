//! Two stores, one of them in another process, and an outsider with plain SQL on one
//! database, against the sorted map of the same test on files. Each answer is compared.

#[path = "../../process/model/acts.rs"]
mod acts;
mod machine;
#[path = "../../process/model/sql.rs"]
#[allow(dead_code, reason = "half of it is about files")]
mod sql;
mod system;
#[path = "../../process/model/table.rs"]
mod table;
#[path = "../../process/model/world.rs"]
#[allow(dead_code, reason = "half of it is about files")]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use self::machine::{Machine, Served, TAKEN};
use self::world::Rule;
use crate::server::*;
use crate::support::*;

pub(crate) use self::system::ROLES;

/// Steps of one sequence. At their end the database is looked at.
const LENGTH: u32 = 100;

/// Plays sequences by the rule until one fails; returns whether all passed.
fn passes(rule: Rule, steps: u32) -> Result<(), String> {
    let config = ProptestConfig {
        cases: steps.div_ceil(LENGTH),
        max_shrink_time: 60_000,
        // proptest-state-machine needs one
        max_shrink_iters: if rule == Rule::Instant { 1_000 } else { 1 },
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let sequences = Served::sequential_strategy(LENGTH as usize);
    let run = config.clone();
    let played = TestRunner::new(config).run(&sequences, |(mut served, steps, seen)| {
        served.0.rule = rule;
        let run = AssertUnwindSafe(|| Machine::test_sequential(run.clone(), served, steps, seen));
        catch_unwind(run).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            TestCaseError::fail(text.unwrap_or_else(|| "a panic".to_owned()))
        })
    });
    played.map_err(|error| error.to_string())
}

#[test]
fn two_stores_and_an_outsider_answer_as_a_sorted_map_does() {
    let Some(_) = wanted() else { return };
    let asked = std::env::var("SATORI_STORE_MODEL_STEPS").ok();
    let steps = match asked.map(|steps| steps.parse::<u32>()) {
        Some(steps) => steps.expect("a number of steps"),
        None if soak() => 10_000,
        None => 1_000,
    };
    let played = passes(Rule::Instant, steps);
    assert!(played.is_ok(), "{}", played.unwrap_err());
    let taken = TAKEN.get();
    assert!(taken >= u64::from(steps), "only {taken} steps");
    figure(
        "postgres",
        "steps of the model, each answer as the map has it",
        taken,
    );
}

/// Asserts that a model by another rule is refuted.
fn assert_refuted(rule: Rule) {
    let Some(_) = wanted() else { return };
    let refuted = passes(rule, 100 * LENGTH).expect_err("a wrong model passed");
    assert!(refuted.contains("allowed is one of"), "{refuted}");
}

#[test]
fn control_a_model_that_overwrites_rows_is_refuted() {
    assert_refuted(Rule::LaterWins);
}

#[test]
fn control_a_model_that_knows_no_locks_is_refuted() {
    assert_refuted(Rule::NoLocks);
}
