//! Single bits that flip, as disks and memory have it: which of them are noticed, and by
//! whom. RELIABILITY.md has the table that this prints.
//!
//! `SATORI_STORE_FLIPS` sets how many bits are flipped.

use std::io::Write;
use std::path::Path;

use crate::support::*;
use satori_store::{NewObservation, Observation, OpenOptions, Result, Store, Timestamp};

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
    let store = Store::open(&path).unwrap();
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

/// What became of the flips of one part.
#[derive(Default)]
struct Row {
    flips: usize,
    /// Other rows are read than were written.
    reads_other: usize,
    reads_fail: usize,
    verify: usize,
    quick_check: usize,
    integrity_check: usize,
    /// Other rows are read than were written, and `verify` has nothing to say.
    unnoticed: usize,
}

impl Row {
    fn add(&mut self, path: &Path, written: &[Observation]) {
        self.flips += 1;
        let read = OpenOptions::new()
            .read_only(true)
            .open(path)
            .and_then(|store| all(&store, &uuid("s")));
        let other = read.as_ref().is_ok_and(|rows| rows != written);
        let noticed = !verify(path).is_ok_and(|is_whole| is_whole);
        self.reads_other += usize::from(other);
        self.reads_fail += usize::from(read.is_err());
        self.verify += usize::from(noticed);
        self.quick_check += usize::from(!passes(path, "quick_check"));
        self.integrity_check += usize::from(!passes(path, "integrity_check"));
        self.unnoticed += usize::from(other && !noticed);
    }
}

/// Returns `true` if `verify` verifies every row.
fn verify(path: &Path) -> Result<bool> {
    let store = OpenOptions::new().read_only(true).open(path)?;
    let report = store.verify(&uuid("s"))?;
    Ok(report.rows == ROWS as u64 && report.verified == report.rows)
}

#[test]
fn a_flipped_bit_of_a_row_is_noticed_except_in_its_provider() {
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
    let found = [control.reads_other, control.reads_fail, control.verify];
    assert_eq!(
        (found, control.quick_check, control.integrity_check),
        ([0; 3], 0, 0)
    );

    let mut table = "part       flips  other rows  fails  verify  quick_check  integrity_check  \
                     other rows and verify passes\n"
        .to_owned();
    let mut random = fastrand::Rng::with_seed(7);
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
        table += &format!(
            "{:<10} {:>5} {:>11} {:>6} {:>7} {:>12} {:>16} {:>13}\n",
            format!("{part:?}").to_lowercase(),
            row.flips,
            row.reads_other,
            row.reads_fail,
            row.verify,
            row.quick_check,
            row.integrity_check,
            row.unnoticed,
        );
        match part {
            Part::Ts | Part::Value | Part::Hash => assert_eq!(row.verify, row.flips, "{table}"),
            // Its hash doesn't cover it.
            Part::Provider => assert!(row.unnoticed > 0, "{table}"),
            _ => {}
        }
    }
    // Past the harness, which keeps what tests that pass print to itself.
    std::io::stderr().write_all(table.as_bytes()).unwrap();
}
