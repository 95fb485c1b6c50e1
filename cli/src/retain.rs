//! `satori-store retain`: old observations, deleted.

use satori_store::{Error, Store, Timestamp};
use serde::Serialize;

use crate::args::{self, Global};
use crate::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, right};
use crate::per_stream::{self, Outcomes};
use crate::select::{self, Selected};
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    #[serde(flatten)]
    outcomes: Outcomes<Retained>,
}

#[derive(Default, Serialize)]
struct Retained {
    /// The number of observations deleted; null if that failed.
    deleted: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &args::Retain, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let needs_yes = !args.dry_run && !args.yes;
    confirm::check(!needs_yes)?;
    let store = match args.dry_run {
        true => global.read(&args.db)?,
        false => global.change(&args.db)?,
    };
    let keep = keep(args);
    let selected = match &args.stream {
        Some(stream) => vec![select::only(&store, stream)?],
        None => select::one_or_all(&store, None, output)?,
    };
    if needs_yes && !confirmed(&store, &selected, keep)? {
        output.note("nothing was deleted");
        return Ok(Exit::Refused);
    }
    let outcomes = per_stream::run(
        selected,
        |uuid| {
            let deleted = match args.dry_run {
                true => store.retain_dry_run(uuid, keep)?,
                false => store.retain(uuid, keep)?,
            };
            let deleted = Some(deleted);
            Ok::<_, Error>(Retained { deleted })
        },
        |_| Exit::Done,
    );
    let report = Report {
        dry_run: args.dry_run,
        outcomes,
    };
    output.report(&report, || report.text(output))?;
    report.outcomes.finish(output)
}

/// Returns what is kept, which clap has seen to be one of three.
fn keep(args: &args::Retain) -> satori_store::Retain {
    match (args.since, args.older_than, args.last) {
        (Some(since), ..) => satori_store::Retain::Since(since),
        (_, Some(age), _) => satori_store::Retain::Since(Timestamp::now().before(age)),
        (.., last) => satori_store::Retain::Last(last.unwrap_or(u64::MAX)),
    }
}

/// Asks at the terminal, and returns `true` if the answer is yes.
fn confirmed(
    store: &Store,
    selected: &[Selected],
    keep: satori_store::Retain,
) -> Result<bool, Failure> {
    let mut rows = 0;
    for stream in selected {
        rows += store.retain_dry_run(&stream.uuid, keep)?;
    }
    let streams = match selected {
        [stream] => text::short(&stream.label(), 120),
        streams => counted(streams.len() as u64, "stream"),
    };
    let rows = counted(rows, "observation");
    Ok(confirm::ask(&format!("Delete {rows} of {streams}?")))
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        let streams = &self.outcomes.streams;
        if streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let mut text = per_stream::table(output, &[">deleted"], streams, |done| {
            done.deleted.map(|rows| vec![right(text::count(rows))])
        });
        if self.dry_run {
            text.push_str("\ndry run: nothing was deleted\n");
        }
        text
    }
}
