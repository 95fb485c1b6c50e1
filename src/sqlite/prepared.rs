//! The tables of a connection whose statements stay prepared.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lru::LruCache;

use super::table::Table;

/// How many statements on tables stay prepared. Each takes 2.4 KB or more (measured). The
/// limit bounds that if 10,000 streams are written to in turn, and leaves room for one
/// statement on each, so that their latest rows can be looked up together if they store
/// seconds. For text it takes three.
const STATEMENTS: usize = 12_288;
/// How many tables these statements are of at most; some need none. Each takes 600 bytes.
const TABLES: usize = 16_384;

/// Tables by name. The least recently used ones make room for others.
pub(super) struct Prepared {
    tables: LruCache<String, Table>,
    /// How many statements the tables have.
    statements: Arc<AtomicUsize>,
    /// The name of the table that keeps an INSERT of many rows, as long as no other is used.
    chunked: Option<String>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self {
            // With a limit it would reserve the whole map at once.
            tables: LruCache::unbounded(),
            statements: Arc::default(),
            chunked: None,
        }
    }
}

impl Prepared {
    /// Prepares for the use of a table: drops another's INSERT of many rows, and tables if
    /// there are too many statements.
    pub(super) fn make_room(&mut self, name: &str) {
        if let Some(other) = self.chunked.take_if(|chunked| chunked != name)
            && let Some(other) = self.tables.peek_mut(&other)
        {
            other.forget_chunk();
        }
        while (self.statements.load(Ordering::Relaxed) > STATEMENTS || self.tables.len() > TABLES)
            && self.tables.pop_lru().is_some()
        {}
    }

    /// Notes that the table keeps an INSERT of many rows.
    pub(super) fn note_chunk(&mut self, name: &str) {
        self.chunked.get_or_insert_with(|| name.to_owned());
    }

    /// Returns the count of statements, which a new table adds its own to.
    pub(super) fn statements(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.statements)
    }

    pub(super) fn put(&mut self, name: &str, table: Table) {
        self.tables.put(name.to_owned(), table);
    }

    /// Returns a table, which counts as used.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.get_mut(name)
    }

    pub(super) fn peek(&self, name: &str) -> Option<&Table> {
        self.tables.peek(name)
    }

    pub(super) fn peek_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.peek_mut(name)
    }

    /// Drops a table with its statements.
    pub(super) fn pop(&mut self, name: &str) {
        self.tables.pop(name);
    }

    /// Drops all tables.
    pub(super) fn clear(&mut self) {
        self.tables.clear();
    }

    /// Forgets which tables' last row is the latest.
    pub(super) fn forget_last(&self) {
        for (_, table) in &self.tables {
            table.last_is_latest.set(None);
        }
    }
}
