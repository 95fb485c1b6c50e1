//! `satori-store verify`: the hash chains.

use comfy_table::Table;
use satori_store::{StreamUuid, Timestamp, Verification};
use serde::Serialize;

use crate::args::{Global, Verify};
use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::json::ErrorReport;
use crate::output::{self, Output, right, trouble};
use crate::progress::Progress;
use crate::select::{self, is_of_stream};
use crate::text;

/// So many suspect rows of a stream are told one by one to a person.
const TOLD: usize = 10;

#[derive(Serialize)]
struct Report {
    streams: Vec<Verified>,
    /// The spellings of a timestamp that were tried.
    spellings: &'static [&'static str],
}

#[derive(Serialize)]
struct Verified {
    uuid: StreamUuid,
    name: Option<String>,
    /// Null where the rows can't be read.
    chain: Option<Chain>,
    error: Option<ErrorReport>,
}

/// What a walk along a hash chain found, in numbers.
#[derive(Serialize)]
pub(crate) struct Chain {
    pub(crate) rows: u64,
    pub(crate) verified: u64,
    pub(crate) foreign: usize,
    pub(crate) suspect: usize,
    /// The instants of the suspect rows.
    pub(crate) suspect_at: Vec<Timestamp>,
}

impl From<Verification> for Chain {
    fn from(found: Verification) -> Self {
        Self {
            rows: found.rows,
            verified: found.verified,
            foreign: found.foreign.len(),
            suspect: found.suspect.len(),
            suspect_at: found.suspect,
        }
    }
}

pub(crate) fn run(args: &Verify, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.read(&args.db)?;
    let selected = select::one_or_all(&store, args.stream.as_deref(), output)?;
    let progress = Progress::streams(selected.len());
    let mut exit = Exit::Done;
    let mut streams = Vec::new();
    for stream in selected {
        progress.turn_to(&stream.label());
        let (chain, error) = match store.verify(&stream.uuid) {
            Ok(found) => (Some(Chain::from(found)), None),
            Err(error) if is_of_stream(&error) => (None, Some(error)),
            Err(error) => return Err(error.into()),
        };
        if let Some(error) = &error {
            exit = exit::kind(error.code()).1.after(exit);
        } else if chain.as_ref().is_some_and(|chain| chain.suspect > 0) {
            exit = Exit::Refused.after(exit);
        }
        streams.push(Verified {
            name: stream.name().map(str::to_owned),
            uuid: stream.uuid,
            chain,
            error: error.as_ref().map(ErrorReport::new),
        });
        progress.advance();
    }
    drop(progress);
    let spellings = &Verification::SPELLINGS;
    let report = Report { streams, spellings };
    output.report(&report, || report.text(output))?;
    output.stream_errors(report.streams.iter().map(|s| (&s.uuid, s.error.as_ref())));
    Ok(exit)
}

impl Report {
    fn text(&self, output: &Output) -> String {
        let table = |wide: bool| -> Table {
            let mut header = output::identity_header(wide);
            header.extend([">rows", ">verified", ">foreign", ">suspect"]);
            let mut table = output.table(&header);
            for stream in &self.streams {
                let mut cells =
                    output::identity(wide, stream.name.as_deref(), stream.uuid.as_str());
                match &stream.chain {
                    Some(chain) => {
                        cells.push(right(text::count(chain.rows)));
                        cells.push(right(text::count(chain.verified)));
                        cells.push(right(text::count(chain.foreign as u64)));
                        let suspect = text::count(chain.suspect as u64);
                        cells.push(if chain.suspect > 0 {
                            trouble(suspect).set_alignment(comfy_table::CellAlignment::Right)
                        } else {
                            right(suspect)
                        });
                    }
                    None => cells.push(trouble("error")),
                }
                table.add_row(cells);
            }
            table
        };
        if self.streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let mut text = output.fit(table);
        for stream in &self.streams {
            if let Some(chain) = stream.chain.as_ref().filter(|chain| chain.suspect > 0) {
                text.push_str(&chain.suspects(stream.uuid.as_str()));
            }
        }
        text
    }
}

impl Chain {
    fn suspects(&self, uuid: &str) -> String {
        let mut text = format!("\nsuspect rows of {}:\n", text::short(uuid, 80));
        for ts in self.suspect_at.iter().take(TOLD) {
            text.push_str(&format!("  {ts}\n"));
        }
        if self.suspect > TOLD {
            text.push_str(&format!(
                "  and {} more; --json tells all\n",
                self.suspect - TOLD
            ));
        }
        text
    }
}
