//! Rows that can't be read: listing them, moving them out, putting them back.

use super::{Store, or_default};
use crate::backend::Backend;
use crate::model::error::Result;
use crate::model::report::{Restored, StoredRow};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Store {
    /// Lists the stream's rows that can't be read, as they are stored: installed engines
    /// have stored `None` for a timestamp, and infinities, text and blobs for values.
    /// Reading the stream ends at such a row; [`quarantine`](Self::quarantine) moves
    /// them out of the way.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn unreadable(&self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        self.find(uuid, |connection| connection.unreadable(uuid))
    }

    /// Moves the stream's rows that can't be read out of its table, as they are stored
    /// and with the reason, and returns them. They are kept in the table
    /// `__satori_quarantine` of the same file, which any SQL program can read, until
    /// [`restore`](Self::restore) puts them back.
    ///
    /// On a server there are no such rows: its table takes none.
    ///
    /// # Errors
    /// As [`unreadable`](Self::unreadable).
    pub fn quarantine(&self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        self.write_unless(
            |connection| {
                let found = connection.unreadable(uuid)?;
                let rows = or_default(connection, uuid, found)?;
                Ok(rows.is_empty().then_some(rows))
            },
            |connection| {
                let moved = connection.quarantine(uuid, Timestamp::now())?;
                or_default(connection, uuid, moved)
            },
        )
    }

    /// Lists the stream's rows that [`quarantine`](Self::quarantine) has moved, in the
    /// order in which it did. A stream without such rows, or unknown, has none.
    ///
    /// # Errors
    /// As [`quarantined_streams`](Self::quarantined_streams).
    pub fn quarantined(&self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        self.run(|connection| connection.quarantined(uuid))
    }

    /// Returns the streams of which [`quarantine`](Self::quarantine) has moved rows that are
    /// still where it put them, in the order in which their first was moved. They need not
    /// have metadata or data: [`remove`](Self::remove) leaves the rows in the quarantine.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) if something else has the name
    /// `__satori_quarantine`.
    pub fn quarantined_streams(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| connection.quarantined_streams())
    }

    /// Puts the stream's rows that [`quarantine`](Self::quarantine) has moved back where
    /// they were. A row stays in the quarantine if its key is taken by now, or its instant is
    /// by a row that came meanwhile, or if the stream has no table, or one that doesn't take
    /// it.
    ///
    /// # Errors
    /// As [`unreadable`](Self::unreadable).
    pub fn restore(&self, uuid: &StreamUuid) -> Result<Restored> {
        self.write_unless(
            |connection| {
                if !connection.quarantined(uuid)?.is_empty() {
                    return Ok(None);
                }
                let nothing = connection.has_data(uuid)?.then(Restored::default);
                or_default(connection, uuid, nothing).map(Some)
            },
            |connection| {
                let restored = connection.restore(uuid)?;
                or_default(connection, uuid, restored)
            },
        )
    }
}
