//! Handles: numbers that look like pointers, and what they stand for.
//!
//! A handle is never dereferenced. It names a slot and the slot's generation; a
//! handle that was freed, that belongs to another type, or that was never given
//! out finds nothing, and the call says so instead of crashing.
//!
//! fork() copies the registry with its lock, which a thread that the child does
//! not have may hold at that moment. So every process has a registry of its own:
//! the child looks at the process id before it takes any lock, begins anew, and
//! knows its parent's handles by their slots.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::cursor::OpenCursor;
use super::error::{Failure, satori_code, satori_error, satori_status};
use super::guard;
use super::stream::OwnedStream;
use crate::process::id::process_id;
use crate::store::Store;

/// What a handle stands for. Calls hold a share of it, so that closing a handle
/// while others use it ends it for later calls only.
#[derive(Clone)]
pub(super) enum Object {
    Store(Store),
    Streams(Arc<[OwnedStream]>),
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
    Arc<[OwnedStream]>, Streams, "satori_streams";
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

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

/// The handles of one process.
struct Registry {
    process: u32,
    /// Slots below this one are those of the processes that it was forked from.
    first: usize,
    slots: RwLock<Slots>,
    /// What was forked: never touched again, but not lost to leak checkers.
    _inherited: *const Registry,
}

static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(ptr::null_mut());
/// How many slots there are, the inherited ones included; read without the lock.
static SLOTS: AtomicUsize = AtomicUsize::new(0);

impl Registry {
    /// That of this process.
    fn current() -> &'static Self {
        let process = process_id();
        loop {
            let known = REGISTRY.load(Ordering::Acquire);
            // SAFETY: NULL or a registry, and none is ever freed.
            if let Some(registry) = unsafe { known.as_ref() }
                && registry.process == process
            {
                return registry;
            }
            let new = Box::into_raw(Box::new(Self {
                process,
                first: SLOTS.load(Ordering::Acquire),
                slots: RwLock::default(),
                _inherited: known,
            }));
            if REGISTRY
                .compare_exchange(known, new, Ordering::AcqRel, Ordering::Acquire)
                .is_err()
            {
                // SAFETY: another thread was faster; nobody has seen this one.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of a handle and its generation, where it can be one of ours.
    fn place<T: Handled>(&self, handle: usize) -> Result<(usize, usize), Failure> {
        let generation = handle >> SLOT_BITS;
        if handle & 1 == 0 || generation == 0 {
            return Err(invalid::<T>());
        }
        let index = (handle & SLOT_MASK) >> 1;
        match index.checked_sub(self.first) {
            Some(index) => Ok((index, generation)),
            None => Err(Failure::Misuse(
                satori_code::SATORI_FORKED,
                format!(
                    "the handle is a {} of the process that this one was forked from: \
                     open the store again",
                    T::NAME
                ),
            )),
        }
    }
}

impl Slots {
    fn entry(&self, (index, generation): (usize, usize)) -> Option<&Entry> {
        let slot = self.slots.get(index)?;
        (slot.generation == generation).then_some(())?;
        slot.object.as_ref()
    }
}

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
    let registry = Registry::current();
    let mut slots = registry.write();
    let entry = Entry {
        object: object.wrap(),
        poisoned: AtomicBool::new(false),
    };
    if let Some(index) = slots.free.pop() {
        let slot = &mut slots.slots[index];
        slot.generation += 1;
        slot.object = Some(entry);
        return Ok(handle_of(registry.first + index, slot.generation));
    }
    let index = registry.first + slots.slots.len();
    if index > SLOT_MASK >> 1 {
        return Err(Failure::argument("too many handles are open"));
    }
    slots.slots.push(Slot {
        generation: 1,
        object: Some(entry),
    });
    SLOTS.store(index + 1, Ordering::Release);
    Ok(handle_of(index, 1))
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
    let registry = Registry::current();
    let place = registry.place::<T>(handle)?;
    let slots = registry.read();
    let entry = slots.entry(place).ok_or_else(invalid::<T>)?;
    let object = T::unwrap(&entry.object).ok_or_else(invalid::<T>)?;
    if entry.poisoned.load(Ordering::Acquire) {
        return Err(Failure::Store(crate::Error::Poisoned));
    }
    Ok(object)
}

/// Ends a handle and gives back what it stood for; also where it is poisoned.
pub(super) fn remove<T: Handled>(handle: usize) -> Result<T, Failure> {
    let registry = Registry::current();
    let place = registry.place::<T>(handle)?;
    let mut slots = registry.write();
    let entry = slots.entry(place).ok_or_else(invalid::<T>)?;
    let object = T::unwrap(&entry.object).ok_or_else(invalid::<T>)?;
    let (index, _) = place;
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
    let registry = Registry::current();
    // The type does not matter here: it is a handle that a call was made with.
    if let Ok(place) = registry.place::<Store>(handle)
        && let Some(entry) = registry.read().entry(place)
    {
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
