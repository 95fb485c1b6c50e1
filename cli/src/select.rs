//! The choice of streams for a command: one by uuid or name, or all.

use satori_store::{Error, Store, Stream, StreamUuid, without_password};

use crate::failure::Failure;
use crate::output::Output;

/// A stream that was chosen for a command.
pub(crate) struct Selected {
    pub(crate) uuid: StreamUuid,
    pub(crate) metadata: Option<Stream>,
    /// `true` if the command line names it, `false` if it is one of all.
    pub(crate) is_named: bool,
    /// The other streams that have the given name.
    pub(crate) others: Vec<StreamUuid>,
}

impl Selected {
    /// Returns one of all streams.
    fn one_of_all(uuid: StreamUuid, metadata: Option<Stream>) -> Self {
        Self {
            uuid,
            metadata,
            is_named: false,
            others: Vec::new(),
        }
    }

    /// Returns the stream that the command line names, with no others of its name.
    fn named(uuid: StreamUuid, metadata: Option<Stream>) -> Self {
        Self {
            is_named: true,
            ..Self::one_of_all(uuid, metadata)
        }
    }

    /// Returns the stream's name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.metadata.as_ref()?.name.as_deref()
    }

    /// Returns the stream's name, or its uuid if it has none.
    pub(crate) fn name_or_uuid(&self) -> &str {
        self.name().unwrap_or(self.uuid.as_str())
    }

    /// Returns the stream's name and uuid for messages.
    pub(crate) fn label(&self) -> String {
        match self.name() {
            Some(name) => format!("{name:?} ({})", self.uuid),
            None => format!("{:?}", self.uuid.as_str()),
        }
    }
}

/// Returns the stream that has this uuid, else the one that has this name. If several
/// have the name, returns the first of [`Store::streams_by_name`], the most recently
/// synced, and prints a note.
pub(crate) fn one(store: &Store, text: &str, output: &Output) -> Result<Selected, Failure> {
    let selected = find(store, text)?;
    if !selected.others.is_empty() {
        output.note(format_args!(
            "{} streams are named {text:?}; this is the most recently synced, {}",
            selected.others.len() + 1,
            selected.uuid
        ));
    }
    Ok(selected)
}

/// Returns the stream as [`one`] does, but fails if several have the name.
pub(crate) fn only(store: &Store, text: &str) -> Result<Selected, Failure> {
    let selected = find(store, text)?;
    if selected.others.is_empty() {
        return Ok(selected);
    }
    let uuids = std::iter::once(&selected.uuid).chain(&selected.others);
    Err(Failure::Ambiguous {
        name: text.to_owned(),
        uuids: uuids.map(ToString::to_string).collect(),
    })
}

/// Returns the stream that was named, or all streams, those with metadata first.
pub(crate) fn one_or_all(
    store: &Store,
    text: Option<&str>,
    output: &Output,
) -> Result<Vec<Selected>, Failure> {
    match text {
        Some(text) => Ok(vec![one(store, text, output)?]),
        None => {
            let known = store.streams()?.into_iter();
            let known = known.map(|stream| Selected::one_of_all(stream.uuid.clone(), Some(stream)));
            let unknown = store.streams_without_metadata()?.into_iter();
            let unknown = unknown.map(|uuid| Selected::one_of_all(uuid, None));
            Ok(known.chain(unknown).collect())
        }
    }
}

/// Returns the store as it is to be verified: the data of several streams is checked at once,
/// that of one with its rows.
pub(crate) fn checked(store: Store, selected: &[Selected]) -> Result<Store, Failure> {
    match selected.len() {
        0 | 1 => Ok(store),
        _ => Ok(store.with_data_checked()?),
    }
}

/// Returns the streams as [`one_or_all`] does, and those of which nothing is left but rows in
/// the quarantine.
pub(crate) fn one_or_all_quarantined(
    store: &Store,
    text: Option<&str>,
    output: &Output,
) -> Result<Vec<Selected>, Failure> {
    let mut quarantined = store.quarantined_streams()?;
    if let Some(text) = text {
        quarantined.retain(|uuid| uuid.as_str() == text);
        return match quarantined.pop() {
            Some(uuid) => {
                let metadata = store.stream(&uuid)?;
                Ok(vec![Selected::named(uuid, metadata)])
            }
            None => one_or_all(store, Some(text), output),
        };
    }
    let mut selected = one_or_all(store, None, output)?;
    quarantined.retain(|uuid| selected.iter().all(|stream| stream.uuid != *uuid));
    let left = quarantined.into_iter();
    selected.extend(left.map(|uuid| Selected::one_of_all(uuid, None)));
    Ok(selected)
}

/// Returns `true` if the error concerns one stream alone, so that a command can go on
/// with the next.
pub(crate) fn is_of_stream(error: &Error) -> bool {
    matches!(
        error,
        Error::UnreadableRow { .. }
            | Error::NotAStream { .. }
            | Error::InvalidUuid { .. }
            | Error::Corrupt { .. }
    )
}

/// Returns the stream that has this uuid, else the first that has this name.
fn find(store: &Store, text: &str) -> Result<Selected, Failure> {
    let fault = match by_uuid(store, text) {
        Ok(selected) => return Ok(selected),
        Err(fault) => fault,
    };
    let not_found = || Error::StreamNotFound {
        stream: without_password(text).into_owned(),
    };
    let fault = match fault {
        // Text that can't be a uuid can be a name.
        Error::InvalidUuid { .. } => not_found(),
        Error::StreamNotFound { .. } | Error::NotAStream { .. } => fault,
        fault => return Err(fault.into()),
    };
    let mut named = store.streams_by_name(text)?.into_iter();
    let Some(stream) = named.next() else {
        return Err(fault.into());
    };
    Ok(Selected {
        others: named.map(|stream| stream.uuid).collect(),
        ..Selected::named(stream.uuid.clone(), Some(stream))
    })
}

/// Returns the stream that has this uuid, if it has metadata or data.
fn by_uuid(store: &Store, text: &str) -> Result<Selected, Error> {
    let uuid = StreamUuid::new(text)?;
    let metadata = store.stream(&uuid)?;
    if metadata.is_none() && !store.contains(&uuid)? {
        return Err(Error::StreamNotFound {
            stream: without_password(text).into_owned(),
        });
    }
    Ok(Selected::named(uuid, metadata))
}
