//! SIGINT and SIGTERM, noticed while an input is read.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;

/// A signal that ends the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    const ALL: [Signal; 2] = [Signal::Interrupt, Signal::Terminate];

    /// Returns the exit code of a command that the signal has ended.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
        }
    }

    fn number(self) -> i32 {
        match self {
            Signal::Interrupt => SIGINT,
            Signal::Terminate => SIGTERM,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        })
    }
}

/// Notes the signals from its making on. A second one ends the process at once.
#[derive(Clone)]
pub(crate) struct Signals {
    /// The number of the signal that came; 0 for none.
    number: Arc<AtomicUsize>,
}

impl Signals {
    pub(crate) fn watch() -> io::Result<Self> {
        let number = Arc::new(AtomicUsize::new(0));
        let came = Arc::new(AtomicBool::new(false));
        for signal in Signal::ALL {
            let own = signal.number();
            // In this order: the first signal finds `came` unset.
            flag::register_conditional_shutdown(own, signal.exit() as i32, Arc::clone(&came))?;
            flag::register(own, Arc::clone(&came))?;
            flag::register_usize(own, Arc::clone(&number), own as usize)?;
        }
        Ok(Self { number })
    }

    /// Returns the signal that came, if one did.
    pub(crate) fn came(&self) -> Option<Signal> {
        let number = self.number.load(Ordering::Relaxed);
        Signal::ALL
            .into_iter()
            .find(|signal| signal.number() as usize == number)
    }
}
