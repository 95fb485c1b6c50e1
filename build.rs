//! Declares the embedded migrations as an input of the build.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
