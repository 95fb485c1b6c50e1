//! Copying rows into a table, in PostgreSQL's binary format.
//!
//! See <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use pq_sys as pq;
use pq_sys::ExecStatusType;

use super::answer::Answer;
use super::failure::Failure;
use super::patience::{Patience, Waiting};
use super::receive::last_words;
use super::session::Session;

/// How many bytes are handed to libpq at a time.
const PART: usize = 64 * 1024;

/// The rows to copy, as bytes.
pub(crate) struct Copied {
    bytes: Vec<u8>,
}

impl Copied {
    /// Begins a copy of some rows, of which each takes about so many bytes.
    pub(crate) fn new(rows: usize, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(rows.saturating_mul(size));
        // The signature, no flags, and no extension.
        bytes.extend(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        Self { bytes }
    }

    /// Adds a row of columns; `None` is NULL.
    pub(crate) fn push<const N: usize>(&mut self, columns: [Option<&[u8]>; N]) {
        self.bytes.extend((N as i16).to_be_bytes());
        for column in columns {
            match column {
                Some(column) => {
                    self.bytes.extend((column.len() as u32).to_be_bytes());
                    self.bytes.extend(column);
                }
                None => self.bytes.extend((-1_i32).to_be_bytes()),
            }
        }
    }
}

impl Session {
    /// Copies rows in by a statement `COPY … FROM STDIN (FORMAT binary)`: all of them, or none.
    /// What was sent before and nobody waits for is read first.
    pub(crate) fn copy(
        &mut self,
        sql: &CStr,
        rows: Copied,
        waiting: &impl Waiting,
    ) -> Result<(), Failure> {
        self.with_patience(waiting, false, |session, patience| {
            session.read_owed(0, patience)?;
            // SAFETY: the connection is live, and idle.
            let sent = unsafe {
                pq::PQexitPipelineMode(session.as_ptr()) == 1
                    && pq::PQsendQuery(session.as_ptr(), sql.as_ptr()) == 1
            };
            if !sent {
                return Err(session.failure());
            }
            session.flush(patience)?;
            let done = session.copy_results(rows, patience)?;
            // SAFETY: the connection is live, and idle.
            match unsafe { pq::PQenterPipelineMode(session.as_ptr()) } {
                1 => done,
                _ => Err(session.failure()),
            }
        })
    }

    /// Reads the results of the statement, and sends the rows when the server wants them. The
    /// outer error is a lost connection.
    fn copy_results(
        &mut self,
        rows: Copied,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<Result<(), Failure>, Failure> {
        let mut rows = Some(rows);
        let mut done = Ok(());
        loop {
            if let Err(failure) = self.await_result(patience) {
                return Err(last_words(done, failure, 0));
            }
            // SAFETY: the connection is live, and has a result ready, or there is none.
            let result = unsafe { pq::PQgetResult(self.as_ptr()) };
            let Some(result) = NonNull::new(result) else {
                return Ok(done);
            };
            let answer = Answer::new(result);
            // SAFETY: the result is live.
            match unsafe { pq::PQresultStatus(answer.as_ptr()) } {
                ExecStatusType::PGRES_COPY_IN => match rows.take() {
                    Some(rows) => self.send_rows(rows, patience)?,
                    None => return Err(self.failure()),
                },
                ExecStatusType::PGRES_COMMAND_OK => {}
                _ => {
                    let mut failure = Failure::of_result(answer.as_ptr());
                    failure.interrupted = patience.has_asked() && failure.has_state(b"57014");
                    done = done.and(Err(failure));
                }
            }
            if self.is_lost() {
                return Err(last_words(done, self.failure(), 0));
            }
        }
    }

    fn send_rows(
        &mut self,
        mut rows: Copied,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        rows.bytes.extend((-1_i16).to_be_bytes());
        for part in rows.bytes.chunks(PART) {
            let (bytes, length) = (part.as_ptr().cast(), part.len() as c_int);
            // SAFETY: the connection is live, and libpq copies so many bytes.
            let put =
                |session: &Self| unsafe { pq::PQputCopyData(session.as_ptr(), bytes, length) };
            self.put(put, patience)?;
        }
        // SAFETY: the connection is live.
        let end = |session: &Self| unsafe { pq::PQputCopyEnd(session.as_ptr(), ptr::null()) };
        self.put(end, patience)
    }

    /// Hands libpq something, as soon as it has room for it.
    fn put(
        &mut self,
        put: impl Fn(&Self) -> c_int,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        loop {
            match put(self) {
                1 => return self.flush(patience),
                0 => self.flush(patience)?,
                _ => return Err(self.failure()),
            }
        }
    }
}
