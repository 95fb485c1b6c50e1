//! The descriptors that SQLite has open, and those that hold its locks.
//!
//! SQLite's unix layer counts on one owner of all locks that the process has on a
//! file, whichever descriptor it names: so each file has one descriptor here that
//! takes them all. SQLite doesn't know it, nothing is read or mapped through it,
//! and a forked child closes it at once.
//!
//! Closing any descriptor of a file drops the POSIX locks that another copy of
//! SQLite in this process has on it. So what SQLite closes is kept, idle, until a
//! write lock on the whole file shows that nobody has any: under that lock the
//! kernel finds nothing to drop. Meanwhile a later opening gets the idle one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_int};
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;

use libc::flock;

/// What a system call says it failed with.
pub(super) type Errno = c_int;

/// All regular files that SQLite has open in this process.
pub(super) struct Descriptors {
    open: BTreeMap<RawFd, Descriptor>,
    files: BTreeMap<Inode, File>,
    /// Files of which all descriptors are idle.
    parked: BTreeSet<Inode>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Inode {
    device: libc::dev_t,
    number: libc::ino_t,
}

#[derive(Clone, Copy)]
struct Descriptor {
    inode: Inode,
    /// O_RDONLY or O_RDWR.
    access: c_int,
    /// Opened by the process that this one was forked from, whose position in the
    /// file it shares.
    inherited: bool,
}

#[derive(Default)]
struct File {
    /// Takes the locks; opened with the first one.
    lock: Option<RawFd>,
    /// How many descriptors SQLite uses.
    used: usize,
    /// How many of those the parent process has opened.
    inherited: usize,
    /// Those that it has closed.
    idle: Vec<(RawFd, Descriptor)>,
}

impl Descriptors {
    pub(super) const fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            files: BTreeMap::new(),
            parked: BTreeSet::new(),
        }
    }

    /// An idle descriptor of the file at `path` that is open as `flags` ask.
    pub(super) fn reuse(&mut self, path: &CStr, flags: c_int) -> Option<RawFd> {
        self.close_parked();
        if flags & libc::O_EXCL != 0 {
            return None;
        }
        let inode = Inode::at(path, flags & libc::O_NOFOLLOW == 0)?;
        let file = self.files.get_mut(&inode)?;
        let fits = |(_, idle): &(RawFd, Descriptor)| {
            !idle.inherited && idle.access == flags & libc::O_ACCMODE
        };
        let place = file.idle.iter().position(fits)?;
        let (number, descriptor) = file.idle.swap_remove(place);
        file.used += 1;
        self.open.insert(number, descriptor);
        Some(number)
    }

    /// Notes a descriptor that SQLite has just opened.
    pub(super) fn opened(&mut self, number: RawFd, flags: c_int) {
        let Some(inode) = Inode::of(number) else {
            return;
        };
        let descriptor = Descriptor {
            inode,
            access: flags & libc::O_ACCMODE,
            inherited: false,
        };
        self.files.entry(inode).or_default().used += 1;
        // A forked process may have closed all descriptors by their numbers.
        if let Some(stale) = self.open.insert(number, descriptor)
            && let Some(file) = self.files.get_mut(&stale.inode)
        {
            file.used -= 1;
            file.inherited -= usize::from(stale.inherited);
        }
    }

    /// Closes a descriptor for SQLite, for good as soon as that does no harm.
    pub(super) fn close(&mut self, number: RawFd) -> Result<(), Errno> {
        let Some(descriptor) = self.open.remove(&number) else {
            return close(number);
        };
        if let Some(file) = self.files.get_mut(&descriptor.inode) {
            file.idle.push((number, descriptor));
            file.used -= 1;
            file.inherited -= usize::from(descriptor.inherited);
            if file.used == 0 {
                self.parked.insert(descriptor.inode);
            }
        }
        self.close_parked();
        Ok(())
    }

    /// Tries again to close what is idle.
    fn close_parked(&mut self) {
        for inode in mem::take(&mut self.parked) {
            match self.files.get_mut(&inode) {
                Some(file) if file.used == 0 => {
                    if file.close() {
                        self.files.remove(&inode);
                    } else {
                        self.parked.insert(inode);
                    }
                }
                _ => {}
            }
        }
    }

    /// F_SETLK and F_GETLK: the same on the descriptor that holds the file's locks.
    pub(super) fn lock(
        &mut self,
        number: RawFd,
        command: c_int,
        request: &mut flock,
    ) -> Result<(), Errno> {
        let Some(descriptor) = self.open.get(&number) else {
            return control(number, command, request);
        };
        let file = self.files.entry(descriptor.inode).or_default();
        if file.inherited > 0 {
            // SQLite counts the locks of its parent as its own. It has none to give
            // back, and takes none as long as it believes that.
            let gives_back = command != libc::F_GETLK && unlocks(request);
            return if gives_back { Ok(()) } else { Err(libc::EBADF) };
        }
        let done = file.lock_descriptor(number).and_then(|lock| {
            request.l_pid = 0;
            control(lock, of_description(command), request)
        });
        match done {
            Err(error) if is_unsupported(error) => control(number, command, request),
            done => done,
        }
    }

    /// In a forked child, which has no locks yet that closing could drop: lets go
    /// of its parent's. Else these would outlive the parent.
    pub(super) fn forked(&mut self) {
        for file in self.files.values_mut() {
            let idle = file.idle.drain(..).map(|(number, _)| number);
            for number in idle.chain(file.lock.take()) {
                let _ = close(number);
            }
            file.inherited = file.used;
        }
        self.parked.clear();
        for descriptor in self.open.values_mut() {
            descriptor.inherited = true;
        }
    }
}

