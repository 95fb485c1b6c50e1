//! What is known of a stream: its metadata, and changes to it.

use std::borrow::Cow;

use super::time::Timestamp;
use super::uuid::StreamUuid;

/// Passes the list of the metadata that may be set to the macro `$then`: each field, its
/// type and what it holds.
///
/// [`Stream`], [`StreamPatch`] and the statements on table `streams` are all made from
/// this list.
macro_rules! stream_fields {
    ($then:ident) => {
        $then! {
            server_stream_id: i64, "The server's number for the stream.";
            name: String, "The name; not unique.";
            author: String, "Who may publish.";
            secondary: String, "Secondary identifier.";
            target: String, "Field of the stream.";
            meta: String, "Free text of the server.";
            description: String, "Description.";
        }
    };
}
pub(crate) use stream_fields;

/// The type of a field, and how it is borrowed.
pub(crate) trait Field {
    type Borrowed<'a>
    where
        Self: 'a;

    fn borrow(&self) -> Self::Borrowed<'_>;
}

impl Field for i64 {
    type Borrowed<'a> = i64;

    fn borrow(&self) -> i64 {
        *self
    }
}

impl Field for String {
    type Borrowed<'a> = Cow<'a, str>;

    fn borrow(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

macro_rules! define {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        /// The metadata of one stream.
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[non_exhaustive]
        pub struct Stream {
            /// The store's number for the stream, which never changes.
            pub id: i64,
            /// The stream's uuid.
            pub uuid: StreamUuid,
            $(#[doc = $doc]
            pub $field: Option<$type>,)*
            /// When the metadata last came from the server; `None` if it never did, or
            /// if the stored text can't be read (then the stream counts as stale).
            pub last_synced: Option<Timestamp>,
            /// When the row was made; `None` if the stored text can't be read.
            pub created_at: Option<Timestamp>,
        }

        /// Changes to a stream's metadata. A field that is not set keeps what is stored; a
        /// field set to `None` clears it.
        ///
        /// ```
        /// use satori_store::StreamPatch;
        ///
        /// let patch = StreamPatch::new()
        ///     .name("bitcoin".to_owned())
        ///     .description(None); // clears it; everything else stays
        /// # assert!(patch != StreamPatch::new());
        /// ```
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct StreamPatch {
            $(pub(crate) $field: Option<Option<$type>>,)*
        }

        impl StreamPatch {
            /// Returns a patch that changes nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            $(#[doc = concat!("Sets this field, or clears it with `None`: ", $doc)]
            pub fn $field(mut self, value: impl Into<Option<$type>>) -> Self {
                self.$field = Some(value.into());
                self
            })*

            /// Adds what `later` sets; if both set a field, `later` wins.
            pub(crate) fn merge(&mut self, later: StreamPatch) {
                $(if later.$field.is_some() {
                    self.$field = later.$field;
                })*
            }

            /// Returns `true` if `stream` already has all that the patch sets.
            pub(crate) fn is_in(&self, stream: &Stream) -> bool {
                $(self.$field.as_ref().is_none_or(|value| *value == stream.$field))&&*
            }
        }

        /// A [`Stream`] whose texts are borrowed, from the database until its next row.
        pub(crate) struct StreamRef<'a> {
            pub(crate) id: i64,
            pub(crate) uuid: Cow<'a, str>,
            $(pub(crate) $field: Option<<$type as Field>::Borrowed<'a>>,)*
            pub(crate) last_synced: Option<Timestamp>,
            pub(crate) created_at: Option<Timestamp>,
        }

        impl Stream {
            /// Borrows the stream.
            pub(crate) fn borrowed(&self) -> StreamRef<'_> {
                StreamRef {
                    id: self.id,
                    uuid: Cow::Borrowed(self.uuid.as_str()),
                    $($field: self.$field.as_ref().map(Field::borrow),)*
                    last_synced: self.last_synced,
                    created_at: self.created_at,
                }
            }
        }

        impl From<StreamRef<'_>> for Stream {
            fn from(row: StreamRef<'_>) -> Self {
                Self {
                    id: row.id,
                    uuid: StreamUuid::stored(row.uuid.into_owned()),
                    $($field: row.$field.map(<$type>::from),)*
                    last_synced: row.last_synced,
                    created_at: row.created_at,
                }
            }
        }
    };
}

stream_fields!(define);
