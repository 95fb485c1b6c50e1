//! `satori-store normalize`: old spellings of timestamps, rewritten.

use comfy_table::Table;
use satori_store::{Normalization, StreamUuid};
use serde::Serialize;

use crate::args::{Global, Normalize};
use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::json::ErrorReport;
use crate::output::{self, Output, right, trouble};
use crate::progress::Progress;
use crate::select::{self, is_of_stream};
use crate::text;

/// So many timestamps of a stream are told one by one to a person.
const TOLD: usize = 10;

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    streams: Vec<Normalized>,
}

#[derive(Serialize)]
struct Normalized {
    uuid: StreamUuid,
    name: Option<String>,
    #[serde(flatten)]
    done: Option<Normalization>,
    error: Option<ErrorReport>,
}

pub(crate) fn run(args: &Normalize, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.change(&args.db)?;
    let selected = select::one_or_all(&store, args.stream.as_deref(), output)?;
    let progress = Progress::streams(selected.len());
    let mut exit = Exit::Done;
    let mut streams = Vec::new();
    // What stops it here: the streams before are rewritten, and told.
    let mut stopped = None;
    for stream in selected {
        progress.turn_to(&stream.label());
        let done = if args.dry_run {
            store.normalize_dry_run(&stream.uuid)
        } else {
            store.normalize(&stream.uuid)
        };
        let (done, error) = match done {
            Ok(done) => (Some(done), None),
            Err(error) if is_of_stream(&error) => (None, Some(error)),
            Err(error) => {
                stopped = Some(error);
                break;
            }
        };
        if let Some(error) = &error {
            exit = exit::kind(error.code()).1.after(exit);
        }
        if let Some(done) = &done
            && !(done.kept.is_empty() && done.unreadable.is_empty())
        {
            exit = Exit::Refused.after(exit);
        }
        streams.push(Normalized {
            name: stream.name().map(str::to_owned),
            uuid: stream.uuid,
            done,
            error: error.as_ref().map(ErrorReport::new),
        });
        progress.advance();
    }
    drop(progress);
    let report = Report {
        dry_run: args.dry_run,
        streams,
    };
    output.report(&report, || report.text(output))?;
    output.stream_errors(report.streams.iter().map(|s| (&s.uuid, s.error.as_ref())));
    match stopped {
        Some(error) => Err(error.into()),
        None => Ok(exit),
    }
}

impl Report {
    fn text(&self, output: &Output) -> String {
        if self.streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let table = |wide: bool| -> Table {
            let mut header = output::identity_header(wide);
            header.extend([">rewritten", ">kept", ">unreadable"]);
            let mut table = output.table(&header);
            for stream in &self.streams {
                let mut cells =
                    output::identity(wide, stream.name.as_deref(), stream.uuid.as_str());
                match &stream.done {
                    Some(done) => {
                        cells.push(right(text::count(done.rewritten)));
                        cells.push(right(text::count(done.kept.len() as u64)));
                        cells.push(right(text::count(done.unreadable.len() as u64)));
                    }
                    None => cells.push(trouble("error")),
                }
                table.add_row(cells);
            }
            table
        };
        let mut text = output.fit(table);
        for stream in &self.streams {
            let Some(done) = &stream.done else { continue };
            let uuid = text::short(stream.uuid.as_str(), 80);
            let kept = "kept, another row has the same instant";
            text.push_str(&listed(&uuid, kept, &done.kept));
            text.push_str(&listed(
                &uuid,
                "left, no timestamp that can be stored",
                &done.unreadable,
            ));
        }
        if self.dry_run {
            text.push_str("\ndry run: nothing was rewritten\n");
        }
        text
    }
}

fn listed(uuid: &str, why: &str, timestamps: &[String]) -> String {
    if timestamps.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{uuid}: {why}:\n");
    for timestamp in timestamps.iter().take(TOLD) {
        text.push_str(&format!("  {}\n", text::short(timestamp, 60)));
    }
    if timestamps.len() > TOLD {
        text.push_str(&format!(
            "  and {} more; --json tells all\n",
            timestamps.len() - TOLD
        ));
    }
    text
}
