//! A session with a server.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::ptr::{self, NonNull};
use std::time::Duration;

use pq_sys as pq;
use pq_sys::ConnStatusType;

use super::answer::{Answer, Row};
use super::failure::Failure;
use super::params::Params;
use super::patience::{Cancel, Patience, Waiting};
use super::statement::Statement;

/// How long a wait lasts until it is looked at whether the call is to end.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection to a server, in pipeline mode
/// (<https://www.postgresql.org/docs/current/libpq-pipeline-mode.html>): statements are sent
/// together, and cost one trip over the network together.
pub(crate) struct Session {
    connection: NonNull<pq::PGconn>,
    /// How many times statements were sent whose answers nobody has read yet.
    pub(super) owed: usize,
    /// The server didn't end a call that was interrupted: what it will answer isn't known.
    is_given_up: bool,
}

// SAFETY: libpq binds a connection to no thread; the store takes turns on it.
unsafe impl Send for Session {}

impl Session {
    pub(super) fn new(connection: NonNull<pq::PGconn>) -> Self {
        Self {
            connection,
            owed: 0,
            is_given_up: false,
        }
    }

    pub(super) fn as_ptr(&self) -> *mut pq::PGconn {
        self.connection.as_ptr()
    }

    /// Returns the server's version: 15.18 is 150018.
    pub(crate) fn server_version(&self) -> i32 {
        // SAFETY: the connection is live.
        unsafe { pq::PQserverVersion(self.connection.as_ptr()) }
    }

