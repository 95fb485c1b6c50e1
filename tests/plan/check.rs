//! What the sources must keep, and where they don't.

use std::collections::BTreeSet;

use crate::table::{self, Room};
use crate::tokens::{Token, tokens};
use crate::tree::{Arrow, Sources, arrows, circles, room_of};

/// The most lines that a file may have.
const MOST_LINES: usize = 400;
/// The most lines that the file in the middle may have.
const MEDIAN_LINES: usize = 150;
/// The rooms that may have `unsafe`.
const UNSAFE: [&str; 4] = ["sqlite/raw", "postgres/raw", "ffi", "process"];
/// The rooms that know no database.
const NO_DATABASE: [&str; 3] = ["model", "json", "backend"];
/// How the head of a file states that it is in a circle which may stay.
const RING: &str = "a ring of type names";

/// Returns everything that is wrong, a line for each fault.
pub(crate) fn faults(sources: &Sources, rooms: &[Room]) -> Vec<String> {
    let arrows = arrows(sources);
    let mut faults = table::faults(rooms);
    for room in rooms {
        let is_of_room = |file: &String| is_in(rooms, file, &room.name);
        if !sources.keys().any(is_of_room) {
            faults.push(format!(
                "CONTRIBUTING.md lists {}, which is empty",
                room.name
            ));
        }
    }
    for file in sources.keys() {
        if room_of(rooms, file).is_none() {
            faults.push(format!("src/{file} is in no room of CONTRIBUTING.md"));
        }
    }
    faults.extend(wrong_imports(rooms, &arrows));
    for circle in circles(&between_rooms(rooms, &arrows)) {
        faults.push(format!("rooms import each other: {}", list(&circle)));
    }
    faults.extend(wrong_circles(
        &circles_of_files(sources, rooms, &arrows),
        &arrows,
    ));
    for (file, text) in sources {
        faults.extend(wrong_words(rooms, file, text));
        faults.extend(hidden_imports(file, text));
    }
    faults.extend(too_long(sources));
    faults
}

fn is_in(rooms: &[Room], file: &str, name: &str) -> bool {
    room_of(rooms, file).is_some_and(|room| room.name == name)
}

/// Spells a circle.
pub(crate) fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// Returns the arrows between different rooms, as pairs of their names.
pub(crate) fn between_rooms<'a>(
    rooms: &'a [Room],
    arrows: &[Arrow<'_>],
) -> BTreeSet<(&'a str, &'a str)> {
    let ends = arrows.iter().filter_map(|arrow| {
        let (from, to) = (room_of(rooms, arrow.from)?, room_of(rooms, arrow.to)?);
        (from.name != to.name).then_some((&*from.name, &*to.name))
    });
    ends.collect()
}

/// Finds the imports that the table doesn't allow, once for each line.
fn wrong_imports(rooms: &[Room], arrows: &[Arrow<'_>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for arrow in arrows {
        let (from, to) = (room_of(rooms, arrow.from), room_of(rooms, arrow.to));
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        let is_wrong = from.name != to.name && !from.allows(arrow.from, &to.name);
        if is_wrong && seen.insert((arrow.from, arrow.line, &to.name)) {
            faults.push(format!(
                "src/{}:{}: {} may not import {} here: crate::{}",
                arrow.from, arrow.line, from.name, to.name, arrow.path
            ));
        }
    }
    faults
}

/// Circles of files within a room.
pub(crate) struct FileCircles<'a> {
    /// Those that the head of one of their files states.
    pub(crate) rings: Vec<BTreeSet<&'a str>>,
    /// Those that exist without any such file.
    others: Vec<BTreeSet<&'a str>>,
    /// Files that state a ring, but are in no circle.
    in_none: Vec<&'a str>,
}

pub(crate) fn circles_of_files<'a>(
    sources: &'a Sources,
    rooms: &[Room],
    arrows: &[Arrow<'a>],
) -> FileCircles<'a> {
    let room = |file: &str| room_of(rooms, file).map(|room| &room.name);
    let mut within: BTreeSet<_> = arrows
        .iter()
        .filter(|arrow| room(arrow.from) == room(arrow.to))
        .map(|arrow| (arrow.from, arrow.to))
        .collect();
    let stating = sources.iter().filter(|(_, text)| head(text).contains(RING));
    let stating: BTreeSet<_> = stating.map(|(file, _)| file.as_str()).collect();
    let mut rings = circles(&within);
    rings.retain(|circle| !circle.is_disjoint(&stating));
    let in_none = stating
        .iter()
        .copied()
        .filter(|file| !rings.iter().any(|ring| ring.contains(file)))
        .collect();
    // A statement excuses the circles through its own file, and no others.
    within.retain(|(from, to)| !stating.contains(from) && !stating.contains(to));
    let others = circles(&within);
    FileCircles {
        rings,
        others,
        in_none,
    }
}

