//! Which rows of a copy are there already.

use std::collections::HashMap;

use super::super::datum::{param, raw_row};
use super::super::quarantine;
use super::super::raw::{Handle, Param, Statement};
use super::super::table::Table;
use crate::model::datum::Datum;
use crate::model::error::Result;
use crate::model::raw_row::RawRow;
use crate::model::uuid::StreamUuid;

/// The rows of a table.
pub(super) struct There {
    /// Selects those of one timestamp.
    select: Statement,
    /// How often each row without a timestamp is there. They are read at once, when one is asked
    /// for: no index finds it among the others.
    without_ts: Option<HashMap<[String; 4], u64>>,
}

impl There {
    pub(super) fn of(table: &Table) -> Result<Self> {
        let select = table
            .prepare(|t| format!("SELECT ts, value, hash, provider FROM {t} WHERE ts IS ?1"))?;
        Ok(Self {
            select,
            without_ts: None,
        })
    }

    /// Returns how many are the same as this one.
    pub(super) fn count_same(&mut self, wanted: &RawRow) -> Result<u64> {
        if wanted.ts == Datum::Null {
            return count_in(&mut self.without_ts, &mut self.select, Param::Null, wanted);
        }
        let ts = [param(&wanted.ts)];
        let mut rows = self.select.query(&ts)?;
        let mut same = 0;
        while let Some(row) = rows.next()? {
            same += u64::from(raw_row(&row).is_same(wanted));
        }
        Ok(same)
    }
}

/// The rows of a stream that are in the quarantine because its table can't hold them.
pub(super) struct Aside<'a> {
    uuid: &'a StreamUuid,
    /// `None` if there is no quarantine.
    select: Option<Statement>,
    /// How often each is there, read when the first is asked for.
    rows: Option<HashMap<[String; 4], u64>>,
}

impl<'a> Aside<'a> {
    pub(super) fn of(db: Handle, uuid: &'a StreamUuid) -> Result<Self> {
        let select = "SELECT ts, value, hash, provider FROM main.__satori_quarantine \
                      WHERE stream = ?1 AND id < 0";
        let select = match quarantine::exists(db)? {
            true => Some(Statement::prepare(db, select)?),
            false => None,
        };
        Ok(Self {
            uuid,
            select,
            rows: None,
        })
    }

    /// Returns how many were the same as this one when the first was asked for.
    pub(super) fn count_same(&mut self, wanted: &RawRow) -> Result<u64> {
        let uuid = Param::Text(self.uuid.as_str());
        match &mut self.select {
            Some(select) => count_in(&mut self.rows, select, uuid, wanted),
            None => Ok(0),
        }
    }
}

/// Returns how often a row is among `rows`, which the statement selects if they aren't read yet.
fn count_in(
    rows: &mut Option<HashMap<[String; 4], u64>>,
    select: &mut Statement,
    param: Param<'_>,
    wanted: &RawRow,
) -> Result<u64> {
    let rows = match rows {
        Some(rows) => rows,
        None => {
            let mut counts = HashMap::new();
            for row in select.all(&[param], raw_row)? {
                *counts.entry(row.literals()).or_default() += 1;
            }
            rows.insert(counts)
        }
    };
    Ok(rows.get(&wanted.literals()).copied().unwrap_or(0))
}
