//! Vendor patterns that are searched for in a host (`re.search`), as patterns that are anchored. A search finds
//! `trusted.com` in `trusted.com.attacker.net`: what is blocked by it may be blocked more widely here, and what is
//! allowed by it is anchored at both ends.

use std::net::Ipv4Addr;

use super::expressions::Expression;
use crate::words::quoted;

/// What a pattern became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchored {
    /// As a policy's vendors are written.
    pub vendors: Vec<String>,
    /// An origin that has to be listed before it can be paid at all.
    pub origin: Option<String>,
    /// What is not the same.
    pub message: String,
}

/// The kinds of pattern that need no expression.
enum Plain {
    /// `example.com`, with dots escaped or not; and whether it is anchored at both ends.
    Host(String, bool),
    /// `.*\.example\.com`
    Below(String),
    /// `(.*\.)?example\.com`
    AtOrBelow(String),
    /// `*.example.com`: no expression at all, so that the source compares it letter by letter and never finds it.
    Wildcard(String),
    /// `example.com:8443`
    Port(String),
}

/// The pattern as the source compares it: in lower case, which turns `\S` into `\s`.
fn folded(pattern: &str) -> Result<String, String> {
    let mut after_backslash = false;
    for character in pattern.chars() {
        if after_backslash && character.is_uppercase() {
            return Err(format!(
                "{} has `\\{character}`, which its own lower-casing turns into `\\{}`: say what is meant",
                quoted(pattern),
                character.to_lowercase()
            ));
        }
        after_backslash = character == '\\' && !after_backslash;
    }
    Ok(pattern.to_lowercase())
}

/// A pattern of a block list.
pub(super) fn block(pattern: &str) -> Result<Anchored, String> {
    let pattern = folded(pattern)?;
    let done =
        |vendors: Vec<String>, message: &str| Ok(Anchored { vendors, origin: None, message: message.to_owned() });
    match plain(&pattern) {
        Some(Plain::Host(host, anchored)) if anchored || host.parse::<Ipv4Addr>().is_ok() => {
            done(vec![host], "there it is compared with host and port; here it is this host, on every port")
        }
        Some(Plain::Host(host, _)) => done(
            vec![format!("*.{host}"), host],
            "there it is searched for anywhere in the host; here it is this host and all below it, on every port, in any \
             spelling; a host that merely contains the text is not blocked",
        ),
        Some(Plain::Below(host)) => done(
            vec![format!("*.{host}")],
            "there it is searched for anywhere in the host; here it is all hosts below this one",
        ),
        Some(Plain::AtOrBelow(host)) => {
            done(vec![format!("*.{host}"), host], "this host and all below it, here on every port and in any spelling")
        }
        Some(Plain::Wildcard(host)) => done(
            vec![format!("*.{host}")],
            "there it is not an expression, so it is compared letter by letter and never blocks; here it blocks all hosts below",
        ),
        Some(Plain::Port(authority)) => done(
            vec![format!("https://{authority}"), format!("http://{authority}")],
            "there it is searched for anywhere in host and port; here it is this origin, and the host's other ports are not \
             blocked by it",
        ),
        None if pattern.is_empty() => {
            done(vec![String::from("regex:.*")], "an empty pattern is found in every host: all are blocked")
        }
        None => {
            let expression = Expression::read(&pattern)?;
            let (start, end) = (any_unless(expression.start), any_unless(expression.end));
            done(
                vec![format!("regex:{start}{}{end}/.*", expression.body)],
                "there it is searched for in host, port and user name; here in the host alone, in its one spelling",
            )
        }
    }
}

/// A pattern of an allow list.
pub(super) fn allow(pattern: &str) -> Result<Anchored, String> {
    let pattern = folded(pattern)?;
    let done =
        |vendors: Vec<String>, message: &str| Ok(Anchored { vendors, origin: None, message: message.to_owned() });
    match plain(&pattern) {
        Some(Plain::Host(host, _)) if host.parse::<Ipv4Addr>().is_ok() => {
            Err(format!("{} has no DNS name: list its exact origin under `origins` and `vendors.allow`", quoted(&host)))
        }
        Some(Plain::Host(host, _)) => done(
            vec![host],
            "there it is searched for anywhere in the host, so that a host which merely contains the text is allowed too; here \
             it is exactly this host",
        ),
        Some(Plain::Below(host)) => done(
            vec![format!("*.{host}")],
            "there it is searched for anywhere in the host; here it is anchored: hosts below this one, and no others",
        ),
        Some(Plain::AtOrBelow(host)) => done(
            vec![host.clone(), format!("*.{host}")],
            "there it is searched for; here it is anchored: this host and those below it, and no others",
        ),
        Some(Plain::Wildcard(_)) => Err(String::from(
            "there it is not an expression, so it is compared letter by letter and allows nothing; if all hosts below are \
             meant, write it under `vendors.allow`",
        )),
        Some(Plain::Port(authority)) => Ok(Anchored {
            vendors: vec![format!("https://{authority}")],
            origin: Some(format!("https://{authority}")),
            message: String::from(
                "there it is searched for anywhere in host and port; here it is exactly this origin, by https, and listed \
                 under `origins`, as it is not on the default port",
            ),
        }),
        None if pattern.is_empty() => {
            Err(String::from("an empty pattern is found in every host; an allow list that allows all is none"))
        }
        None => {
            let expression = Expression::read(&pattern)?;
            if !expression.body.contains("\\.") && !expression.body.contains("[^/]") {
                return Err(format!("{} names no whole host, and part of one proves nothing", quoted(&pattern)));
            }
            done(
                vec![format!("regex:{}/.*", expression.body)],
                "there it is searched for anywhere in host, port and user name; here it is anchored at both ends of the host",
            )
        }
    }
}

