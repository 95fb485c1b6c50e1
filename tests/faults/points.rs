//! Each system call of a script fails once, and in every way. The error has the right type
//! and says why; nothing is stored by half; the same handle goes on once the cause is gone.

use std::path::Path;

use satori_store::{Error, ErrorCode, Store};

use crate::disk::{self, Image};
use crate::fault::{Fault, Span, is_unknown};
use crate::scripts::{Kind, Script};
use crate::state::{given_numbers, state};
use crate::watch::Watch;

/// A script, and what it does when nothing fails.
pub(crate) struct Points<'a> {
    script: &'a Script,
    folder: &'a Path,
    base: Image,
    /// What the file holds when it has been opened, and after each operation.
    states: Vec<String>,
    /// How many numbers AUTOINCREMENT has given in the end.
    given_numbers: i64,
    /// Every way in which a call can fail.
    pub(crate) faults: Vec<Fault>,
}

/// What came of a fault.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// The script did not make the call.
    NotReached,
    /// No operation failed.
    Absorbed,
    /// An operation failed.
    Refused(ErrorCode),
}

impl<'a> Points<'a> {
    /// Runs a script in an empty folder.
    pub(crate) fn new(script: &'a Script, folder: &'a Path) -> Self {
        let base = (script.base)();
        let path = folder.join("engine.db");
        disk::lay_out(&base, folder);
        Watch::begin(folder, None);
        let store = script.open(&path).expect("it opens");
        let states = Watch::pause(|| {
            let mut states = vec![state(&path).expect("it is sound")];
            for work in &script.works {
                work(&store).expect("it works");
                states.push(state(&path).expect("it is sound"));
            }
            states
        });
        drop(store);
        Watch::end();
        // Once more, without looking.
        disk::clear(folder);
        disk::lay_out(&base, folder);
        Watch::begin(folder, None);
        let store = script.open(&path).expect("it opens");
        for work in &script.works {
            work(&store).expect("it works");
        }
        drop(store);
        let given_numbers = Watch::pause(|| given_numbers(&path)).expect("it opens");
        let faults = Fault::all(&Watch::end().counts);
        Self {
            script,
            folder,
            base,
            states,
            given_numbers,
            faults,
        }
    }

    /// Runs the script with a fault.
    ///
    /// # Errors
    /// What is wrong with the way in which the store takes it.
    pub(crate) fn play(&self, fault: Fault) -> Result<Outcome, String> {
        let path = self.folder.join("engine.db");
        disk::clear(self.folder);
        disk::lay_out(&self.base, self.folder);
        Watch::begin(self.folder, Some(fault));
        let mut store = None;
        let mut done = 0;
        let failed = self.proceed(&path, &mut store, &mut done);
        if fault.span == Span::Handle || !Watch::has_failed() {
            store = None;
        }
        if Watch::end().failed == 0 {
            return Ok(Outcome::NotReached);
        }

        // What was reported is what is stored.
        let (outcome, most) = match &failed {
            Ok(()) => (Outcome::Absorbed, done),
            Err(error) => {
                if let Some(wrong) = fault.misnamed(error) {
                    return Err(format!("{wrong}: {error:?}"));
                }
                let most = done + usize::from(is_unknown(error));
                (Outcome::Refused(error.code()), most)
            }
        };
        let most = most.min(self.script.works.len());
        let again = |error: Error| format!("after {failed:?}, once the cause is gone: {error:?}");
        if store.is_none() {
            store = Some(self.script.open(&path).map_err(again)?);
        }
        let found = state(&path)?;
        if !self.states[done..=most].contains(&found) {
            let known = self.states.iter().position(|state| *state == found);
            return Err(format!(
                "it is in state {known:?}, not {done}..={most}, after {failed:?}:\n{found}"
            ));
        }

        // The handle goes on.
        self.proceed(&path, &mut store, &mut done).map_err(again)?;
        drop(store);
        let mut names: Vec<_> = disk::read(self.folder).into_keys().collect();
        if self.script.kind == Kind::ReadOnly {
            names.retain(|name| name != "engine.db-wal");
        }
        if names != ["engine.db"] {
            return Err(format!(
                "the last handle leaves {names:?}, after {failed:?}"
            ));
        }
        if state(&path)? != self.states[self.script.works.len()] {
            return Err(format!("the end is another, after {failed:?}"));
        }
        // Only more than that, as what is repeated takes its number again.
        match given_numbers(&path)? >= self.given_numbers {
            true => Ok(outcome),
            false => Err(format!("a number can be given twice, after {failed:?}")),
        }
    }

    /// Opens the store, unless it is open, and does what is not done yet.
    fn proceed(
        &self,
        path: &Path,
        store: &mut Option<Store>,
        done: &mut usize,
    ) -> Result<(), Error> {
        let store = match store {
            Some(store) => store,
            None => store.insert(self.script.open(path)?),
        };
        for work in &self.script.works[*done..] {
            work(store)?;
            *done += 1;
        }
        Ok(())
    }
}
