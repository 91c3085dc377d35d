//! The reader: from text to a [`Json`], with the place of what is wrong.

use std::collections::BTreeSet;

use super::{Json, MAX_DEPTH, Number};

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.value()?;
    match reader.next_token() {
        None => Ok(value),
        Some(_) => reader.wrong("trailing characters"),
    }
}

/// As many members are compared one by one; beyond that a set of their names is kept.
const FEW: usize = 16;

/// Whether an object has a member of this name already.
fn is_again(key: &String, members: &[(String, Json)], seen: &mut BTreeSet<String>) -> bool {
    if members.len() < FEW {
        return members.iter().any(|(name, _)| name == key);
    }
    if members.len() == FEW {
        for (name, _) in members {
            seen.insert(name.clone());
        }
    }
    !seen.insert(key.clone())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// In so many lists and objects.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Steps over a byte, if it is the next.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.step();
        }
        there
    }

    fn next_token(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.step();
        }
        self.peek()
    }

    /// What was read from there on.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// An error at the next byte, or at the end.
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        let end = self.at.saturating_add(1).min(self.text.len());
        let before = self.text.as_bytes().get(..end).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n');
        let column = lines.clone().next_back().map_or(0, <[u8]>::len);
        Err(format!("{what} at line {} column {column}", lines.count()))
    }

    fn value(&mut self) -> Result<Json, String> {
        match self.next_token() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::String),
            Some(b'[') => self.inside(Self::array),
            Some(b'{') => self.inside(Self::object),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.wrong("expected value"),
            None => self.wrong("EOF while parsing a value"),
        }
    }

    /// One level deeper, as far as is allowed: a text can't make the stack run over.
    fn inside(&mut self, read: fn(&mut Self) -> Result<Json, String>) -> Result<Json, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("nested deeper than the {MAX_DEPTH} levels allowed"));
        }
        self.depth = self.depth.saturating_add(1);
        let value = read(self);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return self.wrong("expected ident");
            }
        }
        Ok(value)
    }

    fn array(&mut self) -> Result<Json, String> {
        self.step();
        let mut items = Vec::new();
        if self.next_token() == Some(b']') {
            self.step();
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            match self.next_token() {
                Some(b',') => self.step(),
                Some(b']') => break self.step(),
                Some(_) => return self.wrong("expected `,` or `]`"),
                None => return self.wrong("EOF while parsing a list"),
            }
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self) -> Result<Json, String> {
        self.step();
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut seen = BTreeSet::new();
        if self.next_token() == Some(b'}') {
            self.step();
            return Ok(Json::Object(members));
        }
        loop {
            match self.next_token() {
                Some(b'"') => {}
                Some(_) => return self.wrong("key must be a string"),
                None => return self.wrong("EOF while parsing an object"),
            }
            let key = self.string()?;
            if is_again(&key, &members, &mut seen) {
                self.at = self.at.saturating_sub(1);
                return self.wrong(&format!("duplicate key `{key}`"));
            }
            match self.next_token() {
                Some(b':') => self.step(),
                Some(_) => return self.wrong("expected `:`"),
                None => return self.wrong("EOF while parsing an object"),
            }
            let value = self.value()?;
            members.push((key, value));
            match self.next_token() {
                Some(b',') => self.step(),
                Some(b'}') => break self.step(),
                Some(_) => return self.wrong("expected `,` or `}`"),
                None => return self.wrong("EOF while parsing an object"),
            }
        }
        Ok(Json::Object(members))
    }

    fn string(&mut self) -> Result<String, String> {
        self.step();
        let mut out = String::new();
        loop {
            let start = self.at;
            let rest = self.text.as_bytes().get(start..).unwrap_or_default();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            self.at = start.saturating_add(plain.unwrap_or(rest.len()));
            out.push_str(self.since(start));
            match self.peek() {
                Some(b'"') => break self.step(),
                Some(b'\\') => {
                    self.step();
                    out.push(self.escape()?);
                }
                Some(_) => return self.wrong("control character (\\u0000-\\u001F) found while parsing a string"),
                None => return self.wrong("EOF while parsing a string"),
            }
        }
        Ok(out)
    }

    fn escape(&mut self) -> Result<char, String> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            Some(_) => return self.wrong("invalid escape"),
            None => return self.wrong("EOF while parsing a string"),
        };
        self.step();
        Ok(plain)
    }

    /// One `\uXXXX`, or the two of a character that takes two.
    fn unicode(&mut self) -> Result<char, String> {
        let mut units = vec![self.unit()?];
        if matches!(units.as_slice(), [0xd800..=0xdbff]) {
            if !self.take(b'\\') || self.peek() != Some(b'u') {
                return self.wrong("unexpected end of hex escape");
            }
            units.push(self.unit()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok(character)) => Ok(character),
            _ => self.wrong("lone surrogate found"),
        }
    }

    fn unit(&mut self) -> Result<u16, String> {
        self.step();
        let digits = self.text.get(self.at..self.at.saturating_add(4)).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.wrong("invalid escape");
        }
        self.at = self.at.saturating_add(4);
        u16::from_str_radix(digits, 16).or_else(|_| self.wrong("invalid escape"))
    }

    fn digits(&mut self) -> Result<&'a str, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        if self.at == start { self.wrong("invalid number") } else { Ok(self.since(start)) }
    }

    fn number(&mut self) -> Result<Json, String> {
        let negative = self.take(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return self.wrong("invalid number");
        }
        let fraction = if self.take(b'.') { Some(self.digits()?) } else { None };
        let exponent = if self.take(b'e') || self.take(b'E') {
            let below = self.take(b'-');
            if !below {
                self.take(b'+');
            }
            // One that does not fit is far out of range.
            let exponent = self.digits()?.parse::<i64>().unwrap_or(i64::from(i32::MAX));
            Some(if below { exponent.saturating_neg() } else { exponent })
        } else {
            None
        };
        match Number::new(negative, whole, fraction, exponent) {
            Ok(number) => Ok(Json::Number(number)),
            Err(message) => self.wrong(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::json::{Json, parse};

    fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Null, serde_json::Value::Null) => true,
            (Json::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Json::Number(a), serde_json::Value::Number(b)) => same_number(&a.to_string(), b),
            (Json::String(a), serde_json::Value::String(b)) => a == b,
            (Json::Array(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), serde_json::Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
            }
            _ => false,
        }
    }

    /// The same text; or, where theirs is a double, the same double or its neighbour: `serde_json` multiplies by a power of
    /// ten, and so reads `2E-301` one bit too high. That ours is exact is a test of `number.rs`.
    fn same_number(ours: &str, theirs: &serde_json::Number) -> bool {
        let near = || Some(ours.parse::<f64>().ok()?.to_bits().abs_diff(theirs.as_f64()?.to_bits()) <= 1);
        ours == theirs.to_string() || (theirs.is_f64() && near() == Some(true))
    }

    proptest! {
        /// Another reader takes what this one takes, as the same value; and refuses what it refuses, but for
        /// keys that stand there twice and numbers that are too long.
        #[test]
        fn another_reader_reads_the_same(
            text in "(\\{|\\[|\\}|\\]|,|:|\"a\"|\"\\\\u00e9\"|\"\\\\ud83d\\\\ude00\"|\"\\\\ud83d\"|\"\\\\n\\\\/\"|\"b|\\\\|\"|1|-0|0\\.5|01|1e5|2E-3|-|\\.|null|true|fals|é| |\n|\t|\u{1}){0,8}",
        ) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (parse(&text), &theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, theirs), "{}", text),
                (Err(error), Ok(_)) => prop_assert!(error.contains("duplicate key") || error.contains("number"), "{}: {}", text, error),
                (Ok(_), Err(error)) => prop_assert!(false, "{}: {}", text, error),
                (Err(_), Err(_)) => {}
            }
        }

        #[test]
        fn what_is_written_is_read_back(keys in proptest::collection::vec(any::<String>(), 0..5), number in any::<i64>()) {
            let written = serde_json::json!({ "list": keys, "number": number }).to_string();
            let ours = parse(&written).map_err(TestCaseError::fail)?;
            prop_assert_eq!(ours.canonical(), written);
        }
    }
}