const fn any_unless(anchored: bool) -> &'static str {
    if anchored { "" } else { "[^/]*" }
}

fn plain(pattern: &str) -> Option<Plain> {
    if let Some(host) = pattern.strip_prefix("*.").filter(|host| is_host(host)) {
        return Some(Plain::Wildcard(host.to_owned()));
    }
    let start = pattern.strip_prefix('^');
    let rest = start.unwrap_or(pattern);
    let (rest, end) = rest.strip_suffix('$').map_or((rest, false), |rest| (rest, true));
    for (prefix, at_too) in [
        ("(.*\\.)?", true),
        ("(.+\\.)?", true),
        ("(?:.*\\.)?", true),
        (".*\\.", false),
        (".+\\.", false),
        ("\\.", false),
    ] {
        let Some(host) = rest.strip_prefix(prefix).map(unescaped).filter(|host| is_host(host)) else { continue };
        // Not anchored at its start, `\.` says the same as `.*\.`, and what is optional says nothing.
        let same = match prefix {
            "\\." => start.is_none(),
            _ => start.is_some() || !at_too,
        };
        if end && same {
            return Some(if at_too { Plain::AtOrBelow(host) } else { Plain::Below(host) });
        }
    }
    if let Some(host) =
        rest.strip_prefix("(^|\\.)").map(unescaped).filter(|host| is_host(host) && end && start.is_none())
    {
        return Some(Plain::AtOrBelow(host));
    }
    let host = unescaped(rest);
    if is_host(&host) && start.is_some() == end {
        return Some(Plain::Host(host, end));
    }
    let (name, port) = host.split_once(':')?;
    let port = port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port)?;
    is_host(name).then(|| Plain::Port(format!("{name}:{port}")))
}

fn unescaped(pattern: &str) -> String {
    pattern.replace("\\.", ".").replace("\\-", "-")
}

/// A host with a dot: anything less is a part of one.
fn is_host(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(letter)
    };
    text.contains('.') && text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't build its input has failed")]
mod tests {
    use super::*;
    use crate::origin::Target;
    use crate::policy::vendors::VendorSet;

    fn covers(anchored: &Anchored, host: &str) -> bool {
        let mut set = VendorSet::default();
        for vendor in &anchored.vendors {
            set.add(vendor).unwrap();
        }
        // A path that looks like a host must never help.
        set.covers(&Target::parse(&format!("https://{host}/")).unwrap())
            || set.covers(&Target::parse(&format!("https://{host}/www.trusted.com/x")).unwrap())
    }

    #[test]
    fn an_allow_list_lets_nothing_more_through() {
        let host = "trusted.com";
        let below = "api.trusted.com";
        for (pattern, at, under) in [
            ("trusted.com", true, false),
            ("Trusted.com", true, false),
            (r"trusted\.com", true, false),
            (r"^trusted\.com$", true, false),
            (r"^trusted\.com", true, false),
            (r".*\.trusted\.com", false, true),
            (r".*\.trusted\.com$", false, true),
            (r"\.trusted\.com$", false, true),
            (r"^(.*\.)?trusted\.com$", true, true),
            (r"(^|\.)trusted\.com$", true, true),
            (r"^api[0-9]*\.trusted\.com$", false, true),
            (r"[\w.-]+\.trusted\.com", false, true),
            (r"^(api|www)\.trusted\.com$", false, true),
            (r"^[^x]+\.trusted\.com$", false, true),
        ] {
            let allowed = allow(pattern).unwrap();
            assert_eq!(covers(&allowed, host), at, "{pattern}: {:?}", allowed.vendors);
            assert_eq!(covers(&allowed, below), under, "{pattern}: {:?}", allowed.vendors);
            for other in ["trusted.com.attacker.net", "nottrusted.com", "attacker.net", "api.trusted.com.evil.org"] {
                assert!(!covers(&allowed, other), "{pattern} {other}: {:?}", allowed.vendors);
            }
        }
    }

    #[test]
    fn a_block_list_blocks_the_host_in_every_spelling() {
        for pattern in
            ["evil.com", r"evil\.com", r".*evil\.com.*", "evil", r"^(.*\.)?evil\.com$", r"^evil\.com", r"evil\.com$"]
        {
            let blocked = block(pattern).unwrap();
            for host in ["evil.com", "EVIL.com", "evil.com."] {
                assert!(covers(&blocked, host), "{pattern} {host}: {:?}", blocked.vendors);
            }
            let mut set = VendorSet::default();
            blocked.vendors.iter().for_each(|vendor| set.add(vendor).unwrap());
            assert!(set.covers(&Target::parse("https://evil.com:8443/").unwrap()), "{pattern}");
            assert!(!covers(&blocked, "good.org"), "{pattern}");
        }
        assert!(covers(&block("*.evil.com").unwrap(), "a.evil.com"));
        assert!(covers(&block("").unwrap(), "any.org"));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for pattern in [
            r"(?=x)y.com",
            r"(a)\1.com",
            r"\S+evil",
            r"\bevil\b",
            r"evil.com/path",
            "https://evil.com",
            r"^a\.com|b\.com$",
            "[+-9]",
            "[]a]",
            "a(b",
            "a)b",
            "user@host.com",
            "\\",
            "b\u{fc}cher.de",
        ] {
            assert!(block(pattern).is_err(), "{pattern}");
        }
        for pattern in ["openai", "", "*.trusted.com", "10.0.0.1"] {
            assert!(allow(pattern).is_err(), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(any: String, near in r"[\^\$\\().*+?\[\]{}|a-c.dw/,0-9-]{0,24}") {
            for pattern in [any, near] {
                let _ = (allow(&pattern), block(&pattern));
            }
        }
    }
}
