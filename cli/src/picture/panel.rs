//! What is drawn of one stream: its columns, those of each provider, and its gaps.

use satori_store::{Error, Observation, Timestamp};

use super::columns::{Columns, Point, Span};
use crate::gaps::{Limit, Steps};

/// How many providers are told apart; the rest are one series.
pub(crate) const PROVIDERS: usize = 6;
/// What the rest are called.
const OTHERS: &str = "others";

/// A stream as it is drawn.
pub(crate) struct Panel {
    /// The stream's name, or its uuid if it has none.
    pub(crate) name: String,
    /// All rows in the range.
    pub(crate) all: Columns,
    /// The rows of each provider, in the order in which they come.
    pub(crate) providers: Vec<(String, Columns)>,
    /// All steps of the stream, those beyond the range too.
    pub(crate) steps: Steps,
}

impl Panel {
    /// Returns a stream without rows.
    pub(crate) fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            all: Columns::default(),
            providers: Vec::new(),
            steps: Steps::default(),
        }
    }

    /// Walks along all rows of a stream, since the median of all steps says what a gap is, and
    /// sums up those in the range.
    pub(crate) fn read(
        name: &str,
        rows: impl Iterator<Item = Result<Observation, Error>>,
        span: Span,
        width: usize,
    ) -> Result<Self, Error> {
        let mut panel = Self {
            all: Columns::new(span, width),
            ..Self::empty(name)
        };
        let mut lead = None;
        for row in rows {
            let row = row?;
            panel.steps.push(row.ts);
            let point = Point {
                ts: row.ts,
                value: row.value,
            };
            if span.contains(row.ts) {
                panel.all.push(point, lead);
                panel.provider(&row.provider, span, width).push(point, lead);
            }
            lead = Some(point);
        }
        Ok(panel)
    }

    /// Returns the columns of a provider.
    fn provider(&mut self, provider: &str, span: Span, width: usize) -> &mut Columns {
        let providers = &mut self.providers;
        let known = providers.iter().position(|(name, _)| name == provider);
        let place = known.unwrap_or_else(|| {
            let name = match providers.len() {
                0..PROVIDERS => provider,
                PROVIDERS => OTHERS,
                _ => return PROVIDERS,
            };
            providers.push((name.to_owned(), Columns::new(span, width)));
            providers.len() - 1
        });
        &mut providers[place].1
    }

    /// Returns the longest step that is no gap.
    pub(crate) fn limit(&self) -> Option<Limit> {
        self.steps.limit()
    }

    /// Returns the gaps that are wide enough to be seen.
    pub(crate) fn gaps(&self) -> Vec<(Timestamp, Timestamp)> {
        self.all.gaps(self.limit())
    }
}
