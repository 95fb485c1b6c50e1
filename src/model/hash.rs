//! The hash of a row, as the engine computes it: each row's covers the one before.

use blake2::Blake2s;
use blake2::digest::{Digest, consts::U8};

/// Returns the hash of a row: hex of BLAKE2s with an 8-byte digest over the previous
/// row's hash, the timestamp's text and the value's text.
pub(crate) fn chain(previous: &str, timestamp: &str, value: &str) -> String {
    let digest = Blake2s::<U8>::new()
        .chain_update(previous)
        .chain_update(timestamp)
        .chain_update(value)
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_begins_as_the_bitcoin_feed_does() {
        let first = chain("", "1327968000", "5.55");
        assert_eq!(first, "88d64c21a0749e35");
        assert_eq!(chain(&first, "1330473600", "4.99"), "e78f0ae3a0253d9a");
    }
}
