//! Sync: a batch of stream objects, read whole, then written.

use std::collections::HashSet;

use super::item::split;
use super::options::Format;
use super::stream_object;
use crate::backend::Backend;
use crate::model::error::Result;
use crate::model::position::Position;
use crate::model::report::{Rejected, SyncReport};
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The stream objects of a sync.
pub(crate) struct StreamObjects {
    objects: Vec<StreamObject>,
    report: SyncReport,
}

struct StreamObject {
    position: Position,
    uuid: StreamUuid,
    patch: StreamPatch,
}

impl StreamObjects {
    /// Reads a JSON array, NDJSON or a single stream object.
    pub(crate) fn read(input: &[u8]) -> Result<Self> {
        let mut objects = Vec::new();
        let mut report = SyncReport::default();
        for item in split(input, Format::Auto, 1)? {
            let position = item.position;
            match stream_object::read_item(&item) {
                Ok((uuid, patch)) => objects.push(StreamObject {
                    position,
                    uuid,
                    patch,
                }),
                Err(error) => report.rejected.push(Rejected { position, error }),
            }
        }
        Ok(Self { objects, report })
    }

    /// Returns `true` if there is nothing to write. Then [`write`](Self::write) needs no
    /// transaction.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Writes the objects. Only in a transaction.
    pub(crate) fn write(
        mut self,
        backend: &mut impl Backend,
        now: Timestamp,
    ) -> Result<SyncReport> {
        // Many are written at a time, until one names a stream again: it is compared
        // with what the one before it has written.
        let mut named = HashSet::new();
        let mut distinct = Vec::new();
        for object in std::mem::take(&mut self.objects) {
            if let Err(error) = backend.check_metadata(&object.patch) {
                let position = object.position;
                self.report.rejected.push(Rejected { position, error });
                continue;
            }
            if !named.insert(object.uuid.as_str().to_ascii_lowercase()) {
                self.write_distinct(backend, std::mem::take(&mut distinct), now)?;
                named.clear();
                named.insert(object.uuid.as_str().to_ascii_lowercase());
            }
            distinct.push(object);
        }
        self.write_distinct(backend, distinct, now)?;
        self.report.rejected.sort_by_key(|r| r.position.index);
        Ok(self.report)
    }

    /// Writes objects of which no two name the same stream.
    fn write_distinct(
        &mut self,
        backend: &mut impl Backend,
        objects: Vec<StreamObject>,
        now: Timestamp,
    ) -> Result<()> {
        let uuids: Vec<_> = objects.iter().map(|object| &object.uuid).collect();
        let stored = backend.streams_of(&uuids)?;
        let unknown: Vec<_> = uuids
            .iter()
            .zip(&stored)
            .filter_map(|(uuid, stored)| stored.is_none().then_some(*uuid))
            .collect();
        let mut names = backend.check_names(&unknown)?.into_iter();
        let mut patches = Vec::with_capacity(objects.len());
        for (object, stored) in objects.iter().zip(stored) {
            let list = match stored {
                Some(stored) if object.patch.is_in(&stored) => &mut self.report.unchanged,
                Some(_) => &mut self.report.changed,
                None => match names.next() {
                    Some(Err(error)) => {
                        let position = object.position;
                        self.report.rejected.push(Rejected { position, error });
                        continue;
                    }
                    _ => &mut self.report.new,
                },
            };
            list.push(object.uuid.clone());
            patches.push((&object.uuid, &object.patch));
        }
        backend.upsert_streams(patches, now)
    }
}
