//! The C++ header by each standard: what must run, and what must not compile.

use std::collections::BTreeSet;
use std::process::Command;

use crate::host;
use crate::support::crate_file;

const STANDARDS: [&str; 2] = ["c++17", "c++20"];

#[test]
fn what_looks_dangerous_runs_or_throws() {
    for standard in STANDARDS {
        let program = host::build_as(&["cpp.cpp"], standard);
        host::run(&mut Command::new(program));
    }
}

#[test]
fn what_would_crash_or_lose_a_fraction_does_not_compile() {
    let path = crate_file("tests/capi/cpp_refused.cpp");
    let source = std::fs::read_to_string(&path).unwrap();
    let lines = source.lines().zip(1_usize..);
    let marked: BTreeSet<_> = lines
        .filter(|(line, _)| line.ends_with("// refused"))
        .map(|(_, number)| number)
        .collect();
    assert!(marked.len() > 20, "{marked:?}");
    for standard in STANDARDS {
        let output = Command::new("c++")
            .arg(format!("-std={standard}"))
            .args(["-fsyntax-only", "-Werror=unused-result"])
            .arg("-I")
            .arg(crate_file("include"))
            .arg(&path)
            .output()
            .expect("a C++ compiler, c++");
        let words = String::from_utf8_lossy(&output.stderr);
        let refused: BTreeSet<usize> = words
            .lines()
            .filter(|line| line.contains(" error: "))
            .filter_map(|line| line.split("cpp_refused.cpp:").nth(1)?.split(':').next())
            .map(|number| number.parse().unwrap())
            .collect();
        assert_eq!(refused, marked, "by {standard}:\n{words}");
    }
}
