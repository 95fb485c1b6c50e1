//! How a system call fails, and which error must come of it.

use satori_store::Error;

/// The kinds of system call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Call {
    Open,
    /// An opening that makes the file if there is none.
    Create,
    Make,
    Read,
    Write,
    Sync,
    Truncate,
    Unlink,
    Map,
    /// Taking a lock, or looking for locks. Giving one back needs nothing that can fail.
    Lock,
    Stat,
}

/// What a failing call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It does nothing and sets this error.
    Error(i32),
    /// It reads or writes half of the bytes.
    Short,
    /// It writes half of the bytes, and the next call none, with this error.
    ShortThen(i32),
}

/// Which calls fail, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) call: Call,
    /// The first call that fails, from 0.
    pub(crate) number: usize,
    pub(crate) failure: Failure,
    pub(crate) span: Span,
}

/// How long the fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// One call fails.
    Once,
    /// All calls fail from there on, until the operation has ended.
    Operation,
    /// All calls fail from there on, until the store has been closed.
    Handle,
}

impl Failure {
    /// Returns the error number that the system gives.
    pub(crate) fn errno(self) -> i32 {
        match self {
            Self::Error(errno) | Self::ShortThen(errno) => errno,
            Self::Short => 0,
        }
    }

    /// Returns `true` if whoever makes the call must go on as if nothing had been.
    fn is_harmless(self) -> bool {
        matches!(self, Self::Short | Self::Error(libc::EINTR))
    }
}

/// Returns every way in which a call may fail.
fn failures(call: Call) -> &'static [Failure] {
    use Failure::{Error, Short, ShortThen};
    match call {
        Call::Open => &[
            Error(libc::EIO),
            Error(libc::EMFILE),
            Error(libc::ENFILE),
            Error(libc::EINTR),
        ],
        Call::Create => &[
            Error(libc::EIO),
            Error(libc::EMFILE),
            Error(libc::ENOSPC),
            Error(libc::EDQUOT),
            Error(libc::EINTR),
        ],
        Call::Make => &[Error(libc::EIO), Error(libc::ENOSPC), Error(libc::EDQUOT)],
        Call::Read => &[Error(libc::EIO), Error(libc::EINTR), Short],
        Call::Write => &[
            Error(libc::EIO),
            Error(libc::ENOSPC),
            Error(libc::EDQUOT),
            Error(libc::EINTR),
            Short,
            ShortThen(libc::ENOSPC),
            ShortThen(libc::EIO),
        ],
        Call::Sync => &[Error(libc::EIO), Error(libc::ENOSPC), Error(libc::EDQUOT)],
        Call::Truncate => &[Error(libc::EIO), Error(libc::EINTR)],
        Call::Unlink => &[Error(libc::EIO), Error(libc::EACCES)],
        Call::Map => &[Error(libc::ENOMEM), Error(libc::EIO)],
        Call::Lock => &[Error(libc::EIO), Error(libc::ENOLCK), Error(libc::EINTR)],
        Call::Stat => &[Error(libc::EIO)],
    }
}

impl Fault {
    /// Returns all faults of the calls that a run has made.
    pub(crate) fn all(counts: &std::collections::HashMap<Call, usize>) -> Vec<Self> {
        let mut counts: Vec<_> = counts.iter().map(|(call, count)| (*call, *count)).collect();
        counts.sort();
        let mut faults = Vec::new();
        for (call, count) in counts {
            for &failure in failures(call) {
                let spans: &[Span] = match failure {
                    // SQLite tries for ten seconds to take a lock that it can't have.
                    _ if call == Call::Lock => &[Span::Once],
                    Failure::Error(libc::EIO | libc::ENOSPC | libc::EMFILE | libc::ENOMEM) => {
                        &[Span::Once, Span::Operation, Span::Handle]
                    }
                    _ => &[Span::Once],
                };
                for &span in spans {
                    faults.extend((0..count).map(|number| Self {
                        call,
                        number,
                        failure,
                        span,
                    }));
                }
            }
        }
        faults
    }

    /// Returns how the call of this number fails, if it does.
    pub(crate) fn failure(&self, call: Call, number: usize) -> Option<Failure> {
        let after = number.checked_sub(self.number)?;
        if call != self.call {
            return None;
        }
        match (self.failure, after) {
            (Failure::ShortThen(_), 0) => Some(Failure::Short),
            (Failure::ShortThen(errno), 1) => Some(Failure::Error(errno)),
            (failure, 0) => Some(failure),
            (_, _) if self.span == Span::Once => None,
            (failure, _) => Some(Failure::Error(failure.errno())),
        }
    }

    /// Says what is wrong with an error that came of this fault; `None` if nothing is.
    pub(crate) fn misnamed(&self, error: &Error) -> Option<&'static str> {
        let errno = self.failure.errno();
        let no_room = matches!(errno, libc::ENOSPC | libc::EDQUOT);
        let text = error.to_string();
        let reason = std::io::Error::from_raw_os_error(errno).to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        if self.failure.is_harmless() && self.call != Call::Lock {
            return Some("the call should have been repeated");
        }
        match error {
            Error::DiskFull { .. } if no_room => None,
            Error::DiskFull { .. } => Some("the disk is not full"),
            // A lock that the system can't give looks like one that another has.
            Error::Busy { .. } if self.call == Call::Lock => None,
            _ if no_room && !is_unknown(error) => Some("the disk is full"),
            Error::Database { .. } | Error::CannotOpen { .. } if !text.contains(reason) => {
                Some("the system's reason is missing")
            }
            Error::CannotOpen { .. } if self.call == Call::Sync => Some("it can be opened"),
            Error::CannotOpen { .. } => None,
            Error::Database { .. }
                if error.database_code().is_some_and(|code| code & 0xff == 10) =>
            {
                None
            }
            _ => Some("it is another error"),
        }
    }
}

/// Returns `true` if the error says that the write may be stored.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Database { message, .. } if message.contains("repeat"))
}
