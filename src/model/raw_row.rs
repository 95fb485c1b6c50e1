//! Rows, metadata and quarantined rows as they are stored, whether they can be read or not:
//! what a copy of a store carries from one database into another.

use super::datum::Datum;
use super::spelling::StoredRef;
use super::stream::Stream;
use super::time::Timestamp;
use super::uuid::StreamUuid;

/// The columns of a row as a file stores them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawRow {
    pub(crate) ts: Datum,
    pub(crate) value: Datum,
    pub(crate) hash: Datum,
    pub(crate) provider: Datum,
    /// How many rows of its stream that are the same come before it. Only rows without a key
    /// can be the same; a copy counts them (see [`Store::copy_to`](crate::Store::copy_to)).
    pub(crate) before: u64,
}

impl RawRow {
    /// Returns about how many bytes of memory the row takes.
    pub(crate) fn size(&self) -> usize {
        self.columns().map(Datum::size).iter().sum()
    }

    /// Returns `true` if the columns of both are the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.columns() == other.columns()
    }

    pub(crate) fn columns(&self) -> [&Datum; 4] {
        [&self.ts, &self.value, &self.hash, &self.provider]
    }

    /// Returns the columns as literals of SQL, which differ if the columns do.
    pub(crate) fn literals(&self) -> [String; 4] {
        self.columns().map(Datum::to_string)
    }

    /// Returns the instant, and the timestamp as it is stored.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    pub(crate) fn timestamp(&self) -> Result<(Timestamp, StoredRef<'_>), String> {
        match &self.ts {
            Datum::Integer(number) => Ok((
                Timestamp::from_integer(*number),
                StoredRef::Integer(*number),
            )),
            Datum::Real(number) => match Timestamp::from_real(*number) {
                Ok(ts) => Ok((ts, StoredRef::Real(*number))),
                Err(_) => Err("ts is out of range".to_owned()),
            },
            Datum::Text(text) => {
                let text = str::from_utf8(text).map_err(|_| "ts is not UTF-8")?;
                let ts = Timestamp::from_stored_text(text).map_err(|error| error.to_string())?;
                Ok((ts, StoredRef::Text(text)))
            }
            _ => Err("ts is neither a number nor text".to_owned()),
        }
    }
}

/// A stream's metadata, and how a file spells its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawStream {
    pub(crate) stream: Stream,
    pub(crate) last_synced: Option<String>,
    pub(crate) created_at: Option<String>,
}

impl RawStream {
    /// Returns the metadata with these spellings, as far as they still stand for its times.
    /// Without one, a time is spelled as the store spells it.
    pub(crate) fn new(stream: Stream, last_synced: Option<&str>, created_at: Option<&str>) -> Self {
        let spelled = |text: Option<&str>,
                       ts: Option<Timestamp>,
                       usual: fn(Timestamp) -> String| {
            match text {
                Some(text) if text.parse::<Timestamp>().ok() == ts => Some(text.to_owned()),
                _ => ts.map(usual),
            }
        };
        Self {
            last_synced: spelled(last_synced, stream.last_synced, synced_text),
            created_at: spelled(created_at, stream.created_at, created_text),
            stream,
        }
    }
}

/// Returns the time of a sync as a file spells it.
pub(crate) fn synced_text(ts: Timestamp) -> String {
    ts.iso_text('T', 6).unwrap_or_else(|| ts.to_string())
}

/// Returns the time of creation as a file spells it.
pub(crate) fn created_text(ts: Timestamp) -> String {
    let digits = if ts.as_micros() % 1_000_000 == 0 {
        0
    } else {
        6
    };
    ts.iso_text(' ', digits).unwrap_or_else(|| ts.to_string())
}

/// A row in the quarantine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawQuarantined {
    pub(crate) id: i64,
    pub(crate) stream: StreamUuid,
    pub(crate) row: RawRow,
    pub(crate) reason: String,
    pub(crate) moved_at: Timestamp,
    /// A row that stayed in the stream had the same instant.
    pub(crate) shares_instant: bool,
}

/// How far the reading of a stream's raw rows is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawPosition {
    /// At the first row.
    Start,
    /// Behind the row of this key.
    Key(Datum),
    /// Behind so many of the rows that come after all keys, or behind the one of this number.
    Rest(i64),
    /// At the end.
    End,
}

/// What came of putting raw rows into a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Put {
    /// Rows that were put into the stream.
    pub(crate) rows: u64,
    /// Rows that went to the quarantine, because the stream can't hold them.
    pub(crate) set_aside: u64,
    /// Rows that were there, in the one or the other.
    pub(crate) already_there: u64,
}
