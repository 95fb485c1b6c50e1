//! Rows as C passes them: an array for each field. The items at one index make a row.

use std::ptr;

use super::error::Failure;
use super::input::{optional_array, optional_array_mut, satori_text};
use super::{input, output};
use crate::model::error::excerpt;
use crate::model::row::RowRef;
use crate::model::spelling::StoredRef;
use crate::{Error, NewObservation, Timestamp};

/// The arrays of rows that are to be inserted. All but `values` are empty if the caller
/// gives none.
pub(super) struct InputArrays<'a> {
    ts: &'a [i64],
    spellings: &'a [satori_text],
    values: &'a [f64],
    hashes: &'a [satori_text],
    providers: &'a [satori_text],
}

impl<'a> InputArrays<'a> {
    /// # Safety
    /// Each is NULL or points to `count` items that live through the call, as do texts.
    pub(super) unsafe fn new(
        count: usize,
        ts: *const i64,
        spellings: *const satori_text,
        values: *const f64,
        hashes: *const satori_text,
        providers: *const satori_text,
    ) -> Result<Self, Failure> {
        // SAFETY: by the caller's word.
        unsafe {
            Ok(Self {
                ts: optional_array(ts, count, "ts")?,
                spellings: optional_array(spellings, count, "spellings")?,
                values: input::array(values, count, "values")?,
                hashes: optional_array(hashes, count, "hashes")?,
                providers: optional_array(providers, count, "providers")?,
            })
        }
    }

    /// Returns the rows.
    pub(super) fn rows(&self) -> Result<Vec<NewObservation<'a>>, Failure> {
        let count = self.values.len();
        let mut rows = Vec::new();
        rows.try_reserve_exact(count)
            .map_err(|_| Failure::argument(format!("no memory for {count} observations")))?;
        for (index, value) in self.values.iter().enumerate() {
            let ts = self.ts.get(index).copied().map(Timestamp::from_micros);
            let mut row = match (text(self.spellings, index, "spelling")?, ts) {
                (Some(spelling), ts) => spelled(spelling, ts, *value)?,
                (None, Some(ts)) => NewObservation::new(ts, *value),
                (None, None) => return Err(Failure::null("ts")),
            };
            row.hash = text(self.hashes, index, "hash")?;
            row.provider = text(self.providers, index, "provider")?.unwrap_or(row.provider);
            rows.push(row);
        }
        Ok(rows)
    }
}

/// Returns a row with a timestamp that is spelled, which `ts`, if it is given too, must
/// agree with.
fn spelled(
    spelling: &str,
    ts: Option<Timestamp>,
    value: f64,
) -> Result<NewObservation<'_>, Failure> {
    let row = NewObservation::spelled(spelling, value)?;
    if ts.is_some_and(|ts| ts != row.ts) {
        return Err(Failure::Store(Error::InvalidTimestamp {
            text: excerpt(spelling),
            reason: "ts gives another instant for this row",
        }));
    }
    Ok(row)
}

/// Returns one text of an array, if the caller gives it.
fn text<'a>(
    texts: &'a [satori_text],
    index: usize,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    match texts.get(index) {
        // SAFETY: by the word of the caller of `InputArrays::new`.
        Some(text) => unsafe { text.get(name) },
        None => Ok(None),
    }
}

/// The arrays that rows are read into. Those that the caller doesn't want are empty.
pub(super) struct OutputArrays<'a> {
    ts: &'a mut [i64],
    spellings: &'a mut [satori_text],
    values: &'a mut [f64],
    hashes: &'a mut [satori_text],
    providers: &'a mut [satori_text],
}

impl OutputArrays<'_> {
    /// # Safety
    /// Each is NULL or has room for `capacity` items, which nobody else uses.
    pub(super) unsafe fn new(
        capacity: usize,
        ts: *mut i64,
        spellings: *mut satori_text,
        values: *mut f64,
        hashes: *mut satori_text,
        providers: *mut satori_text,
    ) -> Result<Self, Failure> {
        // SAFETY: by the caller's word.
        unsafe {
            Ok(Self {
                ts: optional_array_mut(ts, capacity, "ts")?,
                spellings: optional_array_mut(spellings, capacity, "spellings")?,
                values: optional_array_mut(values, capacity, "values")?,
                hashes: optional_array_mut(hashes, capacity, "hashes")?,
                providers: optional_array_mut(providers, capacity, "providers")?,
            })
        }
    }

    /// Writes the row at `index`, and its texts behind those of the rows before it.
    pub(super) fn put(&mut self, index: usize, row: &RowRef<'_>, texts: &mut Texts) {
        if let Some(item) = self.ts.get_mut(index) {
            *item = row.ts.as_micros();
        }
        if let Some(item) = self.values.get_mut(index) {
            *item = row.value;
        }
        if let Some(item) = self.spellings.get_mut(index) {
            *item = match row.stored {
                _ if is_usual(row) => output::NO_TEXT,
                StoredRef::Text(text) => texts.put(text.as_bytes()),
                number => texts.put(number.to_string().as_bytes()),
            };
        }
        if let Some(item) = self.hashes.get_mut(index) {
            *item = texts.put(row.hash);
        }
        if let Some(item) = self.providers.get_mut(index) {
            *item = texts.put(row.provider);
        }
    }

    /// Makes the texts of the first `rows` rows point to where they are, now that no
    /// more are added: into `base`, where [`Texts::bytes`] begin.
    pub(super) fn place(&mut self, rows: usize, base: *const u8) {
        for items in [&mut self.spellings, &mut self.hashes, &mut self.providers] {
            for item in items.iter_mut().take(rows) {
                if !item.data.is_null() {
                    item.data = base.wrapping_add(item.data.addr()).cast();
                }
            }
        }
    }
}

/// Returns `true` if the row stores its timestamp as the store itself would.
fn is_usual(row: &RowRef<'_>) -> bool {
    match row.stored {
        StoredRef::Integer(_) => row.stored.is_seconds(),
        StoredRef::Real(_) => row.ts.to_seconds().ok() == Some(row.stored),
        StoredRef::Text(_) => false,
    }
}

/// The texts of a batch of rows, each NUL-terminated.
pub(super) struct Texts(Vec<u8>);

impl Texts {
    pub(super) fn new() -> Self {
        let mut texts = Self(Vec::new());
        texts.clear();
        texts
    }

    /// Returns all of them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Begins a new batch.
    pub(super) fn clear(&mut self) {
        self.0.clear();
        // So that no text has offset 0, which stands for none.
        self.0.push(0);
    }

    /// Adds a text. The buffer may move while it grows: its offset stands in for its
    /// address until [`OutputArrays::place`].
    fn put(&mut self, text: &[u8]) -> satori_text {
        let place = satori_text {
            data: ptr::without_provenance(self.0.len()),
            length: text.len(),
        };
        self.0.extend_from_slice(text);
        self.0.push(0);
        place
    }

    /// Returns `true` if all of them are UTF-8. All at once, which costs a fraction of
    /// doing it row by row; no character goes on behind a NUL.
    pub(super) fn are_utf8(&self) -> bool {
        std::str::from_utf8(&self.0).is_ok()
    }
}
