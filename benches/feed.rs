//! What the workloads work on: rows, stream objects and payloads as a server
//! sends them. They are the same in every run.

use satori_store::{NewObservation, StreamUuid, Timestamp};

/// When the first row is observed: midnight of 2017-04-19.
const FIRST: i64 = 1_492_560_000;

/// An observation. There is one each hour.
pub(crate) struct Row {
    pub(crate) seconds: i64,
    pub(crate) value: f64,
    pub(crate) hash: String,
    pub(crate) provider: &'static str,
}

impl Row {
    /// Makes the row of this number, counted from 0.
    pub(crate) fn new(number: usize) -> Self {
        let mixed = mix(number as u64);
        Self {
            seconds: FIRST + 3_600 * number as i64,
            value: (mixed % 10_000_000) as f64 / 100.0,
            hash: format!("{mixed:016x}"),
            provider: "central",
        }
    }

    pub(crate) fn ts(&self) -> Timestamp {
        Timestamp::from_integer(self.seconds)
    }

    /// Returns the row as the store takes it.
    pub(crate) fn as_new(&self) -> NewObservation<'_> {
        NewObservation::new(self.ts(), self.value)
            .hash(&self.hash)
            .provider(self.provider)
    }
}

/// Makes the first `count` rows.
pub(crate) fn rows(count: usize) -> Vec<Row> {
    (0..count).map(Row::new).collect()
}

/// Makes `count` rows, one each minute.
pub(crate) fn minutes(count: usize) -> Vec<Row> {
    let mut rows = rows(count);
    for (row, number) in rows.iter_mut().zip(0..) {
        row.seconds = FIRST + 60 * number;
    }
    rows
}

/// A stream's metadata as the server sends it.
pub(crate) struct StreamObject {
    pub(crate) number: i64,
    pub(crate) uuid: StreamUuid,
    pub(crate) name: String,
    pub(crate) author: &'static str,
    pub(crate) description: String,
}

impl StreamObject {
    /// Makes the stream of this number, counted from 0.
    pub(crate) fn new(number: usize) -> Self {
        let name = format!("stream-{number}");
        Self {
            number: number as i64,
            uuid: StreamUuid::from_parts("central", "satori", &name, ""),
            author: "satori",
            description: format!("Stream {number} of the benchmark, hourly close"),
            name,
        }
    }

    /// Spells one line of the feed: the row as an observation of this stream.
    pub(crate) fn payload(&self, row: &Row) -> String {
        let Self {
            number,
            uuid,
            name,
            author,
            description,
        } = self;
        format!(
            "{{\"id\":{id},\"value\":\"{value}\",\"observed_at\":\"{seconds}\",\"hash\":\"{hash}\",\
             \"stream_id\":{number},\"stream\":{{\"id\":{number},\"uuid\":\"{uuid}\",\
             \"name\":\"{name}\",\"author\":\"{author}\",\"secondary\":null,\"target\":null,\
             \"meta\":null,\"description\":\"{description}\"}},\"ts\":\"{ts}\"}}\n",
            id = row.seconds / 3_600,
            value = row.value,
            seconds = row.seconds,
            hash = row.hash,
            ts = row.ts().to_string().trim_end_matches('Z'),
        )
    }
}

/// Makes the first `count` streams.
pub(crate) fn streams(count: usize) -> Vec<StreamObject> {
    (0..count).map(StreamObject::new).collect()
}

/// Picks `count` of the items, in an order that looks random.
pub(crate) fn pick<T>(items: &[T], count: usize) -> Vec<&T> {
    (0..count)
        .map(|number| &items[(mix(number as u64) % items.len() as u64) as usize])
        .collect()
}

/// Makes a number that looks random (splitmix64).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
