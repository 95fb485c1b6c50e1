//! A prepared statement, its parameters and its rows.

use std::ffi::{c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;

use super::cell::Cell;
use super::error::SqliteError;
use super::handle::Handle;

/// A prepared statement, finalised when dropped.
pub(crate) struct Statement {
    raw: NonNull<ffi::sqlite3_stmt>,
    db: Handle,
}

// SAFETY: as for `Handle`: one thread at a time, behind the store's mutex.
unsafe impl Send for Statement {}

unsafe extern "C" {
    /// SQLite's oldest way to prepare a statement, which `libsqlite3-sys` leaves out.
    fn sqlite3_prepare(
        db: *mut ffi::sqlite3,
        sql: *const c_char,
        length: c_int,
        statement: *mut *mut ffi::sqlite3_stmt,
        tail: *mut *const c_char,
    ) -> c_int;
}

/// A value for a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Param<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    /// A text that may be no UTF-8.
    TextBytes(&'a [u8]),
    Blob(&'a [u8]),
}

impl Statement {
    /// Prepares `sql` as a statement that may be kept for long.
    pub(crate) fn prepare(db: Handle, sql: &str) -> Result<Self, SqliteError> {
        let mut raw = ptr::null_mut();
        let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
        // SAFETY: `sql` is valid for `length` bytes and SQLite copies it.
        let status = unsafe {
            ffi::sqlite3_prepare_v3(
                db.as_ptr(),
                sql.as_ptr().cast(),
                length,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &mut raw,
                ptr::null_mut(),
            )
        };
        Self::checked(db, status, raw)
    }

    /// Prepares `sql` for the schema as it is now. If anybody changes the schema, running the
    /// statement fails with SQLITE_SCHEMA, where one of [`prepare`](Self::prepare) would
    /// silently be prepared anew and might mean something else. SQLite would do that 50 times,
    /// and read the whole schema each time, before it gave up.
    pub(crate) fn prepare_for_schema(db: Handle, sql: &str) -> Result<Self, SqliteError> {
        let mut raw = ptr::null_mut();
        let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
        // SAFETY: as in `prepare`. SQLite keeps no copy of `sql` and needs none.
        let status = unsafe {
            sqlite3_prepare(
                db.as_ptr(),
                sql.as_ptr().cast(),
                length,
                &mut raw,
                ptr::null_mut(),
            )
        };
        Self::checked(db, status, raw)
    }

    fn checked(
        db: Handle,
        status: c_int,
        raw: *mut ffi::sqlite3_stmt,
    ) -> Result<Self, SqliteError> {
        match NonNull::new(raw) {
            Some(raw) if status == ffi::SQLITE_OK => Ok(Self { raw, db }),
            _ => Err(db.last_error()),
        }
    }

    /// Binds `params` to ?1, ?2, … and returns the rows, none of which has been read.
    pub(crate) fn query<'a>(
        &'a mut self,
        params: &'a [Param<'a>],
    ) -> Result<Rows<'a>, SqliteError> {
        // Made first, so that dropping it unbinds the others if one can't be bound.
        let rows = Rows {
            statement: self,
            _params: PhantomData,
        };
        for (index, param) in (1..).zip(params) {
            rows.statement.bind(index, *param)?;
        }
        Ok(rows)
    }

    /// Returns the bytes of memory that the statement takes.
    pub(crate) fn memory(&self) -> usize {
        // SAFETY: the statement is live. Nothing is reset.
        let bytes = unsafe {
            ffi::sqlite3_stmt_status(self.raw.as_ptr(), ffi::SQLITE_STMTSTATUS_MEMUSED, 0)
        };
        usize::try_from(bytes).unwrap_or(0)
    }

    /// Runs the statement to its end; returns how many rows an INSERT, UPDATE or DELETE has
    /// changed.
    pub(crate) fn execute(&mut self, params: &[Param<'_>]) -> Result<usize, SqliteError> {
        let db = self.db;
        let mut rows = self.query(params)?;
        while rows.next()?.is_some() {}
        drop(rows);
        // SAFETY: the connection is open.
        let changes = unsafe { ffi::sqlite3_changes64(db.as_ptr()) };
        Ok(usize::try_from(changes).unwrap_or(0))
    }

    /// Runs the query and hands its first row to `read`; returns `None` if there is no row.
    pub(crate) fn first<T>(
        &mut self,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Result<Option<T>, SqliteError> {
        let mut rows = self.query(params)?;
        Ok(rows.next()?.map(|row| read(&row)))
    }

    /// Runs the query and hands each of its rows to `read`; returns what that makes of them.
    pub(crate) fn all<T>(
        &mut self,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> T,
    ) -> Result<Vec<T>, SqliteError> {
        let mut rows = self.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&row));
        }
        Ok(found)
    }

    fn bind(&mut self, index: c_int, param: Param<'_>) -> Result<(), SqliteError> {
        let raw = self.raw.as_ptr();
        // SAFETY: the statement is live and reset. Text is bound without a copy: it outlives
        // the `Rows` in `query`, which unbinds it when dropped.
        let status = unsafe {
            match param {
                Param::Null => ffi::sqlite3_bind_null(raw, index),
                Param::Integer(number) => ffi::sqlite3_bind_int64(raw, index, number),
                Param::Real(number) => ffi::sqlite3_bind_double(raw, index, number),
                Param::Text(text) => bind_text(raw, index, text.as_bytes()),
                Param::TextBytes(text) => bind_text(raw, index, text),
                Param::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    raw,
                    index,
                    start(bytes).cast(),
                    bytes.len() as ffi::sqlite3_uint64,
                    ffi::SQLITE_STATIC(),
                ),
            }
        };
        if status == ffi::SQLITE_OK {
            Ok(())
        } else {
            Err(self.db.last_error())
        }
    }
}

