//! A session with a server.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use pq_sys as pq;
use pq_sys::{ConnStatusType, ExecStatusType, PostgresPollingStatusType};

use super::answer::Answer;
use super::failure::Failure;
use super::params::Params;

/// How long a wait lasts until it is looked at whether the call is to end.
const PAUSE: Duration = Duration::from_millis(20);

/// A statement and its parameters.
pub(crate) struct Statement {
    pub(super) sql: Cow<'static, str>,
    pub(super) params: Params,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>, params: Params) -> Self {
        Self {
            sql: sql.into(),
            params,
        }
    }

    /// Returns a statement without parameters.
    pub(crate) fn plain(sql: &'static str) -> Self {
        Self::new(sql, Params::new())
    }
}

/// How a call waits.
pub(crate) trait Waiting {
    /// Returns `true` if the call is to end.
    fn is_interrupted(&self) -> bool;
}

/// A connection to a server, in pipeline mode
/// (<https://www.postgresql.org/docs/current/libpq-pipeline-mode.html>): statements are sent
/// together, and cost one trip over the network together.
pub(crate) struct Session {
    connection: NonNull<pq::PGconn>,
    /// How many times statements were sent whose answers nobody has read yet.
    owed: usize,
}

// SAFETY: libpq binds a connection to no thread; the store takes turns on it.
unsafe impl Send for Session {}

impl Session {
    /// Connects to the server that a URL names, and waits for it until `end` at most.
    pub(crate) fn connect(
        url: &CStr,
        end: Instant,
        waiting: &impl Waiting,
    ) -> Result<Self, Failure> {
        // Those that come later win, but for the name of the program, which is a fallback.
        let keywords = [c"fallback_application_name", c"dbname", c"client_encoding"];
        let values = [c"satori-store", url, c"UTF8"];
        let list = |texts: [&CStr; 3]| {
            let [one, two, three] = texts.map(CStr::as_ptr);
            [one, two, three, ptr::null()]
        };
        let (keywords, values) = (list(keywords), list(values));
        // SAFETY: both lists end with NULL, their texts live, and libpq copies them. The last
        // argument has it read the URL.
        let started = unsafe { pq::PQconnectStartParams(keywords.as_ptr(), values.as_ptr(), 1) };
        let connection = NonNull::new(started).ok_or_else(|| Failure::lost("out of memory"))?;
        let session = Self {
            connection,
            owed: 0,
        };
        // SAFETY: the connection is live. The receiver takes notices from any thread, and keeps
        // libpq from printing them.
        unsafe {
            pq::PQsetNoticeReceiver(started, Some(ignore), ptr::null_mut());
            pq::PQsetErrorVerbosity(started, pq::PGVerbosity::PQERRORS_VERBOSE);
        }
        if session.status() == ConnStatusType::CONNECTION_BAD {
            return Err(session.failure());
        }
        let mut state = PostgresPollingStatusType::PGRES_POLLING_WRITING;
        loop {
            match state {
                PostgresPollingStatusType::PGRES_POLLING_OK => break,
                PostgresPollingStatusType::PGRES_POLLING_FAILED => return Err(session.failure()),
                PostgresPollingStatusType::PGRES_POLLING_WRITING => session.poll(libc::POLLOUT)?,
                _ => session.poll(libc::POLLIN)?,
            };
            if waiting.is_interrupted() {
                return Err(Failure::interrupted());
            }
            if Instant::now() >= end {
                return Err(Failure::lost("the server did not answer in time"));
            }
            // SAFETY: the connection is live.
            state = unsafe { pq::PQconnectPoll(started) };
        }
        // SAFETY: the connection is live, and idle.
        let is_ready = unsafe {
            pq::PQsetnonblocking(started, 1) == 0 && pq::PQenterPipelineMode(started) == 1
        };
        match is_ready {
            true => Ok(session),
            false => Err(session.failure()),
        }
    }

    /// Returns the server's version: 15.18 is 150018.
    pub(crate) fn server_version(&self) -> i32 {
        // SAFETY: the connection is live.
        unsafe { pq::PQserverVersion(self.connection.as_ptr()) }
    }

    /// Returns `true` if there is no connection any more, as far as the last call has seen.
    pub(crate) fn is_lost(&self) -> bool {
        self.status() == ConnStatusType::CONNECTION_BAD
    }

