//! `satori-store`: fill, list, show, verify the store of a Satori neuron.
//!
//! Each command is one module. It makes one report, and prints that as text or
//! (`--json`) as JSON.

#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod align;
mod args;
mod backup;
mod check;
mod compact;
mod confirm;
mod copy;
mod exit;
mod export;
mod failure;
mod files;
mod gaps;
mod import;
mod ingest;
mod json;
mod live;
mod manual;
mod new_file;
mod normalize;
mod observations;
mod output;
mod per_stream;
mod picture;
mod plot;
mod progress;
mod quarantine;
mod remove;
mod report;
mod resample;
mod restate_digest;
mod retain;
mod rows;
mod select;
mod show;
mod signals;
mod stream_object;
mod streams;
mod sync;
mod tail;
mod text;
mod verify;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(exit) => return exit,
    };
    let output = Output::new(args.global.json, args.global.color);
    let exit = match run(&args, &output) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit()
        }
    };
    exit.into()
}

/// Runs the command.
fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let global = &args.global;
    match &args.command {
        Command::Ingest(args) => ingest::run(args, global, output),
        Command::Sync(args) => sync::run(args, global, output),
        Command::Streams(args) => streams::run(args, global, output),
        Command::Show(args) => show::run(args, global, output),
        Command::Observations(args) => observations::run(args, global, output),
        Command::Tail(args) => tail::run(args, global, output),
        Command::Resample(args) => resample::run(args, global, output),
        Command::Align(args) => align::run(args, global, output),
        Command::Export(args) => export::run(args, global, output),
        Command::Import(args) => import::run(args, global, output),
        Command::Plot(args) => plot::run(args, global, output),
        Command::Report(args) => report::run(args, global, output),
        Command::Verify(args) => verify::run(args, global, output),
        Command::Check(args) => check::run(args, global, output),
        Command::RestateDigest(args) => restate_digest::run(args, global, output),
        Command::Normalize(args) => normalize::run(args, global, output),
        Command::Quarantine(args) => quarantine::run(args, global, output),
        Command::Remove(args) => remove::run(args, global, output),
        Command::Retain(args) => retain::run(args, global, output),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
        Command::Copy(args) => copy::run(args, global, output),
        Command::Compact(args) => compact::run(args, global, output),
        Command::Backup(args) => backup::run(&args.db, &args.file, "backed up to", global, output),
        Command::Restore(args) => backup::run(&args.file, &args.db, "restored", global, output),
    }
}
