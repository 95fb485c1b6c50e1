//! Which process this is, without asking the system each time.
//!
//! Every call has to know, because a forked child must not use what its parent has
//! opened. `getpid` costs 75 to 100 ns, and a whole look-up 2,000 (measured). So the
//! answer is kept in a page that Linux wipes in the child, however the process forks.
//! Only a child that shares its parent's memory (`vfork`) reads the parent's number; it
//! may do nothing but `exec`.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// Stands in for the page if there can be none. It stays 0.
static NO_PAGE: AtomicU32 = AtomicU32::new(0);

/// Returns the number of this process.
pub(crate) fn process_id() -> u32 {
    let known = page();
    match known.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            if !ptr::eq(known, &NO_PAGE) {
                known.store(id, Ordering::Relaxed);
            }
            id
        }
        id => id,
    }
}

/// Returns the page that keeps the number: 0 until it is known, and again in a forked
/// child. No lock guards this, because a child might find it locked for ever.
fn page() -> &'static AtomicU32 {
    let known = PAGE.load(Ordering::Acquire);
    // SAFETY: NULL, or what `new_page` returned, which is never unmapped.
    if let Some(page) = unsafe { known.as_ref() } {
        return page;
    }
    let page = new_page().unwrap_or(&NO_PAGE);
    // If another thread was faster, its page is the one from now on; this call alone
    // uses the page that it made.
    let _ = PAGE.compare_exchange(
        ptr::null_mut(),
        ptr::from_ref(page).cast_mut(),
        Ordering::AcqRel,
        Ordering::Acquire,
    );
    page
}

#[cfg(target_os = "linux")]
fn new_page() -> Option<&'static AtomicU32> {
    // SAFETY: the memory is newly mapped, zero and aligned, and it is unmapped only if
    // nobody has seen it.
    unsafe {
        let size = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = libc::mmap(ptr::null_mut(), size, access, kind, -1, 0);
        if page == libc::MAP_FAILED {
            return None;
        }
        // An emulator that ignores advice accepts any: the advice -1, too, which doesn't
        // exist.
        let is_wiped = libc::madvise(page, size, -1) != 0
            && libc::madvise(page, size, libc::MADV_WIPEONFORK) == 0;
        if !is_wiped {
            libc::munmap(page, size);
            return None;
        }
        page.cast::<AtomicU32>().as_ref()
    }
}

#[cfg(not(target_os = "linux"))]
fn new_page() -> Option<&'static AtomicU32> {
    None
}
