//! The columns of a file, told by their names.

use super::source::Source;
use crate::failure::Failure;

/// Where the columns stand.
pub(super) struct Columns {
    pub(super) ts: usize,
    pub(super) value: usize,
    pub(super) hash: Option<usize>,
    pub(super) provider: Option<usize>,
    pub(super) stream: Option<usize>,
    /// The names of the others.
    pub(super) ignored: Vec<String>,
}

impl Columns {
    /// Finds the columns.
    ///
    /// # Errors
    /// A refusal of the file if a column is missing, or two have one meaning.
    pub(super) fn find(source: &Source, names: &[&str]) -> Result<Self, Failure> {
        let find = |wanted: &[&str]| {
            let found = names.iter().enumerate();
            let mut found = found.filter(|(_, name)| wanted.contains(name));
            let first = found.next();
            match (first, found.next()) {
                (Some((_, one)), Some((_, other))) if one == other => {
                    Err(source.refused(format!("two columns are named {one}")))
                }
                (Some((_, one)), Some((_, other))) => {
                    let both = format!("it has both a column {one} and a column {other}");
                    Err(source.refused(both))
                }
                (first, _) => Ok(first.map(|(place, _)| place)),
            }
        };
        let required = |name: &str| {
            find(&[name])?.ok_or_else(|| {
                let found = match names.join(", ") {
                    none if none.is_empty() => "none".to_owned(),
                    found => found,
                };
                source.refused(format!("there is no column {name}; it has {found}"))
            })
        };
        let known = ["ts", "value", "hash", "provider", "stream", "uuid"];
        let ignored = names.iter().filter(|name| !known.contains(name));
        Ok(Self {
            ts: required("ts")?,
            value: required("value")?,
            hash: find(&["hash"])?,
            provider: find(&["provider"])?,
            stream: find(&["stream", "uuid"])?,
            ignored: ignored.map(|&name| name.to_owned()).collect(),
        })
    }
}
