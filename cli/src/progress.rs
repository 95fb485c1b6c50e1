//! A progress bar on standard error, where that is a terminal.

use std::io::Read;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text;

/// The progress of long work. It is gone from the terminal when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Of `total` bytes to read; where nobody knows how many, of those read.
    pub(crate) fn bytes(total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(total, "{wide_bar} {bytes}/{total_bytes} {eta:>4}"),
            None => Self::new(total, "{spinner} {bytes}"),
        }
    }

    /// Of `total` streams to go through.
    pub(crate) fn streams(total: usize) -> Self {
        match total {
            0 | 1 => Self::new(None, "{spinner} {msg}"),
            _ => Self::new(Some(total as u64), "{bar:24} {pos}/{len} {msg}"),
        }
    }

    fn new(total: Option<u64>, template: &str) -> Self {
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar }
    }

    /// Turns to the stream `label`.
    pub(crate) fn turn_to(&self, label: &str) {
        self.bar.set_message(text::short(label, 40));
    }

    /// Done with a stream.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    /// `reader`, its bytes counted.
    pub(crate) fn watch(&self, reader: Box<dyn Read>) -> Box<dyn Read> {
        Box::new(self.bar.wrap_read(reader))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
