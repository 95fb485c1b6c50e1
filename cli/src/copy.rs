//! `satori-store copy`: a store copied into another, whichever databases they are in.

use satori_store::{Copied, Error};
use serde::Serialize;

use crate::args::{Copy, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    /// Without a password.
    to: String,
    #[serde(flatten)]
    copied: Copied,
}

/// Runs the command.
pub(crate) fn run(args: &Copy, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let from = global.read(&args.from)?;
    let to = match args.dry_run {
        false => global.fill(&args.to, false)?,
        true => global.options().preview(&args.to)?,
    };
    let name = text::place(&args.to);
    let copied = match args.dry_run {
        true => from.copy_dry_run(&to),
        false => {
            let progress = Progress::each(from.streams_with_data()?.len());
            let mut last = None;
            from.copy_to(&to, |stream, _| {
                if last.as_ref() != Some(stream) {
                    if last.is_some() {
                        progress.advance();
                    }
                    progress.turn_to(stream.as_str());
                    last = Some(stream.clone());
                }
            })
        }
    };
    let copied = copied.map_err(|error| match error {
        Error::NotACopy { .. } => Failure::Refused {
            file: name.clone(),
            reason: error.to_string(),
        },
        error => error.into(),
    })?;
    let report = Report {
        dry_run: args.dry_run,
        to: name,
        copied,
    };
    if copied.set_aside > 0 {
        output.note(format_args!(
            "{} put into the quarantine of {}, whose observations can't hold them: \
             `satori-store quarantine --list` says why",
            counted(copied.set_aside, "row"),
            report.to,
        ));
    }
    output.report(&report, || report.text())?;
    Ok(Exit::Done)
}

impl Report {
    /// Returns the report for people.
    fn text(&self) -> String {
        let Copied {
            with_data,
            rows,
            already_there,
            quarantined,
            streams,
            ..
        } = self.copied;
        let done = match self.dry_run {
            true => "to be copied",
            false => "copied and compared",
        };
        let mut text = format!(
            "{} of {} {done}: {} already there",
            counted(rows, "row"),
            counted(with_data, "stream"),
            text::count(already_there),
        );
        if quarantined > 0 {
            text += &format!(", {} in the quarantine", text::count(quarantined));
        }
        text + &format!("; metadata of {}\n", counted(streams, "stream"))
    }
}