impl File {
    /// The one that takes the locks, opened like `number` where there is none yet.
    fn lock_descriptor(&mut self, number: RawFd) -> Result<RawFd, Errno> {
        match self.lock {
            Some(lock) => Ok(lock),
            None => reopen(number).map(|lock| *self.lock.insert(lock)),
        }
    }

    /// Closes all descriptors, none of which is in use, if nobody has a lock on the
    /// file; whether it did.
    ///
    /// The lock that shows it ends with the last closing, not before: it keeps the
    /// other copies out meanwhile. A process that another thread is just starting
    /// prolongs it until it becomes its program; who wants a lock then must wait.
    fn close(&mut self) -> bool {
        let Some((idle, _)) = self.idle.first() else {
            return true;
        };
        let alone = self.lock_descriptor(*idle).and_then(|lock| {
            control(lock, libc::F_OFD_SETLK, &mut whole_file(libc::F_WRLCK)).or_else(|error| {
                // What SQLite leaves to the closing: it unlocks only a part itself.
                control(lock, libc::F_OFD_SETLK, &mut whole_file(libc::F_UNLCK))?;
                match error {
                    // A file that this process can't write: look, for want of better.
                    // Of the reader that comes between, the lock is dropped.
                    libc::EBADF => look_for_locks(lock),
                    error => Err(error),
                }
            })
        });
        match alone {
            Ok(()) => {}
            // No such locks here: as SQLite would do it.
            Err(error) if is_unsupported(error) => {}
            Err(_) => return false,
        }
        let idle = self.idle.drain(..).map(|(number, _)| number);
        for number in idle.chain(self.lock.take()) {
            let _ = close(number);
        }
        true
    }
}

impl Inode {
    /// Of an open regular file.
    fn of(number: RawFd) -> Option<Self> {
        let mut status = MaybeUninit::uninit();
        // SAFETY: `status` has room for the answer.
        let found = unsafe { libc::fstat(number, status.as_mut_ptr()) } == 0;
        // SAFETY: written by fstat.
        found
            .then(|| unsafe { status.assume_init() })
            .and_then(Self::regular)
    }

    /// Of the regular file at a path.
    fn at(path: &CStr, follow: bool) -> Option<Self> {
        let mut status = MaybeUninit::uninit();
        let stat = if follow { libc::stat } else { libc::lstat };
        // SAFETY: the path ends with a NUL and `status` has room for the answer.
        let found = unsafe { stat(path.as_ptr(), status.as_mut_ptr()) } == 0;
        // SAFETY: written by stat.
        found
            .then(|| unsafe { status.assume_init() })
            .and_then(Self::regular)
    }

