//! Inserting observations: one, many, whole chunks, around the rows there are.

pub(crate) mod candidate;
pub(crate) mod existing;

use libsqlite3_sys as ffi;

use crate::model::chain::Chain;
use crate::model::error::{Error, Result};
use crate::model::observation::{Conflict, InsertReport, Insertion, NewObservation};
use crate::model::span::{Span, is_plain};
use crate::model::spelling::StoredRef;
use crate::model::uuid::StreamUuid;
use crate::sqlite::insert::candidate::Bound;
use crate::sqlite::insert::existing::Taken;
use crate::sqlite::raw::{Cell, Param};
use crate::sqlite::read;
use crate::sqlite::table::{Query, Table, Tables};

/// Rows of one multi-row INSERT: more gain nothing (measured: 1.6 to 1.7 times
/// the rate of single rows), and SQLite takes 32,766 parameters.
const CHUNK: usize = 250;
/// Fewer rows than this go in one by one: a statement for them would not pay.
const LEAST_CHUNK: usize = 32;

/// Inserts where one statement settles it: there is a table, the hash is given,
/// no row stands in the way. `false`: nothing was done, use [`insert`].
pub(crate) fn insert_new(
    tables: &mut Tables,
    stream: &StreamUuid,
    observation: &NewObservation<'_>,
) -> Result<bool> {
    let Some(hash) = observation.hash else {
        return Ok(false);
    };
    let bound = Bound::new(*observation)?;
    let inserted = tables
        .with(stream, |table| bound.insert_new(table, hash))
        .map_err(|error| match is_constraint(&error) {
            true => of_stream(stream, error),
            false => error,
        })?;
    Ok(inserted == Some(true))
}

/// Inserts one observation. Only in a transaction.
pub(crate) fn insert(
    tables: &mut Tables,
    stream: &StreamUuid,
    observation: &NewObservation<'_>,
) -> Result<Insertion> {
    let mut report = insert_many(tables, stream, std::iter::once(*observation))?;
    Ok(match report.conflicts.pop() {
        Some((_, conflict)) => Insertion::Conflict(conflict),
        None if report.inserted == 1 => Insertion::Inserted,
        None => Insertion::AlreadyThere,
    })
}

/// Inserts observations in their order, making the table where there is none.
/// Only in a transaction, which an error must roll back.
pub(crate) fn insert_many<'a>(
    tables: &mut Tables,
    stream: &StreamUuid,
    observations: impl Iterator<Item = NewObservation<'a>> + Clone,
) -> Result<InsertReport> {
    let (report, refused) = insert_each(tables, stream, observations)?;
    match refused.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(report),
    }
}

/// Indexes of observations that were not inserted because a stored row that they
/// must be compared with, or chained to, can't be read, or because the table has
/// a constraint of its own.
pub(crate) type Refused = Vec<(usize, Error)>;

/// As [`insert_many`], but goes on past those that a stored row keeps out.
pub(crate) fn insert_each<'a>(
    tables: &mut Tables,
    stream: &StreamUuid,
    observations: impl Iterator<Item = NewObservation<'a>> + Clone,
) -> Result<(InsertReport, Refused)> {
    let keep_spelling = tables.keep_spelling;
    tables.with_created(stream, |table| {
        let sample = match keep_spelling {
            true => last_text(table)?,
            false => None,
        };
        insert_rows(table, stream, sample.as_deref(), observations.clone())
    })
}

/// The timestamp that plain SQL takes for the last, where it is text: one step to
/// the end of the key, where all text is.
fn last_text(table: &mut Table) -> Result<Option<String>> {
    let last = table
        .cached(Query::Last)?
        .first(&[], |row| match row.cell(0) {
            Cell::Text(_) => Some(row.text(0)),
            _ => None,
        })?;
    Ok(last.flatten())
}

