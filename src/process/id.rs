//! Which process this is, without asking the system each time.
//!
//! Every call asks, because a forked child must not use what its parent has
//! opened; and `getpid` costs 75 to 100 ns (measured), a look-up two thousand. So
//! the answer is kept, in a page that Linux wipes when the process forks, however
//! it does that. Only a child that shares its parent's memory (`vfork`) is told
//! the parent's number: it may do nothing but `exec`.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// Stands for the page where there can be none. It stays 0.
static NO_PAGE: AtomicU32 = AtomicU32::new(0);

/// The number of this process.
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

/// Where the number is kept: 0 until it is, and again in a forked child. No lock
/// guards this, for a child might find it locked for ever.
fn page() -> &'static AtomicU32 {
    let known = PAGE.load(Ordering::Acquire);
    // SAFETY: NULL or what `new_page` gave, which stays for good.
    if let Some(page) = unsafe { known.as_ref() } {
        return page;
    }
    let page = new_page().unwrap_or(&NO_PAGE);
    // Where another thread is faster, its page is used; this one, for once, also.
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
    // SAFETY: maps memory of its own, which is zero, aligned, and given back only
    // where nobody has seen it.
    unsafe {
        let size = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = libc::mmap(ptr::null_mut(), size, access, kind, -1, 0);
        if page == libc::MAP_FAILED {
            return None;
        }
        // Emulators that ignore advice say yes to any, also to one that there is not.
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
