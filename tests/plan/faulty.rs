//! Small sources with one fault each: the check must find it.

use crate::check::faults;
use crate::table::{self, rooms};
use crate::tree::Sources;

/// The plan that the sources below are held against.
const PLAN: &str = "
| room | may import | what it holds |
|---|---|---|
| `src/ffi/` | `lib`, `model` | C |
| `src/lib.rs` | `store`, `model` | the crate's root |
| `src/store/` | `sqlite` (in `connection.rs`, `open.rs`), `backend`, `model` | |
| `src/sqlite/` | `sqlite/raw`, `backend`, `model` | |
| `src/sqlite/raw/` | `model` | |
| `src/backend.rs` | `model` | the contract |
| `src/model/` | nothing | the nouns |

| file | what it holds |
|---|---|
| `include/` | headers |
";

/// Sources that keep to [`PLAN`].
const SOURCES: [(&str, &str); 12] = [
    (
        "lib.rs",
        "mod ffi; mod store; pub use store::Store; pub use model::time::Timestamp;",
    ),
    ("ffi/mod.rs", "mod store;"),
    (
        "ffi/store.rs",
        "use crate::{Store, model::time}; unsafe fn f() {}",
    ),
    (
        "store/mod.rs",
        "mod open; use crate::backend::Backend; pub struct Store;",
    ),
    (
        "store/open.rs",
        "use super::Store; use crate::sqlite::Sqlite;",
    ),
    ("sqlite/mod.rs", "mod raw; mod read; pub use read::Sqlite;"),
    (
        "sqlite/read.rs",
        "use super::raw::handle; use crate::model::time;",
    ),
    ("sqlite/raw/mod.rs", "pub mod handle;"),
    (
        "sqlite/raw/handle.rs",
        "unsafe fn f() -> crate::model::error::Error {}",
    ),
    ("backend.rs", "/// As SQLite does.\npub trait Backend {}"),
    ("model/error.rs", "use super::time::Timestamp;"),
    (
        "model/time.rs",
        "// SQLite sorts so.\npub struct Timestamp;",
    ),
];

fn sources() -> Sources {
    SOURCES
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .into()
}

/// Returns what is wrong once `file` has this text in place of its own.
fn faults_with(file: &str, text: &str) -> Vec<String> {
    let mut sources = sources();
    sources.insert(file.to_owned(), text.to_owned());
    faults(&sources, &rooms(PLAN))
}

#[track_caller]
fn assert_faults(file: &str, text: &str, expected: &[&str]) {
    assert_eq!(faults_with(file, text), expected, "{file}: {text}");
}

#[test]
fn sources_that_keep_to_the_plan_have_no_fault() {
    assert_faults("model/time.rs", SOURCES[11].1, &[]);
}

#[test]
fn an_arrow_that_the_plan_does_not_allow_is_a_fault() {
    for text in [
        "use crate::sqlite::Sqlite;",
        "use super::super::sqlite::Sqlite;",
        "use crate::{sqlite as database};",
        "fn f(x: &crate::sqlite::Sqlite) {}",
        "#[cfg(test)]\nmod tests { use crate::sqlite::Sqlite; }",
    ] {
        let faults = faults_with("model/time.rs", text).join("\n");
        assert!(
            faults.contains("model may not import sqlite here"),
            "{faults}"
        );
    }
    assert_faults(
        "sqlite/raw/handle.rs",
        "\n\nuse crate::backend::Backend;",
        &[
            "src/sqlite/raw/handle.rs:3: sqlite/raw may not import backend here: \
         crate::backend::Backend",
        ],
    );
    assert_faults(
        "backend.rs",
        "fn f() -> crate::Timestamp {}",
        &[
            "src/backend.rs:1: backend may not import lib here: crate::Timestamp",
            "rooms import each other: backend, lib, store",
        ],
    );
}

