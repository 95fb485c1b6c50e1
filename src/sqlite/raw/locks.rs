//! Locks that no other copy of SQLite in this process can drop, while ours drops none of its.
//!
//! POSIX file locks belong to the process: when one copy closes any descriptor of the file,
//! the kernel drops the locks that all copies have on it. Linux also has locks of an open
//! file description. Closing another descriptor doesn't drop these, and they conflict with
//! POSIX locks as those of another process do. Our copy takes them by replacing three system
//! calls of SQLite's unix layer, and others for [`failed`].

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libsqlite3_sys as ffi;

use super::descriptors::{self, Descriptors, Errno};
use super::failed;

static DESCRIPTORS: Mutex<Descriptors> = Mutex::new(Descriptors::new());

/// Locks the descriptors. SQLite reads `errno` some calls after the one that has failed, and
/// waiting for another thread changes it.
fn descriptors() -> MutexGuard<'static, Descriptors> {
    let before = descriptors::errno();
    let held = DESCRIPTORS.lock().unwrap_or_else(PoisonError::into_inner);
    set_errno(before);
    held
}

type Call = unsafe extern "C" fn();
type Open = unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int;
type Close = unsafe extern "C" fn(c_int) -> c_int;
type Read = unsafe extern "C" fn(c_int, *mut c_void, usize, libc::off64_t) -> isize;
type Stat = unsafe extern "C" fn(c_int, *mut libc::stat) -> c_int;
type Control = unsafe extern "C" fn(c_int, c_int, *mut c_void) -> c_int;

/// Replaces the system calls; returns `false` if it can't. SQLite must not have a file open
/// yet.
pub(super) fn install() -> bool {
    if plain_on_request() || !descriptors::is_supported() {
        return false;
    }
    // SAFETY: SQLite calls each with the arguments that the call of this name takes. In C
    // the last one of fcntl is variadic; the ABIs of 64-bit Linux pass it as they pass a
    // declared one. The VFS is never freed.
    unsafe {
        let vfs = ffi::sqlite3_vfs_find(c"unix".as_ptr());
        let Some(set) = vfs.as_ref().and_then(|vfs| vfs.xSetSystemCall) else {
            return false;
        };
        let calls: [(&CStr, ffi::sqlite3_syscall_ptr); 6] = [
            (c"open", Some(transmute::<Open, Call>(open))),
            (c"close", Some(transmute::<Close, Call>(close))),
            (c"fcntl", Some(transmute::<Control, Call>(control))),
            (c"fstat", Some(transmute::<Stat, Call>(stat))),
            // SQLite uses the one or the other.
            (c"pread", Some(transmute::<Read, Call>(read))),
            (c"pread64", Some(transmute::<Read, Call>(read))),
        ];
        let installed = libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child))
            == 0
            && calls
                .into_iter()
                .all(|(name, call)| set(vfs, name.as_ptr(), call) == ffi::SQLITE_OK);
        if !installed {
            // Restore all of them.
            set(vfs, std::ptr::null(), None);
        }
        installed
    }
}

/// Returns `true` if the environment variable SATORI_STORE_PLAIN_LOCKS asks for SQLite's own
/// calls. Only the feature `panic-test`, which no artefact has, reads it: a test shows what
/// is lost without this module.
fn plain_on_request() -> bool {
    cfg!(feature = "panic-test") && std::env::var_os("SATORI_STORE_PLAIN_LOCKS").is_some()
}

unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    // SAFETY: SQLite's path, which ends with a NUL.
    let path = unsafe { CStr::from_ptr(path) };
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
    // SQLite opens a file for reading if it can't for writing, whatever the reason, and then
    // takes the store for one that must not be written.
    if let Some(error) = failed::take_unwritten(path)
        && !writes
    {
        return fail(error);
    }
    if let Some(number) = descriptors().reuse(path, flags) {
        return number;
    }
    match descriptors::open(path, flags, mode) {
        Ok(number) => {
            descriptors().opened(number, flags);
            failed::forget_open();
            number
        }
        Err(error) => {
            failed::note_open(error);
            if writes {
                failed::note_unwritten(path);
            }
            fail(error)
        }
    }
}

unsafe extern "C" fn close(number: c_int) -> c_int {
    let closed = descriptors().close(number);
    closed.map_or_else(fail, |()| 0)
}

/// Looks at a file for SQLite, which is part of opening it.
unsafe extern "C" fn stat(number: c_int, status: *mut libc::stat) -> c_int {
    // SAFETY: these are the arguments of SQLite's call.
    let done = unsafe { libc::fstat(number, status) };
    if done != 0 {
        failed::note_open(descriptors::errno());
    }
    done
}

/// Reads for SQLite, and notes why the system can't.
unsafe extern "C" fn read(
    number: c_int,
    buffer: *mut c_void,
    length: usize,
    place: libc::off64_t,
) -> isize {
    // SAFETY: these are the arguments of SQLite's call.
    let done = unsafe { libc::pread64(number, buffer, length, place) };
    if done < 0 {
        failed::note_read();
    }
    done
}

/// Locks, unlocks or looks for locks for SQLite, and passes other commands on.
unsafe extern "C" fn control(number: c_int, command: c_int, argument: *mut c_void) -> c_int {
    if !matches!(command, libc::F_SETLK | libc::F_SETLKW | libc::F_GETLK) {
        // SAFETY: these are the arguments of SQLite's call.
        return unsafe { libc::fcntl(number, command, argument) };
    }
    // SAFETY: these commands come with a `flock`, SQLite's own.
    let locked = unsafe { argument.cast::<libc::flock>().as_mut() }
        .ok_or(libc::EFAULT)
        .and_then(|request| descriptors().lock(number, command, request));
    locked.map_or_else(fail, |()| 0)
}

/// Sets `errno` and returns -1, as a failed system call does.
fn fail(error: Errno) -> c_int {
    set_errno(error);
    -1
}

fn set_errno(error: Errno) {
    // SAFETY: the variable belongs to this thread.
    unsafe { *libc::__errno_location() = error };
}

/// The lock on [`DESCRIPTORS`], held during fork() so that the child finds them complete
/// and can unlock them.
struct Forking(UnsafeCell<Option<MutexGuard<'static, Descriptors>>>);

// SAFETY: only the thread that has just locked `DESCRIPTORS` looks inside.
unsafe impl Sync for Forking {}

static FORKING: Forking = Forking(UnsafeCell::new(None));

unsafe extern "C" fn before_fork() {
    let held = descriptors();
    // SAFETY: this thread holds the lock.
    unsafe { *FORKING.0.get() = Some(held) };
}

unsafe extern "C" fn in_parent() {
    // SAFETY: this thread has held the lock since `before_fork`.
    drop(unsafe { (*FORKING.0.get()).take() });
}

unsafe extern "C" fn in_child() {
    // SAFETY: this thread is the copy of the one that holds the lock.
    if let Some(mut descriptors) = unsafe { (*FORKING.0.get()).take() } {
        descriptors.forked();
    }
}
