//! `satori-store completions` and `satori-store man`: what clap makes of the arguments.

use std::fs;
use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Args, Completions, Man};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text;

/// The command's name, for shells that look it up.
const NAME: &str = "satori-store";

/// Prints a shell's completions.
pub(crate) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), NAME, &mut script);
    let mut out = io::stdout().lock();
    let written = out.write_all(&script).and_then(|()| out.flush());
    written.map_err(Failure::Print)?;
    Ok(Exit::Done)
}

/// Writes the manual's pages.
pub(crate) fn man(args: &Man) -> Result<Exit, Failure> {
    let write = || {
        fs::create_dir_all(&args.folder)?;
        clap_mangen::generate_to(Args::command(), &args.folder)
    };
    write().map_err(|error| Failure::Write {
        file: text::place(&args.folder),
        error,
    })?;
    Ok(Exit::Done)
}
