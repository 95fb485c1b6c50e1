//! Copying a store into another, whichever databases they are in.

use std::collections::{HashMap, HashSet};

use super::Store;
use crate::backend::copying::Copying;
use crate::backend::{Backend, Found};
use crate::model::datum::Datum;
use crate::model::error::{Error, Result, excerpt};
use crate::model::page::PageLimit;
use crate::model::raw_row::{Put, RawPosition, RawQuarantined, RawRow, RawStream};
use crate::model::report::Copied;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// How many rows are copied in a transaction at most.
const PAGE: usize = 8_192;
/// What they are at most, as far as the page before foretells it.
const PAGES: PageLimit = PageLimit {
    rows: PAGE,
    bytes: 4 << 20,
};
/// How many rows the first page has.
const FIRST_PAGE: usize = 256;
/// How many places are made in a transaction.
const PLACES: usize = 256;

impl Store {
    /// Copies all that the store holds into `target`, which is empty or an earlier part of the
    /// same copy: a file into a database on a server, back, or from one to another of a kind.
    ///
    /// Rows keep timestamp, value, hash and provider just as they are stored, also those that
    /// can't be read, and those that share an instant in two spellings; rows in the quarantine
    /// stay there. Metadata keeps its ids and times, and streams the order in which they got
    /// data. What a target can't hold (a database on a server keeps one row an instant, and
    /// only rows that can be read) goes to its quarantine with the reason, from where a copy
    /// into a file puts it back. Tables that are no streams' are not copied, nor digests:
    /// [`OpenOptions::digest`](crate::OpenOptions::digest) has the target make its own.
    ///
    /// A few thousand rows at a time are copied, each time in one transaction, and then
    /// compared with those that the target holds; the metadata comes last. `progress` is called
    /// each time, with the stream. If the call fails or the process is killed, the
    /// next call goes on where it ended, and ends the same. Others may read both stores
    /// meanwhile, and write to this one: rows that come behind the place that has been reached
    /// are left out, and the next call copies them.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let folder = tempfile::tempdir()?;
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// # store.insert(&uuid, &NewObservation::new(Timestamp::now(), 1.5))?;
    /// let target = Store::open(folder.path().join("copy.db"))?; // or Store::connect(url)
    /// let copied = store.copy_to(&target, |stream, copied| {
    ///     println!("{stream}: {} rows of all streams so far", copied.rows);
    /// })?;
    /// # assert_eq!(copied.rows, 1);
    /// # assert_eq!(target.latest(&uuid)?, store.latest(&uuid)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotACopy`] if the target holds what this store doesn't: then it is left as it
    /// is; also if it doesn't hold all that was copied in the end, because another program has
    /// written to it. [`Error::NotAStream`], [`Error::InvalidUuid`] and [`Error::InvalidText`]
    /// if the target can't hold a stream or its metadata: no row is copied then.
    /// [`Error::StreamNotFound`] if a stream is removed meanwhile.
    pub fn copy_to(
        &self,
        target: &Store,
        mut progress: impl FnMut(&StreamUuid, &Copied),
    ) -> Result<Copied> {
        let copy = Copy::new(self, target)?;
        let mut copied = copy.begin(true)?;
        for uuid in &copy.uuids {
            copy.rows(uuid, &mut copied, &mut progress)?;
        }
        copied.quarantined = copy.quarantined(true)?;
        let (streams, last_id) = (&copy.streams, copy.last_id);
        copy.target
            .write(|target| target.put_streams(streams, last_id))?;
        let found = copy.target.read(Copying::raw_streams)?;
        match other(streams, &found) {
            None => Ok(copied),
            Some(raw) => Err(not_a_copy(
                &raw.stream.uuid,
                "lacks the metadata".to_owned(),
            )),
        }
    }

    /// Reports what [`copy_to`](Self::copy_to) would copy; nothing is written. What the target
    /// can't hold is found by copying only. [`OpenOptions::preview`](crate::OpenOptions::preview)
    /// opens a target that may not exist yet.
    ///
    /// # Errors
    /// As [`copy_to`](Self::copy_to).
    pub fn copy_dry_run(&self, target: &Store) -> Result<Copied> {
        let copy = Copy::new(self, target)?;
        let mut copied = copy.begin(false)?;
        for uuid in &copy.uuids {
            copied.rows += count(&copy.source, uuid)?.unwrap_or(0);
            let there = count(&copy.target, uuid)?;
            copied.already_there += there.unwrap_or(0);
        }
        copied.quarantined = copy.quarantined(false)?;
        Ok(copied)
    }
}

