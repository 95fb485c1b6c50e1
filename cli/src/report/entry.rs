//! What the page says of one stream.

use std::time::Duration;

use satori_store::{Digest, Error, Store, Timestamp};

use crate::exit::{self, Exit};
use crate::gaps::{Gap, Gaps};
use crate::json::ErrorReport;
use crate::picture::columns::Span;
use crate::picture::panel::Panel;
use crate::picture::spark;
use crate::select::{Selected, is_of_stream};
use crate::text::counted;
use crate::verify::Chain;

/// How many gaps are named, the longest.
const GAPS: usize = 3;

/// How streams are read.
pub(super) struct Reading<'a> {
    store: &'a Store,
    verify: bool,
    /// How many columns a picture has.
    columns: usize,
}

/// A stream, and what was found.
pub(super) struct Entry {
    pub(super) stream: Selected,
    /// Those that can't be read among them.
    pub(super) rows: u64,
    pub(super) unreadable: u64,
    pub(super) span: Option<Span>,
    pub(super) values: Option<(f64, f64)>,
    pub(super) providers: Vec<(String, u64)>,
    /// The median step.
    pub(super) step: Option<Duration>,
    pub(super) gaps: u64,
    pub(super) longest: Vec<Gap>,
    /// `None` if the chain was not walked.
    pub(super) chain: Option<Chain>,
    /// The picture as HTML; empty if there is no row.
    pub(super) picture: String,
    /// Why the stream, or its chain, can't be read, and the exit code for it.
    pub(super) error: Option<(ErrorReport, Exit)>,
}

impl<'a> Reading<'a> {
    /// Returns how a page of so many streams reads them.
    pub(super) fn new(store: &'a Store, streams: usize, verify: bool) -> Self {
        Self {
            store,
            verify,
            // A page of many streams has to stay small enough for a telephone.
            columns: if streams > 1_000 { 60 } else { 120 },
        }
    }

    /// Reads a stream. An error that concerns it alone is noted; any other ends the page.
    pub(super) fn entry(&self, stream: Selected) -> Result<Entry, Error> {
        let mut entry = Entry {
            stream,
            rows: 0,
            unreadable: 0,
            span: None,
            values: None,
            providers: Vec::new(),
            step: None,
            gaps: 0,
            longest: Vec::new(),
            chain: None,
            picture: String::new(),
            error: None,
        };
        match self.read(&mut entry) {
            Err(error) if is_of_stream(&error) => {
                let exit = exit::kind(error.code()).1;
                entry.error = Some((ErrorReport::new(&error), exit));
            }
            read => read?,
        }
        Ok(entry)
    }

    fn read(&self, entry: &mut Entry) -> Result<(), Error> {
        let uuid = entry.stream.uuid.clone();
        entry.rows = self.store.count(&uuid, ..)?;
        let ends = [self.store.first(&uuid, 1)?, self.store.last(&uuid, 1)?];
        let [first, last] = ends.map(|mut rows| rows.pop().map(|row| row.ts));
        entry.span = first.zip(last).map(|(from, to)| Span { from, to });
        let mut read = 0;
        if let Some(span) = entry.span {
            let rows = self.store.observations(&uuid, ..=span.to)?;
            let panel = Panel::read(entry.stream.name_or_uuid(), rows, span, self.columns)?;
            read = panel.all.rows();
            entry.values = panel.all.values();
            let providers = panel.providers.iter();
            entry.providers = providers
                .map(|(name, columns)| (name.clone(), columns.rows()))
                .collect();
            entry.step = panel.steps.median();
            if let Some(limit) = panel.steps.limit_of_gaps() {
                let mut gaps = Gaps::new(limit, GAPS);
                for row in self.store.observations(&uuid, ..=span.to)? {
                    gaps.push(row?.ts);
                }
                (entry.gaps, entry.longest) = (gaps.count, gaps.longest);
            }
            entry.picture = spark::draw(&panel, span);
        }
        if read != entry.rows {
            // Rows may have come meanwhile too.
            let found = self.store.statistics(&uuid)?;
            (entry.rows, entry.unreadable) = (found.count, found.unreadable);
        }
        if self.verify {
            entry.chain = Some(self.store.verify(&uuid)?.into());
        }
        Ok(())
    }
}

impl Entry {
    /// Returns why somebody should look at the stream; empty if there is no reason.
    pub(super) fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        if let Some((error, _)) = &self.error {
            troubles.push(error.message.clone());
        }
        if self.unreadable > 0 {
            troubles.push(counted(self.unreadable, "unreadable row"));
        }
        if let Some(chain) = &self.chain {
            if chain.suspect > 0 {
                troubles.push(counted(chain.suspect as u64, "suspect row"));
            }
            if chain.foreign_between > 0 {
                let rows = counted(chain.foreign_between, "foreign row");
                troubles.push(format!("{rows} between verified ones"));
            }
            if chain.digest == Digest::Differs {
                troubles.push("the rows differ from the digest".to_owned());
            }
        }
        troubles
    }

    /// Returns the exit code for what was found.
    pub(super) fn exit(&self) -> Exit {
        match &self.error {
            Some((_, exit)) => *exit,
            None => {
                let is_doubtful = self.chain.as_ref().is_some_and(Chain::is_doubtful);
                Exit::refused_if(is_doubtful || self.unreadable > 0)
            }
        }
    }

    /// Returns how long before `now` the last row is; `None` if it is later, or there is none.
    pub(super) fn age(&self, now: Timestamp) -> Option<Duration> {
        let last = self.span?.to.as_micros();
        let micros = now.as_micros().checked_sub(last)?;
        u64::try_from(micros).ok().map(Duration::from_micros)
    }
}
