//! Regular expressions over hosts, translated from what `re.search` takes to what is matched against host and path.

use crate::words::quoted;

/// An expression, translated so that it can match nothing but a host: no part of it can match a `/`.
pub(super) struct Expression {
    pub body: String,
    pub start: bool,
    pub end: bool,
}

impl Expression {
    pub fn read(pattern: &str) -> Result<Self, String> {
        let refuse = |what: &str| Err(format!("{} {what}", quoted(pattern)));
        let (inner, start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
        let (inner, end) = match inner.strip_suffix('$') {
            Some(rest) if !rest.ends_with('\\') => (rest, true),
            _ => (inner, false),
        };
        let (mut body, mut depth, mut alternatives) = (String::new(), 0usize, false);
        let mut rest = inner.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\\' => match rest.next() {
                    Some('d') => body.push_str("[0-9]"),
                    Some('w') => body.push_str("[a-z0-9_]"),
                    Some(c @ ('.' | '-')) => {
                        body.push('\\');
                        body.push(c);
                    }
                    Some(c) => {
                        return refuse(&format!(
                            "has `\\{}`, which can't be said the same way here",
                            c.escape_default()
                        ));
                    }
                    None => return refuse("ends in a backslash"),
                },
                '.' => body.push_str("[^/]"),
                '[' => class(&mut rest, &mut body).map_err(|what| format!("{} {what}", quoted(pattern)))?,
                '(' => {
                    depth = depth.saturating_add(1);
                    body.push_str("(?:");
                    if rest.next_if_eq(&'?').is_some() && rest.next() != Some(':') {
                        return refuse("looks around or refers back, which takes more than linear time");
                    }
                }
                ')' => {
                    depth = match depth.checked_sub(1) {
                        Some(depth) => depth,
                        None => return refuse("closes a group that is not open"),
                    };
                    body.push(')');
                }
                '|' => {
                    alternatives = alternatives || depth == 0;
                    body.push('|');
                }
                '*' | '+' | '?' => {
                    body.push(character);
                    // A lazy `*?` matches the same hosts; a possessive `*+` does not.
                    if rest.next_if_eq(&'?').is_none() && rest.peek() == Some(&'+') {
                        return refuse("repeats without giving back, which can't be said here");
                    }
                }
                '{' | '}' | ',' | '0'..='9' | 'a'..='z' | '-' | '_' => body.push(character),
                '/' => return refuse("has a `/`, and there it is compared with the host alone: it never matches"),
                _ => return refuse("has a character that no host has, or one that can't be said the same way here"),
            }
        }
        if depth > 0 {
            return refuse("leaves a group open");
        }
        if alternatives && (start || end) {
            return refuse("anchors only some of its alternatives; put them into a group");
        }
        let body = if alternatives { format!("(?:{body})") } else { body };
        Ok(Self { body, start, end })
    }
}

/// A class of characters, after its `[`. One that leaves characters out leaves `/` out too.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, body: &mut String) -> Result<(), &'static str> {
    body.push('[');
    if rest.next_if_eq(&'^').is_some() {
        body.push_str("^/");
    }
    let (mut last, mut range, mut empty) = (None, false, true);
    while let Some(character) = rest.next() {
        match character {
            ']' if empty => return Err("has a class that begins with `]`"),
            ']' => {
                if range {
                    body.push_str("\\-");
                }
                body.push(']');
                return Ok(());
            }
            '-' if last.is_some() && !range => range = true,
            '\\' if !range => {
                match rest.next() {
                    Some('d') => body.push_str("0-9"),
                    Some('w') => body.push_str("a-z0-9_"),
                    Some('.') => body.push_str("\\."),
                    Some('-') => body.push_str("\\-"),
                    _ => return Err("has a class with an escape that can't be said here"),
                }
                last = None;
            }
            '.' | '_' | '-' | 'a'..='z' | '0'..='9' => {
                if range {
                    if last.is_none_or(|from| from > character || (from <= '/' && character >= '/')) {
                        return Err("has a class with a range that can't be said here");
                    }
                    body.push('-');
                }
                if matches!(character, '-' | '.') {
                    body.push('\\');
                }
                body.push(character);
                last = if range { None } else { Some(character) };
                range = false;
            }
            _ => return Err("has a class with something other than letters, digits, `.`, `_` and `-`"),
        }
        empty = false;
    }
    Err("leaves a class open")
}
