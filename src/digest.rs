//! One number for a whole ledger: two that have the same have the same cells, to the byte.

use sha2::{Digest, Sha256};

use crate::hash::hex;
use crate::ledger::cells::Ledger;

/// SHA-256 in hex over all cells in the order of their keys, each as `key`, a tab, its text, a line break. Neither a key
/// nor a cell's text has a line break or a tab in it.
#[must_use]
pub fn state_hash(ledger: &Ledger) -> String {
    let mut hash = Sha256::new();
    for (key, text) in ledger.texts() {
        for part in [key.as_str(), "\t", text.as_str(), "\n"] {
            hash.update(part.as_bytes());
        }
    }
    hex(&hash.finalize())
}
