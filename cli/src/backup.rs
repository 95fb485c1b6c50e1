//! `satori-store backup` and `restore`: a copy of the store.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file;
use crate::output::Output;
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report<'a> {
    /// A name that is not UTF-8 is shown with U+FFFD.
    file: &'a str,
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
    if to == Path::new("-") {
        let error = io::Error::other("standard output takes no copy: name a file");
        return Err(new_file::failure(to, error));
    }
    let store = global.read(from)?;
    let bytes = store.backup(to).map_err(Failure::Copy)?;
    let file = to.to_string_lossy();
    let report = Report { file: &file, bytes };
    output.report(&report, || {
        let file = text::short(&file, 120);
        format!("{done} {file}: {}\n", counted(bytes, "byte"))
    })?;
    Ok(Exit::Done)
}
