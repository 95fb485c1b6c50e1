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
        let text = path.to_string_lossy();
        let text = text.trim_start();
        match is_url(text) {
            true => Self(Place::Url(without_password(text))),
            false => Self(Place::File(path.to_owned())),
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

impl From<&Path> for Location {
    /// Returns the location that a path names, or a URL that is given as a path.
    fn from(path: &Path) -> Self {
        Self::new(path)
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
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-3.1>), with several schemes, as
/// `jdbc:postgresql://`, or with a scheme and `:/`, which is what some libraries for paths
/// make of a URL. A scheme has two letters at least: one is a drive.
fn is_url(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(":/") else {
        return false;
    };
    scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':'))
}

/// Hides what may be a password: behind a user's name, and whatever comes behind the
/// address. It hides too much rather than too little: if an `@` is not where it separates
/// the user from the host, nobody knows what is what.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once(":/").unwrap_or(("", url));
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end_of_host = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end_of_host);
    if path.contains('@') || authority.matches('@').count() > 1 {
        return format!("{scheme}://***");
    }
    let authority = match authority.split_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            // An escape may stand for the colon.
            None if user.contains('%') => format!("***@{host}"),
            None => format!("{user}@{host}"),
        },
        None => authority.to_owned(),
    };
    match path.find(['?', '#', ';']) {
        Some(end) => format!("{scheme}://{authority}{}***", &path[..=end]),
        None => format!("{scheme}://{authority}{path}"),
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
            ("postgres://ann%3Asecret@host/db", "postgres://***@host/db"),
            ("postgres://ann:s/e?secret#r@et@host/db", "postgres://***"),
            ("postgres://ann:a@secret@host/db", "postgres://***"),
            (
                "postgres://host/db?user=ann&password=secret&sslmode=require",
                "postgres://host/db?***",
            ),
            ("postgres://host/db?password=a@secret", "postgres://***"),
            ("postgres://host:1/db?password=a@secret", "postgres://***"),
            (
                "postgres://host/db?x=1?password=secret",
                "postgres://host/db?***",
            ),
            (
                "postgres://host/db#password=secret",
                "postgres://host/db#***",
            ),
            (
                "sqlserver://host;user=sa;pwd=secret",
                "sqlserver://host;***",
            ),
            ("libsql://host/db?authToken=secret", "libsql://host/db?***"),
            (
                " postgres://ann:secret@host/db",
                "postgres://ann:***@host/db",
            ),
            (
                "jdbc:postgresql://ann:secret@host/db",
                "jdbc:postgresql://ann:***@host/db",
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

    #[cfg(unix)]
    #[test]
    fn a_url_need_not_be_utf_8() {
        use std::os::unix::ffi::OsStrExt;

        let bytes = b"postgres://ann:secret\xff@host/db";
        let location = Location::new(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!(location.to_string(), "postgres://ann:***@host/db");
        assert!(location.is_url());
    }
}
