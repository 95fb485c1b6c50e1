//! Observations as contiguous columns, for computing with them.

use super::row::RowRef;

/// Observations in order of time, one vector for each column: row `i` is made of the
/// `i`-th item of each. No other form is as fast to read.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Columns {
    /// Instants, in microseconds since 1970-01-01 UTC.
    pub ts: Vec<i64>,
    /// Values.
    pub value: Vec<f64>,
    /// Hashes.
    pub hash: TextColumn,
    /// Providers.
    pub provider: TextColumn,
}

impl Columns {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Returns `true` if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ts.is_empty()
    }
}

/// [`Columns`] while they grow.
#[derive(Default)]
pub(crate) struct ColumnsBuilder {
    ts: Vec<i64>,
    value: Vec<f64>,
    hash: TextBuilder,
    provider: TextBuilder,
}

impl ColumnsBuilder {
    #[inline]
    pub(crate) fn push(&mut self, row: &RowRef<'_>) {
        self.ts.push(row.ts.as_micros());
        self.value.push(row.value);
        self.hash.push(row.hash);
        self.provider.push(row.provider);
    }

    /// Returns the columns; `None` if a text is not UTF-8.
    pub(crate) fn finish(self) -> Option<Columns> {
        Some(Columns {
            ts: self.ts,
            value: self.value,
            hash: self.hash.finish()?,
            provider: self.provider.finish()?,
        })
    }
}

/// Texts one after the other, and where each ends: Arrow's layout of a string
/// column, with 64-bit offsets.
#[derive(Clone, Debug, PartialEq)]
pub struct TextColumn {
    text: String,
    offsets: Vec<i64>,
}

impl TextColumn {
    /// Returns the text of row `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = usize::try_from(*self.offsets.get(index)?).ok()?;
        let end = usize::try_from(*self.offsets.get(index.checked_add(1)?)?).ok()?;
        self.text.get(start..end)
    }

    /// Iterates over the texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns `true` if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns all texts, one after the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where in [`text`](Self::text) each row begins and, as the last item, where
    /// the last row ends: one offset more than there are rows.
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            text: String::new(),
            offsets: vec![0],
        }
    }
}

/// A [`TextColumn`] while it grows.
struct TextBuilder {
    bytes: Vec<u8>,
    offsets: Vec<i64>,
}

impl Default for TextBuilder {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            offsets: vec![0],
        }
    }
}

impl TextBuilder {
    #[inline]
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i64);
    }

    /// Returns the column; `None` if a text is not UTF-8. All texts are checked at once,
    /// which costs a fraction of checking them row by row.
    fn finish(self) -> Option<TextColumn> {
        let Self { bytes, offsets } = self;
        let text = String::from_utf8(bytes).ok()?;
        are_boundaries(&text, &offsets).then_some(TextColumn { text, offsets })
    }
}

/// Returns `true` if no offset cuts a character in two.
fn are_boundaries(text: &str, offsets: &[i64]) -> bool {
    text.is_ascii()
        || offsets
            .iter()
            .all(|&offset| text.is_char_boundary(offset as usize))
}
