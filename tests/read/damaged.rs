//! Files whose pages repeat or are left out, as a failing disk or a careless copy leaves
//! them: reading ends, with an error, and never passes the same rows again and again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::*;
use satori_store::{Error, Result, Store};
use tempfile::TempDir;

const ROWS: i64 = 6_000;

/// The pages of a database file.
struct Pages {
    path: PathBuf,
    bytes: Vec<u8>,
    size: usize,
}

impl Pages {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        let path = path.to_owned();
        Self { path, bytes, size }
    }

    fn page(&mut self, number: u32) -> &mut [u8] {
        let start = (number as usize - 1) * self.size;
        &mut self.bytes[start..start + self.size]
    }

    fn copy(&mut self, from: u32, to: u32) {
        let page = self.page(from).to_vec();
        self.page(to).copy_from_slice(&page);
    }

    /// Returns the places in an interior page of the pointers to its children.
    fn pointers(&mut self, number: u32) -> Vec<usize> {
        let page = self.page(number);
        assert!(matches!(page[0], 2 | 5), "page {number} is a leaf");
        let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
        let cell = |index: usize| {
            let at = 12 + 2 * index;
            usize::from(u16::from_be_bytes([page[at], page[at + 1]]))
        };
        (0..cells).map(cell).chain([8]).collect()
    }

    fn child(&mut self, number: u32, pointer: usize) -> u32 {
        let bytes = &self.page(number)[pointer..pointer + 4];
        u32::from_be_bytes(bytes.try_into().unwrap())
    }

    fn children(&mut self, number: u32) -> Vec<u32> {
        let pointers = self.pointers(number);
        pointers
            .into_iter()
            .map(|pointer| self.child(number, pointer))
            .collect()
    }

    fn write(self) {
        fs::write(&self.path, &self.bytes).unwrap();
    }
}

/// Makes a store of one stream, `s`, and returns the root page of the tree that its rows are
/// read by: that of the table itself, or of its index.
fn filled(with_rowid: bool) -> (TempDir, PathBuf, u32) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    if with_rowid {
        sql(&path, &table_sql("s", &[]));
    }
    let rows: Vec<_> = (0..ROWS).map(|n| numbered(1_704_283_200 + n)).collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    drop(store);
    let kind = if with_rowid { "index" } else { "table" };
    let root = query(
        &path,
        &format!("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 's' AND type = '{kind}'"),
    );
    let root = u32::try_from(root[0][0].as_u64().unwrap()).unwrap();
    (folder, path, root)
}

/// The parent of the leaves in the middle of the tree, and its place among its siblings.
fn middle(pages: &mut Pages, root: u32) -> u32 {
    let children = pages.children(root);
    let middle = children[children.len() / 2];
    match pages.page(middle)[0] {
        2 | 5 => middle,
        _ => root,
    }
}

type Damage = fn(&mut Pages, u32);

/// What can be seen by the order of the rows alone.
const REPEATED: [(&str, Damage); 5] = [
    ("an earlier leaf over a later one", |pages, parent| {
        let leaves = pages.children(parent);
        pages.copy(leaves[1], leaves[leaves.len() - 2]);
    }),
    ("a later leaf over an earlier one", |pages, parent| {
        let leaves = pages.children(parent);
        pages.copy(leaves[leaves.len() - 2], leaves[1]);
    }),
    ("a leaf over its neighbour", |pages, parent| {
        let leaves = pages.children(parent);
        pages.copy(leaves[2], leaves[3]);
    }),
    ("a pointer to an earlier leaf", |pages, parent| {
        let pointers = pages.pointers(parent);
        let earlier = pages.child(parent, pointers[1]).to_be_bytes();
        let place = pointers[pointers.len() - 2];
        pages.page(parent)[place..place + 4].copy_from_slice(&earlier);
    }),
    ("a last pointer to the first leaf", |pages, parent| {
        let pointers = pages.pointers(parent);
        let first = pages.child(parent, pointers[0]).to_be_bytes();
        pages.page(parent)[8..12].copy_from_slice(&first);
    }),
];

type Read = fn(&Store) -> Result<u64>;

/// Every way to read all rows. Each returns how many it has passed, and gives up at twice as
/// many as there are.
const READS: [(&str, Read); 4] = [
    ("observations", |store| {
        let mut read = 0;
        for row in store.observations(&uuid("s"), ..)? {
            row?;
            read += 1;
            assert!(read <= 2 * ROWS as u64, "without an end");
        }
        Ok(read)
    }),
    ("columns", |store| {
        Ok(store.columns(&uuid("s"), ..)?.len() as u64)
    }),
    ("last", |store| {
        Ok(store.last(&uuid("s"), 2 * ROWS as usize)?.len() as u64)
    }),
    ("verify", |store| Ok(store.verify(&uuid("s"))?.rows)),
];

