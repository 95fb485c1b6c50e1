//! What was done to the files of a folder, and what of it a power cut may leave.
//!
//! A file keeps what was written before its last sync. Of what was written since, any part
//! may be there: each write as a whole, not at all, or some of its sectors; where a write is
//! missing, a file that has grown holds zeros or garbage. A file that was created or removed
//! since the folder's last sync may be there or not.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use fastrand::Rng;

/// The bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The files of a folder, by name.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What was done to the files.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Create {
        name: String,
        file: usize,
    },
    Remove {
        name: String,
    },
    Write {
        file: usize,
        place: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: usize,
        length: usize,
    },
    Sync(usize),
    SyncFolder,
    /// The program begins what leads to the state of this number.
    Begun(usize),
    /// The program has been told that this state is reached.
    Done(usize),
    /// The store was closed in this state.
    Closed(usize),
}

impl Event {
    /// Returns `true` if this is a sync of what the other event has done.
    fn syncs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sync(synced), Self::Write { file, .. } | Self::Truncate { file, .. }) => {
                synced == file
            }
            (Self::SyncFolder, Self::Create { .. } | Self::Remove { .. }) => true,
            _ => false,
        }
    }
}

/// The files as they were, and what was done to them then.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) base: Image,
    pub(crate) events: Vec<Event>,
}

/// What of the unsynced writes is there after the cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Left {
    Nothing,
    All,
    /// Those before a random one.
    First,
    /// All but one.
    AllButOne,
    /// Only one.
    One,
    /// A random part.
    Some,
    /// A random part, of some writes only a part of their sectors.
    Torn,
}

/// All the kinds that depend on chance.
pub(crate) const RANDOM: [Left; 6] = [
    Left::First,
    Left::AllButOne,
    Left::One,
    Left::Some,
    Left::Torn,
    Left::Torn,
];

/// Writes the files into an empty folder.
pub(crate) fn lay_out(image: &Image, folder: &Path) {
    for (name, bytes) in image {
        std::fs::write(folder.join(name), bytes).expect("room");
    }
}

/// Removes all files of a folder.
pub(crate) fn clear(folder: &Path) {
    for entry in folder.read_dir().expect("a folder") {
        std::fs::remove_file(entry.expect("a file").path()).expect("a file of ours");
    }
}

/// Reads the files of a folder, but for the `-shm`.
pub(crate) fn read(folder: &Path) -> Image {
    let mut image = Image::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name of SQLite's").to_owned();
        if !name.ends_with("-shm") {
            image.insert(name, std::fs::read(&path).expect("a file of ours"));
        }
    }
    image
}

/// A disk: files by number, names that lead to them.
struct Disk<'a> {
    files: BTreeMap<usize, Vec<u8>>,
    names: BTreeMap<&'a str, usize>,
}

impl<'a> Disk<'a> {
    fn new(base: &'a Image) -> Self {
        Self {
            files: base.values().cloned().enumerate().collect(),
            names: base.keys().map(String::as_str).zip(0..).collect(),
        }
    }

    fn apply(&mut self, event: &'a Event) {
        match event {
            Event::Create { name, file } => {
                self.names.insert(name, *file);
            }
            Event::Remove { name } => {
                self.names.remove(name.as_str());
            }
            Event::Write { file, place, bytes } => self.write(*file, *place, bytes),
            Event::Truncate { file, length } => {
                let content = self.files.entry(*file).or_default();
                content.truncate(*length);
                grow(content, *length);
            }
            _ => {}
        }
    }

    fn write(&mut self, file: usize, place: usize, bytes: &[u8]) {
        let content = self.files.entry(file).or_default();
        let end = place + bytes.len();
        grow(content, end);
        content[place..end].copy_from_slice(bytes);
    }

