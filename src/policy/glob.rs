//! Names by pattern: `*` stands for any letters, `?` for one. Names and patterns are short, and the match never goes
//! back further than the last `*`.

use std::collections::BTreeSet;

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 256;

/// Names by id or pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    exact: BTreeSet<String>,
    patterns: Vec<String>,
}

impl Names {
    /// Adds one name or pattern.
    ///
    /// # Errors
    /// One sentence that says why it can't be one.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            return Err(format!("a name has 1 to {MAX_PATTERN} bytes, not {}", pattern.len()));
        }
        if pattern.contains(['*', '?']) {
            self.patterns.push(pattern.to_owned());
        } else {
            self.exact.insert(pattern.to_owned());
        }
        Ok(())
    }

    /// The names, where none is a pattern.
    #[must_use]
    pub fn listed(&self) -> Option<&BTreeSet<String>> {
        self.patterns.is_empty().then_some(&self.exact)
    }

    /// Whether a name is one of these. A caller without a name has none of them, whatever the pattern.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        !name.is_empty() && (self.exact.contains(name) || self.patterns.iter().any(|pattern| matches(pattern, name)))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p = p.saturating_add(1);
            }
            Some(wanted) if *wanted == '?' || name.get(n) == Some(wanted) => {
                p = p.saturating_add(1);
                n = n.saturating_add(1);
            }
            _ => {
                let Some((at, from)) = star else { return false };
                let next = from.saturating_add(1);
                star = Some((at, next));
                p = at.saturating_add(1);
                n = next;
            }
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, covered) in [
            ("agent-*", "agent-7", true),
            ("agent-*", "agent", false),
            ("*", "anything\nat all", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*bot*", "a-bot-b", true),
            ("a*b*c", "aXbYbZc", true),
            ("Agent", "agent", false),
            ("*", "", false),
        ] {
            let mut names = Names::default();
            assert_eq!(names.add(pattern), Ok(()));
            assert_eq!(names.covers(name), covered, "{pattern} {name}");
        }
        assert!(Names::default().add("").is_err());
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!matches(&"*a".repeat(128), &"a".repeat(127)));
        assert!(!matches(&format!("{}b", "*a".repeat(120)), &"a".repeat(256)));
    }
}
