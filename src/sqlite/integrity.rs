//! SQLite's own check of a file, or of one table.

use super::raw::{self, Handle, Param, Statement};
use crate::model::error::Result;
use crate::model::uuid::StreamUuid;

/// Checks the pages of the whole file, or those of a stream's table, and that its index
/// and its rows agree. It reads all of them.
///
/// # Errors
/// `Corrupt`, saying what is wrong.
pub(super) fn check(db: Handle, stream: Option<&StreamUuid>) -> Result<()> {
    let found = match stream {
        // Whether the index and the rows agree matters here: rows are read through the index.
        Some(stream) => Statement::prepare(
            db,
            "SELECT integrity_check FROM pragma_integrity_check(?1, 'main')",
        )?
        .all(&[Param::Text(stream.as_str())], |row| row.text(0))?,
        None => Statement::prepare(db, "PRAGMA main.quick_check")?.all(&[], |row| row.text(0))?,
    };
    match found.into_iter().find(|fault| is_damage(fault)) {
        None => Ok(()),
        Some(fault) => Err(raw::corrupt(&fault.replace('\n', ", "), None)),
    }
}

/// Returns `true` if the line speaks of damage. Others say that a row breaks a rule that
/// was given to its table after the row, or has a value of another type than its column.
fn is_damage(line: &str) -> bool {
    !(line == "ok" || line.contains(" value in ") || line.starts_with("CHECK constraint failed"))
}
