//! What the clones of a store share, and how a forked child lets go of it.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::connection::Connection;
use crate::backend::Backend;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::process::id::process_id;
use crate::process::in_flight::Call;

/// The open stores, each with the process that opened it. A forked child inherits its
/// parent's.
static OPEN: Mutex<Vec<(u32, Weak<Shared>)>> = Mutex::new(Vec::new());

pub(super) struct Shared {
    pub(super) connection: Mutex<Option<Connection>>,
    pub(super) process: u32,
    /// How many times the calls under way were to end.
    pub(super) interrupts: Arc<AtomicU64>,
    /// Whether nobody is to wait for a change any more.
    pub(super) is_closing: AtomicBool,
}

/// A call under way that consists of several.
#[derive(Clone)]
pub(super) struct Ongoing {
    /// How many times the calls under way were to end.
    pub(super) interrupts: Arc<AtomicU64>,
    /// The number when the call began.
    pub(super) began: u64,
}

impl Shared {
    /// Notes that this process has opened a store.
    pub(super) fn new(connection: Connection) -> Arc<Self> {
        let process = process_id();
        let shared = Arc::new(Self {
            connection: Mutex::new(Some(connection)),
            process,
            interrupts: Arc::default(),
            is_closing: AtomicBool::new(false),
        });
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, shared)| shared.strong_count() > 0);
        open.push((process, Arc::downgrade(&shared)));
        shared
    }
}

/// Closes the stores that a forked child has inherited, before it opens one. A database
/// may count locks in memory: the child would take no lock of its own on a file that the
/// parent has open, and lose its rows when the parent closes it.
pub(super) fn let_go_of_inherited(location: &Location, call: &Call) -> Result<()> {
    if call.is_interrupted() {
        return Err(Error::CannotOpen {
            location: location.clone(),
            reason: "this process, or one from which it descends, was forked while another \
                     thread used a store; it can open one only after exec()"
                .to_owned(),
            code: None,
        });
    }
    let process = process_id();
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let inherited = open.iter().filter(|(opener, _)| *opener != process);
    for shared in inherited.filter_map(|(_, shared)| shared.upgrade()) {
        let connection = shared.connection.lock();
        let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connection.take() {
            connection.let_go();
        }
    }
    Ok(())
}

impl Drop for Shared {
    fn drop(&mut self) {
        let call = Call::begin();
        let connection = self.connection.get_mut();
        let Some(connection) = connection.unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        if self.process == process_id() {
            drop(connection);
        } else if call.is_interrupted() {
            std::mem::forget(connection);
        } else {
            // In a forked child the connection still is the parent's: to close it as
            // usual could checkpoint and unlink the WAL while the parent uses it.
            connection.let_go();
        }
    }
}
