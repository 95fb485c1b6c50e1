//! Copying a store into another, through the library: what goes along, what is refused, and
//! how a copy ends. The command line's tests copy files there and back, and kill copies.

use std::collections::BTreeMap;

use satori_store::{Error, Observation, OpenOptions, Store, StreamPatch};

use crate::support::{all, at, memory, numbered, row, uuid};

/// Returns a store with two streams, one of them with metadata, and a third that has only that.
fn source() -> Store {
    let store = memory();
    store
        .insert_many(&uuid("b"), &(0..20_000).map(numbered).collect::<Vec<_>>())
        .unwrap();
    store
        .insert(&uuid("a"), &row("2024-01-03 12:00", 1.5))
        .unwrap();
    let patch = StreamPatch::new()
        .name("name".to_owned())
        .server_stream_id(7);
    for stream in ["gone", "a", "none"] {
        store.upsert_stream(&uuid(stream), &patch).unwrap();
    }
    store
        .remove(&uuid("gone"), satori_store::Remove::Both)
        .unwrap();
    store
}

/// Returns all rows of each stream.
fn rows(store: &Store) -> BTreeMap<String, Vec<Observation>> {
    let streams = store.streams_with_data().unwrap();
    let read = |uuid| (format!("{uuid:?}"), all(store, &uuid).unwrap());
    streams.into_iter().map(read).collect()
}

#[test]
fn all_goes_along() {
    let (source, target) = (source(), memory());
    let planned = source.copy_dry_run(&target).unwrap();
    assert_eq!((planned.rows, planned.already_there), (20_001, 0));
    assert!(target.streams_with_data().unwrap().is_empty());

    let mut seen = Vec::new();
    let copied = source
        .copy_to(&target, |stream, copied| {
            seen.push((stream.clone(), copied.rows))
        })
        .unwrap();
    assert_eq!(
        (copied.streams, copied.with_data, copied.rows),
        (2, 2, 20_001)
    );
    assert_eq!((copied.already_there, copied.set_aside), (0, 0));
    assert_eq!(seen.last(), Some(&(uuid("a"), 20_001)));
    assert!(seen.len() > 3, "a page at a time: {seen:?}");

    assert_eq!(rows(&target), rows(&source));
    assert_eq!(target.streams().unwrap(), source.streams().unwrap());
    assert_eq!(
        target.streams_with_data().unwrap(),
        source.streams_with_data().unwrap()
    );
    // No id is given twice, not even that of a stream which is gone.
    for store in [&source, &target] {
        store
            .upsert_stream(&uuid("new"), &StreamPatch::new())
            .unwrap();
    }
    let id = |store: &Store| store.stream(&uuid("new")).unwrap().unwrap().id;
    assert_eq!(id(&target), id(&source));
}

#[test]
fn what_came_meanwhile_is_copied_by_the_next_call() {
    let (source, target) = (memory(), memory());
    source
        .insert_many(&uuid("s"), &(0..100).map(numbered).collect::<Vec<_>>())
        .unwrap();
    source.copy_to(&target, |_, _| ()).unwrap();
    source
        .insert_many(&uuid("s"), &(100..150).map(numbered).collect::<Vec<_>>())
        .unwrap();
    source.insert(&uuid("t"), &numbered(1)).unwrap();
    let copied = source.copy_to(&target, |_, _| ()).unwrap();
    assert_eq!((copied.rows, copied.already_there), (151, 100));
    assert_eq!(rows(&target), rows(&source));
}

#[test]
fn a_copy_ends_when_it_is_interrupted_and_goes_on() {
    let (source, target) = (source(), memory());
    let ending = source.clone();
    let ended = source.copy_to(&target, |_, _| ending.interrupt());
    assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
    let there = target.count(&uuid("b"), ..).unwrap();
    assert!(there > 0 && there < 20_000, "{there}");
    assert_eq!(
        source.copy_to(&target, |_, _| ()).unwrap().already_there,
        there
    );
    assert_eq!(rows(&target), rows(&source));
}

#[test]
fn another_program_that_writes_to_the_target_is_found_out() {
    let (source, target) = (source(), memory());
    let other = target.clone();
    let written = source.copy_to(&target, |_, _| {
        let _ = other.insert(&uuid("a"), &row("2024-01-03 12:00", 9.0));
    });
    let error = written.unwrap_err();
    assert!(
        matches!(&error, Error::NotACopy { stream, .. } if stream == "a"),
        "{error}"
    );
}

#[test]
fn a_target_with_another_row_is_refused() {
    let (source, target) = (source(), memory());
    target.insert(&uuid("b"), &row(7, 8.0)).unwrap();
    let before = rows(&target);
    let error = source.copy_to(&target, |_, _| ()).unwrap_err();
    assert!(
        error.to_string().contains("1970-01-01T00:00:07Z"),
        "{error}"
    );
    assert!(matches!(
        source.copy_dry_run(&target),
        Err(Error::NotACopy { .. })
    ));
    assert_eq!(rows(&target), before);
    assert_eq!(target.count(&uuid("b"), at(0)..).unwrap(), 1);
}

#[test]
fn a_store_is_a_copy_of_itself() {
    let source = source();
    let copied = source.copy_to(&source, |_, _| ()).unwrap();
    assert_eq!(copied.already_there, copied.rows);
}

#[test]
fn a_target_that_keeps_digests_keeps_those_of_the_copy() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let target = OpenOptions::new().digest(true);
    let target = target.open(folder.path().join("copy.db")).unwrap();
    source.copy_to(&target, |_, _| ()).unwrap();
    for stream in ["a", "b"] {
        let verified = target.verify(&uuid(stream)).unwrap();
        assert_eq!(verified.digest, satori_store::Digest::Matches);
    }
}
