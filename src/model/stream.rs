//! Stream metadata: the rows of table `streams`.

use std::borrow::Cow;

use diesel::deserialize::FromSql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteValue};

use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::raw::{Cell, Param, Row};
use crate::sqlite::schema::{satori_instant, streams};

/// The metadata of one stream.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Stream {
    /// Given by the store, never changed.
    pub id: i64,
    /// The server's number for the stream.
    pub server_stream_id: Option<i64>,
    /// The stream's uuid, and the name of its observation table.
    pub uuid: StreamUuid,
    /// The name; not unique.
    pub name: Option<String>,
    /// Who may publish.
    pub author: Option<String>,
    /// Secondary identifier.
    pub secondary: Option<String>,
    /// Field of the stream.
    pub target: Option<String>,
    /// Free text of the server.
    pub meta: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// When the metadata last came from the server; `None` where it never did,
    /// or where the stored text can't be read (then the stream counts as stale).
    pub last_synced: Option<Timestamp>,
    /// When the row was made; `None` where the stored text can't be read.
    pub created_at: Option<Timestamp>,
}

/// What to write of a stream's metadata. A field that is not set keeps what is
/// stored; a field set to `None` clears it.
///
/// ```
/// use satori_store::StreamPatch;
///
/// let patch = StreamPatch::new()
///     .name("bitcoin".to_owned())
///     .description(None); // clears it; everything else stays
/// # assert!(patch != StreamPatch::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = streams)]
pub struct StreamPatch {
    server_stream_id: Option<Option<i64>>,
    name: Option<Option<String>>,
    author: Option<Option<String>>,
    secondary: Option<Option<String>>,
    target: Option<Option<String>>,
    meta: Option<Option<String>>,
    description: Option<Option<String>>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        impl StreamPatch {
            /// Changes nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$doc])*
            pub fn $field(mut self, value: impl Into<Option<$type>>) -> Self {
                self.$field = Some(value.into());
                self
            })*

            /// Adds what `later` sets: where both set a field, `later` holds.
            pub(crate) fn merge(&mut self, later: StreamPatch) {
                $(if later.$field.is_some() {
                    self.$field = later.$field;
                })*
            }

            /// Whether `stream` has all that this sets.
            pub(crate) fn is_in(&self, stream: &Stream) -> bool {
                $(self.$field.as_ref().is_none_or(|value| *value == stream.$field))&&*
            }
        }
    };
}

setters! {
    /// Sets or clears the server's number for the stream.
    server_stream_id: i64,
    /// Sets or clears the name.
    name: String,
    /// Sets or clears who may publish.
    author: String,
    /// Sets or clears the secondary identifier.
    secondary: String,
    /// Sets or clears the field of the stream.
    target: String,
    /// Sets or clears the server's free text.
    meta: String,
    /// Sets or clears the description.
    description: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = streams, check_for_backend(Sqlite))]
struct StreamRow {
    id: i64,
    server_stream_id: Option<i64>,
    uuid: Lossy,
    name: Option<Lossy>,
    author: Option<Lossy>,
    secondary: Option<Lossy>,
    target: Option<Lossy>,
    meta: Option<Lossy>,
    description: Option<Lossy>,
    last_synced: Option<Lossy>,
    created_at: Option<Lossy>,
}

/// Text of the metadata, where other programs write too: what is not UTF-8 in it
/// is shown as U+FFFD, so that one such text doesn't hide every stream.
#[derive(Debug, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Text)]
struct Lossy(String);

impl FromSql<Text, Sqlite> for Lossy {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> diesel::deserialize::Result<Self> {
        let text = value.read_blob();
        Ok(Self(String::from_utf8_lossy(text).into_owned()))
    }
}

impl From<StreamRow> for Stream {
    fn from(row: StreamRow) -> Self {
        let text = |text: Option<Lossy>| text.map(|text| text.0);
        let instant = |text: Option<Lossy>| text.and_then(|text| text.0.parse().ok());
        Self {
            id: row.id,
            server_stream_id: row.server_stream_id,
            uuid: StreamUuid::stored(row.uuid.0),
            name: text(row.name),
            author: text(row.author),
            secondary: text(row.secondary),
            target: text(row.target),
            meta: text(row.meta),
            description: text(row.description),
            last_synced: instant(row.last_synced),
            created_at: instant(row.created_at),
        }
    }
}

/// ?1 uuid. The look-up that every host makes most often: raw, because Diesel
/// builds its query and copies each text anew (measured: 0.55 of the speed).
pub(crate) const BY_UUID: &str = "SELECT id, server_stream_id, uuid, name, author, secondary, \
     target, meta, description, last_synced, created_at FROM streams WHERE uuid = ?1";

/// [`Stream`], its texts borrowed from a row of [`BY_UUID`].
pub(crate) struct StreamRef<'a> {
    pub(crate) id: i64,
    pub(crate) server_stream_id: Option<i64>,
    pub(crate) uuid: Cow<'a, str>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) author: Option<Cow<'a, str>>,
    pub(crate) secondary: Option<Cow<'a, str>>,
    pub(crate) target: Option<Cow<'a, str>>,
    pub(crate) meta: Option<Cow<'a, str>>,
    pub(crate) description: Option<Cow<'a, str>>,
    pub(crate) last_synced: Option<Timestamp>,
    pub(crate) created_at: Option<Timestamp>,
}

