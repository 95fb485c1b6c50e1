//! On which kind of file system a file lies.

use std::path::Path;

/// File systems that several machines may share, by the number that Linux gives them
/// (`statfs(2)`).
#[cfg(target_os = "linux")]
const SHARED: [(i64, &str); 10] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x0bd0_0bd0, "Lustre"),
];

/// Returns the name of the file system that the file lies on, if other machines may use it
/// too; `None` if it is of another kind, or the system doesn't say.
pub(crate) fn shared(path: &Path) -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    return name(kind(path)?);
    #[cfg(not(target_os = "linux"))]
    return unknown(path);
}

#[cfg(target_os = "linux")]
fn name(kind: i64) -> Option<&'static str> {
    let found = SHARED.iter().find(|(number, _)| *number == kind)?;
    Some(found.1)
}

#[cfg(target_os = "linux")]
fn kind(path: &Path) -> Option<i64> {
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;

    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut found = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the name ends with a NUL, and statfs fills the struct if it returns 0.
    let found = unsafe {
        match libc::statfs(name.as_ptr(), found.as_mut_ptr()) {
            0 => found.assume_init(),
            _ => return None,
        }
    };
    // Its type is another on each platform, and may be signed 32 bits.
    #[allow(clippy::unnecessary_cast)]
    Some(found.f_type as i64 & 0xffff_ffff)
}

#[cfg(not(target_os = "linux"))]
fn unknown(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_told_apart() {
        assert_eq!(name(0x6969), Some("NFS"));
        assert_eq!(name(0xff53_4d42), Some("CIFS"));
        assert_eq!(name(0xef53), None); // ext4
        assert_eq!(shared(Path::new("/proc")), None);
        assert_eq!(kind(Path::new("/proc")), Some(0x9fa0));
        assert_eq!(kind(Path::new("/not/there")), None);
    }
}
