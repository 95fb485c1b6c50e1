//! The fields of a stream's metadata, on their way from C and to it.

use std::borrow::Cow;
use std::ffi::c_char;
use std::mem;
use std::ops::Range;

use serde::ser::SerializeMap;

use super::error::Failure;
use super::growable;
use super::input::satori_text;
use super::output::{NO_TEXT, push_c_string};
use super::stream::{micros_of, satori_field, satori_stream, satori_stream_patch};
use crate::model::stream::{Field, StreamRef, stream_fields};
use crate::{Stream, StreamPatch, StreamUuid, Timestamp};

/// The type of a field, as C passes it and as an [`OwnedStream`] keeps it.
trait CField: Field + Sized {
    type C: Copy;
    type Kept;
    type Json<'a>: serde::Serialize;

    /// # Safety
    /// A text is NULL or lives through the call.
    unsafe fn from_c(value: Self::C, name: &str) -> Result<Self, Failure>;

    /// Returns the bytes that the value takes of the buffer.
    fn size(value: &Self::Borrowed<'_>) -> usize;

    /// Keeps the value, and its text in the buffer.
    fn keep(value: Self::Borrowed<'_>, buffer: &mut Vec<u8>) -> Self::Kept;

    /// Returns the value as C sees it, the buffer, or a copy of it, being at `buffer`.
    fn to_c(kept: Option<&Self::Kept>, buffer: *const c_char) -> Self::C;

    /// Returns the value as JSON shows it, its text being in the buffer.
    fn to_json<'a>(kept: &'a Self::Kept, buffer: &'a [u8]) -> Self::Json<'a>;
}

impl CField for i64 {
    type C = i64;
    type Kept = i64;
    type Json<'a> = i64;

    unsafe fn from_c(value: i64, _: &str) -> Result<i64, Failure> {
        Ok(value)
    }

    fn size(_: &i64) -> usize {
        0
    }

    fn keep(value: i64, _: &mut Vec<u8>) -> i64 {
        value
    }

    fn to_c(kept: Option<&i64>, _: *const c_char) -> i64 {
        kept.copied().unwrap_or(0)
    }

    fn to_json<'a>(kept: &'a i64, _: &'a [u8]) -> i64 {
        *kept
    }
}

impl CField for String {
    type C = satori_text;
    /// The text's place in the buffer, its NUL left out.
    type Kept = Range<usize>;
    type Json<'a> = &'a str;

    unsafe fn from_c(value: satori_text, name: &str) -> Result<String, Failure> {
        // SAFETY: by the caller's word.
        let text = unsafe { value.get(name) }?;
        text.map(str::to_owned).ok_or_else(|| Failure::null(name))
    }

    fn size(value: &Cow<'_, str>) -> usize {
        value.len() + 1
    }

    fn keep(value: Cow<'_, str>, buffer: &mut Vec<u8>) -> Range<usize> {
        let start = buffer.len();
        push_c_string(buffer, &value);
        start..buffer.len() - 1
    }

    fn to_c(kept: Option<&Range<usize>>, buffer: *const c_char) -> satori_text {
        kept.map_or(NO_TEXT, |place| satori_text {
            data: buffer.wrapping_add(place.start),
            length: place.len(),
        })
    }

    fn to_json<'a>(kept: &'a Range<usize>, buffer: &'a [u8]) -> &'a str {
        let text = buffer.get(kept.clone()).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }
}

macro_rules! define {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        /// The fields, in the order of the list: the bits of `satori_field` are in the
        /// same, so a new field goes to its end.
        enum Index {
            $($field,)*
        }

        const ALL_FIELDS: u32 = $(1 << Index::$field as u32 |)* 0;

        impl satori_stream_patch {
            /// # Safety
            /// The texts that `set` names are NULL or live through the call.
            unsafe fn to_patch(self) -> Result<StreamPatch, Failure> {
                if (self.set | self.clear) & !ALL_FIELDS != 0 {
                    return Err(Failure::argument(
                        "patch names a field that this release does not know",
                    ));
                }
                if self.set & self.clear != 0 {
                    return Err(Failure::argument("patch sets and clears the same field"));
                }
                let is_in = |mask: u32, field: Index| mask & 1 << field as u32 != 0;
                let mut patch = StreamPatch::new();
                $(if is_in(self.set, Index::$field) {
                    let name = concat!("patch.", stringify!($field));
                    // SAFETY: by the caller's word.
                    patch = patch.$field(unsafe { <$type>::from_c(self.$field, name) }?);
                } else if is_in(self.clear, Index::$field) {
                    patch = patch.$field(None);
                })*
                Ok(patch)
            }
        }

        /// A stream, kept for C.
        pub(super) struct OwnedStream {
            id: i64,
            uuid: Range<usize>,
            $($field: Option<<$type as CField>::Kept>,)*
            last_synced: Option<Timestamp>,
            created_at: Option<Timestamp>,
            /// The texts that are set, one after the other, each NUL-terminated.
            buffer: Vec<u8>,
        }

        impl From<StreamRef<'_>> for OwnedStream {
            fn from(stream: StreamRef<'_>) -> Self {
                let size = String::size(&stream.uuid)
                    $(+ stream.$field.as_ref().map_or(0, <$type>::size))*;
                let mut buffer = Vec::with_capacity(size);
                Self {
                    id: stream.id,
                    uuid: String::keep(stream.uuid, &mut buffer),
                    $($field: stream.$field.map(|value| <$type>::keep(value, &mut buffer)),)*
                    last_synced: stream.last_synced,
                    created_at: stream.created_at,
                    buffer,
                }
            }
        }

