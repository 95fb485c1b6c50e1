//! Locks and atomics where threads meet: those of the standard library. Under the feature
//! `race-test`, which no artefact has, they are shuttle's, which plays the threads of a test in
//! many orders.

#[cfg(feature = "race-test")]
pub(crate) use shuttle::sync as from;
#[cfg(not(feature = "race-test"))]
pub(crate) use std::sync as from;
