//! The power goes at any moment of a script, and once more while the store recovers. It
//! opens, is sound, and holds what was acknowledged, or the beginning of it.

use std::collections::HashSet;
use std::path::Path;

use fastrand::Rng;

use crate::disk::{self, Event, Image, Left, Log, RANDOM};
use crate::scripts::{Kind, Script};
use crate::state::state;
use crate::support::{numbered, uuid};
use crate::watch::Watch;

/// Stays with the store after the cut: rows that no script writes.
const AFTER: [i64; 2] = [90_001, 90_002];

/// A script that has run, and what was logged.
pub(crate) struct Cuts<'a> {
    script: &'a Script,
    pub(crate) folder: &'a Path,
    pub(crate) log: Log,
    /// No cut comes before this event.
    first: usize,
    /// What the file holds after each operation.
    states: Vec<String>,
    /// The images that were looked at.
    seen: HashSet<(u64, (usize, usize))>,
}

/// How many images were bad, and of how many.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) images: usize,
    pub(crate) bad: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.images += other.images;
        self.bad += other.bad;
    }
}

impl<'a> Cuts<'a> {
    /// Runs a script in an empty folder, closes the store, opens it again and inserts one
    /// more row.
    pub(crate) fn new(script: &'a Script, folder: &'a Path, syncs: bool) -> Self {
        Self::record(script, folder, (script.base)(), true, syncs)
    }

    fn record(script: &'a Script, folder: &'a Path, base: Image, works: bool, syncs: bool) -> Self {
        let path = folder.join("engine.db");
        disk::clear(folder);
        disk::lay_out(&base, folder);
        let store = script.open(&path).expect("it opens");
        let mut states = vec![state(&path).expect("it is sound")];
        drop(store);

        disk::clear(folder);
        disk::lay_out(&base, folder);
        Watch::begin(folder, None);
        if !syncs {
            Watch::without_syncs();
        }
        let insert = |store: &satori_store::Store| {
            store.insert(&uuid("rows"), &numbered(AFTER[0])).map(drop)
        };
        let works = match works {
            true => script.works.as_slice(),
            false => &[],
        };
        for works in [works, &[insert]] {
            let store = script.open(&path).expect("it opens");
            for work in works {
                Watch::note(Event::Begun(states.len()));
                work(&store).expect("it works");
                Watch::note(Event::Done(states.len()));
                states.push(Watch::pause(|| state(&path)).expect("it is sound"));
            }
            drop(store);
            Watch::note(Event::Closed(states.len() - 1));
        }
        let events = Watch::end().events;
        Self {
            script,
            folder,
            log: Log { base, events },
            first: 0,
            states,
            seen: HashSet::new(),
        }
    }

    /// Cuts the power only from the first checkpoint on.
    pub(crate) fn only_after_checkpoint(mut self) -> Self {
        self.first = self.log.first_checkpoint();
        self
    }

    /// Looks at images until there were `wanted` different ones, or no more are found. Reports
    /// the bad ones, and what is wrong with them.
    pub(crate) fn look(
        &mut self,
        wanted: usize,
        random: &mut Rng,
        mut report: impl FnMut(&Image, String),
    ) -> Tally {
        let mut places = self.log.places();
        places.retain(|place| *place >= self.first);
        let mut tally = Tally::default();
        let mut known = 0;
        for round in 0.. {
            for &place in &places {
                let at = match round {
                    // Anywhere.
                    2.. if random.u8(..4) == 0 => random.usize(self.first..=self.log.events.len()),
                    _ => place,
                };
                let left = match round {
                    0 => Left::Nothing,
                    1 => Left::All,
                    _ => RANDOM[random.usize(..RANDOM.len())],
                };
                let (image, hash) = self.log.cut(at, left, random);
                let states = self.log.states(at, self.is_durable());
                if !self.seen.insert((hash, states)) {
                    known += 1;
                    continue;
                }
                known = 0;
                let state = self.check(&image, at, random);
                tally.images += 1;
                match state {
                    Ok(state) if tally.images % 16 == 0 => {
                        tally += self.cut_again(image, &self.states[state], random, &mut report);
                    }
                    Ok(_) => {}
                    Err(wrong) => {
                        tally.bad += 1;
                        let name = self.script.name;
                        report(&image, format!("{name} at {at}, {left:?}: {wrong}"));
                    }
                }
                if tally.images >= wanted {
                    return tally;
                }
            }
            if known > 20 * places.len() {
                break;
            }
        }
        tally
    }

    fn is_durable(&self) -> bool {
        self.script.kind == Kind::Full
    }

    /// Opens the store that an image leaves. Returns the number of its state.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(
        &self,
        image: &Image,
        at: usize,
        random: &mut Rng,
    ) -> Result<usize, String> {
        let path = self.folder.join("engine.db");
        let (least, most) = self.log.states(at, self.is_durable());
        disk::clear(self.folder);
        disk::lay_out(image, self.folder);
        if random.u8(..4) == 0 {
            // Nobody syncs the shared memory: it may hold anything.
            let mut garbage = vec![0; 32_768];
            random.fill(&mut garbage);
            std::fs::write(self.folder.join("engine.db-shm"), garbage).expect("room");
        }
        let store = self
            .script
            .open(&path)
            .map_err(|error| format!("it does not open: {error}"))?;
        let found = state(&path)?;
        let known = |state: &String| *state == found;
        let Some(reached) = (least..=most).find(|number| known(&self.states[*number])) else {
            let known = self.states.iter().position(known);
            return Err(format!(
                "it is in state {known:?}, not {least}..={most}:\n{found}"
            ));
        };
        store
            .insert(&uuid("rows"), &numbered(AFTER[1]))
            .map_err(|error| format!("it does not go on: {error}"))?;
        drop(store);
        let mut left = disk::read(self.folder);
        // A journal that was not synced before the cut is none to SQLite, which leaves it.
        left.retain(|name, bytes| name != "engine.db-journal" || bytes.first() > Some(&0));
        let names: Vec<_> = left.into_keys().collect();
        if names != ["engine.db"] {
            return Err(format!("the last handle leaves {names:?}"));
        }
        if random.u8(..4) == 0 {
            state(&path)?;
        }
        Ok(reached)
    }

    /// Cuts the power again while the store that an image leaves recovers. It must come to the
    /// state that it has without that.
    fn cut_again(
        &self,
        image: Image,
        reached: &str,
        random: &mut Rng,
        report: &mut impl FnMut(&Image, String),
    ) -> Tally {
        let again = Self::record(self.script, self.folder, image, false, true);
        let mut tally = Tally::default();
        assert_eq!(again.states[0], reached, "an image opens in two ways");
        for _ in 0..4 {
            let at = random.usize(..=again.log.events.len());
            let left = RANDOM[random.usize(..RANDOM.len())];
            let (image, _) = again.log.cut(at, left, random);
            tally.images += 1;
            if let Err(wrong) = again.check(&image, at, random) {
                tally.bad += 1;
                let name = self.script.name;
                report(&image, format!("{name} again at {at}, {left:?}: {wrong}"));
            }
        }
        tally
    }
}
