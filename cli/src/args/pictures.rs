//! The arguments of commands that draw.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

use super::read::Range;

/// Draw streams: in the terminal, or into an SVG or PNG file
///
/// Each stream has its own axis of values, and all have one axis of time. Where there are more
/// rows than dots or pixels, a band reaches from the least to the greatest value. A line ends
/// at a gap: a step to the next row of more than one and a half times the median step of the stream. If
/// rows come from several providers, these have colours, and letters in the terminal. A file gets
/// its name once it is complete; if the command is killed, a hidden file beside it may be left,
/// `.satori-store.partial-` and letters.
#[derive(Debug, clap::Args)]
pub(crate) struct Plot {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The streams' uuids, or their names (if several have one, the most recently synced)
    #[arg(required = true, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Draw into this file, an SVG or a PNG by its ending [default: the terminal]
    #[arg(long, short, value_name = "FILE",
        value_parser = PathBufValueParser::new().try_map(PictureFile::new))]
    pub(crate) output: Option<PictureFile>,
    /// Write over the file if it exists
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// How wide: in characters [default: the terminal, else 80], or in pixels of a file
    /// [default: 960]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=8_000))]
    pub(crate) width: Option<u32>,
    /// How high each stream is: in lines [default: 16, of several streams 8], or in pixels of a
    /// file, 80 at least [default: 300, of several streams 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=4_000))]
    pub(crate) height: Option<u32>,
    /// Leave out rows that can't be read, instead of failing at the first
    #[arg(long)]
    pub(crate) skip_unreadable: bool,
}

/// What a picture is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawn {
    Svg,
    Png,
}

/// The file of a picture.
#[derive(Clone, Debug)]
pub(crate) struct PictureFile {
    pub(crate) path: PathBuf,
    pub(crate) drawn: Drawn,
}

impl PictureFile {
    /// Returns the file of this name, if its ending says what it is.
    fn new(path: PathBuf) -> Result<Self, String> {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let drawn = match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("svg") => Drawn::Svg,
            Some("png") => Drawn::Png,
            _ => return Err("expected a file that ends in .svg or .png".to_owned()),
        };
        Ok(Self { path, drawn })
    }
}

/// Write one page about all streams: rows, last seen, gaps, chain, a picture of each
///
/// The page is one HTML file that loads nothing from elsewhere and runs no script. It is
/// readable on a telephone, and dark where the reader's system is. A gap is a step from one row
/// to the next of more than one and a half times the median step of the stream. The exit code is
/// 1 if rows are suspect, or foreign between verified rows, or differ from a digest, as that of
/// verify, or can't be read, and that of the error if a stream can't be; the page is written all
/// the same. It gets its name once it is complete; if the command is killed, a hidden file beside it is left,
/// `.satori-store.partial-` and letters.
#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The page; `-` for standard output, where nothing else is printed then
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write over the page if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Don't check the hash chains, which takes most of the time
    #[arg(long)]
    pub(crate) no_verify: bool,
}
