//! Connections that are lost around `COMMIT`: nobody knows whether it was made, and to repeat
//! the write is safe.

use diesel::connection::SimpleConnection;
use satori_store::{
    Error, IngestOptions, Insertion, NewObservation, Remove, Store, StreamPatch, StreamUuid,
};

use crate::proxy::{Cut, Proxy};
use crate::server::*;
use crate::support::*;

const CUTS: [Cut; 5] = [Cut::Before, Cut::Amid, Cut::Sent, Cut::After, Cut::Told];

/// A store that reaches the server through a proxy, and one that reaches it as usual.
struct Pair {
    proxy: Proxy,
    through: Store,
    beside: Store,
}

impl Pair {
    fn new(server: &str) -> Self {
        let url = Url::new(&database(server));
        let proxy = Proxy::to(&url.host);
        let through = url.clone().port(proxy.port).with("sslmode=disable");
        let through = through.with("gssencmode=disable");
        Self {
            beside: Store::connect(&url.text()).unwrap(),
            through: Store::connect(&through.text()).unwrap(),
            proxy,
        }
    }

    /// Makes a call whose `COMMIT` is cut, then makes it again. Returns what it answers then.
    fn cut_and_repeat<T: std::fmt::Debug>(
        &self,
        cut: Cut,
        call: impl Fn(&Store) -> satori_store::Result<T>,
    ) -> T {
        self.proxy.cut(cut);
        let error = call(&self.through).unwrap_err();
        assert!(self.proxy.has_cut(), "there was no COMMIT");
        assert!(
            matches!(error, Error::UnknownOutcome { .. }),
            "{cut:?}: {error:?}"
        );
        call(&self.through).unwrap()
    }
}

/// Asserts that a row was stored if the server has committed, and not if it could not.
fn assert_fits(cut: Cut, was_there: bool) {
    match cut {
        Cut::Before | Cut::Amid => assert!(!was_there, "{cut:?}"),
        Cut::After | Cut::Told => assert!(was_there, "{cut:?}"),
        Cut::Sent | Cut::Stuck => {}
    }
}

#[test]
fn an_insert_that_is_repeated_is_stored_once() {
    let Some(server) = wanted() else { return };
    let pair = Pair::new(&server);
    let s = uuid("s");
    pair.beside.insert(&s, &row(0, 0.0)).unwrap();
    let mut wanted = vec![0];
    for (number, cut) in CUTS.into_iter().enumerate() {
        let first = 10 * (number as i64 + 1);
        // With its hash: a transaction in one trip. Without: one in several.
        for given in [row(first, 1.0), numbered(first + 1)] {
            let done = pair.cut_and_repeat(cut, |store| store.insert(&s, &given));
            assert!(matches!(
                done,
                Insertion::Inserted | Insertion::AlreadyThere
            ));
            assert_fits(cut, done == Insertion::AlreadyThere);
        }
        let many = [numbered(first + 2), row(first + 3, 1.0)];
        let report = pair.cut_and_repeat(cut, |store| store.insert_many(&s, &many));
        assert_eq!(report.conflicts, []);
        assert_eq!(report.inserted.max(report.already_there), 2);
        assert_fits(cut, report.already_there == 2);
        let payload = format!(
            r#"{{"value": 1, "observed_at": {}, "stream": {{"uuid": "s", "name": "n{number}"}}}}"#,
            first + 4
        );
        let ingest = |store: &Store| store.ingest(payload.as_bytes(), &IngestOptions::new());
        let report = pair.cut_and_repeat(cut, ingest);
        assert_eq!(report.inserted + report.already_there, 1);
        assert_fits(cut, report.already_there == 1);
        wanted.extend(first..first + 5);
        // So many are copied in.
        let last = 100_000 * first;
        let many: Vec<_> = (last..last + 1_500).map(numbered).collect();
        let report = pair.cut_and_repeat(cut, |store| store.insert_many(&s, &many));
        assert_eq!(report.inserted.max(report.already_there), 1_500);
        assert_fits(cut, report.already_there == 1_500);
        assert_eq!(pair.through.delete(&s, at(last)..).unwrap(), 1_500);
        assert_eq!(seconds(&pair.beside, &s), wanted);
    }
    assert_eq!(pair.beside.verify(&s).unwrap().rows, wanted.len() as u64);
}

#[test]
fn metadata_and_what_is_removed_are_too() {
    let Some(server) = wanted() else { return };
    let pair = Pair::new(&server);
    for (number, cut) in CUTS.into_iter().enumerate() {
        let s = uuid(&format!("s{number}"));
        let patch = StreamPatch::new().name("n".to_owned());
        let made = pair.cut_and_repeat(cut, |store| store.upsert_stream(&s, &patch));
        assert_eq!(pair.beside.stream(&s).unwrap().as_ref(), Some(&made));
        let rows: Vec<NewObservation<'_>> = (0..5).map(numbered).collect();
        pair.beside.insert_many(&s, &rows).unwrap();
        let gone = pair.cut_and_repeat(cut, |store| store.delete(&s, at(3)..));
        assert_fits(cut, gone == 0);
        assert_eq!(seconds(&pair.beside, &s), [0, 1, 2]);
        let removed = pair.cut_and_repeat_removal(cut, &s);
        assert_fits(cut, removed.is_none());
        assert!(!pair.beside.contains(&s).unwrap());
    }
    assert_eq!(pair.beside.streams().unwrap(), []);
    assert_eq!(pair.beside.streams_with_data().unwrap(), []);
}

impl Pair {
    /// Removes a stream whose removal is cut. Returns how many rows the second call removed;
    /// `None` if there was no stream any more.
    fn cut_and_repeat_removal(&self, cut: Cut, stream: &StreamUuid) -> Option<u64> {
        self.cut_and_repeat(cut, |store| match store.remove(stream, Remove::Both) {
            Ok(removed) => Ok(removed.rows),
            Err(Error::StreamNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        })
    }
}

#[test]
fn control_a_plain_insert_that_is_repeated_is_stored_twice() {
    let Some(server) = wanted() else { return };
    let url = Url::new(&database(&server));
    let proxy = Proxy::to(&url.host);
    let through = url.clone().port(proxy.port).with("sslmode=disable");
    let through = through.with("gssencmode=disable").text();
    psql(&url.text(), "CREATE TABLE plain (value int)");
    let mut open = session(&through);
    proxy.cut(Cut::After);
    let insert = "INSERT INTO plain VALUES (1)";
    run_in(&mut open, "BEGIN");
    run_in(&mut open, insert);
    open.batch_execute("COMMIT").unwrap_err();
    run_in(&mut session(&through), insert);
    assert_eq!(psql(&url.text(), "SELECT count(*) FROM plain"), "2\n");
}

/// A server that no longer answers keeps no call for ever.
#[test]
fn a_commit_that_never_ends_can_be_interrupted() {
    let Some(server) = wanted() else { return };
    let pair = Pair::new(&server);
    let s = uuid("s");
    for given in [numbered(1), row(2, 2.0)] {
        pair.proxy.cut(Cut::Stuck);
        let error = std::thread::scope(|scope| {
            let call = scope.spawn(|| pair.through.insert(&s, &given));
            until(|| pair.proxy.has_cut());
            pause(50);
            pair.through.interrupt();
            call.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, Error::UnknownOutcome { .. }), "{error:?}");
        assert_eq!(
            pair.through.insert(&s, &given).unwrap(),
            Insertion::Inserted
        );
    }
    assert_eq!(seconds(&pair.beside, &s), [1, 2]);
}
