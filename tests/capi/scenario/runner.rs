//! Runs the scenario's operations on the Rust API.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::notation::*;
use crate::support::crate_file;
use satori_store::{
    Error, Finding, Format, IngestOptions, Insertion, NewObservation, OpenOptions, Remove, Retain,
    Severity, Step, Store, StoredRow, Stream, StreamUuid, Synchronous, TimeUnit, Timestamp,
};

fn is_problem(found: &Finding) -> bool {
    found.kind.severity() > Severity::Note
}

pub(crate) type Lines = Result<Vec<String>, Error>;

pub(crate) struct Runner {
    pub(crate) scratch: PathBuf,
    pub(crate) store: Option<Store>,
    pub(crate) began: Timestamp,
    /// The store's data version at the last `wait`.
    pub(crate) seen: Cell<u64>,
}

impl Runner {
    fn stream(&self, stream: Stream) -> String {
        let instant = |ts: Option<Timestamp>| match ts {
            None => "-".to_owned(),
            Some(ts) if ts >= self.began => "now".to_owned(),
            Some(ts) => ts.as_micros().to_string(),
        };
        let mut line = format!(
            "stream\t{}\t{}",
            stream.id,
            shown(Some(stream.uuid.as_str()))
        );
        line += "\t";
        line += &stream
            .server_stream_id
            .map_or("-".to_owned(), |id| id.to_string());
        for text in [
            &stream.name,
            &stream.author,
            &stream.secondary,
            &stream.target,
            &stream.meta,
            &stream.description,
        ] {
            line += "\t";
            line += &shown(text.as_deref());
        }
        line + "\t" + &instant(stream.last_synced) + "\t" + &instant(stream.created_at)
    }

    fn streams(&self, streams: impl IntoIterator<Item = Stream>) -> Lines {
        let lines = streams.into_iter().map(|stream| self.stream(stream));
        Ok(or_none(lines.collect()))
    }

    fn open(&mut self, name: &str, options: &[&str]) -> Lines {
        let on = |option| options.contains(&option);
        let mut how = OpenOptions::new()
            .read_only(on("read_only"))
            .create(!on("must_exist"))
            .keep_spelling(on("keep_spelling"))
            .skip_unreadable(on("skip_unreadable"))
            .digest(on("digest"));
        if on("full") {
            how = how.synchronous(Synchronous::Full);
        }
        if on("no_wait") {
            how = how.busy_timeout(Duration::ZERO);
        }
        self.store = Some(if on("in_memory") {
            how.open_in_memory()?
        } else {
            // A URL is a place of its own.
            how.open(match name.contains("://") {
                true => PathBuf::from(name),
                false => self.scratch.join(name),
            })?
        });
        Ok(vec!["done".to_owned()])
    }

