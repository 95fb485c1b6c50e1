//! The other side: the same work through SQLite's C API, as a good C programmer
//! would write it. Statements are prepared once and reset, texts are bound
//! without a copy, nothing is checked that the work does not need.
#![allow(
    unsafe_code,
    reason = "this is the C API that the store is measured against"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use libsqlite3_sys as ffi;
use satori_store::StreamUuid;

use crate::capi::Builders;
use crate::feed::{Row, StreamObject};

/// The version of the SQLite that both sides use.
pub(crate) fn version() -> String {
    // SAFETY: SQLite's version is a static text.
    unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }
        .to_string_lossy()
        .into_owned()
}

/// A connection set up as the store sets up its own.
pub(crate) struct Connection {
    db: *mut ffi::sqlite3,
}

impl Connection {
    /// Opens a file that the store has made.
    pub(crate) fn open(path: &Path) -> Self {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL in a path");
        let mut db = ptr::null_mut();
        // SAFETY: the name ends with NUL; the options take an int and a pointer.
        unsafe {
            let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_NOMUTEX;
            let status = ffi::sqlite3_open_v2(name.as_ptr(), &mut db, flags, ptr::null());
            assert_eq!(status, ffi::SQLITE_OK);
            for (option, value) in [
                (ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
                (ffi::SQLITE_DBCONFIG_DEFENSIVE, 1),
                (ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
            ] {
                ffi::sqlite3_db_config(db, option, value as c_int, ptr::null_mut::<c_int>());
            }
        }
        let connection = Self { db };
        for pragma in [
            "mmap_size = 0",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 10000",
            "journal_size_limit = 67108864",
            "cache_size = -16384",
        ] {
            connection.run(&format!("PRAGMA {pragma}"));
        }
        connection
    }

    pub(crate) fn run(&self, sql: &str) {
        let statement = self.prepare(sql);
        // SAFETY: the statement is live.
        unsafe { while statement.step() {} }
    }

    pub(crate) fn create_table(&self, uuid: &StreamUuid) {
        self.run(&format!(
            "CREATE TABLE IF NOT EXISTS \"{uuid}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, \
             value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL) \
             WITHOUT ROWID"
        ));
    }

    fn prepare(&self, sql: &str) -> Statement {
        let mut raw = ptr::null_mut();
        // SAFETY: `sql` is valid for its length.
        let status = unsafe {
            ffi::sqlite3_prepare_v3(
                self.db,
                sql.as_ptr().cast(),
                sql.len() as c_int,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &mut raw,
                ptr::null_mut(),
            )
        };
        assert_eq!(status, ffi::SQLITE_OK, "{sql}");
        Statement { raw }
    }
}

unsafe extern "C" {
    // Left out of libsqlite3-sys.
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by `open`; the second form waits for open statements.
        unsafe { sqlite3_close_v2(self.db) };
    }
}

struct Statement {
    raw: *mut ffi::sqlite3_stmt,
}

/// The statement is live; a text that is bound outlives the next reset or bind.
impl Statement {
    unsafe fn integer(&self, index: c_int, value: i64) {
        unsafe { ffi::sqlite3_bind_int64(self.raw, index, value) };
    }

    unsafe fn real(&self, index: c_int, value: f64) {
        unsafe { ffi::sqlite3_bind_double(self.raw, index, value) };
    }

    unsafe fn text(&self, index: c_int, text: &str) {
        let (start, length) = (text.as_ptr().cast(), text.len() as c_int);
        unsafe { ffi::sqlite3_bind_text(self.raw, index, start, length, ffi::SQLITE_STATIC()) };
    }

    unsafe fn null(&self, index: c_int) {
        unsafe { ffi::sqlite3_bind_null(self.raw, index) };
    }

    unsafe fn step(&self) -> bool {
        match unsafe { ffi::sqlite3_step(self.raw) } {
            ffi::SQLITE_ROW => true,
            ffi::SQLITE_DONE => false,
            status => panic!("SQLite answered {status}"),
        }
    }

    unsafe fn reset(&self) {
        unsafe { ffi::sqlite3_reset(self.raw) };
    }

    unsafe fn bytes(&self, column: c_int) -> &[u8] {
        unsafe {
            let start = ffi::sqlite3_column_text(self.raw, column);
            let length = ffi::sqlite3_column_bytes(self.raw, column);
            if start.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(start, length as usize)
        }
    }

    unsafe fn string(&self, column: c_int) -> String {
        // As C would, the text is taken for what the schema says it is.
        unsafe { String::from_utf8_unchecked(self.bytes(column).to_vec()) }
    }

