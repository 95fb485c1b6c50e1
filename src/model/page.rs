//! How many rows a page has.

/// What the pages of a read hold at most.
pub(crate) struct PageLimit {
    pub(crate) rows: usize,
    /// About how many bytes of memory the rows take, unless it is one row.
    pub(crate) bytes: usize,
}

impl PageLimit {
    /// Returns how many rows the next page may have if they are as large as those of the last
    /// one, which were so many and took so many bytes.
    pub(crate) fn next(&self, rows: usize, bytes: usize) -> usize {
        let each = (bytes / rows.max(1)).max(1);
        (self.bytes / each).clamp(1, self.rows)
    }
}
