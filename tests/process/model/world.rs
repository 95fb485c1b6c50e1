//! The model: sorted maps, and what each call must answer.

use std::collections::BTreeMap;

use super::acts::{Act, Offer, conflict_text};
use super::sql::{Loss, Spelling, Sql};
use super::table::{Digest, Table, Tables, add_to, change, normalize, normalized};

/// The rule by which the model answers. All but the first are wrong, for the controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Instant,
    /// Rows that spell an instant differently are different rows.
    Spelled,
    /// The later row overwrites the earlier one.
    LaterWins,
    /// A write to a file that was replaced or removed succeeds.
    LostFileWorks,
    /// A write doesn't wait for another's lock.
    NoLocks,
}

/// Both stores and the outsider see this world.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) rule: Rule,
    pub(super) tables: Tables,
    /// Streams and their names, in the order of their ids.
    metadata: Vec<(char, i64)>,
    /// What the tables become if the outsider, which holds the lock, commits.
    pub(super) pending: Option<Tables>,
    pub(super) lost: Option<Loss>,
    /// The digests by name. An outsider doesn't touch them.
    digests: BTreeMap<char, Digest>,
    /// Writes since the file was lost.
    pub(super) attempts: usize,
    /// What the last call may have answered.
    pub(super) allowed: Vec<String>,
}

