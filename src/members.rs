//! Members of an event: there and of their kind, not there, or a refusal that names them.

use crate::json::Json;
use crate::reason::{Reason, Refusal};
use crate::time::{Millis, parse_instant};

/// The longest id, agent, session or client, in bytes: they are parts of keys.
pub const MAX_NAME: usize = 256;

/// A refusal of the request itself.
pub fn wrong(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::at(Reason::MalformedRequest, field, message)
}

/// A name, or nothing; refused when it is too long to be a part of a key.
///
/// # Errors
/// [`Reason::MalformedRequest`] with the member.
pub fn name(json: &Json, member: &str) -> Result<String, Refusal> {
    let text = optional_text(json, member)?.unwrap_or_default();
    if text.len() > MAX_NAME {
        return Err(wrong(member, format!("{} bytes, more than the {MAX_NAME} allowed", text.len())));
    }
    Ok(text)
}

/// A text, or nothing.
///
/// # Errors
/// [`Reason::MalformedRequest`] with the member.
pub fn optional_text(json: &Json, member: &str) -> Result<Option<String>, Refusal> {
    match json.get(member) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong(member, format!("expected a text, found {}", other.kind()))),
    }
}

/// True, or not.
///
/// # Errors
/// [`Reason::MalformedRequest`] with the member: `"true"` is not true.
pub fn flag(json: &Json, member: &str) -> Result<bool, Refusal> {
    match json.get(member) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(value)) => Ok(*value),
        Some(other) => Err(wrong(member, format!("expected true or false, found {}", other.kind()))),
    }
}

/// A time: ISO 8601, or milliseconds since the epoch.
///
/// # Errors
/// One sentence that says why it is neither.
pub fn instant(json: &Json) -> Result<Millis, String> {
    match json {
        Json::String(text) => parse_instant(text),
        other => other.as_u64().ok_or_else(|| format!("expected a time, found {}", other.kind())),
    }
}