    unsafe fn micros(&self, column: c_int) -> i64 {
        unsafe {
            if ffi::sqlite3_column_type(self.raw, column) == ffi::SQLITE_INTEGER {
                ffi::sqlite3_column_int64(self.raw, column) * 1_000_000
            } else {
                (ffi::sqlite3_column_double(self.raw, column) * 1e6).round() as i64
            }
        }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_finalize(self.raw) };
    }
}

/// One transaction after the other.
pub(crate) struct Transaction {
    begin: Statement,
    commit: Statement,
}

impl Transaction {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self {
            begin: connection.prepare("BEGIN IMMEDIATE"),
            commit: connection.prepare("COMMIT"),
        }
    }

    pub(crate) fn run(&self, work: impl FnOnce()) {
        // SAFETY: both statements are live.
        unsafe {
            self.begin.step();
            self.begin.reset();
            work();
            self.commit.step();
            self.commit.reset();
        }
    }
}

/// Inserts single rows into one table.
pub(crate) struct Insert(Statement);

impl Insert {
    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        Self(connection.prepare(&format!(
            "INSERT INTO \"{table}\" (ts, value, hash, provider) VALUES (?1, ?2, ?3, ?4)"
        )))
    }

    pub(crate) fn row(&self, row: &Row) {
        self.values(row.seconds, row.value, &row.hash, row.provider);
    }

    pub(crate) fn values(&self, seconds: i64, value: f64, hash: &str, provider: &str) {
        // SAFETY: the texts outlive the step; the next call binds them anew.
        unsafe {
            self.0.integer(1, seconds);
            self.0.real(2, value);
            self.0.text(3, hash);
            self.0.text(4, provider);
            self.0.step();
            self.0.reset();
        }
    }
}

/// Inserts 250 rows of one provider with one statement.
pub(crate) struct InsertChunk(Statement);

impl InsertChunk {
    pub(crate) const ROWS: usize = 250;

    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        let rows: Vec<_> = (0..Self::ROWS)
            .map(|row| 2 + 3 * row)
            .map(|ts| format!("(?{ts}, ?{}, ?{}, ?1)", ts + 1, ts + 2))
            .collect();
        Self(connection.prepare(&format!(
            "INSERT INTO \"{table}\" (ts, value, hash, provider) VALUES {}",
            rows.join(", ")
        )))
    }

    pub(crate) fn rows(&self, rows: &[Row]) {
        assert_eq!(rows.len(), Self::ROWS);
        // SAFETY: as for `Insert`.
        unsafe {
            self.0.text(1, rows[0].provider);
            for (row, first) in rows.iter().zip((2..).step_by(3)) {
                self.0.integer(first, row.seconds);
                self.0.real(first + 1, row.value);
                self.0.text(first + 2, &row.hash);
            }
            self.0.step();
            self.0.reset();
        }
    }
}

/// A table as columns.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) ts: Vec<i64>,
    pub(crate) value: Vec<f64>,
    pub(crate) hash: Texts,
    pub(crate) provider: Texts,
}

#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) bytes: Vec<u8>,
    pub(crate) offsets: Vec<i64>,
}

impl Texts {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i64);
    }
}

pub(crate) fn columns(connection: &Connection, table: &StreamUuid) -> Columns {
    let statement = connection.prepare(&format!(
        "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts"
    ));
    // No count(*) first: that would read the whole table once more.
    let mut columns = Columns::default();
    columns.hash.offsets.push(0);
    columns.provider.offsets.push(0);
    // SAFETY: the statement is live.
    unsafe {
        while statement.step() {
            columns.ts.push(statement.micros(0));
            columns
                .value
                .push(ffi::sqlite3_column_double(statement.raw, 1));
            columns.hash.push(statement.bytes(2));
            columns.provider.push(statement.bytes(3));
        }
    }
    columns
}

/// Fills Arrow's builders with a table.
pub(crate) fn arrow(connection: &Connection, table: &StreamUuid, builders: &mut Builders) {
    let statement = connection.prepare(&format!(
        "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts"
    ));
    // SAFETY: the statement is live, and texts are what the schema says they are.
    unsafe {
        let text = |column| std::str::from_utf8_unchecked(statement.bytes(column));
        while statement.step() {
            builders.ts.append_value(statement.micros(0));
            let value = ffi::sqlite3_column_double(statement.raw, 1);
            builders.values.append_value(value);
            builders.hashes.append_value(text(2));
            builders.providers.append_value(text(3));
        }
    }
}

/// A row with texts of its own.
pub(crate) struct Observation {
    pub(crate) micros: i64,
    pub(crate) value: f64,
    pub(crate) hash: String,
    pub(crate) provider: String,
}

