//! Observations: what a row is, one that is to be inserted, what comes of it.

use super::error::Result;
use super::spelling::StoredTimestamp;
use super::time::Timestamp;

/// One row of a stream's table.
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

/// An observation to insert. Borrows its texts.
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
    /// The hash; where there is none it is computed from that of the stream's
    /// latest row at the moment of the insert.
    pub hash: Option<&'a str>,
    /// Who delivers the row; `central` unless said otherwise.
    pub provider: &'a str,
    /// A spelling of `ts` to be stored as it stands; without one the row stores
    /// Unix seconds. See [`spelled`](Self::spelled).
    pub spelling: Option<&'a str>,
}

impl<'a> NewObservation<'a> {
    /// An observation delivered by `central`, its hash to be computed.
    pub fn new(ts: Timestamp, value: f64) -> Self {
        Self {
            ts,
            value,
            hash: None,
            provider: DEFAULT_PROVIDER,
            spelling: None,
        }
    }

    /// The same, its timestamp read from `text` and stored as that text, for
    /// programs that look their rows up by it and for tables whose timestamps
    /// are text already. SQLite makes a number of text that is one, and blanks
    /// around it are left out, else it is stored as it stands. A hash that is to
    /// be computed is one of that text.
    ///
    /// The key is the instant still: where a row of the same instant is there,
    /// in whichever spelling, it stays.
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
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) where the text is none.
    pub fn spelled(text: &'a str, value: f64) -> Result<Self> {
        Ok(Self {
            spelling: Some(text),
            ..Self::new(text.parse()?, value)
        })
    }

    /// Stores this hash as given.
    pub fn hash(self, hash: &'a str) -> Self {
        Self {
            hash: Some(hash),
            ..self
        }
    }

    /// Names who delivers the row.
    pub fn provider(self, provider: &'a str) -> Self {
        Self { provider, ..self }
    }
}

/// The provider of a row where the caller names none.
pub(crate) const DEFAULT_PROVIDER: &str = "central";

/// What came of inserting one observation.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Insertion {
    /// The row is stored.
    Inserted,
    /// A row of the same instant and the same value was there; nothing changed.
    AlreadyThere,
    /// A row of the same instant and another value was there; it stays.
    Conflict(Conflict),
}

/// An observation that was refused because its instant has another value.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The instant.
    pub ts: Timestamp,
    /// The value that is stored, and stays.
    pub stored: f64,
    /// The value that was offered.
    pub offered: f64,
}

/// What came of inserting many observations.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct InsertReport {
    /// Rows stored.
    pub inserted: u64,
    /// Rows that were there with the same value.
    pub already_there: u64,
    /// For each row whose instant has another value: its index, and both values.
    pub conflicts: Vec<(usize, Conflict)>,
}

impl InsertReport {
    pub(crate) fn count(&mut self, index: usize, insertion: Insertion) {
        match insertion {
            Insertion::Inserted => self.inserted += 1,
            Insertion::AlreadyThere => self.already_there += 1,
            Insertion::Conflict(conflict) => self.conflicts.push((index, conflict)),
        }
    }
}
