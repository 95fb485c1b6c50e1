//! Calls of the public interface, how they are generated, and their answers as text.

use proptest::prelude::*;
use proptest::sample::select;
use satori_store::{
    Error, IngestOptions, NewObservation, Remove, Result, Retain, Store, StreamPatch, StreamUuid,
    Timestamp,
};
use serde_json::{Value, json};

use super::looks;
use crate::support::*;

/// The second since 1970 from which the tests count.
pub(super) const NOON: i64 = 1_704_283_200;

/// Streams: some that often meet, some whose names differ in case, some hostile.
pub(super) const NAMES: [&str; 12] = [
    "a",
    "b",
    "c",
    "A",
    "d39cd529-5dd4-5e4b-abc9-90b3751e71f1",
    "D39CD529-5dd4-5e4b-abc9-90b3751e71f1",
    "é",
    "É",
    "observations",
    "o'; DROP TABLE streams; --",
    "\"q\" [x] `y` %_ \\",
    " ",
];
/// What metadata, hashes and providers may be.
pub(super) const TEXTS: [&str; 12] = [
    "one",
    "ONE",
    "é",
    "É",
    "",
    "two",
    "null",
    "o'; DROP TABLE streams; --",
    "%_\\\\\"",
    "line\nand\ttab",
    "\u{feff}\u{1f980}\u{10ffff}",
    "{\"a\": [1]}",
];
const SPELLINGS: [&str; 12] = [
    "2024-01-03 12:00",
    "2024-01-03T12:00:01Z",
    "2024-01-03T12:00:01.25",
    " 2024-01-03 12:00:02 ",
    "2024-01-03 14:00:03+02:00",
    "2024-01-03",
    "1704283200",
    "1704283200.5",
    "1704283201000",
    "1704283201250.0",
    "-62135596800",
    "1.7042832e9",
];
/// Their sums are the same in any order.
const VALUES: [f64; 8] = [0.0, 1.0, 2.5, -7.25, 3.0, 1e9, 1e300, -0.0];

type Name = &'static str;
type Text = &'static str;

/// A row that is offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// Unless it is spelled.
    ts: Timestamp,
    spelling: Option<Text>,
    value: f64,
    hash: Option<Text>,
    provider: Option<Text>,
}

impl Offer {
    fn row(&self) -> Result<NewObservation<'static>> {
        let mut row = match self.spelling {
            Some(text) => NewObservation::spelled(text, self.value)?,
            None => NewObservation::new(self.ts, self.value),
        };
        row.hash = self.hash;
        Ok(match self.provider {
            Some(provider) => row.provider(provider),
            None => row,
        })
    }
}

/// A call, or the looks at a stream or at all of them.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Insert(Name, Offer),
    InsertMany(Name, Vec<Offer>),
    /// So many that they are copied in, or read by several pages.
    InsertBulk(Name, i64, usize),
    InsertAcross(Vec<(Name, Offer)>),
    Ingest(String, Option<Name>, Option<Text>, bool),
    Sync(String),
    Upsert(Name, StreamPatch),
    Update(Name, StreamPatch),
    Remove(Name, Remove),
    Delete(Name, Timestamp, Timestamp),
    Retain(Name, Retain),
    Normalize(Name),
    Quarantine(Name),
    Restore(Name),
    Stream(Name, Timestamp, Timestamp, usize),
    Streams(Text, Timestamp, usize),
}

pub(super) fn name() -> impl Strategy<Value = Name> + Clone {
    prop_oneof![6 => select(&NAMES[..3]), 2 => select(&NAMES[..])]
}

fn text() -> impl Strategy<Value = Text> + Clone {
    prop_oneof![2 => select(&TEXTS[..5]), 1 => select(&TEXTS[..])]
}

