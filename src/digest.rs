//! One number for a whole ledger: two that have the same have the same cells, to the byte.

use sha2::{Digest, Sha256};

use crate::hash::hex;
use crate::ledger::cells::Ledger;

/// SHA-256 in hex over all cells in the order of their keys, each as `key`, a tab, its text, a line break. Neither a key
/// nor a cell's text has a line break or a tab in it.
///
/// # Errors
/// One sentence, if a cell can't be written; that is a fault of the core.
pub fn state_hash(ledger: &Ledger) -> Result<String, String> {
    let mut hash = Sha256::new();
    for (key, text) in ledger.texts()? {
        for part in [key.as_str(), "\t", text.as_str(), "\n"] {
            hash.update(part.as_bytes());
        }
    }
    Ok(hex(&hash.finalize()))
}
