//! The one spelling of a record: members sorted by name, no white space, printable ASCII alone.
//!
//! Everything else in a text is escaped: a line feed, U+2028, a bidirectional override or a terminal's escape that a
//! seller wrote can't end a line, turn it round, or colour it. It is what Python writes with
//! `json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))`.

use serde::Serialize;

use crate::json::{Json, parse_own};

/// A value as one line.
#[must_use]
pub fn line(value: &Json) -> String {
    value.ascii()
}

/// What serde writes, as a value; `null` if it can't be written, which no type of ours does.
pub fn of(value: &impl Serialize) -> Json {
    serde_json::to_string(value).ok().and_then(|text| parse_own(&text).ok()).unwrap_or(Json::Null)
}

/// A text as a value.
pub fn text(value: impl Into<String>) -> Json {
    Json::String(value.into())
}

/// A whole number as a value.
#[must_use]
pub fn number(value: u64) -> Json {
    Json::Number(value.into())
}

/// An object of these members.
#[must_use]
pub fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn only_printable_ascii_is_left() {
        let hostile = "a\n\u{2028}\u{2029}\u{202e}\u{1b}[31m\u{7f}\u{0}\"\\\u{1f600}é";
        let line = line(&Json::String(hostile.to_owned()));
        let wanted = r#""a\n\u2028\u2029\u202e\u001b[31m\u007f\u0000\"\\\ud83d\ude00\u00e9""#;
        assert_eq!(line, wanted);
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert_eq!(parse(&line), Ok(Json::String(hostile.to_owned())));
    }

    #[test]
    fn members_are_sorted_by_code_point() {
        let value = parse(r#"{"b":1,"a":{"z":[true,null],"y":1.50},"\ud83d\ude00":0,"\uff5e":0}"#);
        let wanted = r#"{"a":{"y":1.5,"z":[true,null]},"b":1,"\uff5e":0,"\ud83d\ude00":0}"#;
        assert_eq!(value.map(|value| line(&value)), Ok(wanted.to_owned()));
    }
}
