//! Where a store is, as messages show it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a store is: a file, the memory of this process, or a URL.
///
/// [`Display`](fmt::Display) and [`Debug`] show a path in quotes and a URL without its
/// password, so that a location may go into logs. The password is dropped when the
/// location is made: none is kept.
///
/// ```
/// use satori_store::Store;
///
/// let error = Store::open("postgres://ann:secret@example.com/engine").unwrap_err();
/// assert!(error.to_string().contains("postgres://ann:***@example.com/engine"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Location(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Unknown,
    Memory,
    File(PathBuf),
    /// Without its password.
    Url(String),
}

impl Location {
    /// Stands in until an outer layer fills in the location.
    pub(crate) const UNKNOWN: Location = Location(Place::Unknown);
    /// The memory of this process.
    pub(crate) const MEMORY: Location = Location(Place::Memory);

    /// Returns the location of a file, or of a URL that is given as a path.
    pub(crate) fn new(path: &Path) -> Self {
        match path.to_str() {
            Some(text) if is_url(text) => Self(Place::Url(without_password(text))),
            _ => Self(Place::File(path.to_owned())),
        }
    }

    /// Returns the path of the file; `None` if the store is not a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            _ => None,
        }
    }

    /// Returns `true` if the location is a URL, such as `postgres://host/name`.
    pub(crate) fn is_url(&self) -> bool {
        matches!(self.0, Place::Url(_))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Unknown => f.write_str("the store"),
            Place::Memory => f.write_str("the store in memory"),
            Place::File(path) => write!(f, "{path:?}"),
            Place::Url(url) => f.write_str(url),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns `true` if the text begins with a scheme and `://`
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-3.1>).
fn is_url(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Hides the password of a URL, before an `@` and in the query. It hides too much
/// rather than too little: the last `@` ends the password, whatever comes before it.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let mut shown = format!("{scheme}://");
    let rest = match rest.rsplit_once('@') {
        Some((user, rest)) => {
            match user.split_once(':') {
                Some((name, _)) => shown.extend([name, ":***@"]),
                None => shown.extend([user, "@"]),
            }
            rest
        }
        None => rest,
    };
    let Some((address, query)) = rest.split_once('?') else {
        return shown + rest;
    };
    let parameters: Vec<_> = query.split('&').map(without_value).collect();
    shown + address + "?" + &parameters.join("&")
}

/// Hides the value of a query's parameter if it may be a password.
fn without_value(parameter: &str) -> String {
    match parameter.split_once('=') {
        // A name may be written with escapes, behind which a password could hide.
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") || name.contains('%') => {
            format!("{name}=***")
        }
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Location::new(Path::new(text)).to_string()
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, wanted) in [
            ("postgres://host/db", "postgres://host/db"),
            ("postgres://ann@host/db", "postgres://ann@host/db"),
            (
                "postgres://ann:secret@host:5432/db",
                "postgres://ann:***@host:5432/db",
            ),
            (
                "postgres://ann:s/e?c#r@et@host/db",
                "postgres://ann:***@host/db",
            ),
            (
                "postgresql://host/db?user=ann&password=secret&sslmode=require",
                "postgresql://host/db?user=ann&password=***&sslmode=require",
            ),
            (
                "postgres://host/db?SSLPassword=secret",
                "postgres://host/db?SSLPassword=***",
            ),
            (
                "postgres://host/db?%70assword=secret",
                "postgres://host/db?%70assword=***",
            ),
        ] {
            assert_eq!(shown(url), wanted);
            assert!(!shown(url).contains("secret"));
        }
    }

    #[test]
    fn a_path_is_shown_as_it_is() {
        for path in [
            "/a/engine.db",
            "a b.db",
            "./postgres://x",
            "1a://x",
            "://x",
            "file:x",
        ] {
            assert_eq!(shown(path), format!("{path:?}"));
        }
    }
}
