//! Ingestion: the server's JSON answers, metadata and observations together.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::payload::{Item, Parsed, ParsedStream, Place, RawStream, split};
use crate::model::error::{Error, Result};
use crate::model::observation::{Conflict, DEFAULT_PROVIDER, NewObservation};
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::connection::Connection;
use crate::sqlite::insert;

/// How payloads are taken in.
///
/// ```
/// use satori_store::{IngestOptions, StreamUuid};
///
/// let options = IngestOptions::new()
///     .uuid(StreamUuid::from_parts("central", "satori", "bitcoin", ""))
///     .provider("central")
///     .strict(true);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct IngestOptions {
    uuid: Option<StreamUuid>,
    provider: Option<String>,
    strict: bool,
}

impl IngestOptions {
    /// Each payload's own stream, provider `central`, tolerant.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every payload belongs to this stream, whatever it says itself. Payloads
    /// of the old shape name no stream and need this.
    pub fn uuid(self, uuid: StreamUuid) -> Self {
        Self {
            uuid: Some(uuid),
            ..self
        }
    }

    /// Who delivers the rows; `central` unless said otherwise.
    pub fn provider(self, provider: impl Into<String>) -> Self {
        Self {
            provider: Some(provider.into()),
            ..self
        }
    }

    /// All or nothing: one payload that can't be read, or whose instant has
    /// another value, and none of the batch is stored.
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }
}

/// What came of ingesting a batch. Each payload is counted exactly once; but of a
/// batch that is [refused](crate::Error::Refused), those that would have been
/// stored are counted in `payloads` alone.
#[derive(Debug, Default, serde::Serialize)]
#[non_exhaustive]
pub struct IngestReport {
    /// Payloads in the batch, `null` ones included.
    pub payloads: usize,
    /// Observations stored.
    pub inserted: u64,
    /// Observations that were there with the same value.
    pub already_there: u64,
    /// Payloads that were `null`: the server had nothing new.
    pub nothing: u64,
    /// Observations whose instant has another value; the stored one stays.
    pub conflicts: Vec<IngestConflict>,
    /// Payloads that can't be stored, with the reason; in order of position.
    pub rejected: Vec<Rejected>,
    /// The streams that were written to, in the order they came.
    pub streams: Vec<StreamUuid>,
}

impl IngestReport {
    /// How many payloads were not taken: conflicts and rejected ones.
    pub fn refused(&self) -> usize {
        self.conflicts.len() + self.rejected.len()
    }
}

/// A payload whose instant has another value.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct IngestConflict {
    /// Position in the batch, from 0, counting every payload.
    pub index: usize,
    /// Line of the input on which the payload begins, from 1.
    pub line: usize,
    /// The stream.
    pub stream: StreamUuid,
    /// The instant and both values.
    #[serde(flatten)]
    pub conflict: Conflict,
}

/// A payload that can't be stored.
#[derive(Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Rejected {
    /// Position in the batch, from 0, counting every payload.
    pub index: usize,
    /// Line of the input on which the payload begins, from 1.
    pub line: usize,
    /// Why.
    #[serde(serialize_with = "as_text")]
    pub error: Error,
}

fn as_text<S: serde::Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

/// Where a payload stands in its batch.
#[derive(Clone, Copy)]
struct Position {
    index: usize,
    line: usize,
}

impl Position {
    fn rejected(self, error: Error) -> Rejected {
        Rejected {
            index: self.index,
            line: self.line,
            error,
        }
    }
}

/// A batch, read and sorted by stream: what is left is to write it.
pub(crate) struct Batch<'a> {
    groups: Vec<Group<'a>>,
    /// What the stream objects set, each that says something new.
    patches: Vec<StreamPatch>,
    /// The stream object that was read last, its group and its patch.
    last: Option<(RawStream<'a>, usize, usize)>,
    report: IngestReport,
    provider: &'a str,
    strict: bool,
}

/// The payloads of one stream, in their order.
struct Group<'a> {
    stream: StreamUuid,
    rows: Vec<(Position, Row<'a>)>,
}

struct Row<'a> {
    ts: Timestamp,
    value: f64,
    hash: Option<Cow<'a, str>>,
    /// The number of the patch that the payload's stream object is.
    metadata: Option<usize>,
}

