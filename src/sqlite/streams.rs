//! Look-ups and writes of table `streams`: Diesel's queries, and the raw statements of those
//! that hosts make most often.

use std::borrow::Cow;
use std::sync::LazyLock;

use diesel::deserialize::FromSql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteValue};

use super::raw::{Cell, Param, Row};
use super::schema::{satori_instant, streams};
use crate::model::raw_row::RawStream;
use crate::model::stream::{Field, Stream, StreamPatch, StreamRef, stream_fields};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The type of a field, as Diesel and the raw statements read and write it.
trait Stored: Field + Sized {
    /// The type that Diesel reads.
    type Owned: Into<Self>;

    /// Reads a cell of a row; `None` if it is NULL.
    fn read<'a>(row: &'a Row<'_>, column: i32) -> Option<Self::Borrowed<'a>>;
    fn param(&self) -> Param<'_>;
}

impl Stored for i64 {
    type Owned = i64;

    fn read(row: &Row<'_>, column: i32) -> Option<i64> {
        (row.cell(column) != Cell::Null).then(|| row.integer(column))
    }

    fn param(&self) -> Param<'_> {
        Param::Integer(*self)
    }
}

impl Stored for String {
    type Owned = Lossy;

    fn read<'a>(row: &'a Row<'_>, column: i32) -> Option<Cow<'a, str>> {
        row.cell(column).to_text()
    }

    fn param(&self) -> Param<'_> {
        Param::Text(self)
    }
}

/// Text of the metadata. Other programs write it too, so it may not be UTF-8. Invalid bytes
/// become U+FFFD: an error would hide every stream.
#[derive(Debug, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Text)]
struct Lossy(String);

impl FromSql<Text, Sqlite> for Lossy {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> diesel::deserialize::Result<Self> {
        let text = value.read_blob();
        Ok(Self(String::from_utf8_lossy(text).into_owned()))
    }
}

impl From<Lossy> for String {
    fn from(text: Lossy) -> Self {
        text.0
    }
}

