//! The ledger: what is held and what is spent, as cells that a store keeps.

pub mod cells;
pub mod hold;
pub mod moves;
pub mod tally;
