//! A picture for a terminal, of braille characters: each is two dots wide and four high.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::Picture;
use super::clock;
use super::columns::{Columns, Point, Span};
use super::panel::Panel;
use super::scale::{Scale, Tick};
use crate::text;

/// Characters left of the drawing: a value and the axis.
const GUTTER: usize = 11;
/// The colours of providers, in their order.
const COLORS: [AnsiColor; 7] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Red,
    AnsiColor::Blue,
    AnsiColor::White,
];

/// How large the picture is, in characters, and whether it has colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) width: usize,
    /// Lines of each panel's drawing.
    pub(crate) height: usize,
    pub(crate) colored: bool,
}

impl Size {
    /// Returns how many columns of rows can be told apart.
    pub(crate) fn columns(self) -> usize {
        2 * self.drawing()
    }

    /// Returns how wide the drawing is.
    fn drawing(self) -> usize {
        self.width.saturating_sub(GUTTER).max(1)
    }
}

/// Returns the lines of the picture.
pub(crate) fn draw(picture: &Picture, size: Size) -> String {
    let mut lines = String::new();
    for panel in &picture.panels {
        let name = text::short(&panel.name, size.width);
        let strong = Style::new().bold();
        match size.colored {
            // Writing to a string can't fail.
            true => _ = writeln!(lines, "{strong}{name}{strong:#}"),
            false => _ = writeln!(lines, "{name}"),
        }
        match (picture.span, panel.all.values()) {
            (Some(span), Some((least, greatest))) => {
                let drawing = Drawing::of(panel, span, Scale::new(least, greatest), size);
                drawing.write(&mut lines, size.colored);
                strip(&mut lines, panel, span, size);
            }
            _ => {
                let none = text::short("  no rows in this range", size.width);
                let _ = writeln!(lines, "{none}");
            }
        }
    }
    if let Some(span) = picture.span {
        time_axis(&mut lines, span, size.drawing());
    }
    lines
}

/// The dots of a panel, and the values on its axis.
struct Drawing {
    width: usize,
    height: usize,
    scale: Scale,
    span: Span,
    /// The dots of each character, as the eight bits of Unicode, and their colour.
    cells: Vec<(u8, usize)>,
    ticks: Vec<Tick>,
}

impl Drawing {
    /// Draws a panel.
    fn of(panel: &Panel, span: Span, scale: Scale, size: Size) -> Self {
        let (width, height) = (size.drawing(), size.height.max(1));
        let mut drawing = Self {
            width,
            height,
            scale,
            span,
            cells: vec![(0, 0); width * height],
            ticks: scale.ticks(height / 3),
        };
        for (color, (_, columns)) in panel.providers.iter().enumerate() {
            drawing.series(columns, panel, color);
        }
        drawing
    }

    fn series(&mut self, columns: &Columns, panel: &Panel, color: usize) {
        for run in columns.runs(panel.limit()) {
            let mut end = run.lead;
            for column in run.columns {
                if let Some(end) = end {
                    self.line(self.place(end), self.place(column.first), color);
                }
                let x = self
                    .place(Point {
                        ts: column.middle(),
                        value: column.mean,
                    })
                    .0;
                let [low, high] = [column.min, column.max].map(|value| {
                    self.place(Point {
                        ts: column.middle(),
                        value,
                    })
                    .1
                });
                self.line((x, low), (x, high), color);
                end = Some(column.last);
            }
        }
    }

    /// Returns the dot of a row, from the left and from the top.
    fn place(&self, point: Point) -> (i64, i64) {
        let dot =
            |part: f64, dots: usize| (part.clamp(0.0, 1.0) * (dots - 1) as f64).round() as i64;
        let y = 1.0 - self.scale.part(point.value);
        (
            dot(self.span.part(point.ts), 2 * self.width),
            dot(y, 4 * self.height),
        )
    }

    /// Sets the dots from one place to another.
    fn line(&mut self, from: (i64, i64), to: (i64, i64), color: usize) {
        let (wide, high) = (to.0 - from.0, to.1 - from.1);
        let steps = wide.abs().max(high.abs()).max(1);
        for step in 0..=steps {
            let on =
                |from: i64, length: i64| from + (2 * length * step + steps).div_euclid(2 * steps);
            self.dot(on(from.0, wide), on(from.1, high), color);
        }
    }

    fn dot(&mut self, x: i64, y: i64, color: usize) {
        const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let (x, y) = (x.unsigned_abs() as usize, y.unsigned_abs() as usize);
        if let Some(cell) = self.cells.get_mut(y / 4 * self.width + x / 2) {
            *cell = (cell.0 | BITS[x % 2][y % 4], color);
        }
    }