/// A copy under way.
struct Copy {
    source: Store,
    target: Store,
    streams: Vec<RawStream>,
    last_id: i64,
    /// The streams with data, in the order in which they got it.
    uuids: Vec<StreamUuid>,
}

impl Copy {
    fn new(source: &Store, target: &Store) -> Result<Self> {
        let (source, target) = (source.as_one_call(), target.as_one_call());
        let (streams, last_id, uuids) = source.read(|source| {
            let streams = source.raw_streams()?;
            Ok((streams, source.last_id()?, source.streams_with_data()?))
        })?;
        Ok(Self {
            source,
            target,
            streams,
            last_id,
            uuids,
        })
    }

    /// Checks that the target holds nothing but what the source has, and makes places for
    /// the streams' rows if it `writes`.
    fn begin(&self, writes: bool) -> Result<Copied> {
        self.check_rows()?;
        if let Some(row) = other_quarantined(&self.target, &self.source)? {
            let what = "holds in the quarantine, which the source doesn't, a row";
            return Err(not_a_copy(&row.stream, format!("{what} {}", at(&row.row))));
        }
        let found = self.target.read(Copying::raw_streams)?;
        if let Some(raw) = other(&found, &self.streams) {
            let what = "has other metadata; copy into an empty store";
            return Err(not_a_copy(&raw.stream.uuid, what.to_owned()));
        }
        let streams = &self.streams;
        self.target
            .read(|target| target.check_raw_streams(streams))?;
        for uuids in self.uuids.chunks(PLACES).filter(|_| writes) {
            let none = || std::iter::empty();
            self.target.write(|target| {
                let made = target.insert(uuids.iter().map(|uuid| (uuid, none())))?;
                made.into_iter().try_for_each(|made| made.map(drop))
            })?;
        }
        Ok(Copied {
            streams: self.streams.len() as u64,
            with_data: self.uuids.len() as u64,
            ..Copied::default()
        })
    }

    /// Checks that the source has all rows that the target has.
    fn check_rows(&self) -> Result<()> {
        let own: HashSet<_> = self.uuids.iter().collect();
        for uuid in self.target.read(Backend::streams_with_data)? {
            if !own.contains(&uuid) {
                let what = "has data, and the source has not; copy into an empty store";
                return Err(not_a_copy(&uuid, what.to_owned()));
            }
            let mut pages = Pages::new(&self.target, &uuid);
            while let Some(rows) = pages.next()? {
                if let Some(row) = lacking(&self.source, &uuid, &rows)? {
                    let what = "holds, which the source doesn't; copy into an empty store";
                    return Err(not_a_copy(&uuid, format!("{what}, a row {}", at(row))));
                }
            }
        }
        Ok(())
    }

    /// Copies the rows of a stream.
    fn rows(
        &self,
        uuid: &StreamUuid,
        copied: &mut Copied,
        progress: &mut impl FnMut(&StreamUuid, &Copied),
    ) -> Result<()> {
        let mut pages = Pages::new(&self.source, uuid);
        let mut all = 0;
        while let Some(rows) = pages.next()? {
            let now = Timestamp::now();
            let put = self
                .target
                .write(|target| target.put_rows(uuid, &rows, now))?;
            if let Some(row) = lacking(&self.target, uuid, &rows)? {
                return Err(not_a_copy(uuid, format!("lacks the row {}", at(row))));
            }
            all += rows.len() as u64;
            copied.rows += rows.len() as u64;
            let Put {
                already_there,
                set_aside,
                ..
            } = put;
            copied.already_there += already_there;
            copied.set_aside += set_aside;
            progress(uuid, copied);
        }
        let found = count(&self.target, uuid)?.unwrap_or(0);
        match found == all {
            true => Ok(()),
            false => Err(not_a_copy(uuid, format!("has {found} rows, not {all}"))),
        }
    }

    /// Copies the rows in the quarantine if it `writes`; returns their number.
    fn quarantined(&self, writes: bool) -> Result<u64> {
        let mut all = 0;
        each_quarantined(&self.source, |rows| {
            all += rows.len() as u64;
            match writes {
                true => self.target.write(|target| target.put_quarantined(&rows)),
                false => Ok(()),
            }
        })?;
        match other_quarantined(&self.source, &self.target)?.filter(|_| writes) {
            None => Ok(all),
            Some(row) => {
                let what = format!("lacks in the quarantine the row {}", at(&row.row));
                Err(not_a_copy(&row.stream, what))
            }
        }
    }
}