    /// Returns `true` if there is no connection any more, as far as the last call has seen.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_given_up || self.status() == ConnStatusType::CONNECTION_BAD
    }

    /// Looks whether the server has ended the session since the last call.
    pub(crate) fn has_ended(&self) -> bool {
        loop {
            match self.poll_for(libc::POLLIN, Duration::ZERO) {
                Ok(0) => return self.is_lost(),
                // Behind the server's last words is the end.
                Ok(_) if self.consume().is_ok() && !self.is_lost() => {}
                _ => return true,
            }
        }
    }

    /// Sends the statements, and waits until the server has answered all of them. If one
    /// fails, those behind it are not run, and its failure is returned.
    ///
    /// The server is asked to stop if the call is to end, unless `hold`.
    pub(crate) fn run(
        &mut self,
        statements: &[Statement],
        waiting: &impl Waiting,
        hold: bool,
    ) -> Result<Vec<Answer>, Failure> {
        self.with_patience(waiting, hold, |session, patience| {
            session.send_all(statements, patience)?;
            session.read_owed(1, patience)?;
            session.receive(patience)?
        })
    }

    /// Does what [`run`](Self::run) does, and hands each row of the last statement's answer to
    /// `read`: the first ones while the server looks for those behind them. If the statement
    /// fails, `read` may have had some.
    pub(crate) fn read(
        &mut self,
        statements: &[Statement],
        waiting: &impl Waiting,
        read: &mut dyn FnMut(Row<'_>),
    ) -> Result<(), Failure> {
        self.with_patience(waiting, false, |session, patience| {
            session.send_all(statements, patience)?;
            session.read_owed(1, patience)?;
            let last = statements.len().saturating_sub(1);
            session.receive_rows(patience, Some((last, read)))??;
            Ok(())
        })
    }

    /// Waits until the server has answered what was [sent](Self::send) last. Nothing else may
    /// have been sent since the last answer.
    pub(crate) fn receive_sent(&mut self, waiting: &impl Waiting) -> Result<Vec<Answer>, Failure> {
        self.with_patience(waiting, false, |session, patience| {
            session.receive(patience)?
        })
    }

    /// Does something that waits for the server.
    pub(super) fn with_patience<T, W: Waiting>(
        &mut self,
        waiting: &W,
        hold: bool,
        work: impl FnOnce(&mut Self, &mut Patience<'_, W>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut patience = Patience::new(waiting, hold);
        let done = work(self, &mut patience);
        let is_over = patience.has_ended() && patience.settle();
        self.is_given_up |= !is_over;
        done
    }

    /// Reads the answers to what was sent and nobody waits for, until they are owed but for
    /// `left`. What came of the statements is not reported.
    pub(super) fn read_owed(
        &mut self,
        left: usize,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        while self.owed > left {
            let _ = self.receive(patience)?;
        }
        Ok(())
    }

    /// Sends statements, and has the server run those that are sent.
    pub(crate) fn send(
        &mut self,
        statements: &[Statement],
        waiting: &impl Waiting,
    ) -> Result<(), Failure> {
        self.send_all(statements, &mut Patience::new(waiting, true))
    }

    fn send_all(
        &mut self,
        statements: &[Statement],
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        // Before anything is sent: libpq counts in 32 bits.
        if statements.iter().any(|statement| statement.is_too_large()) {
            return Err(Failure::too_large());
        }
        for statement in statements {
            self.send_one(statement)?;
        }
        // SAFETY: the connection is live, and in pipeline mode.
        if unsafe { pq::PQpipelineSync(self.connection.as_ptr()) } != 1 {
            return Err(self.failure());
        }
        self.owed += 1;
        self.flush(patience)
    }

    /// Sends what libpq holds to be sent.
    pub(super) fn flush(
        &mut self,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        loop {
            // SAFETY: the connection is live.
            match unsafe { pq::PQflush(self.connection.as_ptr()) } {
                0 => return Ok(()),
                1 => {}
                _ => return Err(self.failure()),
            }
            patience.look(|| self.cancel())?;
            // The server may have to get rid of its answers before it reads on.
            let ready = self.poll(libc::POLLIN | libc::POLLOUT)?;
            if ready & libc::POLLIN != 0 {
                self.consume()?;
            }
        }
    }

    fn send_one(&mut self, statement: &Statement) -> Result<(), Failure> {
        let sql = CString::new(statement.sql.as_bytes())
            .map_err(|_| Failure::lost("a statement has a NUL"))?;
        let Params { types, ends, bytes } = &statement.params;
        let mut start = 0;
        let mut values: Vec<*const c_char> = Vec::with_capacity(types.len());
        let mut lengths: Vec<c_int> = Vec::with_capacity(types.len());
        for end in ends {
            let value = end.and_then(|end| bytes.get(start..end));
            lengths.push(value.map_or(0, |value| value.len() as c_int));
            values.push(match value {
                // An empty one must not be NULL either.
                Some([]) => c"".as_ptr(),
                Some(value) => value.as_ptr().cast(),
                None => ptr::null(),
            });
            start = end.unwrap_or(start);
        }
        let formats = vec![1; types.len()];
        // SAFETY: the connection is live; the four lists have as many members as is said, and
        // libpq copies what they point to.
        let sent = unsafe {
            pq::PQsendQueryParams(
                self.connection.as_ptr(),
                sql.as_ptr(),
                types.len() as c_int,
                types.as_ptr(),
                values.as_ptr(),
                lengths.as_ptr(),
                formats.as_ptr(),
                1,
            )
        };
        match sent {
            1 => Ok(()),
            _ => Err(self.failure()),
        }
    }

    /// Waits until libpq has a whole result, or none.
    pub(super) fn await_result(
        &self,
        patience: &mut Patience<'_, impl Waiting>,
    ) -> Result<(), Failure> {
        loop {
            // SAFETY: the connection is live.
            if unsafe { pq::PQisBusy(self.connection.as_ptr()) } == 0 {
                return Ok(());
            }
            patience.look(|| self.cancel())?;
            if self.poll(libc::POLLIN)? != 0 {
                self.consume()?;
            }
        }
    }

    /// Returns what it takes to have the server stop what it runs for this session.
    fn cancel(&self) -> Cancel {
        // SAFETY: the connection is live.
        Cancel::new(unsafe { pq::PQgetCancel(self.connection.as_ptr()) })
    }

    fn consume(&self) -> Result<(), Failure> {
        // SAFETY: the connection is live.
        let (is_read, is_busy) = unsafe {
            let read = pq::PQconsumeInput(self.connection.as_ptr());
            (read == 1, pq::PQisBusy(self.connection.as_ptr()) == 1)
        };
        // What the server has said before it left is still to be read.
        match is_read || !is_busy {
            true => Ok(()),
            false => Err(self.failure()),
        }
    }

    /// Waits a while for the socket; returns the events that are there.
    pub(super) fn poll(&self, events: i16) -> Result<i16, Failure> {
        self.poll_for(events, PAUSE)
    }

    fn poll_for(&self, events: i16, time: Duration) -> Result<i16, Failure> {
        // SAFETY: the connection is live.
        let socket = unsafe { pq::PQsocket(self.connection.as_ptr()) };
        if socket < 0 {
            return Err(self.failure());
        }
        let mut polled = libc::pollfd {
            fd: socket,
            events,
            revents: 0,
        };
        // SAFETY: it is one structure, as is said.
        match unsafe { libc::poll(&raw mut polled, 1, time.as_millis() as c_int) } {
            0 => Ok(0),
            1.. => Ok(match polled.revents & !(libc::POLLIN | libc::POLLOUT) {
                0 => polled.revents,
                // An end or an error of the connection is read like what comes before it.
                _ => polled.revents | libc::POLLIN,
            }),
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                error => Err(Failure::lost(&error.to_string())),
            },
        }
    }

    pub(super) fn status(&self) -> ConnStatusType {
        // SAFETY: the connection is live.
        unsafe { pq::PQstatus(self.connection.as_ptr()) }
    }

    pub(super) fn failure(&self) -> Failure {
        Failure::of_connection(self.connection.as_ptr())
    }

    /// Closes, in a forked child, the child's copy of the socket, without a word to the
    /// server, which would end the parent's session.
    pub(crate) fn let_go(self) {
        // SAFETY: the connection is live; the descriptor is closed once, as libpq's memory is
        // given up and not freed.
        unsafe {
            let socket = pq::PQsocket(self.connection.as_ptr());
            if socket >= 0 {
                libc::close(socket);
            }
        }
        std::mem::forget(self);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the connection is live, and nobody else has it.
        unsafe { pq::PQfinish(self.connection.as_ptr()) };
    }
}

/// Takes a notice of the server's, such as that a table exists already.
pub(super) unsafe extern "C" fn ignore(_: *mut c_void, _: *const pq::PGresult) {}
