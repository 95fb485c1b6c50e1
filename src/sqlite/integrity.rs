//! SQLite's own check of a file, or of one table.

use super::raw::{self, Handle, Param, Statement};
use crate::backend::Found;
use crate::model::error::Result;
use crate::model::uuid::StreamUuid;

/// The number of lines after which SQLite ends a check.
const LINES: usize = 100;

/// Checks the pages of the whole file.
///
/// # Errors
/// `Corrupt`, saying what is wrong.
pub(super) fn quick_check(db: Handle) -> Result<()> {
    let mut check = Statement::prepare(db, "PRAGMA main.quick_check")?;
    sound(&check.all(&[], |row| row.text(0))?)
}

/// Checks the pages of a stream's table, and that its index and its rows agree: rows are read
/// through the index. It reads all of them.
///
/// # Errors
/// As [`quick_check`].
pub(super) fn check_table(db: Handle, stream: &StreamUuid) -> Result<()> {
    let mut check = Statement::prepare(
        db,
        "SELECT integrity_check FROM pragma_integrity_check(?1, 'main')",
    )?;
    sound(&check.all(&[Param::Text(stream.as_str())], |row| row.text(0))?)
}

/// Checks all tables as [`check_table`] does one; returns `None` if damage may hide behind what
/// SQLite says of other things. Each call goes through the whole schema, which takes 3 ms if
/// there are 10,000 tables (measured), so one call for all takes a fraction of the time.
///
/// # Errors
/// As [`quick_check`].
pub(super) fn check_tables(db: Handle) -> Found<()> {
    let mut check = Statement::prepare(db, "PRAGMA main.integrity_check")?;
    let found = check.all(&[], |row| row.text(0))?;
    sound(&found)?;
    Ok((found.len() < LINES).then_some(()))
}

fn sound(found: &[String]) -> Result<()> {
    if let Some(code) = found.iter().find_map(|line| unread(line)) {
        return Err(raw::unreadable_disk(code));
    }
    match found.iter().find(|line| is_damage(line)) {
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