impl Observation {
    unsafe fn read(statement: &Statement) -> Self {
        unsafe {
            Self {
                micros: statement.micros(0),
                value: ffi::sqlite3_column_double(statement.raw, 1),
                hash: statement.string(2),
                provider: statement.string(3),
            }
        }
    }
}

/// Hands each row of a table to `sink`.
pub(crate) fn each(connection: &Connection, table: &StreamUuid, mut sink: impl FnMut(Observation)) {
    let statement = connection.prepare(&format!(
        "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts"
    ));
    // SAFETY: the statement is live and stands on a row.
    unsafe {
        while statement.step() {
            sink(Observation::read(&statement));
        }
    }
}

/// Looks up single rows of one table.
pub(crate) struct Lookup {
    at: Statement,
    latest: Statement,
}

impl Lookup {
    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        Self {
            at: connection.prepare(&format!(
                "SELECT ts, value, hash, provider FROM \"{table}\" WHERE ts = ?1"
            )),
            latest: connection.prepare(&format!(
                "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts DESC LIMIT 1"
            )),
        }
    }

    pub(crate) fn at(&self, seconds: i64) -> Option<Observation> {
        // SAFETY: the statement is live.
        unsafe {
            self.at.integer(1, seconds);
            let row = self.at.step().then(|| Observation::read(&self.at));
            self.at.reset();
            row
        }
    }

    pub(crate) fn latest(&self) -> Option<Observation> {
        // SAFETY: the statement is live.
        unsafe {
            let row = self.latest.step().then(|| Observation::read(&self.latest));
            self.latest.reset();
            row
        }
    }
}

/// A row of `streams`: the two numbers and the nine texts.
pub(crate) struct Stream {
    pub(crate) id: i64,
    pub(crate) server_stream_id: Option<i64>,
    pub(crate) texts: [Option<String>; 9],
}

/// Reads and writes `streams`.
pub(crate) struct Metadata {
    upsert: Statement,
    upsert_returning: Statement,
    by_uuid: Statement,
    by_name: Statement,
}

const COLUMNS: &str = "id, server_stream_id, uuid, name, author, secondary, target, meta, \
                       description, last_synced, created_at";

impl Metadata {
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
            let stored = Self::stream(statement);
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
            statement.text(1, uuid);
            statement.text(2, now);
            statement.integer(3, number);
            for (index, text) in (4..).zip(texts) {
                match text {
                    Some(text) => statement.text(index, text),
                    None => statement.null(index),
                }
            }
            statement.text(9, description);
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
            statement.text(1, key);
            let row = statement.step().then(|| Self::stream(statement));
            statement.reset();
            row
        }
    }

    unsafe fn stream(statement: &Statement) -> Stream {
        unsafe {
            let is_null =
                |column| ffi::sqlite3_column_type(statement.raw, column) == ffi::SQLITE_NULL;
            Stream {
                id: ffi::sqlite3_column_int64(statement.raw, 0),
                server_stream_id: (!is_null(1))
                    .then(|| ffi::sqlite3_column_int64(statement.raw, 1)),
                texts: std::array::from_fn(|column| {
                    let column = 2 + column as c_int;
                    (!is_null(column)).then(|| statement.string(column))
                }),
            }
        }
    }
}

/// Statements run on any connection of this process, opened since
/// [`watch_schema_queries`], that read the list of all tables.
pub(crate) static SCHEMA_QUERIES: AtomicUsize = AtomicUsize::new(0);

/// Counts statements that read the list of all tables.
pub(crate) fn watch_schema_queries() {
    unsafe extern "C" fn opened(
        db: *mut ffi::sqlite3,
        _message: *mut *mut c_char,
        _api: *const ffi::sqlite3_api_routines,
    ) -> c_int {
        // SAFETY: the connection is open and the callback of the right type.
        unsafe { ffi::sqlite3_trace_v2(db, ffi::SQLITE_TRACE_STMT, Some(traced), ptr::null_mut()) }
    }

    unsafe extern "C" fn traced(
        _kind: c_uint,
        _context: *mut c_void,
        _statement: *mut c_void,
        sql: *mut c_void,
    ) -> c_int {
        // SAFETY: for a statement's start, SQLite passes its text.
        let sql = unsafe { CStr::from_ptr(sql.cast()) }.to_string_lossy();
        if ["sqlite_schema", "sqlite_master", "pragma_table_list"]
            .iter()
            .any(|list| sql.contains(list))
        {
            SCHEMA_QUERIES.fetch_add(1, Ordering::Relaxed);
        }
        0
    }

    // SAFETY: the callback has the type that SQLite calls extensions with.
    unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
}
