//! Reading observations.

use super::connection::{Connection, no_session};
use super::key::key;
use super::quarantine::LEFT;
use super::raw::{Answer, Params, Row, Statement};
use super::streams::{FORGET, LOCK, PLACE, place, taken};
use crate::backend::Found;
use crate::model::cursor::Cursor;
use crate::model::error::Result;
use crate::model::observation::Observation;
use crate::model::page::PageLimit;
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// What is fetched at a time at most: what a page costs beyond its rows is small by then, and
/// its memory is too.
const PAGES: PageLimit = PageLimit {
    rows: 20_000,
    bytes: 8 << 20,
};
/// How many rows the first page has, of which nothing is known.
const FIRST_PAGE: usize = 1_000;
/// How many streams one statement looks up at most.
const STREAMS: usize = 20_000;

/// Keeps the planner from sorting a whole stream for one page of it (measured: a quarter of the
/// rate). It is forgotten with the transaction.
const BY_KEY: &str = "SELECT set_config('enable_sort', 'off', true)";

/// Selects the rows of a span, in order of time.
const ROWS: &str = "SELECT ts, value, hash, provider, spelling FROM observations \
                    WHERE stream = $1 AND ts BETWEEN $2 AND $3 ORDER BY ts LIMIT $4";
/// Selects the rows of a span, the latest first.
const LAST: &str = "SELECT ts, value, hash, provider, spelling FROM observations \
                    WHERE stream = $1 AND ts BETWEEN $2 AND $3 ORDER BY ts DESC LIMIT $4";

/// Selects the latest row of each stream.
const ENDS: &str = "SELECT s.data, s.uuid, o.* FROM streams s CROSS JOIN LATERAL (\
       SELECT ts, value, hash, provider, spelling FROM observations o \
       WHERE o.stream = s.stream ORDER BY ts DESC LIMIT 1\
     ) o WHERE s.data IS NOT NULL";
/// Selects the latest row of each stream of these keys, or that it has none, and the key's place
/// among them.
const ENDS_OF: &str = "SELECT u.place, s.uuid, o.* \
     FROM unnest($1::bigint[]) WITH ORDINALITY AS u (stream, place) \
     JOIN streams s USING (stream) \
     LEFT JOIN LATERAL (\
       SELECT ts, value, hash, provider, spelling FROM observations o \
       WHERE o.stream = s.stream ORDER BY ts DESC LIMIT 1\
     ) o ON true WHERE s.data IS NOT NULL";

/// Reads a row of `ts, value, hash, provider, spelling`, which begin at `column`.
pub(super) fn observation_row(row: Row<'_>, column: i32) -> RowRef<'_> {
    let ts = Timestamp::from_micros(row.int8(column).unwrap_or(0));
    RowRef {
        ts,
        stored: stored(ts, row.text(column + 4)),
        value: row.float8(column + 1).unwrap_or(f64::NAN),
        hash: row.bytes(column + 2).unwrap_or_default(),
        provider: row.bytes(column + 3).unwrap_or_default(),
    }
}

/// Returns the timestamp as a file would store it.
pub(super) fn stored(ts: Timestamp, spelling: Option<&str>) -> StoredRef<'_> {
    match spelling {
        Some(text) => match StoredRef::from_text(text) {
            Ok((_, stored)) => stored,
            Err(_) => StoredRef::Text(text),
        },
        // Only another program stores one that has no seconds.
        None => ts
            .to_seconds()
            .unwrap_or(StoredRef::Real(ts.as_micros() as f64 / 1e6)),
    }
}

fn span_params(uuid: &StreamUuid, span: Span, limit: usize) -> Params {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Params::new()
        .int8(key(uuid))
        .int8(span.first)
        .int8(span.last)
        .int8(limit)
}

