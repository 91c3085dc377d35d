//! Personal data and secrets in a text: found, and written over.
//!
//! A text is scanned once as it is written, and once more as it will be read where that differs: escapes, base64,
//! look-alikes, signs that can't be seen. What is found is told by its place in the original. All of it takes time in
//! proportion to the text, whatever the text is.

mod base64;
mod bytes;
mod card;
mod context;
mod email;
mod entity;
mod find;
mod fold;
mod hash;
mod hit;
mod iban;
mod iban_countries;
mod ip;
mod numbers;
mod phone;
mod phone_codes;
pub mod rules;
mod run;
mod scan;
pub mod screen;
mod secret;
mod section;
mod seed;
pub mod told;
mod us;
mod view;

pub use entity::{Entity, EntityName, OWN, Place, Treatment};
use find::found_in;
pub use find::{Found, find};
pub use section::{PrivacyRuleSection, PrivacySection};

#[cfg(test)]
mod tests;
