//! The tables of a connection whose statements stay prepared.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lru::LruCache;

use super::table::Table;

/// How many bytes of statements on tables stay prepared: there is room for one on each of
/// 10,000 streams that are written to in turn (2.8 KB each), or whose latest rows are looked up
/// together, if they store seconds (2.4 KB). For text it takes three.
const MEMORY: usize = 30 << 20;
/// From how many bytes on pages make room for statements.
const CROWDED: usize = MEMORY / 2;
/// How many KiB of pages there is room for then, instead of twice as many. Of thousands of tables
/// used in turn, few pages are still there when their turn comes: inserts are as fast as before,
/// and the latest rows of all take a third longer (measured).
pub(super) const CROWDED_CACHE_KIB: u32 = 8 << 10;
/// One of so many tables that find no room pushes others out; the rest are guests.
const TURNED_AWAY: usize = 8;
/// How many tables are kept at most, with statements or without. Each takes 450 bytes.
const TABLES: usize = 16_384;

/// Tables by name. The least recently used ones make room for others.
///
/// If each table made room for itself, none would be left of more tables than there is room for,
/// used in turn, when its turn comes again. So most that find no room stay as guests: as long as
/// no other table is used.
///
/// A sweep is a call that uses many tables, one after the other, and often is made again. It
/// drops what others have used, but nothing that it has used itself.
pub(super) struct Prepared {
    tables: LruCache<String, Table>,
    /// The bytes that their statements take.
    memory: Arc<AtomicUsize>,
    /// The name of the table that keeps an INSERT of many rows, as long as no other is used.
    chunked: Option<String>,
    /// The number of sweeps, the present one among them.
    sweeps: u64,
    is_sweep: bool,
    /// The table without room that was used last, and its name.
    guest: Option<(String, Table)>,
    /// How many tables have found no room.
    turned_away: usize,
    /// Pages have made room for statements, and do so from then on.
    is_crowded: bool,
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
            turned_away: 0,
            is_crowded: false,
        }
    }
}

impl Prepared {
    /// Drops another table's INSERT of many rows before a table is used, and another guest.
    pub(super) fn turn_to(&mut self, name: &str) {
        self.guest.take_if(|(guest, _)| guest != name);
        if let Some(other) = self.chunked.take_if(|chunked| chunked != name)
            && let Some(other) = self.tables.peek_mut(&other)
        {
            other.forget_chunk();
        }
    }

    /// Drops tables, though not the last one that is kept, if all take too much memory. That
    /// is a little more than there is room for: those that are in use get statements that they
    /// had not needed before, and in a sweep that is often.
    pub(super) fn trim(&mut self) {
        let more = match self.is_sweep {
            true => MEMORY / 8,
            false => MEMORY / 64,
        };
        while self.is_beyond(MEMORY + more, TABLES)
            && self.tables.len() > 1
            && self.tables.pop_lru().is_some()
        {}
    }

    /// Returns `true` if pages are to make room for statements, and haven't yet.
    pub(super) fn needs_room(&self) -> bool {
        !self.is_crowded && self.is_beyond(CROWDED, TABLES)
    }

    /// Notes that pages have made room.
    pub(super) fn note_room(&mut self) {
        self.is_crowded = true;
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

    /// Drops tables until there is room for another; returns `true` if there is.
    fn make_room(&mut self) -> bool {
        let is_full = |all: &Self| all.is_beyond(MEMORY, TABLES - 1);
        if is_full(self) && !self.is_sweep {
            self.turned_away += 1;
            if !self.turned_away.is_multiple_of(TURNED_AWAY) {
                return false;
            }
        }
        while is_full(self) {
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
        self.pop(name);
        if !self.make_room() {
            return Some(&mut self.guest.insert((name.to_owned(), table)).1);
        }
        table.sweep = self.sweeps;
        self.tables.put(name.to_owned(), table);
        self.tables.peek_mut(name)
    }

    /// Returns a table, which counts as used.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Table> {
        match &mut self.guest {
            Some((guest, table)) if guest == name => Some(table),
            _ => {
                let table = self.tables.get_mut(name)?;
                table.sweep = self.sweeps;
                Some(table)
            }
        }
    }

    /// Returns a table, without a note of its use.
    pub(super) fn peek_mut(&mut self, name: &str) -> Option<&mut Table> {
        match &mut self.guest {
            Some((guest, table)) if guest == name => Some(table),
            _ => self.tables.peek_mut(name),
        }
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
        let guest = self.guest.iter().map(|(_, table)| table);
        for table in self.tables.iter().map(|(_, table)| table).chain(guest) {
            table.last_is_latest.set(None);
        }
    }
}
