//! One stream's metadata as C gives and gets it.

use std::borrow::Cow;
use std::ffi::c_char;
use std::mem;
use std::ops::Range;

use super::error::Failure;
use super::input::{Growable, satori_text};
use super::output::{NO_TEXT, push_c_string};
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// Stands for an instant that there is none of: not synced yet, no rows.
pub const SATORI_NO_INSTANT: i64 = i64::MIN;

/// The metadata of one stream. The texts live until the list that it came from
/// is freed; one whose data is NULL is not set.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_stream {
    /// sizeof(satori_stream); see "Structs that may grow".
    pub size: usize,
    /// Given by the store, never changed. 0: the stream has a table of
    /// observations and no metadata, and only `uuid` is set.
    pub id: i64,
    /// The server's number for the stream, if `has_server_stream_id`.
    pub server_stream_id: i64,
    /// 1 or 0.
    pub has_server_stream_id: i32,
    /// 0.
    pub reserved: i32,
    /// The uuid, and the name of the observation table.
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
    /// When the row was made, in microseconds UTC, or SATORI_NO_INSTANT.
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

const FIELDS: u32 = 127;

/// What to write of a stream's metadata. A field whose bit stands in neither mask
/// keeps what is stored.
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

impl satori_stream_patch {
    /// # Safety
    /// The texts that `set` names are NULL or live through the call.
    pub(super) unsafe fn to_patch(self) -> Result<StreamPatch, Failure> {
        if (self.set | self.clear) & !FIELDS != 0 {
            return Err(Failure::argument(
                "patch names a field that this release does not know",
            ));
        }
        if self.set & self.clear != 0 {
            return Err(Failure::argument("patch sets and clears the same field"));
        }
        let mut patch = StreamPatch::new();
        if self.set & 1 != 0 {
            patch = patch.server_stream_id(self.server_stream_id);
        }
        if self.clear & 1 != 0 {
            patch = patch.server_stream_id(None);
        }
        type Setter = fn(StreamPatch, Option<String>) -> StreamPatch;
        let texts: [(u32, satori_text, &str, Setter); 6] = [
            (2, self.name, "patch.name", |patch, text| patch.name(text)),
            (4, self.author, "patch.author", |patch, text| {
                patch.author(text)
            }),
            (8, self.secondary, "patch.secondary", |patch, text| {
                patch.secondary(text)
            }),
            (16, self.target, "patch.target", |patch, text| {
                patch.target(text)
            }),
            (32, self.meta, "patch.meta", |patch, text| patch.meta(text)),
            (64, self.description, "patch.description", |patch, text| {
                patch.description(text)
            }),
        ];
        for (bit, text, what, setter) in texts {
            if self.set & bit != 0 {
                // SAFETY: by the caller's word.
                let text = unsafe { text.get(what) }?.ok_or_else(|| Failure::null(what))?;
                patch = setter(patch, Some(text.to_owned()));
            } else if self.clear & bit != 0 {
                patch = setter(patch, None);
            }
        }
        Ok(patch)
    }
}

/// A stream as C sees it.
pub(super) struct OwnedStream {
    id: i64,
    server_stream_id: Option<i64>,
    /// uuid, name, author, secondary, target, meta and description, as far as they
    /// are set, one after the other, each NUL-terminated.
    pub(super) buffer: Vec<u8>,
    /// Where in `buffer` each of them stands, its NUL left out.
    texts: [Option<Range<usize>>; 7],
    last_synced: Option<Timestamp>,
    created_at: Option<Timestamp>,
}

impl From<Stream> for OwnedStream {
    fn from(stream: Stream) -> Self {
        fn text(text: &Option<String>) -> Option<Cow<'_, str>> {
            text.as_deref().map(Cow::Borrowed)
        }
        Self::from(StreamRef {
            id: stream.id,
            server_stream_id: stream.server_stream_id,
            uuid: Cow::Borrowed(stream.uuid.as_str()),
            name: text(&stream.name),
            author: text(&stream.author),
            secondary: text(&stream.secondary),
            target: text(&stream.target),
            meta: text(&stream.meta),
            description: text(&stream.description),
            last_synced: stream.last_synced,
            created_at: stream.created_at,
        })
    }
}

impl From<StreamRef<'_>> for OwnedStream {
    fn from(stream: StreamRef<'_>) -> Self {
        let texts = [
            Some(&*stream.uuid),
            stream.name.as_deref(),
            stream.author.as_deref(),
            stream.secondary.as_deref(),
            stream.target.as_deref(),
            stream.meta.as_deref(),
            stream.description.as_deref(),
        ];
        Self {
            id: stream.id,
            server_stream_id: stream.server_stream_id,
            last_synced: stream.last_synced,
            created_at: stream.created_at,
            ..Self::new(texts)
        }
    }
}

impl From<StreamUuid> for OwnedStream {
    fn from(uuid: StreamUuid) -> Self {
        Self::new([Some(uuid.as_str()), None, None, None, None, None, None])
    }
}

impl OwnedStream {
    fn new(texts: [Option<&str>; 7]) -> Self {
        let lengths = texts.iter().flatten().map(|text| text.len() + 1);
        let mut buffer = Vec::with_capacity(lengths.sum());
        let texts = texts.map(|text| {
            let start = buffer.len();
            push_c_string(&mut buffer, text?);
            Some(start..buffer.len() - 1)
        });
        Self {
            id: 0,
            server_stream_id: None,
            buffer,
            texts,
            last_synced: None,
            created_at: None,
        }
    }

    /// As C sees it, its texts where `buffer`, or a copy of it, begins.
    pub(super) fn view(&self, buffer: *const c_char) -> satori_stream {
        let text = |index: usize| match &self.texts[index] {
            Some(place) => satori_text {
                data: buffer.wrapping_add(place.start),
                length: place.len(),
            },
            None => NO_TEXT,
        };
        let instant = |ts: Option<Timestamp>| ts.map_or(SATORI_NO_INSTANT, Timestamp::as_micros);
        satori_stream {
            size: mem::size_of::<satori_stream>(),
            id: self.id,
            server_stream_id: self.server_stream_id.unwrap_or(0),
            has_server_stream_id: i32::from(self.server_stream_id.is_some()),
            reserved: 0,
            uuid: text(0),
            name: text(1),
            author: text(2),
            secondary: text(3),
            target: text(4),
            meta: text(5),
            description: text(6),
            last_synced: instant(self.last_synced),
            created_at: instant(self.created_at),
        }
    }
}
