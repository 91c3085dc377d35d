//! Tollwarden's core: it decides whether a payment may be signed, and keeps the ledger that the decision rests on.
//!
//! It does no I/O and knows no clock, no randomness and no global: everything comes in as an argument and everything
//! goes out as a value. The same inputs give the same bytes on every platform.

pub mod approval;
pub mod asset;
pub mod audit;
pub mod authorize;
pub mod bind;
pub mod decision;
pub mod digest;
pub mod ed25519;
pub mod engine;
#[cfg(feature = "tools")]
pub mod explain;
#[cfg(not(feature = "faults"))]
pub(crate) mod faults;
#[cfg(feature = "faults")]
pub mod faults;
pub mod hash;
pub mod json;
pub mod judge;
pub mod ledger;
pub mod members;
pub mod money;
pub mod offer;
pub mod order;
pub mod origin;
pub mod policy;
#[cfg(feature = "privacy")]
pub mod privacy;
pub mod reason;
pub mod reconcile;
pub mod replay;
pub mod reply;
pub mod request;
pub mod settle;
pub mod sign;
pub mod time;
pub mod trace;
pub mod words;

/// The only folder that knows wasm-bindgen. Each feature has its part of the boundary, and each module its features.
#[cfg(target_arch = "wasm32")]
pub mod wasm {
    #[cfg(feature = "tools")]
    pub mod audit;
    #[cfg(feature = "engine")]
    pub mod engine;
    #[cfg(feature = "privacy")]
    pub mod privacy;
    #[cfg(feature = "tools")]
    pub mod tools;
}
