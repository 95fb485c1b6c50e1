//! Connecting to a server.

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use pq_sys as pq;
use pq_sys::{ConnStatusType, PostgresPollingStatusType};

use super::aside::aside;
use super::failure::{Failure, text};
use super::patience::Waiting;
use super::session::{Session, ignore};

/// What is said of a URL whose parts may not be where its author meant them: libpq would show
/// a piece of the password as a host or a port.
const UNCLEAR: &str = "its URL cannot be read; in a user's name and a password, write @ as %40, \
                       : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";

/// How long a server may take to answer, unless the URL sets `connect_timeout`.
const LIMIT: Duration = Duration::from_secs(10);

impl Session {
    /// Returns until when one waits for the server that a URL names.
    pub(crate) fn wait_until(url: &CStr) -> Result<Instant, Failure> {
        let parts = Parts::of(url).ok_or_else(|| Failure::lost(UNCLEAR))?;
        Ok(Instant::now() + parts.limit.unwrap_or(LIMIT))
    }

    /// Connects to the server that a URL names.
    pub(crate) fn connect(url: &CStr, waiting: &impl Waiting) -> Result<Self, Failure> {
        let end = Self::wait_until(url)?;
        let is_clear = url.to_bytes().iter().filter(|byte| **byte == b'@').count() < 2;
        // To look names up takes as long as it takes.
        let own = url.to_owned();
        let started = aside(end, waiting, move |abandoned| {
            Self::start(&own, end, abandoned)
        });
        started
            .flatten()
            .map_err(|failure| match is_clear || failure.interrupted {
                true => failure,
                false => Failure {
                    state: failure.state,
                    ..Failure::lost(UNCLEAR)
                },
            })
    }

    fn start(url: &CStr, end: Instant, waiting: &impl Waiting) -> Result<Self, Failure> {
        // What comes later wins, so the URL may set all but the encoding. A server that is gone
        // without a word is noticed after two minutes, and not after two hours.
        let parameters = [
            (c"fallback_application_name", c"satori-store"),
            (c"keepalives_idle", c"60"),
            (c"keepalives_interval", c"15"),
            (c"keepalives_count", c"4"),
            (c"dbname", url),
            (c"client_encoding", c"UTF8"),
        ];
        let mut keywords: Vec<*const c_char> = parameters.map(|(name, _)| name.as_ptr()).into();
        let mut values: Vec<*const c_char> = parameters.map(|(_, value)| value.as_ptr()).into();
        keywords.push(ptr::null());
        values.push(ptr::null());
        // SAFETY: both lists end with NULL, their texts live, and libpq copies them. The last
        // argument has it read the URL.
        let started = unsafe { pq::PQconnectStartParams(keywords.as_ptr(), values.as_ptr(), 1) };
        let connection = NonNull::new(started).ok_or_else(|| Failure::lost("out of memory"))?;
        let session = Self::new(connection);
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
            let events = match state {
                PostgresPollingStatusType::PGRES_POLLING_OK => break,
                PostgresPollingStatusType::PGRES_POLLING_FAILED => return Err(session.failure()),
                PostgresPollingStatusType::PGRES_POLLING_WRITING => libc::POLLOUT,
                _ => libc::POLLIN,
            };
            // libpq takes a call for the news that the socket is ready: too early, it waits for
            // it itself, as long as the system does.
            while session.poll(events)? == 0 {
                if waiting.is_interrupted() {
                    return Err(Failure::interrupted());
                }
                if Instant::now() >= end {
                    return Err(Failure::lost("the server did not answer in time"));
                }
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
}

/// What a URL says.
struct Parts {
    /// How long the server may take to answer: libpq leaves it to those who wait themselves.
    limit: Option<Duration>,
}

impl Parts {
    /// Returns the parts of a URL; `None` if libpq can't part it, or what it takes for a port
    /// is no number.
    fn of(url: &CStr) -> Option<Self> {
        let mut this = Self { limit: None };
        let mut are_numbers = true;
        let mut error = ptr::null_mut();
        // SAFETY: the URL ends with NUL; what libpq has made is read before it is freed, once.
        unsafe {
            let parts = pq::PQconninfoParse(url.as_ptr(), &raw mut error);
            if parts.is_null() {
                pq::PQfreemem(error.cast());
                return None;
            }
            let mut part = parts;
            // The last one has no keyword.
            while let Some(option) = part.as_ref().filter(|option| !option.keyword.is_null()) {
                let value = text(option.val);
                match text(option.keyword).as_str() {
                    "port" => {
                        let mut signs = value.bytes();
                        are_numbers = signs.all(|sign| sign.is_ascii_digit() || sign == b',');
                    }
                    "connect_timeout" => {
                        let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
                        this.limit = seconds.map(Duration::from_secs);
                    }
                    _ => {}
                }
                part = part.add(1);
            }
            pq::PQconninfoFree(parts);
        }
        are_numbers.then_some(this)
    }
}
