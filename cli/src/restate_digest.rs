//! `satori-store restate-digest`: digests of rows as they are.

use comfy_table::Cell;
use satori_store::Error;
use serde::Serialize;

use crate::args::{Global, RestateDigest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::per_stream;
use crate::select;

/// The outcome for one stream.
#[derive(Default, Serialize)]
struct Restated {
    restated: bool,
}

/// Runs the command.
pub(crate) fn run(args: &RestateDigest, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.change(&args.db)?;
    let selected = select::one_or_all(&store, args.stream.as_deref(), output)?;
    let outcomes = per_stream::run(
        selected,
        |uuid| {
            store.restate_digest(uuid)?;
            Ok::<_, Error>(Restated { restated: true })
        },
        |_| Exit::Done,
    );
    output.report(&outcomes, || match outcomes.streams.as_slice() {
        [] => "no streams\n".to_owned(),
        streams => per_stream::table(output, &["digest"], streams, |done| {
            done.restated.then(|| vec![Cell::new("restated")])
        }),
    })?;
    outcomes.finish(output)
}
