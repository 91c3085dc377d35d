//! Vendor patterns beside each other: whether one covers all that another does, or nothing that it does. Both answers
//! are given only where they are certain; an expression is compared by its text alone.

use crate::origin::{Target, parse_origin};

/// A vendor pattern, taken apart as [`crate::policy::vendors::VendorSet`] reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// A host, on any port and any path.
    Host(String),
    /// What stands below a host.
    Suffix(String),
    /// A path below a host, without a slash at its end.
    Path(String, String),
    /// One origin.
    Origin(String),
    /// An expression for the whole of host and path.
    Expression(String),
}

impl Pattern {
    /// Reads a pattern that the policy's reader has found good.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(expression) = text.strip_prefix("regex:") {
            return Some(Self::Expression(expression.to_owned()));
        }
        if text.contains("://") {
            return parse_origin(text).ok().map(Self::Origin);
        }
        if let Some(suffix) = text.strip_prefix("*.") {
            return Target::parse(&format!("https://{suffix}/")).ok().map(|target| Self::Suffix(target.host));
        }
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let target = Target::parse(&format!("https://{host}/{path}")).ok()?;
        match target.path.trim_end_matches('/') {
            "" => Some(Self::Host(target.host)),
            path => Some(Self::Path(target.host, path.to_owned())),
        }
    }

    fn host(&self) -> Option<String> {
        match self {
            Self::Host(host) | Self::Path(host, _) => Some(host.clone()),
            Self::Origin(origin) => Target::parse(origin).ok().map(|target| target.host),
            Self::Suffix(_) | Self::Expression(_) => None,
        }
    }

    /// Whether every URL that this covers is covered by the other.
    pub(super) fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (Self::Expression(_), _) | (_, Self::Expression(_) | Self::Origin(_)) => false,
            (Self::Suffix(inner), Self::Suffix(outer)) => below(inner, outer),
            (Self::Suffix(_), _) => false,
            (Self::Path(host, path), Self::Path(outer_host, outer)) => {
                host == outer_host && path.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }
            (_, Self::Path(..)) => false,
            (inner, Self::Host(outer)) => inner.host().is_some_and(|host| host == *outer),
            (inner, Self::Suffix(outer)) => inner.host().is_some_and(|host| below(&host, outer)),
        }
    }

    /// Whether no URL that this covers is covered by the other.
    pub(super) fn apart(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Expression(_), _) | (_, Self::Expression(_)) => false,
            (Self::Suffix(a), Self::Suffix(b)) => a != b && !below(a, b) && !below(b, a),
            (Self::Suffix(suffix), one) | (one, Self::Suffix(suffix)) => {
                one.host().is_some_and(|host| !below(&host, suffix))
            }
            (Self::Path(host, a), Self::Path(other, b)) => {
                let inside = |inner: &str, outer: &str| {
                    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                host != other || (!inside(a, b) && !inside(b, a))
            }
            (Self::Origin(a), Self::Origin(b)) => a != b,
            (a, b) => matches!((a.host(), b.host()), (Some(a), Some(b)) if a != b),
        }
    }
}

/// `*.outer` covers it.
fn below(host: &str, outer: &str) -> bool {
    host.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
}

/// Patterns of a list.
pub(super) fn read_all(texts: &[String]) -> Vec<Pattern> {
    texts.iter().filter_map(|text| Pattern::read(text)).collect()
}

/// What is wrong with an expression, if anything is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looseness {
    /// It says no more than this plain pattern, which is quicker and harder to get wrong.
    Plain(String),
    /// It begins with any letters at all, a slash among them: then the host may be anybody's.
    AnyHost,
    /// A point that is not escaped stands for any letter, in the host too.
    OpenPoint,
}

