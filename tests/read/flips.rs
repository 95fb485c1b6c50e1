//! Single bits that flip, as disks and memory have it: which of them are noticed, and by
//! whom. RELIABILITY.md has the table that this prints.
//!
//! `SATORI_STORE_FLIPS` sets how many bits are flipped, `SATORI_STORE_SEED` which.

use std::io::Write;
use std::path::Path;

use crate::support::*;
use satori_store::{
    Digest, NewObservation, Observation, OpenOptions, Result, Store, Timestamp, Verification,
};

const ROWS: i64 = 400;

/// What a byte of the stream's table is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Ts,
    Value,
    Hash,
    Provider,
    /// Headers, pointers and lengths.
    Structure,
    /// Nothing is there.
    Unused,
}

const PARTS: [Part; 5] = [
    Part::Ts,
    Part::Value,
    Part::Hash,
    Part::Provider,
    Part::Structure,
];

/// Makes a store with one stream, whose hashes it has computed.
fn chained() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path) = place();
    let store = OpenOptions::new().digest(true).open(&path).unwrap();
    let rows: Vec<_> = (0..ROWS)
        .map(|n| {
            let ts = Timestamp::from_integer(1_704_283_200 + 60 * n);
            NewObservation::new(ts, 45_000.5 + 0.37 * n as f64)
        })
        .collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    drop(store);
    (folder, path)
}

/// Returns what each byte of the file is part of, by SQLite's description of its format.
fn parts(file: &[u8], root: usize) -> Vec<Part> {
    let mut parts = vec![Part::Unused; file.len()];
    parts[..100].fill(Part::Structure);
    let mut pages = vec![root];
    let number = |at: usize| usize::from(u16::from_be_bytes([file[at], file[at + 1]]));
    let size = number(16);
    while let Some(page) = pages.pop() {
        let start = (page - 1) * size;
        let is_interior = match file[start] {
            2 => true,
            10 => false,
            other => panic!("page {page} is of type {other}"),
        };
        let pointers = start + if is_interior { 12 } else { 8 };
        let cells = number(start + 3);
        parts[start..pointers + 2 * cells].fill(Part::Structure);
        let child = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        if is_interior {
            pages.push(child(start + 8));
        }
        for cell in 0..cells {
            let mut at = start + number(pointers + 2 * cell);
            let first = at;
            if is_interior {
                pages.push(child(at));
                at += 4;
            }
            varint(file, &mut at); // the row's length
            let header = at;
            let mut body = header + varint(file, &mut at);
            parts[first..body].fill(Part::Structure);
            for part in PARTS.into_iter().take(4) {
                let length = match varint(file, &mut at) {
                    kind @ 1..=4 => kind,
                    5 => 6,
                    6 | 7 => 8,
                    kind @ 12.. => (kind - 12) / 2,
                    _ => 0,
                };
                parts[body..body + length].fill(part);
                body += length;
            }
        }
    }
    parts
}

/// Reads a number of SQLite's, and moves past it. Here none has more than two bytes.
fn varint(file: &[u8], at: &mut usize) -> usize {
    let mut number = 0;
    loop {
        let byte = file[*at];
        *at += 1;
        number = number << 7 | usize::from(byte & 0x7f);
        if byte < 0x80 {
            return number;
        }
    }
}

/// Returns a line of the table.
fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// What became of the flips of one part.
#[derive(Default)]
struct Row {
    flips: usize,
    /// Other rows are read than were written.
    reads_other: usize,
    reads_fail: usize,
    /// The chain is not verified as a whole, or can't be walked.
    chain: usize,
    /// The digest differs, or can't be compared.
    digest: usize,
    quick_check: usize,
    integrity_check: usize,
    /// Other rows are read than were written, and the chain verifies all of them.
    missed_by_chain: usize,
    /// Other rows are read than were written, and the digest matches them.
    missed_by_digest: usize,
}

