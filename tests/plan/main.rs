//! The plan of the sources: CONTRIBUTING.md lists the rooms of `src/` and which may
//! import which. This reads the sources and refuses what runs against the list.
//!
//! `cargo test --test plan -- --nocapture` prints the arrows that it finds.

mod check;
mod faulty;
mod imports;
mod names;
mod table;
mod tokens;
mod tree;

use std::path::Path;

use check::{between_rooms, circles_of_files, faults, lines, list};
use table::{Room, rooms};
use tree::{Arrow, arrows, circles};

#[test]
fn the_sources_keep_to_the_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = tree::read(&root.join("src"));
    let contributing = std::fs::read_to_string(root.join("CONTRIBUTING.md")).expect("a text");
    let rooms = rooms(&contributing);

    let arrows = arrows(&sources);
    let between = between_rooms(&rooms, &arrows);
    for Room { name, .. } in &rooms {
        let to = between.iter().filter(|arrow| arrow.0 == name);
        let to: Vec<_> = to.map(|arrow| arrow.1).collect();
        println!("{name} → {}", to.join(", "));
    }
    for ring in circles_of_files(&sources, &rooms, &arrows).rings {
        println!("a ring of type names: {}", list(&ring));
    }
    let (most, median) = lines(&sources);
    let count = sources.len();
    println!("{count} files: at most {most} lines, median {median}");

    let faults = faults(&sources, &rooms);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The benchmarks have layers of their own, which `benches/store.rs` lists.
#[test]
fn the_benchmarks_have_no_circle_either() {
    let mut sources = tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches"));
    let root = sources
        .remove("store.rs")
        .expect("the root of the benchmarks");
    sources.insert("lib.rs".into(), root);
    let arrows = arrows(&sources);
    let is_workload = |file: &str| file.starts_with("workloads/") && !file.ends_with("/mod.rs");
    for Arrow { from, line, to, .. } in &arrows {
        let is_wrong = *to == "lib.rs" || is_workload(from) && is_workload(to);
        assert!(!is_wrong, "benches/{from}:{line} imports {to}");
    }
    let found = arrows.iter().map(|arrow| (arrow.from, arrow.to));
    let circles = circles(&found.collect());
    assert!(circles.is_empty(), "{circles:?}");
}
