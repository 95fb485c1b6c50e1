//! `satori-store observations`: a stream's rows, printed while they are read.

use satori_store::{Error, Observation, Store, StreamUuid};

use crate::args::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::{self, Column, Record};
use crate::select;
use crate::text;

/// Up to this many last rows are read at once, from the end. For more, the rows
/// before them are counted and skipped, so that they need not fit in memory.
const AT_ONCE: usize = 10_000;

type Rows = Box<dyn Iterator<Item = Result<Observation, Error>>>;

/// Runs the command.
pub(crate) fn run(
    args: &args::Observations,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let store = rows::open(&args.db, &args.rows, global)?;
    let selected = select::one(&store, &args.stream, output)?;
    let found = rows(&store, &selected.uuid, args)?;
    let columns = [
        Column::time("ts"),
        Column::number("value"),
        Column::text("hash"),
        Column::text("provider"),
    ];
    rows::print(&columns, found, &args.rows, output)
}

/// Returns the rows that the arguments choose.
fn rows(store: &Store, uuid: &StreamUuid, args: &args::Observations) -> Result<Rows, Failure> {
    let range = args.range.bounds();
    if let Some(ts) = args.as_of {
        return Ok(Box::new(store.as_of(uuid, ts)?.into_iter().map(Ok)));
    }
    let Some(last) = args.last else {
        let rows = store.observations(uuid, range)?;
        return Ok(match args.first {
            Some(first) => Box::new(rows.take(first)),
            None => Box::new(rows),
        });
    };
    if args.range.from.is_none() && last <= AT_ONCE {
        let rows = match args.range.to {
            Some(to) => store.last_before(uuid, to, last)?,
            None => store.last(uuid, last)?,
        };
        return Ok(Box::new(rows.into_iter().map(Ok)));
    }
    let count = match args.rows.skip_unreadable {
        // The store counts rows that can't be read too.
        true => store.observations(uuid, range)?.count(),
        false => usize::try_from(store.count(uuid, range)?).unwrap_or(usize::MAX),
    };
    let rows = store.observations(uuid, range)?;
    Ok(Box::new(
        Skip {
            rows,
            left: count.saturating_sub(last),
        }
        .take(last),
    ))
}

/// An iterator that skips `left` rows, but no error.
struct Skip<I> {
    rows: I,
    left: usize,
}

impl<T, E, I: Iterator<Item = Result<T, E>>> Iterator for Skip<I> {
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            self.left -= 1;
            if let Err(error) = self.rows.next()? {
                return Some(Err(error));
            }
        }
        self.rows.next()
    }
}

impl Record for Observation {
    fn cells(&self) -> Vec<String> {
        vec![
            self.ts.to_string(),
            text::number(self.value),
            self.hash.clone(),
            self.provider.clone(),
        ]
    }
}
