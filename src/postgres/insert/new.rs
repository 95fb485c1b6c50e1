//! Storing what is all new in as few trips as there can be: one if the hashes are given, two
//! if the rows are to be chained to those before.
//!
//! Nothing looks at what a statement has done before the next one is sent. If something is in
//! the way, a statement fails, the transaction ends with nothing stored, and the rows are
//! inserted the careful way.

use super::super::connection::Connection;
use super::super::raw::{Params, Statement};
use super::super::upsert::{Of, all_or_error, upserts};
use super::known::{self, Known, values};
use super::rows::{self, Rows};
use super::statements::{CLAIM, INSERT_ALL};
use super::{CHUNK_BYTES, is_taken};
use crate::backend::{Access, New};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::observation::NewObservation;
use crate::model::time::Timestamp;

/// How many streams are remembered that have metadata and data.
const MOST_KNOWN: usize = 100_000;

impl Connection {
    pub(crate) fn store_new<'a, R>(
        &mut self,
        streams: impl IntoIterator<Item = New<'a, R>>,
        now: Timestamp,
    ) -> Result<bool>
    where
        R: Iterator<Item = NewObservation<'a>>,
    {
        self.check_writable()?;
        if !self.expects_new || self.options.keep_spelling {
            return Ok(false);
        }
        let mut patches = Vec::new();
        let mut rows = Vec::new();
        for stream in streams {
            let own = Rows::new(stream.uuid, stream.rows)?;
            let patch = stream.patch.map(|patch| (own.key, stream.uuid, patch));
            patches.extend(patch);
            rows.push(own);
        }
        let mut keys: Vec<_> = rows.iter().map(|stream| stream.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let are_refused = rows
            .iter()
            .any(|stream| stream.outcomes.iter().any(Option::is_some));
        if keys.len() < rows.len() || are_refused {
            return Ok(false);
        }
        let described: Vec<_> = patches.iter().map(|(key, _, _)| *key).collect();
        let of = match described.iter().all(|key| self.known.contains(key)) {
            true => Of::Known,
            false => Of::WithData,
        };
        let claims = patches
            .iter()
            .map(|(key, uuid, patch)| (*key, *uuid, &**patch));
        let upserts = upserts(claims, now, of)?;
        let mut statements = Vec::new();
        if patches.len() < rows.len() {
            // Those that have a patch too: all get their places in one order, and are locked in
            // another.
            statements.extend(claim_all(rows.iter()));
        }
        statements.extend(upserts.into_iter().map(|(upsert, _)| upsert));
        match self.store_all(rows, statements) {
            Err(Error::Database { code, .. }) if is_in_the_way(code) => {
                self.roll_back();
                // Whoever offers what is stored is likely to do so again.
                self.expects_new = false;
                self.known.clear();
                Ok(false)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
            Ok(is_stored) => {
                if is_stored {
                    if self.known.len() > MOST_KNOWN {
                        self.known.clear();
                    }
                    self.known.extend(described);
                }
                Ok(is_stored)
            }
        }
    }

    fn store_all(
        &mut self,
        mut streams: Vec<Rows<'_, '_>>,
        mut statements: Vec<Statement>,
    ) -> Result<bool> {
        let mut known = Known::default();
        if let Some(ends) = known::ends(streams.iter()) {
            let before = statements.len();
            statements.push(ends);
            statements.extend(known::in_the_way(streams.iter()));
            self.begin(Access::Write)?;
            let answers = self.run(std::mem::take(&mut statements))?;
            if let [ends, in_the_way] = &answers[before..] {
                known.read_ends(ends);
                known.values = values(in_the_way);
            }
        }
        let mut sent = Vec::new();
        for (index, stream) in streams.iter_mut().enumerate() {
            known.plan(stream, index, &mut sent)?;
            if stream.outcomes.iter().any(Option::is_some) {
                self.roll_back();
                return Ok(false);
            }
        }
        if sent.iter().map(|sent| sent.size(&streams)).sum::<usize>() > CHUNK_BYTES {
            self.roll_back();
            return Ok(false);
        }
        sent.sort_by_key(|row| (row.key, row.ts));
        statements.push(Statement::new(INSERT_ALL, rows::params(&streams, &sent)));
        self.run_and_commit(statements)?;
        Ok(true)
    }
}

/// Returns the statements that make places for streams and lock them, or fail.
fn claim_all<'a>(streams: impl Iterator<Item = &'a Rows<'a, 'a>> + Clone) -> [Statement; 2] {
    let params = || {
        let keys = streams.clone().map(|stream| stream.key);
        let names = streams.clone().map(|stream| stream.uuid.as_str());
        Params::new().int8s(keys).texts(names)
    };
    let check = format!(
        "SELECT {} FROM streams JOIN unnest($1::bigint[], $2::text[]) AS u (stream, uuid) \
         USING (stream, uuid)",
        all_or_error(streams.clone().count())
    );
    [
        Statement::new(CLAIM, params()),
        Statement::new(check, params()),
    ]
}

/// Returns `true` for what the statements fail with if something is in the way.
fn is_in_the_way(code: DatabaseCode) -> bool {
    // division_by_zero: another stream has the name
    is_taken(code) || code == DatabaseCode::SqlState(*b"22012")
}