/// Looks for what goes wrong with expressions most often.
pub(super) fn looseness(expression: &str) -> Option<Looseness> {
    // Without an alternation at the top, what stands first is first in every match.
    let starts_wide = expression.starts_with(".*") || expression.starts_with(".+");
    if starts_wide && !expression.contains('|') && expression.len() > 2 {
        return Some(Looseness::AnyHost);
    }
    let host_end = expression.find('/').unwrap_or(expression.len());
    let (host, path) = expression.split_at_checked(host_end)?;
    if open_point(host) {
        return Some(Looseness::OpenPoint);
    }
    let host = literal(host)?;
    let path = match path {
        "/.*" => "",
        path => path.strip_suffix("(/.*)?").or_else(|| path.strip_suffix("(?:/.*)?"))?,
    };
    // The path `/v1/` is covered by `/v1(/.*)?` too: the expression and the plain pattern agree on every URL.
    let path = literal(path)?;
    (host.contains('.')).then(|| Looseness::Plain(format!("{host}{path}")))
}

/// A point between two letters, neither escaped nor repeated.
fn open_point(host: &str) -> bool {
    let letters: Vec<char> = host.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| letters.get(place)).copied();
    let plain = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    letters.iter().enumerate().any(|(place, letter)| {
        *letter == '.' && plain(at(place.checked_sub(1))) && plain(at(place.checked_add(1))) && !host.contains('[')
    })
}

/// The text that an expression without any operator stands for.
fn literal(expression: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = expression.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                escaped @ ('.' | '-' | '/') => out.push(escaped),
                _ => return None,
            },
            plain if plain.is_ascii_lowercase() || plain.is_ascii_digit() || "-/_".contains(plain) => out.push(plain),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a pattern that can't be read has failed")]
mod tests {
    use super::*;

    fn read(text: &str) -> Pattern {
        Pattern::read(text).unwrap()
    }

    #[test]
    fn within_and_apart_are_what_the_set_does() {
        use crate::policy::vendors::VendorSet;
        let patterns = [
            "a.com",
            "b.com",
            "*.a.com",
            "*.x.a.com",
            "x.a.com",
            "y.x.a.com",
            "a.com/v1",
            "a.com/v1/x",
            "a.com/v10",
            "x.a.com/v1",
            "https://a.com",
            "https://a.com:8443",
            "http://x.a.com",
            "xa.com",
            r"regex:a\.com/.*",
        ];
        let urls: Vec<Target> = [
            "https://a.com/",
            "https://a.com/v1",
            "https://a.com/v1/x/y",
            "https://a.com/v10",
            "https://a.com:8443/v1",
            "http://a.com/",
            "https://x.a.com/",
            "https://x.a.com/v1",
            "http://x.a.com/v1/",
            "https://y.x.a.com/q",
            "https://z.y.x.a.com/",
            "https://b.com/",
            "https://xa.com/",
            "https://y.xa.com/",
        ]
        .iter()
        .map(|url| Target::parse(url).unwrap())
        .collect();
        let covered = |pattern: &str| -> Vec<&Target> {
            let mut set = VendorSet::default();
            set.add(pattern).unwrap();
            urls.iter().filter(|url| set.covers(url)).collect()
        };
        let (mut within, mut apart) = (0, 0);
        for a in patterns {
            for b in patterns {
                if read(a).within(&read(b)) {
                    assert!(covered(a).iter().all(|url| covered(b).contains(url)), "{a} within {b}");
                    within += 1;
                }
                if read(a).apart(&read(b)) {
                    assert!(!covered(a).iter().any(|url| covered(b).contains(url)), "{a} apart from {b}");
                    apart += 1;
                }
            }
        }
        assert!(within > 25 && apart > 100, "{within} {apart}");
    }

    #[test]
    fn expressions() {
        for (expression, found) in [
            (r"api\.example\.com/.*", Some(Looseness::Plain("api.example.com".into()))),
            (r"api\.example\.com/v1(/.*)?", Some(Looseness::Plain("api.example.com/v1".into()))),
            (r"api\.example\.com/v[0-9]+/.*", None),
            (r"api\.example\.com/v1/.*", None),
            (r"[a-z]+\.example\.com/.*", None),
            (r"api.example\.com/.*", Some(Looseness::OpenPoint)),
            (r"api.*\.example\.com/.*", None),
            (r".*\.example\.com/.*", Some(Looseness::AnyHost)),
            (r".*\.a\.com/x|b\.com/.*", None),
            (r".*", None),
        ] {
            assert_eq!(looseness(expression), found, "{expression}");
        }
    }
}
