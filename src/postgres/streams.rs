//! Table `streams`: look-ups and writes of metadata, and whose name is whose.

use std::borrow::Cow;
use std::collections::HashMap;

use super::connection::Connection;
use super::key::key;
use super::raw::{Answer, Params, Row, Statement};
use crate::backend::StreamQuery;
use crate::model::error::{Error, Result, excerpt};
use crate::model::password::without_password;
use crate::model::stream::{Field, Stream, StreamPatch, StreamRef, stream_fields};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The type of a field, as the statements read and write it.
pub(super) trait Stored: Field + Sized {
    /// Its name in PostgreSQL.
    const TYPE: &'static str;

    fn read<'a>(row: Row<'a>, column: i32) -> Option<Self::Borrowed<'a>>;
    fn params<'a>(params: Params, values: impl IntoIterator<Item = Option<&'a Self>>) -> Params
    where
        Self: 'a;
    fn text(&self) -> Option<&str>;
}

impl Stored for i64 {
    const TYPE: &'static str = "bigint";

    fn read(row: Row<'_>, column: i32) -> Option<i64> {
        row.int8(column)
    }

    fn params<'a>(params: Params, values: impl IntoIterator<Item = Option<&'a i64>>) -> Params {
        params.some_int8s(values.into_iter().map(Option::<&i64>::copied))
    }

    fn text(&self) -> Option<&str> {
        None
    }
}

impl Stored for String {
    const TYPE: &'static str = "text";

    fn read(row: Row<'_>, column: i32) -> Option<Cow<'_, str>> {
        row.text(column).map(Cow::Borrowed)
    }

    fn params<'a>(params: Params, values: impl IntoIterator<Item = Option<&'a String>>) -> Params {
        params.some_texts(values.into_iter().map(|value| value.map(String::as_str)))
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

macro_rules! define {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        /// The columns that [`stream`] reads.
        pub(super) const COLUMNS: &str = concat!("id, uuid", $(", ", stringify!($field),)* ", last_synced, created_at");
        /// What clears all metadata.
        pub(super) const CLEARED: &str = concat!("id = NULL", $(", ", stringify!($field), " = NULL",)* ", last_synced = NULL, created_at = NULL");

        /// Reads a row of metadata.
        pub(super) fn stream<'a>(row: Row<'a>) -> StreamRef<'a> {
            let mut column = 1;
            $(column += 1;
            let $field = <$type as Stored>::read(row, column);)*
            StreamRef {
                id: row.int8(0).unwrap_or(0),
                uuid: Cow::Borrowed(row.text(1).unwrap_or_default()),
                $($field,)*
                last_synced: row.instant(column + 1).map(Timestamp::from_micros),
                created_at: row.instant(column + 2).map(Timestamp::from_micros),
            }
        }

        /// Returns which fields a patch sets, a bit each.
        pub(super) fn set_fields(patch: &StreamPatch) -> u32 {
            let set = [$(patch.$field.is_some()),*];
            set.into_iter().fold(0, |bits, is_set| bits << 1 | u32::from(is_set))
        }

        /// Returns the fields that a patch sets, each with its type.
        pub(super) fn fields(patch: &StreamPatch) -> Vec<(&'static str, &'static str)> {
            let mut fields = Vec::new();
            $(if patch.$field.is_some() {
                fields.push((stringify!($field), <$type as Stored>::TYPE));
            })*
            fields
        }

        /// Adds the values of the fields that the patches set, an array a field. All of them
        /// set the same.
        pub(super) fn values(mut params: Params, patches: &[Claim<'_>]) -> Params {
            $(if patches.first().is_some_and(|(_, _, patch)| patch.$field.is_some()) {
                let values = patches.iter().map(|(_, _, patch)| patch.$field.as_ref().and_then(Option::as_ref));
                params = <$type as Stored>::params(params, values);
            })*
            params
        }

        /// Checks that the database can hold what a patch sets.
        ///
        /// # Errors
        /// `InvalidText`.
        pub(super) fn check(patch: &StreamPatch) -> Result<()> {
            $(if let Some(text) = patch.$field.iter().flatten().find_map(Stored::text) {
                check_text(stringify!($field), text)?;
            })*
            Ok(())
        }
    };
}
stream_fields!(define);