#[test]
fn what_hides_an_import_is_a_fault() {
    for (text, hides) in [
        (
            "extern crate self as ours;\nuse ours::store::Store;",
            "extern crate",
        ),
        ("include!(\"../store/read.rs\");", "include!"),
        ("#[path = \"../store/read.rs\"]\nmod read;", "#[path]"),
        (
            "#[cfg_attr(unix, path = \"../store/read.rs\")]\nmod read;",
            "#[path]",
        ),
    ] {
        let fault = format!("src/model/time.rs:1: `{hides}` hides an import");
        assert_faults("model/time.rs", text, &[&fault]);
    }
    let text = "const A: &str = include_str!(\"a\");\n#[doc(path = \"b\")]\nfn extern_crate() {}";
    assert_faults("model/time.rs", text, &[]);
}

#[test]
fn an_import_through_another_name_is_a_fault() {
    let fault = |line, path| {
        format!(
            "src/ffi/store.rs:{line}: ffi may not import sqlite/raw here: crate::sqlite::raw{path}"
        )
    };
    // A name that the same file has given, before or after.
    for text in [
        "use crate::sqlite::raw as low;\nuse low::handle::f;",
        "use low::handle::f;\nuse crate::sqlite::raw as low;",
    ] {
        let found = faults_with("ffi/store.rs", text);
        for line in [1, 2] {
            let is_there = |path| found.contains(&fault(line, path));
            assert!(is_there("") || is_there("::handle::f"), "{text}: {found:?}");
        }
    }
    // A name that another file has given, to all or to its own children.
    for (file, declared, text) in [
        (
            "lib.rs",
            "pub(crate) use sqlite::raw;",
            "use crate::raw::handle::f;",
        ),
        (
            "lib.rs",
            "use sqlite::raw as low;",
            "use crate::low::handle::f;",
        ),
        (
            "lib.rs",
            "pub use sqlite::*;",
            "fn g() { crate::raw::handle::f() }",
        ),
        (
            "ffi/mod.rs",
            "use crate::sqlite::raw;",
            "use super::raw::handle::f;",
        ),
    ] {
        let mut sources = sources();
        let before = &sources[file];
        let after = format!("{before} {declared}");
        sources.insert(file.to_owned(), after);
        sources.insert("ffi/store.rs".to_owned(), text.to_owned());
        let found = faults(&sources, &rooms(PLAN));
        assert!(
            found.contains(&fault(1, "::handle::f")),
            "{declared}: {found:?}"
        );
    }
}

#[test]
fn what_only_some_files_may_import_the_others_may_not() {
    let text = "use crate::sqlite::Sqlite;";
    assert_faults("store/connection.rs", text, &[]);
    assert_faults(
        "store/streams.rs",
        text,
        &["src/store/streams.rs:1: store may not import sqlite here: crate::sqlite::Sqlite"],
    );
    assert_faults(
        "ffi/open.rs",
        text,
        &["src/ffi/open.rs:1: ffi may not import sqlite here: crate::sqlite::Sqlite"],
    );
}

#[test]
fn rooms_in_a_circle_are_a_fault() {
    let faults = faults_with("model/time.rs", "use crate::store::Store;");
    assert_eq!(
        faults,
        [
            "src/model/time.rs:1: model may not import store here: crate::store::Store",
            "rooms import each other: model, sqlite, sqlite/raw, store",
        ]
    );
}

