//! Rebuilding the file without the room that deleted rows have left.

use super::connection::Connection;
use super::raw::Statement;
use super::shape::sizes;
use crate::model::error::Result;
use crate::model::report::Compacted;

/// Rebuilds the database, by `VACUUM`, which is a transaction of its own; then moves what is
/// in the WAL into the file, as far as nobody reads it.
pub(super) fn compact(connection: &mut Connection) -> Result<Compacted> {
    connection.check_writable()?;
    let before = sizes(connection.db)?.0;
    let rebuilt = Statement::prepare(connection.db, "VACUUM")?.execute(&[]);
    // The tables lie elsewhere now, and the schema has another number.
    connection.tables.forget_all();
    rebuilt?;
    connection.changes = connection.changes.wrapping_add(1);
    connection.check_file()?;
    // If others are in the way, the next checkpoint does it.
    let mut checkpoint = Statement::prepare(connection.db, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    let _ = checkpoint.first(&[], |_| ());
    Ok(Compacted {
        before,
        after: sizes(connection.db)?.0,
    })
}
