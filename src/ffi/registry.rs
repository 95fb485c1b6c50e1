//! Handles: numbers that look like pointers, and what they stand for.
//!
//! A handle is never dereferenced. It names a slot and the slot's generation. A handle
//! that was freed, that is of another type, or that was never given out finds nothing,
//! and the call says so instead of crashing.
//!
//! A process may load two copies of the library. Each marks its handles with a random
//! number, so that it refuses the other's.
//!
//! fork() copies the registry with its lock, which a thread that the child does not
//! have may hold at that moment. So every process has a registry of its own: the child
//! looks at the process id before it takes any lock, begins anew, and knows its
//! parent's handles by their slots.

use std::any::Any;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ptr;
use std::sync::Arc;

use super::error::Failure;
use super::status::satori_code;
use crate::process::id::process_id;
use crate::process::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use crate::process::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(all(test, feature = "race-test"))]
#[allow(clippy::unwrap_used)]
mod races;

/// A type of handle: what C calls it, and what it stands for.
pub(super) trait Handle {
    /// What a handle of this type stands for. A call holds a share of it, so that a
    /// handle that is closed meanwhile ends for later calls only.
    type Object: Send + Sync + 'static;
    /// The name of the type in C.
    const NAME: &'static str;

    /// Runs when the handle is freed; calls under way may still have a share of the object.
    fn freed(_object: &Self::Object) {}
}

struct Slot {
    generation: usize,
    entry: Option<Entry>,
}

struct Entry {
    object: Arc<dyn Any + Send + Sync>,
    /// The name of the handle's type.
    type_name: &'static str,
    poisoned: AtomicBool,
}

impl Entry {
    /// Returns a share of the object, if the handle is of type `H`.
    fn share<H: Handle>(&self) -> Result<Arc<H::Object>, Failure> {
        Arc::clone(&self.object).downcast().map_err(|_| {
            invalid(format!(
                "the handle is a {}, no {}",
                self.type_name,
                H::NAME
            ))
        })
    }
}

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

impl Slots {
    /// Returns what is in the slot, if it is of the generation.
    fn entry(&self, (index, generation): Place) -> Option<&Entry> {
        let slot = self.slots.get(index)?;
        (slot.generation == generation).then_some(())?;
        slot.entry.as_ref()
    }
}

/// A slot of this process's, and its generation.
type Place = (usize, usize);

/// The handles of one process.
struct Registry {
    process: u32,
    /// The first slot of this process. Those before it are of the processes that it
    /// was forked from.
    first: usize,
    slots: RwLock<Slots>,
    /// What was forked: never touched again, but not lost to leak checkers.
    _inherited: *const Registry,
}

static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(ptr::null_mut());
/// How many slots there are, the inherited ones included. It is read without the lock.
static SLOTS: AtomicUsize = AtomicUsize::new(0);

impl Registry {
    /// Returns the registry of this process.
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

    /// Returns the place that a handle names.
    fn place(&self, handle: usize) -> Result<Place, NotOurs> {
        let generation = handle >> (SLOT_BITS + COPY_BITS);
        let copy = handle >> SLOT_BITS & COPY_MASK;
        if handle & 1 == 0 || generation == 0 || copy != this_copy() {
            return Err(NotOurs::Invalid);
        }
        match ((handle & SLOT_MASK) >> 1).checked_sub(self.first) {
            Some(index) => Ok((index, generation)),
            None => Err(NotOurs::Inherited),
        }
    }
}

/// Why a handle names no place of this process.
enum NotOurs {
    Invalid,
    Inherited,
}

impl NotOurs {
    fn failure<H: Handle>(self) -> Failure {
        match self {
            NotOurs::Invalid => unknown::<H>(),
            NotOurs::Inherited => Failure::Misuse(
                satori_code::SATORI_FORKED,
                format!(
                    "the handle is a {} of the process that this one was forked from: \
                     open the store again",
                    H::NAME
                ),
            ),
        }
    }
}