macro_rules! define {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        /// The number of fields that a patch may set.
        const FIELDS: usize = [$(stringify!($field)),*].len();

        /// Returns the SQL of a look-up, raw because Diesel builds the query and copies each
        /// text every time (measured: 0.55 of the speed).
        macro_rules! select {
            ($rest:literal) => {
                concat!(
                    "SELECT id, uuid",
                    $(", ", stringify!($field),)*
                    ", last_synced, created_at FROM streams ",
                    $rest
                )
            };
        }

        /// The SQL of the look-up by uuid, ?1, which hosts make most often.
        pub(super) const BY_UUID: &str = select!("WHERE uuid = ?1");
        /// The SQL of the look-up by name, ?1, in no order.
        pub(super) const BY_NAME: &str = select!("WHERE name = ?1");
        /// The SQL that lists all streams, by id.
        pub(super) const ALL: &str = select!("ORDER BY id");

        /// Which columns of these rows have the times: `last_synced`, `created_at`.
        pub(super) const TIMES: [i32; 2] = [2 + FIELDS as i32, 3 + FIELDS as i32];

        /// Returns the SQL that writes a stream as it is, with the parameters of
        /// [`raw_params`], unless there is metadata of its uuid.
        pub(super) fn insert_raw() -> String {
            let fields = concat!("id, uuid", $(", ", stringify!($field),)* ", last_synced, created_at");
            let values: Vec<_> = (1..=FIELDS + 4).map(|number| format!("?{number}")).collect();
            format!(
                "INSERT INTO streams ({fields}) VALUES ({}) ON CONFLICT (uuid) DO NOTHING",
                values.join(", ")
            )
        }

        /// Returns the parameters of [`insert_raw`].
        pub(super) fn raw_params(raw: &RawStream) -> Vec<Param<'_>> {
            let RawStream { stream, last_synced, created_at } = raw;
            vec![
                Param::Integer(stream.id),
                Param::Text(stream.uuid.as_str()),
                $(stream.$field.as_ref().map_or(Param::Null, Stored::param),)*
                last_synced.as_deref().map_or(Param::Null, Param::Text),
                created_at.as_deref().map_or(Param::Null, Param::Text),
            ]
        }

        /// Reads a row of these.
        pub(super) fn read<'a>(row: &'a Row<'_>) -> StreamRef<'a> {
            let mut column = 1;
            $(column += 1;
            let $field = <$type as Stored>::read(row, column);)*
            StreamRef {
                id: row.integer(0),
                uuid: row.cell(1).to_text().unwrap_or_default(),
                $($field,)*
                last_synced: instant(row, column + 1),
                created_at: instant(row, column + 2),
            }
        }

        /// The SQL that writes a patch and `last_synced`, and makes the row if there is none,
        /// with the parameters of [`upsert_params`]. One statement serves all patches, so it
        /// is prepared once. It is raw because Diesel compiles its own form each time, at a
        /// third of the speed.
        pub(super) static UPSERT: LazyLock<String> = LazyLock::new(|| {
            let fields = [$(stringify!($field)),*];
            let values: Vec<_> = (3..3 + FIELDS).map(|number| format!("?{number}")).collect();
            let updates: Vec<_> = (3 + FIELDS..)
                .zip(fields)
                .map(|(is_set, field)| {
                    format!("{field} = CASE WHEN ?{is_set} THEN excluded.{field} ELSE {field} END")
                })
                .collect();
            format!(
                "INSERT INTO streams (uuid, last_synced, {}) VALUES (?1, ?2, {}) \
                 ON CONFLICT (uuid) DO UPDATE SET last_synced = excluded.last_synced, {}",
                fields.join(", "),
                values.join(", "),
                updates.join(", ")
            )
        });

        /// Returns the parameters of [`UPSERT`]: uuid, `last_synced`, the value of each field,
        /// and for each field 1 if the patch sets it.
        pub(super) fn upsert_params<'a>(
            uuid: &'a StreamUuid,
            patch: &'a StreamPatch,
            last_synced: &'a str,
        ) -> [Param<'a>; 2 + 2 * FIELDS] {
            let mut params = [Param::Null; 2 + 2 * FIELDS];
            params[0] = Param::Text(uuid.as_str());
            params[1] = Param::Text(last_synced);
            let mut place = 1;
            $(place += 1;
            if let Some(value) = &patch.$field {
                params[place] = value.as_ref().map_or(Param::Null, Stored::param);
            }
            params[place + FIELDS] = Param::Integer(patch.$field.is_some().into());)*
            params
        }

        #[derive(Queryable, Selectable)]
        #[diesel(table_name = streams, check_for_backend(Sqlite))]
        struct StreamRow {
            id: i64,
            uuid: Lossy,
            $($field: Option<<$type as Stored>::Owned>,)*
            last_synced: Option<Lossy>,
            created_at: Option<Lossy>,
        }

        impl From<StreamRow> for Stream {
            fn from(row: StreamRow) -> Self {
                let instant = |text: Option<Lossy>| text.and_then(|text| text.0.parse().ok());
                Self {
                    id: row.id,
                    uuid: StreamUuid::stored(row.uuid.0),
                    $($field: row.$field.map(Into::into),)*
                    last_synced: instant(row.last_synced),
                    created_at: instant(row.created_at),
                }
            }
        }

        /// A [`StreamPatch`] as Diesel writes it.
        #[derive(AsChangeset)]
        #[diesel(table_name = streams)]
        struct Changes<'a> {
            $($field: Option<Option<&'a $type>>,)*
        }

        impl<'a> From<&'a StreamPatch> for Changes<'a> {
            fn from(patch: &'a StreamPatch) -> Self {
                Self {
                    $($field: patch.$field.as_ref().map(Option::as_ref),)*
                }
            }
        }
    };
}

