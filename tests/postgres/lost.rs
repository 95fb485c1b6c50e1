//! Connections that are lost outside of `COMMIT`: nothing was stored, and the next call
//! connects anew.

use std::thread;

use satori_store::{Error, Insertion, Remove, Store};

use crate::server::*;
use crate::support::*;

#[test]
fn a_session_that_ends_between_two_calls_is_not_missed() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    let s = uuid("s");
    let calls: [&dyn Fn(); 8] = [
        &|| assert_eq!(store.insert(&s, &row(1, 1.0)).unwrap(), Insertion::Inserted),
        &|| assert_eq!(store.insert(&s, &row(2, 2.0)).unwrap(), Insertion::Inserted),
        &|| assert_eq!(store.insert(&s, &numbered(3)).unwrap(), Insertion::Inserted),
        &|| assert_eq!(store.count(&s, ..).unwrap(), 3),
        &|| assert_eq!(store.latest(&s).unwrap().unwrap().ts, at(3)),
        &|| assert_ne!(store.data_version().unwrap(), 0),
        &|| assert_eq!(store.streams_with_data().unwrap(), [uuid("s")]),
        &|| assert_eq!(store.delete(&s, at(3)..).unwrap(), 1),
    ];
    for call in calls {
        assert_ne!(place.ask("pid"), "");
        place.terminate();
        call();
    }
    // An iteration goes on where it was.
    let rows: Vec<_> = (10..50_010).map(|second| row(second, 1.0)).collect();
    store.insert_many(&s, &rows).unwrap();
    let mut reading = store.observations(&s, ..).unwrap();
    assert_eq!(reading.by_ref().take(3).filter(Result::is_ok).count(), 3);
    place.terminate();
    assert_eq!(reading.filter(Result::is_ok).count(), 50_002 - 3);
}

/// Has the store make a call that waits for a lock, and ends its session meanwhile.
fn lose_amid<T: Send + std::fmt::Debug>(
    place: &Named,
    store: &Store,
    block: &str,
    call: impl FnOnce(&Store) -> satori_store::Result<T> + Send,
) {
    let mut other = session(&place.plain);
    run_in(&mut other, block);
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| call(store));
        place.await_block();
        place.terminate();
        call.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "57P01");
    run_in(&mut other, "ROLLBACK");
}

#[test]
fn what_was_under_way_is_not_stored() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    let many: Vec<_> = (10..20).map(numbered).collect();
    lose_amid(&place, &store, LOCK, |store| store.statistics(&s));
    lose_amid(&place, &store, LOCK, |store| store.insert(&s, &row(1, 1.0)));
    lose_amid(&place, &store, LOCK, |store| store.insert(&s, &numbered(2)));
    lose_amid(&place, &store, LOCK, |store| store.insert_many(&s, &many));
    lose_amid(&place, &store, LOCK, |store| store.remove(&s, Remove::Both));
    // So many are copied in.
    let many: Vec<_> = (10..2_000).map(numbered).collect();
    lose_amid(&place, &store, OFFER, |store| store.insert_many(&s, &many));
    assert_eq!(seconds(&store, &s), [0]);
    assert_eq!(store.insert(&s, &row(1, 1.0)).unwrap(), Insertion::Inserted);
    assert_eq!(store.insert(&s, &numbered(2)).unwrap(), Insertion::Inserted);
    assert_eq!(store.verify(&s).unwrap().rows, 3);
}

/// As long as nobody answers, each call says so; as soon as somebody does, all is well.
#[test]
fn a_server_that_comes_back_is_found() {
    let Some(_) = wanted() else { return };
    let mut server = Server::start(&[]);
    let store = Store::connect(&server.url()).unwrap();
    assert_works(&store);
    server.crash();
    for _ in 0..3 {
        let error = store.count(&uuid("s"), ..).unwrap_err();
        assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
        assert!(!report(&error).contains(PASSWORD));
    }
    server.restart();
    assert_works(&store);
    // Between two calls nobody notices.
    server.crash();
    server.restart();
    assert_works(&store);
}
