//! Opening a store on a server.

use std::ffi::CString;
use std::time::Instant;

use super::connection::{Address, Call, Connection};
use super::error::not_opened;
use super::migrate::{self, Found};
use super::raw::Session;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;

/// The oldest server that has what the statements need (`pg_current_snapshot`).
const OLDEST: i32 = 13;

impl Connection {
    /// Opens the store in the database that the URL names, and makes one if there is none.
    pub(crate) fn connect(url: &str, location: &Location, options: &OpenOptions) -> Result<Self> {
        let address = address(url, location)?;
        let begun = Instant::now();
        let session = Self::establish(&address, options, &Call::new())
            .map_err(|error| error.located(location, begun.elapsed()))?;
        Ok(Self::new(session, address, options))
    }

    /// Opens the store as [`connect`](Self::connect) does, if there is one; `None` if one can be
    /// made. Nothing is written if the options say so.
    pub(crate) fn preview(
        url: &str,
        location: &Location,
        options: &OpenOptions,
    ) -> Result<Option<Self>> {
        let address = address(url, location)?;
        let begun = Instant::now();
        let found = Self::look(&address, options, &Call::new());
        let (session, found) = found.map_err(|error| error.located(location, begun.elapsed()))?;
        match found {
            Found::Store => Ok(Some(Self::new(session, address, options))),
            Found::Nothing(place) if options.create => place.check(&address).map(|()| None),
            Found::Nothing(_) => Err(nothing(&address)),
        }
    }

    /// Connects, and sees to it that there is a store.
    pub(super) fn establish(
        address: &Address,
        options: &OpenOptions,
        call: &Call,
    ) -> Result<Session> {
        match Self::look(address, options, call)? {
            (session, Found::Store) => Ok(session),
            (_, Found::Nothing(_)) => Err(nothing(address)),
        }
    }

    /// Connects, and makes a store unless the options forbid it.
    fn look(address: &Address, options: &OpenOptions, call: &Call) -> Result<(Session, Found)> {
        let mut session = Session::connect(&address.url, call).map_err(not_opened)?;
        check_version(session.server_version())
            .map_err(|reason| refused(&address.location, reason))?;
        let found = migrate::prepare(&mut session, call, address, options)?;
        Ok((session, found))
    }
}

fn address(url: &str, location: &Location) -> Result<Address> {
    Ok(Address {
        url: CString::new(url).map_err(|_| refused(location, "its URL has a NUL".to_owned()))?,
        location: location.clone(),
    })
}

fn nothing(address: &Address) -> Error {
    let reason = "it has no tables of a store; open it once for writing";
    migrate::not_a_store(address, reason)
}

/// Checks that the server, whose version 15.18 is 150018, has what the statements need.
fn check_version(version: i32) -> Result<(), String> {
    let version = version / 10_000;
    match version < OLDEST {
        true => Err(format!(
            "the server is PostgreSQL {version}; a store needs {OLDEST} or later"
        )),
        false => Ok(()),
    }
}

fn refused(location: &Location, reason: String) -> Error {
    Error::CannotOpen {
        location: location.clone(),
        reason,
        code: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_old_server_is_refused() {
        let reason = check_version(120_022).unwrap_err();
        assert!(reason.contains("PostgreSQL 12;"), "{reason}");
        assert_eq!(check_version(130_000), Ok(()));
        assert_eq!(check_version(180_001), Ok(()));
    }

    #[test]
    fn libpq_quotes_no_part_of_a_password() {
        for url in [
            "postgres://ann:a@secret@127.0.0.1:1/db",
            "postgres://ann:%zzsecret@127.0.0.1:1/db",
            "postgres://ann:a/secret@127.0.0.1:1/db",
            "postgres://127.0.0.1:1/db?password=a&secret",
            "postgres://127.0.0.1:1/db?password=a=secret",
            "postgres://ann:secret@127.0.0.1:1/db",
        ] {
            let location = Location::new(Path::new(url));
            let options = OpenOptions::new();
            let error = Connection::connect(url, &location, &options).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("cannot open postgres://"), "{error}");
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
