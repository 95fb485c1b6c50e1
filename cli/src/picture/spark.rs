//! A stream drawn small, for a page with many: three elements of one path each, and about 20
//! bytes for each column of rows.

use std::fmt::Write;

use super::columns::{Column, Span};
use super::panel::Panel;
use super::scale::Scale;

/// Its size in its own units, which the page stretches as it likes. They are whole numbers, so
/// that a place takes few characters.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;

/// Returns the picture as an element of HTML, which has the classes of
/// [`palette`](super::palette); empty if there is no row.
pub(crate) fn draw(panel: &Panel, span: Span) -> String {
    let (columns, limit) = (&panel.all, panel.limit());
    let Some((least, greatest)) = columns.values() else {
        return String::new();
    };
    let frame = Frame {
        span,
        scale: Scale::new(least, greatest),
    };
    let (mut lines, mut areas, mut gaps) = (Pen::default(), Pen::default(), Pen::default());
    for run in columns.runs(limit) {
        if run.columns.iter().any(|column| column.rows > 1) {
            let upper = run
                .columns
                .iter()
                .map(|column| frame.place(column, column.max));
            let lower = run
                .columns
                .iter()
                .map(|column| frame.place(column, column.min));
            areas.through(upper.chain(lower.rev()));
            areas.path.push('z');
        }
        lines.through(
            run.columns
                .iter()
                .map(|column| frame.place(column, column.mean)),
        );
        if let [_] = run.columns[..] {
            // A line of no length has round ends: a dot.
            lines.path.push_str("h0");
        }
    }
    for (from, to) in columns.gaps(limit) {
        let [from, to] = [from, to].map(|ts| (span.part(ts) * WIDTH).round());
        gaps.through([(from, 0.0), (to, 0.0), (to, HEIGHT), (from, HEIGHT)].into_iter());
        gaps.path.push('z');
    }
    let mut svg = format!(
        "<svg class=\"spark\" viewBox=\"0 -6 {WIDTH} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        HEIGHT + 12.0
    );
    for (class, pen) in [("area gap", gaps), ("area s0", areas), ("line s0", lines)] {
        if !pen.path.is_empty() {
            // Writing to a string can't fail.
            let _ = write!(svg, "<path class=\"{class}\" d=\"{}\"/>", pen.path);
        }
    }
    svg + "</svg>"
}

/// Where rows lie.
struct Frame {
    span: Span,
    scale: Scale,
}

impl Frame {
    fn place(&self, column: &Column, value: f64) -> (f64, f64) {
        let x = self.span.part(column.middle()) * WIDTH;
        let y = (1.0 - self.scale.part(value)) * HEIGHT;
        (x.round(), y.round())
    }
}

/// A path that is written.
#[derive(Default)]
struct Pen {
    path: String,
}

impl Pen {
    /// Adds a line through these places, each given by how far it is from the one before.
    fn through(&mut self, places: impl Iterator<Item = (f64, f64)>) {
        let mut before = None;
        for (x, y) in places {
            let _ = match before {
                None => write!(self.path, "M{x} {y}"),
                Some((from_x, from_y)) => write!(self.path, "l{} {}", x - from_x, y - from_y),
            };
            before = Some((x, y));
        }
    }
}
