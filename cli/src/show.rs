//! `satori-store show`: one stream.

use comfy_table::Cell;
use satori_store::{Error, Statistics, Stream, StreamUuid, Timestamp};
use serde::Serialize;

use crate::args::{Global, Show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::progress::Progress;
use crate::select::{self, is_of_stream};
use crate::text::{self, counted, number};
use crate::verify::Chain;

/// The number of characters shown of a text.
const TEXT_LIMIT: usize = 400;
/// The number of providers shown.
const PROVIDERS_SHOWN: usize = 8;

#[derive(Serialize)]
struct Report {
    uuid: StreamUuid,
    metadata: Option<Stream>,
    /// The other streams that have the given name.
    others_of_this_name: Vec<StreamUuid>,
    rows: u64,
    /// The number of rows that can't be read. No number below
    /// includes them.
    unreadable: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    mean: Option<f64>,
    /// The median of the times from one row to the next.
    spacing_seconds: Option<f64>,
    /// The number of times the next row came later than one and a half spacings.
    gaps: u64,
    providers: Vec<Provider>,
    /// Null if the rows can't be read; standard error says why.
    chain: Option<Chain>,
    #[serde(skip)]
    statistics: Statistics,
}

#[derive(Serialize)]
struct Provider {
    provider: String,
    rows: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Show, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.read(&args.db)?;
    let selected = select::one(&store, &args.stream, output)?;
    let progress = Progress::each(1);
    progress.turn_to(&selected.label());
    let statistics = store.statistics(&selected.uuid)?;
    let (chain, error) = match store.verify(&selected.uuid) {
        Ok(found) => (Some(Chain::from(found)), None),
        Err(error) if is_of_stream(&error) => (None, Some(error)),
        Err(error) => return Err(error.into()),
    };
    drop(progress);
    let readable = statistics.count.saturating_sub(statistics.unreadable);
    let providers = statistics.providers.iter();
    let report = Report {
        uuid: selected.uuid,
        metadata: selected.metadata,
        others_of_this_name: selected.others,
        rows: statistics.count,
        unreadable: statistics.unreadable,
        first: statistics.first,
        last: statistics.last,
        minimum: statistics.minimum,
        maximum: statistics.maximum,
        mean: (readable > 0).then(|| statistics.sum / readable as f64),
        spacing_seconds: statistics.spacing.map(|spacing| spacing.as_secs_f64()),
        gaps: statistics.gaps,
        providers: providers
            .map(|(provider, rows)| Provider {
                provider: provider.clone(),
                rows: *rows,
            })
            .collect(),
        chain,
        statistics,
    };
    output.report(&report, || report.text(output, error.as_ref()))?;
    match error {
        Some(error) => Err(error.into()),
        None => Ok(Exit::Done),
    }
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output, error: Option<&Error>) -> String {
        let mut table = output.table(&[]);
        for (label, text) in self.metadata_lines().into_iter().chain(self.lines(error)) {
            let label = Cell::new(label).fg(comfy_table::Color::DarkGrey);
            table.add_row([label, output::cell(&text, TEXT_LIMIT)]);
        }
        let title = self
            .metadata
            .as_ref()
            .and_then(|stream| stream.name.as_deref());
        let title = text::short(title.unwrap_or(self.uuid.as_str()), TEXT_LIMIT);
        format!("{}\n{}", output.strong(&title), output::render(table))
    }

    /// Returns the labels and texts of the metadata.
    fn metadata_lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("uuid", self.uuid.to_string())];
        let Some(stream) = &self.metadata else {
            lines.push((
                "metadata",
                "none; it comes with the next payload".to_owned(),
            ));
            return lines;
        };
        let fields = [
            (
                "id at the server",
                stream.server_stream_id.map(|id| id.to_string()),
            ),
            ("author", stream.author.clone()),
            ("secondary", stream.secondary.clone()),
            ("target", stream.target.clone()),
            ("meta", stream.meta.clone()),
            ("description", stream.description.clone()),
            ("last synced", Some(instant(stream.last_synced))),
            ("created", Some(instant(stream.created_at))),
        ];
        lines.extend(
            fields
                .into_iter()
                .filter_map(|(label, text)| Some((label, text?))),
        );
        lines
    }

    /// Returns the labels and texts of the rows and the chain.
    fn lines(&self, error: Option<&Error>) -> Vec<(&'static str, String)> {
        let mut lines = vec![("rows", text::count(self.rows))];
        if self.unreadable > 0 {
            lines.push(("unreadable", counted(self.unreadable, "row")));
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            lines.push(("first", first.to_string()));
            lines.push(("last", last.to_string()));
        }
        if let (Some(minimum), Some(maximum), Some(mean)) = (self.minimum, self.maximum, self.mean)
        {
            let values = format!("{} to {}, mean {mean:.6}", number(minimum), number(maximum));
            lines.push(("values", values));
        }
        if let Some(spacing) = self.statistics.spacing {
            lines.push(("spacing", text::duration(spacing)));
            lines.push(("gaps", text::count(self.gaps)));
        }
        if !self.providers.is_empty() {
            let mut shown: Vec<_> = self
                .providers
                .iter()
                .take(PROVIDERS_SHOWN)
                .map(|provider| {
                    format!(
                        "{} {}",
                        text::short(&provider.provider, 40),
                        text::count(provider.rows)
                    )
                })
                .collect();
            if self.providers.len() > PROVIDERS_SHOWN {
                let more = self.providers.len() - PROVIDERS_SHOWN;
                shown.push(format!("and {more} more"));
            }
            lines.push(("providers", shown.join(", ")));
        }
        match (&self.chain, error) {
            (Some(chain), _) => lines.push((
                "chain",
                format!(
                    "{} verified, {} foreign, {} suspect",
                    text::count(chain.verified),
                    text::count(chain.foreign as u64),
                    text::count(chain.suspect as u64)
                ),
            )),
            (None, Some(_)) => lines.push(("chain", "cannot be read".to_owned())),
            (None, None) => {}
        }
        lines
    }
}

/// Returns the instant as text, or "never".
fn instant(ts: Option<Timestamp>) -> String {
    ts.map_or_else(|| "never".to_owned(), |ts| ts.to_string())
}
