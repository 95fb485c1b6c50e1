//! The statements on an observation table that are kept prepared.

use super::key;

/// The statements that are kept prepared, because single rows go through them.
#[derive(Clone, Copy)]
pub(super) enum Query {
    /// ?1 ts, from 1970 on, ?2 value ?3 hash ?4 provider, ?5 just below ts:
    /// inserts if no row sorts at ?5 or behind it, as neither text nor a finer
    /// unit then does. One step to the end of the key settles what is most common
    /// by far, the row that comes last.
    InsertLast,
    /// ?1 ts ?2 value ?3 hash ?4 provider, ?5 and ?6 around ts: inserts if the
    /// table holds plain seconds only and no row between ?5 and ?6, so that one
    /// statement, its own transaction, settles the common case.
    InsertNew,
    /// ?1 ts ?2 value ?3 hash ?4 provider.
    Insert,
    /// The row that sorts last.
    Last,
    /// The row stored under exactly ?1.
    At,
    /// The least and the greatest ts, and whether one is NULL.
    Bounds,
    /// The rows of a span of instants, in whichever spelling: see
    /// [`key::rows_within`].
    Within,
    /// Whether there is a row from ?1 to ?2.
    Between,
}

pub(super) const QUERIES: usize = 8;

impl Query {
    /// Returns the SQL, for the table of this quoted name.
    pub(super) fn sql(self, table: &str) -> String {
        match self {
            Query::InsertLast => format!(
                "INSERT OR IGNORE INTO {table} (ts, value, hash, provider) VALUES (coalesce(\
                 (SELECT ts FROM {table} WHERE ts >= ?5), ?1), ?2, ?3, ?4)"
            ),
            // A row in the way lends its own ts, which OR IGNORE then finds taken.
            // Unlike INSERT … SELECT … WHERE, this copies nothing through a
            // temporary table (measured: 36,000 instructions an insert, not
            // 51,000; a bare INSERT has 26,000).
            Query::InsertNew => format!(
                "INSERT OR IGNORE INTO {table} (ts, value, hash, provider) VALUES (coalesce(\
                 (SELECT ts FROM {table} WHERE ts BETWEEN ?5 AND ?6), \
                 (SELECT ts FROM {table} WHERE ts >= 1e11), \
                 (SELECT ts FROM {table} WHERE ts <= -1e11), ?1), ?2, ?3, ?4)"
            ),
            Query::Insert => {
                format!(
                    "INSERT OR ABORT INTO {table} (ts, value, hash, provider) VALUES (?1, ?2, ?3, ?4)"
                )
            }
            Query::Last => {
                format!("SELECT ts, value, hash, provider FROM {table} ORDER BY ts DESC LIMIT 1")
            }
            Query::At => format!("SELECT ts, value, hash, provider FROM {table} WHERE ts = ?1"),
            Query::Within => key::within_sql(table),
            Query::Bounds => {
                format!(
                    "SELECT (SELECT min(ts) FROM {table}), (SELECT max(ts) FROM {table}), \
                     EXISTS (SELECT 1 FROM {table} WHERE ts IS NULL)"
                )
            }
            Query::Between => {
                format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE ts BETWEEN ?1 AND ?2)")
            }
        }
    }
}
