//! How cost grows with the number of streams.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use satori_store::{Store, StreamUuid};

use crate::feed::{self, Row, StreamObject};
use crate::folder::Folder;
use crate::raw;
use crate::runner::{self, Baseline, Runner, median, time};
use crate::stores::NOW;

/// The first argument of the process that [`child`] runs in.
pub(crate) const CHILD: &str = "--scale-child";

const NAME: &str = "streams";
/// Rows that each stream has to begin with.
const ROWS: usize = 2;
/// The memory that is promised for 10,000 streams.
const MEGABYTES: f64 = 64.0;

pub(crate) fn bench(runner: &Runner) {
    let sizes: &[usize] = if runner.quick {
        &[100, 1_000]
    } else {
        &[100, 1_000, 10_000]
    };
    let (few, many) = (sizes[0], sizes[sizes.len() - 1]);
    let all = format!("{many} {NAME}: insert into each in turn");
    let one = format!("{many} {NAME}: insert into one of them");
    let latest = format!("{many} {NAME}: the latest of all in a call, repeated");
    let first = format!("{many} {NAME}: the latest of all in a call, the first since opening");
    let names: Vec<_> = sizes.iter().map(|size| format!("{size} {NAME}")).collect();
    if !names
        .iter()
        .chain([&all, &one, &first, &latest])
        .any(|name| runner.wants(name))
    {
        return;
    }
    let folder = Folder::new();
    let streams = feed::streams(many);
    for (size, name) in sizes.iter().zip(&names) {
        fill(&folder.file(&format!("ours-{size}.db")), &streams[..*size]);
        if runner.wants(name) {
            facts(
                runner,
                name,
                &folder.file(&format!("ours-{size}.db")),
                *size,
            );
        }
    }
    for size in [few, many] {
        let path = |side: &str| folder.file(&format!("{side}-{size}.db"));
        std::fs::copy(path("ours"), path("raw")).expect("copied");
    }
    let side = |size: usize| {
        let side = Sides {
            store: Store::open(folder.file(&format!("ours-{size}.db"))).expect("opens"),
            connection: raw::Connection::open(&folder.file(&format!("raw-{size}.db"))),
            streams: &streams[..size],
        };
        let inserts = side.prepare();
        (side, inserts)
    };
    let (few_sides, few_inserts) = side(few);
    let (many_sides, many_inserts) = side(many);
    if runner.wants(&first) {
        let path = |side: &str| folder.file(&format!("{side}-{many}.db"));
        first_latest_of_all(runner, &first, &many_sides, &path("ours"), &path("raw"));
    }
    if runner.wants(&latest) {
        latest_of_all(runner, &latest, &many_sides);
    }
    let inserts = runner.size(many, 2_000);
    for (name, spread) in [(&all, usize::MAX), (&one, 1)] {
        if !runner.wants(name) {
            continue;
        }
        // Each side of the comparison goes on where it stopped.
        let first = 10 + if spread == 1 { 1_000_000 } else { 0 };
        let mut at = [first; 4];
        let [few_ours, many_ours, few_raw, many_raw] = &mut at;
        let baselines = [
            Baseline::new(1.0 / 1.5, || few_sides.ours(few_ours, inserts, spread))
                .label("the store itself with 100 streams"),
            Baseline::new(None, || {
                many_sides.raw(&many_inserts, many_raw, inserts, spread)
            }),
            Baseline::new(None, || {
                few_sides.raw(&few_inserts, few_raw, inserts, spread)
            })
            .label("with 100 streams"),
        ];
        runner.compare(
            name,
            inserts,
            || many_sides.ours(many_ours, inserts, spread),
            baselines,
        );
    }
}

