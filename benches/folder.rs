//! A folder for the files of a workload.

use std::path::{Path, PathBuf};

/// A folder on the disk that the build is on. It goes away with its files when
/// it is dropped.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        Self(tempfile::tempdir_in(parent).expect("a folder can be made"))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
