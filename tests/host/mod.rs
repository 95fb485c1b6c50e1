//! Builds C hosts of the library and runs them.
//!
//! The library is the one that Cargo has built for this test. Two variables
//! change that: SATORI_STORE_LIBRARY is the path of another build of it,
//! SATORI_STORE_CFLAGS are further flags for the hosts (see CONTRIBUTING.md,
//! "AddressSanitizer").
#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library: beside the test's own program, where Cargo puts it. (The
/// copy one folder up is that of the last `cargo build`.)
pub(crate) fn library() -> PathBuf {
    if let Some(path) = env::var_os("SATORI_STORE_LIBRARY") {
        return path.into();
    }
    let program = env::current_exe().unwrap();
    let path = program.with_file_name("libsatori_store.so");
    assert!(path.exists(), "{path:?} is missing: cargo builds it");
    path
}

/// Compiles `tests/capi/<source>`, strictly, and links it with the library.
pub(crate) fn build(sources: &[&str]) -> PathBuf {
    // A folder for each program, where the library has whichever name the
    // program asks for.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(sources[0]);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let library = library();
    for name in ["libsatori_store.so", "libsatori_store.so.0"] {
        std::os::unix::fs::symlink(&library, folder.join(name)).unwrap();
    }
    let program = folder.join("host");
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-D_GNU_SOURCE", "-g", "-O1", "-pthread"])
        .arg("-I")
        .arg(root().join("include"))
        .args(
            sources
                .iter()
                .map(|source| root().join("tests/capi").join(source)),
        )
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&folder)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .args(["-lsatori_store", "-lm"]);
    if let Ok(flags) = env::var("SATORI_STORE_CFLAGS") {
        cc.args(flags.split_whitespace());
    }
    let output = cc.output().expect("a C compiler, cc");
    assert!(
        output.status.success(),
        "{}\n(a library without the C API? Use a --target-dir of its own for each set of features)",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// Runs `command`, which must end well; its output.
pub(crate) fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        // Cargo sets it for tests, and another build of the library lies there.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .expect("the program starts");
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(
        status.success(),
        "{command:?}: {status}\n{stdout}\n{stderr}"
    );
    println!("{stdout}");
    stdout
}

/// How long the tests of many writers last, in seconds.
pub(crate) fn soak() -> &'static str {
    match env::var_os("SATORI_STORE_SOAK") {
        Some(_) => "20",
        None => "3",
    }
}