/// Reads the latest row of each stream in one call, the first one after opening: nothing is
/// prepared, and no page has been read.
fn first_latest_of_all(runner: &Runner, name: &str, sides: &Sides<'_>, ours: &Path, raw: &Path) {
    let uuids: Vec<_> = sides.streams.iter().map(|stream| &stream.uuid).collect();
    let ours = || {
        let store = Store::open(ours).expect("opens");
        // As the raw side does, this reads the schema.
        assert!(store.latest(uuids[0]).expect("read").is_some());
        time(|| assert_eq!(store.latest_of(&uuids).expect("read").len(), uuids.len()))
    };
    let raw = || {
        let connection = raw::Connection::open(raw);
        assert!(raw::Lookup::new(&connection, uuids[0]).latest().is_some());
        // They are finalised once the time is taken, as ours are.
        let mut lookups = Vec::with_capacity(uuids.len());
        time(|| {
            for uuid in &uuids {
                let lookup = raw::LatestLookup::new(&connection, uuid);
                assert!(lookup.latest().is_some());
                lookups.push(lookup);
            }
        })
    };
    let baseline = Baseline::new(None, raw).label("a loop of lone look-ups, each prepared first");
    runner.compare(name, uuids.len(), ours, [baseline]);
}

/// Reads the latest row of each stream in one call, again and again.
///
/// Each side reads all rows once before its time is taken: SQLite's connections in a process
/// share the room for pages, so what one side has read drives out the pages of the other.
fn latest_of_all(runner: &Runner, name: &str, sides: &Sides<'_>) {
    let uuids: Vec<_> = sides.streams.iter().map(|stream| &stream.uuid).collect();
    let lookups: Vec<_> = uuids
        .iter()
        .map(|uuid| raw::LatestLookup::new(&sides.connection, uuid))
        .collect();
    let ours = || {
        let latest = sides.store.latest_of(&uuids).expect("read");
        assert!(latest.iter().all(Option::is_some));
        black_box(latest);
    };
    let raw = || {
        let mut latest = Vec::with_capacity(lookups.len());
        lookups
            .iter()
            .for_each(|lookup| latest.push(lookup.latest()));
        assert!(latest.iter().all(Option::is_some));
        black_box(latest);
    };
    let twice = |work: &dyn Fn()| {
        work();
        time(work)
    };
    let baselines = [
        Baseline::new(2.0, || twice(&raw)).label("a loop of lone look-ups, all prepared"),
        Baseline::new(None, || {
            twice(&|| raw::Transaction::new(&sides.connection).run(raw))
        })
        .label("the loop in a transaction"),
    ];
    runner.compare(name, uuids.len(), || twice(&ours), baselines);
}

/// Both sides of one file, each with a copy of its own.
struct Sides<'a> {
    store: Store,
    connection: raw::Connection,
    streams: &'a [StreamObject],
}

impl Sides<'_> {
    /// Prepares a statement for every table, as a C programmer with the memory would.
    fn prepare(&self) -> Vec<raw::Insert> {
        self.streams
            .iter()
            .map(|stream| raw::Insert::new(&self.connection, &stream.uuid))
            .collect()
    }

    /// Inserts `count` rows, each into the next of the first `spread` streams.
    fn ours(&self, at: &mut usize, count: usize, spread: usize) -> Duration {
        let spread = spread.min(self.streams.len());
        let rows: Vec<_> = (*at..*at + count).map(Row::new).collect();
        *at += count;
        time(|| {
            for (number, row) in rows.iter().enumerate() {
                let uuid = &self.streams[number % spread].uuid;
                self.store.insert(uuid, &row.as_new()).expect("stored");
            }
        })
    }

    fn raw(
        &self,
        inserts: &[raw::Insert],
        at: &mut usize,
        count: usize,
        spread: usize,
    ) -> Duration {
        let spread = spread.min(self.streams.len());
        let rows: Vec<_> = (*at..*at + count).map(Row::new).collect();
        *at += count;
        time(|| {
            for (number, row) in rows.iter().enumerate() {
                inserts[number % spread].row(row);
            }
        })
    }
}

/// Makes a store of these streams: tables, metadata, a few rows each.
fn fill(path: &Path, streams: &[StreamObject]) {
    drop(Store::open(path).expect("a store opens"));
    let connection = raw::Connection::open(path);
    let table = raw::Streams::new(&connection);
    raw::Transaction::new(&connection).run(|| {
        for stream in streams {
            connection.create_table(&stream.uuid);
        }
        for stream in streams {
            table.upsert(stream, NOW);
            let insert = raw::Insert::new(&connection, &stream.uuid);
            (0..ROWS).for_each(|row| insert.row(&Row::new(row)));
        }
    });
}

