//! The letters of a picture of pixels. The font comes with the program: a server may have none,
//! and a picture is the same on each machine. It has Latin, Greek, Cyrillic and more; a letter
//! that it lacks is drawn as a box.

use std::io;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::chart::Place;

pub(super) struct Font {
    face: Face<'static>,
}

impl Font {
    /// Returns the font.
    pub(super) fn new() -> io::Result<Self> {
        let face = Face::parse(dejavu::sans::regular(), 0).map_err(io::Error::other)?;
        Ok(Self { face })
    }

    /// Returns how wide the text is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let glyphs = text.chars().map(|letter| self.glyph(letter));
        glyphs.map(|glyph| self.advance(glyph, size)).sum()
    }

    /// Returns the outlines of the text, whose base line begins at the place; `None` if it has
    /// none, as blanks do.
    pub(super) fn path(&self, text: &str, size: f32, place: Place) -> Option<Path> {
        let mut outlines = Outlines {
            path: PathBuilder::new(),
            scale: self.scale(size),
            place,
        };
        for letter in text.chars() {
            let glyph = self.glyph(letter);
            self.face.outline_glyph(glyph, &mut outlines);
            outlines.place.0 += self.advance(glyph, size);
        }
        outlines.path.finish()
    }

    fn glyph(&self, letter: char) -> GlyphId {
        self.face.glyph_index(letter).unwrap_or_default()
    }

    fn advance(&self, glyph: GlyphId, size: f32) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default()) * self.scale(size)
    }

    fn scale(&self, size: f32) -> f32 {
        size / f32::from(self.face.units_per_em())
    }
}

/// Outlines, made of those of the font.
struct Outlines {
    path: PathBuilder,
    scale: f32,
    place: Place,
}

impl Outlines {
    fn at(&self, x: f32, y: f32) -> Place {
        (self.place.0 + x * self.scale, self.place.1 - y * self.scale)
    }
}

impl OutlineBuilder for Outlines {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.at(x1, y1), self.at(x2, y2));
        let (x, y) = self.at(x, y);
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
