//! Arrow streams through the C interface: what is sound is stored as a plain reading has it,
//! what is damaged is stored whole or not at all, and all is released once.
//!
//! How long a producer's memory is, nobody can see. So every buffer is longer than any
//! damaged number makes it seem.
#![allow(unsafe_code)]

mod columns;
mod damage;
mod store;
mod stream;

use std::ptr;

use arbitrary::{Arbitrary, Unstructured};

use super::c_api::*;
use columns::{Column, Node};
use damage::Damage;
use store::Store;
use stream::{Fault, HELD, State, Stream};

/// What is inserted. Most producers do nothing wrong.
#[derive(Arbitrary, Debug)]
struct Producer {
    damage: [Option<Option<Damage>>; 2],
    fault: Option<Option<Option<Fault>>>,
    ts: Column,
    value: Column,
    hash: Option<Column>,
    /// A column that nobody asks for.
    other: Option<Column>,
    /// Empty rows before those of a batch.
    offset: u8,
    batches: Batches,
}

/// Up to three batches of up to 24 rows.
#[derive(Debug)]
struct Batches(Vec<Vec<Row>>);

impl<'a> Arbitrary<'a> for Batches {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let batches = (0..input.int_in_range(0..=3)?).map(|_| {
            let rows = 0..input.int_in_range(0..=24)?;
            rows.map(|_| input.arbitrary()).collect()
        });
        Ok(Self(batches.collect::<arbitrary::Result<_>>()?))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Row {
    second: u8,
    value: i8,
    hash: Option<u8>,
}

impl Row {
    fn second(self) -> u8 {
        self.second % 120
    }
}

/// Inserts the stream into a store in memory, and compares.
pub(crate) fn check(data: &[u8]) {
    let Ok(producer) = Producer::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    HELD.set(0);
    let store = Store::get();
    let fault = producer.fault();
    let is_sound = producer.damages().next().is_none() && fault.is_none();
    let mut stream = producer.stream();
    let unit = match fault {
        Some(Fault::Argument) => 9,
        _ => 0,
    };
    let mut report = [32_u64, 0, 0, 0];
    // SAFETY: as the header has it.
    let status = unsafe {
        satori_import_arrow(
            store.0,
            c"s".as_ptr().cast(),
            1,
            (&raw mut stream).cast(),
            ptr::null_mut(),
            unit,
            report.as_mut_ptr().cast(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    match (fault, stream.release) {
        (Some(Fault::Argument), Some(release)) => {
            assert_eq!(status, INVALID_ARGUMENT);
            // SAFETY: it was left to us.
            unsafe { release(&mut stream) };
        }
        (Some(Fault::Argument), None) => panic!("released, though an argument was refused"),
        (_, Some(_)) => panic!("taken over, but not released: {status}"),
        (_, None) => {}
    }
    assert_eq!(HELD.get(), 0, "released once each: {status}");
    let stored = store.rows();
    let [_, inserted, already_there, conflicts] = report;
    if status != OK {
        assert!(
            matches!(status, INVALID_ARROW | INVALID_ARGUMENT | 14 | 16 | 17),
            "{status}"
        );
        assert_eq!(
            (stored.len(), inserted),
            (0, 0),
            "refused ({status}), and yet stored"
        );
    } else {
        assert_eq!(stored.len() as u64, inserted);
    }
    if is_sound {
        let expected = producer.expected();
        match &expected {
            None => assert_ne!(status, OK, "{producer:?}"),
            Some(expected) => {
                assert_eq!(status, OK, "{producer:?}");
                assert_eq!(&stored, expected, "{producer:?}");
                let rows: usize = producer.batches.0.iter().map(Vec::len).sum();
                assert_eq!(inserted + already_there + conflicts, rows as u64);
            }
        }
    }
    if status == OK {
        assert_eq!(store.copy(), inserted, "what goes out comes in again");
    }
    store.clear();
}

impl Producer {
    fn fault(&self) -> Option<Fault> {
        self.fault.flatten().flatten()
    }

    fn damages(&self) -> impl Iterator<Item = &Damage> {
        self.damage.iter().flatten().flatten()
    }

    /// Returns the rows that are stored, by a plain reading; `None` if they are refused.
    fn expected(&self) -> Option<Vec<(i64, f64)>> {
        let mut stored = std::collections::BTreeMap::new();
        for row in self.batches.0.iter().flatten() {
            let ts = self.ts.instant(row.second().into())?;
            let value = self.value.value(row.value.into())?;
            stored.entry(ts).or_insert(value);
        }
        let has_hashes = self
            .batches
            .0
            .iter()
            .flatten()
            .any(|row| row.hash.is_some());
        let has_texts = self.hash.as_ref().is_none_or(Column::has_texts);
        if has_hashes && !has_texts {
            return None;
        }
        Some(stored.into_iter().collect())
    }

    fn stream(&self) -> Stream {
        let offset = usize::from(self.offset % 4);
        let batch = |rows: &Vec<Row>| {
            let items = |item: &dyn Fn(&Row) -> Option<i64>| -> Vec<Option<i64>> {
                let before = std::iter::repeat_n(Some(1), offset);
                before.chain(rows.iter().map(item)).collect()
            };
            let mut children = vec![
                self.ts
                    .node("ts", &items(&|row| Some(row.second().into())), true),
                self.value
                    .node("value", &items(&|row| Some(row.value.into())), false),
            ];
            if let Some(hash) = &self.hash {
                let hashes = items(&|row| row.hash.map(i64::from));
                children.push(hash.node("hash", &hashes, false));
            }
            if let Some(other) = &self.other {
                children.push(other.node("other", &items(&|row| Some(row.value.into())), false));
            }
            Node::rows(children, offset, rows.len())
        };
        let mut batches: Vec<_> = self.batches.0.iter().map(batch).collect();
        let mut schema = batch(&Vec::new());
        for damage in self.damages() {
            match damage.batch(batches.len()) {
                Some(place) => damage.apply(&mut batches[place]),
                None => damage.apply(&mut schema),
            }
        }
        HELD.set(HELD.get() + 1);
        let state = State {
            schema: Some(schema),
            batches: batches.into_iter(),
            fault: self.fault(),
            asked: 0,
        };
        Stream {
            get_schema: (self.fault() != Some(Fault::NoSchema)).then_some(stream::get_schema as _),
            get_next: (self.fault() != Some(Fault::NoStream)).then_some(stream::get_next as _),
            get_last_error: Some(stream::get_last_error),
            release: Some(stream::release_stream),
            private_data: Box::into_raw(Box::new(state)),
        }
    }
}
