//! Builds C hosts of the library and runs them.
//!
//! The library is the one that Cargo has built for this test. Two variables
//! change that: SATORI_STORE_LIBRARY is the path of another build of it,
//! SATORI_STORE_CFLAGS are further flags for the hosts (see `tests/capi/sanitize`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use crate::support::crate_file;

/// Returns the path of the shared library: beside the test's own program, where Cargo puts
/// it. (The copy one folder up is that of the last `cargo build`.)
pub(crate) fn library() -> PathBuf {
    if let Some(path) = env::var_os("SATORI_STORE_LIBRARY") {
        return path.into();
    }
    let program = env::current_exe().unwrap();
    let path = program.with_file_name("libsatori_store.so");
    assert!(path.exists(), "{path:?} is missing: cargo builds it");
    path
}

/// Compiles each `tests/capi/<source>`, strictly, and links them with the library.
/// Returns the program's path.
pub(crate) fn build(sources: &[&str]) -> PathBuf {
    build_as(sources, "c++17")
}

/// As [`build`], with C++ of this standard.
pub(crate) fn build_as(sources: &[&str], cpp: &str) -> PathBuf {
    // A folder for each program, where the library has whichever name the program asks for,
    // and for each test: others may run the same program while this one is built.
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    let number = BUILT.fetch_add(1, Ordering::Relaxed);
    let folder = format!("{}.{number}", sources[0]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let library = library();
    for name in ["libsatori_store.so", "libsatori_store.so.0"] {
        std::os::unix::fs::symlink(&library, folder.join(name)).unwrap();
    }
    let is_cpp = |source: &str| source.ends_with(".cpp");
    let compile = |source: &&str| {
        let object = folder.join(source).with_extension("o");
        let (compiler, standard) = if is_cpp(source) {
            ("c++", format!("-std={cpp}"))
        } else {
            ("cc", "-std=c99".to_owned())
        };
        let mut compiler = Command::new(compiler);
        compiler
            .arg(standard)
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-D_GNU_SOURCE", "-g", "-O1", "-pthread", "-c"])
            .arg("-I")
            .arg(crate_file("include"))
            .arg(crate_file("tests/capi").join(source))
            .arg("-o")
            .arg(&object);
        build_with(compiler);
        object
    };
    let program = folder.join("host");
    let any_cpp = sources.iter().any(|source| is_cpp(source));
    let mut linker = Command::new(if any_cpp { "c++" } else { "cc" });
    linker
        .args(sources.iter().map(compile))
        .args(["-pthread", "-o"])
        .arg(&program)
        .arg("-L")
        .arg(&folder)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .args(["-lsatori_store", "-lm"]);
    build_with(linker);
    program
}

/// Runs a compiler or linker.
fn build_with(mut command: Command) {
    if let Ok(flags) = env::var("SATORI_STORE_CFLAGS") {
        command.args(flags.split_whitespace());
    }
    let output = command
        .output()
        .expect("a C and a C++ compiler, cc and c++");
    assert!(
        output.status.success(),
        "{}\n(a library without the C API? Use a --target-dir of its own for each set of features)",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs `command`, which must end well. Returns its output.
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