    /// Looks whether the server has ended the session since the last call.
    pub(crate) fn has_ended(&self) -> bool {
        match self.poll_for(libc::POLLIN, Duration::ZERO) {
            Ok(0) => self.is_lost(),
            Ok(_) => self.consume().is_err() || self.is_lost(),
            Err(_) => true,
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
        self.send(statements)?;
        while self.owed > 1 {
            // What came of statements that nobody waits for is not reported.
            let _ = self.receive(waiting, true)?;
        }
        self.receive(waiting, hold)?
    }

    /// Sends statements, and has the server run those that are sent.
    pub(crate) fn send(&mut self, statements: &[Statement]) -> Result<(), Failure> {
        for statement in statements {
            self.send_one(statement)?;
        }
        // SAFETY: the connection is live, and in pipeline mode.
        if unsafe { pq::PQpipelineSync(self.connection.as_ptr()) } != 1 {
            return Err(self.failure());
        }
        self.owed += 1;
        loop {
            // SAFETY: the connection is live.
            match unsafe { pq::PQflush(self.connection.as_ptr()) } {
                0 => return Ok(()),
                1 => {}
                _ => return Err(self.failure()),
            }
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

    /// Reads the answers to what was sent first. The outer error is a lost connection.
    fn receive(
        &mut self,
        waiting: &impl Waiting,
        hold: bool,
    ) -> Result<Result<Vec<Answer>, Failure>, Failure> {
        let mut done = Ok(Vec::new());
        let mut is_stopped = false;
        // Between two statements there is a NULL.
        let mut nulls = 0;
        loop {
            self.await_result(waiting, hold, &mut is_stopped)?;
            // SAFETY: the connection is live, and has a result ready, or there is none.
            let result = unsafe { pq::PQgetResult(self.connection.as_ptr()) };
            let Some(result) = NonNull::new(result) else {
                nulls += 1;
                if nulls > 1 {
                    return Err(self.failure());
                }
                continue;
            };
            nulls = 0;
            let answer = Answer::new(result);
            // SAFETY: the result is live.
            match unsafe { pq::PQresultStatus(answer.as_ptr()) } {
                ExecStatusType::PGRES_PIPELINE_SYNC => {
                    self.owed -= 1;
                    return Ok(done);
                }
                ExecStatusType::PGRES_TUPLES_OK | ExecStatusType::PGRES_COMMAND_OK => {
                    if let Ok(answers) = &mut done {
                        answers.push(answer);
                    }
                }
                ExecStatusType::PGRES_PIPELINE_ABORTED => {}
                _ => {
                    if done.is_ok() {
                        let mut failure = Failure::of_result(answer.as_ptr());
                        failure.interrupted = is_stopped && failure.has_state(b"57014");
                        done = Err(failure);
                    }
                }
            }
            if self.is_lost() {
                // Its last words say more than that the connection is gone.
                return Err(match done {
                    Err(failure) => Failure {
                        lost: true,
                        ..failure
                    },
                    Ok(_) => self.failure(),
                });
            }
        }
    }

    /// Waits until libpq has a whole result, or none.
    fn await_result(
        &mut self,
        waiting: &impl Waiting,
        hold: bool,
        is_stopped: &mut bool,
    ) -> Result<(), Failure> {
        loop {
            // SAFETY: the connection is live.
            if unsafe { pq::PQisBusy(self.connection.as_ptr()) } == 0 {
                return Ok(());
            }
            if !hold && !*is_stopped && waiting.is_interrupted() {
                *is_stopped = true;
                self.cancel();
            }
            if self.poll(libc::POLLIN)? != 0 {
                self.consume()?;
            }
        }
    }

    /// Asks the server to stop what it runs for this session.
    fn cancel(&self) {
        let mut message = [0; 256];
        // SAFETY: the connection is live, what was gotten is freed once, and the buffer has the
        // length that is said.
        unsafe {
            let cancel = pq::PQgetCancel(self.connection.as_ptr());
            if !cancel.is_null() {
                pq::PQcancel(cancel, message.as_mut_ptr(), message.len() as c_int);
                pq::PQfreeCancel(cancel);
            }
        }
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
    fn poll(&self, events: i16) -> Result<i16, Failure> {
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

    fn status(&self) -> ConnStatusType {
        // SAFETY: the connection is live.
        unsafe { pq::PQstatus(self.connection.as_ptr()) }
    }

    fn failure(&self) -> Failure {
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
unsafe extern "C" fn ignore(_: *mut c_void, _: *const pq::PGresult) {}