/// The low bits of a handle: odd, so that no aligned pointer is one, then the slot. Then
/// comes the mark of this copy of the library; the rest is the generation.
const SLOT_BITS: u32 = if usize::BITS < 64 { 16 } else { 24 };
const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
const COPY_BITS: u32 = if usize::BITS < 64 { 4 } else { 16 };
const COPY_MASK: usize = (1 << COPY_BITS) - 1;
const LAST_GENERATION: usize = (1 << (usize::BITS - SLOT_BITS - COPY_BITS)) - 1;

fn handle_of<H>(slot: usize, generation: usize) -> *mut H {
    let place = generation << (SLOT_BITS + COPY_BITS) | slot << 1 | 1;
    ptr::without_provenance_mut(place | this_copy() << SLOT_BITS)
}

/// Returns the mark of this copy of the library. A child that was forked has its parent's,
/// so that it knows its parent's handles.
fn this_copy() -> usize {
    /// 0 before the first call.
    static COPY: AtomicUsize = AtomicUsize::new(0);
    match COPY.load(Ordering::Relaxed) {
        0 => {
            // The standard library's random number is another in each copy of it.
            let random = RandomState::new().build_hasher().finish() as usize & COPY_MASK;
            let first =
                COPY.compare_exchange(0, random.max(1), Ordering::Relaxed, Ordering::Relaxed);
            first.map_or_else(|other| other, |_| random.max(1))
        }
        copy => copy,
    }
}

fn unknown<H: Handle>() -> Failure {
    invalid(format!(
        "the handle is no {}: freed, or never given out by this copy of the library",
        H::NAME
    ))
}

fn invalid(message: String) -> Failure {
    Failure::Misuse(satori_code::SATORI_INVALID_HANDLE, message)
}

/// Gives the object a handle.
pub(super) fn add<H: Handle>(object: H::Object) -> Result<*mut H, Failure> {
    let entry = Entry {
        object: Arc::new(object),
        type_name: H::NAME,
        poisoned: AtomicBool::new(false),
    };
    let registry = Registry::current();
    let mut slots = registry.write();
    if let Some(index) = slots.free.pop() {
        let slot = &mut slots.slots[index];
        slot.generation += 1;
        slot.entry = Some(entry);
        return Ok(handle_of(registry.first + index, slot.generation));
    }
    let index = registry.first + slots.slots.len();
    if index > SLOT_MASK >> 1 {
        return Err(Failure::argument("too many handles are open"));
    }
    slots.slots.push(Slot {
        generation: 1,
        entry: Some(entry),
    });
    SLOTS.store(index + 1, Ordering::Release);
    Ok(handle_of(index, 1))
}

/// Returns the object that a handle stands for.
pub(super) fn get<H: Handle>(handle: *const H) -> Result<Arc<H::Object>, Failure> {
    if handle.is_null() {
        return Err(Failure::null(H::NAME));
    }
    let registry = Registry::current();
    let place = registry
        .place(handle.addr())
        .map_err(NotOurs::failure::<H>)?;
    let slots = registry.read();
    let entry = slots.entry(place).ok_or_else(unknown::<H>)?;
    let object = entry.share::<H>()?;
    if entry.poisoned.load(Ordering::Acquire) {
        return Err(Failure::Store(crate::Error::Poisoned));
    }
    Ok(object)
}

/// Ends a handle and returns what it stood for, also if it is poisoned.
pub(super) fn remove<H: Handle>(handle: *const H) -> Result<Arc<H::Object>, Failure> {
    let registry = Registry::current();
    let place = registry
        .place(handle.addr())
        .map_err(NotOurs::failure::<H>)?;
    let mut slots = registry.write();
    let entry = slots.entry(place).ok_or_else(unknown::<H>)?;
    let object = entry.share::<H>()?;
    let (index, _) = place;
    let slot = &mut slots.slots[index];
    slot.entry = None;
    // A slot that has run through all its generations is never used again.
    if slot.generation < LAST_GENERATION {
        slots.free.push(index);
    }
    Ok(object)
}

/// Marks a handle after a panic: every later call but the freeing one fails.
pub(super) fn poison(handle: usize) {
    let registry = Registry::current();
    if let Ok(place) = registry.place(handle)
        && let Some(entry) = registry.read().entry(place)
    {
        entry.poisoned.store(true, Ordering::Release);
    }
}
