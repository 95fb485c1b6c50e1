//! What is asked of a store, and its answer as text.

use crate::support::*;
use satori_store::{Error, Insertion, NewObservation, Observation, Remove, Store, StreamPatch};
use serde::{Deserialize, Serialize};

/// The second since 1970 from which the tests count.
pub(super) const NOON: i64 = 1_704_283_200;

/// A row that is offered; its second counts from [`NOON`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) second: i64,
    pub(super) value: i64,
}

/// A call on the stream of a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Act {
    Insert(char, Offer),
    InsertMany(char, Vec<Offer>),
    Delete(char, i64, i64),
    Normalize(char),
    Remove(char),
    Upsert(char, i64),
    Read(char, i64, i64),
    Last(char, usize),
    Latest(char),
    At(char, i64),
    Count(char, i64, i64),
    Verify(char),
    RestateDigest(char),
    Streams,
    WithData,
}

impl Act {
    /// Returns `true` if the call adds rows or metadata.
    pub(super) fn adds(&self) -> bool {
        matches!(
            self,
            Act::Insert(..) | Act::InsertMany(..) | Act::Upsert(..)
        )
    }

    /// Returns `true` if the call writes.
    pub(super) fn writes(&self) -> bool {
        self.adds()
            || matches!(
                self,
                Act::Delete(..) | Act::Normalize(_) | Act::Remove(_) | Act::RestateDigest(_)
            )
    }

    /// Makes the call. Returns its answer, or which error it is.
    pub(super) fn perform(&self, store: &Store) -> String {
        self.try_perform(store).unwrap_or_else(|error| match error {
            Error::StreamNotFound { .. } => error.to_string(),
            error => format!("{:?}", error.code()),
        })
    }

    fn try_perform(&self, store: &Store) -> satori_store::Result<String> {
        let stream = |name: &char| uuid(&name.to_string());
        let span = |from: &i64, to: &i64| at(NOON + from)..=at(NOON + to);
        Ok(match self {
            Act::Insert(name, offer) => {
                let done = store.insert(&stream(name), &new(offer))?;
                insertions(&[(0, done)], usize::from(done == Insertion::AlreadyThere))
            }
            Act::InsertMany(name, offers) => {
                let rows: Vec<_> = offers.iter().map(new).collect();
                let report = store.insert_many(&stream(name), &rows)?;
                let conflicts: Vec<_> = report
                    .conflicts
                    .iter()
                    .map(|(index, conflict)| (*index, Insertion::Conflict(*conflict)))
                    .collect();
                let answer = insertions(&conflicts, report.already_there as usize);
                let settled = report.inserted as usize + conflicts.len();
                assert_eq!(settled + report.already_there as usize, rows.len());
                answer
            }
            Act::Delete(name, from, to) => store.delete(&stream(name), span(from, to))?.to_string(),
            Act::Normalize(name) => {
                let done = store.normalize(&stream(name))?;
                assert_eq!(done.unreadable, Vec::<String>::new());
                format!("{} rewritten, kept {:?}", done.rewritten, done.kept)
            }
            Act::Remove(name) => {
                let removed = store.remove(&stream(name), Remove::Both)?;
                format!("{} {:?}", removed.metadata, removed.rows)
            }
            Act::Upsert(name, number) => {
                let patch = StreamPatch::new().name(format!("n{number}"));
                let stream = store.upsert_stream(&stream(name), &patch)?;
                format!("{} {}", stream.uuid, stream.name.unwrap_or_default())
            }
            Act::Read(name, from, to) => {
                let rows = store.observations(&stream(name), span(from, to))?;
                let rows = rows.collect::<satori_store::Result<Vec<_>>>()?;
                let columns = store.columns(&stream(name), span(from, to))?;
                let instants: Vec<_> = rows.iter().map(|row| row.ts.as_micros()).collect();
                assert_eq!(columns.ts, instants, "rows and columns");
                texts(rows)
            }
            Act::Last(name, count) => texts(store.last(&stream(name), *count)?),
            Act::Latest(name) => texts(store.latest(&stream(name))?.into_iter().collect()),
            Act::At(name, second) => {
                let found = store.observation(&stream(name), at(NOON + second))?;
                texts(found.into_iter().collect())
            }
            Act::Count(name, from, to) => store.count(&stream(name), span(from, to))?.to_string(),
            Act::RestateDigest(name) => {
                store.restate_digest(&stream(name))?;
                "restated".to_owned()
            }
            Act::Verify(name) => {
                let found = store.verify(&stream(name))?;
                format!("{} {:?}", found.rows, found.digest)
            }
            Act::Streams => {
                let all = store.streams()?.into_iter();
                let texts = all.map(|s| format!("{} {}", s.uuid, s.name.unwrap_or_default()));
                texts.collect::<Vec<_>>().join("\n")
            }
            Act::WithData => {
                let mut names: Vec<_> = store
                    .streams_with_data()?
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                names.sort_unstable();
                names.join("\n")
            }
        })
    }
}

fn new(offer: &Offer) -> NewObservation<'static> {
    row(NOON + offer.second, offer.value as f64)
}

/// Returns the answer to an insert: the conflicts in full, and the number of rows that were
/// already there. Which were inserted is what is left.
fn insertions(done: &[(usize, Insertion)], already_there: usize) -> String {
    let mut answer = format!("{already_there} already there");
    for (index, insertion) in done {
        if let Insertion::Conflict(conflict) = insertion {
            answer += &conflict_text(
                *index,
                conflict.stored.unwrap() as i64,
                conflict.offered as i64,
            );
        }
    }
    answer
}

/// Returns how a conflict is written in the answer to an insert.
pub(super) fn conflict_text(index: usize, stored: i64, offered: i64) -> String {
    format!(", {index}: {stored}, not {offered}")
}

/// Returns rows as text. Those of one instant come in the order of their spellings: which
/// of them is first is not promised.
fn texts(rows: Vec<Observation>) -> String {
    assert!(rows.is_sorted_by_key(|row| row.ts), "in order of time");
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let text = format!("{}={} {}", row.stored_ts, row.value, row.hash);
            (row.ts, row.stored_ts.to_string(), text)
        })
        .collect();
    rows.sort_unstable();
    let texts: Vec<_> = rows.into_iter().map(|(_, _, text)| text).collect();
    texts.join("\n")
}
