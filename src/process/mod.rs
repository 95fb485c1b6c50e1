//! The ground: which process this is, and which calls it has in flight.

#[cfg(not(feature = "race-test"))]
pub(crate) mod id;
pub(crate) mod in_flight;
#[cfg(feature = "race-test")]
pub(crate) mod pretended;
pub(crate) mod sync;

#[cfg(feature = "race-test")]
pub(crate) use pretended as id;