    /// Writes the lines, the values before them.
    fn write(&self, lines: &mut String, colored: bool) {
        for (row, cells) in self.cells.chunks(self.width).enumerate() {
            let tick = self.ticks.iter().find(|tick| self.row(tick) == row);
            let label = tick.map_or("", |tick| tick.label.as_str());
            let axis = if tick.is_some() { '┤' } else { '│' };
            let _ = write!(
                lines,
                "{:>width$}{axis}",
                text::short(label, GUTTER - 1),
                width = GUTTER - 1
            );
            let blank = cells.iter().rposition(|cell| cell.0 != 0);
            let cells = &cells[..blank.map_or(0, |last| last + 1)];
            for same in cells.chunk_by(|a, b| a.1 == b.1 || b.0 == 0) {
                let dots: String = same.iter().map(|cell| character(cell.0)).collect();
                let color = same
                    .iter()
                    .find(|cell| cell.0 != 0)
                    .map_or(0, |cell| cell.1);
                paint(lines, &dots, color, colored);
            }
            lines.push('\n');
        }
    }

    /// Returns the line of a tick, from the top.
    fn row(&self, tick: &Tick) -> usize {
        let dot = (1.0 - tick.part) * (4 * self.height - 1) as f64;
        dot.round() as usize / 4
    }
}

/// Returns the character of eight dots; a blank for none.
fn character(dots: u8) -> char {
    match dots {
        0 => ' ',
        _ => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
    }
}

fn paint(lines: &mut String, text: &str, color: usize, colored: bool) {
    let style = COLORS[color % COLORS.len()].on_default();
    match colored {
        true => _ = write!(lines, "{style}{text}{style:#}"),
        false => lines.push_str(text),
    }
}

/// Writes which provider's rows lie where, if there are several: a letter for each, so that
/// they are told apart without colours too.
fn strip(lines: &mut String, panel: &Panel, span: Span, size: Size) {
    if panel.providers.len() < 2 {
        return;
    }
    let mut letters = vec![None; size.drawing()];
    for (number, (_, columns)) in panel.providers.iter().enumerate() {
        for column in columns.filled() {
            let place = span.part(column.middle()) * (letters.len() - 1) as f64;
            let letter = &mut letters[place.round() as usize];
            *letter = match *letter {
                None => Some(Some(number)),
                Some(Some(same)) if same == number => *letter,
                Some(_) => Some(None),
            };
        }
    }
    let _ = write!(lines, "{:>width$}│", "provider", width = GUTTER - 1);
    let last = letters.iter().rposition(Option::is_some).unwrap_or(0);
    for letter in &letters[..=last] {
        match letter {
            None => lines.push(' '),
            Some(None) => lines.push('*'),
            Some(Some(number)) => paint(lines, &letter_of(*number), *number, size.colored),
        }
    }
    lines.push('\n');
    for (number, (name, _)) in panel.providers.iter().enumerate() {
        let _ = write!(lines, "{:width$}", "", width = GUTTER);
        paint(lines, &letter_of(number), number, size.colored);
        let _ = writeln!(
            lines,
            " {}",
            text::short(name, size.drawing().saturating_sub(2).max(1))
        );
    }
    if letters.contains(&Some(None)) {
        let _ = writeln!(lines, "{:width$}* several", "", width = GUTTER);
    }
}

fn letter_of(provider: usize) -> String {
    char::from(b'a' + (provider % 26) as u8).to_string()
}

/// Writes the axis of time, its labels and its ends.
fn time_axis(lines: &mut String, span: Span, width: usize) {
    let mut axis: Vec<char> = "─".repeat(width).chars().collect();
    let mut labels = String::new();
    for tick in clock::ticks(span, (width / 13).max(1)) {
        let at = (tick.part * (width - 1) as f64).round() as usize;
        let long = tick.label.chars().count();
        let begin = at.saturating_sub(long / 2).min(width.saturating_sub(long));
        let free = labels.chars().count();
        if begin < free + usize::from(free > 0) || long > width {
            continue;
        }
        axis[at] = '┬';
        labels.push_str(&" ".repeat(begin - free));
        labels.push_str(&tick.label);
    }
    let axis: String = axis.into_iter().collect();
    let _ = writeln!(lines, "{:>width$}{axis}", "└", width = GUTTER);
    let _ = writeln!(lines, "{:width$}{labels}", "", width = GUTTER);
    let ends = [span.from, span.to].map(text::minute);
    let ends = format!("{} to {} UTC", ends[0], ends[1]);
    let room = GUTTER + width;
    let indent = room.saturating_sub(ends.len()).min(GUTTER);
    let _ = writeln!(lines, "{:indent$}{}", "", text::short(&ends, room));
}