impl Connection {
    pub(super) fn read_rows(
        &mut self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Found<usize> {
        let mut read = 0;
        let mut wanted = limit.min(FIRST_PAGE);
        let mut page = match cursor.is_done() || limit == 0 {
            true => return Ok(self.has_data(uuid)?.then_some(0)),
            false => {
                let select = Statement::new(ROWS, span_params(uuid, cursor.span, wanted));
                let is_there = Statement::new(PLACE, Params::new().int8(key(uuid)));
                let answers = self.run(vec![Statement::plain(BY_KEY), is_there, select])?;
                let [_, is_there, page] =
                    <[Answer; 3]>::try_from(answers).map_err(|_| no_session())?;
                if !place(uuid, &is_there)? {
                    return Ok(None);
                }
                page
            }
        };
        loop {
            let rows = page.len();
            let next = page.last().and_then(|row| row.int8(0)?.checked_add(1));
            let next = next.filter(|next| rows == wanted && *next <= cursor.span.last);
            let left = limit - read - rows;
            wanted = left.min(PAGES.next(rows, page.size()));
            let select = next.filter(|_| left > 0).map(|first| {
                let span = Span {
                    first,
                    ..cursor.span
                };
                Statement::new(ROWS, span_params(uuid, span, wanted))
            });
            let answer = self.meanwhile(select, || {
                for row in page.rows() {
                    let row = observation_row(row, 0);
                    sink(&row)?;
                    cursor.span.first = row.ts.as_micros().saturating_add(1);
                    read += 1;
                }
                cursor.done = next.is_none();
                Ok(())
            })?;
            match answer {
                Some(answer) => page = answer,
                None => return Ok(Some(read)),
            }
        }
    }

    /// Does some work while the server runs a statement, if there is one, and returns the
    /// server's answer to it.
    fn meanwhile(
        &mut self,
        statement: Option<Statement>,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<Option<Answer>> {
        let is_sent = statement.is_some();
        if let Some(statement) = statement {
            self.send(statement)?;
        }
        work()?;
        is_sent.then(|| self.receive()).transpose()
    }

    pub(super) fn latest(&mut self, uuid: &StreamUuid) -> Found<Option<Observation>> {
        let found = self.last(uuid, Span::ALL, 1)?;
        Ok(found.map(|mut rows| rows.pop()))
    }

    pub(super) fn latest_of(&mut self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        let mut found = vec![None; uuids.len()];
        for (uuids, found) in uuids.chunks(STREAMS).zip(found.chunks_mut(STREAMS)) {
            let params = Params::new().int8s(uuids.iter().map(|uuid| key(uuid)));
            self.for_each_row(Statement::new(ENDS_OF, params), |row| {
                let place = row
                    .int8(0)
                    .and_then(|place| usize::try_from(place - 1).ok());
                let place =
                    place.and_then(|place| Some((uuids.get(place)?, found.get_mut(place)?)));
                let (Some((uuid, found)), Some(name)) = (place, row.text(1)) else {
                    return Ok(());
                };
                if name != uuid.as_str() {
                    return Err(taken(uuid, name));
                }
                if row.int8(2).is_some() {
                    *found = Some(observation_row(row, 2).to_observation(uuid)?);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    pub(super) fn latest_of_all(&mut self) -> Result<Vec<(StreamUuid, Observation)>> {
        let mut found = Vec::new();
        self.for_each_row(Statement::plain(ENDS), |row| {
            let uuid = StreamUuid::stored(row.text(1).unwrap_or_default().to_owned());
            let latest = observation_row(row, 2).to_observation(&uuid)?;
            found.push((row.int8(0), uuid, latest));
            Ok(())
        })?;
        // In a tenth of the time that the server takes to sort them (measured).
        found.sort_unstable_by_key(|(data, _, _)| *data);
        let found = found.into_iter().map(|(_, uuid, latest)| (uuid, latest));
        Ok(found.collect())
    }

    pub(super) fn last(
        &mut self,
        uuid: &StreamUuid,
        span: Span,
        count: usize,
    ) -> Found<Vec<Observation>> {
        let answers = self.run(vec![
            Statement::new(PLACE, Params::new().int8(key(uuid))),
            Statement::new(LAST, span_params(uuid, span, count)),
        ])?;
        if !place(uuid, &answers[0])? {
            return Ok(None);
        }
        let rows = answers[1].rows();
        let rows = rows.map(|row| observation_row(row, 0).to_observation(uuid));
        let mut rows = rows.collect::<Result<Vec<_>>>()?;
        rows.reverse();
        Ok(Some(rows))
    }

    pub(super) fn observation(
        &mut self,
        uuid: &StreamUuid,
        ts: Timestamp,
    ) -> Found<Option<Observation>> {
        let found = self.last(uuid, Span::at(ts), 1)?;
        Ok(found.map(|mut rows| rows.pop()))
    }

    /// Runs a statement on the rows of a stream that has data: its first parameter is the key,
    /// behind it come `params`.
    pub(super) fn on_rows<T>(
        &mut self,
        uuid: &StreamUuid,
        sql: &'static str,
        params: Params,
        read: impl FnOnce(&Answer) -> Result<T>,
    ) -> Found<T> {
        let answers = self.run(vec![
            Statement::new(PLACE, Params::new().int8(key(uuid))),
            Statement::new(sql, params),
        ])?;
        match place(uuid, &answers[0])? {
            true => read(&answers[1]).map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn count(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        let select = "SELECT count(*) FROM observations WHERE stream = $1 AND ts BETWEEN $2 AND $3";
        let params = Params::new()
            .int8(key(uuid))
            .int8(span.first)
            .int8(span.last);
        self.on_rows(uuid, select, params, |answer| Ok(answer.number()))
    }

    pub(super) fn delete(&mut self, uuid: &StreamUuid, span: Span) -> Found<u64> {
        if !self.claims_data(uuid)? {
            return Ok(None);
        }
        // The number of rows that a statement reports isn't to be trusted in a cluster.
        let delete = "WITH gone AS (DELETE FROM observations WHERE stream = $1 \
                      AND ts BETWEEN $2 AND $3 RETURNING ts) SELECT count(*) FROM gone";
        let params = Params::new()
            .int8(key(uuid))
            .int8(span.first)
            .int8(span.last);
        let answer = self.ask(delete, params)?;
        Ok(Some(answer.number()))
    }

    /// Removes the stream's rows, and that it has data.
    pub(super) fn remove_data(&mut self, uuid: &StreamUuid) -> Found<u64> {
        let answer = self.ask(LOCK, Params::new().int8(key(uuid)))?;
        if !place(uuid, &answer)? {
            return Ok(None);
        }
        let params = || Params::new().int8(key(uuid));
        let named = || params().text(uuid.as_str());
        let answers = self.run(vec![
            Statement::new(
                "WITH gone AS (DELETE FROM observations WHERE stream = $1 RETURNING ts) \
                 SELECT count(*) FROM gone",
                params(),
            ),
            Statement::new("UPDATE streams SET data = NULL WHERE stream = $1", params()),
            Statement::new(FORGET, named()),
            Statement::new(LEFT, Params::new().text(uuid.as_str())),
        ])?;
        Ok(Some(answers[0].number()))
    }
}
