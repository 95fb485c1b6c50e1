//! A disk that is full.

use std::path::Path;
use std::process::Command;

use satori_store::{Error, Store};
use tempfile::TempDir;

use crate::server::*;
use crate::support::*;

/// A small file system in memory.
struct Small(TempDir);

impl Small {
    /// Returns `None` if there are no rights to make one.
    fn new() -> Option<Self> {
        let small = Self(TempDir::with_prefix("satori-full.").unwrap());
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(small.path());
        let is_mounted = mount.output().is_ok_and(|done| done.status.success());
        if is_mounted {
            open_up(small.path());
        }
        is_mounted.then_some(small)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stores_nothing_and_the_store_goes_on_when_there_is_room() {
    let Some(_) = wanted() else { return };
    let Some(small) = Small::new() else {
        skipped("a small file system needs root's rights");
        return;
    };
    // It ends before the file system does.
    let server = Server::start(&["autovacuum=off"]);
    let folder = text(small.path());
    psql(
        &server.url(),
        &format!("CREATE TABLESPACE small LOCATION '{folder}'"),
    );
    let place = Url::new(&server.url()).with("options=-cdefault_tablespace%3Dsmall");
    let store = Store::connect(&place.text()).unwrap();
    let s = uuid("s");
    let mut wanted = 0;
    let error = loop {
        let rows: Vec<_> = (wanted..wanted + 5_000).map(numbered).collect();
        match store.insert_many(&s, &rows) {
            Ok(report) => wanted += report.inserted as i64,
            Err(error) => break error,
        }
        assert!(wanted < 200_000, "the disk is never full");
    };
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "53100");
    // What was acknowledged is there, and nothing of what was not.
    assert_eq!(seconds(&store, &s), Vec::from_iter(0..wanted));
    psql(
        &server.url(),
        "ALTER TABLE observations SET TABLESPACE pg_default",
    );
    let rows: Vec<_> = (wanted..wanted + 5_000).map(numbered).collect();
    store.insert_many(&s, &rows).unwrap();
    let found = store.verify(&s).unwrap();
    assert_eq!(found.verified, wanted as u64 + 5_000);
}
