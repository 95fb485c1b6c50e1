//! Handles that several threads make, use and end, in many orders.

use shuttle::thread;

use super::*;
use crate::process::id;

/// A type of handle that stands for a number.
struct Number;

impl Handle for Number {
    type Object = u32;
    const NAME: &'static str = "number";
}

/// A handle as a number, which threads may share.
fn make(number: u32) -> usize {
    add::<Number>(number).ok().unwrap().addr()
}

fn pointer(handle: usize) -> *const Number {
    ptr::without_provenance(handle)
}

fn number_of(handle: usize) -> Result<u32, Failure> {
    get(pointer(handle)).map(|number| *number)
}

fn is(code: satori_code, failure: &Failure) -> bool {
    matches!(failure, Failure::Misuse(found, _) if *found == code)
}

/// Runs each piece of work in a thread of its own; returns what they return.
fn together<T: Send + 'static>(work: Vec<Box<dyn FnOnce() -> T + Send>>) -> Vec<T> {
    let threads: Vec<_> = work.into_iter().map(thread::spawn).collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

fn boxed<T>(work: impl FnOnce() -> T + Send + 'static) -> Box<dyn FnOnce() -> T + Send> {
    Box::new(work)
}

#[test]
fn the_first_handles_of_a_process_are_different_ones() {
    id::play(|| {
        let work = (0..3).map(|n| boxed(move || (n, make(n)))).collect();
        let mut handles = together(work);
        for (number, handle) in &handles {
            assert_eq!(number_of(*handle).ok(), Some(*number));
        }
        handles.sort_unstable_by_key(|(_, handle)| *handle);
        handles.dedup_by_key(|(_, handle)| *handle);
        assert_eq!(handles.len(), 3);
    });
}

#[test]
fn a_handle_ends_once_and_never_stands_for_another_object() {
    id::play(|| {
        let old = make(1);
        let end = move || remove(pointer(old)).is_ok();
        let use_it = move || {
            let found = number_of(old);
            assert!(
                !matches!(found, Ok(number) if number != 1),
                "another's object"
            );
            false
        };
        let reuse = move || {
            let new = make(2);
            assert_ne!(new, old);
            assert_eq!(number_of(new).ok(), Some(2));
            false
        };
        let ended = together(vec![boxed(end), boxed(end), boxed(use_it), boxed(reuse)]);
        assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
        let failure = number_of(old).unwrap_err();
        assert!(is(satori_code::SATORI_INVALID_HANDLE, &failure));
    });
}

#[test]
fn poison_stays_with_the_object_that_it_was_meant_for() {
    id::play(|| {
        let old = make(1);
        let renew = move || {
            remove(pointer(old)).ok().unwrap();
            let new = make(2);
            assert_eq!(number_of(new).ok(), Some(2));
        };
        together(vec![boxed(move || poison(old)), boxed(renew)]);
    });
}

#[test]
fn a_child_knows_its_parents_handles_and_makes_others() {
    id::play(|| {
        let parents = make(1);
        id::fork();
        let work = move || {
            let failure = number_of(parents).unwrap_err();
            assert!(is(satori_code::SATORI_FORKED, &failure));
            let failure = remove(pointer(parents)).unwrap_err();
            assert!(is(satori_code::SATORI_FORKED, &failure));
            let own = make(2);
            assert_ne!(own, parents);
            assert_eq!(number_of(own).ok(), Some(2));
        };
        together(vec![boxed(work), boxed(work)]);
    });
}
