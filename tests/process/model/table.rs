//! The model's tables, and what the outsider's SQL does to them.

use std::collections::BTreeMap;

use super::sql::{Spelling, Sql};

/// A table: its rows by instant and spelling, with value and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Other columns than a stream's: it is not one of ours.
    is_foreign: bool,
    /// Its column `value` has another name.
    is_hidden: bool,
    /// It has a column too many.
    is_wider: bool,
    pub(super) rows: BTreeMap<(i64, Spelling), (i64, &'static str)>,
}

impl Table {
    pub(super) fn new(is_foreign: bool) -> Self {
        Self {
            is_foreign,
            is_hidden: false,
            is_wider: false,
            rows: BTreeMap::new(),
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        !(self.is_foreign || self.is_hidden || self.is_wider)
    }

    /// Returns the rows of one instant.
    pub(super) fn at(&self, second: i64) -> Vec<(Spelling, i64, &'static str)> {
        let span = (second, Spelling::Seconds)..=(second, Spelling::Zulu);
        let rows = self.rows.range(span);
        rows.map(|((_, spelling), (value, hash))| (*spelling, *value, *hash))
            .collect()
    }

    pub(super) fn within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, Spelling)> {
        let keys = self.rows.keys().copied();
        keys.filter(move |(second, _)| (from..=to).contains(second))
    }

    pub(super) fn text(&self, key: (i64, Spelling)) -> String {
        let (value, hash) = self.rows[&key];
        format!("{}={value} {hash}", key.1.stored(key.0))
    }

    pub(super) fn texts(&self, keys: impl IntoIterator<Item = (i64, Spelling)>) -> String {
        let texts: Vec<_> = keys.into_iter().map(|key| self.text(key)).collect();
        texts.join("\n")
    }

    /// Returns every answer to “the last `count` rows”. If not all rows of an instant fit,
    /// it isn't promised which are given.
    pub(super) fn last(&self, count: usize) -> Vec<String> {
        let keys: Vec<_> = self.rows.keys().copied().collect();
        let start = keys.len().saturating_sub(count);
        let Some(first) = keys.get(start) else {
            return vec![String::new()];
        };
        let (tied, after): (Vec<_>, Vec<_>) = keys
            .iter()
            .copied()
            .filter(|key| key.0 >= first.0)
            .partition(|key| key.0 == first.0);
        let wanted = keys.len() - start - after.len();
        (0..1_u32 << tied.len())
            .filter(|chosen| chosen.count_ones() as usize == wanted)
            .map(|chosen| {
                let some = tied.iter().enumerate();
                let some = some.filter(|(index, _)| chosen >> index & 1 == 1);
                self.texts(some.map(|(_, key)| *key).chain(after.iter().copied()))
            })
            .collect()
    }
}

/// The rows that a digest stands for, each with its number: below 0 for an outsider's that
/// was deleted.
pub(super) type Digest = BTreeMap<(i64, Spelling, i64, &'static str), i64>;

/// Adds the rows of a table to its digest, each `number` times.
pub(super) fn add_to(digest: &mut Digest, table: &Table, number: i64) {
    for ((second, spelling), (value, hash)) in &table.rows {
        let count = digest.entry((*second, *spelling, *value, hash));
        *count.or_default() += number;
    }
    digest.retain(|_, count| *count != 0);
}

pub(super) type Tables = BTreeMap<char, Table>;

/// Changes the tables as a statement does; `None` if SQLite refuses it.
pub(super) fn change(tables: &mut Tables, sql: Sql) -> Option<()> {
    match sql {
        Sql::Insert(name, second, spelling, value)
        | Sql::Replace(name, second, spelling, value) => {
            let table = tables.get_mut(&name)?;
            let taken = table.rows.contains_key(&(second, spelling));
            let is_refused = table.is_foreign || table.is_wider;
            if is_refused || taken && matches!(sql, Sql::Insert(..)) {
                return None;
            }
            table.rows.insert((second, spelling), (value, "o"));
        }
        Sql::Update(name, value) => {
            let table = tables.get_mut(&name)?;
            (!table.is_foreign && !table.is_hidden).then_some(())?;
            table.rows.values_mut().for_each(|row| row.0 = value);
        }
        Sql::Create(name) | Sql::CreateForeign(name) => {
            if tables.contains_key(&name) {
                return None;
            }
            tables.insert(name, Table::new(matches!(sql, Sql::CreateForeign(_))));
        }
        Sql::Rename(name, other) => {
            if tables.contains_key(&other) {
                return None;
            }
            let table = tables.remove(&name)?;
            tables.insert(other, table);
        }
        Sql::HideColumn(name) | Sql::ShowColumn(name) => {
            let table = tables.get_mut(&name)?;
            let hides = matches!(sql, Sql::HideColumn(_));
            (!table.is_foreign && table.is_hidden != hides).then_some(())?;
            table.is_hidden = hides;
        }
        Sql::AddColumn(name) | Sql::DropColumn(name) => {
            let table = tables.get_mut(&name)?;
            let adds = matches!(sql, Sql::AddColumn(_));
            (!table.is_foreign && table.is_wider != adds).then_some(())?;
            table.is_wider = adds;
        }
        Sql::Drop(name) => drop(tables.remove(&name)?),
        Sql::Vacuum | Sql::Checkpoint | Sql::Begin | Sql::Commit | Sql::Rollback => return None,
    }
    Some(())
}

/// Rewrites every timestamp into seconds, in the order of the keys.
pub(super) fn normalize(table: &mut Table) -> String {
    let mut others: Vec<_> = table.rows.keys().copied().collect();
    others.retain(|(_, spelling)| *spelling != Spelling::Seconds);
    others.sort_unstable_by_key(|(second, spelling)| (*spelling, *second));
    let mut kept = Vec::new();
    let mut rewritten = 0;
    for key in others {
        let seconds = (key.0, Spelling::Seconds);
        if table.rows.contains_key(&seconds) {
            kept.push(key.1.stored(key.0));
        } else if let Some(row) = table.rows.remove(&key) {
            table.rows.insert(seconds, row);
            rewritten += 1;
        }
    }
    normalized(rewritten, &kept)
}

pub(super) fn normalized(rewritten: usize, kept: &[String]) -> String {
    format!("{rewritten} rewritten, kept {kept:?}")
}
