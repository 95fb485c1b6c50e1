//! `satori-store tail`: the last rows of streams, and those that come.

use std::collections::HashSet;
use std::time::Duration;

use satori_store::{Error, Observation, StreamUuid, Timestamp};
use serde::Serialize;

use crate::args::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::{self, Column, Printer, Record};
use crate::select;
use crate::text;

/// How many rows are read at a time.
const ROWS: usize = 10_000;

/// Runs the command.
pub(crate) fn run(args: &args::Tail, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = rows::open(&args.db, &args.rows, global)?;
    // Before anything is read, so that nothing falls between.
    let mut seen = store.data_version()?;
    let mut streams = Vec::new();
    let mut names = Vec::new();
    let mut known = HashSet::new();
    let mut last = Vec::new();
    for stream in &args.streams {
        let selected = select::one(&store, stream, output)?;
        if !known.insert(selected.uuid.clone()) {
            continue;
        }
        let rows = store.last(&selected.uuid, args.last.max(1))?;
        let after = rows.last().map_or(Timestamp::MIN, |row| row.ts);
        let shown = rows.into_iter().skip(usize::from(args.last == 0));
        last.extend(shown.map(|row| (selected.uuid.clone(), row)));
        names.push(selected.name_or_uuid().to_owned());
        streams.push((selected.uuid, after));
    }
    let named = |rows: Vec<(StreamUuid, Observation)>| {
        let mut named: Vec<_> = rows
            .into_iter()
            .map(|(uuid, row)| {
                let place = streams.iter().position(|(stream, _)| *stream == uuid);
                let name = place.and_then(|place| names.get(place).cloned());
                Named {
                    stream: name.unwrap_or_else(|| uuid.to_string()),
                    uuid,
                    row,
                }
            })
            .collect();
        named.sort_by_key(|named| named.row.ts);
        named.into_iter().map(Ok::<_, Error>)
    };

    let columns = [
        Column::time("ts"),
        Column::text("stream"),
        Column::number("value"),
        Column::text("hash"),
        Column::text("provider"),
    ];
    let mut printer = Printer::new(&columns, &args.rows, output);
    if args.follow {
        printer = printer.without_end();
    }
    printer.print(named(last))?;
    if !args.follow {
        return printer.end();
    }
    let mut after: Vec<_> = streams.iter().map(|(uuid, after)| (uuid, *after)).collect();
    loop {
        let rows = store.newer(&after, ROWS)?;
        if rows.is_empty() {
            seen = store.wait(seen, Duration::MAX)?;
            continue;
        }
        for (uuid, row) in &rows {
            if let Some((_, last)) = after.iter_mut().find(|(stream, _)| *stream == uuid) {
                *last = row.ts;
            }
        }
        printer.print(named(rows))?;
    }
}

/// A row, and its stream.
#[derive(Serialize)]
struct Named {
    /// The stream's name, or its uuid if it has none.
    stream: String,
    uuid: StreamUuid,
    #[serde(flatten)]
    row: Observation,
}

impl Record for Named {
    fn cells(&self) -> Vec<String> {
        vec![
            self.row.ts.to_string(),
            self.stream.clone(),
            text::number(self.row.value),
            self.row.hash.clone(),
            self.row.provider.clone(),
        ]
    }
}
