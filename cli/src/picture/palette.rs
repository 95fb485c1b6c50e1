//! Colours, for light and for dark paper. Those of providers can be told apart by people who
//! are blind to some colours (after Okabe and Ito), and differ in lightness too.

use std::fmt::Write;

use super::chart::Ink;

/// Red, green and blue.
type Color = u32;

/// A colour for each ink.
struct Palette {
    paper: Color,
    text: Color,
    label: Color,
    grid: Color,
    gap: Color,
    series: [Color; 7],
}

const LIGHT: Palette = Palette {
    paper: 0xffffff,
    text: 0x1a1a1a,
    label: 0x5a5a5a,
    grid: 0xe4e4e4,
    gap: 0x9a9a9a,
    series: [
        0x0072b2, 0xd55e00, 0x007a5a, 0xa94e85, 0x8a6a00, 0x333333, 0x808080,
    ],
};

const DARK: Palette = Palette {
    paper: 0x15181c,
    text: 0xf0f0f0,
    label: 0xa8adb3,
    grid: 0x2b3036,
    gap: 0x8a9199,
    series: [
        0x56b4e9, 0xf08a3c, 0x2bc4a0, 0xe59ac4, 0xf0e442, 0xeeeeee, 0x999999,
    ],
};

/// How much of what lies below an area is hidden, of 1.
pub(super) const AREA: f32 = 0.25;
/// How wide a line of rows is.
pub(super) const LINE: f32 = 1.4;

/// Returns the colour of an ink on light paper; without an ink that of the paper.
pub(super) fn light(ink: Option<Ink>) -> Color {
    match ink {
        None => LIGHT.paper,
        Some(Ink::Text) => LIGHT.text,
        Some(Ink::Label) => LIGHT.label,
        Some(Ink::Grid) => LIGHT.grid,
        Some(Ink::Gap) => LIGHT.gap,
        Some(Ink::Series(number)) => LIGHT.series[number % LIGHT.series.len()],
    }
}

/// Returns the class that an ink has in SVG.
pub(super) fn class(ink: Ink) -> String {
    match ink {
        Ink::Text => "text".to_owned(),
        Ink::Label => "label".to_owned(),
        Ink::Grid => "grid".to_owned(),
        Ink::Gap => "gap".to_owned(),
        Ink::Series(number) => format!("s{}", number % LIGHT.series.len()),
    }
}

/// Returns the style of these classes, for a picture or a page.
pub(crate) fn style() -> String {
    let colors = |palette: &Palette| {
        let mut colors = format!(
            "--paper:#{:06x};--text:#{:06x};--label:#{:06x};--grid:#{:06x};--gap:#{:06x}",
            palette.paper, palette.text, palette.label, palette.grid, palette.gap
        );
        for (number, color) in palette.series.iter().enumerate() {
            // Writing to a string can't fail.
            let _ = write!(colors, ";--s{number}:#{color:06x}");
        }
        colors
    };
    let mut style = format!(
        ":root{{color-scheme:light dark;{}}}\n\
         @media(prefers-color-scheme:dark){{:root{{{}}}}}\n\
         .paper{{fill:var(--paper)}}.text{{fill:var(--text)}}.label{{fill:var(--label)}}\n\
         .line{{fill:none;stroke-width:{LINE};stroke-linejoin:round}}.line.grid{{stroke-width:1;stroke:var(--grid)}}\n\
         .area{{fill-opacity:{AREA}}}.area.gap{{fill:var(--gap)}}\n",
        colors(&LIGHT),
        colors(&DARK)
    );
    for number in 0..LIGHT.series.len() {
        let _ = writeln!(
            style,
            ".line.s{number}{{stroke:var(--s{number})}}.area.s{number},.dot.s{number}{{fill:var(--s{number})}}"
        );
    }
    style
}
