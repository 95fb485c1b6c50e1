//! A progress bar on standard error, if that is a terminal.

use std::io::Read;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text;

/// The progress bar of long work. Dropping it clears it from the terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Returns a bar that counts the bytes read, of `total` if that is known.
    pub(crate) fn bytes(total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(total, "{wide_bar} {bytes}/{total_bytes} {eta:>4}"),
            None => Self::new(total, "{spinner} {bytes}"),
        }
    }

    /// Returns a bar that counts streams or files, of `total`.
    pub(crate) fn each(total: usize) -> Self {
        match total {
            0 | 1 => Self::new(None, "{spinner} {msg}"),
            _ => Self::new(Some(total as u64), "{bar:24} {pos}/{len} {msg}"),
        }
    }

    /// Returns a bar of this look.
    fn new(total: Option<u64>, template: &str) -> Self {
        // It hides itself if standard error is no terminal.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar }
    }

    /// Shows that work on the stream or file `label` begins.
    pub(crate) fn turn_to(&self, label: &str) {
        self.bar.set_message(text::short(label, 40));
    }

    /// Counts one more as done.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    /// Returns `reader`, with its bytes counted.
    pub(crate) fn watch(&self, reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(self.bar.wrap_read(reader))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
