//! The page in HTML. All text that others wrote goes through `maud`, which escapes it; and the
//! page's policy lets no script run and nothing be loaded, whatever stands in it.

use std::path::Path;
use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use satori_store::{Digest, Location, Timestamp, sqlite_info};

use super::entry::Entry;
use super::{Totals, bytes_of};
use crate::picture::palette;
use crate::text::{self, count, counted, duration, minute, number, short};

/// What the browser may load and run: the style and the icon in the page itself.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
/// The page's own style; colours are those of pictures.
const STYLE: &str = include_str!("page.css");
/// The end of the page.
pub(super) const END: &str = "</main></body></html>\n";
/// How many streams in trouble are named above the others.
const TROUBLED: usize = 50;
/// How many characters of a text are shown.
const TEXT: usize = 300;

/// What stands above the streams.
pub(super) struct Summary<'a> {
    db: &'a Path,
    generated: Timestamp,
    /// The first streams in trouble: their number, name and troubles.
    troubled: Vec<(u64, String, Vec<String>)>,
    /// How many there are.
    in_trouble: u64,
}

impl<'a> Summary<'a> {
    pub(super) fn new(db: &'a Path, generated: Timestamp) -> Self {
        Self {
            db,
            generated,
            troubled: Vec::new(),
            in_trouble: 0,
        }
    }

    /// Notes the stream of this number if it is in trouble.
    pub(super) fn note(&mut self, entry: &Entry, number: u64) {
        let troubles = entry.troubles();
        if troubles.is_empty() {
            return;
        }
        self.in_trouble += 1;
        if self.troubled.len() < TROUBLED {
            let name = short(entry.stream.name_or_uuid(), TEXT);
            self.troubled.push((number, name, troubles));
        }
    }

    /// Returns the beginning of the page.
    pub(super) fn head(&self, totals: &Totals) -> Markup {
        let db = short(&text::place(self.db), TEXT);
        let title = format!("Report of {db}");
        let is_file = Location::from(self.db).path().is_some();
        let chain = |rows: Option<u64>| rows.map_or("not verified".to_owned(), count);
        html! {
            (DOCTYPE)
            (PreEscaped("<html lang=\"en\"><head>"))
            meta charset="utf-8";
            meta name="viewport" content="width=device-width,initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="color-scheme" content="light dark";
            // Without an icon of its own, a browser asks the server for one.
            link rel="icon" href="data:,";
            title { (title) }
            style { (PreEscaped(palette::style())) (PreEscaped(STYLE)) }
            (PreEscaped("</head><body>"))
            header {
                h1 { (db) }
                dl.facts {
                    (fact("streams", &count(totals.streams)))
                    (fact("rows", &count(totals.rows)))
                    (fact("unreadable", &count(totals.unreadable)))
                    (fact("gaps", &count(totals.gaps)))
                    (fact("verified", &chain(totals.verified)))
                    (fact("foreign", &chain(totals.foreign)))
                    (fact("suspect", &chain(totals.suspect)))
                    @if is_file {
                        (fact("size", &counted(bytes_of(self.db), "byte")))
                    }
                }
                p.small {
                    "Generated " (instant(self.generated)) " by satori-store "
                    (env!("CARGO_PKG_VERSION"))
                    @if is_file { " with SQLite " (sqlite_info().version) }
                    ". "
                    "Times are UTC. A gap is a step from one row to the next of more than "
                    "one and a half times the median step of the stream; pictures show it in grey."
                }
                @if self.in_trouble > 0 {
                    section.trouble {
                        h2 { (counted(self.in_trouble, "stream")) " to look at" }
                        ul {
                            @for (number, name, troubles) in &self.troubled {
                                li { a href={ "#s" (number) } { (name) } ": " (listed(troubles)) }
                            }
                            @if self.in_trouble > self.troubled.len() as u64 {
                                li { "and " (count(self.in_trouble - self.troubled.len() as u64)) " more" }
                            }
                        }
                    }
                }
            }
            (PreEscaped("<main>\n"))
        }
    }
}

/// Returns what the page shows of a stream.
pub(super) fn article(entry: &Entry, number: u64, now: Timestamp) -> Markup {
    let stream = entry.stream.metadata.as_ref();
    let name = short(entry.stream.name_or_uuid(), TEXT);
    let troubles = entry.troubles();
    let texts = stream.map(|stream| {
        [
            ("author", &stream.author),
            ("secondary", &stream.secondary),
            ("target", &stream.target),
            ("description", &stream.description),
        ]
    });
    let texts = texts.into_iter().flatten();
    let texts = texts.filter_map(|(label, text)| Some((label, text.as_ref()?)));
    html! {
        article id={ "s" (number) } {
            h2 { (name) }
            p.small.uuid { (short(entry.stream.uuid.as_str(), TEXT)) }
            @if !troubles.is_empty() { p.trouble { (listed(&troubles)) } }
            @if let Some(span) = entry.span {
                figure {
                    (PreEscaped(&entry.picture))
                    figcaption.small { span { (minute(span.from)) } span { (minute(span.to)) } }
                }
            }
            dl.facts {
                (fact("rows", &count(entry.rows)))
                @if let Some(span) = entry.span {
                    div { dt { "last seen" } dd { (instant(span.to)) @if let Some(age) = entry.age(now) { ", " (about(age)) " ago" } } }
                }
                @if let Some((least, greatest)) = entry.values {
                    (fact("values", &format!("{} to {}", self::number(least), self::number(greatest))))
                }
                @if let Some(step) = entry.step { (fact("median step", &duration(step))) }
                (fact("gaps", &gaps_of(entry)))
                @if let Some(chain) = &entry.chain {
                    (fact("chain", &format!("{} verified, {} foreign, {} suspect",
                        count(chain.verified), count(chain.foreign as u64), count(chain.suspect as u64))))
                    @if chain.digest == Digest::Matches { (fact("digest", "matches")) }
                }
                @if !entry.providers.is_empty() { (fact("providers", &providers(entry))) }
                @for (label, text) in texts { (fact(label, &short(text, TEXT))) }
                @if stream.is_none() { (fact("metadata", "none")) }
            }
        }
        "\n"
    }
}

fn fact(label: &str, text: &str) -> Markup {
    html! { div { dt { (label) } dd { (text) } } }
}

fn instant(ts: Timestamp) -> Markup {
    html! { time datetime=(ts) { (minute(ts)) } }
}

/// Returns troubles as one text, which can't steer a terminal or turn the direction of text.
fn listed(troubles: &[String]) -> String {
    short(&troubles.join("; "), TEXT)
}

/// Returns a duration in its greatest unit.
fn about(age: Duration) -> String {
    let text = duration(Duration::from_secs(age.as_secs()));
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Returns the number of gaps and the longest of them.
fn gaps_of(entry: &Entry) -> String {
    let mut text = count(entry.gaps);
    for (index, gap) in entry.longest.iter().enumerate() {
        text.push_str(if index == 0 { ": " } else { "; " });
        text.push_str(&format!(
            "{} from {}",
            duration(gap.length()),
            minute(gap.from)
        ));
    }
    if entry.gaps > entry.longest.len() as u64 {
        text.push_str("; …");
    }
    text
}

fn providers(entry: &Entry) -> String {
    let providers = entry.providers.iter();
    let providers = providers.map(|(name, rows)| format!("{} {}", short(name, 40), count(*rows)));
    providers.collect::<Vec<_>>().join(", ")
}