fn wrong_circles(found: &FileCircles<'_>, arrows: &[Arrow<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &found.in_none {
        faults.push(format!("src/{file} states {RING}, but is in none"));
    }
    for circle in &found.others {
        faults.push(format!("files import each other: {}", list(circle)));
        let mut seen = BTreeSet::new();
        for Arrow { from, line, to, .. } in arrows {
            let is_of_circle = circle.contains(from) && circle.contains(to);
            if is_of_circle && seen.insert((from, to)) {
                faults.push(format!("    src/{from}:{line} → {to}"));
            }
        }
    }
    faults
}

/// Returns the documentation that a file begins with, as one line.
fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Finds words that have no business in the file's room.
fn wrong_words(rooms: &[Room], file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let may_be_unsafe = UNSAFE.iter().any(|room| is_in(rooms, file, room));
    let may_name_database = !NO_DATABASE.iter().any(|room| is_in(rooms, file, room));
    for (line, token) in tokens(text) {
        let Token::Word(word) = token else {
            continue;
        };
        if word == "unsafe" && !may_be_unsafe {
            faults.push(format!("src/{file}:{line}: `unsafe` may not stand here"));
        }
        // Beside lower case, which is looked for in comments and strings too.
        let names_database = word.to_lowercase().contains("sqlite") && !word.contains("sqlite");
        if names_database && !may_name_database {
            faults.push(format!("src/{file}:{line}: `{word}` names a database"));
        }
    }
    for (line, text) in (1..).zip(text.lines()) {
        if text.contains("sqlite") && !may_name_database {
            faults.push(format!(
                "src/{file}:{line}: names a database: {}",
                text.trim()
            ));
        }
    }
    faults
}

/// Finds what brings in a file, or the crate itself, under a name that its path doesn't show.
fn hidden_imports(file: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let words: Vec<_> = tokens.iter().map(|(_, token)| *token).collect();
    let mut faults = Vec::new();
    for (at, (line, _)) in tokens.iter().enumerate() {
        let hides = match &words[at..] {
            [Token::Word("extern"), Token::Word("crate"), ..] => "extern crate",
            [Token::Word("include"), Token::Mark('!'), ..] => "include!",
            [Token::Mark('#'), Token::Mark('['), attribute @ ..] if sets_path(attribute) => {
                "#[path]"
            }
            _ => continue,
        };
        faults.push(format!("src/{file}:{line}: `{hides}` hides an import"));
    }
    faults
}

/// Returns `true` if an attribute, from its first word, sets the file of a module.
fn sets_path(attribute: &[Token<'_>]) -> bool {
    let end = attribute
        .iter()
        .position(|token| *token == Token::Mark(']'));
    let attribute = &attribute[..end.unwrap_or(attribute.len())];
    let sets = |pair: &[Token<'_>]| pair == [Token::Word("path"), Token::Mark('=')];
    match attribute.first() {
        Some(Token::Word("path")) => true,
        Some(Token::Word("cfg_attr")) => attribute.windows(2).any(sets),
        _ => false,
    }
}

/// Returns how many lines the longest file has, and the one in the middle.
pub(crate) fn lines(sources: &Sources) -> (usize, usize) {
    let mut lines: Vec<_> = sources.values().map(|text| text.lines().count()).collect();
    lines.sort_unstable();
    let at = |place: usize| lines.get(place).copied().unwrap_or(0);
    (at(lines.len().saturating_sub(1)), at(lines.len() / 2))
}

fn too_long(sources: &Sources) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, text) in sources {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!(
                "src/{file} has {lines} lines, more than {MOST_LINES}"
            ));
        }
    }
    let (_, median) = lines(sources);
    if median > MEDIAN_LINES {
        faults.push(format!(
            "the median of the files' lines is {median}, more than {MEDIAN_LINES}"
        ));
    }
    faults
}
