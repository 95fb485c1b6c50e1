//! `satori-store streams`: a list of streams.

use comfy_table::{Cell, Table};
use satori_store::{Error, Observation, Store, Stream, StreamUuid, Timestamp};
use serde::Serialize;

use crate::args::{Global, Streams};
use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::json::ErrorReport;
use crate::output::{self, Output, cell, right, trouble};
use crate::select::is_of_stream;
use crate::text::{self, counted, minute};

#[derive(Serialize)]
struct Report {
    streams: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    uuid: StreamUuid,
    /// Null if the stream has observations only.
    metadata: Option<Stream>,
    rows: Option<u64>,
    last_observation: Option<Observation>,
    /// Why the rows can't be read.
    error: Option<ErrorReport>,
}

/// Runs the command.
pub(crate) fn run(args: &Streams, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.read(&args.db)?;
    let mut exit = Exit::Done;
    let mut stopped = None;
    let mut streams = Vec::new();
    for (uuid, metadata) in chosen(&store, args)? {
        let mut listed = Listed {
            metadata,
            rows: None,
            last_observation: None,
            error: None,
            uuid,
        };
        match listed.read(&store) {
            Ok(()) => {}
            // Another program has removed it meanwhile.
            Err(Error::StreamNotFound { .. }) => continue,
            Err(error) if is_of_stream(&error) => {
                exit = exit::kind(error.code()).1.after(exit);
                listed.error = Some(ErrorReport::new(&error));
            }
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
        streams.push(listed);
    }
    let report = Report { streams };
    output.report(&report, || report.text(output))?;
    output.stream_errors(report.streams.iter().map(|s| (&s.uuid, s.error.as_ref())));
    match stopped {
        Some(error) => Err(error.into()),
        None => Ok(exit),
    }
}

/// Returns the streams that the arguments choose, those with metadata first.
fn chosen(store: &Store, args: &Streams) -> Result<Vec<(StreamUuid, Option<Stream>)>, Failure> {
    let mut known = match (&args.stale, &args.search) {
        _ if args.without_metadata => Vec::new(),
        (Some(stale), _) => store.stale_streams(Timestamp::now().before(*stale))?,
        (None, Some(search)) => store.search_streams(search)?,
        (None, None) => store.streams()?,
    };
    if let (Some(_), Some(search)) = (&args.stale, &args.search) {
        let found: Vec<_> = store.search_streams(search)?;
        known.retain(|stream| found.iter().any(|found| found.id == stream.id));
    }
    let mut chosen: Vec<_> = known
        .into_iter()
        .map(|stream| (stream.uuid.clone(), Some(stream)))
        .collect();
    // Streams without metadata have no name to search, and were never synced.
    if args.stale.is_none() && args.search.is_none() {
        let unknown = store.streams_without_metadata()?;
        chosen.extend(unknown.into_iter().map(|uuid| (uuid, None)));
    }
    Ok(chosen)
}

impl Listed {
    /// Reads the number of rows and the latest.
    fn read(&mut self, store: &Store) -> Result<(), Error> {
        self.rows = Some(store.count(&self.uuid, ..)?);
        self.last_observation = store.latest(&self.uuid)?;
        Ok(())
    }

    /// Returns the stream's row of the table.
    fn cells(&self, wide: bool) -> Vec<Cell> {
        let metadata = self.metadata.as_ref();
        let name = metadata.map_or(Some("(no metadata)"), |stream| stream.name.as_deref());
        let author = metadata.and_then(|stream| stream.author.as_deref());
        let id = metadata.and_then(|stream| stream.server_stream_id);
        let synced = metadata.and_then(|stream| stream.last_synced);
        let mut cells = output::identity(wide, name, self.uuid.as_str());
        if wide {
            cells.push(cell(author.unwrap_or_default(), 16));
        }
        cells.push(right(id.map(|id| id.to_string()).unwrap_or_default()));
        if self.error.is_some() {
            cells.push(trouble("error"));
        } else {
            cells.push(right(self.rows.map(text::count).unwrap_or_default()));
        }
        let last = self.last_observation.as_ref().map(|last| last.ts);
        for instant in [last, synced] {
            let text = instant.map(minute).unwrap_or_default();
            // The name and the uuid take two lines anyway.
            let text = if wide {
                text
            } else {
                text.replacen(' ', "\n", 1)
            };
            cells.push(Cell::new_owned(text));
        }
        cells
    }
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        if self.streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let table = |wide: bool| -> Table {
            let mut header = output::identity_header(wide);
            if wide {
                header.push("author");
            }
            let last = if wide { "last observation" } else { "last row" };
            header.extend([">id", ">rows", last, "last synced"]);
            let mut table = output.table(&header);
            for listed in &self.streams {
                table.add_row(listed.cells(wide));
            }
            table
        };
        let unknown = self
            .streams
            .iter()
            .filter(|listed| listed.metadata.is_none());
        let without = match unknown.count() {
            0 => String::new(),
            number => format!(", {number} without metadata"),
        };
        let all = counted(self.streams.len() as u64, "stream");
        output.fit(table) + &format!("\n{all}{without}\n")
    }
}