/// Generates instants that often meet, and a few that are odd, or can't be stored.
pub(super) fn instant() -> impl Strategy<Value = Timestamp> + Clone {
    let near = (0..24_i64).prop_map(|quarter| NOON * 1_000_000 + quarter * 250_000);
    let odd = select(&[
        0,
        -1,
        -1_500_000,
        1_704_283_200_000_001,
        99_999_999_999_000_000,
        100_000_000_000_000_000,
        -100_000_000_000_000_000,
        95_000_000_000_000_001,
        i64::MIN,
        i64::MAX,
    ]);
    prop_oneof![20 => near, 1 => odd].prop_map(Timestamp::from_micros)
}

fn offer() -> impl Strategy<Value = Offer> + Clone {
    let value = prop_oneof![40 => select(&VALUES[..]), 1 => Just(f64::NAN)];
    let spelling = prop_oneof![6 => Just(None), 1 => select(&SPELLINGS[..]).prop_map(Some)];
    let maybe = || prop_oneof![2 => Just(None), 1 => text().prop_map(Some)];
    let parts = (instant(), spelling, value, maybe(), maybe());
    parts.prop_map(|(ts, spelling, value, hash, provider)| Offer {
        ts,
        spelling,
        value,
        hash,
        provider,
    })
}

/// Generates rows, whose hashes are all given, or some.
fn offers() -> impl Strategy<Value = Vec<Offer>> + Clone {
    let offers = prop::collection::vec(offer(), 0..14);
    (offers, any::<bool>()).prop_map(|(mut offers, are_hashed)| {
        if are_hashed {
            offers.iter_mut().for_each(|offer| offer.hash = Some("h"));
        }
        offers
    })
}

/// Generates the fields of a stream object: absent, null, or set.
fn fields() -> impl Strategy<Value = Vec<(&'static str, Value)>> + Clone {
    const NAMES: [&str; 6] = [
        "name",
        "author",
        "secondary",
        "target",
        "meta",
        "description",
    ];
    let value = prop_oneof![1 => Just(Value::Null), 4 => text().prop_map(Value::from)];
    let number = prop_oneof![
        Just(Value::Null),
        (0..4_i64).prop_map(Value::from),
        Just(json!("x"))
    ];
    let field = prop_oneof![
        8 => (select(&NAMES[..]), value),
        1 => number.prop_map(|number| ("id", number)),
        1 => Just(("meta", json!({"a": [1, null]}))),
        1 => Just(("later", json!([]))),
    ];
    prop::collection::vec(field, 0..3)
}

fn stream_object() -> impl Strategy<Value = Value> + Clone {
    let uuid = prop_oneof![
        30 => name().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => select(&["", "streams", "__x", "a\tb"][..]).prop_map(Value::from),
    ];
    (uuid, fields()).prop_map(|(uuid, fields)| {
        let mut object = json!({"uuid": uuid});
        for (field, value) in fields {
            object[field] = value;
        }
        object
    })
}

fn payload() -> impl Strategy<Value = Value> + Clone {
    let values = [
        json!(1),
        json!("2"),
        json!(3.5),
        json!("1e400"),
        json!(null),
        json!(true),
    ];
    let values = (select(values.to_vec()), select(&VALUES[..]));
    let value = (0..6_u8, values).prop_map(|(which, (odd, value))| match which {
        0 => odd,
        _ => json!(value),
    });
    let seconds = |ts: Timestamp| json!(ts.as_micros() as f64 / 1e6);
    let ts = prop_oneof![
        4 => instant().prop_map(seconds),
        1 => instant().prop_map(move |ts| json!(seconds(ts).to_string())),
        1 => select(&SPELLINGS[..]).prop_map(Value::from),
    ];
    let field = select(&["observed_at", "ts"][..]);
    let hash = prop_oneof![Just(None), text().prop_map(Some)];
    let stream = prop::option::weighted(0.9, stream_object());
    let whole = (field, ts, value, hash, stream).prop_map(|(field, ts, value, hash, stream)| {
        let mut payload = json!({field: ts, "value": value});
        for (field, value) in [("hash", hash.map(Value::from)), ("stream", stream)] {
            if let Some(value) = value {
                payload[field] = value;
            }
        }
        payload
    });
    prop_oneof![20 => whole, 1 => Just(Value::Null), 1 => Just(json!({"value": 1}))]
}