    /// Writes some sectors. Of the others, a file that grows gets zeros or garbage.
    fn tear(&mut self, file: usize, place: usize, bytes: &[u8], random: &mut Rng) {
        let old = self.files.entry(file).or_default().len();
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes.len().min(start + SECTOR - (place + start) % SECTOR);
            if random.bool() {
                self.write(file, place + start, &bytes[start..end]);
            } else if place + start >= old && random.bool() {
                let mut garbage = vec![0; end - start];
                random.fill(&mut garbage);
                self.write(file, place + start, &garbage);
            }
            start = end;
        }
    }

    fn image(mut self) -> Image {
        let names = self.names.into_iter();
        names
            .map(|(name, file)| {
                (
                    name.to_owned(),
                    self.files.remove(&file).unwrap_or_default(),
                )
            })
            .collect()
    }
}

/// Appends zeros up to a length. `resize` does this byte by byte if it is not optimised.
fn grow(content: &mut Vec<u8>, length: usize) {
    let missing = length.saturating_sub(content.len());
    content.extend_from_slice(&vec![0; missing]);
}

impl Log {
    /// Returns what a power cut before the event `at` leaves, and a hash of the events that
    /// are in it.
    pub(crate) fn cut(&self, at: usize, left: Left, random: &mut Rng) -> (Image, u64) {
        let mut disk = Disk::new(&self.base);
        let (mut applied, mut pending) = (Vec::new(), Vec::new());
        for (number, event) in self.events[..at].iter().enumerate() {
            match event {
                Event::Sync(_) | Event::SyncFolder => pending.retain(|&(number, pending)| {
                    let stays = !event.syncs(pending);
                    if !stays {
                        disk.apply(pending);
                        applied.push(number);
                    }
                    stays
                }),
                Event::Begun(_) | Event::Done(_) | Event::Closed(_) => {}
                event => pending.push((number, event)),
            }
        }
        let mut hasher = DefaultHasher::new();
        let one = random.usize(..pending.len().max(1));
        for (index, (number, event)) in pending.into_iter().enumerate() {
            let stays = match left {
                Left::Nothing => false,
                Left::All => true,
                Left::First => index < one,
                Left::AllButOne => index != one,
                Left::One => index == one,
                Left::Some | Left::Torn => random.bool(),
            };
            match event {
                Event::Write { file, place, bytes }
                    if matches!(left, Left::Torn) && random.bool() =>
                {
                    (number, random.get_seed()).hash(&mut hasher);
                    disk.tear(*file, *place, bytes, random);
                }
                event if stays => {
                    disk.apply(event);
                    applied.push(number);
                }
                _ => {}
            }
        }
        applied.sort_unstable();
        applied.hash(&mut hasher);
        (disk.image(), hasher.finish())
    }

    /// Returns the states that a store may be in after a cut before the event `at`: from the
    /// one that must not be lost to the last that was begun.
    pub(crate) fn states(&self, at: usize, is_durable: bool) -> (usize, usize) {
        let (mut least, mut most) = (0, 0);
        for event in &self.events[..at] {
            match event {
                Event::Begun(state) => most = *state,
                Event::Done(state) if is_durable => least = *state,
                Event::Closed(state) => least = *state,
                _ => {}
            }
        }
        (least, most)
    }

    /// Returns the first place at which the database is written, the first file of the base.
    pub(crate) fn first_checkpoint(&self) -> usize {
        let writes = |event: &Event| matches!(event, Event::Write { file: 0, .. });
        self.events.iter().position(writes).expect("a checkpoint")
    }

    /// Returns the places at which a cut is most likely to harm: before and after each sync,
    /// and each answer to the program.
    pub(crate) fn places(&self) -> Vec<usize> {
        let at = |(index, event): (usize, &Event)| match event {
            Event::Sync(_) | Event::SyncFolder => vec![index, index + 1],
            Event::Done(_) | Event::Closed(_) => vec![index + 1],
            _ => vec![],
        };
        let mut places: Vec<_> = self.events.iter().enumerate().flat_map(at).collect();
        places.push(self.events.len());
        places.dedup();
        places
    }
}
