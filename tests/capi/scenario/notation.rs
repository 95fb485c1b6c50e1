//! How arguments and answers are written in `tests/scenario.txt`.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use crate::support::*;
use satori_store::{
    Error, Fill, IngestReport, InsertReport, NewObservation, Observation, StoredTimestamp,
    StreamPatch, StreamUuid, Summary, Timestamp,
};

/// Returns an argument's text, or `None` for `-`.
pub(crate) fn text(argument: &str) -> Option<String> {
    if argument == "-" {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = argument;
    while let Some((plain, escape)) = rest.split_once("\\x") {
        bytes.extend_from_slice(plain.as_bytes());
        bytes.push(u8::from_str_radix(&escape[..2], 16).unwrap());
        rest = &escape[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8(bytes).unwrap())
}

/// Returns text as it stands in an answer.
pub(crate) fn shown(text: Option<&str>) -> String {
    match text {
        None => "-".to_owned(),
        Some("-") => "\\x2d".to_owned(),
        Some(text) => text.chars().fold(String::new(), |mut shown, char| {
            match char {
                '\0'..' ' | '\x7f' | '\\' => write!(shown, "\\x{:02x}", char as u32).unwrap(),
                _ => shown.push(char),
            }
            shown
        }),
    }
}

pub(crate) fn instant(argument: &str) -> Timestamp {
    Timestamp::from_micros(argument.parse().unwrap())
}

pub(crate) fn range(
    from: &str,
    to: &str,
) -> (std::ops::Bound<Timestamp>, std::ops::Bound<Timestamp>) {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    (
        text(from).map_or(Unbounded, |from| Included(instant(&from))),
        text(to).map_or(Unbounded, |to| Excluded(instant(&to))),
    )
}

pub(crate) fn json(report: &impl serde::Serialize) -> String {
    shown(Some(&serde_json::to_string(report).unwrap()))
}

/// Returns the bytes of a JSON argument.
pub(crate) fn input(argument: &str) -> Vec<u8> {
    match argument.strip_prefix('@') {
        Some(feed) => fs::read(crate_file("tests/feeds").join(feed)).unwrap(),
        None => text(argument).unwrap_or_default().into_bytes(),
    }
}

pub(crate) fn or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return vec!["count 0".to_owned()];
    }
    lines
}

pub(crate) fn rows(rows: impl IntoIterator<Item = Observation>) -> Vec<String> {
    let line = |row: Observation| {
        let (hash, provider) = (shown(Some(&row.hash)), shown(Some(&row.provider)));
        let ts = row.ts.as_micros();
        format!("{ts}\t{:.6}\t{hash}\t{provider}", row.value)
    };
    or_none(rows.into_iter().map(line).collect())
}

/// Returns rows of several streams, each behind its stream.
pub(crate) fn of_streams(
    found: impl IntoIterator<Item = (StreamUuid, Observation)>,
) -> Vec<String> {
    let line = |(uuid, row): (StreamUuid, Observation)| {
        let row = rows([row]).remove(0);
        format!("{}\t{row}", shown(Some(uuid.as_str())))
    };
    or_none(found.into_iter().map(line).collect())
}

/// Returns a number, `-` for none.
fn number(value: f64) -> String {
    match value.is_nan() {
        true => "-".to_owned(),
        false => format!("{value:.6}"),
    }
}

/// Returns the summaries of steps.
pub(crate) fn summaries(summaries: impl IntoIterator<Item = Summary>) -> Vec<String> {
    let line = |of: Summary| {
        let bounds = [of.start, of.end].map(|ts| ts.as_micros().to_string());
        let numbers = [of.first, of.last, of.min, of.max, of.mean, of.sum].map(number);
        format!(
            "{}\t{}\t{}",
            bounds.join("\t"),
            of.count,
            numbers.join("\t")
        )
    };
    or_none(summaries.into_iter().map(line).collect())
}

