//! What is measured. The order of the table is that of `main`.

pub(crate) mod backup;
pub(crate) mod capi;
pub(crate) mod ingest;
pub(crate) mod metadata;
pub(crate) mod observations;
pub(crate) mod scale;
