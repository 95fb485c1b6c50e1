//! Opening a store.

use std::path::Path;

use super::Store;
use super::connection::Connection;
use super::shared::let_go_of_inherited;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::process::in_flight::Call;
use crate::sqlite;

impl Store {
    /// Opens the store at `path` with the default [`OpenOptions`].
    ///
    /// | found | done |
    /// |---|---|
    /// | no file, or an empty one | a new store, permissions 0600 |
    /// | observation tables alone | `streams` added; no observation changed |
    /// | `streams` with the seed's nine columns | missing columns and indexes added |
    /// | `streams` with `author` and `target` | adopted as it is |
    /// | a store from a later release | refused, unless opened read-only |
    /// | `streams` of another shape, a damaged file, no database | refused, left as it is |
    ///
    /// A file that is taken over for the first time is read through once to check that
    /// it is sound.
    ///
    /// # Errors
    /// [`Error::CannotOpen`], also if the path looks like a URL (`scheme://…`), if the file
    /// is missing or empty but a `-wal` beside it has content, or if this process, or one from
    /// which it descends, was forked while other threads were inside calls;
    /// [`Error::NotAStore`], [`Error::Corrupt`], [`Error::LaterRelease`],
    /// [`Error::SchemaMismatch`]; [`Error::ReadOnly`] if the file or its folder may
    /// not be written. In each of these cases not one byte of the file has changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().open(path)
    }

    /// Opens the store in the PostgreSQL database that a URL names, `postgres://host/database`
    /// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>), with the
    /// default [`OpenOptions`]: makes its tables if there are none, and migrates those of an
    /// earlier release. Several engines may do so at once.
    ///
    /// It waits ten seconds for the server, or as long as the URL says (`connect_timeout=3`).
    /// It needs the feature `postgres`. [`open`](Self::open) does the same for a URL. The
    /// password may be in the URL, in the environment or in a file, as libpq has it; it is in
    /// no message.
    ///
    /// # Errors
    /// [`Error::CannotOpen`], with the server's SQLSTATE if it gave one, if there is no
    /// connection, if the server is too old, or if this build has no PostgreSQL;
    /// [`Error::NotAStore`] if the tables are another program's, or if there are none and the
    /// options forbid to make them; [`Error::LaterRelease`].
    pub fn connect(url: &str) -> Result<Self> {
        OpenOptions::new().connect(url)
    }

    /// Opens a store that lives in memory and is gone with the last handle.
    ///
    /// # Errors
    /// [`Error::CannotOpen`] or [`Error::Database`] if there is no memory;
    /// [`Error::CannotOpen`] if this process, or one from which it descends, was forked while
    /// other threads were inside calls.
    pub fn open_in_memory() -> Result<Self> {
        OpenOptions::new().open_in_memory()
    }
}

impl OpenOptions {
    /// Opens the file, takes it over if it is an engine's, and creates it if there is
    /// none. [`Store::open`] says what is done to which file.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Store> {
        let path = path.as_ref();
        let location = Location::new(path);
        if location.is_url() {
            return self.with_digests(Store::new(open_url(path, location, self)?));
        }
        let call = Call::begin();
        let_go_of_inherited(&location, &call)?;
        let opened = sqlite::Connection::open(path, self)?;
        self.with_digests(Store::new(Connection::Sqlite(opened)))
    }

    /// Opens the store in the database that the URL names, as [`Store::connect`] does.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub fn connect(&self, url: &str) -> Result<Store> {
        let location = Location::new(Path::new(url));
        let opened = open_url(Path::new(url), location, self)?;
        self.with_digests(Store::new(opened))
    }

    /// Opens a file, or the database that a URL names, [read-only](Self::read_only), as what
    /// [`open`](Self::open) would make of it: if there is no store yet (no file, an empty one, a
    /// database without tables), and one could be made there, returns an empty store in memory.
    /// Nothing is written. It is the target for [`Store::copy_dry_run`].
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn preview(&self, path: impl AsRef<Path>) -> Result<Store> {
        let path = path.as_ref();
        let options = self.clone().read_only(true);
        let location = Location::new(path);
        let found = match location.is_url() {
            true => preview_url(path, location, &options)?,
            false => {
                let call = Call::begin();
                let_go_of_inherited(&location, &call)?;
                sqlite::Connection::preview(path, &options)?.map(Connection::Sqlite)
            }
        };
        match found {
            Some(found) => Ok(Store::new(found)),
            None => self.open_in_memory(),
        }
    }

    /// Opens a store that lives in memory and is gone with the last handle.
    ///
    /// # Errors
    /// As [`Store::open_in_memory`].
    pub fn open_in_memory(&self) -> Result<Store> {
        let call = Call::begin();
        let_go_of_inherited(&Location::MEMORY, &call)?;
        let opened = sqlite::Connection::open_in_memory(self)?;
        self.with_digests(Store::new(Connection::Sqlite(opened)))
    }

    fn with_digests(&self, store: Store) -> Result<Store> {
        if self.digest && !self.read_only {
            store.keep_digests()?;
        }
        Ok(store)
    }
}

#[cfg(feature = "postgres")]
fn open_url(url: &Path, location: Location, options: &OpenOptions) -> Result<Connection> {
    let url = postgres_url(url, &location)?;
    let call = Call::begin();
    let_go_of_inherited(&location, &call)?;
    postgres::Connection::connect(url, &location, options).map(Connection::Postgres)
}

/// Opens the store in the database that the URL names; `None` if one can be made there.
#[cfg(feature = "postgres")]
fn preview_url(
    url: &Path,
    location: Location,
    options: &OpenOptions,
) -> Result<Option<Connection>> {
    let url = postgres_url(url, &location)?;
    let call = Call::begin();
    let_go_of_inherited(&location, &call)?;
    let found = postgres::Connection::preview(url, &location, options)?;
    Ok(found.map(Connection::Postgres))
}

#[cfg(not(feature = "postgres"))]
fn open_url<T>(url: &Path, location: Location, _: &OpenOptions) -> Result<T> {
    postgres_url(url, &location)?;
    Err(Error::CannotOpen {
        location,
        reason: "this build can't open PostgreSQL: it lacks the feature `postgres`".to_owned(),
        code: None,
    })
}

#[cfg(not(feature = "postgres"))]
use open_url as preview_url;

/// Returns the URL of a database that a store may be in.
fn postgres_url<'a>(url: &'a Path, location: &Location) -> Result<&'a str> {
    let url = url.to_str().map(str::trim_start);
    let is_postgres = |url: &&str| {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        matches!(scheme, Some("postgres" | "postgresql"))
    };
    url.filter(is_postgres)
        .ok_or_else(|| not_a_database(location.clone()))
}

/// Returns the location of the file at `path`.
///
/// # Errors
/// `CannotOpen` if it is a URL.
pub(super) fn file_at(path: &Path) -> Result<Location> {
    let location = Location::new(path);
    match location.is_url() {
        false => Ok(location),
        true => Err(not_a_database(location)),
    }
}

fn not_a_database(location: Location) -> Error {
    Error::CannotOpen {
        location,
        reason: "it is a URL, not the path of a file; a file of such a name can be \
                 opened as ./name"
            .to_owned(),
        code: None,
    }
}
