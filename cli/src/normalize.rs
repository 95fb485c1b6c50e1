//! `satori-store normalize`: timestamps rewritten as Unix seconds.

use comfy_table::Cell;
use satori_store::Normalization;
use serde::Serialize;

use crate::args::{Global, Normalize};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, right};
use crate::per_stream::{self, Outcomes};
use crate::select;
use crate::text;

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    /// A stream whose normalization failed has only its error.
    #[serde(flatten)]
    outcomes: Outcomes<Option<Normalization>>,
}

/// Runs the command.
pub(crate) fn run(args: &Normalize, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.change(&args.db)?;
    let selected = select::one_or_all(&store, args.stream.as_deref(), output)?;
    let outcomes = per_stream::run(
        selected,
        |uuid| {
            if args.dry_run {
                store.normalize_dry_run(uuid).map(Some)
            } else {
                store.normalize(uuid).map(Some)
            }
        },
        |done| {
            let is_left =
                |done: &Normalization| !(done.kept.is_empty() && done.unreadable.is_empty());
            Exit::refused_if(done.as_ref().is_some_and(is_left))
        },
    );
    let report = Report {
        dry_run: args.dry_run,
        outcomes,
    };
    output.report(&report, || report.text(output))?;
    report.outcomes.finish(output)
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        let streams = &self.outcomes.streams;
        if streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let titles = [">rewritten", ">kept", ">unreadable"];
        let mut text = per_stream::table(output, &titles, streams, |done| done.as_ref().map(cells));
        for stream in streams {
            let Some(done) = &stream.result else { continue };
            let uuid = text::short(stream.uuid.as_str(), 80);
            for (reason, timestamps) in [
                ("kept, another row has the same instant", &done.kept),
                ("left, not a timestamp that can be stored", &done.unreadable),
            ] {
                if !timestamps.is_empty() {
                    let title = format!("{uuid}: {reason}");
                    let timestamps: Vec<_> =
                        timestamps.iter().map(|ts| text::short(ts, 60)).collect();
                    text.push_str(&text::listed(&title, &timestamps));
                }
            }
        }
        if self.dry_run {
            text.push_str("\ndry run: nothing was rewritten\n");
        }
        text
    }
}

/// Returns the numbers as cells of a table.
fn cells(done: &Normalization) -> Vec<Cell> {
    vec![
        right(text::count(done.rewritten)),
        right(text::count(done.kept.len() as u64)),
        right(text::count(done.unreadable.len() as u64)),
    ]
}