/// Prints what fresh processes find: the times to open, to insert into each stream
/// once, to read the latest of each and to make a stream; and the memory.
fn facts(runner: &Runner, name: &str, path: &Path, size: usize) {
    let runs: Vec<Facts> = (0..runner.size(3, 1))
        .map(|run| {
            let output = Command::new(std::env::current_exe().expect("this program"))
                .arg(CHILD)
                .arg(path)
                .args([size.to_string(), (ROWS + run).to_string()])
                .output()
                .expect("a child runs");
            assert!(output.status.success(), "{output:?}");
            let output = String::from_utf8(output.stdout).expect("text");
            let mut facts = output
                .split_whitespace()
                .map(|fact| fact.parse().expect("a number"));
            std::array::from_fn(|_| facts.next().expect("a fact"))
        })
        .collect();
    let fact = |index: usize| median(runs.iter().map(|facts| facts[index]));
    let show = |what: &str, fact: String, target: Option<(String, bool)>| {
        let (target, met) = target.map_or(("–".to_owned(), None), |(t, met)| (t, Some(met)));
        runner::row(&format!("{name}: {what}"), &fact, "", "", &target, met);
    };
    show("open", format!("{:.1} ms", fact(0)), None);
    show(
        "insert into each, the first since opening",
        format!("{:.1} µs", fact(1)),
        None,
    );
    show(
        "latest of each, the first since opening",
        format!("{:.1} µs", fact(2)),
        None,
    );
    show(
        "first insert into a new one",
        format!("{:.2} ms", fact(3)),
        None,
    );
    let (resident, highest) = (fact(4), fact(5));
    let target = (format!("< {MEGABYTES} MB"), highest < MEGABYTES);
    show(
        "resident memory after inserting into and reading each",
        format!("{resident:.1} MB"),
        None,
    );
    show(
        "highest resident memory",
        format!("{highest:.1} MB"),
        Some(target),
    );
    let queries = runs.iter().map(|facts| facts[6]).sum::<f64>();
    let target = ("0".to_owned(), queries == 0.0);
    show(
        "statements that list all tables, while inserting",
        queries.to_string(),
        Some(target),
    );
}

type Facts = [f64; 7];

/// Opens the store in a fresh process, inserts into each stream, reads the latest
/// of each and makes some streams. Prints the [`Facts`].
pub(crate) fn child(mut args: impl Iterator<Item = String>) {
    let path = args.next().expect("the path");
    let mut number = || -> usize { args.next().expect("a number").parse().expect("a number") };
    let (size, run) = (number(), number());
    let uuids: Vec<StreamUuid> = (0..size)
        .map(|stream| StreamObject::new(stream).uuid)
        .collect();
    let row = Row::new(run);
    raw::count_schema_queries();
    let mut store = None;
    let open = time(|| store = Some(Store::open(&path).expect("opens")));
    let store = store.expect("it is open");
    let queries = || raw::schema_queries() as f64;
    let before = queries();
    let insert = time(|| {
        for uuid in &uuids {
            store.insert(uuid, &row.as_new()).expect("stored");
        }
    });
    let while_inserting = queries() - before;
    let latest = time(|| {
        for uuid in &uuids {
            assert!(store.latest(uuid).expect("read").is_some());
        }
    });
    let (resident, highest) = memory();
    const NEW: u32 = 5;
    let new: Vec<_> = (0..NEW)
        .map(|new| StreamUuid::from_parts("central", "satori", &format!("new {run} {new}"), ""))
        .collect();
    let create = time(|| {
        for uuid in &new {
            store.insert(uuid, &row.as_new()).expect("stored");
        }
    });
    let each = |time: Duration| time.as_secs_f64() * 1e6 / size as f64;
    let facts: Facts = [
        open.as_secs_f64() * 1e3,
        each(insert),
        each(latest),
        create.as_secs_f64() * 1e3 / f64::from(NEW),
        resident,
        highest,
        while_inserting,
    ];
    facts.iter().for_each(|fact| println!("{fact}"));
}

/// Returns the resident memory now and at its highest, in megabytes. Linux
/// reports both.
fn memory() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let fact = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    };
    (fact("VmRSS:"), fact("VmHWM:"))
}
