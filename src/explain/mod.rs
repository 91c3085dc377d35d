//! A policy for people: what it means in sentences and figures, what is odd about it, and what a test of it should touch.

use serde::Serialize;

use crate::json::Json;
use crate::policy::document::Document;
use crate::policy::lint::{Lint, lint};
use crate::policy::read::{Read, Reader};
use crate::policy::{Policy, PolicyError};

mod coverage;
mod sentences;
mod words;

pub use coverage::{Coverable, coverables};
pub use sentences::{Section, sections};

/// A policy, described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Description {
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version; 0 where it names none.
    pub version: u64,
    /// SHA-256 of the canonical document, in hex.
    pub hash: String,
    /// What it means, in the order in which a person would ask.
    pub sections: Vec<Section>,
    /// What is odd about it.
    pub lints: Vec<Lint>,
    /// What it says, and the figures in that: what a test of it should touch.
    pub rules: Vec<Coverable>,
}

/// Reads a policy and describes it.
///
/// # Errors
/// Everything that is wrong with it, as [`Policy::read`] says it.
pub fn describe(json: &Json) -> Result<Description, Vec<PolicyError>> {
    let policy = Policy::read(json)?;
    let mut reader = Reader::default();
    let Some(document) = Document::read(json, &mut reader) else { return Err(reader.errors) };
    Ok(Description {
        sections: sections(&policy, &document),
        lints: lint(&policy, &document),
        rules: coverables(&policy, &document),
        name: policy.name,
        version: policy.version,
        hash: policy.hash,
    })
}
