//! `include/satori_store.h` is what the sources say it is.
//!
//! `SATORI_STORE_WRITE_HEADER=1 cargo test --features panic-test --test capi header` writes it anew.

use std::collections::BTreeMap;
use std::path::Path;

fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in [
        "status",
        "error",
        "input",
        "info",
        "store",
        "stream",
        "list",
        "find_stream",
        "find_streams",
        "write_streams",
        "insert",
        "observations",
        "ends",
        "changes",
        "resample",
        "align",
        "cursor",
        "statistics",
        "verify",
        "normalize",
        "quarantine",
        "retain",
        "check",
        "backup",
        "arrow",
        "json",
        "convert",
        "string",
    ] {
        builder = builder.with_src(root.join(format!("src/ffi/{file}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/satori_store.h");
    let header = generate();
    if std::env::var_os("SATORI_STORE_WRITE_HEADER").is_some() {
        std::fs::write(&path, &header).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        header == committed,
        "run SATORI_STORE_WRITE_HEADER=1 cargo test --test capi header"
    );
}

/// What the documentation of a function says.
struct Function {
    /// The type of its first parameter.
    first: String,
    /// The statuses that it may return.
    returns: String,
}

/// Reads the functions of the header, by their names.
fn functions(header: &str) -> BTreeMap<&str, Function> {
    let documented = header.split("/**").filter_map(|part| part.split_once("*/"));
    let functions = documented.filter_map(|(text, rest)| {
        let (declared, parameters) = rest.split_once('(')?;
        // Types have braces, or end before the next function.
        let is_function = !declared.contains(['{', ';', '#']);
        let name = declared.rsplit([' ', '*']).next()?;
        let name = Some(name).filter(|name| is_function && name.starts_with("satori_"))?;
        let words = text.split_whitespace().filter(|word| *word != "*");
        let text = words.collect::<Vec<_>>().join(" ");
        let returns = text
            .split_once("@return ")
            .map_or("", |(_, returns)| returns);
        let first = parameters.split_once('*').map_or("", |(first, _)| first);
        let function = Function {
            first: first.trim_start_matches("const ").trim().to_owned(),
            returns: returns
                .split("@since")
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        Some((name, function))
    });
    functions.collect()
}

/// What the check of a handle may return. The function that frees it takes NULL, and a
/// handle that is poisoned.
const CHECKED: [&str; 4] = [
    "SATORI_INVALID_HANDLE",
    "SATORI_FORKED",
    "SATORI_NULL_POINTER",
    "SATORI_POISONED",
];
const HANDLES: [&str; 4] = [
    "satori_store",
    "satori_stream_list",
    "satori_cursor",
    "satori_string",
];

#[test]
fn each_function_on_a_handle_lists_what_the_check_of_the_handle_may_return() {
    let header = generate();
    let (_, page) = header
        .split_once("Any call on a store or a cursor")
        .unwrap();
    let (any_call, _) = page.split_once("A call that").unwrap();
    let functions = functions(&header);
    let symbols = include_str!("../../capi/symbols.txt");
    assert!(symbols.lines().eq(functions.keys().copied()));

    let mut lacking = Vec::new();
    for (name, function) in &functions {
        if !HANDLES.contains(&&*function.first) {
            continue;
        }
        let mut returns = function.returns.clone();
        // "As satori_insert, or …"; that may refer to a third.
        while let Some((_, other)) = returns.split_once("as satori_") {
            let end = other.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let other = format!("satori_{}", &other[..end.unwrap_or(other.len())]);
            let rest = returns.replace(&format!("as {other}"), "");
            returns = format!("{} {rest}", functions[&*other].returns);
        }
        if returns.contains("what any call") {
            assert!(
                ["satori_store", "satori_cursor"].contains(&&*function.first),
                "{name}"
            );
            returns += any_call;
        }
        let frees = name.ends_with("_free") || name.ends_with("_close");
        let wanted = &CHECKED[..if frees { 2 } else { CHECKED.len() }];
        let missing = wanted.iter().filter(|status| !returns.contains(**status));
        lacking.extend(missing.map(|status| format!("{name}: {status}")));
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}
