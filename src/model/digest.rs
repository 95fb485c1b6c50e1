//! Whether a stream's rows are those that its digest stands for.

/// What a stream's digest says about its rows; see
/// [`OpenOptions::digest`](crate::OpenOptions::digest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Digest {
    /// The stream has none.
    #[default]
    NotKept = 0,
    /// The rows are those that were written through a store, in all four columns.
    Matches = 1,
    /// Rows were changed, added or removed by something else: another program by plain SQL,
    /// or a fault of the disk or the memory.
    /// [`Store::restate_digest`](crate::Store::restate_digest) takes them as they are.
    Differs = 2,
}
