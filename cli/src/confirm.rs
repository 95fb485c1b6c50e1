//! Asking a person before something goes that can't be brought back.

use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// Checks that there is a person to ask, unless `yes` says that nobody needs to be.
///
/// # Errors
/// `Unconfirmed`.
pub(crate) fn check(yes: bool) -> Result<(), Failure> {
    match yes || (io::stdin().is_terminal() && io::stderr().is_terminal()) {
        true => Ok(()),
        false => Err(Failure::Unconfirmed),
    }
}

/// Asks at the terminal, and returns `true` if the answer is yes.
pub(crate) fn ask(question: &str) -> bool {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} This can't be undone. [y/N] ");
    let _ = err.flush();
    let mut answer = String::new();
    // An answer that can't be read counts as no.
    let _ = io::stdin().read_line(&mut answer);
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}