        impl From<StreamUuid> for OwnedStream {
            fn from(uuid: StreamUuid) -> Self {
                Self::from(StreamRef {
                    id: 0,
                    uuid: Cow::Borrowed(uuid.as_str()),
                    $($field: None,)*
                    last_synced: None,
                    created_at: None,
                })
            }
        }

        impl OwnedStream {
            /// Returns the stream as C sees it, its texts where `buffer`, a copy of
            /// [`texts`](Self::texts), begins.
            pub(super) fn view(&self, buffer: *const c_char) -> satori_stream {
                satori_stream {
                    size: mem::size_of::<satori_stream>(),
                    id: self.id,
                    uuid: String::to_c(Some(&self.uuid), buffer),
                    $($field: <$type>::to_c(self.$field.as_ref(), buffer),)*
                    has_server_stream_id: i32::from(self.server_stream_id.is_some()),
                    reserved: 0,
                    last_synced: micros_of(self.last_synced),
                    created_at: micros_of(self.created_at),
                }
            }
        }

        impl serde::Serialize for OwnedStream {
            /// Writes the row of table `streams`, by column.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut row = serializer.serialize_map(None)?;
                row.serialize_entry("id", &self.id)?;
                row.serialize_entry("server_stream_id", &self.server_stream_id)?;
                row.serialize_entry("uuid", String::to_json(&self.uuid, &self.buffer))?;
                $(if stringify!($field) != "server_stream_id" {
                    let field = self.$field.as_ref();
                    let field = field.map(|kept| <$type>::to_json(kept, &self.buffer));
                    row.serialize_entry(stringify!($field), &field)?;
                })*
                row.serialize_entry("last_synced", &self.last_synced_text())?;
                row.serialize_entry("created_at", &self.created_at_text())?;
                row.end()
            }
        }

        impl serde::Serialize for Columns<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut columns = serializer.serialize_map(None)?;
                let id = |stream: &OwnedStream| (stream.id != 0).then_some(stream.id);
                self.write(&mut columns, "id", id)?;
                self.write(&mut columns, "server_stream_id", |stream| stream.server_stream_id)?;
                self.write(&mut columns, "uuid", |stream| {
                    Some(String::to_json(&stream.uuid, &stream.buffer))
                })?;
                $(if stringify!($field) != "server_stream_id" {
                    self.write(&mut columns, stringify!($field), |stream| {
                        let kept = stream.$field.as_ref()?;
                        Some(<$type>::to_json(kept, &stream.buffer))
                    })?;
                })*
                self.write(&mut columns, "last_synced", OwnedStream::last_synced_text)?;
                self.write(&mut columns, "created_at", OwnedStream::created_at_text)?;
                columns.end()
            }
        }
    };
}

stream_fields!(define);

const _: () = assert!(ALL_FIELDS == 2 * satori_field::SATORI_FIELD_DESCRIPTION as u32 - 1);

impl From<Stream> for OwnedStream {
    fn from(stream: Stream) -> Self {
        Self::from(stream.borrowed())
    }
}

impl OwnedStream {
    /// Returns the texts of the stream, to which a view points.
    pub(super) fn texts(&self) -> &[u8] {
        &self.buffer
    }

    /// Returns the text that the store writes for `last_synced`.
    fn last_synced_text(&self) -> Option<String> {
        self.last_synced?.iso_text('T', 6)
    }

    /// Returns the text that SQLite writes for `created_at`.
    fn created_at_text(&self) -> Option<String> {
        self.created_at?.iso_text(' ', 0)
    }
}

/// Streams as JSON: an array for each member that is set in one of them.
pub(super) struct Columns<'a>(pub(super) &'a [OwnedStream]);

impl Columns<'_> {
    /// Writes the array of a member, unless no stream has it.
    fn write<'a, M: SerializeMap, T: serde::Serialize>(
        &'a self,
        columns: &mut M,
        name: &str,
        member: impl Fn(&'a OwnedStream) -> Option<T>,
    ) -> Result<(), M::Error> {
        if !self.0.iter().any(|stream| member(stream).is_some()) {
            return Ok(());
        }
        columns.serialize_entry(name, &Column(|| self.0.iter().map(&member)))
    }
}

/// The items of an array, which are made as they are written.
struct Column<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: serde::Serialize>> serde::Serialize for Column<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// Reads a patch; NULL changes nothing.
///
/// # Safety
/// `patch` is NULL or points to a patch, whose texts live through the call.
pub(super) unsafe fn read_patch(patch: *const satori_stream_patch) -> Result<StreamPatch, Failure> {
    // SAFETY: by the caller's word.
    unsafe {
        match growable::read(patch, "patch")? {
            Some(patch) => patch.to_patch(),
            None => Ok(StreamPatch::new()),
        }
    }
}
