//! What is known of streams before rows are inserted, and what follows from it.

use std::collections::HashMap;

use super::super::raw::{Answer, Params, Statement};
use super::super::streams::by_key;
use super::rows::{Rows, Sent};
use super::statements::{ENDS, OCCUPIED, VALUES};
use crate::model::chain::Chain;
use crate::model::error::Result;
use crate::model::observation::Insertion;
use crate::model::spelling::{self, StoredRef};
use crate::model::time::Timestamp;

/// What is known of streams before rows are inserted.
#[derive(Default)]
pub(super) struct Known {
    /// The latest row's instant and hash.
    pub(super) ends: HashMap<i64, (Timestamp, String)>,
    /// The values of rows that are in the way, of streams whose rows are chained.
    pub(super) values: HashMap<(i64, i64), f64>,
    /// Texts that new rows are to be spelled like.
    pub(super) samples: HashMap<i64, String>,
}

/// Returns the statement that reads what rows are chained to; `None` if none is to be.
pub(super) fn ends<'a>(streams: impl Iterator<Item = &'a Rows<'a, 'a>>) -> Option<Statement> {
    let chained = streams.filter(|stream| stream.is_chained());
    let keys: Vec<_> = chained.map(|stream| stream.key).collect();
    (!keys.is_empty()).then(|| Statement::new(ENDS, Params::new().int8s(keys)))
}

/// Returns the statement that reads what is in the way of rows which are to be chained; `None`
/// if none is to be.
pub(super) fn in_the_way<'a>(streams: impl Iterator<Item = &'a Rows<'a, 'a>>) -> Option<Statement> {
    let chained = streams.filter(|stream| stream.is_chained());
    let instants = chained.flat_map(|stream| {
        let rows = stream.rows.iter();
        rows.map(|(row, _)| (stream.key, row.ts.as_micros()))
    });
    let (of, instants): (Vec<_>, Vec<_>) = instants.unzip();
    let params = || {
        Params::new()
            .int8s(of.iter().copied())
            .int8s(instants.iter().copied())
    };
    (!of.is_empty()).then(|| Statement::new(VALUES, params()))
}

/// Returns the statement that finds the streams with rows among those that are to be inserted.
pub(super) fn occupied<'a>(streams: impl Iterator<Item = &'a Rows<'a, 'a>>) -> Statement {
    let (mut keys, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for stream in streams {
        let instants = || stream.rows.iter().map(|(row, _)| row.ts.as_micros());
        if let (Some(first), Some(last)) = (instants().min(), instants().max()) {
            keys.push(stream.key);
            firsts.push(first);
            lasts.push(last);
        }
    }
    Statement::new(
        OCCUPIED,
        Params::new().int8s(keys).int8s(firsts).int8s(lasts),
    )
}

impl Known {
    /// Reads what the statement of [`ends`] has answered.
    pub(super) fn read_ends(&mut self, answer: &Answer) {
        self.ends = by_key(answer, |row| {
            let ts = Timestamp::from_micros(row.int8(1).unwrap_or(0));
            (ts, row.text(2).unwrap_or_default().to_owned())
        });
    }

    /// Notes what comes of the stream's rows as far as it is known, and adds the others to
    /// `sent`.
    pub(super) fn plan(
        &self,
        stream: &mut Rows<'_, '_>,
        index: usize,
        sent: &mut Vec<Sent>,
    ) -> Result<()> {
        let is_chained = stream.is_chained();
        let mut chain = Chain::default();
        chain.begin(stream.rows.iter().map(|(row, _)| row));
        chain.set_end(self.ends.get(&stream.key).cloned());
        let sample = self.samples.get(&stream.key);
        let ascends = stream
            .rows
            .windows(2)
            .all(|pair| pair[0].0.ts < pair[1].0.ts);
        // The values that this call inserts itself, where it is known what is in the way of it.
        let mut own: HashMap<i64, f64> = HashMap::new();
        for (place, (row, stored)) in stream.rows.iter().enumerate() {
            let Some(outcome) = stream
                .outcomes
                .get_mut(place)
                .filter(|place| place.is_none())
            else {
                continue;
            };
            let ts = row.ts.as_micros();
            let met = match own.get(&ts) {
                Some(value) => Some(value),
                None => self.values.get(&(stream.key, ts)),
            };
            if let Some(value) = met {
                *outcome = Some(Ok(Insertion::met(row, *value)));
                continue;
            }
            let text = match stored {
                StoredRef::Text(_) => None,
                _ => sample.and_then(|sample| spelling::like(sample, row.ts)),
            };
            let stored = text.as_deref().map_or(*stored, StoredRef::Text);
            let hash = match (is_chained, row.hash) {
                (true, _) => Some(chain.hash(row, stored).into_owned()),
                (false, _) => None,
            };
            if let Some(hash) = &hash {
                chain.advance(row.ts, hash);
            }
            if is_chained && !ascends {
                // As it will be stored.
                own.insert(ts, row.value + 0.0);
            }
            sent.push(Sent {
                place: (index, place),
                key: stream.key,
                ts,
                // PostgreSQL keeps -0.0, and SQLite doesn't.
                value: row.value + 0.0,
                hash,
                spelling: own_spelling(row.ts, stored),
            });
        }
        Ok(())
    }
}

/// Returns the text of a timestamp that isn't spelled in Unix seconds.
pub(super) fn own_spelling(ts: Timestamp, stored: StoredRef<'_>) -> Option<String> {
    let is_usual = ts.to_seconds().is_ok_and(|usual| usual == stored);
    (!is_usual).then(|| stored.to_string())
}

pub(super) fn values(answer: &Answer) -> HashMap<(i64, i64), f64> {
    let rows = answer.rows();
    rows.filter_map(|row| Some(((row.int8(0)?, row.int8(1)?), row.float8(2)?)))
        .collect()
}
