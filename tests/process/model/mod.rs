//! Two stores, one of them in another process, and an outsider with plain SQL on one file,
//! against a sorted map. Each answer is compared.
//!
//! `SATORI_STORE_MODEL_CASES` sets how many sequences of steps are tried. Seeds of failures
//! are kept in `proptest-regressions`, to be committed.

mod acts;
mod machine;
mod sql;
mod system;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use self::machine::Machine;
use self::world::{Rule, World};
use crate::support::*;

pub(crate) use self::system::ROLES;

/// Steps of one sequence.
const STEPS: std::ops::Range<usize> = 1..60;

fn config(cases: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::Direct("tests/process/proptest-regressions/model.txt");
    ProptestConfig {
        cases,
        max_shrink_time: 60_000,
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

/// Plays sequences by the rule until one fails; returns whether all passed.
fn passes(rule: Rule, config: ProptestConfig) -> Result<(), String> {
    let steps = World::sequential_strategy(STEPS);
    let run = config.clone();
    let mut runner = TestRunner::new(config);
    let played = runner.run(&steps, |(mut world, steps, seen)| {
        world.rule = rule;
        let run = AssertUnwindSafe(|| Machine::test_sequential(run.clone(), world, steps, seen));
        catch_unwind(run).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            TestCaseError::fail(text.unwrap_or_else(|| "a panic".to_owned()))
        })
    });
    played.map_err(|error| error.to_string())
}

#[test]
fn two_stores_and_an_outsider_answer_as_a_sorted_map_does() {
    let asked = std::env::var("SATORI_STORE_MODEL_CASES").ok();
    let cases = match asked.and_then(|cases| cases.parse().ok()) {
        Some(cases) => cases,
        None if soak() => 400,
        None => 30,
    };
    let played = passes(Rule::Instant, config(cases));
    assert!(played.is_ok(), "{}", played.unwrap_err());
}

/// Asserts that a model by another rule is refuted.
fn assert_refuted(rule: Rule) {
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 1, // proptest-state-machine needs one
        ..config(200)
    };
    let refuted = passes(rule, config).expect_err("a wrong model passed");
    assert!(refuted.contains("allowed is one of"), "{refuted}");
}

#[test]
fn control_a_model_whose_key_is_the_spelling_is_refuted() {
    assert_refuted(Rule::Spelled);
}

#[test]
fn control_a_model_that_overwrites_rows_is_refuted() {
    assert_refuted(Rule::LaterWins);
}

#[test]
fn control_a_model_that_writes_to_a_lost_file_is_refuted() {
    assert_refuted(Rule::LostFileWorks);
}

#[test]
fn control_a_model_that_knows_no_locks_is_refuted() {
    assert_refuted(Rule::NoLocks);
}
