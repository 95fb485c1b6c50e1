//! The name of a stream's file.

use std::fmt::Write;

use satori_store::StreamUuid;

use crate::args::FileFormat;

/// A longer name is cut: file systems take 255 bytes, and some need a few for themselves.
const LONGEST: usize = 200;

/// Returns the name of the file of a stream: its uuid, with `%` and two digits for each byte that
/// is no letter, digit, `-`, `_` or `.` behind another, as in a URL. Nobody has to read the uuid
/// from it, since each file says it inside.
pub(super) fn of(uuid: &StreamUuid, format: FileFormat) -> String {
    let mut name = String::new();
    for byte in uuid.as_str().bytes() {
        let is_dot = byte == b'.' && !name.is_empty();
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || is_dot {
            name.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > LONGEST {
        // What was cut off is in a uuid of its own.
        let rest = StreamUuid::from_parts("", "", uuid.as_str(), "");
        name.truncate(LONGEST - 1 - rest.as_str().len());
        name = format!("{name}~{rest}");
    }
    format!("{name}.{}", format.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uuid: &str) -> String {
        StreamUuid::new(uuid)
            .map_or_else(|error| error.to_string(), |uuid| of(&uuid, FileFormat::Csv))
    }

    #[test]
    fn every_uuid_has_a_name_of_its_own() {
        let usual = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1";
        assert_eq!(named(usual), format!("{usual}.csv"));
        assert_eq!(named("../a b.c"), "%2E.%2Fa%20b.c.csv");
        assert_eq!(named("ä%'\"\\"), "%C3%A4%25%27%22%5C.csv");
        let long = [named(&"/".repeat(255)), named(&"/".repeat(254))];
        assert!(
            long.iter().all(|name| name.len() == LONGEST + 4),
            "{long:?}"
        );
        assert_ne!(long[0], long[1]);
    }
}
