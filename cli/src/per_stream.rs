//! One operation on each of several streams: what the commands on one stream or all share.

use comfy_table::Cell;
use satori_store::{Error, StreamUuid};
use serde::Serialize;

use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::json::ErrorReport;
use crate::output::{self, Output, trouble};
use crate::progress::Progress;
use crate::select::{Selected, is_of_stream};

/// The outcomes of an operation on several streams. A command reports them, and then lets
/// [`finish`](Self::finish) say how it ended.
#[derive(Serialize)]
pub(crate) struct Outcomes<T> {
    pub(crate) streams: Vec<Outcome<T>>,
    #[serde(skip)]
    exit: Exit,
    /// The error that ended the operation before the remaining streams.
    #[serde(skip)]
    stopped: Option<Failure>,
}

/// The outcome for one stream.
#[derive(Serialize)]
pub(crate) struct Outcome<T> {
    pub(crate) uuid: StreamUuid,
    pub(crate) name: Option<String>,
    /// What was found or done; the default if that failed.
    #[serde(flatten)]
    pub(crate) result: T,
    pub(crate) error: Option<ErrorReport>,
}

/// Runs `operation`, which is all done or not at all, on each stream: see [`run_in_parts`].
pub(crate) fn run<T: Default, E: Into<Failure>>(
    selected: Vec<Selected>,
    operation: impl Fn(&StreamUuid) -> Result<T, E>,
    exit: impl Fn(&T) -> Exit,
) -> Outcomes<T> {
    let operation = |uuid: &StreamUuid| operation(uuid).map_err(|error| (None, error));
    run_in_parts(selected, operation, exit)
}

/// Runs `operation` on each stream and shows the progress. `exit` returns the exit
/// code for a result. An error that concerns one stream alone is its outcome; any
/// other ends the run. Either may come with what was done before it, which is shown. Of all
/// streams, one that another program has removed meanwhile is left out.
pub(crate) fn run_in_parts<T: Default, E: Into<Failure>>(
    selected: Vec<Selected>,
    operation: impl Fn(&StreamUuid) -> Result<T, (Option<T>, E)>,
    exit: impl Fn(&T) -> Exit,
) -> Outcomes<T> {
    let progress = Progress::each(selected.len());
    let mut outcomes = Outcomes {
        streams: Vec::new(),
        exit: Exit::Done,
        stopped: None,
    };
    for stream in selected {
        progress.turn_to(&stream.label());
        let done = operation(&stream.uuid).map_err(|(part, error)| (part, error.into()));
        let (result, error, exit) = match done {
            Ok(result) => {
                let exit = exit(&result);
                (result, None, exit)
            }
            Err((None, Failure::Store(Error::StreamNotFound { .. }))) if !stream.is_named => {
                progress.advance();
                continue;
            }
            Err((part, Failure::Store(error))) if is_of_stream(&error) => {
                let exit = exit::kind(error.code()).1;
                (
                    part.unwrap_or_default(),
                    Some(ErrorReport::new(&error)),
                    exit,
                )
            }
            Err((part, failure)) => {
                let error = failure.report();
                outcomes.stopped = Some(failure);
                match part {
                    Some(part) => (part, Some(error), Exit::Done),
                    None => break,
                }
            }
        };
        outcomes.exit = exit.after(outcomes.exit);
        outcomes.streams.push(Outcome {
            name: stream.name().map(str::to_owned),
            uuid: stream.uuid,
            result,
            error,
        });
        progress.advance();
        if outcomes.stopped.is_some() {
            break;
        }
    }
    outcomes
}

impl<T> Outcomes<T> {
    /// Returns `true` if no error ended the operation before the last stream.
    pub(crate) fn is_complete(&self) -> bool {
        self.stopped.is_none()
    }

    /// Warns of each stream that has an error, and returns the exit code, or the error that
    /// ended the operation.
    pub(crate) fn finish(self, output: &Output) -> Result<Exit, Failure> {
        output.stream_errors(self.streams.iter().map(|s| (&s.uuid, s.error.as_ref())));
        match self.stopped {
            Some(failure) => Err(failure),
            None => Ok(self.exit),
        }
    }
}

/// Returns a table of one row a stream: the stream, then what `cells` makes of its
/// result, or "error" if it has none.
pub(crate) fn table<T>(
    output: &Output,
    titles: &[&'static str],
    streams: &[Outcome<T>],
    cells: impl Fn(&T) -> Option<Vec<Cell>>,
) -> String {
    output.fit(|wide| {
        let mut header = output::identity_header(wide);
        header.extend(titles);
        let mut table = output.table(&header);
        for stream in streams {
            let mut row = output::identity(wide, stream.name.as_deref(), stream.uuid.as_str());
            row.extend(cells(&stream.result).unwrap_or_else(|| vec![trouble("error")]));
            table.add_row(row);
        }
        table
    })
}
