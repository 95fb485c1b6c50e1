//! What is watched of a folder: system calls are counted, logged, and one of them fails on
//! request. A [`Watch`] belongs to one thread; other threads and other folders notice nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::disk::Event;
use crate::fault::{Call, Failure, Fault};

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
    /// The folder that was watched last.
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// What is watched, and what was seen.
pub(crate) struct Watch {
    pub(crate) folder: PathBuf,
    pub(crate) folder_inode: u64,
    /// The files by inode: their numbers in the log. That of the `-shm` is `None`, as nothing
    /// of it outlives the power.
    files: HashMap<u64, Option<usize>>,
    next: usize,
    fault: Option<Fault>,
    /// How many calls of each kind there were.
    pub(crate) counts: HashMap<Call, usize>,
    /// How many calls have failed.
    pub(crate) failed: usize,
    pub(crate) events: Vec<Event>,
    /// A sync does nothing and says that it has.
    pub(crate) without_syncs: bool,
    /// Nothing is counted, logged or failed.
    paused: bool,
}

impl Watch {
    /// Begins to watch a folder, in this thread. The files that it holds have the numbers of
    /// their names in order.
    pub(crate) fn begin(folder: &Path, fault: Option<Fault>) {
        let mut watch = Self {
            folder: folder.to_owned(),
            folder_inode: folder.metadata().expect("a folder").ino(),
            files: HashMap::new(),
            next: 0,
            fault,
            counts: HashMap::new(),
            failed: 0,
            events: Vec::new(),
            without_syncs: false,
            paused: false,
        };
        let entries = folder.read_dir().expect("a folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        for path in paths {
            watch.number(&path, path.metadata().expect("a file").ino());
        }
        WATCH.set(Some(watch));
        FOLDER.set(Some(folder.to_owned()));
    }

    /// Returns the folder that is watched, or was last.
    pub(crate) fn folder() -> PathBuf {
        FOLDER.with_borrow(Clone::clone).expect("a watch has begun")
    }

    /// Ends the watch; returns what it saw.
    pub(crate) fn end() -> Self {
        WATCH.take().expect("a watch has begun")
    }

    /// Lets the syncs of this watch do nothing.
    pub(crate) fn without_syncs() {
        Self::with(|watch| watch.without_syncs = true);
    }

    /// Returns `true` if a call has failed.
    pub(crate) fn has_failed() -> bool {
        let mut failed = false;
        Self::with(|watch| failed = watch.failed > 0);
        failed
    }

    /// Notes in the log what the program has done.
    pub(crate) fn note(event: Event) {
        Self::with(|watch| watch.events.push(event));
    }

    /// Runs `work` unwatched.
    pub(crate) fn pause<T>(work: impl FnOnce() -> T) -> T {
        let set = |paused: bool| {
            WATCH.with_borrow_mut(|watch| watch.iter_mut().for_each(|watch| watch.paused = paused));
        };
        set(true);
        let done = work();
        set(false);
        done
    }

    fn with(work: impl FnOnce(&mut Self)) {
        WATCH.with_borrow_mut(|watch| work(watch.as_mut().expect("a watch has begun")));
    }

    /// Gives a file its number.
    fn number(&mut self, path: &Path, inode: u64) -> Option<usize> {
        let is_memory = path.as_os_str().as_bytes().ends_with(b"-shm");
        let number = (!is_memory).then(|| {
            self.next += 1;
            self.next - 1
        });
        self.files.insert(inode, number);
        number
    }

    /// Notes that a path leads to a new file, if it does.
    pub(crate) fn found(&mut self, path: &Path, inode: u64) {
        if inode != self.folder_inode
            && !self.files.contains_key(&inode)
            && let Some(file) = self.number(path, inode)
        {
            let name = name(path);
            self.events.push(Event::Create { name, file });
        }
    }

    /// Counts a call; returns how it fails, if it does.
    pub(crate) fn failure(&mut self, call: Call) -> Option<Failure> {
        let count = self.counts.entry(call).or_default();
        let number = *count;
        *count += 1;
        let failure = self.fault?.failure(call, number)?;
        self.failed += 1;
        Some(failure)
    }

    /// Logs an event of a file.
    pub(crate) fn log(&mut self, inode: u64, event: impl FnOnce(usize) -> Event) {
        if let Some(Some(file)) = self.files.get(&inode) {
            let event = event(*file);
            self.events.push(event);
        }
    }

    /// Notes that a path no longer leads to its file.
    pub(crate) fn removed(&mut self, path: &Path, inode: u64) {
        let name = name(path);
        self.log(inode, |_| Event::Remove { name });
        self.files.remove(&inode);
    }

    /// Returns `true` if this is the folder or one of its files.
    pub(crate) fn has(&self, inode: u64) -> bool {
        inode == self.folder_inode || self.files.contains_key(&inode)
    }
}

/// Runs `work` with this thread's watch; returns `None` if there is none, or it is paused.
pub(crate) fn watched<T>(work: impl FnOnce(&mut Watch) -> Option<T>) -> Option<T> {
    let run = |watch: &RefCell<Option<Watch>>| {
        let mut watch = watch.try_borrow_mut().ok()?;
        watch.as_mut().filter(|watch| !watch.paused).and_then(work)
    };
    WATCH.try_with(run).ok().flatten()
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_str().expect("a name of SQLite's").to_owned()
}
