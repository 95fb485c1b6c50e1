//! Checking a store: what is wrong with it, or worth knowing, and what to do.

use std::collections::HashSet;

use super::{Store, or_default};
use crate::backend::{Backend, StreamQuery};
use crate::model::digest::Digest;
use crate::model::error::{Error, Result};
use crate::model::error_code::ErrorCode;
use crate::model::finding::{Finding, FindingKind};
use crate::model::stream::Stream;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Store {
    /// Checks the whole store, and returns what it has found: about the file first, as
    /// [`check_file`](Self::check_file) does, then about each stream, as
    /// [`check_stream`](Self::check_stream) does. It reads every row, and writes nothing.
    ///
    /// ```
    /// # use satori_store::{FindingKind, NewObservation, Severity, Store, StreamUuid};
    /// # let store = Store::open_in_memory()?;
    /// let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// store.insert(&uuid, &NewObservation::new("2024-01-03".parse()?, 45000.5))?;
    ///
    /// let findings = store.check(None)?;
    /// assert!(findings.iter().any(|found| found.kind == FindingKind::NoMetadata));
    /// assert!(findings.iter().all(|found| found.kind.severity() == Severity::Note));
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own: damage is a finding.
    pub fn check(&self, synced_since: Option<Timestamp>) -> Result<Vec<Finding>> {
        let call = self.as_one_call();
        let mut findings = call.check_file(synced_since)?;
        let call = call.with_data_checked()?;
        let streams = match call.streams_to_check() {
            Err(error) => return damage(error, None, findings),
            Ok(streams) => streams,
        };
        for uuid in streams {
            match call.check_stream(&uuid) {
                // Another program has removed it.
                Err(Error::StreamNotFound { .. }) => {}
                found => findings.append(&mut found?),
            }
        }
        Ok(findings)
    }

    /// Checks the data of all streams at once (SQLite's `integrity_check` of the whole file),
    /// and returns a handle on this store that relies on it: its [`verify`](Self::verify) and
    /// [`check_stream`](Self::check_stream) don't check each stream's table by themselves. For
    /// programs that go through many streams: SQLite takes 3 ms for each table if there are
    /// 10,000, and about a second for all. [`check`](Self::check) does it by itself.
    ///
    /// If anything is wrong, the handle is as any other, and checks each table: so the damage
    /// of one stream doesn't hide what there is to say about the others. What is damaged after
    /// this call, the handle finds as far as reading rows, their hashes and the digest show it.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// # store.insert(&uuid, &NewObservation::new("2024-01-03".parse()?, 45000.5))?;
    /// let checked = store.with_data_checked()?;
    /// for uuid in checked.streams_with_data()? {
    ///     assert!(checked.verify(&uuid)?.suspect.is_empty());
    /// }
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted). Any other is left to the calls that
    /// check a stream.
    pub fn with_data_checked(&self) -> Result<Self> {
        let checked =
            self.run(|connection| connection.read(|connection| connection.check_data(None)));
        match checked {
            Err(error @ Error::Interrupted) => Err(error),
            checked => Ok(Self {
                is_data_checked: matches!(checked, Ok(Some(()))),
                ..self.clone()
            }),
        }
    }

    /// Checks the file, without reading all rows one by one: its structure (SQLite's
    /// `quick_check`), tables that are no streams', free room, the size of the `-wal`, the
    /// version of SQLite, locks; rows in the quarantine; and streams that were not synced
    /// since an instant, if one is given.
    ///
    /// # Errors
    /// None of its own: damage is a finding.
    pub fn check_file(&self, synced_since: Option<Timestamp>) -> Result<Vec<Finding>> {
        let call = self.as_one_call();
        let mut findings = match call.run(|connection| connection.read(Backend::check)) {
            Ok(findings) => findings,
            Err(error) => damage(error, None, Vec::new())?,
        };
        match call.check_streams(synced_since, &mut findings) {
            Ok(()) => Ok(findings),
            Err(error) => damage(error, None, findings),
        }
    }

    /// Checks one stream: its table (SQLite's `integrity_check`), how its timestamps are
    /// spelled, rows that can't be read, its hash chain and digest as
    /// [`verify`](Self::verify) does, gaps, and whether it has both rows and metadata.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream). Damage is a finding.
    pub fn check_stream(&self, uuid: &StreamUuid) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        match self.as_one_call().check_rows(uuid, &mut findings) {
            Ok(()) => Ok(findings),
            Err(error) => damage(error, Some(uuid), findings),
        }
    }

    /// Lists the streams that have metadata or data.
    fn streams_to_check(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| {
            connection.read(|connection| {
                let mut streams = connection.streams_with_data()?;
                let known: HashSet<_> = streams.iter().cloned().collect();
                let described = connection.find_streams::<Stream>(StreamQuery::All)?;
                let described = described.into_iter().map(|stream| stream.uuid);
                streams.extend(described.filter(|uuid| !known.contains(uuid)));
                Ok(streams)
            })
        })
    }

    /// Looks for streams that were not synced, and for rows in the quarantine.
    fn check_streams(
        &self,
        synced_since: Option<Timestamp>,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        if let Some(since) = synced_since {
            for stream in self.stale_streams(since)? {
                let message = match stream.last_synced {
                    Some(last) => format!("it was last synced at {last}"),
                    None => "it was never synced".to_owned(),
                };
                findings.push(Finding::of_stream(
                    FindingKind::Stale,
                    &stream.uuid,
                    1,
                    message,
                ));
            }
        }
        let quarantined = match self.quarantined_streams() {
            // Another table has the quarantine's name, so there is none.
            Err(Error::NotAStream { .. }) => return Ok(()),
            streams => streams?,
        };
        for uuid in quarantined {
            let rows = self.quarantined(&uuid)?.len() as u64;
            let message = format!("{} in the quarantine", counted(rows, "row is", "rows are"));
            let kind = FindingKind::QuarantinedRows;
            findings.push(Finding::of_stream(kind, &uuid, rows, message));
        }
        Ok(())
    }

    /// Looks at the rows of a stream.
    fn check_rows(&self, uuid: &StreamUuid, findings: &mut Vec<Finding>) -> Result<()> {
        let mut found = |kind, count, message: String| {
            findings.push(Finding::of_stream(kind, uuid, count, message));
        };
        let has_metadata = self.stream(uuid)?.is_some();
        let (statistics, spellings) = self.find(uuid, |connection| {
            connection.read(|connection| {
                let statistics = connection.statistics(uuid)?;
                let statistics = or_default(connection, uuid, statistics)?;
                let spellings = connection.spellings(uuid)?;
                Ok(Some((statistics, spellings.unwrap_or_default())))
            })
        })?;
        if statistics.count == 0 {
            if has_metadata {
                found(
                    FindingKind::NoData,
                    1,
                    "it has metadata but no rows".to_owned(),
                );
            }
            return Ok(());
        }
        if !has_metadata {
            let message = "it has rows but no metadata".to_owned();
            found(FindingKind::NoMetadata, statistics.count, message);
        }
        if spellings.are_mixed() {
            let other = spellings.finer + spellings.text;
            let message = format!(
                "its timestamps are of several kinds: {} of Unix seconds, {} of finer units, {} \
                 of text",
                spellings.seconds, spellings.finer, spellings.text
            );
            found(FindingKind::MixedSpellings, other, message);
        }
        if statistics.unreadable > 0 {
            let rows = counted(statistics.unreadable, "row", "rows");
            let message = format!("{rows} can't be read, so its hash chain was not verified");
            found(FindingKind::UnreadableRows, statistics.unreadable, message);
        } else {
            self.check_chain(uuid, &mut found)?;
        }
        if let Some(spacing) = statistics.spacing.filter(|_| statistics.gaps > 0) {
            let gaps = counted(statistics.gaps, "gap", "gaps");
            let spacing =
                jiff::SignedDuration::try_from(spacing).unwrap_or(jiff::SignedDuration::MAX);
            let message = format!("{gaps} of more than one and a half times {spacing:#}");
            found(FindingKind::Gaps, statistics.gaps, message);
        }
        Ok(())
    }

    /// Looks at the hash chain and the digest of a stream whose rows can be read.
    fn check_chain(
        &self,
        uuid: &StreamUuid,
        found: &mut impl FnMut(FindingKind, u64, String),
    ) -> Result<()> {
        let verification = self.verify(uuid)?;
        let suspect = verification.suspect.len() as u64;
        if let Some(first) = verification.suspect.first() {
            let rows = counted(suspect, "row", "rows");
            let message = format!(
                "the content of {rows} has changed, or the row before is gone; the first is at \
                 {first}"
            );
            found(FindingKind::SuspectRows, suspect, message);
        }
        if verification.foreign_between > 0 {
            let between = verification.foreign_between;
            let rows = counted(between, "row", "rows");
            let message = format!("{rows} between verified ones have a hash of another rule");
            found(FindingKind::ForeignBetween, between, message);
        }
        if verification.digest == Digest::Differs {
            let message = "its rows are not those of its digest".to_owned();
            found(FindingKind::DigestDiffers, 1, message);
        }
        Ok(())
    }
}

/// Makes a finding of an error that says that the file, or a stream's table, is damaged;
/// returns any other.
fn damage(
    error: Error,
    stream: Option<&StreamUuid>,
    mut findings: Vec<Finding>,
) -> Result<Vec<Finding>> {
    let kind = match error.code() {
        ErrorCode::Corrupt => FindingKind::Damage,
        // It has come, or was written, since the rows were counted.
        ErrorCode::UnreadableRow => FindingKind::UnreadableRows,
        _ => return Err(error),
    };
    let message = error.to_string();
    findings.push(match stream {
        Some(uuid) => Finding::of_stream(kind, uuid, 1, message),
        None => Finding::of_file(kind, 1, message),
    });
    Ok(findings)
}

/// Returns the number with what it counts.
fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
