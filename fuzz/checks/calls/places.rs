//! Places for results: right, NULL or misaligned; and what was written to them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr;

use super::super::c_api::*;

/// A type of handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Store,
    List,
    Cursor,
    String,
}

/// What a function writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Plain,
    /// A struct that may grow; this is how large it is.
    Struct(usize),
    Handle(Kind),
}

/// As many bytes as a struct is ever said to have.
type Memory = [u64; 40];

/// What the bits of a place mean. All else is a right one.
const NULL: u64 = 6;
const MISALIGNED: u64 = 7;

const FILL: u64 = 0xa5a5_a5a5_a5a5_a5a5;

struct Place {
    memory: Box<Memory>,
    before: Memory,
    pointer: Pointer,
    wanted: Wanted,
    /// It is also written if the function fails.
    is_written_anyway: bool,
}

/// The places of one call.
pub(crate) struct Places {
    /// Three bits say how the next place is.
    bits: u64,
    size: u8,
    places: Vec<Place>,
    error: Box<Error>,
    error_pointer: Pointer,
}

impl Places {
    pub(crate) fn new(bits: u64, size: u8) -> Self {
        Self {
            bits,
            size,
            places: Vec::new(),
            error: Box::new(Error {
                code: -1,
                database_code: -1,
                sqlstate: [1; 6],
                message: [1; 498],
            }),
            error_pointer: ptr::null_mut(),
        }
    }

    fn next(&mut self) -> u64 {
        let bits = self.bits & 7;
        self.bits >>= 3;
        bits
    }

    /// Returns `true` if the next argument is given, and not NULL.
    pub(crate) fn is_given(&mut self) -> bool {
        self.next() != NULL
    }

    /// Returns the place of the error.
    pub(crate) fn error(&mut self) -> Pointer {
        let first = (&raw mut *self.error).cast::<u8>();
        self.error_pointer = match self.next() {
            NULL => ptr::null_mut(),
            MISALIGNED => first.wrapping_add(1).cast(),
            _ => first.cast(),
        };
        self.error_pointer
    }

    pub(crate) fn is_error_aligned(&self) -> bool {
        self.error_pointer
            .addr()
            .is_multiple_of(align_of::<Error>())
    }

    /// Returns the size that a struct is said to have.
    pub(crate) fn size_of(&self, right: usize) -> usize {
        match self.size % 16 {
            0 => 0,
            1 => 8,
            2 => right - 8,
            3 => size_of::<Memory>(),
            4 if self.size > 128 => usize::MAX,
            _ => right,
        }
    }

    /// Returns a place for a result.
    pub(crate) fn place(&mut self, wanted: Wanted) -> Pointer {
        let mut memory = Box::new([FILL; 40]);
        if let Wanted::Struct(right) = wanted {
            memory[0] = self.size_of(right) as u64;
        }
        let first = memory.as_mut_ptr().cast::<u8>();
        let pointer: Pointer = match self.next() {
            NULL => ptr::null_mut(),
            MISALIGNED => first.wrapping_add(1).cast(),
            _ => first.cast(),
        };
        self.places.push(Place {
            before: *memory,
            memory,
            pointer,
            wanted,
            is_written_anyway: false,
        });
        pointer
    }

    /// Returns a place for what is also written if the function fails, or has no alignment.
    pub(crate) fn place_written_anyway(&mut self) -> Pointer {
        let pointer = self.place(Wanted::Plain);
        if let Some(last) = self.places.last_mut() {
            last.is_written_anyway = true;
        }
        pointer
    }

    /// Returns a word of what was written to a place; `None` if it wasn't.
    pub(crate) fn written(&self, place: usize, word: usize) -> Option<u64> {
        let place = &self.places[place];
        let word = place.memory[word];
        (!place.pointer.is_null() && word != FILL).then_some(word)
    }

    /// Asserts that what failed has written nothing, and that the error is the status.
    /// Returns the handles that were given.
    pub(crate) fn settle(self, status: i32, is_ingest: bool) -> Vec<(Pointer, Kind)> {
        let has_written = status == OK || is_ingest && status == REFUSED;
        if status == OK || !self.is_error_aligned() || self.error_pointer.is_null() {
            assert_eq!(self.error.code, -1, "an error of what went well");
        } else {
            assert_eq!(self.error.code, status);
            let message = CStr::from_bytes_until_nul(&self.error.message).expect("a NUL");
            assert!(!message.to_str().expect("UTF-8").is_empty());
            CStr::from_bytes_until_nul(&self.error.sqlstate).expect("a NUL");
        }
        let mut handles = Vec::new();
        for place in self.places {
            if !has_written {
                let is_same = *place.memory == place.before;
                assert!(
                    is_same || place.is_written_anyway,
                    "written, and yet {status}"
                );
                continue;
            }
            if place.pointer.is_null() {
                continue;
            }
            if let Wanted::Handle(kind) = place.wanted {
                let is_aligned = place.pointer.addr().is_multiple_of(8);
                assert!(
                    is_aligned && place.memory[0] != FILL,
                    "no handle of {kind:?}"
                );
                handles.push((ptr::without_provenance_mut(place.memory[0] as usize), kind));
            }
        }
        handles
    }
}
