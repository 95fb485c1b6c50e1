//! The nouns of a store: what they are, and how they are spelled. They know no database,
//! no SQL and no JSON of the server.

pub(crate) mod aligned;
pub(crate) mod chain;
pub(crate) mod columns;
pub(crate) mod cursor;
pub(crate) mod database_code;
pub(crate) mod datum;
pub(crate) mod digest;
pub(crate) mod error;
pub(crate) mod error_code;
pub(crate) mod finding;
pub(crate) mod hash;
pub(crate) mod location;
pub(crate) mod observation;
pub(crate) mod options;
pub(crate) mod page;
pub(crate) mod password;
mod plain_iso;
pub(crate) mod position;
pub(crate) mod python_repr;
pub(crate) mod raw_row;
pub(crate) mod report;
pub(crate) mod rounding;
pub(crate) mod row;
pub(crate) mod span;
pub(crate) mod spelling;
pub(crate) mod step;
pub(crate) mod stream;
pub(crate) mod summary;
pub(crate) mod time;
pub(crate) mod time_unit;
pub(crate) mod uuid;
pub(crate) mod value;
pub(crate) mod verify;