/// Returns rows of values of several streams.
pub(crate) fn aligned(ts: &[i64], values: &[Vec<f64>]) -> Vec<String> {
    let line = |(row, ts): (usize, &i64)| {
        let values = values.iter().map(|column| number(column[row]));
        let cells = std::iter::once(ts.to_string()).chain(values);
        cells.collect::<Vec<_>>().join("\t")
    };
    or_none(ts.iter().enumerate().map(line).collect())
}

/// Returns the fill of this name; behind a colon stands the largest age.
pub(crate) fn fill(name: &str) -> Fill {
    match name {
        "exact" => Fill::Exact,
        "mean" => Fill::Mean,
        name => Fill::AsOf {
            max_age: name
                .split_once(':')
                .map(|(_, age)| Duration::from_micros(age.parse().unwrap())),
        },
    }
}

/// A row that is to be inserted, as an argument gives it.
pub(crate) struct RowText<'a> {
    ts: &'a str,
    value: f64,
    hash: Option<&'a str>,
    provider: Option<&'a str>,
}

impl<'a> RowText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let parts: Vec<&str> = text.split(',').collect();
        let given = |part: usize| Some(parts[part]).filter(|text| *text != "-");
        Self {
            ts: parts[0],
            value: parts[1].parse().unwrap(),
            hash: given(2),
            provider: given(3),
        }
    }

    pub(crate) fn observation(&self) -> NewObservation<'a> {
        self.complete(NewObservation::new(instant(self.ts), self.value))
    }

    pub(crate) fn spelled(&self) -> Result<NewObservation<'a>, Error> {
        Ok(self.complete(NewObservation::spelled(self.ts, self.value)?))
    }

    fn complete(&self, mut row: NewObservation<'a>) -> NewObservation<'a> {
        row.hash = self.hash;
        row.provider = self.provider.unwrap_or(row.provider);
        row
    }
}

/// Returns rows with the timestamp as it is stored, `-` for what the store itself writes.
pub(crate) fn spelled(rows: impl IntoIterator<Item = Observation>) -> Vec<String> {
    let line = |row: Observation| {
        let (hash, provider) = (shown(Some(&row.hash)), shown(Some(&row.provider)));
        let ts = row.ts.as_micros();
        let stored = match &row.stored_ts {
            StoredTimestamp::Integer(seconds) if seconds * 1_000_000 == ts => None,
            StoredTimestamp::Real(seconds) if *seconds == ts as f64 / 1e6 => None,
            other => Some(other.to_string()),
        };
        let stored = shown(stored.as_deref());
        format!("{ts}\t{stored}\t{:.6}\t{hash}\t{provider}", row.value)
    };
    or_none(rows.into_iter().map(line).collect())
}

pub(crate) fn patch(fields: &[&str]) -> StreamPatch {
    fields.iter().fold(StreamPatch::new(), |patch, field| {
        let (name, value) = match field.strip_prefix('!') {
            Some(name) => (name, None),
            None => {
                let (name, value) = field[1..].split_once('=').unwrap();
                (name, Some(text(value).unwrap()))
            }
        };
        match name {
            "server_stream_id" => patch.server_stream_id(value.map(|id| id.parse().unwrap())),
            "name" => patch.name(value),
            "author" => patch.author(value),
            "secondary" => patch.secondary(value),
            "target" => patch.target(value),
            "meta" => patch.meta(value),
            "description" => patch.description(value),
            _ => panic!("{field}"),
        }
    })
}

pub(crate) fn inserted(report: &InsertReport) -> Vec<String> {
    let conflicts = report.conflicts.len();
    vec![
        format!(
            "inserted {} already_there {} conflicts {conflicts}",
            report.inserted, report.already_there
        ),
        json(&report.conflicts),
    ]
}

pub(crate) fn ingested(report: &IngestReport) -> Vec<String> {
    vec![
        format!(
            "payloads {} inserted {} already_there {} nothing {} conflicts {} rejected {}",
            report.payloads,
            report.inserted,
            report.already_there,
            report.nothing,
            report.conflicts.len(),
            report.rejected.len()
        ),
        json(report),
    ]
}
