//! Pictures of streams: what they show, apart from how it is drawn, and what draws it.
//!
//! A [`Picture`] has a [`Panel`](panel::Panel) for each stream, one below the other on one axis
//! of time. [`braille`] draws it for a terminal; [`chart`] draws it on a [`canvas`](chart::Canvas),
//! of which there are two, [`svg`] and [`png`]; [`spark`] draws one stream small.

pub(crate) mod braille;
pub(crate) mod chart;
mod clock;
pub(crate) mod columns;
mod font;
pub(crate) mod palette;
pub(crate) mod panel;
pub(crate) mod png;
mod scale;
pub(crate) mod spark;
pub(crate) mod svg;

use self::columns::Span;
use self::panel::Panel;

/// What is drawn.
pub(crate) struct Picture {
    /// The axis of time of all panels; `None` if no stream has a row.
    pub(crate) span: Option<Span>,
    pub(crate) panels: Vec<Panel>,
}
