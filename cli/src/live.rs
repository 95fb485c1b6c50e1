//! An input that a thread reads, because a read can't be given up: somebody may still be
//! writing it, as into a pipe, a socket or a terminal.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::signals::{Signal, Signals};

/// What came of a live input is handed on when no more has come for this long,
const QUIET: Duration = Duration::from_millis(200);
/// or when its first part has waited this long.
const LONGEST: Duration = Duration::from_secs(1);
/// How often a signal is looked for while nothing comes.
const POLL: Duration = Duration::from_millis(50);
/// How many bytes a part has at most, and how many parts may wait for the store.
const PART: usize = 1 << 16;
const WAITING: usize = 16;

/// An input that is being read.
pub(crate) struct Feed {
    parts: Receiver<io::Result<Vec<u8>>>,
    /// Somebody may still be writing it.
    pub(crate) is_live: bool,
    signals: Option<Signals>,
}

/// Why no more was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The writer is quiet, or enough was read.
    More,
    /// The input has ended.
    End,
    /// A signal came.
    Signal(Signal),
}

impl Feed {
    /// Begins to read.
    pub(crate) fn new(
        reader: Box<dyn Read + Send>,
        is_live: bool,
        signals: Option<Signals>,
    ) -> Self {
        let (sender, parts) = mpsc::sync_channel(WAITING);
        thread::spawn(move || read(reader, &sender));
        Self {
            parts,
            is_live,
            signals,
        }
    }

    /// Adds to `json` until it has `enough` bytes or there is a pause.
    pub(crate) fn fill(&self, json: &mut Vec<u8>, enough: usize) -> io::Result<Pause> {
        // When the first part came, and the last one.
        let mut came: Option<(Instant, Instant)> = None;
        while json.len() < enough {
            if let Some(signal) = self.signals.as_ref().and_then(Signals::came) {
                // What waits has been read.
                for part in self.parts.try_iter().take(WAITING) {
                    json.extend(part?);
                }
                return Ok(Pause::Signal(signal));
            }
            match self.parts.recv_timeout(POLL) {
                Ok(part) => {
                    json.extend(part?);
                    let now = Instant::now();
                    came = Some((came.map_or(now, |(first, _)| first), now));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Pause::End),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some((first, last)) = came.filter(|_| self.is_live)
                && (last.elapsed() >= QUIET || first.elapsed() >= LONGEST)
            {
                return Ok(Pause::More);
            }
        }
        Ok(Pause::More)
    }
}

/// Sends what is read until the input ends or nobody wants more.
fn read(mut reader: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; PART];
    loop {
        let part = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => Ok(buffer[..length].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = part.is_err();
        if sender.send(part).is_err() || failed {
            return;
        }
    }
}
