//! Inserting observations, one by one or in chunks, without touching the rows that exist.

mod candidate;
mod chunk;
mod existing;
mod hash;
mod refusal;

use self::candidate::Candidate;
use self::chunk::{CHUNK, LEAST_CHUNK};
use self::existing::Existing;
use self::hash::hash;
use self::refusal::{check_stored, check_triggered, is_constraint, is_of_row, not_a_stream};
use super::query::Query;
use super::raw::{Cell, is_schema_changed};
use super::table::Table;
use super::tables::Tables;
use super::{key, read};
use crate::backend::Inserted;
use crate::model::chain::Chain;
use crate::model::error::Result;
use crate::model::observation::{Insertion, NewObservation};
use crate::model::spelling::StoredRef;
use crate::model::uuid::StreamUuid;

/// Inserts one row if one statement settles it: the table exists, the hash is given, no
/// stored row is in the way, and nobody has changed the schema since the last look. Returns `false` if nothing was done.
pub(super) fn insert_new(
    tables: &mut Tables,
    stream: &StreamUuid,
    observation: &NewObservation<'_>,
) -> Result<bool> {
    let Some(hash) = observation.hash else {
        return Ok(false);
    };
    let row = Candidate::new(*observation)?;
    let inserted = tables.with(stream, |table| {
        table.check_takes_rows(stream)?;
        match table.keeps_digest {
            // Its digest is written too.
            true => Ok(false),
            false => row.insert_new(table, hash),
        }
    });
    match inserted {
        Ok(inserted) => Ok(inserted == Some(true)),
        // In a transaction nobody changes it again.
        Err(error) if is_schema_changed(&error) => Ok(false),
        Err(error) if is_constraint(&error) => Err(not_a_stream(stream, error)),
        Err(error) => Err(error),
    }
}

/// Compares a row with the stored row of its instant, if its key finds one.
pub(super) fn compare(
    tables: &mut Tables,
    stream: &StreamUuid,
    observation: &NewObservation<'_>,
) -> Result<Option<Insertion>> {
    let row = Candidate::new(*observation)?;
    let stored = tables.with(stream, |table| {
        read::at_key(table, stream, observation.ts, row.ts)
    })?;
    Ok(stored
        .flatten()
        .map(|stored| Insertion::met(observation, stored.value)))
}

/// Inserts observations in their order, and makes the table if there is none. Only in a
/// transaction, which an error must roll back.
pub(super) fn insert<'a>(
    tables: &mut Tables,
    stream: &StreamUuid,
    observations: impl Iterator<Item = NewObservation<'a>> + Clone,
) -> Result<Inserted> {
    let keep_spelling = tables.keep_spelling;
    tables.with_created(stream, |table| {
        table.check_takes_rows(stream)?;
        let sample = match keep_spelling {
            true => last_text(table)?,
            false => None,
        };
        insert_rows(table, stream, sample.as_deref(), observations.clone())
    })
}

/// Returns the timestamp at the end of the key if it is text; text sorts after all numbers,
/// so plain SQL takes it for the latest. It takes one step down the index.
fn last_text(table: &mut Table) -> Result<Option<String>> {
    let last = table
        .cached(Query::Last)?
        .first(&[], |row| match row.cell(0) {
            Cell::Text(_) => Some(row.text(0)),
            _ => None,
        })?;
    Ok(last.flatten())
}

/// Inserts observations into their table, those without a spelling spelled like `sample`.
fn insert_rows<'a>(
    table: &mut Table,
    stream: &StreamUuid,
    sample: Option<&str>,
    observations: impl Iterator<Item = NewObservation<'a>>,
) -> Result<Inserted> {
    let mut inserted = Inserted::default();
    let mut chain = Chain::default();
    let mut sorts_by_time = None;
    // One chunk at a time stays in the processor's cache.
    let mut chunk = Vec::with_capacity(observations.size_hint().0.min(CHUNK));
    let mut rows = observations.map(Candidate::new);
    let mut first = 0;
    loop {
        chunk.clear();
        for row in rows.by_ref().take(CHUNK) {
            chunk.push(row?);
        }
        if chunk.is_empty() {
            return Ok(inserted);
        }
        let texts: Vec<_> = match sample {
            Some(sample) => chunk.iter().map(|row| row.text_like(sample)).collect(),
            None => Vec::new(),
        };
        let respelled;
        let spelled: &[Candidate<'_>] = if texts.is_empty() {
            &chunk
        } else {
            respelled = respell(&chunk, &texts);
            &respelled
        };
        chain.begin(spelled.iter().map(|row| &row.observation));
        let mut existing = None;
        let mut whole = false;
        if spelled.len() >= LEAST_CHUNK {
            if !spelled.iter().all(|row| row.ts.is_seconds()) {
                sorts_by_time = Some(false);
            }
            let sorts = match sorts_by_time {
                Some(sorts) => sorts,
                None => *sorts_by_time.insert(key::sorts_by_time(table)?),
            };
            if sorts {
                whole = chunk::insert(table, stream, &mut chain, spelled)?;
            } else {
                let instants = spelled.iter().map(|row| row.observation.ts);
                existing = Some(Existing::read(table, stream, instants)?);
            }
        }
        if whole {
            inserted.report.inserted += spelled.len() as u64;
        } else {
            for (row, index) in spelled.iter().zip(first..) {
                match insert_row(table, stream, &mut chain, existing.as_mut(), row) {
                    Ok(insertion) => inserted.report.count(index, insertion),
                    Err(error) if is_of_row(table, &error) => {
                        inserted.refused.push((index, not_a_stream(stream, error)));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        first += chunk.len();
    }
}

/// Returns the rows, each with its text as its timestamp if it has one.
fn respell<'a>(rows: &[Candidate<'a>], texts: &'a [Option<String>]) -> Vec<Candidate<'a>> {
    rows.iter()
        .zip(texts)
        .map(|(row, text)| Candidate {
            ts: text.as_deref().map_or(row.ts, StoredRef::Text),
            ..*row
        })
        .collect()
}

/// Inserts one row, or compares it with the one that exists at its instant.
fn insert_row(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    existing: Option<&mut Existing>,
    row: &Candidate<'_>,
) -> Result<Insertion> {
    let NewObservation { ts, value, .. } = row.observation;
    let hash = hash(table, chain, row)?;
    let inserted = existing.is_none()
        && (row.insert_new(table, &hash)? || row.insert_last_text(table, stream, &hash)?);
    if !inserted {
        // A row is in the way, or the table's key doesn't sort by time.
        let stored = match &existing {
            Some(existing) => existing.value(table, stream, ts)?,
            None => read::at_stored(table, stream, ts, row.ts)?.map(|stored| stored.value),
        };
        if let Some(stored) = stored {
            return Ok(Insertion::met(&row.observation, stored));
        }
        let insert = |table: &mut Table| {
            let stored = table.cached(Query::Insert)?.execute(&row.params(&hash))?;
            check_stored(stream, stored, 1)
        };
        match table.has_triggers {
            false => insert(table)?,
            true => table.all_or_nothing(|table| {
                insert(table)?;
                check_triggered(table, stream, &row.observation, &hash)
            })?,
        }
    }
    if let Some(existing) = existing {
        existing.add(ts, value);
    }
    if table.keeps_digest {
        table.delta.add(row.cells(&hash));
    }
    chain.advance(ts, &hash);
    Ok(Insertion::Inserted)
}
