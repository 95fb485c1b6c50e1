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
use self::statements::{CLAIM, INSERT, INSERT_NEW, NAMES, SAMPLES, VALUES};
use super::connection::Connection;
use super::key::key;
use super::raw::{Params, Statement};
use super::streams::{by_key, check_text, taken};
use crate::backend::Inserted;
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::observation::{Insertion, NewObservation};
use crate::model::uuid::StreamUuid;

/// How many rows one statement inserts at most.
const CHUNK: usize = 50_000;

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
        let mut known: HashMap<i64, String> = HashMap::new();
        for stream in &mut streams {
            match known.get(&stream.key) {
                Some(other) => stream.refused = Some(taken(stream.uuid, other)),
                None => {
                    known.insert(stream.key, stream.uuid.to_string());
                }
            }
        }
        let known = self.claim(&mut streams)?;
        let mut sent = Vec::new();
        for (index, stream) in streams.iter_mut().enumerate() {
            if stream.refused.is_none() {
                known.plan(stream, index, &mut sent)?;
            }
        }
        // Writers that insert the same rows wait for each other in one direction.
        if !sent.is_sorted_by_key(|row: &Sent| (row.key, row.ts)) {
            sent.sort_by_key(|row| (row.key, row.ts));
        }
        for chunk in sent.chunks(CHUNK) {
            self.insert_chunk(&mut streams, chunk)?;
        }
        let done: Vec<_> = streams.into_iter().map(Rows::finish).collect();
        let is_new = |done: &Result<Inserted>| {
            let report = done.as_ref().ok().map(|inserted| &inserted.report);
            report.is_some_and(|report| report.already_there == 0 && report.conflicts.is_empty())
        };
        self.expects_new = done.iter().all(is_new);
        Ok(done)
    }

    /// Makes places for the streams, locks them, and reads what is needed of them.
    fn claim(&mut self, streams: &mut [Rows<'_, '_>]) -> Result<Known> {
        let wanted = || streams.iter().filter(|stream| stream.refused.is_none());
        if wanted().next().is_none() {
            return Ok(Known::default());
        }
        let keys = || Params::new().int8s(wanted().map(|stream| stream.key));
        let claim = keys().texts(wanted().map(|stream| stream.uuid.as_str()));
        let mut statements = vec![Statement::new(CLAIM, claim), Statement::new(NAMES, keys())];
        let ends = known::ends(wanted());
        let is_chained = ends.is_some();
        statements.extend(ends.into_iter().flatten());
        if self.options.keep_spelling {
            statements.push(Statement::new(SAMPLES, keys()));
        }
        let mut answers = self.run(statements)?.into_iter().skip(1);
        let names = answers
            .next()
            .map(|answer| by_key(&answer, |row| row.text(1).unwrap_or_default().to_owned()));
        let names = names.unwrap_or_default();
        for stream in streams.iter_mut().filter(|stream| stream.refused.is_none()) {
            match names.get(&stream.key) {
                Some(name) if name == stream.uuid.as_str() => {}
                name => {
                    let name = name.map(String::as_str).unwrap_or_default();
                    stream.refused = Some(taken(stream.uuid, name));
                }
            }
        }
        let mut known = Known::default();
        if is_chained {
            known.read_ends(&mut answers);
        }
        if let Some(answer) = answers.next() {
            known.samples = by_key(&answer, |row| row.text(1).unwrap_or_default().to_owned());
        }
        Ok(known)
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
                    name: stream.uuid.to_string(),
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
