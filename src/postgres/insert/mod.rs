//! Inserting observations, without touching the rows that exist.
//!
//! No single statement reports safely which rows were in the way: under eight writers one gave
//! neither answer for a few of thousands of rows (measured). So the rows that `INSERT … ON
//! CONFLICT DO NOTHING RETURNING` doesn't return are read by another statement, which sees
//! what others have committed meanwhile.

mod known;
mod new;
mod rows;
mod statements;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use self::known::{Known, own_spelling, values};
use self::rows::{Rows, Sent};
use self::statements::{CLAIM, COPY, INSERT, INSERT_NEW, NAMES, SAMPLES, VALUES};
use super::connection::{Connection, no_session};
use super::key::key;
use super::raw::{Params, Statement};
use super::streams::{check_text, taken, texts_by_key};
use crate::backend::Inserted;
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::observation::{Insertion, NewObservation};
use crate::model::uuid::StreamUuid;

/// How many rows one statement inserts at most.
const CHUNK: usize = 50_000;
/// How many bytes they take at most, unless it is one row. The server takes a gigabyte.
pub(super) const CHUNK_BYTES: usize = 32 << 20;
/// From how many rows on it pays to look whether they can be copied in.
const MANY: usize = 1_000;

impl Connection {
    pub(super) fn insert_new(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<bool> {
        self.check_writable()?;
        let Some(hash) = row.hash.filter(|_| !self.options.keep_spelling) else {
            return Ok(false);
        };
        let stored = row.stored()?;
        check_text("hash", hash)?;
        check_text("provider", row.provider)?;
        let spelling = own_spelling(row.ts, stored);
        let params = Params::new()
            .int8(key(uuid))
            .int8(row.ts.as_micros())
            .float8(row.value + 0.0)
            .text(hash)
            .text(row.provider)
            .text(spelling.as_deref())
            .text(uuid.as_str());
        let answers = self.run_and_commit(vec![Statement::new(INSERT_NEW, params)])?;
        Ok(answers[0].len() == 1)
    }

    pub(super) fn compare(
        &mut self,
        uuid: &StreamUuid,
        row: &NewObservation<'_>,
    ) -> Result<Option<Insertion>> {
        row.stored()?;
        let select = "SELECT value FROM observations WHERE stream = $1 AND ts = $2";
        let params = Params::new().int8(key(uuid)).int8(row.ts.as_micros());
        let stored = self.on_rows(uuid, select, params, |answer| {
            Ok(answer.first().and_then(|row| row.float8(0)))
        })?;
        Ok(stored.flatten().map(|stored| Insertion::met(row, stored)))
    }

    pub(super) fn insert<'u, 'r, R>(
        &mut self,
        streams: impl IntoIterator<Item = (&'u StreamUuid, R)>,
    ) -> Result<Vec<Result<Inserted>>>
    where
        R: Iterator<Item = NewObservation<'r>>,
    {
        let streams = streams
            .into_iter()
            .map(|(uuid, rows)| Rows::new(uuid, rows));
        let mut streams = streams.collect::<Result<Vec<_>>>()?;
        self.refuse_spellings(&mut streams)?;
        let (known, are_free) = self.claim(&mut streams)?;
        let mut sent = Vec::new();
        for (index, stream) in streams.iter_mut().enumerate() {
            if stream.is_wanted() {
                known.plan(stream, index, &mut sent)?;
            }
        }
        // Writers that insert the same rows wait for each other in one direction.
        if !sent.is_sorted_by_key(|row: &Sent| (row.key, row.ts)) {
            sent.sort_by_key(|row| (row.key, row.ts));
        }
        let is_new =
            are_free && sent.is_sorted_by(|one, next| (one.key, one.ts) < (next.key, next.ts));
        if !is_new || sent.len() < MANY || !self.copy_all(&streams, &sent)? {
            let mut rest = sent.as_slice();
            while !rest.is_empty() {
                let mut bytes = 0;
                let fits = rest.iter().take(CHUNK).take_while(|sent| {
                    let is_first = bytes == 0;
                    bytes += sent.size(&streams);
                    is_first || bytes <= CHUNK_BYTES
                });
                let (chunk, behind) = rest.split_at(fits.count());
                self.insert_chunk(&mut streams, chunk)?;
                rest = behind;
            }
        }
        let done: Vec<_> = streams.into_iter().map(Rows::finish).collect();
        let is_new = |done: &Result<Inserted>| {
            let report = done.as_ref().ok().map(|inserted| &inserted.report);
            report.is_some_and(|report| report.already_there == 0 && report.conflicts.is_empty())
        };
        self.expects_new = done.iter().all(is_new);
        Ok(done)
    }

    /// Refuses, of the streams whose names differ in case alone, all but the one that the store
    /// knows, or else the first.
    fn refuse_spellings(&mut self, streams: &mut [Rows<'_, '_>]) -> Result<()> {
        let mut known: HashMap<i64, String> = HashMap::new();
        for stream in &*streams {
            known
                .entry(stream.key)
                .or_insert_with(|| stream.uuid.to_string());
        }
        if known.len() == streams.len() {
            return Ok(());
        }
        let stored = self.ask(NAMES, Params::new().int8s(known.keys().copied()))?;
        known.extend(texts_by_key(&stored));
        for stream in streams {
            match known.get(&stream.key) {
                Some(name) if name != stream.uuid.as_str() => {
                    stream.refused = Some(taken(stream.uuid, name));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes places for the streams, locks them, and reads what is needed of them. Returns
    /// `true` beside it if they are many rows and none can be in the way of any.
    fn claim(&mut self, streams: &mut [Rows<'_, '_>]) -> Result<(Known, bool)> {
        let wanted = || streams.iter().filter(|stream| stream.is_wanted());
        let mut known = Known::default();
        if wanted().next().is_none() {
            return Ok((known, false));
        }
        let keys = || Params::new().int8s(wanted().map(|stream| stream.key));
        let claim = keys().texts(wanted().map(|stream| stream.uuid.as_str()));
        let mut statements = vec![Statement::new(CLAIM, claim), Statement::new(NAMES, keys())];
        let are_many = wanted().map(|stream| stream.rows.len()).sum::<usize>() >= MANY;
        let ends = known::ends(wanted());
        let is_chained = ends.is_some();
        statements.extend(ends);
        match are_many {
            true => statements.push(known::occupied(wanted())),
            false => statements.extend(known::in_the_way(wanted())),
        }
        let samples = self.options.keep_spelling;
        if samples {
            statements.push(Statement::new(SAMPLES, keys()));
        }
        let mut answers = self.run(statements)?.into_iter().skip(1);
        let mut next = || answers.next().ok_or_else(no_session);
        let names = texts_by_key(&next()?);
        if is_chained {
            known.read_ends(&next()?);
        }
        let mut are_free = false;
        match are_many {
            true => are_free = next()?.len() == 0,
            false if is_chained => known.values = values(&next()?),
            false => {}
        }
        if samples {
            known.samples = texts_by_key(&next()?);
        }
        if are_many
            && !are_free
            && let Some(in_the_way) = known::in_the_way(wanted())
        {
            let answers = self.run(vec![in_the_way])?;
            known.values = answers.first().map(values).unwrap_or_default();
        }
        for stream in streams.iter_mut().filter(|stream| stream.is_wanted()) {
            match names.get(&stream.key) {
                Some(name) if name == stream.uuid.as_str() => {}
                name => {
                    let name = name.map(String::as_str).unwrap_or_default();
                    stream.refused = Some(taken(stream.uuid, name));
                }
            }
        }
        Ok((known, are_free))
    }

    /// Copies in rows of which none is there, at three times the rate of INSERT (measured).
    /// Returns `false`, with nothing inserted, if one is there after all: another program, or a
    /// call that inserts one row of which the hash is given, takes no lock on the stream.
    fn copy_all(&mut self, streams: &[Rows<'_, '_>], sent: &[Sent]) -> Result<bool> {
        self.run(vec![Statement::plain("SAVEPOINT before_copy")])?;
        match self.copy(COPY, rows::copied(streams, sent)) {
            Ok(()) => Ok(true),
            Err(Error::Database { code, .. }) if is_taken(code) => {
                self.run(vec![Statement::plain("ROLLBACK TO SAVEPOINT before_copy")])?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Inserts rows, and notes what comes of those that others are in the way of.
    fn insert_chunk(&mut self, streams: &mut [Rows<'_, '_>], chunk: &[Sent]) -> Result<()> {
        let params = rows::params(streams, chunk);
        let answer = self.ask(INSERT, params)?;
        if answer.len() == chunk.len() {
            return Ok(());
        }
        let inserted = answer
            .rows()
            .filter_map(|row| Some((row.int8(0)?, row.int8(1)?)));
        let mut inserted: HashSet<_> = inserted.collect();
        // Of several rows of one instant the first is inserted.
        let met: Vec<_> = chunk
            .iter()
            .filter(|sent| !inserted.remove(&(sent.key, sent.ts)))
            .collect();
        if met.iter().any(|sent| sent.hash.is_some()) {
            // Another program has inserted the row, although the stream was locked: what was
            // chained to it is wrong. serialization_failure
            return Err(Error::Busy {
                waited: Duration::ZERO,
                code: DatabaseCode::SqlState(*b"40001"),
            });
        }
        let params = Params::new()
            .int8s(met.iter().map(|sent| sent.key))
            .int8s(met.iter().map(|sent| sent.ts));
        let stored = values(&self.ask(VALUES, params)?);
        for sent in met {
            let (index, row) = sent.place;
            let Some(stream) = streams.get_mut(index) else {
                continue;
            };
            let outcome = match (stored.get(&(sent.key, sent.ts)), stream.rows.get(row)) {
                (Some(stored), Some((row, _))) => Ok(Insertion::met(row, *stored)),
                _ => Err(Error::NotAStream {
                    name: stream.uuid.shown(),
                    reason: "a rule of another program keeps the row out".to_owned(),
                }),
            };
            if let Some(place) = stream.outcomes.get_mut(row) {
                *place = Some(outcome);
            }
        }
        Ok(())
    }
}

/// Returns `true` for what a statement fails with if a row of the instant is there.
fn is_taken(code: DatabaseCode) -> bool {
    // unique_violation; internal_error, as which Citus passes on what a worker reports
    [*b"23505", *b"XX000"]
        .map(DatabaseCode::SqlState)
        .contains(&code)
}
