//! Two stores, one of them in another process, and an outsider with plain SQL on one file,
//! against a sorted map. Each answer is compared.
//!
//! `SATORI_STORE_MODEL_STEPS` sets how many steps are taken. Seeds of failures are kept in
//! `proptest-regressions`, to be committed.

mod acts;
mod machine;
mod sql;
mod system;
mod table;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use self::machine::{Machine, TAKEN};
use self::world::{Rule, World};
use crate::support::*;

pub(crate) use self::system::ROLES;

/// Steps of one sequence. At their end all is closed, and the file is looked at.
const LENGTH: u32 = 100;

/// Returns how many sequences are played, and in which file seeds of failures are kept.
fn config(cases: u32, kept: Option<&'static str>) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_time: 60_000,
        failure_persistence: kept
            .map(|path| Box::new(FileFailurePersistence::Direct(path)) as Box<_>),
        ..ProptestConfig::default()
    }
}

/// Plays sequences by the rule until one fails; returns whether all passed.
fn passes(rule: Rule, config: ProptestConfig) -> Result<(), String> {
    let steps = World::sequential_strategy(LENGTH as usize);
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
    let asked = std::env::var("SATORI_STORE_MODEL_STEPS").ok();
    let steps = match asked.map(|steps| steps.parse::<u32>()) {
        Some(steps) => steps.expect("a number of steps"),
        None if soak() => 20_000,
        None => 3_000,
    };
    let kept = "tests/process/proptest-regressions/model.txt";
    let start = Instant::now();
    let played = passes(Rule::Instant, config(steps.div_ceil(LENGTH), Some(kept)));
    assert!(played.is_ok(), "{}", played.unwrap_err());
    let taken = TAKEN.get();
    assert!(taken >= u64::from(steps), "only {taken} steps");
    println!("{taken} steps in {:.1?}", start.elapsed());
    figure("model", "steps, each answer as the map has it", taken);
}

#[test]
fn the_seed_of_a_failure_is_kept_and_played_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seeds.txt");
    let kept: &'static str = text(&path).to_owned().leak();
    let shortly = |cases| ProptestConfig {
        max_shrink_iters: 1,
        ..config(cases, Some(kept))
    };
    passes(Rule::LaterWins, shortly(100)).expect_err("a wrong model passed");
    assert!(Path::new(kept).exists());
    // No new sequence is played.
    passes(Rule::LaterWins, shortly(0)).expect_err("the seed was not played");
    assert_eq!(passes(Rule::Instant, shortly(0)), Ok(()));
}

/// Asserts that a model by another rule is refuted.
fn assert_refuted(rule: Rule) {
    let config = ProptestConfig {
        max_shrink_iters: 1, // proptest-state-machine needs one
        ..config(100, None)
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
