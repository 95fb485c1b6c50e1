//! Verification of a stream's hash chain.

use super::digest::Digest;
use super::hash::chain;
use super::python_repr::python_repr;
use super::row::RowRef;
use super::time::Timestamp;

/// What a walk along a stream's hash chain found.
///
/// A row is *verified* if its hash is the one that the store computes from its
/// timestamp (in one of the [spellings](Self::SPELLINGS)), its value and the hash of the
/// row before it (or of the last verified row, past rows that arrived late). It is
/// *suspect* if it fails although the row before is verified and the row after verifies
/// on its hash: its content has changed since it was hashed, or an observation between it
/// and the row before was never stored. Any other row is *foreign*: its hash was computed
/// in another way, as a server may do, or the row arrived late.
///
/// The first row of a stream has no hash before it to verify on. If it fails it is
/// foreign, because it may have changed or the chain may have begun earlier.
///
/// # What it can't see
/// If all rows of a stream verify and then one is changed, this is what is found. A timestamp
/// that was changed is still the next in time.
///
/// | changed | first row | a row between | last but one | last row |
/// |---|---|---|---|---|
/// | `ts` | 1 foreign | 1 suspect | 1 suspect | 1 foreign |
/// | `value` | 1 foreign | 1 suspect | 1 suspect | 1 foreign |
/// | `hash` | 2 foreign | 2 foreign between | 2 foreign | 1 foreign |
/// | `provider` | nothing | nothing | nothing | nothing |
///
/// A row whose hash was changed looks like one whose hash was computed in another way: it is
/// foreign, and so is the row after it. In a stream whose hashes all come from the
/// store, [`foreign_between`](Self::foreign_between) is 0 unless a hash was changed or a
/// row arrived late. At the ends no verified row vouches for what lies beyond it, so foreign
/// rows there may have been changed, or may be of another origin. If the first rows were
/// removed, the first that is left is foreign. The provider is not part of the hash, so a
/// change of it leaves no trace; neither does the removal of the last rows. A
/// [digest](crate::OpenOptions::digest) covers all of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Rows walked.
    pub rows: u64,
    /// Rows that are verified.
    pub verified: u64,
    /// Instants of the rows that are foreign.
    pub foreign: Vec<Timestamp>,
    /// Instants of the rows that are suspect.
    pub suspect: Vec<Timestamp>,
    /// How many of the foreign rows have verified rows both before and after them, next to
    /// them or further away: their hash was changed, or they arrived late, or the hashes of
    /// the stream come from several places.
    pub foreign_between: u64,
    /// What the stream's digest says, if one is kept: see
    /// [`OpenOptions::digest`](crate::OpenOptions::digest). It covers all that the chain
    /// can't see.
    pub digest: Digest,
}

impl Verification {
    /// The spellings of a row's timestamp that are tried.
    pub const SPELLINGS: [&'static str; 7] = [
        "as stored",
        "Unix seconds (1704283200, or 1704283200.25)",
        "Unix seconds with a fraction (1704283200.0)",
        "2024-01-03T12:00:00 and 2024-01-03 12:00:00, each also with Z and +00:00",
        "the same without seconds, if they are 0",
        "the same with 3 or 6 digits of fraction",
        "Unix milliseconds (1704283200000)",
    ];
}

/// The walk along the chain: [push](Self::push) the rows in order of time, then
/// [finish](Self::finish).
pub(crate) struct Verifier {
    report: Verification,
    /// The row walked last, and what is known of it.
    before: Option<Walked>,
    /// The hash of the last verified row.
    head: String,
    /// The foreign rows behind the last verified one.
    pending: u64,
    /// The index of the spelling that matched last; most likely the next row has it too.
    spelling: usize,
}

struct Walked {
    ts: Timestamp,
    hash: String,
    verified: bool,
    /// `true` if it fails although the row before it verifies.
    breaks: bool,
}

impl Verifier {
    pub(crate) fn new(digest: Digest) -> Self {
        let report = Verification {
            digest,
            ..Verification::default()
        };
        Self {
            report,
            before: None,
            head: String::new(),
            pending: 0,
            spelling: 0,
        }
    }

    /// Walks on to `row`, whose hash is `hash`.
    pub(crate) fn push(&mut self, row: &RowRef<'_>, hash: &str) {
        let value = python_repr(row.value);
        let spellings = spellings(row);
        let previous = self
            .before
            .as_ref()
            .map_or("", |before| before.hash.as_str());
        let on_previous = matching(previous, &spellings, self.spelling, &value, hash);
        let matched = on_previous.or_else(|| {
            (self.head != previous)
                .then(|| matching(&self.head, &spellings, self.spelling, &value, hash))
                .flatten()
        });
        self.report.rows += 1;
        let follows_verified = self.before.as_ref().is_some_and(|before| before.verified);
        if let Some(before) = self.before.take() {
            self.settle(&before, on_previous.is_some());
        }
        if let Some(spelling) = matched {
            self.report.verified += 1;
            self.report.foreign_between += std::mem::take(&mut self.pending);
            self.head = hash.to_owned();
            self.spelling = spelling;
        }
        self.before = Some(Walked {
            ts: row.ts,
            hash: hash.to_owned(),
            verified: matched.is_some(),
            breaks: matched.is_none() && follows_verified,
        });
    }

    /// Returns what was found.
    pub(crate) fn finish(mut self) -> Verification {
        if let Some(before) = self.before.take() {
            self.settle(&before, false);
        }
        self.report
    }

    /// Adds a row that fails to the report, now that the row after it is known.
    fn settle(&mut self, row: &Walked, next_verifies_on_it: bool) {
        if row.verified {
            return;
        }
        if row.breaks && next_verifies_on_it {
            self.report.suspect.push(row.ts);
        } else {
            self.report.foreign.push(row.ts);
            // The row itself is not verified, so this counts those before it.
            self.pending += u64::from(self.report.verified > 0);
        }
    }
}

/// Returns the index of a spelling that makes `hash`, trying the likeliest first.
fn matching(
    previous: &str,
    spellings: &[String],
    likeliest: usize,
    value: &str,
    hash: &str,
) -> Option<usize> {
    let fits = |&index: &usize| {
        spellings
            .get(index)
            .is_some_and(|ts| chain(previous, ts, value) == hash)
    };
    Some(likeliest)
        .filter(&fits)
        .or_else(|| (0..spellings.len()).find(fits))
}

/// Returns the spellings of [`Verification::SPELLINGS`] for a row.
fn spellings(row: &RowRef<'_>) -> Vec<String> {
    let micros = row.ts.as_micros();
    let mut spellings = vec![row.stored.to_string()];
    if let Ok(seconds) = row.ts.to_seconds() {
        spellings.push(seconds.to_string());
    }
    spellings.push(python_repr(micros as f64 / 1e6));
    for separator in ['T', ' '] {
        for digits in [0, 6, 3] {
            let Some(text) = row.ts.iso_text(separator, digits) else {
                continue;
            };
            let mut texts = vec![text];
            if let Some(minutes) = texts[0].strip_suffix(":00") {
                texts.push(minutes.to_owned());
            }
            for text in texts {
                spellings.push(format!("{text}Z"));
                spellings.push(format!("{text}+00:00"));
                spellings.push(text);
            }
        }
    }
    spellings.push((micros / 1_000).to_string());
    spellings
}