impl<'a> StreamRef<'a> {
    pub(crate) fn new(row: &'a Row<'_>) -> Self {
        let text = |column| row.cell(column).to_text();
        let instant = |column| match row.cell(column) {
            Cell::Integer(number) => Some(Timestamp::from_integer(number)),
            Cell::Real(number) => Timestamp::from_real(number).ok(),
            Cell::Text(text) | Cell::Blob(text) => str::from_utf8(text).ok()?.parse().ok(),
            Cell::Null => None,
        };
        Self {
            id: row.integer(0),
            server_stream_id: (row.cell(1) != Cell::Null).then(|| row.integer(1)),
            uuid: text(2).unwrap_or_default(),
            name: text(3),
            author: text(4),
            secondary: text(5),
            target: text(6),
            meta: text(7),
            description: text(8),
            last_synced: instant(9),
            created_at: instant(10),
        }
    }
}

impl From<StreamRef<'_>> for Stream {
    fn from(row: StreamRef<'_>) -> Self {
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Self {
            id: row.id,
            server_stream_id: row.server_stream_id,
            uuid: StreamUuid::stored(row.uuid.into_owned()),
            name: text(row.name),
            author: text(row.author),
            secondary: text(row.secondary),
            target: text(row.target),
            meta: text(row.meta),
            description: text(row.description),
            last_synced: row.last_synced,
            created_at: row.created_at,
        }
    }
}

/// Writes a patch and `last_synced`, making the row where there is none; see
/// [`upsert_params`]. One statement whatever the patch sets, so that it is prepared
/// once; raw, because Diesel compiles its own form anew each time, a third of the
/// speed.
pub(crate) const UPSERT: &str = "INSERT INTO streams (uuid, last_synced, server_stream_id, \
     name, author, secondary, target, meta, description) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
     ON CONFLICT (uuid) DO UPDATE SET last_synced = excluded.last_synced, \
     server_stream_id = CASE WHEN ?10 THEN excluded.server_stream_id ELSE server_stream_id END, \
     name = CASE WHEN ?11 THEN excluded.name ELSE name END, \
     author = CASE WHEN ?12 THEN excluded.author ELSE author END, \
     secondary = CASE WHEN ?13 THEN excluded.secondary ELSE secondary END, \
     target = CASE WHEN ?14 THEN excluded.target ELSE target END, \
     meta = CASE WHEN ?15 THEN excluded.meta ELSE meta END, \
     description = CASE WHEN ?16 THEN excluded.description ELSE description END";

/// For [`UPSERT`]: the values, then whether the patch sets each.
pub(crate) fn upsert_params<'a>(
    uuid: &'a StreamUuid,
    patch: &'a StreamPatch,
    last_synced: &'a str,
) -> [Param<'a>; 16] {
    let texts = [
        &patch.name,
        &patch.author,
        &patch.secondary,
        &patch.target,
        &patch.meta,
        &patch.description,
    ];
    let mut params = [Param::Null; 16];
    params[0] = Param::Text(uuid.as_str());
    params[1] = Param::Text(last_synced);
    if let Some(Some(number)) = patch.server_stream_id {
        params[2] = Param::Integer(number);
    }
    params[9] = Param::Integer(patch.server_stream_id.is_some().into());
    for (index, text) in texts.into_iter().enumerate() {
        if let Some(Some(text)) = text {
            params[3 + index] = Param::Text(text);
        }
        params[10 + index] = Param::Integer(text.is_some().into());
    }
    params
}

/// Writes the patch to the row there is; `last_synced` stays.
pub(crate) fn update(
    connection: &mut SqliteConnection,
    uuid: &StreamUuid,
    patch: &StreamPatch,
) -> QueryResult<()> {
    // Diesel refuses an UPDATE that sets nothing.
    if *patch == StreamPatch::default() {
        return Ok(());
    }
    diesel::update(streams::table.filter(streams::uuid.eq(uuid.as_str())))
        .set(patch)
        .execute(connection)
        .map(drop)
}

/// All of this name: the most recently synced first (SQLite sorts NULL, never
/// synced, below all numbers), then the lowest id.
pub(crate) fn by_name(connection: &mut SqliteConnection, name: &str) -> QueryResult<Vec<Stream>> {
    let rows = streams::table
        .filter(streams::name.eq(name))
        .order((satori_instant_of_sync().desc(), streams::id))
        .select(StreamRow::as_select())
        .load(connection)?;
    Ok(into_streams(rows))
}

/// All of this number at the server, in the same order.
pub(crate) fn by_server_id(
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

pub(crate) fn all(connection: &mut SqliteConnection) -> QueryResult<Vec<Stream>> {
    let rows = streams::table
        .order(streams::id)
        .select(StreamRow::as_select())
        .load(connection)?;
    Ok(into_streams(rows))
}

/// Those whose name or description has `part` in it, ASCII letters in any case.
pub(crate) fn search(connection: &mut SqliteConnection, part: &str) -> QueryResult<Vec<Stream>> {
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

/// Those not synced since `since`, the longest unsynced first.
pub(crate) fn stale(
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

/// A uuid that differs from this one in the case of letters only, if the
/// metadata has one.
pub(crate) fn other_case(
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

pub(crate) fn delete(connection: &mut SqliteConnection, uuid: &StreamUuid) -> QueryResult<bool> {
    diesel::delete(streams::table.filter(streams::uuid.eq(uuid.as_str())))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// `last_synced` as an instant, in whichever spelling it is stored.
fn satori_instant_of_sync() -> satori_instant<streams::last_synced> {
    satori_instant(streams::last_synced)
}

fn into_streams(rows: Vec<StreamRow>) -> Vec<Stream> {
    rows.into_iter().map(Stream::from).collect()
}
