//! Output: results to standard output, notes and errors to standard error; as JSON
//! or text; with colours or without.

use std::env;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use satori_store::StreamUuid;
use serde::Serialize;

use crate::args::Color;
use crate::failure::Failure;
use crate::json::{self, ErrorLine, ErrorReport};
use crate::text;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Characters of a usual uuid.
const UUID_WIDTH: usize = 36;
/// Blanks between columns.
const GAP: u16 = 2;
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// The way a command writes its output.
pub(crate) struct Output {
    pub(crate) json: bool,
    colored_out: bool,
    colored_err: bool,
}

impl Output {
    /// Returns the output for these options, this environment and this terminal.
    pub(crate) fn new(json: bool, color: Color) -> Self {
        let colored = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                // https://no-color.org
                let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
                terminal && !refused && !dumb
            }
        };
        Self {
            json,
            colored_out: colored(io::stdout().is_terminal()),
            colored_err: colored(io::stderr().is_terminal()),
        }
    }

    /// Prints the report of a command: `report` as JSON with `--json`, else what
    /// `text` returns. It is no error if the reader closes the pipe.
    pub(crate) fn report(
        &self,
        report: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let write = || {
            let mut out = io::stdout().lock();
            if self.json {
                out.write_all(&json::line(report))?;
            } else {
                out.write_all(text().as_bytes())?;
            }
            out.flush()
        };
        match write().map_err(Failure::Print) {
            Err(failure) if failure.is_quiet() => Ok(()),
            written => written,
        }
    }

    /// Returns standard output with a buffer, for any number of rows.
    pub(crate) fn stream(&self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, io::stdout().lock())
    }

    /// Returns the width that tables must fit: that of the terminal, if there is one.
    pub(crate) fn width(&self) -> Option<usize> {
        Table::new().width().map(usize::from)
    }

    /// Reports why the command fails, and what to do about it.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.is_quiet() {
            return;
        }
        if self.json {
            let error = failure.report();
            let _ = io::stderr().write_all(&json::line(&ErrorLine { error }));
            return;
        }
        self.say(ERROR, "error", failure);
        if let Some(hint) = failure.hint() {
            self.say(NOTE, "hint", hint);
        }
    }

    /// Warns of each stream that has an error.
    pub(crate) fn stream_errors<'a>(
        &self,
        streams: impl IntoIterator<Item = (&'a StreamUuid, Option<&'a ErrorReport>)>,
    ) {
        for (uuid, error) in streams {
            if let Some(error) = error {
                self.warning(format_args!("{:?}: {}", uuid.as_str(), error.message));
            }
        }
    }

    /// Warns of something that does not stop the command. Prints nothing with `--json`,
    /// whose report has it.
    pub(crate) fn warning(&self, message: impl Display) {
        if !self.json {
            self.say(WARNING, "warning", message);
        }
    }

    /// Reports a choice that was made. Prints nothing with `--json`, whose report has it.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.json {
            self.say(NOTE, "note", message);
        }
    }

    /// Writes a line to standard error. Nothing can be done if that fails.
    fn say(&self, style: Style, label: &str, message: impl Display) {
        let label = paint(self.colored_err, style, label);
        let message = text::plain(&message.to_string());
        let _ = writeln!(io::stderr().lock(), "{label}: {message}");
    }

    /// Returns `true` if standard output has colours.
    pub(crate) fn is_colored(&self) -> bool {
        self.colored_out
    }

    /// Returns `text` in bold, if colours are on.
    pub(crate) fn strong(&self, text: &str) -> String {
        paint(self.colored_out, Style::new().bold(), text)
    }

    /// Returns the lines of the wide table if it fits the terminal or there is no
    /// terminal, else those of the narrow one. Neither breaks a number or a uuid.
    pub(crate) fn fit(&self, table: impl Fn(bool) -> Table) -> String {
        let mut wide = table(true);
        let gaps = usize::from(GAP) * wide.column_count().saturating_sub(1);
        let widths = wide.column_max_content_widths();
        let needed = widths.into_iter().map(usize::from).sum::<usize>() + gaps;
        let fits = self.width().is_none_or(|width| needed <= width);
        let mut table = if fits { wide } else { table(false) };
        table.set_content_arrangement(ContentArrangement::Disabled);
        render(table)
    }

    /// Returns a table without borders, empty but for its header. `>` begins the title
    /// of a column of numbers.
    pub(crate) fn table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        if self.colored_out {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if let Some(width) = self.width() {
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        if !header.is_empty() {
            table.set_header(header.iter().map(|title| {
                let title = match title.strip_prefix('>') {
                    Some(title) => right(title),
                    None => Cell::new(title),
                };
                title.add_attribute(Attribute::Bold)
            }));
        }
        table
    }
}

/// Returns `text` in the style, if colours are on.
fn paint(colored: bool, style: Style, text: &str) -> String {
    if colored {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Returns the table's lines, without blanks at their ends.
pub(crate) fn render(mut table: Table) -> String {
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { GAP }));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Returns the cells that name a row's stream: two in a wide table, else one with the
/// name above the uuid, so that neither is broken.
pub(crate) fn identity(wide: bool, name: Option<&str>, uuid: &str) -> Vec<Cell> {
    if wide {
        return vec![cell(name.unwrap_or_default(), 32), cell(uuid, 64)];
    }
    let uuid = text::short(uuid, UUID_WIDTH);
    vec![Cell::new_owned(match name {
        Some(name) => format!("{}\n{uuid}", text::short(name, UUID_WIDTH)),
        None => uuid,
    })]
}

/// Returns the header above [`identity`].
pub(crate) fn identity_header(wide: bool) -> Vec<&'static str> {
    if wide {
        vec!["name", "uuid"]
    } else {
        vec!["stream"]
    }
}

/// Returns a cell of text that others wrote, cut at `limit` characters.
pub(crate) fn cell(text: &str, limit: usize) -> Cell {
    Cell::new_owned(text::short(text, limit))
}

/// Returns a cell of a number, aligned to the right.
pub(crate) fn right(text: impl Display) -> Cell {
    Cell::new_owned(text.to_string()).set_alignment(CellAlignment::Right)
}

/// Returns a cell in red.
pub(crate) fn trouble(text: impl Display) -> Cell {
    Cell::new_owned(text::plain(&text.to_string())).fg(comfy_table::Color::Red)
}