    pub(crate) fn play(&mut self, line: &str) -> Lines {
        let done = || Ok(vec!["done".to_owned()]);
        let (op, rest) = line.split_once('\t').unwrap_or((line, ""));
        let args: Vec<&str> = rest.split('\t').collect();
        // What needs no store.
        match op {
            "parse" => {
                let parsed = Timestamp::parse_in(
                    &text(args[0]).unwrap_or_default(),
                    unit(args.get(1).copied()),
                )?;
                return Ok(vec![parsed.as_micros().to_string()]);
            }
            "uuid" => {
                let part = |index: usize| text(args[index]).unwrap_or_default();
                let uuid = StreamUuid::from_parts(&part(0), &part(1), &part(2), &part(3));
                return Ok(vec![uuid.to_string()]);
            }
            "fixture" => {
                let from = crate_file("tests/fixtures").join(args[0]);
                fs::copy(from, self.scratch.join(args[1])).unwrap();
                return done();
            }
            "open" => return self.open(args[0], &args[1..]),
            "close" => {
                self.store = None;
                return done();
            }
            _ => {}
        }
        let store = self.store.as_ref().expect("a store is open");
        let uuid = || StreamUuid::new(text(args[0]).unwrap_or_default());
        let name = || text(args[0]).unwrap_or_default();
        match op {
            "backup" => {
                assert!(store.backup(self.scratch.join(name()))? > 0);
                done()
            }
            "compact" => {
                let compacted = store.compact()?;
                let is_smaller = compacted.after < compacted.before;
                Ok(vec![
                    ["same", "smaller"][usize::from(is_smaller)].to_owned(),
                ])
            }
            "upsert" => self.streams([store.upsert_stream(&uuid()?, &patch(&args[1..]))?]),
            "update" => self.streams([store.update_stream(&uuid()?, &patch(&args[1..]))?]),
            "stream" => self.streams(store.stream(&uuid()?)?),
            "by_name" => self.streams(store.stream_by_name(&name())?),
            "streams_by_name" => self.streams(store.streams_by_name(&name())?),
            "by_server_id" => self.streams(store.streams_by_server_id(args[0].parse().unwrap())?),
            "streams" => self.streams(store.streams()?),
            "search" => self.streams(store.search_streams(&name())?),
            "stale" => self.streams(store.stale_streams(instant(args[0]))?),
            "without_metadata" | "with_data" | "quarantined_streams" => {
                let uuids = match op {
                    "with_data" => store.streams_with_data()?,
                    "quarantined_streams" => store.quarantined_streams()?,
                    _ => store.streams_without_metadata()?,
                };
                let lines = uuids.iter().map(|uuid| shown(Some(uuid.as_str())));
                Ok(or_none(lines.collect()))
            }
            "contains" => {
                let contains = store.contains(&uuid()?)?;
                Ok(vec![format!("contains {}", i32::from(contains))])
            }
            "sync" => Ok(vec![json(&store.sync_streams(&input(args[0]))?)]),
            "remove" => {
                let what = match args[1] {
                    "metadata" => Remove::Metadata,
                    "data" => Remove::Data,
                    _ => Remove::Both,
                };
                let removed = store.remove(&uuid()?, what)?;
                let (metadata, rows) = (removed.metadata, removed.rows);
                let rows = rows.unwrap_or(0);
                Ok(vec![format!(
                    "metadata {} rows {rows}",
                    i32::from(metadata)
                )])
            }
            "insert" => {
                let value = args[2].parse().unwrap();
                let (hash, provider) = (text(args[3]), text(args[4]));
                let mut row = NewObservation::new(instant(args[1]), value);
                row.hash = hash.as_deref();
                row.provider = provider.as_deref().unwrap_or(row.provider);
                Ok(vec![match store.insert(&uuid()?, &row)? {
                    Insertion::Inserted => format!("inserted {value:.6}"),
                    Insertion::AlreadyThere => format!("already_there {value:.6}"),
                    Insertion::Conflict(conflict) => {
                        format!("conflict {:.6}", conflict.stored.unwrap())
                    }
                }])
            }
            "insert_many" | "insert_spelled" => {
                let rows: Vec<_> = args[1..].iter().map(|row| RowText::new(row)).collect();
                let rows = rows.iter().map(|row| match op {
                    "insert_spelled" => row.spelled(),
                    _ => Ok(row.observation()),
                });
                let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
                Ok(inserted(&store.insert_many(&uuid()?, &rows)?))
            }
            "insert_across" => {
                let rows = args.iter().map(|row| row.split_once(',').unwrap());
                let read = |(uuid, row): (&str, _)| {
                    Ok::<_, Error>((StreamUuid::new(uuid)?, RowText::new(row)))
                };
                let rows = rows.map(read);
                let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
                let rows = rows.iter().map(|(uuid, row)| (uuid, row.observation()));
                Ok(inserted(&store.insert_across(&rows.collect::<Vec<_>>())?))
            }
            "copy" => {
                let rows = store.record_batches(&uuid()?, range(args[1], args[2]))?;
                let target = StreamUuid::new(text(args[3]).unwrap_or_default())?;
                let provider = text(args[4]);
                let report = store.insert_record_batches(
                    &target,
                    rows,
                    provider.as_deref(),
                    TimeUnit::Auto,
                )?;
                Ok(inserted(&report))
            }
            // The batch is C's; Rust's iterator has one of its own.
            "range" => {
                let found = store.observations(&uuid()?, range(args[1], args[2]))?;
                Ok(rows(found.collect::<Result<Vec<_>, _>>()?))
            }
            "last" => Ok(rows(store.last(&uuid()?, args[1].parse().unwrap())?)),
            "latest" => Ok(rows(store.latest(&uuid()?)?)),
            "first" => Ok(rows(store.first(&uuid()?, args[1].parse().unwrap())?)),
            "last_before" => {
                let (before, count) = (instant(args[1]), args[2].parse().unwrap());
                Ok(rows(store.last_before(&uuid()?, before, count)?))
            }
            "as_of" => Ok(rows(store.as_of(&uuid()?, instant(args[1]))?)),
            "latest_of" => {
                let uuids = uuids(&args)?;
                let latest = store.latest_of(&uuids.iter().collect::<Vec<_>>())?;
                let rows = uuids.into_iter().zip(latest);
                Ok(of_streams(
                    rows.filter_map(|(uuid, row)| Some((uuid, row?))),
                ))
            }
            "latest_of_all" => Ok(of_streams(store.latest_of_all()?)),
            "wait" => {
                let seen = self.seen.replace(store.data_version()?);
                let now = store.wait(seen, Duration::ZERO)?;
                let word = if now == seen { "same" } else { "changed" };
                Ok(vec![word.to_owned()])
            }
            "newer" => {
                let after = args[1..].iter().map(|after| after.split_once(',').unwrap());
                let read = |(uuid, ts): (&str, &str)| Ok((StreamUuid::new(uuid)?, instant(ts)));
                let after: Vec<_> = after.map(read).collect::<Result<_, Error>>()?;
                let after: Vec<_> = after.iter().map(|(uuid, ts)| (uuid, *ts)).collect();
                Ok(of_streams(store.newer(&after, args[0].parse().unwrap())?))
            }
            "interrupt" => {
                store.interrupt();
                Ok(vec!["done".to_owned()])
            }
            "resample" => {
                let step: Step = text(args[3]).unwrap_or_default().parse()?;
                let found = store.resample(&uuid()?, range(args[1], args[2]), &step)?;
                let found: Vec<_> = match args.get(4) {
                    Some(_) => found.with_empty().collect::<Result<_, _>>()?,
                    None => found.collect::<Result<_, _>>()?,
                };
                Ok(summaries(found))
            }
            "align" => {
                let uuids = uuids(&args[4..])?;
                let step: Step = text(args[2]).unwrap_or_default().parse()?;
                let found = store.align(
                    &uuids.iter().collect::<Vec<_>>(),
                    range(args[0], args[1]),
                    &step,
                    fill(args[3]),
                )?;
                let found = found.collect::<Result<Vec<_>, _>>()?;
                let lines = found
                    .iter()
                    .flat_map(|batch| aligned(&batch.ts, &batch.values));
                let lines: Vec<_> = lines.collect();
                Ok(match lines.is_empty() {
                    true => aligned(&[], &[]),
                    false => lines,
                })
            }
            "align_to" => {
                let uuids = uuids(&args[2..])?;
                let ts: Vec<i64> = args[0].split(',').map(|ts| ts.parse().unwrap()).collect();
                let instants: Vec<_> = ts.iter().map(|ts| Timestamp::from_micros(*ts)).collect();
                let uuids: Vec<_> = uuids.iter().collect();
                Ok(aligned(
                    &ts,
                    &store.align_to(&uuids, &instants, fill(args[1]))?,
                ))
            }
            "streams_of" => {
                let uuids = uuids(&args)?;
                let found = store.streams_of(&uuids.iter().collect::<Vec<_>>())?;
                self.streams(found.into_iter().flatten())
            }
            "streams_named" => {
                let names: Vec<_> = args.iter().map(|name| text(name).unwrap()).collect();
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                self.streams(store.streams_named(&names)?.into_iter().flatten())
            }
            "at" => Ok(rows(store.observation(&uuid()?, instant(args[1]))?)),
            "spelled" => {
                let found = store.observations(&uuid()?, range(args[1], args[2]))?;
                Ok(spelled(found.collect::<Result<Vec<_>, _>>()?))
            }
            "spelled_last" => Ok(spelled(store.last(&uuid()?, args[1].parse().unwrap())?)),
            "spelled_at" => Ok(spelled(store.observation(&uuid()?, instant(args[1]))?)),
            "count" => {
                let count = store.count(&uuid()?, range(args[1], args[2]))?;
                Ok(vec![format!("count {count}")])
            }
            "delete" => {
                let count = store.delete(&uuid()?, range(args[1], args[2]))?;
                Ok(vec![format!("count {count}")])
            }
            "retain" => {
                let keep = match text(args[1]) {
                    Some(since) => Retain::Since(instant(&since)),
                    None => Retain::Last(args[2].parse().unwrap()),
                };
                let count = match args[3] {
                    "dry" => store.retain_dry_run(&uuid()?, keep)?,
                    _ => store.retain(&uuid()?, keep)?,
                };
                Ok(vec![format!("count {count}")])
            }
            "check_stream" => {
                let found = store.check_stream(&uuid()?)?;
                let problems = found.iter().filter(|found| is_problem(found)).count();
                Ok(vec![format!("problems {problems}"), json(&found)])
            }
            "check" | "check_file" => {
                let since = text(args[0]).map(|since| instant(&since));
                let found = match op {
                    "check" => store.check(since)?,
                    _ => store.check_file(since)?,
                };
                let kind = format!("\"kind\":\"{}\"", args[1]);
                let is_found = json(&found).contains(&kind);
                Ok(vec![
                    ["not found", "found"][usize::from(is_found)].to_owned(),
                ])
            }
            "statistics" => {
                let found = store.statistics(&uuid()?)?;
                let ts = |ts: Option<Timestamp>| {
                    ts.map_or("-".to_owned(), |ts| ts.as_micros().to_string())
                };
                Ok(vec![
                    format!(
                        "count {} unreadable {} first {} last {} minimum {:.6} maximum {:.6} \
                         sum {:.6} spacing {} gaps {}",
                        found.count,
                        found.unreadable,
                        ts(found.first),
                        ts(found.last),
                        found.minimum.unwrap_or(0.0),
                        found.maximum.unwrap_or(0.0),
                        found.sum,
                        found.spacing.unwrap_or_default().as_micros(),
                        found.gaps
                    ),
                    json(&found.providers),
                ])
            }
            "normalize" => {
                let report = match args[1] {
                    "dry" => store.normalize_dry_run(&uuid()?)?,
                    _ => store.normalize(&uuid()?)?,
                };
                Ok(vec![
                    format!("rewritten {}", report.rewritten),
                    json(&report),
                ])
            }
            "unreadable" => Ok(unreadable(&store.unreadable(&uuid()?)?)),
            "quarantine" => Ok(unreadable(&match args[1] {
                "dry" => store.unreadable(&uuid()?)?,
                _ => store.quarantine(&uuid()?)?,
            })),
            "quarantined" => Ok(unreadable(&store.quarantined(&uuid()?)?)),
            "restore" => {
                let done = store.restore(&uuid()?)?;
                Ok(vec![format!(
                    "restored {} kept {}",
                    done.restored, done.kept
                )])
            }
            "restate_digest" => {
                store.restate_digest(&uuid()?)?;
                Ok(vec!["done".to_owned()])
            }
            "verify" => {
                let found = store.verify(&uuid()?)?;
                Ok(vec![
                    format!(
                        "rows {} verified {} foreign {} between {} suspect {} digest {}",
                        found.rows,
                        found.verified,
                        found.foreign.len(),
                        found.foreign_between,
                        found.suspect.len(),
                        found.digest as i32
                    ),
                    json(&found),
                ])
            }
            "ingest" => {
                let mut options = IngestOptions::new().strict(args[2] == "strict");
                if let Some(uuid) = text(args[0]) {
                    options = options.uuid(StreamUuid::new(uuid)?);
                }
                if let Some(provider) = text(args[1]) {
                    options = options.provider(provider);
                }
                if args.get(4).is_some_and(|format| *format == "ndjson") {
                    options = options.format(Format::NdJson);
                }
                if let Some(line) = args.get(5) {
                    options = options.first_line(line.parse().unwrap());
                }
                options = options.unit(unit(args.get(6).copied()));
                Ok(ingested(&store.ingest(&input(args[3]), &options)?))
            }
            _ => panic!("no operation {op}"),
        }
    }
}

/// Returns the uuids that all arguments are.
fn uuids(args: &[&str]) -> Result<Vec<StreamUuid>, Error> {
    args.iter()
        .map(|uuid| StreamUuid::new(text(uuid).unwrap_or_default()))
        .collect()
}

/// Answers with rows that can't be read: how many, and as JSON.
fn unreadable(rows: &[StoredRow]) -> Vec<String> {
    vec![format!("count {}", rows.len()), json(&rows)]
}

/// Returns the unit of this name.
fn unit(name: Option<&str>) -> TimeUnit {
    match name {
        Some("s") => TimeUnit::Seconds,
        Some("ms") => TimeUnit::Milliseconds,
        Some("us") => TimeUnit::Microseconds,
        Some("ns") => TimeUnit::Nanoseconds,
        _ => TimeUnit::Auto,
    }
}
