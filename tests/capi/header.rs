//! `include/satori_store.h` is what the sources say it is.
//!
//! `SATORI_STORE_WRITE_HEADER=1 cargo test --features panic-test --test capi header` writes it anew.

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
        "cursor",
        "statistics",
        "verify",
        "normalize",
        "quarantine",
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
