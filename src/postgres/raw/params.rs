//! The parameters of a statement, in PostgreSQL's binary format.
//!
//! See <https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES>:
//! numbers are in network order; an array is its dimensions, then each element with its
//! length.

use pq_sys::Oid;

/// The numbers of the types in `pg_type`, which never change.
const INT8: Oid = 20;
const TEXT: Oid = 25;
const FLOAT8: Oid = 701;
const TEXT_ARRAY: Oid = 1009;
const INT8_ARRAY: Oid = 1016;
const FLOAT8_ARRAY: Oid = 1022;
const TIMESTAMPTZ: Oid = 1184;
const TIMESTAMPTZ_ARRAY: Oid = 1185;

/// From 1970, where this crate's instants begin, to 2000, where PostgreSQL's do, in
/// microseconds.
pub(super) const EPOCH: i64 = 946_684_800_000_000;

/// The parameters of a statement, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(super) types: Vec<Oid>,
    /// Where each parameter ends in `bytes`; `None` if it is NULL.
    pub(super) ends: Vec<Option<usize>>,
    pub(super) bytes: Vec<u8>,
}

impl Params {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn int8(self, number: impl Into<Option<i64>>) -> Self {
        let number = number.into().map(i64::to_be_bytes);
        self.push(INT8, number.as_ref().map(<[u8; 8]>::as_slice))
    }

    pub(crate) fn float8(self, number: f64) -> Self {
        self.push(FLOAT8, Some(&number.to_be_bytes()))
    }

    pub(crate) fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        self.push(TEXT, text.into().map(str::as_bytes))
    }

    /// Adds an instant, given in microseconds since 1970, as a `timestamptz`.
    pub(crate) fn instant(self, micros: impl Into<Option<i64>>) -> Self {
        let micros = micros
            .into()
            .map(|micros| micros.saturating_sub(EPOCH).to_be_bytes());
        self.push(TIMESTAMPTZ, micros.as_ref().map(<[u8; 8]>::as_slice))
    }

    /// Adds an array of instants as [`instant`](Self::instant) takes them.
    pub(crate) fn some_instants(self, instants: impl IntoIterator<Item = Option<i64>>) -> Self {
        let instants = instants
            .into_iter()
            .map(|micros| micros.map(|micros| micros.saturating_sub(EPOCH).to_be_bytes()));
        self.array(TIMESTAMPTZ_ARRAY, TIMESTAMPTZ, instants)
    }

    pub(crate) fn int8s(self, numbers: impl IntoIterator<Item = i64>) -> Self {
        let numbers = numbers.into_iter().map(|number| Some(number.to_be_bytes()));
        self.array(INT8_ARRAY, INT8, numbers)
    }

    pub(crate) fn some_int8s(self, numbers: impl IntoIterator<Item = Option<i64>>) -> Self {
        let numbers = numbers
            .into_iter()
            .map(|number| number.map(i64::to_be_bytes));
        self.array(INT8_ARRAY, INT8, numbers)
    }

    pub(crate) fn float8s(self, numbers: impl IntoIterator<Item = f64>) -> Self {
        let numbers = numbers.into_iter().map(|number| Some(number.to_be_bytes()));
        self.array(FLOAT8_ARRAY, FLOAT8, numbers)
    }

    pub(crate) fn texts<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.some_texts(texts.into_iter().map(Some))
    }

    pub(crate) fn some_texts<'a>(self, texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        self.array(TEXT_ARRAY, TEXT, texts)
    }

    fn push(mut self, of: Oid, bytes: Option<&[u8]>) -> Self {
        self.types.push(of);
        self.bytes.extend(bytes.unwrap_or_default());
        self.ends.push(bytes.map(|_| self.bytes.len()));
        self
    }

    fn array<T: AsRef<[u8]>>(
        mut self,
        of: Oid,
        element: Oid,
        elements: impl IntoIterator<Item = Option<T>>,
    ) -> Self {
        let start = self.bytes.len();
        // Dimensions, whether there are NULLs, the type; the length and where counting begins.
        for word in [1, 1, element, 0, 1] {
            self.bytes.extend(word.to_be_bytes());
        }
        let elements = elements.into_iter();
        // A number and its length; many texts are longer.
        self.bytes.reserve(12 * elements.size_hint().0);
        let mut length: u32 = 0;
        for element in elements {
            match element {
                Some(element) => {
                    let bytes = element.as_ref();
                    self.bytes.extend((bytes.len() as u32).to_be_bytes());
                    self.bytes.extend(bytes);
                }
                None => self.bytes.extend((-1_i32).to_be_bytes()),
            }
            length += 1;
        }
        if let Some(place) = self.bytes.get_mut(start + 12..start + 16) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        self.types.push(of);
        self.ends.push(Some(self.bytes.len()));
        self
    }
}
