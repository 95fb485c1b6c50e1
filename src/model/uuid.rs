//! The text that names a stream, and so its table.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Result, excerpt};
use super::password::without_password;

/// The text that names a stream; in `engine.db` it is the name of the table of its
/// observations.
///
/// It is 1 to 255 bytes of UTF-8 without control characters. It isn't `STREAMS` and
/// doesn't begin with `SQLITE_`, `PRAGMA_` or `__`, in any case: those names are reserved.
/// Quotes, spaces and semicolons are legal: files in the field have them.
///
/// Most are real UUIDs, made from the stream's four parts:
///
/// ```
/// use satori_store::StreamUuid;
///
/// let bitcoin = StreamUuid::from_parts("central", "satori", "bitcoin", "");
/// assert_eq!(bitcoin.as_str(), "d39cd529-5dd4-5e4b-abc9-90b3751e71f1");
/// # assert!(StreamUuid::new("streams").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct StreamUuid(String);

impl StreamUuid {
    /// Checks the text against the rules of [`StreamUuid`].
    ///
    /// # Errors
    /// [`Error::InvalidUuid`], with the rule that the text breaks.
    pub fn new(uuid: impl Into<String>) -> Result<Self> {
        let uuid = uuid.into();
        match fault(&uuid) {
            None => Ok(Self(uuid)),
            Some(reason) => Err(Error::InvalidUuid {
                uuid: excerpt(&uuid),
                reason,
            }),
        }
    }

    /// Returns the UUID that Satori gives a stream: version 5, in the DNS namespace,
    /// of `source:author:stream:target`.
    pub fn from_parts(source: &str, author: &str, stream: &str, target: &str) -> Self {
        let name = format!("{source}:{author}:{stream}:{target}");
        let uuid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_DNS, name.as_bytes());
        Self(uuid.to_string())
    }

    /// Takes a uuid from the metadata without checking it: other programs, too, write
    /// there.
    pub(crate) fn stored(uuid: String) -> Self {
        Self(uuid)
    }

    /// Returns the text for an error: the caller may have taken a URL for it.
    pub(crate) fn shown(&self) -> String {
        without_password(&self.0).into_owned()
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Beginnings of names, in any case, that are reserved, and the reason. A stream has the
/// same name in every database, so a name that one of them reserves is refused in all.
///
/// A table whose name begins with `PRAGMA_` would hide the built-in one through which the
/// store looks at every other table.
const RESERVED: [(&str, &str); 3] = [
    (
        "SQLITE_",
        "names that begin with SQLITE_ are reserved for the database",
    ),
    (
        "PRAGMA_",
        "names that begin with PRAGMA_ are reserved for the database",
    ),
    (
        "__",
        "names that begin with __ are reserved for bookkeeping",
    ),
];

/// Returns the rule that `uuid` breaks; `None` if it breaks none.
pub(crate) fn fault(uuid: &str) -> Option<&'static str> {
    let begins_with = |prefix: &str| {
        uuid.get(..prefix.len())
            .is_some_and(|p| p.eq_ignore_ascii_case(prefix))
    };
    if uuid.is_empty() {
        Some("it is empty")
    } else if uuid.len() > 255 {
        Some("it is longer than 255 bytes")
    } else if has_control(uuid) {
        Some("it has a control character")
    } else if uuid.eq_ignore_ascii_case("streams") {
        Some("it is reserved for the metadata")
    } else {
        RESERVED
            .iter()
            .find_map(|(prefix, reason)| begins_with(prefix).then_some(*reason))
    }
}

/// Returns `true` if the text has a control character. Every call through C runs this.
/// It looks at all bytes, whatever it finds, so that it can look at many at a time.
fn has_control(uuid: &str) -> bool {
    if uuid.is_ascii() {
        uuid.bytes()
            .fold(false, |found, byte| found | byte.is_ascii_control())
    } else {
        uuid.chars().any(char::is_control)
    }
}

impl fmt::Debug for StreamUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamUuid").field(&self.shown()).finish()
    }
}

impl fmt::Display for StreamUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for StreamUuid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamUuid {
    type Err = Error;

    fn from_str(uuid: &str) -> Result<Self> {
        Self::new(uuid)
    }
}
