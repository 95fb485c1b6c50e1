//! A picture as SVG. It has the light colours or the dark ones, as the reader's system has.

use std::fmt::Write;

use super::Picture;
use super::chart::{self, Anchor, Canvas, Ink, LETTERS, Place, Size};
use super::palette;
use crate::text::{escaped, number};

/// Returns the picture as the content of a file.
pub(crate) fn draw(picture: &Picture, size: Size) -> String {
    let mut svg = Svg::default();
    chart::draw(picture, size, &mut svg);
    let (width, height) = (size.width, size.height(picture.panels.len()));
    let names = picture.panels.iter().map(|panel| escaped(&panel.name));
    let names: Vec<_> = names.collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n<style>\n{}\
         text{{font:{LETTERS}px system-ui,\"DejaVu Sans\",sans-serif}}\n</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
        names.join(", "),
        palette::style(),
        svg.elements
    )
}

/// The elements that were drawn.
#[derive(Default)]
struct Svg {
    elements: String,
}

impl Canvas for Svg {
    fn line(&mut self, places: &[Place], ink: Ink) {
        let class = palette::class(ink);
        // Writing to a string can't fail.
        let _ = writeln!(
            self.elements,
            "<path class=\"line {class}\" d=\"{}\"/>",
            path(places)
        );
    }

    fn area(&mut self, places: &[Place], ink: Ink) {
        let class = palette::class(ink);
        let _ = writeln!(
            self.elements,
            "<path class=\"area {class}\" d=\"{}z\"/>",
            path(places)
        );
    }

    fn dot(&mut self, place: Place, ink: Ink) {
        let class = palette::class(ink);
        let (x, y) = (tenths(place.0), tenths(place.1));
        let _ = writeln!(
            self.elements,
            "<circle class=\"dot {class}\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/>"
        );
    }

    fn text(&mut self, place: Place, anchor: Anchor, text: &str, ink: Ink) {
        let class = palette::class(ink);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y) = (tenths(place.0), tenths(place.1));
        let text = escaped(text);
        let _ = writeln!(
            self.elements,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"
        );
    }
}

/// Returns a path through these places.
pub(super) fn path(places: &[Place]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let sign = if index == 0 { "M" } else { "L" };
        let _ = write!(path, "{sign}{} {}", tenths(*x), tenths(*y));
    }
    path
}

/// Returns the number with at most one digit behind the point.
fn tenths(pixels: f32) -> String {
    let tenths = (f64::from(pixels) * 10.0).round() / 10.0;
    // 0 may have a sign.
    number(tenths + 0.0)
}
