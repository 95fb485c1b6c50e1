//! The sources, and the arrows between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::imports;
use crate::names::Names;
use crate::table::Room;

/// The texts of the sources by their path below `src/`.
pub(crate) type Sources = BTreeMap<String, String>;

/// Reads all sources of a folder.
pub(crate) fn read(root: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder is readable") {
            let path = entry.expect("an entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).expect("it is below the root");
                let name = name.to_str().expect("a name in UTF-8").to_owned();
                sources.insert(name, std::fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    sources
}

/// One import: which file names what of which other file.
#[derive(Debug)]
pub(crate) struct Arrow<'a> {
    pub(crate) from: &'a str,
    pub(crate) line: usize,
    pub(crate) to: &'a str,
    pub(crate) path: String,
}

/// Finds the arrows from each file to the others.
pub(crate) fn arrows(sources: &Sources) -> Vec<Arrow<'_>> {
    let files: BTreeMap<Vec<String>, &str> = sources
        .keys()
        .map(|file| (module(file), file.as_str()))
        .collect();
    let read = |(file, text): (&String, &String)| imports::read(text, &module(file));
    let found: Vec<_> = sources.iter().map(read).collect();
    let names = Names::new(|path| files.contains_key(path), &found);
    let mut arrows = Vec::new();
    for (file, source) in sources.keys().zip(&found) {
        for import in names.imports(source) {
            // What follows the module is its item, or a module within the file.
            let to = (0..=import.path.len())
                .rev()
                .find_map(|length| files.get(&import.path[..length]));
            if let Some(to) = to.filter(|to| *to != file) {
                arrows.push(Arrow {
                    from: file,
                    line: import.line,
                    to,
                    path: import.path.join("::"),
                });
            }
        }
    }
    arrows
}

/// Returns the module that a file holds.
fn module(file: &str) -> Vec<String> {
    let mut module: Vec<_> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Returns the room that a file is in: the innermost that is listed.
pub(crate) fn room_of<'a>(rooms: &'a [Room], file: &str) -> Option<&'a Room> {
    let module = file.trim_end_matches(".rs");
    let is_in = |room: &&Room| {
        let rest = module.strip_prefix(&*room.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    rooms
        .iter()
        .filter(is_in)
        .max_by_key(|room| room.name.len())
}

/// Returns the circles: groups of nodes each of which leads to every other.
pub(crate) fn circles<'a>(arrows: &BTreeSet<(&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let reached = |from: &'a str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            let next = arrows.iter().filter(|arrow| arrow.0 == node);
            open.extend(next.map(|arrow| arrow.1).filter(|next| seen.insert(*next)));
        }
        seen
    };
    let nodes: BTreeSet<_> = arrows.iter().map(|arrow| arrow.0).collect();
    let reached: BTreeMap<_, _> = nodes.iter().map(|node| (*node, reached(node))).collect();
    let circles: BTreeSet<BTreeSet<_>> = nodes
        .iter()
        .filter(|node| reached[**node].contains(**node))
        .map(|node| {
            let others = reached[node].iter().copied();
            others
                .filter(|other| reached.get(other).is_some_and(|from| from.contains(node)))
                .collect()
        })
        .collect();
    circles.into_iter().collect()
}
