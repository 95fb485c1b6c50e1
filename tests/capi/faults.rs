//! Faults from outside, through C: the right code, nothing lost that was
//! acknowledged, and the store works once the cause is gone.

use std::path::Path;
use std::process::Command;

use crate::host;

/// Plays one fault in a folder of its own.
fn play(fault: &str, folder: &Path) {
    let program = host::build(&["faults.c"]);
    host::run(Command::new(program).arg(fault).arg(folder));
}

/// A small file system, for as long as this lives.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one. Returns `None` if this user may not.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => None,
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).output();
    }
}

// One test, for all share one program.
#[test]
fn the_store_works_once_the_cause_is_gone() {
    for fault in ["limit", "rights", "killed", "unreadable"] {
        println!("{fault}");
        play(fault, tempfile::tempdir().unwrap().path());
    }
    match SmallDisk::mount() {
        Some(disk) => play("full", disk.0.path()),
        None => println!("no full disk: only root may mount a small one"),
    }
}
