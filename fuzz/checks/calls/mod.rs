//! Sequences of C calls, with handles that are NULL, freed, of another type or never given
//! out, and with texts, structs and places that can't be right: each call answers as the
//! header says, writes nothing if it fails, and loses no handle.
#![allow(unsafe_code)]

mod call;
mod places;
mod rows;

use std::ffi::CStr;
use std::ptr;

use arbitrary::{Arbitrary, Unstructured};

use super::c_api::*;
use call::{Call, Input, Number, Value, ingest_options, patch};
use places::{Kind, Places, Wanted};
use rows::{insert_many, is_across, read_rows, read_string};

/// How many calls are made.
const LONGEST: usize = 48;

struct Handle {
    value: Pointer,
    kind: Kind,
    is_live: bool,
}

/// What a function does if its handle is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Any answer but that the handle is wrong.
    Answer,
    Status(i32),
}

struct Session {
    handles: Vec<Handle>,
    folder: tempfile::TempDir,
}

/// Makes the calls, and frees what is left.
pub(crate) fn check(data: &[u8]) {
    let mut session = Session {
        handles: Vec::new(),
        folder: tempfile::tempdir().expect("a folder"),
    };
    // Without a store there is little to call.
    let mut store = ptr::null_mut::<()>();
    let mut options = [0_u64; 6];
    options[0] = size_of_val(&options) as u64;
    options[2] = 1 << 32;
    // SAFETY: as the header has it.
    let status = unsafe {
        let place = (&raw mut store).cast();
        satori_store_open(
            ptr::null(),
            0,
            options.as_mut_ptr().cast(),
            place,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, OK);
    session.handles.push(Handle {
        value: store.cast(),
        kind: Kind::Store,
        is_live: true,
    });
    let mut input = Unstructured::new(data);
    for _ in 0..LONGEST {
        match Call::arbitrary(&mut input) {
            Ok(call) if !input.is_empty() => session.make(&call),
            _ => break,
        }
    }
    for handle in session.handles {
        let free = free_of(handle.kind);
        for expected in [
            if handle.is_live { OK } else { INVALID_HANDLE },
            INVALID_HANDLE,
        ] {
            // SAFETY: any handle may be given.
            assert_eq!(unsafe { free(handle.value, ptr::null_mut()) }, expected);
        }
    }
}

fn free_of(kind: Kind) -> OnHandle {
    match kind {
        Kind::Store => satori_store_close,
        Kind::List => satori_stream_list_free,
        Kind::Cursor => satori_cursor_free,
        Kind::String => satori_string_free,
    }
}

const KINDS: [Kind; 4] = [Kind::Store, Kind::List, Kind::Cursor, Kind::String];
const LISTS: [Lists; 4] = [
    satori_streams,
    satori_streams_without_metadata,
    satori_streams_with_data,
    satori_quarantined_streams,
];
const LISTS_OF: [ListsOf; 2] = [satori_streams_by_server_id, satori_stale_streams];
/// Functions that find something by a text, and of which kind it is.
const FINDS: [(Finds, Option<Kind>); 5] = [
    (satori_contains, None),
    (satori_stream_by_uuid, Some(Kind::List)),
    (satori_streams_by_name, Some(Kind::List)),
    (satori_search_streams, Some(Kind::List)),
    (satori_sync_streams, Some(Kind::String)),
];
const JSON_COPIES: [CopiesJson; 2] = [satori_get_stream_json, satori_get_stream_by_name_json];
const COPIES: [Copies; 2] = [satori_get_stream, satori_get_stream_by_name];
/// Functions that count rows of a stream and list them.
const ROWS: [FindsTwo; 3] = [satori_unreadable, satori_quarantined, satori_check_stream];
/// Functions that report on a stream, and how large the struct is.
const REPORTS: [(FindsTwo, usize); 2] = [(satori_get_statistics, 80), (satori_verify, 56)];
const SWITCHED: [Switched; 2] = [satori_normalize, satori_quarantine];
const RANGES: [Ranges; 2] = [satori_count, satori_delete];

impl Session {
    /// Returns a handle, and whether it is a live one of this kind.
    fn pick(&self, call: &Call, kind: Kind) -> (Pointer, Expected) {
        let invalid = Expected::Status(INVALID_HANDLE);
        let number = usize::from(call.handle);
        // Mostly the store, or the newest of the kind, as a program would.
        let newest = || self.handles.iter().rev().find(|handle| handle.kind == kind);
        match call.handle {
            0..=7 => match self.handles.get(number) {
                Some(handle) if handle.is_live && handle.kind == kind => {
                    (handle.value, Expected::Answer)
                }
                Some(handle) => (handle.value, invalid),
                None => (ptr::null_mut(), Expected::Status(NULL_POINTER)),
            },
            8 => (ptr::null_mut(), Expected::Status(NULL_POINTER)),
            9 => (ptr::from_ref(self).cast_mut().cast(), invalid),
            10 => (ptr::without_provenance_mut(usize::MAX), invalid),
            _ => match newest() {
                Some(handle) if handle.is_live => (handle.value, Expected::Answer),
                Some(handle) => (handle.value, invalid),
                None => (ptr::null_mut(), Expected::Status(NULL_POINTER)),
            },
        }
    }

    /// Returns the text of a step: a good one, if the other text is a known one.
    fn step(&self, call: &Call) -> Text {
        const STEPS: [&str; 4] = ["2s", "1d", "1mo[Europe/Berlin]", "a"];
        match &call.other {
            Input::Known(number) => {
                let step = STEPS[usize::from(*number) % STEPS.len()];
                Text {
                    data: step.as_ptr(),
                    length: step.len(),
                }
            }
            other => other.text(),
        }
    }

    fn make(&mut self, call: &Call) {
        let mut places = Places::new(call.places, call.size);
        let error = places.error();
        let which = usize::from(call.function / 24);
        let is_json = match call.function % 24 {
            2 => FINDS[which % FINDS.len()].1 == Some(Kind::String),
            15 => true,
            _ => false,
        };
        let text = match is_json {
            true => call.text.json(),
            false => call.text.text(),
        };
        let [first, second] = call.numbers;
        let value = match call.value {
            Value::Small(value) => f64::from(value),
            Value::Any(value) => value,
        };
        let kind = match call.function % 24 {
            16 => KINDS[which % KINDS.len()],
            17..=19 => Kind::List,
            20 => Kind::Cursor,
            21 => Kind::String,
            _ => Kind::Store,
        };
        let (handle, mut expected) = self.pick(call, kind);
        let count = |expected| match (call.function % 24, expected) {
            (12 | 13, Expected::Answer) => rows_of(handle, text),
            _ => None,
        };
        let before = count(expected);
        // What the text must not be, if it is read.
        let mut fault = call.text.fault();
        if is_json && fault == Some(INVALID_UTF8) {
            // Some of its objects may be good.
            fault = None;
        }
        // SAFETY: the handle may be anything. Texts and arrays are as long as they say, or
        // longer than any memory; places are NULL, misaligned, or have room.
        let status = unsafe {
            match call.function % 24 {
                0 => {
                    fault = None;
                    let list = places.place(Wanted::Handle(Kind::List));
                    LISTS[which % LISTS.len()](handle, list, error)
                }
                1 if which % 4 >= 2 => {
                    fault = fault.or(call.other.fault());
                    let list = places.place(Wanted::Handle(Kind::List));
                    let find = [satori_streams_of, satori_streams_named][which % 2];
                    let texts = [text, call.other.text()];
                    find(handle, 2, texts.as_ptr(), list, error)
                }
                1 => {
                    fault = None;
                    let list = places.place(Wanted::Handle(Kind::List));
                    LISTS_OF[which % LISTS_OF.len()](handle, first.instant(), list, error)
                }
                2 => {
                    let (find, found) = FINDS[which % FINDS.len()];
                    let place = places.place(found.map_or(Wanted::Plain, Wanted::Handle));
                    find(handle, text.data, text.length, place, error)
                }
                3 if which % 4 >= 2 => {
                    let needed = places.place_written_anyway();
                    // Enough for a stream, or for none.
                    let mut json = [0_u8; 512];
                    let capacity = [json.len(), 64][usize::from(call.size % 2)];
                    let copy = JSON_COPIES[which % JSON_COPIES.len()];
                    let room = json.as_mut_ptr();
                    let (data, length) = (text.data, text.length);
                    let status = copy(handle, data, length, room, capacity, needed, error);
                    if status == OK && json[0] != 0 {
                        let json = CStr::from_bytes_until_nul(&json).expect("a NUL");
                        let read: Result<serde_json::Value, _> =
                            serde_json::from_slice(json.to_bytes());
                        assert!(read.is_ok(), "{json:?}");
                    }
                    status
                }
                3 => {
                    let stream = places.place(Wanted::Struct(160));
                    let needed = places.place_written_anyway();
                    let mut texts = [0_u8; 64];
                    let copy = COPIES[which % COPIES.len()];
                    let room = texts.as_mut_ptr();
                    copy(
                        handle,
                        text.data,
                        text.length,
                        stream,
                        room,
                        64,
                        needed,
                        error,
                    )
                }
                4 => {
                    let count = places.place(Wanted::Plain);
                    let rows = places.place(Wanted::Handle(Kind::String));
                    ROWS[which % ROWS.len()](handle, text.data, text.length, count, rows, error)
                }
                5 => {
                    let (report, size) = REPORTS[which % REPORTS.len()];
                    let counts = places.place(Wanted::Struct(size));
                    let json = places.place(Wanted::Handle(Kind::String));
                    report(handle, text.data, text.length, counts, json, error)
                }
                6 => {
                    let dry_run = first.plain() as i32;
                    let count = places.place(Wanted::Plain);
                    let json = places.place(Wanted::Handle(Kind::String));
                    let run = SWITCHED[which % SWITCHED.len()];
                    run(handle, text.data, text.length, dry_run, count, json, error)
                }
                7 if which % 3 == 2 => {
                    let deleted = places.place(Wanted::Plain);
                    let (since, last) = match call.size % 2 {
                        0 => (first.instant(), 0),
                        _ => (i64::MIN, second.plain() as u64),
                    };
                    let dry_run = i32::from(which % 2 == 0);
                    let (data, length) = (text.data, text.length);
                    satori_retain(handle, data, length, since, last, dry_run, deleted, error)
                }
                7 => {
                    let run = RANGES[which % RANGES.len()];
                    let count = places.place(Wanted::Plain);
                    let (from, to) = (first.instant(), second.instant());
                    run(handle, text.data, text.length, from, to, count, error)
                }
                8 if which % 7 == 6 => {
                    fault = None;
                    let [problems, findings] = [Wanted::Plain, Wanted::Handle(Kind::String)]
                        .map(|wanted| places.place(wanted));
                    let check = [satori_check, satori_check_file][which / 7 % 2];
                    check(handle, first.instant(), problems, findings, error)
                }
                8 if which % 5 == 4 => {
                    fault = None;
                    let [before, after] = [(); 2].map(|()| places.place(Wanted::Plain));
                    satori_compact(handle, before, after, error)
                }
                // Into a folder that doesn't exist: a backup takes long.
                8 if which % 3 == 2 => {
                    fault = None;
                    let path = c"/nowhere/backup.db".to_bytes();
                    let size = places.place(Wanted::Plain);
                    satori_backup(handle, path.as_ptr(), path.len(), size, error)
                }
                8 if which == 4 => {
                    fault = None;
                    satori_interrupt(handle, error)
                }
                8 if which == 6 => {
                    fault = None;
                    let version = places.place(Wanted::Plain);
                    satori_data_version(handle, version, error)
                }
                8 if which == 10 => {
                    fault = None;
                    let version = places.place(Wanted::Plain);
                    satori_wait(handle, first.plain() as u64, 0, version, error)
                }
                8 if which % 2 == 1 => satori_restate_digest(handle, text.data, text.length, error),
                8 => {
                    let [restored, kept] = [(); 2].map(|()| places.place(Wanted::Plain));
                    satori_restore(handle, text.data, text.length, restored, kept, error)
                }
                9 => {
                    let [metadata, rows] = [(); 2].map(|()| places.place(Wanted::Plain));
                    let what = first.plain() as i32;
                    satori_remove(handle, text.data, text.length, what, metadata, rows, error)
                }
                10 if which == 7 => {
                    let cursor = places.place(Wanted::Handle(Kind::Cursor));
                    let (after, limit) = (first.instant(), second.plain() as usize);
                    satori_newer(handle, 1, &text, &after, limit, cursor, error)
                }
                10 if which == 8 => {
                    fault = fault.or(call.other.fault());
                    let count = places.place(Wanted::Plain);
                    let mut summaries = [[0; 9]; 4];
                    let step = self.step(call);
                    satori_resample(
                        handle,
                        text.data,
                        text.length,
                        first.instant(),
                        second.instant(),
                        step.data,
                        step.length,
                        i32::from(call.size % 2),
                        summaries.len(),
                        summaries.as_mut_ptr(),
                        count,
                        error,
                    )
                }
                10 if which == 9 => {
                    fault = fault.or(call.other.fault());
                    let rows = places.place(Wanted::Plain);
                    let (mut ts, mut values) = ([0; 4], [0.0; 8]);
                    let step = self.step(call);
                    satori_align(
                        handle,
                        2,
                        [text, text].as_ptr(),
                        first.instant(),
                        second.instant(),
                        step.data,
                        step.length,
                        i32::from(call.size % 4),
                        first.plain(),
                        4,
                        ts.as_mut_ptr(),
                        values.as_mut_ptr(),
                        rows,
                        error,
                    )
                }
                10 if which == 10 => {
                    let value = places.place(Wanted::Plain);
                    let ts = first.instant();
                    let fill = i32::from(call.size % 4);
                    let age = second.plain();
                    satori_align_to(handle, 1, &text, 1, &ts, fill, age, value, error)
                }
                10 => {
                    let cursor = places.place(Wanted::Handle(Kind::Cursor));
                    let (data, length) = (text.data, text.length);
                    let (from, to) = (first.instant(), second.instant());
                    let count = first.plain() as usize;
                    match which % 8 {
                        0 => satori_observations(handle, data, length, from, to, cursor, error),
                        1 => satori_last(handle, data, length, count, cursor, error),
                        2 => satori_first(handle, data, length, count, cursor, error),
                        3 => satori_last_before(handle, data, length, to, count, cursor, error),
                        4 => satori_as_of(handle, data, length, from, cursor, error),
                        5 => {
                            fault = fault.or(call.other.fault());
                            let uuids = [text, call.other.text()];
                            satori_latest_of(handle, 2, uuids.as_ptr(), cursor, error)
                        }
                        6 => {
                            fault = None;
                            satori_latest_of_all(handle, cursor, error)
                        }
                        _ => satori_observation(handle, data, length, from, cursor, error),
                    }
                }
                11 => {
                    let outputs = [(); 5].map(|()| places.place(Wanted::Plain));
                    let needed = places.place_written_anyway();
                    let [ts, spelling, value, hash, provider] = outputs;
                    let mut texts = [0_u8; 64];
                    satori_get_latest(
                        handle,
                        text.data,
                        text.length,
                        ts,
                        spelling,
                        value,
                        hash,
                        provider,
                        texts.as_mut_ptr(),
                        64,
                        needed,
                        error,
                    )
                }
                12 => {
                    let hash = &call.other.text();
                    fault = fault.or(call.other.fault());
                    let [insertion, stored] = [(); 2].map(|()| places.place(Wanted::Plain));
                    satori_insert(
                        handle,
                        text.data,
                        text.length,
                        first.instant(),
                        value,
                        ptr::from_ref(hash).cast_mut().cast(),
                        ptr::null_mut(),
                        insertion,
                        stored,
                        error,
                    )
                }
                13 => {
                    // Without rows it reads no uuid.
                    if call.rows.is_empty() && is_across(call) {
                        fault = None;
                    }
                    insert_many(call, &mut places, handle, error)
                }
                14 => {
                    let mut patch = patch(call, places.size_of(120));
                    let list = places.place(Wanted::Handle(Kind::List));
                    let write = [satori_upsert_stream, satori_update_stream][which % 2];
                    let patch = patch.as_mut_ptr().cast();
                    write(handle, text.data, text.length, patch, list, error)
                }
                15 => {
                    let mut options = ingest_options(call, places.size_of(64));
                    let report = places.place(Wanted::Struct(56));
                    let details = places.place(Wanted::Handle(Kind::String));
                    let options = options.as_mut_ptr().cast();
                    satori_ingest(
                        handle,
                        text.data,
                        text.length,
                        options,
                        report,
                        details,
                        error,
                    )
                }
                16 => {
                    fault = None;
                    if expected == Expected::Status(NULL_POINTER) {
                        expected = Expected::Status(OK);
                    }
                    free_of(kind)(handle, error)
                }
                17 => {
                    fault = None;
                    let count = places.place(Wanted::Plain);
                    satori_stream_list_count(handle, count, error)
                }
                18 => {
                    fault = None;
                    let stream = places.place(Wanted::Struct(160));
                    let index = first.plain() as usize;
                    satori_stream_list_get(handle, index, stream, error)
                }
                19 => {
                    fault = None;
                    let json = places.place(Wanted::Handle(Kind::String));
                    satori_stream_list_columns(handle, json, error)
                }
                20 => {
                    fault = None;
                    read_rows(first, &mut places, handle, error)
                }
                21 => {
                    fault = None;
                    read_string(&mut places, handle, error)
                }
                22 => {
                    expected = Expected::Answer;
                    fault = None;
                    self.open(call, &mut places, error)
                }
                _ => {
                    expected = Expected::Answer;
                    match which % 3 {
                        0 => {
                            let ts = places.place(Wanted::Plain);
                            let unit = first.plain() as i32;
                            satori_parse_timestamp(text.data, text.length, unit, ts, error)
                        }
                        1 => {
                            let other = call.other.text();
                            fault = fault.or(call.other.fault());
                            let uuid = places.place_written_anyway();
                            satori_stream_uuid(text, other, text, other, uuid, error)
                        }
                        _ => {
                            fault = None;
                            satori_get_library_info(places.place(Wanted::Struct(48)), error)
                        }
                    }
                }
            }
        };
        if let (Expected::Answer, Some(_)) = (expected, fault) {
            assert_ne!(status, OK, "{call:?} took what is no text");
        }
        let after = count(expected);
        let added = after.unwrap_or(0) - before.unwrap_or(0);
        let reported = match (status, call.function % 24) {
            (OK, 12) => places.written(0, 0).map(|word| u64::from(word as u32 == 0)),
            (OK, 13) => places.written(0, 1),
            _ => Some(0),
        };
        assert!(
            reported.is_none_or(|rows| rows == added),
            "{call:?} added {added} rows"
        );
        self.settle(call, status, expected, (handle, kind), places);
    }

    fn open(&self, call: &Call, places: &mut Places, error: Pointer) -> i32 {
        let path = self.folder.path().join("engine.db");
        let path = path.to_str().expect("a path of the test's");
        let path = match &call.text {
            Input::Null(_) | Input::Endless => call.text.text(),
            _ => Text {
                data: path.as_ptr(),
                length: path.len(),
            },
        };
        let mut options = [0_u64; 40];
        options[0] = places.size_of(48) as u64;
        let [first, second] = call.numbers.map(Number::plain);
        // Read-only, must exist; synchronous, in memory; the limit; spelling, unreadable.
        options[1] = first as u64 & 1;
        options[2] = second as u64 & 3 | (first as u64 & 2) << 32;
        options[3] = 1;
        options[4] = first as u64 & 4 | (first as u64 & 8) << 32;
        options[5] = first as u64 & 1;
        let store = places.place(Wanted::Handle(Kind::Store));
        let options = options.as_mut_ptr().cast();
        // SAFETY: as `make` has it.
        unsafe { satori_store_open(path.data, path.length, options, store, error) }
    }

    /// Compares the answer with what is expected, and keeps the handles that it gave.
    fn settle(
        &mut self,
        call: &Call,
        status: i32,
        expected: Expected,
        (handle, kind): (Pointer, Kind),
        places: Places,
    ) {
        assert!(
            matches!(status, 0..=10 | 13..=24 | 101..=104 | BUFFER_TOO_SMALL),
            "{call:?} returned {status}"
        );
        // SAFETY: it takes any number, and its texts are static.
        let name = unsafe { CStr::from_ptr(satori_status_name(status)) };
        assert!(name.to_bytes().starts_with(b"SATORI_"), "{name:?}");
        match expected {
            _ if !places.is_error_aligned() => assert_eq!(status, INVALID_ARGUMENT, "{call:?}"),
            Expected::Status(expected) => assert_eq!(status, expected, "{call:?}"),
            Expected::Answer => assert_ne!(status, INVALID_HANDLE, "{call:?}"),
        }
        let has_freed = call.function % 24 == 16 && status == OK && !handle.is_null();
        if has_freed {
            let freed = self
                .handles
                .iter_mut()
                .find(|known| known.value == handle && known.kind == kind);
            freed.expect("it was live").is_live = false;
        }
        for (value, kind) in places.settle(status, call.function % 24 == 15) {
            self.handles.push(Handle {
                value,
                kind,
                is_live: true,
            });
        }
    }
}

/// Returns how many rows a stream has; `None` if it isn't known.
fn rows_of(store: Pointer, uuid: Text) -> Option<u64> {
    let mut count = 0_u64;
    let place = (&raw mut count).cast();
    // SAFETY: as `Session::make` has it.
    let status = unsafe {
        let (from, to) = (i64::MIN, i64::MAX);
        satori_count(
            store,
            uuid.data,
            uuid.length,
            from,
            to,
            place,
            ptr::null_mut(),
        )
    };
    (status == OK).then_some(count)
}
