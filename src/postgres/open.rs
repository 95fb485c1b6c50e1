//! Opening a store on a server.

use std::ffi::CString;
use std::time::{Duration, Instant};

use super::connection::{Address, Call, Connection};
use super::error::not_connected;
use super::migrate;
use super::raw::Session;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::OpenOptions;

/// How long a server may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// The oldest server that has what the statements need (`pg_current_snapshot`).
const OLDEST: i32 = 13;

impl Connection {
    /// Opens the store in the database that the URL names, and makes one if there is none.
    pub(crate) fn connect(url: &str, location: &Location, options: &OpenOptions) -> Result<Self> {
        let address = Address {
            url: CString::new(url)
                .map_err(|_| refused(location, "its URL has a NUL".to_owned()))?,
            location: location.clone(),
        };
        let session = Self::establish(&address, options)
            .map_err(|error| error.located(location, Duration::ZERO))?;
        Ok(Self::new(session, address, options))
    }

    /// Connects, and sees to it that there is a store.
    pub(super) fn establish(address: &Address, options: &OpenOptions) -> Result<Session> {
        let end = Instant::now() + CONNECT.max(options.busy_timeout);
        let call = Call::new();
        let mut session = Session::connect(&address.url, end, &call).map_err(not_connected)?;
        let version = session.server_version() / 10_000;
        if version < OLDEST {
            let reason =
                format!("the server is PostgreSQL {version}; a store needs {OLDEST} or later");
            return Err(refused(&address.location, reason));
        }
        migrate::prepare(&mut session, &call, address, options)?;
        Ok(session)
    }
}

fn refused(location: &Location, reason: String) -> Error {
    Error::CannotOpen {
        location: location.clone(),
        reason,
        code: None,
    }
}