stream_fields!(define);

fn instant(row: &Row<'_>, column: i32) -> Option<Timestamp> {
    match row.cell(column) {
        Cell::Integer(number) => Some(Timestamp::from_integer(number)),
        Cell::Real(number) => Timestamp::from_real(number).ok(),
        Cell::Text(text) | Cell::Blob(text) => str::from_utf8(text).ok()?.parse().ok(),
        Cell::Null => None,
    }
}

/// Writes the patch to the stream's row, if it has one; `last_synced` stays.
pub(super) fn update(
    connection: &mut SqliteConnection,
    uuid: &StreamUuid,
    patch: &StreamPatch,
) -> QueryResult<()> {
    // Diesel refuses an UPDATE that sets nothing.
    if *patch == StreamPatch::default() {
        return Ok(());
    }
    diesel::update(streams::table.filter(streams::uuid.eq(uuid.as_str())))
        .set(Changes::from(patch))
        .execute(connection)
        .map(drop)
}

/// Finds the streams with this number at the server: the most recently synced first, then by
/// id. SQLite sorts NULL below all numbers, so those never synced come last.
pub(super) fn by_server_id(
    connection: &mut SqliteConnection,
    server_stream_id: i64,
) -> QueryResult<Vec<Stream>> {
    let rows = streams::table
        .filter(streams::server_stream_id.eq(server_stream_id))
        .order((satori_instant_of_sync().desc(), streams::id))
        .select(StreamRow::as_select())
        .load(connection)?;
    Ok(into_streams(rows))
}

/// Finds the streams whose name or description contains `part`, by id. The case of ASCII
/// letters doesn't matter.
pub(super) fn search(connection: &mut SqliteConnection, part: &str) -> QueryResult<Vec<Stream>> {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let rows = streams::table
        .filter(
            streams::name
                .like(pattern.clone())
                .escape('\\')
                .or(streams::description.like(pattern).escape('\\')),
        )
        .order(streams::id)
        .select(StreamRow::as_select())
        .load(connection)?;
    Ok(into_streams(rows))
}

/// Finds the streams not synced since `since`: those never synced first, then the longest
/// unsynced.
pub(super) fn stale(
    connection: &mut SqliteConnection,
    since: Timestamp,
) -> QueryResult<Vec<Stream>> {
    let synced = satori_instant_of_sync();
    let rows = streams::table
        .filter(synced.is_null().or(synced.lt(since.as_micros())))
        .order((synced.asc(), streams::id))
        .select(StreamRow::as_select())
        .load(connection)?;
    Ok(into_streams(rows))
}

/// Returns a uuid of the metadata that differs from this one in the case of letters only;
/// `None` if there is none.
pub(super) fn other_case(
    connection: &mut SqliteConnection,
    uuid: &StreamUuid,
) -> QueryResult<Option<String>> {
    diesel::sql_query(
        "SELECT uuid FROM streams WHERE uuid = ? COLLATE NOCASE AND uuid <> ? LIMIT 1",
    )
    .bind::<Text, _>(uuid.as_str())
    .bind::<Text, _>(uuid.as_str())
    .get_result::<UuidRow>(connection)
    .optional()
    .map(|row| row.map(|row| row.uuid))
}

#[derive(QueryableByName)]
struct UuidRow {
    #[diesel(sql_type = Text)]
    uuid: String,
}

pub(super) fn delete(connection: &mut SqliteConnection, uuid: &StreamUuid) -> QueryResult<bool> {
    diesel::delete(streams::table.filter(streams::uuid.eq(uuid.as_str())))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Returns the SQL of `last_synced` as an instant, however it is spelled.
fn satori_instant_of_sync() -> satori_instant<streams::last_synced> {
    satori_instant(streams::last_synced)
}

fn into_streams(rows: Vec<StreamRow>) -> Vec<Stream> {
    rows.into_iter().map(Stream::from).collect()
}
