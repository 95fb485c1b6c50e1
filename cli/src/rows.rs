//! Rows of named columns, printed while they are read: as a table, CSV or JSON.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

use satori_store::{Error, Store};
use serde::Serialize;

use crate::args::{Format, Global, Rows};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::output::Output;
use crate::text;

/// The number of rows that decide how wide a table's columns are.
const SAMPLE: usize = 1_000;
/// How many characters of a text a table shows on a terminal: a long hash of another rule must
/// not break the line.
const SHOWN: usize = 18;

type Out = BufWriter<StdoutLock<'static>>;

/// A row. As JSON it is what it serializes to.
pub(crate) trait Record: Serialize {
    /// Returns the texts of its columns.
    fn cells(&self) -> Vec<String>;
}

/// A column, and how a table shows it.
pub(crate) struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Time,
    Number,
    Text,
}

impl Column {
    /// Returns a column of instants.
    pub(crate) fn time(name: &str) -> Self {
        Self::new(name, Kind::Time)
    }

    /// Returns a column of numbers.
    pub(crate) fn number(name: &str) -> Self {
        Self::new(name, Kind::Number)
    }

    /// Returns a column of text that others wrote.
    pub(crate) fn text(name: &str) -> Self {
        Self::new(name, Kind::Text)
    }

    fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
        }
    }
}

/// Opens the store for reading rows.
pub(crate) fn open(db: &Path, args: &Rows, global: &Global) -> Result<Store, Failure> {
    let options = global.options().read_only(true);
    Ok(options.skip_unreadable(args.skip_unreadable).open(db)?)
}

/// Prints the rows.
pub(crate) fn print<R: Record>(
    columns: &[Column],
    rows: impl Iterator<Item = Result<R, Error>>,
    args: &Rows,
    output: &Output,
) -> Result<Exit, Failure> {
    let default = match output.json {
        true => Format::Json,
        false => Format::Table,
    };
    let mut out = output.stream();
    let printed = match args.format.unwrap_or(default) {
        Format::Table => table(&mut out, columns, rows, output),
        Format::Csv => csv(&mut out, columns, rows),
        Format::Json => array(&mut out, rows),
        Format::Ndjson => lines(&mut out, rows),
    };
    // What was printed before an error reaches the reader too.
    let flushed = out.flush().map_err(Failure::Print);
    printed.and(flushed)?;
    Ok(Exit::Done)
}

/// Prints CSV. On a terminal, characters that would steer it are escaped.
fn csv<R: Record>(
    out: &mut Out,
    columns: &[Column],
    rows: impl Iterator<Item = Result<R, Error>>,
) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal();
    let field = |text: &str| {
        let text = match is_terminal {
            true => text::plain(text),
            false => text.to_owned(),
        };
        match text.contains(['"', ',', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        }
    };
    let mut print = |cells: &mut dyn Iterator<Item = &str>| {
        let fields: Vec<_> = cells.map(field).collect();
        writeln!(out, "{}", fields.join(",")).map_err(Failure::Print)
    };
    print(&mut columns.iter().map(|column| column.name.as_str()))?;
    for row in rows {
        print(&mut row?.cells().iter().map(String::as_str))?;
    }
    Ok(())
}

/// Prints one JSON object a line.
fn lines<R: Record>(
    out: &mut Out,
    rows: impl Iterator<Item = Result<R, Error>>,
) -> Result<(), Failure> {
    for row in rows {
        out.write_all(&json::line(&row?)).map_err(Failure::Print)?;
    }
    Ok(())
}

/// Prints one JSON array, a row a line. After an error the array stays open, so that
/// nobody takes the rows before it for all.
fn array<R: Record>(
    out: &mut Out,
    rows: impl Iterator<Item = Result<R, Error>>,
) -> Result<(), Failure> {
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
fn table<R: Record>(
    out: &mut Out,
    columns: &[Column],
    mut rows: impl Iterator<Item = Result<R, Error>>,
    output: &Output,
) -> Result<(), Failure> {
    let limit = output.width().map_or(usize::MAX, |_| SHOWN);
    let cells = |row: &R| -> Vec<String> {
        let cells = row.cells().into_iter().zip(columns);
        let shown = cells.map(|(cell, column)| match column.kind {
            Kind::Text => text::short(&cell, limit),
            Kind::Time | Kind::Number => cell,
        });
        shown.collect()
    };
    let mut sample = Vec::new();
    let mut failed = None;
    for row in rows.by_ref().take(SAMPLE) {
        match row {
            Ok(row) => sample.push(cells(&row)),
            Err(error) => failed = Some(error),
        }
    }
    let header = columns
        .iter()
        .map(|column| text::short(&column.name, limit));
    let header: Vec<_> = header.collect();
    let mut widths = vec![0; columns.len()];
    for cells in sample.iter().chain([&header]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(columns).zip(&widths);
        let padded = padded.map(|((cell, column), &width)| match column.kind {
            Kind::Number => format!("{cell:>width$}"),
            Kind::Time | Kind::Text => format!("{cell:<width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut print = |line: String| writeln!(out, "{line}").map_err(Failure::Print);
    print(output.strong(&line(&header)))?;
    sample.iter().try_for_each(|cells| print(line(cells)))?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    rows.try_for_each(|row| print(line(&cells(&row?))))
}
