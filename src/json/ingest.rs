//! Ingestion: a batch of payloads, read whole, then written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;

use super::item::{Item, split};
use super::options::IngestOptions;
use super::payload::{self, Parsed};
use super::stream_object::{self, ParsedStream, RawStream};
use crate::backend::{Backend, Inserted, New};
use crate::model::error::{Error, Result};
use crate::model::observation::{DEFAULT_PROVIDER, NewObservation};
use crate::model::position::Position;
use crate::model::report::{IngestConflict, IngestReport, Rejected};
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// A batch that has been read and sorted by stream, ready to be written.
pub(crate) struct Batch<'a> {
    streams: Vec<StreamPayloads<'a>>,
    /// What the stream objects set. One that repeats the object before it adds nothing.
    patches: Vec<StreamPatch>,
    /// The stream object that was read last, and the indexes of its stream and its patch.
    last: Option<(RawStream<'a>, usize, usize)>,
    report: IngestReport,
    provider: &'a str,
    strict: bool,
}

/// The payloads of one stream, in their order.
struct StreamPayloads<'a> {
    uuid: StreamUuid,
    payloads: Vec<(Position, Payload<'a>)>,
}

/// The part of a payload that is written.
struct Payload<'a> {
    ts: Timestamp,
    value: f64,
    hash: Option<Cow<'a, str>>,
    /// The index of the patch that the payload's stream object makes.
    metadata: Option<usize>,
}

impl<'a> Batch<'a> {
    /// Reads the input. No database is touched, so that no lock is held meanwhile.
    pub(crate) fn read(input: &'a [u8], options: &'a IngestOptions) -> Result<Self> {
        let items = split(input, options.format, options.first_line)?;
        let mut batch = Batch {
            streams: Vec::new(),
            patches: Vec::new(),
            last: None,
            report: IngestReport {
                payloads: items.len(),
                ..IngestReport::default()
            },
            provider: options.provider.as_deref().unwrap_or(DEFAULT_PROVIDER),
            strict: options.strict,
        };
        let mut known = HashMap::new();
        for item in &items {
            if let Err(error) = batch.add(item, options, &mut known) {
                batch.report.reject(item.position, error);
            }
        }
        Ok(batch)
    }

    fn add(
        &mut self,
        item: &Item<'a>,
        options: &IngestOptions,
        known: &mut HashMap<Cow<'a, str>, usize>,
    ) -> Result<()> {
        let uuid = options.uuid.as_ref();
        let Some(payload) = payload::read(item, options.unit)? else {
            self.report.nothing += 1;
            return Ok(());
        };
        let (index, metadata) = match (payload.stream, self.last) {
            (Some(stream), Some((last, index, patch))) if stream == last => (index, Some(patch)),
            (Some(stream), _) => {
                let ParsedStream {
                    uuid: own,
                    metadata,
                } = stream_object::read(item, stream)?;
                let index = self.stream(uuid, own, known)?;
                let patch = self.patches.len();
                self.patches.push(metadata);
                self.last = Some((stream, index, patch));
                (index, Some(patch))
            }
            (None, _) => (self.stream(uuid, None, known)?, None),
        };
        let Parsed {
            ts, value, hash, ..
        } = payload;
        let payload = Payload {
            ts,
            value,
            hash,
            metadata,
        };
        self.streams[index].payloads.push((item.position, payload));
        Ok(())
    }

    /// Returns the index of the payload's stream, adding the stream if it is new: the
    /// caller's `uuid`, or the payload's `own` if the caller names none.
    fn stream(
        &mut self,
        uuid: Option<&StreamUuid>,
        own: Option<Cow<'a, str>>,
        known: &mut HashMap<Cow<'a, str>, usize>,
    ) -> Result<usize> {
        let uuid = match (uuid, own) {
            // The caller's stream is the only one.
            (Some(_), _) if !self.streams.is_empty() => return Ok(0),
            (Some(uuid), _) => uuid.clone(),
            (None, Some(own)) => {
                if let Some(index) = known.get(&own) {
                    return Ok(*index);
                }
                let uuid = StreamUuid::new(own.as_ref())?;
                known.insert(own, self.streams.len());
                uuid
            }
            (None, None) => return Err(Error::MissingUuid),
        };
        self.streams.push(StreamPayloads {
            uuid,
            payloads: Vec::new(),
        });
        Ok(self.streams.len() - 1)
    }

    /// Leaves out the streams that are named, each with the reason why it can't hold rows:
    /// their payloads are rejected.
    pub(crate) fn without(mut self, refused: &[(String, String)]) -> Self {
        for (name, reason) in refused {
            // Later numbers of streams are of no use any more: nothing is added.
            let place = self.streams.iter().position(|s| s.uuid.as_str() == name);
            let Some(place) = place else { continue };
            let stream = self.streams.remove(place);
            self.report.reject_stream(&stream, name, reason);
        }
        self
    }

    /// Returns `true` if there is nothing to write. Then [`write`](Self::write) needs no
    /// transaction.
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Stores the batch in a transaction of its own, if the database can do that in fewer trips
    /// over a network and nothing is in the way of any payload; returns the report. Returns
    /// `None` if nothing was done; then the caller [writes](Self::write) it.
    pub(crate) fn store_new(
        &mut self,
        backend: &mut impl Backend,
        now: Timestamp,
    ) -> Result<Option<IngestReport>> {
        if self.strict && self.report.refused() > 0 {
            return Ok(None);
        }
        let streams = self.streams.iter().map(|stream| New {
            uuid: &stream.uuid,
            rows: stream.observations(self.provider),
            patch: stream.metadata(&self.patches, &[]),
        });
        if !backend.store_new(streams, now)? {
            return Ok(None);
        }
        let mut report = std::mem::take(&mut self.report);
        for stream in std::mem::take(&mut self.streams) {
            report.inserted += stream.payloads.len() as u64;
            report.streams.push(stream.uuid);
        }
        report.rejected.sort_by_key(|r| r.position.index);
        Ok(Some(report))
    }

