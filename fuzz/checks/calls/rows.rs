//! Rows and texts, in and out.
#![allow(unsafe_code)]

use std::ptr;

use super::super::c_api::*;
use super::call::{Call, KNOWN, Number};
use super::places::{Kind, Places, Wanted};

/// Returns `true` if the call inserts rows across streams, not into one.
pub(super) fn is_across(call: &Call) -> bool {
    call.size >> 6 & 3 == 1
}

/// Inserts rows: all into one stream, or each into one of its own.
///
/// # Safety
/// As [`Session::make`](super::Session) has it.
pub(super) unsafe fn insert_many(
    call: &Call,
    places: &mut Places,
    store: Pointer,
    error: Pointer,
) -> i32 {
    let none = Text {
        data: ptr::null(),
        length: 0,
    };
    let text = call.text.text();
    let rows = &call.rows[..call.rows.len().min(20)];
    let ts: Vec<i64> = rows
        .iter()
        .map(|row| Number::Small(row.0 % 8).instant())
        .collect();
    let values: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
    let texts = |from: usize| -> Vec<Text> {
        let pick = |number: usize| KNOWN.get(from + number % 8);
        rows.iter()
            .map(|row| {
                pick(row.2.into()).map_or(none, |known| Text {
                    data: known.as_ptr(),
                    length: known.len(),
                })
            })
            .collect()
    };
    let (spellings, hashes) = (texts(6), texts(9));
    // A bit for each array that is NULL.
    let given = |bit: u32| call.size >> bit & 1 == 1;
    let count = match given(7) && given(6) && given(5) {
        true => usize::MAX,
        false => rows.len(),
    };
    let report = places.place(Wanted::Struct(32));
    let conflicts = places.place(Wanted::Handle(Kind::String));
    let ts = if given(0) { ptr::null() } else { ts.as_ptr() };
    let spellings = if given(1) {
        spellings.as_ptr()
    } else {
        ptr::null()
    };
    let values = if given(2) && given(3) {
        ptr::null()
    } else {
        values.as_ptr()
    };
    let hashes = if given(4) {
        hashes.as_ptr()
    } else {
        ptr::null()
    };
    let (data, length, none) = (text.data, text.length, ptr::null());
    // SAFETY: by the caller's word.
    unsafe {
        if is_across(call) {
            let uuids = vec![text; rows.len()];
            return satori_insert_across(
                store,
                count,
                uuids.as_ptr(),
                ts,
                spellings,
                values,
                hashes,
                none,
                report,
                conflicts,
                error,
            );
        }
        satori_insert_many(
            store, data, length, count, ts, spellings, values, hashes, none, report, conflicts,
            error,
        )
    }
}

/// Reads a batch of a cursor, and every byte of its texts.
///
/// # Safety
/// As [`Session::make`](super::Session) has it.
pub(super) unsafe fn read_rows(
    capacity: Number,
    places: &mut Places,
    cursor: Pointer,
    error: Pointer,
) -> i32 {
    const ROOM: usize = 6;
    let none = Text {
        data: ptr::null(),
        length: 0,
    };
    let capacity = match capacity {
        Number::Small(capacity) => usize::from(capacity.unsigned_abs()) % (ROOM + 1),
        _ => usize::MAX,
    };
    let (mut ts, mut values) = ([0; ROOM], [0.0; ROOM]);
    let [mut spellings, mut hashes, mut providers] = [[none; ROOM]; 3];
    let mut count = usize::MAX;
    let place = match places.is_given() {
        true => (&raw mut count).cast(),
        false => ptr::null_mut(),
    };
    let given: [bool; 2] = [(); 2].map(|()| places.is_given());
    // SAFETY: by the caller's word.
    unsafe {
        let status = satori_cursor_next(
            cursor,
            capacity,
            if given[0] {
                ts.as_mut_ptr()
            } else {
                ptr::null_mut()
            },
            if given[1] {
                spellings.as_mut_ptr()
            } else {
                ptr::null_mut()
            },
            values.as_mut_ptr(),
            hashes.as_mut_ptr(),
            providers.as_mut_ptr(),
            place,
            error,
        );
        if status == OK {
            assert!(count <= capacity && capacity <= ROOM, "{count} rows");
            let mut streams = [none; ROOM];
            let status = satori_cursor_streams(cursor, count, streams.as_mut_ptr(), error);
            assert_eq!(status, OK);
            let streams = streams[..count].iter().map(|text| assert_text(*text));
            let streams: Vec<_> = streams.map(|text| text.expect("a uuid")).collect();
            let is_of_one = streams.windows(2).all(|pair| pair[0] == pair[1]);
            assert!(!given[0] || !is_of_one || ts[..count].is_sorted(), "{ts:?}");
            for text in spellings[..count]
                .iter()
                .chain(&hashes[..count])
                .chain(&providers[..count])
            {
                assert_text(*text);
            }
        }
        status
    }
}

/// # Safety
/// As [`Session::make`](super::Session) has it.
pub(super) unsafe fn read_string(places: &mut Places, string: Pointer, error: Pointer) -> i32 {
    let mut text = Text {
        data: ptr::null(),
        length: 0,
    };
    let length = match places.is_given() {
        true => (&raw mut text.length).cast(),
        false => ptr::null_mut(),
    };
    // SAFETY: by the caller's word.
    unsafe {
        let status = satori_string_get(string, (&raw mut text.data).cast(), length, error);
        if status == OK && !length.is_null() {
            let read = assert_text(text).expect("a text");
            let json: Result<serde_json::Value, _> = serde_json::from_str(read);
            assert!(json.is_ok(), "{read}");
        }
        status
    }
}

/// Asserts that a text is UTF-8 and ends with a NUL.
///
/// # Safety
/// The library has given the text, and it lives.
unsafe fn assert_text<'a>(text: Text) -> Option<&'a str> {
    if text.data.is_null() {
        return None;
    }
    // SAFETY: by the caller's word.
    let bytes = unsafe { std::slice::from_raw_parts(text.data, text.length + 1) };
    assert_eq!(bytes[text.length], 0, "no NUL at the end");
    Some(std::str::from_utf8(&bytes[..text.length]).expect("UTF-8"))
}
