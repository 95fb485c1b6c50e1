//! The steps, how they are generated, and how the system is compared with the model.

use std::cell::Cell;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::acts::{Act, Offer};
use super::sql::{Loss, Spelling, Sql};
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
    Lose(Loss),
    Reopen(Loss, bool),
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
        // Ten rows and more are inserted in another way than few.
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
        4 => name().prop_map(Act::Verify),
        3 => name().prop_map(Act::RestateDigest),
        1 => Just(Act::Streams),
        1 => Just(Act::WithData),
    ]
}

fn sql() -> impl Strategy<Value = Sql> {
    let row = || {
        (
            name(),
            second(),
            prop::sample::select(&Spelling::ALL[..]),
            0..3_i64,
        )
    };
    prop_oneof![
        6 => row().prop_map(|(n, s, spelling, value)| Sql::Insert(n, s, spelling, value)),
        2 => row().prop_map(|(n, s, spelling, value)| Sql::Replace(n, s, spelling, value)),
        1 => (name(), 0..3_i64).prop_map(|(name, value)| Sql::Update(name, value)),
        2 => name().prop_map(Sql::Create),
        1 => name().prop_map(Sql::CreateForeign),
        2 => (name(), name()).prop_map(|(name, other)| Sql::Rename(name, other)),
        1 => name().prop_map(Sql::HideColumn),
        2 => name().prop_map(Sql::ShowColumn),
        1 => name().prop_map(Sql::AddColumn),
        2 => name().prop_map(Sql::DropColumn),
        2 => name().prop_map(Sql::Drop),
        1 => Just(Sql::Vacuum),
        1 => Just(Sql::Checkpoint),
        1 => Just(Sql::Begin),
        2 => Just(Sql::Commit),
        2 => Just(Sql::Rollback),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::Moved),
        Just(Loss::Replaced),
        Just(Loss::Wal),
        Just(Loss::Shm),
        Just(Loss::Both),
    ]
}

impl ReferenceStateMachine for World {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::new(Rule::Instant)).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Step> {
        let who = prop_oneof![Just(Who::Here), Just(Who::There)];
        let ask = (who, act()).prop_map(|(who, act)| Step::Ask(who, act));
        match world.lost {
            Some(loss) => {
                let reopen = Just(Step::Reopen(loss, world.attempts > 0));
                prop_oneof![3 => ask, 1 => reopen].boxed()
            }
            None => prop_oneof![
                20 => ask,
                10 => sql().prop_map(Step::Sql),
                1 => loss().prop_map(Step::Lose),
            ]
            .boxed(),
        }
    }

    fn preconditions(world: &World, step: &Step) -> bool {
        match (step, world.lost) {
            (Step::Ask(..), None) => true,
            // A write may be stored in the lost file, so what follows isn't known.
            (Step::Ask(_, act), Some(loss)) => {
                let unknown = world.attempts > 0;
                (act.adds() || !act.writes()) && (!unknown || act.writes() && loss != Loss::Shm)
            }
            (Step::Sql(_), lost) => lost.is_none(),
            (Step::Lose(_), lost) => lost.is_none() && world.pending.is_none(),
            (Step::Reopen(loss, written), lost) => {
                lost == Some(*loss) && *written == (world.attempts > 0)
            }
        }
    }

    fn apply(mut world: World, step: &Step) -> World {
        match step {
            Step::Ask(who, act) => world.ask(act, *who == Who::There),
            Step::Sql(sql) => world.sql(*sql),
            Step::Lose(loss) => world.lost = Some(*loss),
            Step::Reopen(loss, written) => {
                (world.lost, world.attempts) = (None, 0);
                if (*loss, *written) != (Loss::Moved, false) {
                    world.reopen();
                }
            }
        }
        world
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
    type Reference = World;

    fn init_test(_: &World) -> System {
        System::new()
    }

    fn apply(mut system: System, world: &World, step: Step) -> System {
        TAKEN.set(TAKEN.get() + 1);
        let answer = match &step {
            Step::Ask(who, act) => system.ask(*who, act),
            Step::Sql(sql) => system.sql(*sql).to_string(),
            Step::Lose(loss) => {
                system.lose(*loss);
                return system;
            }
            Step::Reopen(loss, written) => {
                system.reopen(*loss, *written, world);
                return system;
            }
        };
        let allowed = &world.allowed;
        assert!(
            allowed.contains(&answer),
            "{step:?} answered\n{answer}\nallowed is one of\n{allowed:#?}"
        );
        system
    }

    fn teardown(system: System, world: World) {
        system.end(&world);
    }
}