/// The rows of a stream, as they are stored, a page at a time.
struct Pages<'a> {
    store: &'a Store,
    uuid: &'a StreamUuid,
    position: RawPosition,
    limit: usize,
    /// How many rows without a timestamp were read, by their columns: several may be the same.
    without_ts: HashMap<[String; 4], u64>,
}

impl<'a> Pages<'a> {
    fn new(store: &'a Store, uuid: &'a StreamUuid) -> Self {
        Self {
            store,
            uuid,
            position: RawPosition::Start,
            limit: FIRST_PAGE,
            without_ts: HashMap::new(),
        }
    }

    /// Returns the next page; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<RawRow>>> {
        let (uuid, position, limit) = (self.uuid, &mut self.position, self.limit);
        let rows = self
            .store
            .read(|connection| connection.raw_rows(uuid, position, limit))?;
        let mut rows = rows.ok_or_else(|| Error::StreamNotFound {
            stream: uuid.shown(),
        })?;
        for row in rows.iter_mut().filter(|row| row.ts == Datum::Null) {
            let before = self.without_ts.entry(row.literals()).or_default();
            row.before = *before;
            *before += 1;
        }
        let bytes: usize = rows.iter().map(RawRow::size).sum();
        self.limit = PAGES.next(rows.len(), bytes);
        Ok((!rows.is_empty()).then_some(rows))
    }
}

/// Hands the rows in a store's quarantine to `work`, a page at a time.
fn each_quarantined(
    store: &Store,
    mut work: impl FnMut(Vec<RawQuarantined>) -> Result<()>,
) -> Result<()> {
    let mut after = 0;
    loop {
        let page = store.read(|connection| connection.raw_quarantined(after, PAGE))?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        work(page)?;
    }
}

/// Returns the first row in the quarantine of one store that another has not just so in its own.
fn other_quarantined(one: &Store, another: &Store) -> Result<Option<RawQuarantined>> {
    let mut known: HashMap<i64, RawQuarantined> = HashMap::new();
    let (mut after, mut other) = (0, None);
    each_quarantined(one, |rows| {
        let (first, last) = (
            rows.first().map(|row| row.id),
            rows.last().map(|row| row.id),
        );
        // Those before the page were compared with the one before it.
        known.retain(|id, _| Some(*id) >= first);
        while Some(after) < last {
            let page = another.read(|another| another.raw_quarantined(after, PAGE))?;
            let Some(row) = page.last() else {
                break;
            };
            after = row.id;
            known.extend(page.into_iter().map(|row| (row.id, row)));
        }
        let mut rows = rows.into_iter();
        other = other
            .take()
            .or_else(|| rows.find(|row| known.get(&row.id) != Some(row)));
        Ok(())
    })?;
    Ok(other)
}

/// Returns the first of the streams whose metadata is not just so among others.
fn other<'a>(streams: &'a [RawStream], others: &[RawStream]) -> Option<&'a RawStream> {
    let others = others.iter().map(|raw| (&raw.stream.uuid, raw));
    let others: HashMap<_, _> = others.collect();
    streams
        .iter()
        .find(|raw| others.get(&raw.stream.uuid) != Some(raw))
}

/// Returns the first of the rows that the stream doesn't have just so.
fn lacking<'a>(store: &Store, uuid: &StreamUuid, rows: &'a [RawRow]) -> Result<Option<&'a RawRow>> {
    store.read(|connection| connection.lacking(uuid, rows))
}

fn count(store: &Store, uuid: &StreamUuid) -> Found<u64> {
    store.read(|connection| connection.count_raw_rows(uuid))
}

/// Says at which instant a row is, and how its timestamp is stored.
fn at(row: &RawRow) -> String {
    let stored = excerpt(&row.ts.to_string());
    match row.timestamp() {
        Ok((ts, _)) => format!("at {ts}, with ts {stored}"),
        Err(_) => format!("with ts {stored}"),
    }
}

fn not_a_copy(uuid: &StreamUuid, what: String) -> Error {
    Error::NotACopy {
        stream: uuid.shown(),
        what,
    }
}