/// Generates a batch in each shape: one payload, an array, lines, one of them cut short.
fn batch() -> impl Strategy<Value = String> + Clone {
    let payloads = prop::collection::vec(payload(), 1..9);
    // Those of hosts have a hash each, and streams that are known.
    (payloads, 0..4_u8, any::<bool>()).prop_map(|(mut payloads, shape, are_hashed)| {
        for payload in payloads.iter_mut().filter(|payload| payload.is_object()) {
            if are_hashed {
                payload["hash"] = json!("h");
            }
        }
        let lines: Vec<_> = payloads.iter().map(Value::to_string).collect();
        match shape {
            0 => lines[0].clone(),
            1 => Value::from(payloads).to_string(),
            2 => lines.join("\n"),
            _ => lines.join("\n") + "\n{\"value\": 1",
        }
    })
}

fn patch() -> impl Strategy<Value = StreamPatch> + Clone {
    let value = prop::option::of(text().prop_map(str::to_owned));
    let name = prop::option::of(value.clone());
    let other = prop::option::of(value);
    let number = prop::option::of(prop::option::of(0..4_i64));
    (name, other.clone(), other, number).prop_map(|(name, meta, description, number)| {
        let mut patch = StreamPatch::new();
        if let Some(name) = name {
            patch = patch.name(name);
        }
        if let Some(meta) = meta {
            patch = patch.meta(meta);
        }
        if let Some(description) = description {
            patch = patch.description(description);
        }
        match number {
            Some(number) => patch.server_stream_id(number),
            None => patch,
        }
    })
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let maybe = || prop_oneof![3 => Just(None), 1 => text().prop_map(Some)];
    // Their hashes are computed: to verify those that were given takes long.
    let rows = prop_oneof![15 => Just(1_100), 1 => Just(5_100)];
    let bulk = (name(), 0..4_000_i64, rows);
    let across = prop::collection::vec((name(), offer()), 0..9);
    let alone = prop_oneof![4 => Just(None), 1 => name().prop_map(Some)];
    let ingest = (batch(), alone, maybe(), prop::bool::weighted(0.2));
    let objects = prop::collection::vec(stream_object(), 0..5);
    let remove = select(&[Remove::Metadata, Remove::Data, Remove::Both][..]);
    let retain = prop_oneof![
        (0..20_u64).prop_map(Retain::Last),
        instant().prop_map(Retain::Since)
    ];
    prop_oneof![
        16 => (name(), offer()).prop_map(|(name, offer)| Call::Insert(name, offer)),
        16 => (name(), offers()).prop_map(|(name, offers)| Call::InsertMany(name, offers)),
        5 => bulk.prop_map(|(name, from, rows)| Call::InsertBulk(name, from, rows)),
        12 => across.prop_map(Call::InsertAcross),
        32 => ingest.prop_map(|(batch, alone, provider, strict)| {
            Call::Ingest(batch, alone, provider, strict)
        }),
        6 => objects.prop_map(|objects| Call::Sync(Value::from(objects).to_string())),
        6 => (name(), patch()).prop_map(|(name, patch)| Call::Upsert(name, patch)),
        4 => (name(), patch()).prop_map(|(name, patch)| Call::Update(name, patch)),
        6 => (name(), remove).prop_map(|(name, remove)| Call::Remove(name, remove)),
        4 => (name(), instant(), instant()).prop_map(|(name, from, to)| Call::Delete(name, from, to)),
        2 => (name(), retain).prop_map(|(name, retain)| Call::Retain(name, retain)),
        4 => name().prop_map(Call::Normalize),
        2 => name().prop_map(Call::Quarantine),
        2 => name().prop_map(Call::Restore),
        16 => (name(), instant(), instant(), 0..9_usize)
            .prop_map(|(name, from, to, count)| Call::Stream(name, from, to, count)),
        8 => (text(), instant(), 0..9_usize)
            .prop_map(|(text, after, count)| Call::Streams(text, after, count)),
    ]
}

