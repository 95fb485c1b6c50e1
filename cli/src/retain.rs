//! `satori-store retain`: old observations, deleted.

use comfy_table::{Cell, CellAlignment};
use satori_store::{Store, Timestamp};
use serde::Serialize;

use crate::args::{self, Global};
use crate::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, right, trouble};
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
    /// The number of observations deleted, also if an error came then; null if it came first.
    deleted: Option<u64>,
    /// An error came after these.
    #[serde(skip)]
    is_part: bool,
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
    let outcomes = per_stream::run_in_parts(
        selected,
        |uuid| {
            let mut part = None;
            let deleted = match args.dry_run {
                true => store.retain_dry_run(uuid, keep),
                false => store.retain_with(uuid, keep, |deleted| part = Some(deleted)),
            };
            match deleted {
                Ok(deleted) => Ok(Retained::new(deleted, false)),
                Err(error) => Err((part.map(|part| Retained::new(part, true)), error)),
            }
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

impl Retained {
    fn new(deleted: u64, is_part: bool) -> Self {
        Self {
            deleted: Some(deleted),
            is_part,
        }
    }

    /// Returns the number as a cell of a table; `None` if there is none.
    fn cell(&self) -> Option<Cell> {
        let number = text::count(self.deleted?);
        Some(match self.is_part {
            true => trouble(format!("{number}, then an error")).set_alignment(CellAlignment::Right),
            false => right(number),
        })
    }
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        let streams = &self.outcomes.streams;
        if streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let mut text = per_stream::table(output, &[">deleted"], streams, |done| {
            done.cell().map(|cell| vec![cell])
        });
        if self.dry_run {
            text.push_str("\ndry run: nothing was deleted\n");
        }
        text
    }
}
