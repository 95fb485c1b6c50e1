//! `satori-store observations`: a stream's rows, printed while they are read.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::ops::Bound;

use satori_store::{Error, Observation, Store, StreamUuid, Timestamp};

use crate::args::{self, Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::output::Output;
use crate::select;
use crate::text;

/// Up to this many last rows are read at once, from the end. For more, the rows
/// before them are counted and skipped, so that they need not fit in memory.
const AT_ONCE: usize = 10_000;
/// The number of rows that decide how wide a table's columns are.
const SAMPLE: usize = 1_000;

type Rows = Box<dyn Iterator<Item = Result<Observation, Error>>>;
type Out = BufWriter<StdoutLock<'static>>;

/// Runs the command.
pub(crate) fn run(
    args: &args::Observations,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let store = global
        .options()
        .read_only(true)
        .skip_unreadable(args.skip_unreadable)
        .open(&args.db)?;
    let selected = select::one(&store, &args.stream, output)?;
    let rows = rows(&store, &selected.uuid, args)?;
    let default = if output.json {
        Format::Json
    } else {
        Format::Table
    };
    let mut out = output.stream();
    let printed = match args.format.unwrap_or(default) {
        Format::Table => table(&mut out, rows, output),
        Format::Csv => csv(&mut out, rows),
        Format::Json => array(&mut out, rows),
        Format::Ndjson => lines(&mut out, rows),
    };
    // What was printed before an error reaches the reader too.
    let flushed = out.flush().map_err(Failure::Print);
    printed.and(flushed)?;
    Ok(Exit::Done)
}

/// Returns the rows that the arguments choose.
fn rows(store: &Store, uuid: &StreamUuid, args: &args::Observations) -> Result<Rows, Failure> {
    let range: (Bound<Timestamp>, Bound<Timestamp>) = (
        args.from.map_or(Bound::Unbounded, Bound::Included),
        args.to.map_or(Bound::Unbounded, Bound::Excluded),
    );
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
    if args.from.is_none() && last <= AT_ONCE {
        let rows = match args.to {
            Some(to) => store.last_before(uuid, to, last)?,
            None => store.last(uuid, last)?,
        };
        return Ok(Box::new(rows.into_iter().map(Ok)));
    }
    let count = match args.skip_unreadable {
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

/// Prints CSV. On a terminal, characters that would steer it are escaped.
fn csv(out: &mut Out, rows: Rows) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal();
    let field = |text: &str| {
        let text = if is_terminal {
            text::plain(text)
        } else {
            text.to_owned()
        };
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    writeln!(out, "ts,value,hash,provider").map_err(Failure::Print)?;
    for row in rows {
        let row = row?;
        let (hash, provider) = (field(&row.hash), field(&row.provider));
        writeln!(
            out,
            "{},{},{hash},{provider}",
            row.ts,
            text::number(row.value)
        )
        .map_err(Failure::Print)?;
    }
    Ok(())
}

/// Prints one JSON object a line.
fn lines(out: &mut Out, rows: Rows) -> Result<(), Failure> {
    for row in rows {
        out.write_all(&json::line(&row?)).map_err(Failure::Print)?;
    }
    Ok(())
}

/// Prints one JSON array, a row a line. After an error the array stays open, so that
/// nobody takes the rows before it for all.
fn array(out: &mut Out, rows: Rows) -> Result<(), Failure> {
    let mut separator: &[u8] = b"[";
    for row in rows {
        let row = row?;
        out.write_all(separator)
            .and_then(|()| json::write(out, &row))
            .map_err(Failure::Print)?;
        separator = b",\n";
    }
    let end: &[u8] = if separator == b"[" { b"[]\n" } else { b"]\n" };
    out.write_all(end).map_err(Failure::Print)
}

/// Prints a table, its columns as wide as the first rows need.
fn table(out: &mut Out, mut rows: Rows, output: &Output) -> Result<(), Failure> {
    // A long hash of another rule must not break the line on a terminal.
    let limit = if output.width().is_some() {
        18
    } else {
        usize::MAX
    };
    let mut sample = Vec::new();
    let mut failed = None;
    for row in rows.by_ref().take(SAMPLE) {
        match row {
            Ok(row) => sample.push(cells(&row, limit)),
            Err(error) => failed = Some(error),
        }
    }
    let header = ["ts", "value", "hash", "provider"].map(str::to_owned);
    let mut widths = [0; 4];
    for cells in sample.iter().chain([&header]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [ts, value, hash, _] = widths;
    let line = |[a, b, c, d]: &[String; 4]| format!("{a:<ts$}  {b:>value$}  {c:<hash$}  {d}");
    let mut print = |line: String| writeln!(out, "{line}").map_err(Failure::Print);
    print(output.strong(&line(&header)))?;
    sample.iter().try_for_each(|cells| print(line(cells)))?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    rows.try_for_each(|row| print(line(&cells(&row?, limit))))
}

/// Returns the cells of a row, none longer than `limit` characters.
fn cells(row: &Observation, limit: usize) -> [String; 4] {
    [
        row.ts.to_string(),
        text::number(row.value),
        text::short(&row.hash, limit),
        text::short(&row.provider, limit),
    ]
}
