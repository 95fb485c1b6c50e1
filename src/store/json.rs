//! The server's JSON: payloads, and the stream objects of a sync.

use super::Store;
use crate::backend::Backend;
use crate::json::ingest::Batch;
use crate::json::options::IngestOptions;
use crate::json::sync::StreamObjects;
use crate::model::error::{Error, Result};
use crate::model::report::{IngestReport, SyncReport};
use crate::model::time::Timestamp;

impl Store {
    /// Takes in the server's answers, metadata and observation together: payloads and JSON
    /// arrays of them, one a line or over several lines. A payload is `null` if the
    /// server had nothing new. All that can be stored is stored in one transaction. If
    /// there is nothing to store, no lock is waited for.
    ///
    /// ```
    /// use satori_store::{IngestOptions, Store};
    ///
    /// let answer = br#"{"id": 123, "value": "45000.50", "observed_at": "1704283200", "hash": "abc123",
    ///     "stream_id": 1, "stream": {"id": 1, "uuid": "d39cd529-5dd4-5e4b-abc9-90b3751e71f1", "name": "bitcoin"}}"#;
    /// let store = Store::open_in_memory()?;
    /// let report = store.ingest(answer, &IngestOptions::new())?;
    /// assert_eq!(report.inserted, 1);
    ///
    /// let bitcoin = store.stream_by_name("bitcoin")?.expect("it came with the observation");
    /// assert_eq!(store.latest(&bitcoin.uuid)?.expect("one row").value, 45000.5);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidJson`](crate::Error::InvalidJson) if the input begins with an array that is
    /// malformed or cut short, or is no text in UTF-8,
    /// [`Error::Refused`](crate::Error::Refused) if a payload can't be stored in strict mode,
    /// [`Error::InvalidUuid`](crate::Error::InvalidUuid) if the options' uuid has the fault that
    /// [`insert`](Self::insert) names. Otherwise a payload that can't be stored is in the
    /// report, with its position and the reason.
    pub fn ingest(&self, json: &[u8], options: &IngestOptions) -> Result<IngestReport> {
        let call = self.as_one_call();
        let mut refused = Vec::new();
        loop {
            let mut batch = Batch::read(json, options)?.without(&refused);
            if batch.is_empty() {
                // The write lock may be another's for long.
                return call.write_nothing(|connection| batch.write(connection, Timestamp::now()));
            }
            let stored = call.run(|connection| {
                let now = Timestamp::now();
                match batch.store_new(connection, now)? {
                    Some(report) => Ok(report),
                    None => connection.write(|connection| batch.write(connection, now)),
                }
            });
            match stored {
                // The table of one stream keeps rows out, and nothing is stored: once more,
                // without that stream.
                Err(Error::NotAStream { name, reason })
                    if !refused.iter().any(|(refused, _)| *refused == name) =>
                {
                    refused.push((name, reason));
                }
                done => return done,
            }
        }
    }

    /// Writes the metadata of many streams in one transaction: a JSON array of
    /// stream objects, as a sync of every stream returns it, or one object a line.
    /// An absent field keeps what is stored, a field that is `null` clears it; every
    /// `last_synced` becomes now.
    ///
    /// # Errors
    /// [`Error::InvalidJson`](crate::Error::InvalidJson) if the array is malformed or cut short. An
    /// object that can't be stored is in the report's `rejected`; the others are
    /// stored.
    pub fn sync_streams(&self, json: &[u8]) -> Result<SyncReport> {
        let objects = StreamObjects::read(json)?;
        if objects.is_empty() {
            return self.write_nothing(|connection| objects.write(connection, Timestamp::now()));
        }
        self.write(|connection| objects.write(connection, Timestamp::now()))
    }
}