    fn regular(status: libc::stat) -> Option<Self> {
        (status.st_mode & libc::S_IFMT == libc::S_IFREG).then_some(Self {
            device: status.st_dev,
            number: status.st_ino,
        })
    }
}

/// Whether this system has all that is needed here.
pub(super) fn is_supported() -> bool {
    // SAFETY: the name ends with a NUL.
    let number = unsafe { libc::memfd_create(c"satori-store".as_ptr(), libc::MFD_CLOEXEC) };
    if number < 0 {
        return false;
    }
    let locked = reopen(number).and_then(|lock| {
        let locked = control(lock, libc::F_OFD_SETLK, &mut whole_file(libc::F_WRLCK));
        close(lock).and(locked)
    });
    close(number).and(locked).is_ok()
}

/// Opens the file of a descriptor once more: for writing if that can be, as write
/// locks ask for it.
fn reopen(number: RawFd) -> Result<RawFd, Errno> {
    let path = CString::new(format!("/proc/self/fd/{number}")).map_err(|_| libc::EINVAL)?;
    match open(&path, libc::O_RDWR | libc::O_CLOEXEC, 0) {
        Err(libc::EACCES | libc::EPERM | libc::EROFS) => {
            open(&path, libc::O_RDONLY | libc::O_CLOEXEC, 0)
        }
        opened => opened,
    }
}

/// open(2), which gives none of the numbers of the standard streams: what a host
/// that has closed those still prints would end up in the file.
pub(super) fn open(path: &CStr, flags: c_int, mode: c_int) -> Result<RawFd, Errno> {
    loop {
        // SAFETY: both paths end with a NUL.
        let spare = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) };
        if !(0..=libc::STDERR_FILENO).contains(&spare) {
            let _ = close(spare);
            break;
        }
    }
    // SAFETY: as above.
    let number = unsafe { libc::open(path.as_ptr(), flags, mode) };
    if number < 0 { Err(errno()) } else { Ok(number) }
}

fn close(number: RawFd) -> Result<(), Errno> {
    // SAFETY: SQLite or this module has opened it, and forgets it now.
    match unsafe { libc::close(number) } {
        0 => Ok(()),
        _ => Err(errno()),
    }
}

fn control(number: RawFd, command: c_int, request: &mut flock) -> Result<(), Errno> {
    // SAFETY: the commands that this module gives read and write a `flock`.
    match unsafe { libc::fcntl(number, command, std::ptr::from_mut(request)) } {
        -1 => Err(errno()),
        _ => Ok(()),
    }
}

/// The command on locks of an open file description that stands for one on those
/// of the process. None waits, as SQLite's don't.
fn of_description(command: c_int) -> c_int {
    match command {
        libc::F_GETLK => libc::F_OFD_GETLK,
        _ => libc::F_OFD_SETLK,
    }
}

/// A kernel or a file system without locks of open file descriptions, or no /proc.
fn is_unsupported(error: Errno) -> bool {
    matches!(error, libc::EINVAL | libc::EOPNOTSUPP | libc::ENOENT)
}

fn unlocks(request: &flock) -> bool {
    c_int::from(request.l_type) == libc::F_UNLCK
}

fn whole_file(lock: c_int) -> flock {
    // SAFETY: a C struct of numbers, all of which may be 0.
    let mut request: flock = unsafe { mem::zeroed() };
    request.l_type = lock as libc::c_short;
    request.l_whence = libc::SEEK_SET as libc::c_short;
    request
}

/// EAGAIN if anybody has a lock on the file.
fn look_for_locks(lock: RawFd) -> Result<(), Errno> {
    let mut found = whole_file(libc::F_WRLCK);
    control(lock, libc::F_OFD_GETLK, &mut found)?;
    if unlocks(&found) {
        Ok(())
    } else {
        Err(libc::EAGAIN)
    }
}

fn errno() -> Errno {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}
