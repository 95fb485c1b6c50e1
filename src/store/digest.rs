//! Digests of streams: keeping them, and taking rows as they are.

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::error::Result;
use crate::model::uuid::StreamUuid;

impl Store {
    /// Has digests kept, and makes those that are missing.
    pub(super) fn keep_digests(&self) -> Result<()> {
        if !self.read(|connection| connection.keeps_digests())? {
            self.write(|connection| connection.keep_digests())?;
        }
        for uuid in self.read(|connection| connection.streams_without_digest())? {
            // A stream that is removed meanwhile needs none.
            self.write(|connection| connection.restate_digest(&uuid))?;
        }
        Ok(())
    }

    /// Runs `work` on one state of the store.
    pub(super) fn read<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.run(|connection| connection.read(work))
    }

    /// Makes the stream's digest that of its rows as they are, whatever has written them:
    /// after another program has changed the stream by plain SQL, which leaves the digest
    /// as it was. If the store keeps no digests yet (see
    /// [`OpenOptions::digest`](crate::OpenOptions::digest)), it does from now on, of this
    /// stream and of new ones. It reads the whole stream.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn restate_digest(&self, uuid: &StreamUuid) -> Result<()> {
        self.find(uuid, |connection| {
            connection.write(|connection| connection.restate_digest(uuid))
        })
    }
}
