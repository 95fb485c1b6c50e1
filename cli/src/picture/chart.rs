//! A picture on a canvas of pixels: panels with axes, labels and legends.

use super::Picture;
use super::clock;
use super::columns::{Columns, Point, Span};
use super::panel::Panel;
use super::scale::Scale;
use crate::text;

/// A place: pixels from the left and from the top.
pub(crate) type Place = (f32, f32);

/// What a thing is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    /// The labels of axes.
    Label,
    Grid,
    Gap,
    /// A provider, by its number.
    Series(usize),
}

/// Which end of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// What a picture is drawn on.
pub(crate) trait Canvas {
    /// Draws a line through these places.
    fn line(&mut self, places: &[Place], ink: Ink);
    /// Fills the area between these places so that what lies below it can be seen.
    fn area(&mut self, places: &[Place], ink: Ink);
    /// Draws a dot.
    fn dot(&mut self, place: Place, ink: Ink);
    /// Writes text. The place is at its base line.
    fn text(&mut self, place: Place, anchor: Anchor, text: &str, ink: Ink);
}

/// The size of letters.
pub(crate) const LETTERS: f32 = 12.0;
/// A letter is about this wide.
const LETTER: f32 = 7.0;
const MARGIN: f32 = 14.0;
/// The title of a panel.
const TITLE: f32 = 26.0;
/// The labels of the axis of time, and its ends below them.
const FOOT: f32 = 46.0;
/// Where columns are this far apart, each has a dot.
const APART: f32 = 8.0;

/// How large the picture is, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) width: u32,
    /// Of each panel.
    pub(crate) panel: u32,
}

impl Size {
    /// Returns how high a picture of so many panels is.
    pub(crate) fn height(self, panels: usize) -> u32 {
        let panels = u32::try_from(panels).unwrap_or(u32::MAX);
        self.panel
            .saturating_mul(panels)
            .saturating_add(FOOT as u32)
    }

    /// Returns how many columns of rows can be told apart.
    pub(crate) fn columns(self) -> usize {
        self.width as usize
    }
}

/// Draws the picture.
pub(crate) fn draw(picture: &Picture, size: Size, canvas: &mut impl Canvas) {
    let scaled = picture.panels.iter().map(|panel| {
        let values = panel.all.values();
        values.map(|(least, greatest)| Scale::new(least, greatest))
    });
    let scales: Vec<_> = scaled.collect();
    let about = (size.panel as usize / 40).max(2);
    let labels = scales.iter().flatten().flat_map(|scale| scale.ticks(about));
    let longest = labels
        .map(|tick| tick.label.chars().count())
        .max()
        .unwrap_or(0);
    let left = MARGIN + longest as f32 * LETTER + 6.0;
    let right = size.width as f32 - MARGIN;
    for (number, (panel, scale)) in picture.panels.iter().zip(scales).enumerate() {
        let top = number as f32 * size.panel as f32 + TITLE;
        let bottom = (number + 1) as f32 * size.panel as f32 - 4.0;
        let title = text::short(&panel.name, ((right - left) / LETTER / 2.0) as usize);
        canvas.text((left, top - 9.0), Anchor::Start, &title, Ink::Text);
        let (Some(span), Some(scale)) = (picture.span, scale) else {
            let middle = (top + bottom) / 2.0;
            let text = "no rows in this range";
            canvas.text((left, middle), Anchor::Start, text, Ink::Label);
            continue;
        };
        legend(panel, (right, top - 9.0), (right - left) / 2.0, canvas);
        let frame = Frame {
            left,
            right,
            top,
            bottom,
            span,
            scale,
        };
        frame.axes(about, canvas);
        frame.gaps(panel, canvas);
        for (number, (_, columns)) in panel.providers.iter().enumerate() {
            frame.series(columns, panel, Ink::Series(number), canvas);
        }
    }
    if let Some(span) = picture.span {
        let foot = size.height(picture.panels.len()) as f32 - FOOT;
        let most = ((right - left) / 90.0).max(1.0) as usize;
        for tick in clock::ticks(span, most) {
            let x = left + tick.part as f32 * (right - left);
            // Half of a label may lie beyond the axis, but not beyond the picture.
            let half = tick.label.chars().count() as f32 * LETTER / 2.0;
            let x = x.clamp(half, (size.width as f32 - half).max(half));
            canvas.text((x, foot + 12.0), Anchor::Middle, &tick.label, Ink::Label);
        }
        let ends = [span.from, span.to].map(text::minute);
        let ends = format!("{} to {} UTC", ends[0], ends[1]);
        canvas.text((left, foot + 34.0), Anchor::Start, &ends, Ink::Label);
    }
}

