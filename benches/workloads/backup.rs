//! Backing a store up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use satori_store::Store;

use crate::feed::{self, Row};
use crate::folder::Folder;
use crate::raw;
use crate::runner::{Baseline, Runner, time};

const STREAMS: usize = 100;

pub(crate) fn bench(runner: &Runner) {
    let rows = runner.size(5_000, 500);
    let name = format!("backup, of {STREAMS} streams of {rows} rows each");
    if !runner.wants(&name) {
        return;
    }
    let folder = Folder::new();
    let path = folder.file("engine.db");
    let store = Store::open(&path).expect("a store opens");
    let rows = feed::rows(rows);
    let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
    for stream in feed::streams(STREAMS) {
        let report = store.insert_many(&stream.uuid, &observations);
        report.expect("stored");
    }
    let connection = raw::Connection::open(&path);
    let copy = folder.file("copy.db");
    let timed = |work: &dyn Fn(&Path)| -> Duration {
        let took = time(|| work(&copy));
        fs::remove_file(&copy).expect("a copy was made");
        took
    };
    let baselines = [
        Baseline::new(None, || timed(&|copy| raw::back_up(&connection, copy)))
            .label("`.backup` of SQLite's shell"),
        Baseline::new(0.9, || {
            timed(&|copy| {
                raw::back_up(&connection, copy);
                raw::check_and_sync(copy);
            })
        })
        .label("and a `quick_check` of the copy, and a sync of file and folder"),
    ];
    let ours = || {
        timed(&|copy| {
            store.backup(copy).expect("backed up");
        })
    };
    runner.compare(&name, STREAMS * rows.len(), ours, baselines);
}
