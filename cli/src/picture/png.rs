//! A picture as PNG, on light paper.

use std::io;

use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::Picture;
use super::chart::{self, Anchor, Canvas, Ink, LETTERS, Place, Size};
use super::font::Font;
use super::palette;

/// How many pixels a picture has at most: as many as fit in 64 MB.
const PIXELS: u64 = 1 << 24;

/// Returns the picture as the content of a file.
pub(crate) fn draw(picture: &Picture, size: Size) -> io::Result<Vec<u8>> {
    let (width, height) = (size.width, size.height(picture.panels.len()));
    let is_small = u64::from(width) * u64::from(height) <= PIXELS;
    let pixmap = is_small.then(|| Pixmap::new(width, height)).flatten();
    let too_large = || {
        let message = format!(
            "a picture of {width} by {height} pixels is too large; see --width and --height"
        );
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    let mut pixmap = pixmap.ok_or_else(too_large)?;
    pixmap.fill(color(palette::light(None)));
    let mut png = Png {
        pixmap,
        font: Font::new()?,
    };
    chart::draw(picture, size, &mut png);
    png.pixmap.encode_png().map_err(io::Error::other)
}

/// The pixels, and the letters to write on them.
struct Png {
    pixmap: Pixmap,
    font: Font,
}

impl Png {
    fn fill(&mut self, path: Option<Path>, ink: Ink, opacity: f32) {
        if let Some(path) = path {
            let paint = paint(ink, opacity);
            let rule = FillRule::Winding;
            self.pixmap
                .fill_path(&path, &paint, rule, Transform::identity(), None);
        }
    }
}

impl Canvas for Png {
    fn line(&mut self, places: &[Place], ink: Ink) {
        let is_grid = ink == Ink::Grid;
        // A line of one pixel lies on pixels, not between them.
        let places = places.iter().map(|&(x, y)| match is_grid {
            true => (x.floor() + 0.5, y.floor() + 0.5),
            false => (x, y),
        });
        let stroke = Stroke {
            width: if is_grid { 1.0 } else { palette::LINE },
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = path(places).finish() {
            let paint = paint(ink, 1.0);
            self.pixmap
                .stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
    }

    fn area(&mut self, places: &[Place], ink: Ink) {
        let mut path = path(places.iter().copied());
        path.close();
        self.fill(path.finish(), ink, palette::AREA);
    }

    fn dot(&mut self, (x, y): Place, ink: Ink) {
        let around = Rect::from_ltrb(x - 2.5, y - 2.5, x + 2.5, y + 2.5);
        self.fill(around.and_then(PathBuilder::from_oval), ink, 1.0);
    }

    fn text(&mut self, (x, y): Place, anchor: Anchor, text: &str, ink: Ink) {
        let width = self.font.width(text, LETTERS);
        let begin = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let letters = self.font.path(text, LETTERS, (begin, y));
        self.fill(letters, ink, 1.0);
    }
}

fn path(places: impl Iterator<Item = Place>) -> PathBuilder {
    let mut path = PathBuilder::new();
    for (x, y) in places {
        match path.is_empty() {
            true => path.move_to(x, y),
            false => path.line_to(x, y),
        }
    }
    path
}

fn paint(ink: Ink, opacity: f32) -> Paint<'static> {
    let mut ink = color(palette::light(Some(ink)));
    ink.apply_opacity(opacity);
    let mut paint = Paint::default();
    paint.set_color(ink);
    paint
}

fn color(color: u32) -> Color {
    let [_, red, green, blue] = color.to_be_bytes();
    Color::from_rgba8(red, green, blue, 255)
}
