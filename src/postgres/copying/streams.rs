//! Metadata, as a file stores it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::connection::Connection;
use super::super::key::key;
use super::super::raw::{Params, Statement};
use super::super::streams::{COLUMNS, Stored, check_text, stream, taken};
use crate::model::error::Result;
use crate::model::raw_row::{RawStream, created_text, synced_text};
use crate::model::stream::{Stream, stream_fields};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// How many streams one statement writes at most.
const CHUNK: usize = 5_000;

macro_rules! define {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        /// The fields that may be set, and their types.
        const FIELDS: &[(&str, &str)] = &[$((stringify!($field), <$type as Stored>::TYPE)),*];

        /// Adds the values of all fields, an array a field.
        fn values(mut params: Params, streams: &[RawStream]) -> Params {
            $(params = <$type as Stored>::params(params, streams.iter().map(|raw| raw.stream.$field.as_ref()));)*
            params
        }

        /// Checks that the database can hold the texts.
        ///
        /// # Errors
        /// `InvalidText`.
        fn check(stream: &Stream) -> Result<()> {
            $(if let Some(text) = stream.$field.as_ref().and_then(Stored::text) {
                check_text(stringify!($field), text)?;
            })*
            check_text("uuid", stream.uuid.as_str())
        }
    };
}
stream_fields!(define);

/// Sees to it that the next id is greater than all that were given.
const SET_NEXT: &str = "SELECT setval('streams_id', given.id) FROM streams_id, (\
       SELECT greatest($1, max(id)) AS id FROM streams\
     ) AS given WHERE given.id > 0 AND (NOT is_called OR given.id > last_value)";

impl Connection {
    pub(super) fn raw_streams(&mut self) -> Result<Vec<RawStream>> {
        let sql = format!(
            "SELECT {COLUMNS}, last_synced_spelling, created_at_spelling FROM streams \
             WHERE id IS NOT NULL ORDER BY id"
        );
        let answers = self.run(vec![Statement::new(sql, Params::new())])?;
        let spelling = FIELDS.len() as i32 + 4;
        let rows = answers[0].rows();
        Ok(rows
            .map(|row| {
                let spelled = [spelling, spelling + 1].map(|column| row.text(column));
                RawStream::new(stream(row).into(), spelled[0], spelled[1])
            })
            .collect())
    }

    pub(super) fn check_raw_streams(&mut self, streams: &[RawStream]) -> Result<()> {
        let mut names: HashMap<i64, &StreamUuid> = HashMap::new();
        for RawStream { stream, .. } in streams {
            check(stream)?;
            if let Some(other) = names.insert(key(&stream.uuid), &stream.uuid) {
                return Err(taken(&stream.uuid, other.as_str()));
            }
        }
        let uuids: Vec<_> = names.into_values().collect();
        self.check_names(&uuids)?.into_iter().collect()
    }

    pub(super) fn put_streams(&mut self, streams: &[RawStream], last_id: i64) -> Result<()> {
        for chunk in streams.chunks(CHUNK) {
            self.run(vec![put(chunk)])?;
        }
        self.ask(SET_NEXT, Params::new().int8(last_id))?;
        Ok(())
    }
}

/// Returns the statement that writes streams, unless they have metadata.
fn put(streams: &[RawStream]) -> Statement {
    let mut source =
        "$1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], \
                      $6::text[], $7::text[]"
            .to_owned();
    let mut names = "stream, id, uuid, last_synced, created_at, last_synced_spelling, \
                     created_at_spelling"
        .to_owned();
    let mut set = String::new();
    for ((field, of), number) in FIELDS.iter().zip(8..) {
        // To write to a string can't fail.
        let _ = write!(source, ", ${number}::{of}[]");
        let _ = write!(names, ", {field}");
        let _ = write!(set, ", {field} = excluded.{field}");
    }
    let sql = format!(
        "INSERT INTO streams AS s ({names}) SELECT {names} FROM unnest({source}) AS u ({names}) \
         ORDER BY stream ON CONFLICT (stream) DO UPDATE SET id = excluded.id, \
           last_synced = excluded.last_synced, created_at = excluded.created_at, \
           last_synced_spelling = excluded.last_synced_spelling, \
           created_at_spelling = excluded.created_at_spelling{set} \
         WHERE s.uuid = excluded.uuid AND s.id IS NULL"
    );
    let micros = |ts: Option<Timestamp>| ts.map(|ts| ts.as_micros());
    let params = Params::new()
        .int8s(streams.iter().map(|raw| key(&raw.stream.uuid)))
        .int8s(streams.iter().map(|raw| raw.stream.id))
        .texts(streams.iter().map(|raw| raw.stream.uuid.as_str()))
        .some_instants(streams.iter().map(|raw| micros(raw.stream.last_synced)))
        .some_instants(streams.iter().map(|raw| micros(raw.stream.created_at)))
        .some_texts(
            streams
                .iter()
                .map(|raw| own(&raw.last_synced, raw.stream.last_synced, synced_text)),
        )
        .some_texts(
            streams
                .iter()
                .map(|raw| own(&raw.created_at, raw.stream.created_at, created_text)),
        );
    Statement::new(sql, values(params, streams))
}

/// Returns how a file spells a time, if in another way than the store does.
fn own(
    spelling: &Option<String>,
    ts: Option<Timestamp>,
    usual: fn(Timestamp) -> String,
) -> Option<&str> {
    let is_own = *spelling != ts.map(usual);
    spelling.as_deref().filter(|_| is_own)
}
