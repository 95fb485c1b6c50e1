//! `satori-store align`: streams side by side on one clock.

use std::rc::Rc;

use satori_store::{Fill, Timestamp};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::args::{self, FillOf, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::{self, Column, Record};
use crate::select::{self, Selected};
use crate::text;

/// Runs the command.
pub(crate) fn run(args: &args::Align, global: &Global, output: &Output) -> Result<Exit, Failure> {
    if args.max_age.is_some() && args.fill != FillOf::AsOf {
        return Err(Failure::Unfit {
            option: "--max-age",
            reason: "only --fill as-of has an age",
        });
    }
    let store = rows::open(&args.db, &args.rows, global)?;
    let selected = args.streams.iter();
    let selected = selected.map(|stream| select::one(&store, stream, output));
    let selected: Vec<_> = selected.collect::<Result<_, _>>()?;
    let names: Rc<[String]> = names(&selected).into();
    let uuids: Vec<_> = selected.iter().map(|stream| &stream.uuid).collect();
    let fill = match args.fill {
        FillOf::AsOf => Fill::AsOf {
            max_age: args.max_age,
        },
        FillOf::Exact => Fill::Exact,
        FillOf::Mean => Fill::Mean,
    };
    let batches = store.align(&uuids, args.range.bounds(), &args.step, fill)?;
    let rows = batches.flat_map(|batch| {
        let (batch, error) = match batch {
            Ok(batch) => (Some(batch), None),
            Err(error) => (None, Some(Err(error))),
        };
        let names = Rc::clone(&names);
        let rows = batch.into_iter().flat_map(move |batch| {
            let names = Rc::clone(&names);
            let rows = batch.ts.into_iter().enumerate();
            rows.map(move |(row, ts)| {
                Ok(AlignedRow {
                    ts: Timestamp::from_micros(ts),
                    names: Rc::clone(&names),
                    values: batch.values.iter().map(|column| column[row]).collect(),
                })
            })
        });
        rows.chain(error)
    });
    let columns: Vec<_> = std::iter::once(Column::time("ts"))
        .chain(names.iter().map(|name| Column::number(name)))
        .collect();
    rows::print(&columns, rows, &args.rows, output)
}

/// Returns the names of the columns: those of the streams, but the uuid if another column has
/// the name.
fn names(selected: &[Selected]) -> Vec<String> {
    let names: Vec<_> = selected.iter().map(Selected::name_or_uuid).collect();
    let is_single = |name: &str| names.iter().filter(|other| **other == name).count() == 1;
    let single = selected.iter().zip(&names);
    let single = single.map(|(stream, &name)| match is_single(name) && name != "ts" {
        true => name.to_owned(),
        false => stream.uuid.to_string(),
    });
    single.collect()
}

/// The values of several streams at one instant.
struct AlignedRow {
    ts: Timestamp,
    names: Rc<[String]>,
    values: Vec<f64>,
}

impl Serialize for AlignedRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.values.len()))?;
        map.serialize_entry("ts", &self.ts)?;
        for (name, value) in self.names.iter().zip(&self.values) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Record for AlignedRow {
    fn cells(&self) -> Vec<String> {
        let values = self.values.iter().copied().map(text::optional_number);
        std::iter::once(self.ts.to_string()).chain(values).collect()
    }
}