impl Row {
    fn add(&mut self, path: &Path, written: &[Observation]) {
        self.flips += 1;
        let read = OpenOptions::new()
            .read_only(true)
            .open(path)
            .and_then(|store| all(&store, &uuid("s")));
        let other = read.as_ref().is_ok_and(|rows| rows != written);
        let report = verify(path);
        let noticed = !report
            .as_ref()
            .is_ok_and(|report| report.verified == ROWS as u64);
        let differs = !report.is_ok_and(|report| report.digest == Digest::Matches);
        self.reads_other += usize::from(other);
        self.reads_fail += usize::from(read.is_err());
        self.chain += usize::from(noticed);
        self.digest += usize::from(differs);
        self.quick_check += usize::from(!passes(path, "quick_check"));
        self.integrity_check += usize::from(!passes(path, "integrity_check"));
        self.missed_by_chain += usize::from(other && !noticed);
        self.missed_by_digest += usize::from(other && !differs);
    }
}

fn verify(path: &Path) -> Result<Verification> {
    let store = OpenOptions::new().read_only(true).open(path)?;
    store.verify(&uuid("s"))
}

#[test]
fn a_flipped_bit_of_a_row_is_noticed_and_by_the_digest_in_its_provider_too() {
    about_files();
    let (folder, path) = chained();
    let root = number(
        &mut plain(&path),
        "SELECT rootpage FROM sqlite_schema WHERE name = 's'",
    );
    let file = std::fs::read(&path).unwrap();
    let written = all(&Store::open(&path).unwrap(), &uuid("s")).unwrap();
    assert_eq!(written.len(), ROWS as usize);
    let parts = parts(&file, root as usize);
    let flips = std::env::var("SATORI_STORE_FLIPS").map_or(300, |flips| flips.parse().unwrap());

    let mut control = Row::default();
    control.add(&path, &written);
    let found = [
        control.reads_other,
        control.reads_fail,
        control.chain,
        control.digest,
    ];
    assert_eq!(
        (found, control.quick_check, control.integrity_check),
        ([0; 4], 0, 0)
    );

    // Missed: other rows are read than were written, and nothing is noticed.
    let heads = [
        "part",
        "flips",
        "reads give other rows",
        "reads fail",
        "chain",
        "digest",
        "`quick_check`",
        "`integrity_check`",
        "other rows, missed by the chain",
        "by the digest",
    ];
    let mut table = line(&heads.map(str::to_owned));
    table += &line(&["---"; 10].map(str::to_owned));
    let seed = std::env::var("SATORI_STORE_SEED").map_or(7, |seed| seed.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(seed);
    for part in PARTS {
        let places: Vec<_> = (0..file.len())
            .filter(|place| parts[*place] == part)
            .collect();
        let mut row = Row::default();
        for _ in 0..flips / PARTS.len() {
            let mut flipped = file.clone();
            flipped[places[random.usize(..places.len())]] ^= 1 << random.u8(..8);
            let path = folder.path().join("flipped.db");
            std::fs::write(&path, &flipped).unwrap();
            row.add(&path, &written);
            for beside in ["flipped.db", "flipped.db-wal", "flipped.db-shm"] {
                let _ = std::fs::remove_file(folder.path().join(beside));
            }
        }
        let counts = [
            row.flips,
            row.reads_other,
            row.reads_fail,
            row.chain,
            row.digest,
            row.quick_check,
            row.integrity_check,
            row.missed_by_chain,
            row.missed_by_digest,
        ];
        let name = format!("{part:?}").to_lowercase();
        let cells = std::iter::once(name).chain(counts.map(|count| count.to_string()));
        table += &line(&cells.collect::<Vec<_>>());
        assert_eq!(row.missed_by_digest, 0, "{table}");
        match part {
            Part::Ts | Part::Value | Part::Hash => assert_eq!(row.chain, row.flips, "{table}"),
            // Its hash doesn't cover it.
            Part::Provider => assert!(row.missed_by_chain > 0, "{table}"),
            _ => {}
        }
    }
    // Past the harness, which keeps what tests that pass print to itself.
    std::io::stderr().write_all(table.as_bytes()).unwrap();
}
