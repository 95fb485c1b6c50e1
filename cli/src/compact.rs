//! `satori-store compact`: the file without free room.

use crate::args::{Compact, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{self, counted};

/// Runs the command.
pub(crate) fn run(args: &Compact, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let compacted = global.change(&args.db)?.compact()?;
    output.report(&compacted, || {
        let (before, after) = (
            text::count(compacted.before),
            counted(compacted.after, "byte"),
        );
        format!("{after}, {before} before\n")
    })?;
    Ok(Exit::Done)
}
