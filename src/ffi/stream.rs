//! One stream's metadata as C gives and gets it.

use super::growable::Growable;
use super::input::satori_text;
use crate::Timestamp;

/// Stands for an instant that there is none of: not synced yet, no rows.
pub const SATORI_NO_INSTANT: i64 = i64::MIN;

/// Returns the instant as C gets it.
pub(super) fn micros_of(instant: Option<Timestamp>) -> i64 {
    instant.map_or(SATORI_NO_INSTANT, Timestamp::as_micros)
}

/// Reads an instant as C gives it; `None` for SATORI_NO_INSTANT.
pub(super) fn instant(micros: i64) -> Option<Timestamp> {
    (micros != SATORI_NO_INSTANT).then(|| Timestamp::from_micros(micros))
}

/// The metadata of one stream. The function that gives it says how long its texts
/// live; one whose data is NULL is not set.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_stream {
    /// sizeof(satori_stream); see "Structs that may grow".
    pub size: usize,
    /// Given by the store, never changed. 0: the stream has data and no metadata, and
    /// only `uuid` is set.
    pub id: i64,
    /// The server's number for the stream, if `has_server_stream_id`.
    pub server_stream_id: i64,
    /// 1 or 0.
    pub has_server_stream_id: i32,
    /// 0.
    pub reserved: i32,
    /// The uuid.
    pub uuid: satori_text,
    /// The name; not unique.
    pub name: satori_text,
    /// Who may publish.
    pub author: satori_text,
    /// Secondary identifier.
    pub secondary: satori_text,
    /// Field of the stream.
    pub target: satori_text,
    /// Free text of the server.
    pub meta: satori_text,
    /// Description.
    pub description: satori_text,
    /// When the metadata last came from the server, in microseconds UTC, or
    /// SATORI_NO_INSTANT.
    pub last_synced: i64,
    /// When the metadata was first written, in microseconds UTC, or SATORI_NO_INSTANT.
    pub created_at: i64,
}

// SAFETY: plain data, and NULL is a pointer.
unsafe impl Growable for satori_stream {}

/// A field of `satori_stream_patch`, as a bit of its masks.
#[repr(u32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_field {
    /// `server_stream_id`.
    SATORI_FIELD_SERVER_STREAM_ID = 1,
    /// `name`.
    SATORI_FIELD_NAME = 2,
    /// `author`.
    SATORI_FIELD_AUTHOR = 4,
    /// `secondary`.
    SATORI_FIELD_SECONDARY = 8,
    /// `target`.
    SATORI_FIELD_TARGET = 16,
    /// `meta`.
    SATORI_FIELD_META = 32,
    /// `description`.
    SATORI_FIELD_DESCRIPTION = 64,
}

/// What to write of a stream's metadata. A field whose bit is in neither mask keeps
/// what is stored.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_stream_patch {
    /// sizeof(satori_stream_patch); see "Structs that may grow".
    pub size: usize,
    /// Bits of `satori_field`: these are set to the values below.
    pub set: u32,
    /// Bits of `satori_field`: these are cleared.
    pub clear: u32,
    /// The server's number for the stream.
    pub server_stream_id: i64,
    /// The name.
    pub name: satori_text,
    /// Who may publish.
    pub author: satori_text,
    /// Secondary identifier.
    pub secondary: satori_text,
    /// Field of the stream.
    pub target: satori_text,
    /// Free text of the server.
    pub meta: satori_text,
    /// Description.
    pub description: satori_text,
}

// SAFETY: plain data, and NULL is a pointer.
unsafe impl Growable for satori_stream_patch {}
