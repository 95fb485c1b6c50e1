//! The ground: which process this is, and which calls it has in flight.

pub(crate) mod id;
pub(crate) mod in_flight;