fn insert_rows<'a>(
    table: &mut Table,
    stream: &StreamUuid,
    sample: Option<&str>,
    observations: impl Iterator<Item = NewObservation<'a>>,
) -> Result<(InsertReport, Refused)> {
    let mut report = InsertReport::default();
    let mut refused = Refused::new();
    let mut chain = Chain::default();
    let mut sorts_by_time = None;
    // A chunk at a time, which stays in the processor's cache.
    let mut chunk = Vec::with_capacity(observations.size_hint().0.min(CHUNK));
    let mut rows = observations.map(Bound::new);
    let mut first = 0;
    loop {
        chunk.clear();
        for row in rows.by_ref().take(CHUNK) {
            chunk.push(row?);
        }
        if chunk.is_empty() {
            return Ok((report, refused));
        }
        let texts: Vec<_> = match sample {
            Some(sample) => chunk.iter().map(|row| row.text_like(sample)).collect(),
            None => Vec::new(),
        };
        let respelled;
        let spelled: &[Bound<'_>] = if texts.is_empty() {
            &chunk
        } else {
            respelled = respell(&chunk, &texts);
            &respelled
        };
        chain.begin(spelled);
        let mut taken = None;
        let mut whole = false;
        if spelled.len() >= LEAST_CHUNK {
            if !spelled.iter().all(|row| row.ts.is_plain()) {
                sorts_by_time = Some(false);
            }
            let sorts = match sorts_by_time {
                Some(sorts) => sorts,
                None => *sorts_by_time.insert(is_plain(table)?),
            };
            if sorts {
                whole = insert_chunk(table, stream, &mut chain, spelled)?;
            } else {
                let instants = spelled.iter().map(|row| row.observation.ts);
                taken = Some(Taken::read(table, stream, instants)?);
            }
        }
        if whole {
            report.inserted += spelled.len() as u64;
        } else {
            for (row, index) in spelled.iter().zip(first..) {
                match insert_row(table, stream, &mut chain, taken.as_mut(), row) {
                    Ok(insertion) => report.count(index, insertion),
                    Err(error) if is_of_row(table, &error) => {
                        refused.push((index, of_stream(stream, error)));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        first += chunk.len();
    }
}

/// The rows, each with its text for a timestamp where it has one.
fn respell<'a>(rows: &[Bound<'a>], texts: &'a [Option<String>]) -> Vec<Bound<'a>> {
    rows.iter()
        .zip(texts)
        .map(|(row, text)| Bound {
            ts: text.as_deref().map_or(row.ts, StoredRef::Text),
            ..*row
        })
        .collect()
}

/// Whether the error is about one row, which is not written, and says nothing of
/// the others: a stored row that can't be read, or a constraint which another
/// program has given the table. A constraint may also end the transaction; then
/// nothing must follow.
fn is_of_row(table: &Table, error: &Error) -> bool {
    matches!(error, Error::UnreadableRow { .. }) || is_constraint(error) && table.in_transaction()
}

/// Whether a rule that another program has given the table keeps the row out.
fn is_constraint(error: &Error) -> bool {
    match error {
        Error::Sqlite { sqlite_code, .. } => matches!(
            sqlite_code & 0xff,
            ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH
        ),
        _ => false,
    }
}

/// Names the stream whose table SQLite speaks of.
fn of_stream(stream: &StreamUuid, error: Error) -> Error {
    match error {
        Error::Sqlite { message, .. } => Error::NotObservationTable {
            name: stream.to_string(),
            reason: message,
        },
        other => other,
    }
}

/// Whether a chunk can go in as one statement, into a table whose key sorts by
/// time: its rows follow each other in time, no stored row lies between them, and
/// one provider delivers them all.
fn is_run(table: &mut Table, chunk: &[Bound<'_>]) -> Result<bool> {
    let [first, .., last] = chunk else {
        return Ok(false);
    };
    let fits = chunk.len() >= LEAST_CHUNK
        && chunk.windows(2).all(|pair| {
            let (one, next) = (pair[0].observation, pair[1].observation);
            one.ts < next.ts && one.provider == next.provider
        });
    if !fits {
        return Ok(false);
    }
    let (low, _) = Span::at(first.observation.ts).seconds();
    let (_, high) = Span::at(last.observation.ts).seconds();
    let params = [Param::Real(low), Param::Real(high)];
    let between = table.cached(Query::Between)?;
    let between = between.first(&params, |row| row.integer(0))?;
    Ok(between == Some(0))
}

/// Inserts a chunk as one statement; false: nothing was done, its rows go in one
/// by one.
fn insert_chunk(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    chunk: &[Bound<'_>],
) -> Result<bool> {
    if !is_run(table, chunk)? {
        return Ok(false);
    }
    match execute_chunk(table, stream, chain, chunk) {
        Ok(()) => Ok(true),
        Err(error) if is_of_row(table, &error) => {
            // The chain has gone on as if they were in.
            chain.look_again();
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn execute_chunk(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    chunk: &[Bound<'_>],
) -> Result<()> {
    let mut computed = Vec::new();
    if chain.is_needed() {
        for row in chunk {
            let hash = chain.hash(table, stream, row)?.into_owned();
            chain.advance(row, &hash);
            computed.push(hash);
        }
    }
    let mut params = Vec::with_capacity(1 + 3 * chunk.len());
    params.push(Param::Text(chunk[0].observation.provider));
    for (index, row) in chunk.iter().enumerate() {
        let hash = computed
            .get(index)
            .map(String::as_str)
            .or(row.observation.hash);
        params.push(row.ts.param());
        params.push(Param::Real(row.observation.value));
        params.push(Param::Text(hash.unwrap_or_default()));
    }
    let stored = table.chunk(chunk.len())?.execute(&params)?;
    check_stored(stream, stored, chunk.len())
}

/// A table may have triggers of its own, which keep rows out without an error. Then
/// nothing can be said of the rows, and nothing of the call is stored.
fn check_stored(stream: &StreamUuid, stored: usize, given: usize) -> Result<()> {
    if stored == given {
        return Ok(());
    }
    Err(Error::NotObservationTable {
        name: stream.to_string(),
        reason: "its triggers keep rows out".to_owned(),
    })
}

fn insert_row(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    taken: Option<&mut Taken>,
    row: &Bound<'_>,
) -> Result<Insertion> {
    let NewObservation { ts, value, .. } = row.observation;
    let hash = chain.hash(table, stream, row)?;
    if taken.is_some() || !row.insert_new(table, &hash)? {
        // A row stands in the way, or the table's key doesn't sort by time.
        let stored = match &taken {
            Some(taken) => taken.value(table, stream, ts)?,
            None => read::at(table, stream, ts)?.map(|stored| stored.value),
        };
        if let Some(stored) = stored {
            return Ok(if stored == value {
                Insertion::AlreadyThere
            } else {
                Insertion::Conflict(Conflict {
                    ts,
                    stored,
                    offered: value,
                })
            });
        }
        let stored = table.cached(Query::Insert)?.execute(&row.params(&hash))?;
        check_stored(stream, stored, 1)?;
    }
    if let Some(taken) = taken {
        taken.add(ts, value);
    }
    chain.advance(row, &hash);
    Ok(Insertion::Inserted)
}
