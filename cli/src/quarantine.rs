//! `satori-store quarantine`: rows that can't be read, listed, moved out, put back.

use comfy_table::Cell;
use satori_store::{Restored, StoredRow};
use serde::Serialize;

use crate::args::{Global, Quarantine};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, right};
use crate::per_stream::{self, Outcomes};
use crate::select;
use crate::text;

#[derive(Serialize)]
struct Report<T> {
    dry_run: bool,
    /// A stream that failed has only its error.
    #[serde(flatten)]
    outcomes: Outcomes<T>,
}

/// The rows of one stream, as they are stored.
#[derive(Default, Serialize)]
struct Rows {
    rows: Option<Vec<StoredRow>>,
}

/// Runs the command.
pub(crate) fn run(args: &Quarantine, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let only_reads = args.dry_run || args.list;
    let store = match only_reads {
        true => global.read(&args.db)?,
        false => global.change(&args.db)?,
    };
    let select = match args.list || args.restore {
        true => select::one_or_all_quarantined,
        false => select::one_or_all,
    };
    let selected = select(&store, args.stream.as_deref(), output)?;
    if args.restore {
        let outcomes = per_stream::run(
            selected,
            |uuid| store.restore(uuid).map(Some),
            |done: &Option<Restored>| Exit::refused_if(done.is_some_and(|done| done.kept > 0)),
        );
        return finish(
            output,
            args.dry_run,
            outcomes,
            &[">restored", ">kept"],
            |done| {
                done.as_ref()
                    .map(|done| vec![number(done.restored), number(done.kept)])
            },
        );
    }
    let outcomes = per_stream::run(
        selected,
        |uuid| {
            let rows = match (args.list, args.dry_run) {
                (true, _) => store.quarantined(uuid),
                (_, true) => store.unreadable(uuid),
                _ => store.quarantine(uuid),
            };
            rows.map(|rows| Rows { rows: Some(rows) })
        },
        |_| Exit::Done,
    );
    let title = match (args.list, args.dry_run) {
        (true, _) => ">in quarantine",
        (_, true) => ">unreadable",
        _ => ">moved",
    };
    for stream in &outcomes.streams {
        let label = text::short(stream.uuid.as_str(), 80);
        for row in stream.result.rows.iter().flatten() {
            let ts = text::short(&row.ts, 60);
            output.note(format_args!("{label}: ts {ts}: {}", row.reason));
        }
    }
    finish(output, args.dry_run, outcomes, &[title], |done| {
        done.rows
            .as_ref()
            .map(|rows| vec![number(rows.len() as u64)])
    })
}

/// Reports the outcomes, also of a run that an error ended.
fn finish<T: Serialize>(
    output: &Output,
    dry_run: bool,
    outcomes: Outcomes<T>,
    titles: &[&'static str],
    cells: impl Fn(&T) -> Option<Vec<Cell>>,
) -> Result<Exit, Failure> {
    let report = Report { dry_run, outcomes };
    let streams = &report.outcomes.streams;
    output.report(&report, || match streams.is_empty() {
        true => "no streams\n".to_owned(),
        false => per_stream::table(output, titles, streams, &cells),
    })?;
    report.outcomes.finish(output)
}

fn number(count: u64) -> Cell {
    right(text::count(count))
}
