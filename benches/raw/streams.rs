//! Table `streams`: upserting and looking up its rows.

use std::ffi::c_int;

use super::connection::Connection;
use super::statement::Statement;
use crate::feed::StreamObject;

/// A row of `streams`: the two numbers and the nine texts.
pub(crate) struct Stream {
    pub(crate) id: i64,
    pub(crate) server_stream_id: Option<i64>,
    pub(crate) texts: [Option<String>; 9],
}

/// Reads and writes `streams`.
pub(crate) struct Streams {
    upsert: Statement,
    upsert_returning: Statement,
    by_uuid: Statement,
    by_name: Statement,
}

const COLUMNS: &str = "id, server_stream_id, uuid, name, author, secondary, target, meta, \
                       description, last_synced, created_at";

impl Streams {
    pub(crate) fn new(connection: &Connection) -> Self {
        let written = [
            "uuid",
            "last_synced",
            "server_stream_id",
            "name",
            "author",
            "secondary",
            "target",
            "meta",
            "description",
        ];
        let set: Vec<_> = written[1..]
            .iter()
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let upsert = format!(
            "INSERT INTO streams ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (uuid) DO UPDATE SET {}",
            written.join(", "),
            set.join(", ")
        );
        Self {
            upsert_returning: connection.prepare(&format!("{upsert} RETURNING {COLUMNS}")),
            upsert: connection.prepare(&upsert),
            by_uuid: connection.prepare(&format!("SELECT {COLUMNS} FROM streams WHERE uuid = ?1")),
            by_name: connection.prepare(&format!(
                "SELECT {COLUMNS} FROM streams WHERE name = ?1 ORDER BY last_synced DESC, id"
            )),
        }
    }

    pub(crate) fn upsert(&self, stream: &StreamObject, now: &str) {
        let texts = [Some(&*stream.name), Some(stream.author), None, None, None];
        self.upsert_texts(
            stream.uuid.as_str(),
            stream.number,
            texts,
            &stream.description,
            now,
        );
    }

    pub(crate) fn upsert_texts(
        &self,
        uuid: &str,
        number: i64,
        texts: [Option<&str>; 5],
        description: &str,
        now: &str,
    ) {
        // SAFETY: the texts outlive the step.
        unsafe {
            Self::bind(&self.upsert, uuid, number, texts, description, now);
            self.upsert.step();
            self.upsert.reset();
        }
    }

    /// Upserts, and reads what is stored then.
    pub(crate) fn upsert_returning(&self, stream: &StreamObject, now: &str) -> Stream {
        let texts = [Some(&*stream.name), Some(stream.author), None, None, None];
        let statement = &self.upsert_returning;
        let uuid = stream.uuid.as_str();
        // SAFETY: the texts outlive the step.
        unsafe {
            Self::bind(
                statement,
                uuid,
                stream.number,
                texts,
                &stream.description,
                now,
            );
            assert!(statement.step());
            let stored = Self::read(statement);
            statement.step();
            statement.reset();
            stored
        }
    }

    unsafe fn bind(
        statement: &Statement,
        uuid: &str,
        number: i64,
        texts: [Option<&str>; 5],
        description: &str,
        now: &str,
    ) {
        unsafe {
            statement.bind_text(1, uuid);
            statement.bind_text(2, now);
            statement.bind_integer(3, number);
            for (index, text) in (4..).zip(texts) {
                match text {
                    Some(text) => statement.bind_text(index, text),
                    None => statement.bind_null(index),
                }
            }
            statement.bind_text(9, description);
        }
    }

    pub(crate) fn by_uuid(&self, uuid: &str) -> Option<Stream> {
        Self::first(&self.by_uuid, uuid)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Stream> {
        Self::first(&self.by_name, name)
    }

    fn first(statement: &Statement, key: &str) -> Option<Stream> {
        // SAFETY: the key outlives the step.
        unsafe {
            statement.bind_text(1, key);
            let row = statement.step().then(|| Self::read(statement));
            statement.reset();
            row
        }
    }

    /// Reads the row that a statement of [`COLUMNS`] stands on.
    unsafe fn read(statement: &Statement) -> Stream {
        unsafe {
            Stream {
                id: statement.integer(0),
                server_stream_id: (!statement.is_null(1)).then(|| statement.integer(1)),
                texts: std::array::from_fn(|column| {
                    let column = 2 + column as c_int;
                    (!statement.is_null(column)).then(|| statement.string(column))
                }),
            }
        }
    }
}
