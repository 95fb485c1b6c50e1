//! `satori-store remove`: a stream's data, metadata, or both.

use satori_store::{Store, StreamUuid};
use serde::Serialize;

use crate::args::{self, Global};
use crate::confirm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::select::{self, Selected};
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report<'a> {
    uuid: &'a StreamUuid,
    /// `true` if metadata was removed.
    metadata: bool,
    /// The number of observations removed with their table; null if no table was.
    rows: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &args::Remove, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let what = match (args.data, args.metadata) {
        (true, false) => satori_store::Remove::Data,
        (false, true) => satori_store::Remove::Metadata,
        _ => satori_store::Remove::Both,
    };
    confirm::check(args.yes)?;
    let store = global.change(&args.db)?;
    let selected = select::only(&store, &args.stream)?;
    if !args.yes && !confirmed(&store, &selected, what)? {
        output.note("nothing was removed");
        return Ok(Exit::Refused);
    }
    let removed = store.remove(&selected.uuid, what)?;
    let report = Report {
        uuid: &selected.uuid,
        metadata: removed.metadata,
        rows: removed.rows,
    };
    output.report(&report, || {
        let parts = [
            removed.metadata.then(|| "metadata".to_owned()),
            removed.rows.map(|rows| counted(rows, "observation")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let label = text::short(&selected.label(), 120);
        if parts.is_empty() {
            format!("{label}: nothing to remove\n")
        } else {
            format!("{label}: removed {}\n", parts.join(" and "))
        }
    })?;
    Ok(Exit::Done)
}

/// Asks at the terminal, and returns `true` if the answer is yes.
fn confirmed(
    store: &Store,
    selected: &Selected,
    what: satori_store::Remove,
) -> Result<bool, Failure> {
    let rows = || -> Result<String, Failure> {
        Ok(counted(store.count(&selected.uuid, ..)?, "observation"))
    };
    let what = match what {
        satori_store::Remove::Metadata => "the metadata".to_owned(),
        satori_store::Remove::Data => rows()?,
        _ => format!("the metadata and {}", rows()?),
    };
    let label = text::short(&selected.label(), 120);
    Ok(confirm::ask(&format!("Remove {what} of {label}?")))
}