/// A stream's key and uuid, and what is to be written of it.
pub(super) type Claim<'a> = (i64, &'a StreamUuid, &'a StreamPatch);

/// Checks that the database can hold a text.
///
/// # Errors
/// `InvalidText`.
pub(super) fn check_text(column: &'static str, text: &str) -> Result<()> {
    match text.contains('\0') {
        true => Err(Error::InvalidText {
            column,
            text: excerpt(text),
            reason: "has a NUL, which PostgreSQL cannot store",
        }),
        false => Ok(()),
    }
}

/// Returns the error for a name whose key another stream has.
pub(super) fn taken(uuid: &StreamUuid, other: &str) -> Error {
    let is_spelled_alike = uuid.as_str().eq_ignore_ascii_case(other);
    let other = without_password(other);
    let reason = match is_spelled_alike {
        true => format!("it is taken for the stream {other:?}, which is spelled in another case"),
        false => format!(
            "its key, a hash, is that of the stream {other:?} too: one of them needs another uuid"
        ),
    };
    Error::NotAStream {
        name: uuid.shown(),
        reason,
    }
}

/// Reads rows of `stream` and a text into a map by key.
pub(super) fn texts_by_key(answer: &Answer) -> HashMap<i64, String> {
    by_key(answer, |row| row.text(1).unwrap_or_default().to_owned())
}

