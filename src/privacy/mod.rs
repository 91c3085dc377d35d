//! Personal data and secrets in a text: found, and written over.
//!
//! A text is scanned once as it is written, and once more as it will be read where that differs: escapes, base64,
//! look-alikes, signs that can't be seen. What is found is told by its place in the original. All of it takes time in
//! proportion to the text, whatever the text is.

mod entity;

pub use entity::{Entity, EntityName, OWN, Place, Treatment};

#[cfg(feature = "privacy")]
mod base64;
#[cfg(feature = "privacy")]
mod bytes;
#[cfg(feature = "privacy")]
mod card;
#[cfg(feature = "privacy")]
mod context;
#[cfg(feature = "privacy")]
mod email;
#[cfg(feature = "privacy")]
mod find;
#[cfg(feature = "privacy")]
mod fold;
#[cfg(feature = "privacy")]
mod hash;
#[cfg(feature = "privacy")]
mod hit;
#[cfg(feature = "privacy")]
mod iban;
#[cfg(feature = "privacy")]
mod iban_countries;
#[cfg(feature = "privacy")]
mod ip;
#[cfg(feature = "privacy")]
mod numbers;
#[cfg(feature = "privacy")]
mod phone;
#[cfg(feature = "privacy")]
mod phone_codes;
#[cfg(feature = "privacy")]
pub mod rules;
#[cfg(feature = "privacy")]
mod scan;
#[cfg(feature = "privacy")]
pub mod screen;
#[cfg(feature = "privacy")]
mod secret;
#[cfg(feature = "privacy")]
mod seed;
#[cfg(feature = "privacy")]
pub mod told;
#[cfg(feature = "privacy")]
mod us;
#[cfg(feature = "privacy")]
mod view;

#[cfg(feature = "privacy")]
use find::found_in;
#[cfg(feature = "privacy")]
pub use find::{Found, find};

#[cfg(all(test, feature = "privacy"))]
mod tests;
