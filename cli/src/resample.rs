//! `satori-store resample`: a stream summed up in steps of time.

use satori_store::Summary;

use crate::args::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::{self, Column, Record};
use crate::select;
use crate::text;

/// Runs the command.
pub(crate) fn run(
    args: &args::Resample,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let store = rows::open(&args.db, &args.rows, global)?;
    let selected = select::one(&store, &args.stream, output)?;
    let found = store.resample(&selected.uuid, args.range.bounds(), &args.step)?;
    let found = match args.empty {
        true => found.with_empty(),
        false => found,
    };
    let numbers = ["count", "first", "last", "min", "max", "mean", "sum"].map(Column::number);
    let columns: Vec<_> = ["start", "end"]
        .map(Column::time)
        .into_iter()
        .chain(numbers)
        .collect();
    rows::print(&columns, found, &args.rows, output)
}

impl Record for Summary {
    fn cells(&self) -> Vec<String> {
        let bounds = [self.start, self.end].map(|ts| ts.to_string());
        let numbers = [
            self.first, self.last, self.min, self.max, self.mean, self.sum,
        ];
        let count = [self.count.to_string()];
        let cells = bounds.into_iter().chain(count);
        cells.chain(numbers.map(text::optional_number)).collect()
    }
}
