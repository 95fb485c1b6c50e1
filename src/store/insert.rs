//! Inserting observations.

use std::collections::HashMap;

use super::Store;
use super::connection::Connection;
use crate::backend::{Backend, Inserted};
use crate::model::error::{Error, Result};
use crate::model::observation::{InsertReport, Insertion, NewObservation};
use crate::model::uuid::StreamUuid;

impl Store {
    /// Inserts one observation, making the stream's table if there is none.
    /// A row that already exists is never overwritten.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the value is not finite,
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) if the instant can't be stored,
    /// [`Error::NotAStream`](crate::Error::NotAStream) if the uuid is taken, or a rule of another
    /// program keeps the row out,
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) if the stored row that it must be
    /// compared with, or chained to, can't be read,
    /// [`Error::InvalidUuid`](crate::Error::InvalidUuid) if the stream has no table, and its uuid
    /// comes from metadata in which another program has broken the rules.
    pub fn insert(&self, uuid: &StreamUuid, observation: &NewObservation<'_>) -> Result<Insertion> {
        self.run(|connection| {
            if connection.insert_new(uuid, observation)? {
                return Ok(Insertion::Inserted);
            }
            let rows = std::iter::once(*observation);
            let inserted = connection.write(|connection| insert(connection, &[(uuid, rows)]))?;
            let Inserted {
                mut report,
                mut refused,
            } = inserted.into_iter().next().unwrap_or_default();
            if let Some((_, error)) = refused.pop() {
                return Err(error);
            }
            Ok(match report.conflicts.pop() {
                Some((_, conflict)) => Insertion::Conflict(conflict),
                None if report.inserted == 1 => Insertion::Inserted,
                None => Insertion::AlreadyThere,
            })
        })
    }

    /// Inserts observations in their order, in one transaction: all that are new
    /// are stored, or, on an error, none. An empty list makes the table, if there is none.
    /// A row whose instant has a row that can't be read is a conflict, whose stored value is
    /// `None`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), but for `UnreadableRow`.
    pub fn insert_many(
        &self,
        uuid: &StreamUuid,
        observations: &[NewObservation<'_>],
    ) -> Result<InsertReport> {
        self.insert_all(uuid, observations.iter().copied())
    }

    /// Inserts observations as [`insert_many`](Self::insert_many) does, from an iterator.
    pub(crate) fn insert_all<'a>(
        &self,
        uuid: &StreamUuid,
        observations: impl Iterator<Item = NewObservation<'a>> + Clone,
    ) -> Result<InsertReport> {
        let reports = self.insert_rows(&[(uuid, observations)])?;
        Ok(reports.into_iter().next().unwrap_or_default())
    }

    /// Inserts observations, each into its stream, in one transaction, which costs a small
    /// part of a call for each stream: all that are new are stored, or, on an error, none.
    /// The rows of a stream are inserted in their order, as by
    /// [`insert_many`](Self::insert_many). The indexes of the report are those of `rows`.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// let bitcoin = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let ether = StreamUuid::from_parts("central", "satori", "ether", "");
    /// let now = Timestamp::now();
    /// let report = store.insert_across(&[
    ///     (&bitcoin, NewObservation::new(now, 45000.5)),
    ///     (&ether, NewObservation::new(now, 2500.25)),
    /// ])?;
    /// assert_eq!(report.inserted, 2);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many), for any of the streams.
    pub fn insert_across(
        &self,
        rows: &[(&StreamUuid, NewObservation<'_>)],
    ) -> Result<InsertReport> {
        let mut places = HashMap::new();
        let mut streams: Vec<(&StreamUuid, Vec<usize>)> = Vec::new();
        for (index, (uuid, _)) in rows.iter().enumerate() {
            let place = *places.entry(*uuid).or_insert_with(|| {
                streams.push((uuid, Vec::new()));
                streams.len() - 1
            });
            if let Some((_, indexes)) = streams.get_mut(place) {
                indexes.push(index);
            }
        }
        let row = |index: &usize| rows.get(*index).map(|(_, row)| *row);
        let by_stream: Vec<_> = streams
            .iter()
            .map(|(uuid, indexes)| (*uuid, indexes.iter().filter_map(row)))
            .collect();
        let reports = self.insert_rows(&by_stream)?;
        let mut all = InsertReport::default();
        for (report, (_, indexes)) in reports.into_iter().zip(&streams) {
            all.inserted += report.inserted;
            all.already_there += report.already_there;
            let conflicts = report.conflicts.into_iter();
            all.conflicts.extend(
                conflicts.filter_map(|(place, conflict)| Some((*indexes.get(place)?, conflict))),
            );
        }
        all.conflicts.sort_by_key(|(index, _)| *index);
        Ok(all)
    }

    /// Inserts the rows of each stream, in one transaction.
    fn insert_rows<'a, Rows>(&self, streams: &[(&StreamUuid, Rows)]) -> Result<Vec<InsertReport>>
    where
        Rows: Iterator<Item = NewObservation<'a>> + Clone,
    {
        let call = self.as_one_call();
        let met = call.write_nothing(|connection| compare(connection, streams))?;
        if let Some(reports) = met {
            return Ok(reports);
        }
        call.write(|connection| {
            let inserted = insert(connection, streams)?;
            let reports = inserted
                .into_iter()
                .zip(streams)
                .map(|(inserted, (_, rows))| {
                    let Inserted {
                        mut report,
                        refused,
                    } = inserted;
                    let refused: Vec<_> = refused.into_iter().map(|(index, _)| index).collect();
                    report.count_unreadable(&refused, rows.clone());
                    report
                });
            Ok(reports.collect())
        })
    }
}

/// Returns what inserting the rows comes to if nothing of it is new, and one look at each
/// stream shows that; else `None`. Hosts offer the same rows again and again: that must not
/// wait for the lock.
fn compare<'a, Rows>(
    connection: &mut Connection,
    streams: &[(&StreamUuid, Rows)],
) -> Result<Option<Vec<InsertReport>>>
where
    Rows: Iterator<Item = NewObservation<'a>> + Clone,
{
    let mut reports = Vec::with_capacity(streams.len());
    for (uuid, rows) in streams {
        let mut report = InsertReport::default();
        let mut rows = rows.clone();
        let is_met = match (rows.next(), rows.next()) {
            (None, _) => connection.has_data(uuid)?,
            (Some(row), None) => match connection.compare(uuid, &row)? {
                Some(insertion) => {
                    report.count(0, insertion);
                    true
                }
                None => false,
            },
            _ => false,
        };
        if !is_met {
            return Ok(None);
        }
        reports.push(report);
    }
    Ok(Some(reports))
}

/// Inserts the rows of each stream, all or none, but for those whose instant has a row that
/// can't be read.
fn insert<'a, Rows>(
    connection: &mut impl Backend,
    streams: &[(&StreamUuid, Rows)],
) -> Result<Vec<Inserted>>
where
    Rows: Iterator<Item = NewObservation<'a>> + Clone,
{
    let streams = streams.iter().map(|(uuid, rows)| (*uuid, rows.clone()));
    let mut done = Vec::new();
    for inserted in connection.insert(streams)? {
        let mut inserted = inserted?;
        let fatal = |(_, error): &(usize, Error)| !matches!(error, Error::UnreadableRow { .. });
        if let Some(place) = inserted.refused.iter().position(fatal) {
            return Err(inserted.refused.swap_remove(place).1);
        }
        done.push(inserted);
    }
    Ok(done)
}
