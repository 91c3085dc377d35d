//! Strict JSON: what a stranger sends is read once, with no duplicate keys, bounded depth and bounded size.
//! Other readers keep the last of two equal keys; here `{"max":1,"max":1000000}` is an error. And they make a float of
//! a number; here it stays text.

mod number;
mod reader;

pub use number::Number;

use serde::{Serialize, Serializer};

use crate::order::sorted;

/// Members of an object that are texts.
#[must_use]
pub fn texts(members: Vec<(&'static str, String)>) -> Vec<(String, Json)> {
    members.into_iter().map(|(name, text)| (name.to_owned(), Json::String(text))).collect()
}

/// The most bytes that [`parse`] reads: an offer is a few hundred.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most bytes that [`parse_own`] reads: a policy may list ten thousand vendors.
pub const MAX_OWN_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting that [`parse`] accepts.
pub const MAX_DEPTH: usize = 32;

/// As many members of an object are put in order one by one.
const FEW: usize = 16;

/// A JSON value. Objects keep their members in order, each key once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, not yet judged: see [`Json::as_u64`].
    Number(Number),
    /// A string
    String(String),
    /// An array
    Array(Vec<Json>),
    /// An object, in the order written
    Object(Vec<(String, Json)>),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            // Whole ones are all that the core writes.
            Json::Number(number) => serializer.serialize_u64(number.as_u64().unwrap_or(u64::MAX)),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => serializer.collect_seq(items),
            Json::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl Json {
    /// The member of an object, if this is one and has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number that is a whole one from 0 to 2^64-1; never a string, never a float such as `60.0`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Json::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether JavaScript can read this value and write the same one: not where it has a whole number
    /// beyond 2^53, or another of more than 15 digits.
    #[must_use]
    pub fn survives_javascript(&self) -> bool {
        match self {
            Json::Number(number) => number.survives_javascript(),
            Json::Array(items) => items.iter().all(Json::survives_javascript),
            Json::Object(members) => members.iter().all(|(_, value)| value.survives_javascript()),
            Json::Null | Json::Bool(_) | Json::String(_) => true,
        }
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    /// Canonical text: members sorted by key, no white space. Equal values give equal bytes.
    #[must_use]
    pub fn canonical(&self) -> String {
        // An offer, or most of one.
        let mut out = String::with_capacity(512);
        self.write(&mut out, false);
        out
    }

    /// The same, in printable ASCII alone: every other character is escaped.
    #[must_use]
    pub fn ascii(&self) -> String {
        // A record of the audit log.
        let mut out = String::with_capacity(4096);
        self.write(&mut out, true);
        out
    }

    /// As it was written but for white space: members stay in their order.
    #[must_use]
    pub fn as_written(&self) -> String {
        // Writing this type can't fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn write(&self, out: &mut String, ascii: bool) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => out.push_str(number.canonical()),
            Json::String(text) => write_string(text, out, ascii),
            Json::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out, ascii);
                }
                out.push(']');
            }
            Json::Object(members) => {
                let sorted = by_name(members);
                out.push('{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(key, out, ascii);
                    out.push(':');
                    value.write(out, ascii);
                }
                out.push('}');
            }
        }
    }
}

/// The members of an object by their names. Few go to their places one by one, which makes no list beside.
fn by_name(members: &[(String, Json)]) -> Vec<&(String, Json)> {
    if members.len() > FEW {
        return sorted(members.iter().collect(), |a, b| a.0.cmp(&b.0));
    }
    let mut order: Vec<&(String, Json)> = Vec::with_capacity(members.len());
    for member in members {
        let place = order.iter().rposition(|before| before.0 <= member.0).map_or(0, |last| last.saturating_add(1));
        order.insert(place, member);
    }
    order
}

/// Writes a text as JSON has it.
pub fn write_text(text: &str, out: &mut String) {
    write_string(text, out, false);
}

fn write_string(text: &str, out: &mut String, ascii: bool) {
    out.push('"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ if ascii || character < ' ' => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Reads one JSON document that a stranger wrote.
///
/// # Errors
/// One sentence that says what is wrong and where: over [`MAX_BYTES`], deeper than [`MAX_DEPTH`], a duplicate key,
/// trailing text, or not JSON.
pub fn parse(text: &str) -> Result<Json, String> {
    parse_within(text, MAX_BYTES)
}

/// Reads one JSON document that the operator wrote: a policy, or an event.
///
/// # Errors
/// As [`parse`], but over [`MAX_OWN_BYTES`].
pub fn parse_own(text: &str) -> Result<Json, String> {
    parse_within(text, MAX_OWN_BYTES)
}

fn parse_within(text: &str, bound: usize) -> Result<Json, String> {
    if text.len() > bound {
        return Err(format!("{} bytes of JSON, more than the {bound} allowed", text.len()));
    }
    reader::read(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_duplicate_keys_depth_and_trailing_text() {
        assert!(parse(r#"{"max":1,"max":2}"#).is_err_and(|e| e.contains("duplicate key `max`")));
        assert!(parse(&"[".repeat(MAX_DEPTH + 1)).is_err_and(|e| e.contains("nested deeper")));
        assert!(parse("{} {}").is_err());
        assert!(parse(&" ".repeat(MAX_BYTES + 1)).is_err_and(|e| e.contains("more than")));
        assert!(parse(r#"{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#).is_ok());
    }

    #[test]
    fn whole_numbers_only_where_whole_numbers_are_asked_for() {
        let value = parse(r#"{"a":60,"b":60.0,"c":"60","d":-1,"e":1e3,"f":60.5}"#).unwrap_or(Json::Null);
        assert_eq!(value.get("a").and_then(Json::as_u64), Some(60));
        for key in ["c", "d", "f"] {
            assert_eq!(value.get(key).and_then(Json::as_u64), None, "{key}");
        }
        for (key, whole) in [("b", 60), ("e", 1_000)] {
            assert_eq!(value.get(key).and_then(Json::as_u64), Some(whole), "{key}");
        }
    }

    #[test]
    fn a_number_is_the_same_after_javascript_has_read_and_written_it() {
        for (written, read_back) in [
            ("1.0", "1"),
            ("1e2", "100"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("-0.5", "-0.5"),
            ("1e-7", "1e-7"),
            ("1.50", "1.5"),
        ] {
            let canonical = |text: &str| parse(text).map(|value| value.canonical());
            assert_eq!(canonical(written), canonical(read_back), "{written}");
        }
    }

    #[test]
    fn canonical_text_ignores_order_and_white_space() {
        let a = parse(r#"{"b":[1,2],"a":"x\n"}"#).map(|v| v.canonical());
        let b = parse(r#" { "a" : "x\u000a" , "b" : [1, 2] } "#).map(|v| v.canonical());
        assert_eq!(a, Ok(String::from(r#"{"a":"x\n","b":[1,2]}"#)));
        assert_eq!(a, b);
    }
}