#[test]
fn rows_that_repeat_are_a_damaged_file_whoever_reads_them() {
    for with_rowid in [false, true] {
        for (damage, apply) in REPEATED {
            let (_folder, path, root) = filled(with_rowid);
            let mut pages = Pages::read(&path);
            let parent = middle(&mut pages, root);
            apply(&mut pages, parent);
            pages.write();
            let store = Store::open(&path).unwrap();
            for (name, read) in READS {
                let done = read(&store);
                assert!(
                    matches!(done, Err(Error::Corrupt { .. })),
                    "{damage}, rowid {with_rowid}, {name}: {done:?}"
                );
            }
            let done = store.normalize_dry_run(&uuid("s"));
            assert!(
                matches!(done, Ok(_) | Err(Error::Corrupt { .. })),
                "{done:?}"
            );
        }
    }
}

/// A table of text, whose rows are sorted by instant before they are handed out.
#[test]
fn rows_of_text_that_repeat_are_a_damaged_file_too() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let texts: Vec<_> = (0..5_000)
        .map(|n| at(1_704_283_200 + 60 * n).to_string())
        .map(|text| format!("'{text}'"))
        .collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    sql(&path, &table_sql("s", &texts));
    drop(store);
    let root = query(
        &path,
        "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 's' AND type = 'index'",
    );
    let root = u32::try_from(root[0][0].as_u64().unwrap()).unwrap();
    for (damage, apply) in REPEATED {
        let copy = path.with_extension("copy");
        fs::copy(&path, &copy).unwrap();
        let mut pages = Pages::read(&copy);
        let parent = middle(&mut pages, root);
        apply(&mut pages, parent);
        pages.write();
        let store = Store::open(&copy).unwrap();
        let verified = store.verify(&uuid("s"));
        assert!(
            matches!(verified, Err(Error::Corrupt { .. })),
            "{damage}: {verified:?}"
        );
        // What lies outside of the window that is read is not seen; but it ends.
        let read = store.observations(&uuid("s"), ..).unwrap();
        assert!(read.take(20_000).count() < 20_000, "{damage}");
        let done = store.normalize_dry_run(&uuid("s"));
        assert!(
            matches!(done, Ok(_) | Err(Error::Corrupt { .. })),
            "{damage}: {done:?}"
        );
    }
}

/// Rows that are left out are in order. `verify` has SQLite count them.
#[test]
fn rows_that_are_left_out_of_the_index_are_a_damaged_file_to_verify() {
    let (_folder, path, root) = filled(true);
    let mut pages = Pages::read(&path);
    let parent = middle(&mut pages, root);
    let leaf = pages.children(parent)[2];
    let page = pages.page(leaf);
    let cells = u16::from_be_bytes([page[3], page[4]]);
    page[3..5].copy_from_slice(&(cells / 2).to_be_bytes());
    pages.write();
    let store = Store::open(&path).unwrap();
    for store in [store.clone(), store.with_data_checked().unwrap()] {
        let done = store.verify(&uuid("s"));
        assert!(matches!(done, Err(Error::Corrupt { .. })), "{done:?}");
    }
}

/// SQLite's check ends after a hundred lines, also if none of them is of damage.
#[test]
fn damage_does_not_hide_behind_rules_that_rows_break() {
    let (_folder, path, root) = filled(true);
    let broken = (0..5).map(|table| {
        format!(
            "CREATE TABLE rules{table} (a CHECK (a < 0)); INSERT INTO rules{table} \
             WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 100) \
             SELECT a FROM n;"
        )
    });
    let broken = broken.collect::<String>();
    sql(
        &path,
        &format!("PRAGMA ignore_check_constraints = 1; {broken}"),
    );
    let mut pages = Pages::read(&path);
    let parent = middle(&mut pages, root);
    let leaf = pages.children(parent)[2];
    let page = pages.page(leaf);
    let cells = u16::from_be_bytes([page[3], page[4]]);
    page[3..5].copy_from_slice(&(cells / 2).to_be_bytes());
    pages.write();
    let lines = query(&path, "PRAGMA integrity_check");
    let lines = lines.as_array().unwrap();
    assert_eq!(lines.len(), 100);
    let of_rules = |line: &serde_json::Value| line[0].as_str().unwrap().contains("rules");
    assert!(lines.iter().any(of_rules));

    let store = Store::open(&path).unwrap().with_data_checked().unwrap();
    let done = store.verify(&uuid("s"));
    assert!(matches!(done, Err(Error::Corrupt { .. })), "{done:?}");
}

#[test]
fn a_file_that_is_sound_is_verified() {
    for with_rowid in [false, true] {
        let (_folder, path, _) = filled(with_rowid);
        let store = Store::open(&path).unwrap();
        for (name, read) in READS {
            assert_eq!(read(&store).unwrap(), ROWS as u64, "{name}");
        }
        // A rule that was given to the table later, and a row that breaks it, are no damage.
        sql(
            &path,
            "CREATE TABLE n (ts TIMESTAMP PRIMARY KEY, value NUMERIC, hash TEXT, provider TEXT); \
             INSERT INTO n VALUES (1, 1, 'h', 'p')",
        );
        assert_eq!(store.verify(&uuid("n")).unwrap().rows, 1);
    }
}
