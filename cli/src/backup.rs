//! `satori-store backup` and `restore`: a copy of the store.

use std::path::Path;

use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    bytes: u64,
}

/// Copies the store at `from` to a new file at `to`; `done` says what that is.
pub(crate) fn run(
    from: &Path,
    to: &Path,
    done: &str,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let bytes = global.read(from)?.backup(to)?;
    let report = Report { file: to, bytes };
    output.report(&report, || {
        let file = text::short(&to.to_string_lossy(), 120);
        format!("{done} {file}: {}\n", counted(bytes, "byte"))
    })?;
    Ok(Exit::Done)
}