#[test]
fn files_in_a_circle_are_a_fault_unless_one_states_the_ring() {
    assert_faults(
        "model/time.rs",
        "fn f() -> Result<(), super::error::Error> {}",
        &[
            "files import each other: model/error.rs, model/time.rs",
            "    src/model/error.rs:1 → model/time.rs",
            "    src/model/time.rs:1 → model/error.rs",
        ],
    );
    let head = "//! Instants.\n//!\n//! They and their errors are a ring of\n//! type names.\n";
    assert_faults(
        "model/time.rs",
        &format!("{head}use super::error::Error;"),
        &[],
    );
    assert_faults(
        "model/time.rs",
        head,
        &["src/model/time.rs states a ring of type names, but is in none"],
    );
    // It excuses no circle beside its own.
    let mut sources = sources();
    sources.insert(
        "model/time.rs".into(),
        format!("{head}use super::error::Error;"),
    );
    sources.insert("model/hash.rs".into(), "use super::{error, value};".into());
    sources.insert("model/value.rs".into(), "use super::hash::Hash;".into());
    assert_eq!(
        faults(&sources, &rooms(PLAN)),
        [
            "files import each other: model/hash.rs, model/value.rs",
            "    src/model/hash.rs:1 → model/value.rs",
            "    src/model/value.rs:1 → model/hash.rs",
        ]
    );
    assert_faults(
        "store/mod.rs",
        "mod open; use open::Options; pub struct Store;",
        &[
            "files import each other: store/mod.rs, store/open.rs",
            "    src/store/mod.rs:1 → store/open.rs",
            "    src/store/open.rs:1 → store/mod.rs",
        ],
    );
}

#[test]
fn unsafe_code_elsewhere_is_a_fault() {
    assert_faults(
        "sqlite/read.rs",
        "fn f() {\n    unsafe { g() }\n}",
        &["src/sqlite/read.rs:2: `unsafe` may not stand here"],
    );
    assert_faults("sqlite/read.rs", "// unsafe\n#![allow(unsafe_code)]", &[]);
}

#[test]
fn a_database_named_in_the_model_is_a_fault() {
    assert_faults(
        "model/time.rs",
        "pub struct SqliteTime;\n/// See `sqlite_schema`.",
        &[
            "src/model/time.rs:1: `SqliteTime` names a database",
            "src/model/time.rs:2: names a database: /// See `sqlite_schema`.",
        ],
    );
    assert_faults(
        "backend.rs",
        "const SQLITE_OK: i32 = 0;",
        &["src/backend.rs:1: `SQLITE_OK` names a database"],
    );
    assert_faults("store/mod.rs", "pub struct Store; // sqlite", &[]);
}

#[test]
fn a_long_file_is_a_fault_and_so_are_many_longish_ones() {
    assert_faults("model/time.rs", &"\n".repeat(400), &[]);
    assert_faults(
        "model/time.rs",
        &"\n".repeat(401),
        &["src/model/time.rs has 401 lines, more than 400"],
    );
    let longish = |count: usize| {
        let text = |number| "\n".repeat(if number < count { 151 } else { 150 });
        let file = |number| (format!("model/{number}.rs"), text(number));
        let sources: Sources = (0..5).map(file).collect();
        faults(&sources, &rooms(PLAN))
            .into_iter()
            .rfind(|fault| fault.contains("median"))
    };
    assert_eq!(longish(2), None);
    assert_eq!(
        longish(3).as_deref(),
        Some("the median of the files' lines is 151, more than 150")
    );
}

#[test]
fn a_file_or_a_room_that_the_table_does_not_fit_is_a_fault() {
    assert_faults(
        "postgres/mod.rs",
        "",
        &["src/postgres/mod.rs is in no room of CONTRIBUTING.md"],
    );
    assert_faults(
        "models.rs",
        "",
        &["src/models.rs is in no room of CONTRIBUTING.md"],
    );
    let plan = PLAN.replace("`src/model/` | nothing", "`src/model/` | `backend`, `json`");
    let plan = plan.replace("| `src/lib.rs`", "| `src/arrow/` | | |\n| `src/lib.rs`");
    assert_eq!(
        faults(&sources(), &rooms(&plan)),
        [
            "CONTRIBUTING.md lets model import backend, which is not below it",
            "CONTRIBUTING.md lets model import json, which is not listed",
            "CONTRIBUTING.md lists arrow, which is empty",
        ]
    );
    assert_eq!(
        table::faults(&rooms("# No table")),
        ["CONTRIBUTING.md has no table of rooms"]
    );
}
