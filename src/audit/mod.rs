//! The audit log: one line for each event, chained, and the leaves of a Merkle tree.
//!
//! A record commits with the decision that it tells of: the log's head and the record are cells, written in the same
//! compare-and-swap. What is written down is what was judged: the event is redacted first and judged then, so that the
//! log alone is enough to make every decision again. `docs/audit.md` has the format, for other languages.

pub mod canonical;
pub mod checkpoint;
pub mod head;
pub mod record;
pub mod redact;
pub mod tree;

#[cfg(feature = "tools")]
pub mod backtest;
#[cfg(feature = "tools")]
pub mod book;
#[cfg(feature = "tools")]
pub mod entry;
#[cfg(feature = "tools")]
pub mod proof;
#[cfg(feature = "tools")]
pub mod query;
#[cfg(feature = "tools")]
pub mod replay;
#[cfg(feature = "tools")]
pub mod report;
#[cfg(feature = "tools")]
pub mod verify;

pub use head::Head;
pub use record::Auditor;

/// The name of the format, in every record.
pub const FORMAT: &str = "tollwarden-audit/1";

/// The longest record, in bytes: an event that would need a longer one is denied.
pub const MAX_RECORD: usize = 512 * 1024;
