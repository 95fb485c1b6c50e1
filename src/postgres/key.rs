//! The key of a stream.

use blake2::Blake2s;
use blake2::digest::{Digest, consts::U8};

use crate::model::uuid::StreamUuid;

/// Returns the number by which the rows of a stream are found: 64 bits of a hash of its uuid
/// in lower case.
///
/// No look-up is needed before a row is inserted, any name has one, and a cluster can
/// distribute rows by it. Two spellings of a name that differ in the case of ASCII letters
/// alone have the same, and so have two names whose hashes collide (of a million streams with
/// a probability of 3e-8): every write compares the text.
pub(super) fn key(uuid: &StreamUuid) -> i64 {
    let lower = uuid.as_str().to_ascii_lowercase();
    let digest = Blake2s::<U8>::digest(lower.as_bytes());
    i64::from_be_bytes(digest.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_changes() {
        // What is stored is found by it.
        let bitcoin = StreamUuid::from_parts("central", "satori", "bitcoin", "");
        let upper = StreamUuid::new(bitcoin.as_str().to_ascii_uppercase()).unwrap();
        assert_eq!(key(&bitcoin), key(&upper));
        assert_eq!(key(&bitcoin), -9_198_015_759_623_112_315);
    }
}
