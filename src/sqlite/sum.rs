//! The sum of the digests of rows, and how a transaction changes it.
//!
//! A row's digest covers all four columns as they are stored. The sum does not depend on
//! the order of the rows, so that an insert, a deletion or a rewritten row changes it by
//! that row alone.

use blake2::Blake2s;
use blake2::digest::{Digest, consts::U16};

use super::raw::{Cell, Row};

/// How many rows there are, and the sum of their digests modulo 2^128; or by how much both
/// change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: i64,
    pub(super) sum: u128,
}

impl Sum {
    /// Adds a row that was written.
    pub(super) fn add(&mut self, row: [Cell<'_>; 4]) {
        self.add_all(Self {
            rows: 1,
            sum: digest(row),
        });
    }

    pub(super) fn add_all(&mut self, other: Self) {
        self.rows = self.rows.wrapping_add(other.rows);
        self.sum = self.sum.wrapping_add(other.sum);
    }

    pub(super) fn subtract_all(&mut self, other: Self) {
        self.rows = self.rows.wrapping_sub(other.rows);
        self.sum = self.sum.wrapping_sub(other.sum);
    }
}

/// Returns the digest of a row.
fn digest(row: [Cell<'_>; 4]) -> u128 {
    let mut hasher = Blake2s::<U16>::new();
    for cell in row {
        // An integer and the same number with a fraction of 0 are one value: a column's
        // affinity makes one of the other.
        let (kind, number, bytes): (u8, u64, &[u8]) = match cell {
            Cell::Null => (0, 0, &[]),
            Cell::Integer(number) => (1, number.cast_unsigned(), &[]),
            Cell::Real(number) => match number as i64 {
                whole if whole as f64 == number && whole != i64::MAX => {
                    (1, whole.cast_unsigned(), &[])
                }
                _ => (2, number.to_bits(), &[]),
            },
            Cell::Text(text) => (3, text.len() as u64, text),
            Cell::Blob(bytes) => (4, bytes.len() as u64, bytes),
        };
        hasher.update([kind]);
        hasher.update(number.to_le_bytes());
        hasher.update(bytes);
    }
    u128::from_le_bytes(hasher.finalize().into())
}

/// Returns the first four columns of a row.
pub(super) fn stored<'a>(row: &'a Row<'_>) -> [Cell<'a>; 4] {
    [0, 1, 2, 3].map(|column| row.cell(column))
}

/// What a transaction has done to a stream's rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// It has added these, less those that it has deleted.
    Rows(Sum),
    /// It has made the table, which holds these.
    New(Sum),
    /// It has dropped the table.
    Gone,
}

impl Change {
    pub(super) fn add_all(&mut self, rows: Sum) {
        match self {
            Change::Rows(sum) | Change::New(sum) => sum.add_all(rows),
            Change::Gone => *self = Change::Rows(rows),
        }
    }
}
