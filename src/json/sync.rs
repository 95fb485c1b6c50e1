//! Sync: the metadata of many streams in one call.

use crate::json::ingest::Rejected;
use crate::json::payload::{Place, split};
use crate::model::error::Result;
use crate::model::stream::{Stream, StreamPatch};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::connection::Connection;

/// What came of a sync. Each stream object is counted exactly once.
#[derive(Debug, Default, serde::Serialize)]
#[non_exhaustive]
pub struct SyncReport {
    /// Streams that had no metadata.
    pub new: Vec<StreamUuid>,
    /// Streams whose metadata differed.
    pub changed: Vec<StreamUuid>,
    /// Streams whose metadata was the same already; only `last_synced` moved.
    pub unchanged: Vec<StreamUuid>,
    /// Stream objects that can't be stored, with the reason.
    pub rejected: Vec<Rejected>,
}

/// Stream objects and where each stands.
pub(crate) struct Streams {
    objects: Vec<(usize, usize, StreamUuid, StreamPatch)>,
    report: SyncReport,
}

impl Streams {
    /// Reads a JSON array, NDJSON or a single stream object.
    pub(crate) fn read(input: &[u8]) -> Result<Self> {
        let mut objects = Vec::new();
        let mut report = SyncReport::default();
        for (index, item) in split(input)?.iter().enumerate() {
            let Place { line, .. } = item.place;
            match item.stream() {
                Ok((uuid, patch)) => objects.push((index, line, uuid, patch)),
                Err(error) => report.rejected.push(Rejected { index, line, error }),
            }
        }
        Ok(Self { objects, report })
    }

    /// Writes them. Only in a transaction.
    pub(crate) fn write(
        mut self,
        connection: &mut Connection,
        now: Timestamp,
    ) -> Result<SyncReport> {
        for (index, line, uuid, patch) in self.objects {
            let found: Option<Stream> = connection.stream(&uuid)?;
            let list = match &found {
                None => match connection.check_name(&uuid) {
                    Ok(()) => &mut self.report.new,
                    Err(error @ crate::Error::NotObservationTable { .. }) => {
                        self.report.rejected.push(Rejected { index, line, error });
                        continue;
                    }
                    Err(error) => return Err(error),
                },
                Some(stream) if patch.is_in(stream) => &mut self.report.unchanged,
                Some(_) => &mut self.report.changed,
            };
            connection.upsert(&uuid, &patch, now)?;
            list.push(uuid);
        }
        self.report.rejected.sort_by_key(|rejected| rejected.index);
        Ok(self.report)
    }
}