/// Binds a text without a copy.
///
/// # Safety
/// The statement is live and reset, and the text outlives the binding.
unsafe fn bind_text(raw: *mut ffi::sqlite3_stmt, index: c_int, text: &[u8]) -> c_int {
    // SAFETY: by the caller's word.
    unsafe {
        ffi::sqlite3_bind_text64(
            raw,
            index,
            start(text),
            text.len() as ffi::sqlite3_uint64,
            ffi::SQLITE_STATIC(),
            ffi::SQLITE_UTF8 as u8,
        )
    }
}

/// Returns where bytes begin. The pointer of an empty slice is not valid, and SQLite binds
/// NULL for a null pointer.
fn start(bytes: &[u8]) -> *const c_char {
    match bytes {
        [] => c"".as_ptr(),
        bytes => bytes.as_ptr().cast(),
    }
}

/// Returns the statement in `slot`, and prepares it if there is none yet.
pub(crate) fn prepared<'a>(
    slot: &'a mut Option<Statement>,
    db: Handle,
    sql: &str,
) -> Result<&'a mut Statement, SqliteError> {
    match slot {
        Some(statement) => Ok(statement),
        None => Ok(slot.insert(Statement::prepare(db, sql)?)),
    }
}

/// Returns the statement in `slot`, and prepares it for the schema as it is now if there is
/// none. Whoever learns that the schema has changed must empty the slot.
pub(crate) fn prepared_for_schema<'a>(
    slot: &'a mut Option<Statement>,
    db: Handle,
    sql: &str,
) -> Result<&'a mut Statement, SqliteError> {
    match slot {
        Some(statement) => Ok(statement),
        None => Ok(slot.insert(Statement::prepare_for_schema(db, sql)?)),
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is live and its connection still open.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// A running statement, reset when dropped.
pub(crate) struct Rows<'a> {
    statement: &'a mut Statement,
    _params: PhantomData<&'a str>,
}

impl Rows<'_> {
    /// Returns the next row, which is valid until the next call; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, SqliteError> {
        // SAFETY: the statement is live and all its parameters are bound.
        match unsafe { ffi::sqlite3_step(self.statement.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(Some(Row {
                raw: self.statement.raw,
                _rows: PhantomData,
            })),
            ffi::SQLITE_DONE => Ok(None),
            _ => {
                // Only now does a statement of `prepare_for_schema` give its error away, to
                // this call alone if a rollback has changed the schema.
                // SAFETY: the statement is live.
                let code = unsafe { ffi::sqlite3_reset(self.statement.raw.as_ptr()) };
                Err(self.statement.db.error_with(code))
            }
        }
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        // SAFETY: the statement is live. Unbinding drops the borrowed texts.
        unsafe {
            ffi::sqlite3_reset(self.statement.raw.as_ptr());
            ffi::sqlite3_clear_bindings(self.statement.raw.as_ptr());
        }
    }
}

/// The present row of a running statement.
pub(crate) struct Row<'a> {
    raw: NonNull<ffi::sqlite3_stmt>,
    _rows: PhantomData<&'a ()>,
}

impl Row<'_> {
    /// Returns the value of column `index`, from 0, as it is stored.
    #[inline]
    pub(crate) fn cell(&self, index: c_int) -> Cell<'_> {
        // SAFETY: the lifetime guarantees that the statement is at a row. The column's bytes
        // stay valid until the next step. For a column out of range SQLite returns NULL.
        // The value is "unprotected": no mutex is held, and none is needed, because no
        // other thread uses the connection. Reading type, bytes and length from the value
        // is cheaper than from the column, which SQLite would look up each time.
        unsafe { Cell::of(ffi::sqlite3_column_value(self.raw.as_ptr(), index)) }
    }

    /// Returns column `index` as an integer, 0 if it is none.
    pub(crate) fn integer(&self, index: c_int) -> i64 {
        // SAFETY: as in `cell`.
        unsafe { ffi::sqlite3_column_int64(self.raw.as_ptr(), index) }
    }

    /// Returns column `index` as text, which is empty if it is NULL.
    pub(crate) fn text(&self, index: c_int) -> String {
        self.cell(index).to_text().unwrap_or_default().into_owned()
    }
}