/// Reads rows of `stream` and something else into a map by key.
pub(super) fn by_key<T>(answer: &Answer, read: impl Fn(Row<'_>) -> T) -> HashMap<i64, T> {
    let rows = answer.rows();
    rows.filter_map(|row| Some((row.int8(0)?, read(row))))
        .collect()
}

impl Connection {
    pub(super) fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let sql = format!(
            "SELECT {COLUMNS} FROM streams WHERE stream = $1 AND uuid = $2 AND id IS NOT NULL"
        );
        let params = Params::new().int8(key(uuid)).text(uuid.as_str());
        let answers = self.run(vec![Statement::new(sql, params)])?;
        Ok(answers[0].first().map(|row| T::from(stream(row))))
    }

    pub(super) fn streams_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>> {
        let sql =
            format!("SELECT {COLUMNS} FROM streams WHERE stream = ANY ($1) AND id IS NOT NULL");
        let params = Params::new().int8s(uuids.iter().map(|uuid| key(uuid)));
        let answers = self.run(vec![Statement::new(sql, params)])?;
        let found = answers[0].rows().map(|row| Stream::from(stream(row)));
        let found: HashMap<_, _> = found.map(|stream| (stream.uuid.clone(), stream)).collect();
        Ok(uuids.iter().map(|uuid| found.get(*uuid).cloned()).collect())
    }

    pub(super) fn streams_named(&mut self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        let sql = format!(
            "SELECT DISTINCT ON (name) {COLUMNS} FROM streams WHERE name = ANY ($1) \
             AND id IS NOT NULL ORDER BY name, last_synced DESC NULLS LAST, id"
        );
        // No stream has a name that can't be stored.
        let texts = names.iter().filter(|name| !name.contains('\0')).copied();
        let params = Params::new().texts(texts);
        let answers = self.run(vec![Statement::new(sql, params)])?;
        let found = answers[0].rows().map(|row| Stream::from(stream(row)));
        let found: HashMap<_, _> = found.map(|stream| (stream.name.clone(), stream)).collect();
        let named = |name: &&str| found.get(&Some((*name).to_owned())).cloned();
        Ok(names.iter().map(named).collect())
    }

    pub(super) fn find_streams<T>(&mut self, query: StreamQuery<'_>) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let params = Params::new();
        let (condition, order, params) = match query {
            StreamQuery::All => ("true", "id", params),
            StreamQuery::Named(text) | StreamQuery::Containing(text) if text.contains('\0') => {
                return Ok(Vec::new());
            }
            StreamQuery::Named(name) => (
                "name = $1",
                "last_synced DESC NULLS LAST, id",
                params.text(name),
            ),
            StreamQuery::Numbered(number) => (
                "server_stream_id = $1",
                "last_synced DESC NULLS LAST, id",
                params.int8(number),
            ),
            // In the collation "C" only ASCII letters have a case.
            StreamQuery::Containing(part) => (
                "position(lower($1 COLLATE \"C\") IN lower(name COLLATE \"C\")) > 0 \
                 OR position(lower($1 COLLATE \"C\") IN lower(description COLLATE \"C\")) > 0",
                "id",
                params.text(part),
            ),
            StreamQuery::NotSyncedSince(since) => (
                "last_synced IS NULL OR last_synced < $1",
                "last_synced NULLS FIRST, id",
                params.instant(since.as_micros()),
            ),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM streams WHERE id IS NOT NULL AND ({condition}) ORDER BY {order}"
        );
        let answers = self.run(vec![Statement::new(sql, params)])?;
        Ok(answers[0].rows().map(|row| T::from(stream(row))).collect())
    }

    pub(super) fn check_names(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Result<()>>> {
        let params = Params::new().int8s(uuids.iter().map(|uuid| key(uuid)));
        let select = "SELECT stream, uuid FROM streams WHERE stream = ANY ($1)";
        let answer = self.ask(select, params)?;
        let names = texts_by_key(&answer);
        let check = |uuid: &&StreamUuid| match names.get(&key(uuid)) {
            Some(name) if name != uuid.as_str() => Err(taken(uuid, name)),
            _ => Ok(()),
        };
        Ok(uuids.iter().map(check).collect())
    }

    /// Lists the streams that have data, in the order in which they got it.
    pub(super) fn streams_with_data(&mut self) -> Result<Vec<StreamUuid>> {
        let select = "SELECT uuid FROM streams WHERE data IS NOT NULL ORDER BY data";
        let answer = self.ask(select, Params::new())?;
        let uuids = answer.rows().filter_map(|row| row.text(0));
        Ok(uuids
            .map(|uuid| StreamUuid::stored(uuid.to_owned()))
            .collect())
    }

    /// Returns `true` if the store has data of the stream.
    pub(super) fn has_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        let answer = self.ask(PLACE, Params::new().int8(key(uuid)))?;
        place(uuid, &answer)
    }

    /// Returns `true` if the store has data of the stream, of which rows are about to be changed
    /// or deleted. Nobody else does until the transaction ends: two that do would lock them in
    /// different orders.
    pub(super) fn claims_data(&mut self, uuid: &StreamUuid) -> Result<bool> {
        let claim = "SELECT uuid, data IS NOT NULL FROM streams WHERE stream = $1 \
                     FOR NO KEY UPDATE";
        let answer = self.ask(claim, Params::new().int8(key(uuid)))?;
        place(uuid, &answer)
    }
}

/// Locks the row of a stream that is about to be removed, in the first statement. With a weaker
/// lock first and this one later, the removal would wait for those who insert a row, and they
/// for the removal.
pub(super) const LOCK: &str =
    "SELECT uuid, data IS NOT NULL FROM streams WHERE stream = $1 FOR UPDATE";

/// Removes the row of a stream that has neither metadata nor data.
pub(super) const FORGET: &str =
    "DELETE FROM streams WHERE stream = $1 AND uuid = $2 AND id IS NULL AND data IS NULL";

/// Selects what [`place`] reads.
pub(super) const PLACE: &str = "SELECT uuid, data IS NOT NULL FROM streams WHERE stream = $1";

/// Returns `true` if the stream has data.
///
/// # Errors
/// `NotAStream` if the data is that of a stream of another name.
pub(super) fn place(uuid: &StreamUuid, answer: &Answer) -> Result<bool> {
    match answer.first() {
        Some(row) if row.bool(1) => match row.text(0) {
            Some(name) if name != uuid.as_str() => Err(taken(uuid, name)),
            _ => Ok(true),
        },
        _ => Ok(false),
    }
}
