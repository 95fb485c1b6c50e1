//! The table of rooms in CONTRIBUTING.md.

/// A folder or a file of `src/`, and what it may import.
#[derive(Debug)]
pub(crate) struct Room {
    /// As an import spells it, such as `sqlite/raw`.
    pub(crate) name: String,
    may_import: Vec<Allowed>,
}

/// A room that may be imported.
#[derive(Debug)]
struct Allowed {
    room: String,
    /// The files that may do so; all if it is empty.
    files: Vec<String>,
}

impl Room {
    /// Returns `true` if `file`, a file of this room, may import `room`.
    pub(crate) fn allows(&self, file: &str, room: &str) -> bool {
        self.may_import.iter().any(|allowed| {
            let within = file.strip_prefix(&*self.name).unwrap_or(file);
            let within = within.trim_start_matches('/');
            allowed.room == room
                && (allowed.files.is_empty() || allowed.files.iter().any(|file| file == within))
        })
    }
}

/// Reads the rows below the header `| room | may import | …`, from the top floor
/// down. A row is `` | `src/store/` | `json`, `sqlite` (in `open.rs`) | … | ``.
pub(crate) fn rooms(text: &str) -> Vec<Room> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.replace('`', "");
        let cells = line.trim().trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    text.lines()
        .skip_while(|line| !cells(line).starts_with(&["room".into(), "may import".into()]))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = cells(line);
            let name = cells[0].trim_start_matches("src/").trim_end_matches('/');
            Room {
                name: name.trim_end_matches(".rs").to_owned(),
                may_import: allowed(cells.get(1).map_or("", String::as_str)),
            }
        })
        .collect()
}

/// Reads `json, sqlite (in connection.rs, open.rs), model`, or `nothing`.
fn allowed(cell: &str) -> Vec<Allowed> {
    let mut found = Vec::new();
    let mut rest = cell;
    while !rest.is_empty() && rest != "nothing" {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let room = rest[..end].trim().to_owned();
        let mut files = Vec::new();
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix("(in ") {
            let (list, after) = inside.split_once(')').expect("a bracket is closed");
            files = list.split(',').map(|file| file.trim().to_owned()).collect();
            rest = after;
        }
        found.push(Allowed { room, files });
        rest = rest.trim_start_matches([',', ' ']);
    }
    found
}

/// Returns what is wrong with the table itself: an arrow that runs up, or to a room
/// that it doesn't list.
pub(crate) fn faults(rooms: &[Room]) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|room| room.name == name);
    let mut faults = Vec::new();
    for (at, room) in rooms.iter().enumerate() {
        for allowed in &room.may_import {
            let what = match place(&allowed.room) {
                None => "which is not listed",
                Some(other) if other <= at => "which is not below it",
                Some(_) => continue,
            };
            faults.push(format!(
                "CONTRIBUTING.md lets {} import {}, {what}",
                room.name, allowed.room
            ));
        }
    }
    if rooms.is_empty() {
        faults.push("CONTRIBUTING.md has no table of rooms".into());
    }
    faults
}
