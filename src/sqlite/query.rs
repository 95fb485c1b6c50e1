//! The statements on an observation table that stay prepared.

/// A statement that stays prepared, because it runs for single rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    /// Inserts ?1 ts, ?2 value, ?3 hash, ?4 provider if no row sorts at or after ?5, just
    /// below ts. Then there is no text and no finer unit either, provided that ts is not
    /// before 1970. One step to the end of the key settles by far the most common case, a
    /// row that is later than all others.
    InsertLast,
    /// Inserts ?1 ts, ?2 value, ?3 hash, ?4 provider if the table holds only seconds and no
    /// row from ?5 to ?6, which are just around ts. So the common case takes one statement,
    /// which is its own transaction.
    InsertNew,
    /// Inserts ?1 ts, ?2 value, ?3 hash, ?4 provider.
    Insert,
    /// Selects the row that sorts last.
    Last,
    /// Selects the rows from ?1 to ?2, the last first.
    Backwards,
    /// Selects the row whose stored ts is ?1.
    At,
    /// Selects the row whose stored ts is ?1; if there is none, the one whose is ?2.
    AtEither,
    /// Selects the least and the greatest ts, and 1 if a ts is NULL.
    Bounds,
    /// Selects the rows of a span of instants, however they are spelled: see
    /// [`key::rows_within`](super::key::rows_within).
    Within,
    /// Selects 1 if there is a row from ?1 to ?2, else 0.
    Between,
    /// Selects 1 if there is a number, or a row from text ?1 to text ?2 that is later than ?3,
    /// else 0.
    Later,
    /// Selects a number that changes whenever another connection has changed the file.
    DataVersion,
}

impl Query {
    /// Returns `true` if the statement writes.
    pub(super) fn writes(self) -> bool {
        matches!(self, Query::InsertLast | Query::InsertNew | Query::Insert)
    }

    /// Returns the SQL of the statement, for the table with this quoted name.
    pub(super) fn sql(self, table: &str) -> String {
        match self {
            Query::InsertLast => format!(
                "INSERT OR IGNORE INTO {table} (ts, value, hash, provider) VALUES (coalesce(\
                 (SELECT ts FROM {table} WHERE ts >= ?5), ?1), ?2, ?3, ?4)"
            ),
            // If a row is in the way, its own ts takes the place of ?1, and OR IGNORE
            // drops the insert as a duplicate. Unlike INSERT … SELECT … WHERE, this copies
            // nothing through a temporary table (measured: 36,000 instructions an insert,
            // not 51,000; a bare INSERT has 26,000).
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
            Query::Backwards => format!(
                "SELECT ts, value, hash, provider FROM {table} WHERE ts BETWEEN ?1 AND ?2 \
                 ORDER BY ts DESC"
            ),
            Query::At => format!("SELECT ts, value, hash, provider FROM {table} WHERE ts = ?1"),
            Query::AtEither => format!(
                "SELECT ts, value, hash, provider FROM {table} WHERE ts = ?1 UNION ALL \
                 SELECT ts, value, hash, provider FROM {table} WHERE ts = ?2 LIMIT 1"
            ),
            Query::Within => within_sql(table),
            Query::Bounds => {
                format!(
                    "SELECT (SELECT min(ts) FROM {table}), (SELECT max(ts) FROM {table}), \
                     EXISTS (SELECT 1 FROM {table} WHERE ts IS NULL)"
                )
            }
            Query::Between => {
                format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE ts BETWEEN ?1 AND ?2)")
            }
            // All numbers sort before all text.
            Query::Later => format!(
                "SELECT EXISTS (SELECT 1 FROM {table} WHERE ts < '') OR EXISTS (SELECT 1 \
                 FROM {table} WHERE ts BETWEEN ?1 AND ?2 AND satori_instant(ts) > ?3)"
            ),
            Query::DataVersion => "PRAGMA data_version".to_owned(),
        }
    }
}

/// How many ranges of the key a span has at most.
pub(super) const RANGES: usize = 8;

/// Returns the SQL of [`Query::Within`]. The ranges are a table to join with: with one
/// SELECT for each range the prepared statement would take 30 KB, not 7 (measured).
fn within_sql(table: &str) -> String {
    let ranges: Vec<_> = (0..RANGES)
        .map(|range| format!("(?{}, ?{})", 4 + 2 * range, 5 + 2 * range))
        .collect();
    format!(
        "SELECT ts, value, hash, provider, satori_instant(ts) AS instant \
         FROM (VALUES {}) AS span CROSS JOIN {table} ON ts BETWEEN span.column1 AND span.column2 \
         WHERE instant BETWEEN ?1 AND ?2 ORDER BY ts LIMIT ?3",
        ranges.join(", ")
    )
}
