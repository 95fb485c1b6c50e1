//! The system calls that the store and its SQLite make.
//!
//! The linker takes the functions below in place of the C library's of the same names, for
//! everything in this binary. Each asks the [`Watch`] of its thread and calls the kernel
//! itself. So the faults lie below SQLite and below the calls that the library gives it, and no
//! line of `src/` knows of them.

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::disk::Event;
use crate::fault::{Call, Failure};
use crate::watch::{Watch, watched};

/// Returns the path if it is the folder or lies within.
fn path_within<'a>(watch: &Watch, path: *const c_char) -> Option<&'a Path> {
    // SAFETY: the caller's path ends with a NUL.
    let path = Path::new(OsStr::from_bytes(
        unsafe { CStr::from_ptr(path) }.to_bytes(),
    ));
    path.starts_with(&watch.folder).then_some(path)
}

fn inode_of(number: c_int) -> Option<u64> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` has room for the answer, and is read only if it was written.
    unsafe {
        let done = libc::syscall(libc::SYS_fstat, number, status.as_mut_ptr());
        (done == 0).then(|| status.assume_init().st_ino)
    }
}

/// Asks whether a call on a descriptor fails. Returns its file's inode if it is watched.
fn on_descriptor(call: Call, number: c_int) -> Option<(u64, Option<Failure>)> {
    watched(|watch| {
        let inode = inode_of(number).filter(|inode| watch.has(*inode))?;
        Some((inode, watch.failure(call)))
    })
}

/// Sets `errno` and returns -1, as a failed system call does.
fn fail(failure: Failure) -> c_long {
    // SAFETY: the variable belongs to this thread.
    unsafe { *libc::__errno_location() = failure.errno() };
    -1
}

/// Logs an event of a file.
fn log(inode: u64, event: impl FnOnce(usize) -> Event) {
    watched(|watch| {
        watch.log(inode, event);
        Some(())
    });
}

fn opening(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let watching = watched(|watch| {
        let within = path_within(watch, path);
        // The library opens a file once more by its descriptor.
        // SAFETY: the caller's path ends with a NUL.
        let again = unsafe { CStr::from_ptr(path) }.to_bytes();
        let again = again.strip_prefix(b"/proc/self/fd/").and_then(|number| {
            let number = str::from_utf8(number).ok()?.parse().ok()?;
            inode_of(number).filter(|inode| watch.has(*inode))
        });
        let call = match flags & libc::O_CREAT {
            0 => Call::Open,
            _ => Call::Create,
        };
        (within.is_some() || again.is_some()).then(|| (within, watch.failure(call)))
    });
    if let Some((_, Some(failure))) = watching {
        return fail(failure) as c_int;
    }
    // SAFETY: the arguments of the caller's own call.
    let number = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode) };
    let number = number as c_int;
    if number >= 0
        && let Some((Some(path), _)) = watching
        && let Some(inode) = inode_of(number)
    {
        watched(|watch| {
            watch.found(path, inode);
            Some(())
        });
    }
    number
}

fn syncing(call: c_long, number: c_int) -> c_int {
    match on_descriptor(Call::Sync, number) {
        Some((_, Some(failure))) => fail(failure) as c_int,
        // The files lie in memory: a sync needs no more than the log.
        Some((inode, None)) => {
            watched(|watch| {
                if watch.without_syncs {
                } else if inode == watch.folder_inode {
                    watch.events.push(Event::SyncFolder);
                } else {
                    watch.log(inode, Event::Sync);
                }
                Some(())
            });
            0
        }
        // SAFETY: the arguments of the caller's own call.
        None => unsafe { libc::syscall(call, number) as c_int },
    }
}

// SAFETY, of all that follow: each has the name and the arguments of a function of the C
// library, and passes them on to the kernel. In C the last argument of open and fcntl is
// variadic; the ABIs of 64-bit Linux pass it as they pass a declared one.

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    opening(path, flags, mode)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    opening(path, flags, mode)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mknod(path: *const c_char, mode: c_uint, device: u64) -> c_int {
    let watching = watched(|watch| {
        let path = path_within(watch, path)?;
        Some((path, watch.failure(Call::Make)))
    });
    if let Some((_, Some(failure))) = watching {
        return fail(failure) as c_int;
    }
    let done = unsafe { libc::syscall(libc::SYS_mknodat, libc::AT_FDCWD, path, mode, device) };
    if let (0, Some((path, _))) = (done, watching) {
        let inode = path.metadata().expect("it was made").ino();
        watched(|watch| {
            watch.found(path, inode);
            Some(())
        });
    }
    done as c_int
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let watching = watched(|watch| {
        let path = path_within(watch, path)?;
        Some((path, watch.failure(Call::Unlink)))
    });
    let inode = match watching {
        Some((_, Some(failure))) => return fail(failure) as c_int,
        Some((path, None)) => path.metadata().ok().map(|found| found.ino()),
        None => None,
    };
    let done = unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0) };
    if let (0, Some((path, _)), Some(inode)) = (done, watching, inode) {
        watched(|watch| {
            watch.removed(path, inode);
            Some(())
        });
    }
    done as c_int
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(
    number: c_int,
    buffer: *mut c_void,
    mut length: usize,
    place: i64,
) -> isize {
    match on_descriptor(Call::Read, number) {
        Some((_, Some(Failure::Short))) => length = length.div_ceil(2),
        Some((_, Some(failure))) => return fail(failure) as isize,
        _ => {}
    }
    unsafe { libc::syscall(libc::SYS_pread64, number, buffer, length, place) as isize }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    number: c_int,
    buffer: *const c_void,
    mut length: usize,
    place: i64,
) -> isize {
    let watching = on_descriptor(Call::Write, number);
    match watching {
        Some((_, Some(Failure::Short))) => length = length.div_ceil(2),
        Some((_, Some(failure))) => return fail(failure) as isize,
        _ => {}
    }
    let done = unsafe { libc::syscall(libc::SYS_pwrite64, number, buffer, length, place) } as isize;
    if let (Some((inode, _)), Ok(written)) = (watching, usize::try_from(done)) {
        // SAFETY: the kernel has just read as many bytes there.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), written) };
        log(inode, |file| Event::Write {
            file,
            place: place as usize,
            bytes: bytes.to_vec(),
        });
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(number: c_int, length: i64) -> c_int {
    let watching = on_descriptor(Call::Truncate, number);
    if let Some((_, Some(failure))) = watching {
        return fail(failure) as c_int;
    }
    let done = unsafe { libc::syscall(libc::SYS_ftruncate, number, length) } as c_int;
    if let (0, Some((inode, _))) = (done, watching) {
        let length = length as usize;
        log(inode, |file| Event::Truncate { file, length });
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(number: c_int) -> c_int {
    syncing(libc::SYS_fsync, number)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(number: c_int) -> c_int {
    syncing(libc::SYS_fdatasync, number)
}

fn looking(number: c_int, status: *mut c_void) -> c_int {
    if let Some((_, Some(failure))) = on_descriptor(Call::Stat, number) {
        return fail(failure) as c_int;
    }
    // SAFETY: the arguments of the caller's own call.
    unsafe { libc::syscall(libc::SYS_fstat, number, status) as c_int }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fstat(number: c_int, status: *mut c_void) -> c_int {
    looking(number, status)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fstat64(number: c_int, status: *mut c_void) -> c_int {
    looking(number, status)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap64(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    number: c_int,
    place: i64,
) -> *mut c_void {
    if number >= 0
        && let Some((_, Some(failure))) = on_descriptor(Call::Map, number)
    {
        return fail(failure) as *mut c_void;
    }
    let (call, place) = (libc::SYS_mmap, place as c_long);
    unsafe { libc::syscall(call, address, length, protection, flags, number, place) as *mut c_void }
}

fn controlling(number: c_int, command: c_int, argument: *mut c_void) -> c_int {
    let locks = [
        libc::F_SETLK,
        libc::F_GETLK,
        libc::F_OFD_SETLK,
        libc::F_OFD_GETLK,
    ];
    // SAFETY: these commands come with a `flock`.
    let takes = |argument: *mut c_void| unsafe {
        (*argument.cast::<libc::flock>()).l_type != libc::F_UNLCK as libc::c_short
    };
    if locks.contains(&command)
        && takes(argument)
        && let Some((_, Some(failure))) = on_descriptor(Call::Lock, number)
    {
        return fail(failure) as c_int;
    }
    // SAFETY: the arguments of the caller's own call.
    unsafe { libc::syscall(libc::SYS_fcntl, number, command, argument) as c_int }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl(number: c_int, command: c_int, argument: *mut c_void) -> c_int {
    controlling(number, command, argument)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl64(number: c_int, command: c_int, argument: *mut c_void) -> c_int {
    controlling(number, command, argument)
}
