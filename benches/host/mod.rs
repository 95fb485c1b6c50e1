//! A host in C. The linker takes the functions from the library, so a call crosses
//! the same border as one from C.
#![allow(unsafe_code, reason = "this is the C API as a host calls it")]

mod cursor;
mod exports;
mod store;

pub(crate) use cursor::Arrays;
pub(crate) use store::{Store, library_info};
