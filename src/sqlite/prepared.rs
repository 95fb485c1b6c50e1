//! The tables of a connection whose statements stay prepared.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lru::LruCache;

use super::table::Table;

/// How many bytes of statements on tables stay prepared. It bounds them if 10,000 streams are
/// written to in turn.
const MEMORY: usize = 20 << 20;
/// How many bytes stay prepared of a connection that sweeps: there is room for one statement on
/// each of 10,000 streams, of 2.4 KB, so that their latest rows can be looked up together if they
/// store seconds. For text it takes three.
const SWEEP_MEMORY: usize = 24 << 20;
/// How many tables these statements are of at most; some need none. Each takes 600 bytes.
const TABLES: usize = 16_384;

/// Tables by name. The least recently used ones make room for others.
///
/// A sweep is a call that uses many tables, one after the other, and often is made again. If
/// they were too many, each would make room for the next, and none would be there when the
/// next sweep comes to it. So a sweep doesn't drop what it has used itself.
pub(super) struct Prepared {
    tables: LruCache<String, Table>,
    /// The bytes that their statements take.
    memory: Arc<AtomicUsize>,
    /// The name of the table that keeps an INSERT of many rows, as long as no other is used.
    chunked: Option<String>,
    /// The number of sweeps, the present one among them.
    sweeps: u64,
    is_sweep: bool,
    /// The table that the present sweep uses without room for it.
    guest: Option<Table>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self {
            // With a limit it would reserve the whole map at once.
            tables: LruCache::unbounded(),
            memory: Arc::default(),
            chunked: None,
            sweeps: 0,
            is_sweep: false,
            guest: None,
        }
    }
}

impl Prepared {
    /// Drops another table's INSERT of many rows before a table is used, and what the last use
    /// needed for itself alone.
    pub(super) fn turn_to(&mut self, name: &str) {
        self.guest = None;
        if let Some(other) = self.chunked.take_if(|chunked| chunked != name)
            && let Some(other) = self.tables.peek_mut(&other)
        {
            other.forget_chunk();
        }
    }

    /// Drops tables, though not the one that was used last, if all take too much memory. In a
    /// sweep that is an eighth more than the limit, where those that are in use get statements
    /// that they had not needed before.
    pub(super) fn trim(&mut self) {
        let limit = match self.is_sweep {
            true => SWEEP_MEMORY + SWEEP_MEMORY / 8,
            false => self.limit(),
        };
        while self.is_beyond(limit, TABLES)
            && self.tables.len() > 1
            && self.tables.pop_lru().is_some()
        {}
    }

    /// Returns how many bytes stay prepared. What a sweep has prepared stays for the next one,
    /// whatever is done in between.
    fn limit(&self) -> usize {
        match self.sweeps {
            0 => MEMORY,
            _ => SWEEP_MEMORY,
        }
    }

    /// Begins a sweep.
    pub(super) fn begin_sweep(&mut self) {
        self.sweeps += 1;
        self.is_sweep = true;
    }

    /// Ends a sweep.
    pub(super) fn end_sweep(&mut self) {
        self.is_sweep = false;
        self.guest = None;
    }

    fn is_beyond(&self, memory: usize, tables: usize) -> bool {
        self.memory.load(Ordering::Relaxed) > memory || self.tables.len() > tables
    }

    /// Drops tables until there is room for another; returns `true` if there is. In a sweep
    /// those that it has used stay.
    fn make_room(&mut self) -> bool {
        while self.is_beyond(self.limit(), TABLES - 1) {
            let oldest = self.tables.peek_lru();
            if self.is_sweep && oldest.is_some_and(|(_, oldest)| oldest.sweep == self.sweeps) {
                return false;
            }
            if self.tables.pop_lru().is_none() {
                break;
            }
        }
        true
    }

    /// Notes that the table keeps an INSERT of many rows.
    pub(super) fn note_chunk(&mut self, name: &str) {
        self.chunked.get_or_insert_with(|| name.to_owned());
    }

    /// Returns the count of bytes, which a new table adds its own to.
    pub(super) fn memory(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.memory)
    }

    /// Takes a new table, which counts as used, and returns it.
    pub(super) fn put(&mut self, name: &str, mut table: Table) -> Option<&mut Table> {
        // It may be one that an older schema had.
        self.tables.pop(name);
        if !self.make_room() {
            return Some(self.guest.insert(table));
        }
        table.sweep = self.sweeps;
        self.tables.put(name.to_owned(), table);
        self.tables.peek_mut(name)
    }

    /// Returns a table, which counts as used.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Table> {
        let table = self.tables.get_mut(name)?;
        table.sweep = self.sweeps;
        Some(table)
    }

    pub(super) fn peek_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.peek_mut(name)
    }

    /// Drops a table with its statements.
    pub(super) fn pop(&mut self, name: &str) {
        self.guest = None;
        self.tables.pop(name);
    }

    /// Drops all tables.
    pub(super) fn clear(&mut self) {
        self.guest = None;
        self.tables.clear();
    }

    /// Forgets which tables' last row is the latest.
    pub(super) fn forget_last(&self) {
        for (_, table) in &self.tables {
            table.last_is_latest.set(None);
        }
    }
}