    /// Writes the batch. Only in a transaction, which an error must roll back.
    pub(crate) fn write(
        mut self,
        backend: &mut impl Backend,
        now: Timestamp,
    ) -> Result<IngestReport> {
        let mut streams = std::mem::take(&mut self.streams);
        self.reject_unstorable(backend, &mut streams);
        let all = std::mem::take(&mut self.patches);
        let provider = self.provider;
        let inserted = backend.insert(
            streams
                .iter()
                .map(|stream| (&stream.uuid, stream.observations(provider))),
        )?;
        let mut patches = Vec::with_capacity(streams.len());
        for (stream, inserted) in streams.iter().zip(inserted) {
            let left_out = self.note(stream, inserted)?;
            if let Some(patch) = stream.metadata(&all, &left_out) {
                patches.push((&stream.uuid, patch));
            }
        }
        backend.upsert_streams(patches.iter().map(|(uuid, patch)| (*uuid, &**patch)), now)?;
        self.report.rejected.sort_by_key(|r| r.position.index);
        self.report.conflicts.sort_by_key(|c| c.position.index);
        if self.strict && self.report.refused() > 0 {
            // The rollback takes back what was stored.
            self.report.inserted = 0;
            self.report.streams.clear();
            return Err(Error::Refused(Box::new(self.report)));
        }
        Ok(self.report)
    }

    /// Rejects the payloads whose stream object sets what the database can't hold.
    fn reject_unstorable(&mut self, backend: &impl Backend, streams: &mut Vec<StreamPayloads<'_>>) {
        let faults = self
            .patches
            .iter()
            .map(|patch| backend.check_metadata(patch));
        if faults.into_iter().all(|fault| fault.is_ok()) {
            return;
        }
        for stream in &mut *streams {
            stream.payloads.retain(|(position, payload)| {
                let patch = payload.metadata.and_then(|index| self.patches.get(index));
                match patch.map_or(Ok(()), |patch| backend.check_metadata(patch)) {
                    Ok(()) => true,
                    Err(error) => {
                        self.report.reject(*position, error);
                        false
                    }
                }
            });
        }
        streams.retain(|stream| !stream.payloads.is_empty());
    }

    /// Adds to the report what came of a stream's payloads; returns which of them were left
    /// out. One whose observation was refused sets no metadata: it is stored whole or not at
    /// all.
    fn note(
        &mut self,
        stream: &StreamPayloads<'_>,
        inserted: Result<Inserted>,
    ) -> Result<Vec<bool>> {
        let Inserted { report, refused } = match inserted {
            Ok(inserted) => inserted,
            // The name can't be used, which refuses its payloads and no others.
            Err(Error::NotAStream { name, reason }) => {
                self.report.reject_stream(stream, &name, &reason);
                return Ok(vec![true; stream.payloads.len()]);
            }
            Err(error) => return Err(error),
        };
        self.report.inserted += report.inserted;
        self.report.already_there += report.already_there;
        let mut left_out = vec![false; stream.payloads.len()];
        for (index, conflict) in report.conflicts {
            left_out[index] = true;
            self.report.conflicts.push(IngestConflict {
                position: stream.payloads[index].0,
                stream: stream.uuid.clone(),
                conflict,
            });
        }
        for (index, error) in refused {
            left_out[index] = true;
            self.report.reject(stream.payloads[index].0, error);
        }
        if left_out.contains(&false) {
            self.report.streams.push(stream.uuid.clone());
        }
        Ok(left_out)
    }
}

impl StreamPayloads<'_> {
    /// Returns what the stream objects of the payloads set that are not left out, if any.
    /// `left_out` may end before the payloads do.
    fn metadata<'p>(
        &self,
        patches: &'p [StreamPatch],
        left_out: &[bool],
    ) -> Option<Cow<'p, StreamPatch>> {
        // What all stream objects set is merged, later ones over earlier ones. To write
        // it once is most of what makes a batch fast.
        let mut metadata: Option<Cow<'_, StreamPatch>> = None;
        let mut merged = None;
        let left_out = left_out.iter().copied().chain(iter::repeat(false));
        for ((_, payload), left_out) in self.payloads.iter().zip(left_out) {
            if let Some(index) = payload.metadata
                && !left_out
                && merged.replace(index) != Some(index)
            {
                let patch = &patches[index];
                match &mut metadata {
                    Some(metadata) => metadata.to_mut().merge(patch.clone()),
                    None => metadata = Some(Cow::Borrowed(patch)),
                }
            }
        }
        metadata
    }

    /// Iterates over the observations to insert.
    fn observations<'b>(
        &'b self,
        provider: &'b str,
    ) -> impl Iterator<Item = NewObservation<'b>> + Clone {
        self.payloads
            .iter()
            .map(move |(_, payload)| NewObservation {
                hash: payload.hash.as_deref(),
                ..NewObservation::new(payload.ts, payload.value).provider(provider)
            })
    }
}

impl IngestReport {
    fn reject(&mut self, position: Position, error: Error) {
        self.rejected.push(Rejected { position, error });
    }

    /// Rejects all payloads of a stream whose name can't hold rows.
    fn reject_stream(&mut self, stream: &StreamPayloads<'_>, name: &str, reason: &str) {
        for (position, _) in &stream.payloads {
            let (name, reason) = (name.to_owned(), reason.to_owned());
            self.reject(*position, Error::NotAStream { name, reason });
        }
    }
}
