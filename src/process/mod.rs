//! The ground: which process this is, and which calls it has in flight.

#[cfg(not(feature = "race-test"))]
pub(crate) mod id;
pub(crate) mod in_flight;
#[cfg(feature = "race-test")]
pub(crate) mod pretended;

#[cfg(feature = "race-test")]
pub(crate) use pretended as id;

// Locks and atomics where threads meet. Under the feature `race-test`, which no artefact has,
// they are shuttle's, which plays the threads of a test in many orders.
#[cfg(feature = "race-test")]
pub(crate) use shuttle::sync;
#[cfg(not(feature = "race-test"))]
pub(crate) use std::sync;
