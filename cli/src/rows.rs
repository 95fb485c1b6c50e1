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
    let mut printer = Printer::new(columns, args, output);
    printer.print(rows)?;
    printer.end()
}

/// Prints rows in several parts.
pub(crate) struct Printer<'a> {
    out: Out,
    columns: &'a [Column],
    format: Format,
    output: &'a Output,
    /// How wide the columns of a table are, once its first rows have been printed.
    widths: Option<Vec<usize>>,
    /// Whether the head has been printed: a line of names, or a bracket.
    has_begun: bool,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(columns: &'a [Column], args: &Rows, output: &'a Output) -> Self {
        let default = match output.json {
            true => Format::Json,
            false => Format::Table,
        };
        Self {
            out: output.stream(),
            columns,
            format: args.format.unwrap_or(default),
            output,
            widths: None,
            has_begun: false,
        }
    }

    /// Prints arrays as lines, since nobody knows when they end.
    pub(crate) fn without_end(self) -> Self {
        let format = match self.format {
            Format::Json => Format::Ndjson,
            format => format,
        };
        Self { format, ..self }
    }

    /// Prints rows, behind those that were printed before.
    pub(crate) fn print<R: Record>(
        &mut self,
        rows: impl Iterator<Item = Result<R, Error>>,
    ) -> Result<(), Failure> {
        let printed = match self.format {
            Format::Table => self.table(rows),
            Format::Csv => self.csv(rows),
            Format::Json => self.array(rows),
            Format::Ndjson => self.lines(rows),
        };
        // What was printed before an error reaches the reader too.
        let flushed = self.out.flush().map_err(Failure::Print);
        printed.and(flushed)
    }

    /// Ends what was printed. After an error an array stays open, so that nobody takes the rows
    /// before it for all.
    pub(crate) fn end(mut self) -> Result<Exit, Failure> {
        if self.format == Format::Json {
            let end: &[u8] = if self.has_begun { b"]\n" } else { b"[]\n" };
            let ended = self.out.write_all(end).and_then(|()| self.out.flush());
            ended.map_err(Failure::Print)?;
        }
        Ok(Exit::Done)
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(Failure::Print)
    }

    /// Prints CSV. On a terminal, characters that would steer it are escaped.
    fn csv<R: Record>(
        &mut self,
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
        if !self.has_begun {
            self.has_begun = true;
            let names = self.columns.iter().map(|column| field(&column.name));
            let names: Vec<_> = names.collect();
            self.line(&names.join(","))?;
        }
        for row in rows {
            let fields: Vec<_> = row?.cells().iter().map(|cell| field(cell)).collect();
            self.line(&fields.join(","))?;
        }
        Ok(())
    }

    /// Prints one JSON object a line.
    fn lines<R: Record>(
        &mut self,
        rows: impl Iterator<Item = Result<R, Error>>,
    ) -> Result<(), Failure> {
        for row in rows {
            let line = json::line(&row?);
            self.out.write_all(&line).map_err(Failure::Print)?;
        }
        Ok(())
    }

    /// Prints a JSON array, a row a line.
    fn array<R: Record>(
        &mut self,
        rows: impl Iterator<Item = Result<R, Error>>,
    ) -> Result<(), Failure> {
        for row in rows {
            let row = row?;
            let separator: &[u8] = if self.has_begun { b",\n" } else { b"[" };
            self.has_begun = true;
            let written = self.out.write_all(separator);
            written
                .and_then(|()| json::write(&mut self.out, &row))
                .map_err(Failure::Print)?;
        }
        Ok(())
    }

    /// Prints a table, its columns as wide as the first rows need.
    fn table<R: Record>(
        &mut self,
        mut rows: impl Iterator<Item = Result<R, Error>>,
    ) -> Result<(), Failure> {
        if self.widths.is_none() {
            let mut sample = Vec::new();
            let mut failed = None;
            for row in rows.by_ref().take(SAMPLE) {
                match row {
                    Ok(row) => sample.push(self.shown(&row.cells())),
                    Err(error) => failed = Some(error),
                }
            }
            let names = self.columns.iter().map(|column| column.name.clone());
            let header: Vec<_> = names.map(|name| text::short(&name, self.limit())).collect();
            let mut widths = vec![0; self.columns.len()];
            for cells in sample.iter().chain([&header]) {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = cell.chars().count().max(*width);
                }
            }
            self.widths = Some(widths);
            let header = self.output.strong(&self.padded(&header));
            self.line(&header)?;
            for cells in sample {
                let line = self.padded(&cells);
                self.line(&line)?;
            }
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
        for row in rows {
            let line = self.padded(&self.shown(&row?.cells()));
            self.line(&line)?;
        }
        Ok(())
    }

    /// Returns how many characters of a text are shown.
    fn limit(&self) -> usize {
        self.output.width().map_or(usize::MAX, |_| SHOWN)
    }

    /// Returns the cells as a table shows them.
    fn shown(&self, cells: &[String]) -> Vec<String> {
        let cells = cells.iter().zip(self.columns);
        let shown = cells.map(|(cell, column)| match column.kind {
            Kind::Text => text::short(cell, self.limit()),
            Kind::Time | Kind::Number => cell.clone(),
        });
        shown.collect()
    }

    /// Returns a line of a table.
    fn padded(&self, cells: &[String]) -> String {
        let widths = self.widths.iter().flatten();
        let cells = cells.iter().zip(self.columns).zip(widths);
        let padded = cells.map(|((cell, column), &width)| match column.kind {
            Kind::Number => format!("{cell:>width$}"),
            Kind::Time | Kind::Text => format!("{cell:<width$}"),
        });
        let padded: Vec<_> = padded.collect();
        padded.join("  ").trim_end().to_owned()
    }
}
