//! Where a store is, as messages show it.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use super::password::{is_url, without_password};

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
            true => Self(Place::Url(without_password(text).into_owned())),
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
            Place::File(path) => match without_password(&path.to_string_lossy()) {
                Cow::Borrowed(_) => write!(f, "{path:?}"),
                Cow::Owned(shown) => write!(f, "{shown:?}"),
            },
            Place::Url(url) => f.write_str(url),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
