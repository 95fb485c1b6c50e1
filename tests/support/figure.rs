//! Figures that RELIABILITY.md shows.

use std::fmt::Display;
use std::io::Write;

/// Prints a figure of a part of RELIABILITY.md, for `scripts/soak` to add up. Past the
/// harness, which keeps what tests that pass print to itself.
pub(crate) fn figure(part: &str, what: impl Display, number: impl Display) {
    // The harness may be in the middle of a line.
    let line = format!("\nfigure: {part}: {what}: {number}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
