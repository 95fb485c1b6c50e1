//! The steps, how they are generated, and how the system is compared with the model.

use std::cell::Cell;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::acts::{Act, Offer};
use super::sql::{Spelling, Sql};
use super::system::System;
use super::world::{Rule, World};

/// Which store is asked: that of this process, or that of another, which spells new rows
/// like the last (`keep_spelling`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Here,
    There,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Ask(Who, Act),
    Sql(Sql),
    /// The server ends the sessions of both stores.
    Terminate,
    /// Both stores are closed and opened.
    Reopen,
}

fn name() -> impl Strategy<Value = char> + Clone {
    prop_oneof![4 => Just('a'), 2 => Just('b'), 1 => Just('c')]
}

/// Generates seconds that often meet.
fn second() -> impl Strategy<Value = i64> + Clone {
    0..6_i64
}

fn act() -> impl Strategy<Value = Act> {
    let span = || (second(), second()).prop_map(|(one, other)| (one.min(other), one.max(other)));
    let offer = || (second(), 0..3_i64).prop_map(|(second, value)| Offer { second, value });
    prop_oneof![
        6 => (name(), offer()).prop_map(|(name, offer)| Act::Insert(name, offer)),
        4 => (name(), prop::collection::vec(offer(), 0..14))
            .prop_map(|(name, offers)| Act::InsertMany(name, offers)),
        1 => (name(), span()).prop_map(|(name, (from, to))| Act::Delete(name, from, to)),
        1 => name().prop_map(Act::Normalize),
        1 => name().prop_map(Act::Remove),
        2 => (name(), 0..3_i64).prop_map(|(name, number)| Act::Upsert(name, number)),
        4 => (name(), span()).prop_map(|(name, (from, to))| Act::Read(name, from, to)),
        2 => (name(), 0..5_usize).prop_map(|(name, count)| Act::Last(name, count)),
        2 => name().prop_map(Act::Latest),
        2 => (name(), second()).prop_map(|(name, second)| Act::At(name, second)),
        2 => (name(), span()).prop_map(|(name, (from, to))| Act::Count(name, from, to)),
        2 => name().prop_map(Act::Verify),
        1 => Just(Act::Streams),
        1 => Just(Act::WithData),
    ]
}

/// What an outsider does to rows of streams that there are.
fn sql() -> impl Strategy<Value = Sql> {
    let spelling = || prop::sample::select(&Spelling::ALL[..]);
    let row = move || (name(), second(), spelling(), 0..3_i64);
    prop_oneof![
        4 => row().prop_map(|(n, s, spelling, value)| Sql::Insert(n, s, spelling, value)),
        1 => (name(), 0..3_i64).prop_map(|(name, value)| Sql::Update(name, value)),
        1 => Just(Sql::Vacuum),
        1 => Just(Sql::Begin),
        2 => Just(Sql::Commit),
        2 => Just(Sql::Rollback),
    ]
}

/// The model, as far as it is not about files.
#[derive(Clone, Debug)]
pub(super) struct Served(pub(super) World);

impl ReferenceStateMachine for Served {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let mut world = World::new(Rule::Instant);
        world.is_served = true;
        Just(Served(world)).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let who = prop_oneof![Just(Who::Here), Just(Who::There)];
        prop_oneof![
            40 => (who, act()).prop_map(|(who, act)| Step::Ask(who, act)),
            15 => sql().prop_map(Step::Sql),
            1 => Just(Step::Terminate),
            1 => Just(Step::Reopen),
        ]
        .boxed()
    }

    fn apply(mut served: Self, step: &Step) -> Self {
        match step {
            Step::Ask(who, act) => served.0.ask(act, *who == Who::There),
            Step::Sql(sql) => served.0.sql(*sql),
            Step::Terminate | Step::Reopen => {}
        }
        served
    }
}

thread_local! {
    /// How many steps this thread has taken.
    pub(super) static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// The system, compared with the model after each step.
pub(super) struct Machine;

impl StateMachineTest for Machine {
    type SystemUnderTest = System;
    type Reference = Served;

    fn init_test(_: &Served) -> System {
        System::new()
    }

    fn apply(mut system: System, served: &Served, step: Step) -> System {
        TAKEN.set(TAKEN.get() + 1);
        let answer = match &step {
            Step::Ask(who, act) => system.ask(*who, act),
            Step::Sql(sql) => system.sql(*sql).to_string(),
            Step::Terminate => {
                system.terminate();
                return system;
            }
            Step::Reopen => {
                system.reopen();
                return system;
            }
        };
        let allowed = &served.0.allowed;
        assert!(
            allowed.contains(&answer),
            "{step:?} answered\n{answer}\nallowed is one of\n{allowed:#?}"
        );
        system
    }

    fn teardown(system: System, served: Served) {
        system.end(&served.0);
    }
}
