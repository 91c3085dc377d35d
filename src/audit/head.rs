//! The head of the log: the cell that every record goes through, and that makes the log one line of history whoever
//! writes it. Its size is bounded, however long the log is.

use crate::audit::tree::{Frontier, Hash};
use crate::time::Millis;

/// So many policies are known by their hash alone; a record under another one brings its document along.
pub const KNOWN_POLICIES: usize = 4;

/// Where the log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's own name, drawn when it begins.
    pub log: String,
    /// The key of what stands for redacted values, in hex. It is here alone: without it they tell nothing.
    pub salt: String,
    /// How many records there are, and so the sequence number of the next one.
    pub next: u64,
    /// The leaf hash of the last record; zeros before the first.
    pub prev: Hash,
    /// The running hash over every change of the ledger.
    pub state: Hash,
    /// The roots of the tree's complete subtrees, the largest first.
    pub roots: Vec<Hash>,
    /// The policies whose documents were written down last, by hash; the latest last.
    pub policies: Vec<String>,
    /// The time of the last record: the log's time never runs backwards.
    pub at: Millis,
}

impl Head {
    /// The head of a log that has no record yet.
    #[must_use]
    pub fn begin(log: &str, salt: &str) -> Self {
        Self {
            log: log.to_owned(),
            salt: salt.to_owned(),
            next: 0,
            prev: Hash::default(),
            state: Hash::default(),
            roots: Vec::new(),
            policies: Vec::new(),
            at: 0,
        }
    }

    /// The tree; nothing if the head is damaged.
    #[must_use]
    pub fn tree(&self) -> Option<Frontier> {
        Frontier::from_parts(self.next, self.roots.clone())
    }

    /// Whether a record under this policy has to bring its document along.
    #[must_use]
    pub fn needs_document(&self, hash: &str) -> bool {
        !self.policies.iter().any(|known| known == hash)
    }

    /// Takes note of a policy whose document was written down.
    pub fn knows(&mut self, hash: &str) {
        if self.needs_document(hash) {
            self.policies.push(hash.to_owned());
            if self.policies.len() > KNOWN_POLICIES {
                self.policies.remove(0);
            }
        }
    }
}