impl<'a> Batch<'a> {
    /// Reads the input. Touches no database, so that no lock is held meanwhile.
    pub(crate) fn read(input: &'a [u8], options: &'a IngestOptions) -> Result<Self> {
        let items = split(input)?;
        let mut batch = Batch {
            groups: Vec::new(),
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
        for (index, item) in items.iter().enumerate() {
            let Place { line, .. } = item.place;
            let position = Position { index, line };
            if let Err(error) = batch.add(position, item, options.uuid.as_ref(), &mut known) {
                batch.report.rejected.push(position.rejected(error));
            }
        }
        Ok(batch)
    }

    fn add(
        &mut self,
        position: Position,
        item: &Item<'a>,
        uuid: Option<&StreamUuid>,
        known: &mut HashMap<Cow<'a, str>, usize>,
    ) -> Result<()> {
        let Some(payload) = item.payload()? else {
            self.report.nothing += 1;
            return Ok(());
        };
        let (number, metadata) = match (payload.stream, self.last) {
            (Some(stream), Some((last, number, patch))) if stream == last => (number, Some(patch)),
            (Some(stream), _) => {
                let ParsedStream {
                    uuid: own,
                    metadata,
                } = item.metadata(stream)?;
                let number = self.group(uuid, own, known)?;
                let patch = self.patches.len();
                self.patches.push(metadata);
                self.last = Some((stream, number, patch));
                (number, Some(patch))
            }
            (None, _) => (self.group(uuid, None, known)?, None),
        };
        let Parsed {
            ts, value, hash, ..
        } = payload;
        let row = Row {
            ts,
            value,
            hash,
            metadata,
        };
        self.groups[number].rows.push((position, row));
        Ok(())
    }

    /// The number of the stream's group: the caller's stream, else the payload's
    /// own.
    fn group(
        &mut self,
        uuid: Option<&StreamUuid>,
        own: Option<Cow<'a, str>>,
        known: &mut HashMap<Cow<'a, str>, usize>,
    ) -> Result<usize> {
        let stream = match (uuid, own) {
            // The caller's stream is the only one.
            (Some(_), _) if !self.groups.is_empty() => return Ok(0),
            (Some(uuid), _) => uuid.clone(),
            (None, Some(own)) => {
                if let Some(number) = known.get(&own) {
                    return Ok(*number);
                }
                let stream = StreamUuid::new(own.as_ref())?;
                known.insert(own, self.groups.len());
                stream
            }
            (None, None) => return Err(Error::MissingUuid),
        };
        self.groups.push(Group {
            stream,
            rows: Vec::new(),
        });
        Ok(self.groups.len() - 1)
    }

    /// Writes the batch. Only in a transaction, which an error must roll back.
    pub(crate) fn write(
        mut self,
        connection: &mut Connection,
        now: Timestamp,
    ) -> Result<IngestReport> {
        for group in std::mem::take(&mut self.groups) {
            self.write_group(connection, now, group)?;
        }
        self.report.rejected.sort_by_key(|rejected| rejected.index);
        self.report.conflicts.sort_by_key(|conflict| conflict.index);
        if self.strict && self.report.refused() > 0 {
            // What this transaction has stored it takes back.
            self.report.inserted = 0;
            self.report.streams.clear();
            return Err(Error::Refused(Box::new(self.report)));
        }
        Ok(self.report)
    }

    fn write_group(
        &mut self,
        connection: &mut Connection,
        now: Timestamp,
        group: Group<'_>,
    ) -> Result<()> {
        let stream = &group.stream;
        let provider = self.provider;
        let rows = group.rows.iter().map(|(_, row)| NewObservation {
            hash: row.hash.as_deref(),
            ..NewObservation::new(row.ts, row.value).provider(provider)
        });
        let inserted = connection
            .check_name(stream)
            .and_then(|()| insert::insert_each(connection.tables(), stream, rows));
        let (report, refused) = match inserted {
            Ok(done) => done,
            // A name that can't be used is the fault of its payloads alone, and
            // is found before a row of them is written.
            Err(Error::NotObservationTable { name, reason }) => {
                for (position, _) in &group.rows {
                    let (name, reason) = (name.clone(), reason.clone());
                    let error = Error::NotObservationTable { name, reason };
                    self.report.rejected.push(position.rejected(error));
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.report.inserted += report.inserted;
        self.report.already_there += report.already_there;
        // Metadata and observation both, or neither: not that of a payload whose
        // observation is refused.
        let mut left_out = vec![false; group.rows.len()];
        for (row, conflict) in report.conflicts {
            left_out[row] = true;
            let (Position { index, line }, _) = group.rows[row];
            self.report.conflicts.push(IngestConflict {
                index,
                line,
                stream: stream.clone(),
                conflict,
            });
        }
        for (row, error) in refused {
            left_out[row] = true;
            let (position, _) = group.rows[row];
            self.report.rejected.push(position.rejected(error));
        }
        // What all stream objects set, later ones over earlier ones: written
        // once, which is most of what makes a batch fast.
        let mut metadata: Option<StreamPatch> = None;
        let mut merged = None;
        for ((_, row), left_out) in group.rows.iter().zip(&left_out) {
            if let Some(patch) = row.metadata
                && !left_out
                && merged.replace(patch) != Some(patch)
            {
                let patch = self.patches[patch].clone();
                metadata.get_or_insert_default().merge(patch);
            }
        }
        if let Some(patch) = &metadata {
            connection.upsert(stream, patch, now)?;
        }
        if left_out.contains(&false) {
            self.report.streams.push(group.stream);
        }
        Ok(())
    }
}
