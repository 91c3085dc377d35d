//! The ledger: what is held and what is spent, as cells that a store keeps.

pub mod cells;
pub mod hold;
pub mod key;
pub mod moves;
mod shapes;
pub mod stored;
pub mod tally;
pub mod working;
