//! Observations as contiguous columns, for those who compute with them.

use crate::error::Result;
use crate::read::RowRef;

/// Observations in order of time, a vector a column: row `i` is made of the
/// `i`-th item of each. What a full read fills fastest.
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
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ts.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, row: &RowRef<'_>) -> Result<()> {
        self.ts.push(row.ts.as_micros());
        self.value.push(row.value);
        self.hash.push(row.hash);
        self.provider.push(row.provider);
        Ok(())
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
    /// The text of row `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = usize::try_from(*self.offsets.get(index)?).ok()?;
        let end = usize::try_from(*self.offsets.get(index.checked_add(1)?)?).ok()?;
        self.text.get(start..end)
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All texts, one after the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in [`text`](Self::text) each row begins, and at the end where the
    /// last one ends: one more than there are rows.
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }

    #[inline]
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.offsets.push(self.text.len() as i64);
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
