//! What the outsider does in plain SQL, and to the files.

use super::acts::NOON;

/// How a stored row spells its instant, in the order in which SQLite's keys sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spelling {
    Seconds,
    Millis,
    Spaced,
    Zulu,
}

impl Spelling {
    pub(super) const ALL: [Self; 4] = [Self::Seconds, Self::Millis, Self::Spaced, Self::Zulu];

    /// Returns the timestamp of a second as it is stored.
    pub(super) fn stored(self, second: i64) -> String {
        match self {
            Self::Seconds => (NOON + second).to_string(),
            Self::Millis => ((NOON + second) * 1_000).to_string(),
            Self::Spaced => format!("2024-01-03 12:00:{second:02}"),
            Self::Zulu => format!("2024-01-03T12:00:{second:02}Z"),
        }
    }
}

/// A statement of the outsider's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sql {
    Insert(char, i64, Spelling, i64),
    Replace(char, i64, Spelling, i64),
    Update(char, i64),
    Create(char),
    CreateForeign(char),
    Rename(char, char),
    HideColumn(char),
    ShowColumn(char),
    AddColumn(char),
    DropColumn(char),
    Drop(char),
    Vacuum,
    Checkpoint,
    Begin,
    Commit,
    Rollback,
}

impl Sql {
    pub(super) fn text(self) -> String {
        let row = |second, spelling: Spelling, value| {
            let ts = spelling.stored(second);
            format!("('{ts}', {value}, 'o', 'outsider')")
        };
        match self {
            Sql::Insert(name, second, spelling, value) => {
                format!("INSERT INTO {name} VALUES {}", row(second, spelling, value))
            }
            Sql::Replace(name, second, spelling, value) => {
                format!(
                    "REPLACE INTO {name} VALUES {}",
                    row(second, spelling, value)
                )
            }
            Sql::Update(name, value) => format!("UPDATE {name} SET value = {value}"),
            Sql::Create(name) => format!(
                "CREATE TABLE {name} (ts TIMESTAMP PRIMARY KEY NOT NULL, \
                 value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)"
            ),
            Sql::CreateForeign(name) => format!("CREATE TABLE {name} (x)"),
            Sql::Rename(name, other) => format!("ALTER TABLE {name} RENAME TO {other}"),
            Sql::HideColumn(name) => format!("ALTER TABLE {name} RENAME COLUMN value TO v"),
            Sql::ShowColumn(name) => format!("ALTER TABLE {name} RENAME COLUMN v TO value"),
            Sql::AddColumn(name) => format!("ALTER TABLE {name} ADD COLUMN x"),
            Sql::DropColumn(name) => format!("ALTER TABLE {name} DROP COLUMN x"),
            Sql::Drop(name) => format!("DROP TABLE {name}"),
            Sql::Vacuum => "VACUUM".to_owned(),
            Sql::Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
            Sql::Begin => "BEGIN IMMEDIATE".to_owned(),
            Sql::Commit => "COMMIT".to_owned(),
            Sql::Rollback => "ROLLBACK".to_owned(),
        }
    }
}

/// What the outsider does to the files while both stores have them open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The file is moved away; it comes back later.
    Moved,
    /// Another store takes its place.
    Replaced,
    /// `-wal` is removed.
    Wal,
    /// `-shm` is removed.
    Shm,
    /// Both are.
    Both,
}