/// Writes the providers at the right of the title, if there are several.
fn legend(panel: &Panel, place: Place, room: f32, canvas: &mut impl Canvas) {
    if panel.providers.len() < 2 {
        return;
    }
    let letters = room / LETTER / panel.providers.len() as f32 - 4.0;
    let mut x = place.0;
    for (number, (name, _)) in panel.providers.iter().enumerate().rev() {
        let name = text::short(name, letters.max(3.0) as usize);
        canvas.text((x, place.1), Anchor::End, &name, Ink::Label);
        x -= name.chars().count() as f32 * LETTER + 8.0;
        canvas.dot((x, place.1 - 4.0), Ink::Series(number));
        x -= 14.0;
    }
}

/// Where the rows of a panel are drawn.
struct Frame {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    span: Span,
    scale: Scale,
}

impl Frame {
    fn x(&self, part: f64) -> f32 {
        self.left + part as f32 * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f32 {
        self.bottom - self.scale.part(value) as f32 * (self.bottom - self.top)
    }

    fn place(&self, point: Point) -> Place {
        (self.x(self.span.part(point.ts)), self.y(point.value))
    }

    fn axes(&self, about: usize, canvas: &mut impl Canvas) {
        for tick in self.scale.ticks(about) {
            let y = self.bottom - tick.part as f32 * (self.bottom - self.top);
            canvas.line(&[(self.left, y), (self.right, y)], Ink::Grid);
            canvas.text(
                (self.left - 6.0, y + 4.0),
                Anchor::End,
                &tick.label,
                Ink::Label,
            );
        }
        let most = ((self.right - self.left) / 90.0).max(1.0) as usize;
        for tick in clock::ticks(self.span, most) {
            let x = self.x(tick.part);
            canvas.line(&[(x, self.top), (x, self.bottom)], Ink::Grid);
        }
    }

    fn gaps(&self, panel: &Panel, canvas: &mut impl Canvas) {
        for (from, to) in panel.gaps() {
            let [from, to] = [from, to].map(|ts| self.x(self.span.part(ts)));
            let corners = [
                (from, self.top),
                (to, self.top),
                (to, self.bottom),
                (from, self.bottom),
            ];
            canvas.area(&corners, Ink::Gap);
        }
    }

    /// Draws a provider's rows: a line through the means, and a band from the least to the
    /// greatest value, where there are more rows than pixels.
    fn series(&self, columns: &Columns, panel: &Panel, ink: Ink, canvas: &mut impl Canvas) {
        let width = self.right - self.left;
        let has_dots = columns.filled().count() as f32 * APART < width;
        for run in columns.runs(panel.limit()) {
            if run.columns.iter().any(|column| column.rows > 1) {
                let x = |ts| self.x(self.span.part(ts));
                let upper = run.columns.iter().map(|c| (x(c.middle()), self.y(c.max)));
                let lower = run.columns.iter().map(|c| (x(c.middle()), self.y(c.min)));
                let mut edge: Vec<Place> = upper.chain(lower.rev()).collect();
                if let [above, below] = edge[..] {
                    // A single column is as wide as a pixel.
                    let left_and_right = [(-0.5, above), (0.5, above), (0.5, below), (-0.5, below)];
                    edge = left_and_right.map(|(by, (x, y))| (x + by, y)).into();
                }
                canvas.area(&edge, ink);
            }
            let means = run.columns.iter().map(|column| Point {
                ts: column.middle(),
                value: column.mean,
            });
            let points: Vec<_> = run
                .lead
                .into_iter()
                .chain(means)
                .map(|p| self.place(p))
                .collect();
            if points.len() > 1 {
                canvas.line(&points, ink);
            }
            for column in &run.columns {
                if column.rows == 1 && (has_dots || run.lone().is_some()) {
                    canvas.dot(self.place(column.first), ink);
                }
            }
        }
    }
}
