//! An input that somebody is still writing: a pipe, a socket, a terminal.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::files::{Begin, LINE_BYTES, begin};
use crate::signals::{Signal, Signals};

/// Lines are handed on when none has come for this long,
const QUIET: Duration = Duration::from_millis(200);
/// or when the first of them has waited this long.
const LONGEST: Duration = Duration::from_secs(1);
/// How often a signal is looked for while nothing comes.
const POLL: Duration = Duration::from_millis(50);
/// How many lines may wait for the store.
const WAITING: usize = 1_024;

/// Lines that a thread reads, because a read can't be given up.
pub(crate) struct Live {
    lines: Receiver<io::Result<Vec<u8>>>,
    signals: Signals,
}

/// Why no more lines were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The writer is quiet, or there are enough lines.
    More,
    /// The input has ended.
    End,
    /// A signal came.
    Signal(Signal),
}

impl Live {
    /// Begins to read.
    pub(crate) fn new(reader: impl BufRead + Send + 'static, signals: Signals) -> Self {
        let (sender, lines) = mpsc::sync_channel(WAITING);
        thread::spawn(move || read(reader, &sender));
        Self { lines, signals }
    }

    /// Adds lines to `json` until `is_full` says so or there is a pause, and returns how
    /// many. `may_pause` returns `true` if what was read can be stored by itself.
    pub(crate) fn fill(
        &self,
        json: &mut Vec<u8>,
        mut is_full: impl FnMut(&[u8], usize) -> bool,
        may_pause: impl Fn(&[u8]) -> bool,
    ) -> io::Result<(usize, Pause)> {
        let mut lines = 0;
        // When the first line came, and the last one.
        let mut came: Option<(Instant, Instant)> = None;
        while !is_full(json, lines) {
            if let Some(signal) = self.signals.came() {
                // What waits has been read.
                for line in self.lines.try_iter().take(WAITING) {
                    json.extend(line?);
                    lines += 1;
                }
                return Ok((lines, Pause::Signal(signal)));
            }
            match self.lines.recv_timeout(POLL) {
                Ok(line) => {
                    json.extend(line?);
                    lines += 1;
                    let now = Instant::now();
                    came = Some((came.map_or(now, |(first, _)| first), now));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok((lines, Pause::End)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some((first, last)) = came
                && (last.elapsed() >= QUIET || first.elapsed() >= LONGEST)
                && may_pause(json)
            {
                return Ok((lines, Pause::More));
            }
        }
        Ok((lines, Pause::More))
    }
}

/// Sends the lines, or an input that must be read whole, until it ends or nobody wants more.
fn read(mut reader: impl BufRead, sender: &SyncSender<io::Result<Vec<u8>>>) {
    // The lines read, until they show how the input is to be read.
    let mut first = Some(Vec::new());
    loop {
        match read_line(&mut reader, first.as_mut()) {
            Ok(line) if line.is_empty() => return,
            Ok(line) => {
                first = first.filter(|lines| begin(lines) == Begin::Unknown);
                if sender.send(Ok(line)).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = sender.send(Err(error));
                return;
            }
        }
    }
}

/// Reads a line and adds it to the first ones; cuts one that is too long. Reads all that is
/// left if the input must be read whole.
fn read_line(reader: &mut impl BufRead, first: Option<&mut Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LINE_BYTES).read_until(b'\n', &mut line)?;
    let is_whole = first.is_some_and(|lines| {
        lines.extend_from_slice(&line);
        begin(lines) == Begin::Whole
    });
    if is_whole {
        reader.read_to_end(&mut line)?;
    } else if line.len() as u64 == LINE_BYTES
        && !line.ends_with(b"\n")
        && reader.skip_until(b'\n')? > 0
    {
        line.push(b'\n');
    }
    Ok(line)
}
