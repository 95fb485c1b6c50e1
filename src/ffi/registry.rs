//! Handles: numbers that look like pointers, and what they stand for.
//!
//! A handle is never dereferenced. It names a slot and the slot's generation; a
//! handle that was freed, that belongs to another type, or that was never given
//! out finds nothing, and the call says so instead of crashing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::cursor::OpenCursor;
use super::error::{Failure, satori_code, satori_error, satori_status};
use super::guard;
use super::streams::OwnedStream;
use crate::store::Store;

/// What a handle stands for. Calls hold a share of it, so that closing a handle
/// while others use it ends it for later calls only.
#[derive(Clone)]
pub(super) enum Object {
    Store(Store),
    Streams(Arc<Vec<OwnedStream>>),
    Cursor(Arc<OpenCursor>),
    String(Arc<std::ffi::CString>),
}

/// The types that a handle may have.
pub(super) trait Handled: Sized {
    const NAME: &'static str;
    fn wrap(self) -> Object;
    fn unwrap(object: &Object) -> Option<Self>;
}

macro_rules! handled {
    ($($type:ty, $variant:ident, $name:literal;)*) => {
        $(impl Handled for $type {
            const NAME: &'static str = $name;

            fn wrap(self) -> Object {
                Object::$variant(self)
            }

            fn unwrap(object: &Object) -> Option<Self> {
                match object {
                    Object::$variant(object) => Some(object.clone()),
                    _ => None,
                }
            }
        })*
    };
}

handled! {
    Store, Store, "satori_store";
    Arc<Vec<OwnedStream>>, Streams, "satori_streams";
    Arc<OpenCursor>, Cursor, "satori_cursor";
    Arc<std::ffi::CString>, String, "satori_string";
}

struct Slot {
    generation: usize,
    object: Option<Entry>,
}

struct Entry {
    object: Object,
    poisoned: AtomicBool,
}

struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

static SLOTS: RwLock<Slots> = RwLock::new(Slots {
    slots: Vec::new(),
    free: Vec::new(),
});

/// The low bits of a handle: odd, so that no aligned pointer is one, then the
/// slot; the rest is the generation.
const SLOT_BITS: u32 = usize::BITS / 2;
const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
const LAST_GENERATION: usize = (1 << (usize::BITS - SLOT_BITS)) - 1;

fn handle_of(slot: usize, generation: usize) -> usize {
    generation << SLOT_BITS | slot << 1 | 1
}

/// Gives the object a handle.
pub(super) fn add<T: Handled>(object: T) -> Result<usize, Failure> {
    let mut slots = SLOTS.write().unwrap_or_else(PoisonError::into_inner);
    let entry = Entry {
        object: object.wrap(),
        poisoned: AtomicBool::new(false),
    };
    if let Some(index) = slots.free.pop() {
        let slot = &mut slots.slots[index];
        slot.generation += 1;
        slot.object = Some(entry);
        return Ok(handle_of(index, slot.generation));
    }
    let index = slots.slots.len();
    if index > SLOT_MASK >> 1 {
        return Err(Failure::argument("too many handles are open"));
    }
    slots.slots.push(Slot {
        generation: 1,
        object: Some(entry),
    });
    Ok(handle_of(index, 1))
}

fn find(slots: &[Slot], handle: usize) -> Option<(usize, &Entry)> {
    if handle & 1 == 0 {
        return None;
    }
    let index = (handle & SLOT_MASK) >> 1;
    let slot = slots.get(index)?;
    let entry = slot.object.as_ref()?;
    (slot.generation == handle >> SLOT_BITS).then_some((index, entry))
}

fn invalid<T: Handled>() -> Failure {
    Failure::Misuse(
        satori_code::SATORI_INVALID_HANDLE,
        format!(
            "the handle is no {}: freed, of another type, or never given out",
            T::NAME
        ),
    )
}

/// The object that a handle stands for.
pub(super) fn get<T: Handled>(handle: usize) -> Result<T, Failure> {
    if handle == 0 {
        return Err(Failure::null(T::NAME));
    }
    let slots = SLOTS.read().unwrap_or_else(PoisonError::into_inner);
    let (_, entry) = find(&slots.slots, handle).ok_or_else(invalid::<T>)?;
    let object = T::unwrap(&entry.object).ok_or_else(invalid::<T>)?;
    if entry.poisoned.load(Ordering::Acquire) {
        return Err(Failure::Store(crate::Error::Poisoned));
    }
    Ok(object)
}

/// Ends a handle and gives back what it stood for; also where it is poisoned.
pub(super) fn remove<T: Handled>(handle: usize) -> Result<T, Failure> {
    let mut slots = SLOTS.write().unwrap_or_else(PoisonError::into_inner);
    let (index, entry) = find(&slots.slots, handle).ok_or_else(invalid::<T>)?;
    let object = T::unwrap(&entry.object).ok_or_else(invalid::<T>)?;
    let slot = &mut slots.slots[index];
    slot.object = None;
    // A slot that has run through all its generations is never used again.
    if slot.generation < LAST_GENERATION {
        slots.free.push(index);
    }
    Ok(object)
}

/// Marks a handle after a panic: every later call but the freeing one fails.
pub(super) fn poison(handle: usize) {
    let slots = SLOTS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, entry)) = find(&slots.slots, handle) {
        entry.poisoned.store(true, Ordering::Release);
    }
}

/// The body of every `…_free`: NULL is fine.
///
/// # Safety
/// `error` is NULL or points to a `satori_error`.
pub(super) unsafe fn free<T: Handled>(
    name: &str,
    handle: usize,
    error: *mut satori_error,
) -> satori_status {
    let body = || match handle {
        0 => Ok(()),
        handle => remove::<T>(handle).map(drop),
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, handle, error, body) }
}