impl World {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            tables: BTreeMap::new(),
            metadata: Vec::new(),
            pending: None,
            digests: BTreeMap::new(),
            lost: None,
            attempts: 0,
            allowed: Vec::new(),
        }
    }

    /// Does what a store is asked, `like_last` if the store spells new rows like the last.
    pub(super) fn ask(&mut self, act: &Act, like_last: bool) {
        let writes = act.writes() && !self.has_nothing_to_write(act);
        let locked = self.pending.is_some() && self.rule != Rule::NoLocks;
        let (waits, lost) = (locked && writes, self.lost.is_some());
        if !waits && !lost {
            self.allowed = one(self.answer(act, like_last));
            return;
        }
        // Nothing of it is stored, or it is stored in a file that is lost.
        let mut aside = self.clone();
        let answer = aside.answer(act, like_last);
        let refused = answer.is_err();
        self.allowed = one(answer);
        if waits {
            // A call that changes nothing may find this out before it asks for the lock, and
            // some promise to, unless they are refused.
            let changes = (&aside.tables, &aside.metadata, &aside.digests)
                != (&self.tables, &self.metadata, &self.digests);
            self.allowed.retain(|_| !changes);
            if changes || refused || !matches!(act, Act::Delete(..) | Act::Remove(_)) {
                self.allowed.push("Busy".to_owned());
            }
            return;
        }
        self.attempts += usize::from(writes);
        if self.rule == Rule::LostFileWorks {
            return;
        }
        match (self.lost, writes) {
            (Some(Loss::Shm), _) => self.allowed.push("FileReplaced".to_owned()),
            (_, true) => {
                self.allowed.retain(|_| refused);
                self.allowed.push("FileReplaced".to_owned());
            }
            // SQLite may find that the memory beside the file stands for another WAL.
            (Some(Loss::Wal | Loss::Both), false) => {
                self.allowed.push("FileReplaced".to_owned());
                self.allowed.push("Corrupt".to_owned());
            }
            // It writes no row, and may look for the file all the same.
            (_, false) if act.writes() => self.allowed.push("FileReplaced".to_owned()),
            (_, false) => {}
        }
    }

    /// Returns `true` if the call inserts no row into a table that exists.
    fn has_nothing_to_write(&self, act: &Act) -> bool {
        let Act::InsertMany(name, offers) = act else {
            return false;
        };
        offers.is_empty() && self.tables.get(name).is_some_and(Table::is_stream)
    }

    /// Returns every answer that is allowed, or the one error. Keeps the digests.
    fn answer(&mut self, act: &Act, like_last: bool) -> Result<Vec<String>, String> {
        let before = self.tables.clone();
        let answer = self.answer_rows(act, like_last);
        for name in ['a', 'b', 'c'] {
            let (before, after) = (before.get(&name), self.tables.get(&name));
            if before.is_some() && after.is_none() {
                self.digests.remove(&name);
            }
            if before.is_none() && after.is_some() {
                self.digests.insert(name, Digest::new());
            }
            if let Some(digest) = self.digests.get_mut(&name) {
                before.inspect(|table| add_to(digest, table, -1));
                after.inspect(|table| add_to(digest, table, 1));
            }
        }
        answer
    }

    /// Opens the stores again, which makes the digests that are missing.
    pub(super) fn reopen(&mut self) {
        for (name, table) in &self.tables {
            if table.is_stream() && !self.digests.contains_key(name) {
                let mut digest = Digest::new();
                add_to(&mut digest, table, 1);
                self.digests.insert(*name, digest);
            }
        }
    }

    /// Returns what `verify` says of a stream's digest.
    fn digest(&self, name: char) -> &'static str {
        let (Some(table), Some(digest)) = (self.tables.get(&name), self.digests.get(&name)) else {
            return "NotKept";
        };
        let mut found = Digest::new();
        add_to(&mut found, table, 1);
        if found == *digest {
            "Matches"
        } else {
            "Differs"
        }
    }

    fn answer_rows(&mut self, act: &Act, like_last: bool) -> Result<Vec<String>, String> {
        let text = |text: String| Ok(vec![text]);
        match act {
            Act::Insert(name, offer) => self.insert(*name, &[*offer], like_last),
            Act::InsertMany(name, offers) => self.insert(*name, offers, like_last),
            Act::Delete(name, from, to) => {
                let Some(table) = self.find(*name)? else {
                    return text("0".to_owned());
                };
                let before = table.rows.len();
                table.rows.retain(|(s, _), _| !(from..=to).contains(&s));
                text((before - table.rows.len()).to_string())
            }
            Act::Normalize(name) => {
                let table = self.find(*name)?;
                text(table.map_or_else(|| normalized(0, &[]), normalize))
            }
            Act::Remove(name) => {
                self.check_shape(*name)?;
                let known = self.metadata.len();
                self.metadata.retain(|(stream, _)| stream != name);
                let rows = self.tables.remove(name).map(|table| table.rows.len());
                text(format!("{} {rows:?}", known != self.metadata.len()))
            }
            Act::Upsert(name, number) => {
                match self.metadata.iter_mut().find(|(stream, _)| stream == name) {
                    Some((_, stored)) => *stored = *number,
                    None => {
                        self.check_shape(*name)?;
                        self.metadata.push((*name, *number));
                    }
                }
                text(format!("{name} n{number}"))
            }
            Act::Read(name, from, to) => {
                let table = self.find(*name)?;
                text(table.map_or_else(String::new, |t| t.texts(t.within(*from, *to))))
            }
            Act::Last(name, count) => {
                let table = self.find(*name)?;
                Ok(table.map_or_else(|| vec![String::new()], |table| table.last(*count)))
            }
            Act::Latest(name) => {
                let table = self.find(*name)?;
                Ok(table.map_or_else(|| vec![String::new()], |table| table.last(1)))
            }
            Act::At(name, second) => {
                let Some(table) = self.find(*name)? else {
                    return text(String::new());
                };
                let mut found = table.at(*second);
                if found.first().is_some_and(|row| row.0 == Spelling::Seconds) {
                    found.truncate(1);
                }
                match found.is_empty() {
                    true => text(String::new()),
                    false => Ok(found.iter().map(|r| table.text((*second, r.0))).collect()),
                }
            }
            Act::Count(name, from, to) => {
                let table = self.find(*name)?;
                text(
                    table
                        .map_or(0, |t| t.within(*from, *to).count())
                        .to_string(),
                )
            }
            Act::RestateDigest(name) => {
                if let Some(table) = self.find(*name)?.cloned() {
                    let mut digest = Digest::new();
                    add_to(&mut digest, &table, 1);
                    self.digests.insert(*name, digest);
                }
                text("restated".to_owned())
            }
            Act::Verify(name) => {
                let rows = self.find(*name)?.map_or(0, |table| table.rows.len());
                text(format!("{rows} {}", self.digest(*name)))
            }
            Act::Streams => {
                let all = self.metadata.iter();
                let texts: Vec<_> = all
                    .map(|(stream, name)| format!("{stream} n{name}"))
                    .collect();
                text(texts.join("\n"))
            }
            Act::WithData => {
                let streams = self.tables.iter().filter(|(_, table)| table.is_stream());
                let names: Vec<_> = streams.map(|(name, _)| name.to_string()).collect();
                text(names.join("\n"))
            }
        }
    }

    /// Returns the stream's table; none if the stream has metadata alone.
    fn find(&mut self, name: char) -> Result<Option<&mut Table>, String> {
        self.check_shape(name)?;
        let known = self.metadata.iter().any(|(stream, _)| *stream == name);
        match self.tables.get_mut(&name) {
            None if !known => Err(format!("no stream \"{name}\" in this store")),
            table => Ok(table),
        }
    }

    fn check_shape(&self, name: char) -> Result<(), String> {
        match self.tables.get(&name) {
            Some(table) if !table.is_stream() => Err("NotAStream".to_owned()),
            _ => Ok(()),
        }
    }

    fn insert(
        &mut self,
        name: char,
        offers: &[Offer],
        like_last: bool,
    ) -> Result<Vec<String>, String> {
        self.check_shape(name)?;
        let rule = self.rule;
        let table = self.tables.entry(name).or_insert(Table::new(false));
        let last = table.rows.keys().map(|(_, spelling)| *spelling).max();
        let spelling = last.filter(|last| like_last && *last >= Spelling::Spaced);
        let spelling = spelling.unwrap_or(Spelling::Seconds);
        let mut answers = vec![(0, String::new())];
        for (index, offer) in offers.iter().enumerate() {
            let mut stored = table.at(offer.second);
            match rule {
                Rule::Spelled => stored.retain(|row| row.0 == spelling),
                Rule::LaterWins => stored.clear(),
                // A number is compared with if there is one, else it isn't promised which.
                _ if stored.first().is_some_and(|row| row.0 == Spelling::Seconds) => {
                    stored.truncate(1);
                }
                _ => {}
            }
            if stored.is_empty() {
                let row = (offer.value, "h");
                table.rows.insert((offer.second, spelling), row);
                continue;
            }
            answers = answers
                .into_iter()
                .flat_map(|(already_there, conflicts)| {
                    stored.iter().map(move |(_, value, _)| {
                        if *value == offer.value {
                            return (already_there + 1, conflicts.clone());
                        }
                        let conflict = conflict_text(index, *value, offer.value);
                        (already_there, conflicts.clone() + &conflict)
                    })
                })
                .collect();
        }
        Ok(answers
            .into_iter()
            .map(|(already_there, conflicts)| format!("{already_there} already there{conflicts}"))
            .collect())
    }

    /// Does what the outsider says in SQL.
    pub(super) fn sql(&mut self, sql: Sql) {
        let done = match sql {
            Sql::Begin if self.pending.is_none() => {
                self.pending = Some(self.tables.clone());
                true
            }
            Sql::Commit | Sql::Rollback => match self.pending.take() {
                Some(pending) if matches!(sql, Sql::Commit) => {
                    self.tables = pending;
                    true
                }
                pending => pending.is_some(),
            },
            Sql::Begin => false,
            Sql::Vacuum | Sql::Checkpoint => self.pending.is_none(),
            sql => change(self.pending.as_mut().unwrap_or(&mut self.tables), sql).is_some(),
        };
        self.allowed = vec![done.to_string()];
    }
}

fn one(answer: Result<Vec<String>, String>) -> Vec<String> {
    answer.unwrap_or_else(|error| vec![error])
}
