//! The descriptors that SQLite has open, and those that hold its locks.
//!
//! SQLite's unix layer relies on all locks of the process on a file having one owner,
//! whichever descriptor it names. So each file has one more descriptor here, which takes
//! them all. SQLite doesn't know of it, nothing is read or mapped through it, and a forked
//! child closes it at once.
//!
//! Closing any descriptor of a file drops the POSIX locks that another copy of SQLite in
//! this process has on it. So a descriptor that SQLite closes stays open, idle, until a
//! write lock on the whole file shows that there is no other lock, which the kernel could
//! drop. Until then, SQLite gets the idle descriptor if it opens the file again.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_int};
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;

use libc::flock;

/// The error number of a system call.
pub(super) type Errno = c_int;

/// The descriptors of all regular files that SQLite has opened in this process.
pub(super) struct Descriptors {
    open: BTreeMap<RawFd, Descriptor>,
    files: BTreeMap<Inode, File>,
    /// The files whose descriptors are all idle.
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
    /// The process that this one was forked from has opened it, and shares its position
    /// in the file.
    inherited: bool,
}

#[derive(Default)]
struct File {
    /// The descriptor that takes the locks; the first lock opens it.
    lock: Option<RawFd>,
    /// How many descriptors SQLite uses.
    used: usize,
    /// How many of these the parent process has opened.
    inherited: usize,
    /// The descriptors that SQLite has closed.
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

    /// Returns an idle descriptor of the file at `path` with the access that `flags` ask for;
    /// `None` if there is none.
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
        // A forked process may have closed all descriptors by their numbers: then this
        // number is still listed.
        if let Some(stale) = self.open.insert(number, descriptor)
            && let Some(file) = self.files.get_mut(&stale.inode)
        {
            file.used -= 1;
            file.inherited -= usize::from(stale.inherited);
        }
    }

    /// Closes a descriptor for SQLite, in fact only once that drops nobody's locks.
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

    /// Tries again to close the descriptors of files that SQLite no longer uses.
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

    /// Runs F_SETLK or F_GETLK on the descriptor that holds the file's locks.
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
            // This process was forked, and its SQLite takes the locks of the parent for its
            // own. There are none to give back, and it must not take any.
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

    /// Closes the inherited idle and locking descriptors in a forked child: through them the
    /// parent's locks would outlive the parent. The child has no POSIX locks yet that this
    /// could drop.
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
    /// Returns the descriptor that takes the locks; it is opened like `number` if there is
    /// none yet.
    fn lock_descriptor(&mut self, number: RawFd) -> Result<RawFd, Errno> {
        match self.lock {
            Some(lock) => Ok(lock),
            None => reopen(number).map(|lock| *self.lock.insert(lock)),
        }
    }

    /// Closes all descriptors, none of which is in use, if nobody else has a lock on the
    /// file. Returns `true` if it did.
    ///
    /// The write lock that shows this keeps the other copies out until the last descriptor
    /// is closed. If another thread is just starting a process, the lock lasts until that
    /// process runs its program; others must wait for it.
    fn close(&mut self) -> bool {
        let Some((idle, _)) = self.idle.first() else {
            return true;
        };
        let alone = self.lock_descriptor(*idle).and_then(|lock| {
            control(lock, libc::F_OFD_SETLK, &mut whole_file(libc::F_WRLCK)).or_else(|error| {
                // Unlock the rest: SQLite unlocks only a part and leaves it to the closing.
                control(lock, libc::F_OFD_SETLK, &mut whole_file(libc::F_UNLCK))?;
                match error {
                    // A process that can't write the file gets no write lock, so it only
                    // looks. A lock that a reader takes after this look is dropped.
                    libc::EBADF => look_for_locks(lock),
                    error => Err(error),
                }
            })
        });
        match alone {
            Ok(()) => {}
            // There are no locks of open file descriptions here: close as SQLite would.
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
    /// Returns the regular file of a descriptor; `None` if it is something else.
    fn of(number: RawFd) -> Option<Self> {
        let mut status = MaybeUninit::uninit();
        // SAFETY: `status` has room for the answer.
        let found = unsafe { libc::fstat(number, status.as_mut_ptr()) } == 0;
        // SAFETY: written by fstat.
        found
            .then(|| unsafe { status.assume_init() })
            .and_then(Self::regular)
    }

    /// Returns the regular file at a path; `None` if there is none.
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

/// Returns `true` if this system has everything that this module needs.
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

/// Opens the file of a descriptor once more: for writing if possible, because write locks
/// need it, else for reading.
fn reopen(number: RawFd) -> Result<RawFd, Errno> {
    let path = CString::new(format!("/proc/self/fd/{number}")).map_err(|_| libc::EINVAL)?;
    match open(&path, libc::O_RDWR | libc::O_CLOEXEC, 0) {
        Err(libc::EACCES | libc::EPERM | libc::EROFS) => {
            open(&path, libc::O_RDONLY | libc::O_CLOEXEC, 0)
        }
        opened => opened,
    }
}

/// Calls open(2), but returns none of the numbers of the standard streams: the output of a
/// host that has closed these would end up in the file.
pub(super) fn open(path: &CStr, flags: c_int, mode: c_int) -> Result<RawFd, Errno> {
    loop {
        // SAFETY: the path ends with a NUL.
        let spare = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) };
        if !(0..=libc::STDERR_FILENO).contains(&spare) {
            let _ = close(spare);
            break;
        }
    }
    loop {
        // SAFETY: as above.
        let number = unsafe { libc::open(path.as_ptr(), flags, mode) };
        match (number, errno()) {
            (0.., _) => return Ok(number),
            (_, libc::EINTR) => {}
            (_, error) => return Err(error),
        }
    }
}

fn close(number: RawFd) -> Result<(), Errno> {
    // SAFETY: SQLite or this module has opened it, and forgets it now.
    match unsafe { libc::close(number) } {
        0 => Ok(()),
        _ => Err(errno()),
    }
}

fn control(number: RawFd, command: c_int, request: &mut flock) -> Result<(), Errno> {
    loop {
        // SAFETY: the commands that this module gives read and write a `flock`.
        match unsafe { libc::fcntl(number, command, std::ptr::from_mut(request)) } {
            // SQLite would take it for a lock of another, or keep the lock that it gives back.
            -1 if errno() == libc::EINTR => {}
            -1 => return Err(errno()),
            _ => return Ok(()),
        }
    }
}

/// Returns the command on locks of an open file description that replaces a command on the
/// locks of the process. None of them waits; SQLite's don't either.
fn of_description(command: c_int) -> c_int {
    match command {
        libc::F_GETLK => libc::F_OFD_GETLK,
        _ => libc::F_OFD_SETLK,
    }
}

/// Returns `true` for the error of a kernel or a file system without locks of open file
/// descriptions, or of a system without /proc.
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

/// Returns `EAGAIN` if somebody else has a lock on the file.
fn look_for_locks(lock: RawFd) -> Result<(), Errno> {
    let mut found = whole_file(libc::F_WRLCK);
    control(lock, libc::F_OFD_GETLK, &mut found)?;
    if unlocks(&found) {
        Ok(())
    } else {
        Err(libc::EAGAIN)
    }
}

pub(super) fn errno() -> Errno {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}
