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
    if let Some(code) = found.iter().find_map(|line| unread(line)) {
        return Err(raw::unreadable_disk(code));
    }
    match found.into_iter().find(|line| is_damage(line)) {
        None => Ok(()),
        Some(fault) => Err(raw::corrupt(&fault.replace('\n', ", "), None)),
    }
}

/// Returns the code of the error if the line says that a page could not be read. The page
/// may be sound.
fn unread(line: &str) -> Option<i32> {
    let (_, code) = line.split_once("unable to get the page. error code=")?;
    let digits = code.split(|c: char| !c.is_ascii_digit()).next()?;
    let code: i32 = digits.parse().ok()?;
    (code & 0xff == libsqlite3_sys::SQLITE_IOERR).then_some(code)
}

/// Returns `true` if the line speaks of damage. Others say that a row breaks a rule that
/// was given to its table after the row, or has a value of another type than its column.
fn is_damage(line: &str) -> bool {
    !(line == "ok" || line.contains(" value in ") || line.starts_with("CHECK constraint failed"))
}