impl Call {
    /// Returns `true` if the call writes nothing.
    pub(super) fn reads(&self) -> bool {
        matches!(self, Call::Stream(..) | Call::Streams(..))
    }

    /// Makes the call. Returns its answer, or which error it is.
    pub(super) fn perform(&self, store: &Store) -> String {
        self.try_perform(store)
            .unwrap_or_else(|error| fault(&error))
    }

    fn try_perform(&self, store: &Store) -> Result<String> {
        Ok(match self {
            Call::Insert(name, offer) => format!("{:?}", store.insert(&uuid(name), &offer.row()?)?),
            Call::InsertMany(name, offers) => {
                let rows = offers.iter().map(Offer::row).collect::<Result<Vec<_>>>()?;
                format!("{:?}", store.insert_many(&uuid(name), &rows)?)
            }
            Call::InsertBulk(name, from, count) => {
                let rows = (NOON + from..)
                    .zip(0..*count)
                    .map(|(second, number)| NewObservation::new(at(second), (number % 100) as f64));
                format!(
                    "{:?}",
                    store.insert_many(&uuid(name), &rows.collect::<Vec<_>>())?
                )
            }
            Call::InsertAcross(offers) => {
                let uuids: Vec<StreamUuid> = offers.iter().map(|(name, _)| uuid(name)).collect();
                let rows = uuids.iter().zip(offers);
                let rows = rows.map(|(uuid, (_, offer))| Ok((uuid, offer.row()?)));
                format!(
                    "{:?}",
                    store.insert_across(&rows.collect::<Result<Vec<_>>>()?)?
                )
            }
            Call::Ingest(batch, alone, provider, strict) => {
                let mut options = IngestOptions::new().strict(*strict);
                if let Some(name) = alone {
                    options = options.uuid(uuid(name));
                }
                if let Some(provider) = provider {
                    options = options.provider(*provider);
                }
                match store.ingest(batch.as_bytes(), &options) {
                    Ok(report) => looks::ingested(&report),
                    Err(Error::Refused(report)) => format!("refused: {}", looks::ingested(&report)),
                    Err(error) => return Err(error),
                }
            }
            Call::Sync(objects) => {
                let report = store.sync_streams(objects.as_bytes())?;
                let rejected = looks::rejected(&report.rejected);
                format!(
                    "{:?} {:?} {:?} {rejected:?}",
                    report.new, report.changed, report.unchanged
                )
            }
            Call::Upsert(name, patch) => looks::stream(store.upsert_stream(&uuid(name), patch)?),
            Call::Update(name, patch) => looks::stream(store.update_stream(&uuid(name), patch)?),
            Call::Remove(name, what) => format!("{:?}", store.remove(&uuid(name), *what)?),
            Call::Delete(name, from, to) => {
                format!("{:?}", store.delete(&uuid(name), *from..=*to)?)
            }
            Call::Retain(name, keep) => {
                let stream = uuid(name);
                let would = store.retain_dry_run(&stream, *keep)?;
                format!("{would} {}", store.retain(&stream, *keep)?)
            }
            Call::Normalize(name) => {
                let stream = uuid(name);
                let would = store.normalize_dry_run(&stream)?;
                format!("{would:?} {:?}", store.normalize(&stream)?)
            }
            Call::Quarantine(name) => format!("{:?}", store.quarantine(&uuid(name))?),
            Call::Restore(name) => format!("{:?}", store.restore(&uuid(name))?),
            Call::Stream(name, from, to, count) => {
                looks::at_stream(store, name, *from, *to, *count)
            }
            Call::Streams(text, after, count) => looks::at_all(store, text, *after, *count),
        })
    }
}

/// Returns which error it is. Which stream isn't found is part of it; of several faults that an
/// insert may have, any may be found first.
pub(super) fn fault(error: &Error) -> String {
    match error {
        Error::StreamNotFound { .. } => error.to_string(),
        Error::InvalidTimestamp { .. } | Error::InvalidValue { .. } | Error::NotAStream { .. } => {
            "invalid".to_owned()
        }
        error => format!("{:?}", error.code()),
    }
}
