//! Observations: a stored row, a row to insert, and what came of inserting.

use super::error::Result;
use super::spelling::{StoredRef, StoredTimestamp};
use super::time::{Timestamp, invalid};
use super::value;

/// One row of a stream.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Observation {
    /// The instant, in UTC, however the row spells it.
    pub ts: Timestamp,
    /// The timestamp as the row stores it. Not serialised: `ts` says all but the
    /// spelling.
    #[serde(skip)]
    pub stored_ts: StoredTimestamp,
    /// The value.
    pub value: f64,
    /// The row's hash, as stored.
    pub hash: String,
    /// Who delivered the row: `central`, `engine`, …
    pub provider: String,
}

/// An observation to insert. It borrows its texts.
///
/// ```
/// use satori_store::{NewObservation, Timestamp};
///
/// let noon: Timestamp = "2024-01-03 12:00".parse()?;
/// let observation = NewObservation::new(noon, 45000.5).provider("engine").hash("9f86d081884c7d65");
/// # assert_eq!(observation.value, 45000.5);
/// # Ok::<(), satori_store::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewObservation<'a> {
    /// The instant, in UTC.
    pub ts: Timestamp,
    /// The value: finite.
    pub value: f64,
    /// The hash; if there is none it is computed from that of the stream's latest row
    /// at the moment of the insert.
    pub hash: Option<&'a str>,
    /// Who delivers the row; `central` by default.
    pub provider: &'a str,
    /// The text to store for `ts`; without one the row stores Unix seconds. See
    /// [`spelled`](Self::spelled).
    pub spelling: Option<&'a str>,
}

impl<'a> NewObservation<'a> {
    /// Returns an observation that `central` delivers and whose hash is computed.
    pub fn new(ts: Timestamp, value: f64) -> Self {
        Self {
            ts,
            value,
            hash: None,
            provider: DEFAULT_PROVIDER,
            spelling: None,
        }
    }

    /// Returns an observation whose timestamp is read from `text` and stored as that
    /// text. It serves programs that look their rows up by the text, and streams whose
    /// timestamps already are text. Text that is a number is stored as a number, other
    /// text as it is but without blanks around it. A computed hash covers what is stored.
    ///
    /// The key still is the instant: a row of the same instant that already exists, in
    /// whichever spelling, stays.
    ///
    /// ```
    /// use satori_store::{NewObservation, Store, StoredTimestamp, StreamUuid};
    ///
    /// let store = Store::open_in_memory()?;
    /// let stream = StreamUuid::new("s")?;
    /// store.insert(&stream, &NewObservation::spelled("2024-01-03 12:00", 45000.5)?)?;
    /// let latest = store.latest(&stream)?.expect("it has just been stored");
    /// assert_eq!(latest.stored_ts, StoredTimestamp::Text("2024-01-03 12:00".to_owned()));
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) if the text is no timestamp.
    pub fn spelled(text: &'a str, value: f64) -> Result<Self> {
        Ok(Self {
            spelling: Some(text),
            ..Self::new(text.parse()?, value)
        })
    }

    /// Sets the hash, which is stored as it is.
    pub fn hash(self, hash: &'a str) -> Self {
        Self {
            hash: Some(hash),
            ..self
        }
    }

    /// Sets who delivers the row.
    pub fn provider(self, provider: &'a str) -> Self {
        Self { provider, ..self }
    }
}

impl<'a> NewObservation<'a> {
    /// Checks that the observation can be stored, and returns its timestamp as it is stored.
    ///
    /// # Errors
    /// `InvalidValue`, `InvalidTimestamp`.
    pub(crate) fn stored(&self) -> Result<StoredRef<'a>> {
        value::finite(self.value)?;
        match self.spelling {
            None => self.ts.to_seconds(),
            Some(text) => match StoredRef::from_text(text)? {
                (instant, stored) if instant == self.ts => Ok(stored),
                _ => Err(invalid(text, "it spells another instant than that given")),
            },
        }
    }
}

/// The provider of a row for which the caller names none.
pub(crate) const DEFAULT_PROVIDER: &str = "central";

/// What came of inserting one observation.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Insertion {
    /// The row is stored.
    Inserted,
    /// A row of the same instant and the same value already exists; nothing changed.
    AlreadyThere,
    /// A row of the same instant and another value already exists; it stays.
    Conflict(Conflict),
}

impl Insertion {
    /// Returns what inserting an observation comes to if its instant already has a value.
    pub(crate) fn met(observation: &NewObservation<'_>, stored: f64) -> Self {
        if stored == observation.value {
            return Self::AlreadyThere;
        }
        Self::Conflict(Conflict {
            ts: observation.ts,
            stored: Some(stored),
            offered: observation.value,
        })
    }
}

/// An observation that was refused because its instant already has another row.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The instant.
    pub ts: Timestamp,
    /// The value that is stored, and stays; `None` if that row can't be read. Then
    /// [`Store::unreadable`](crate::Store::unreadable) shows it.
    pub stored: Option<f64>,
    /// The value that was offered.
    pub offered: f64,
}

/// What came of inserting many observations.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct InsertReport {
    /// Rows stored.
    pub inserted: u64,
    /// Rows that already existed with the same value.
    pub already_there: u64,
    /// Rows whose instant already has another value, or a row that can't be read: the index
    /// of each, and both values.
    pub conflicts: Vec<(usize, Conflict)>,
}

impl InsertReport {
    /// Counts what came of the row at `index`.
    pub(crate) fn count(&mut self, index: usize, insertion: Insertion) {
        match insertion {
            Insertion::Inserted => self.inserted += 1,
            Insertion::AlreadyThere => self.already_there += 1,
            Insertion::Conflict(conflict) => self.conflicts.push((index, conflict)),
        }
    }

    /// Counts the rows whose instants have rows that can't be read. `indexes` are theirs, in
    /// ascending order, among all `rows`.
    pub(crate) fn count_unreadable<'a>(
        &mut self,
        indexes: &[usize],
        rows: impl Iterator<Item = NewObservation<'a>>,
    ) {
        let mut rows = rows.enumerate();
        for wanted in indexes {
            if let Some((index, row)) = rows.find(|(index, _)| index == wanted) {
                let conflict = Conflict {
                    ts: row.ts,
                    stored: None,
                    offered: row.value,
                };
                self.conflicts.push((index, conflict));
            }
        }
        self.conflicts.sort_by_key(|(index, _)| *index);
    }
}
