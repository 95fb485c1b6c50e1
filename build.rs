//! Tells Cargo that the embedded migrations are input to the build.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
