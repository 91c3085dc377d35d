//! What two allow lists have in common. Entries are compared by what they cover, not by how they are written: `base`
//! is `eip155:8453`, and `*.example.com` has `api.example.com/v1` in it. Two entries of which nobody can say what both
//! cover are an error: guessing would allow too much, or nothing.

use crate::asset::{AssetId, Network};
use crate::origin::{Target, parse_origin};
use crate::policy::compile::{any_address, asset_id};
use crate::policy::glob::Names;

/// What both entries cover: nothing, or an entry; an error where that can't be said.
type Meet = Result<Option<String>, ()>;

/// Which kind of list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Vendors, by URL.
    Vendors,
    /// Payees, by address.
    Payees,
    /// Agents or clients, by name.
    Names,
    /// Networks.
    Networks,
    /// Assets, as `network/address`.
    Assets,
    /// Words that are compared as they are.
    Words,
}

/// The entries that both lists cover, or the two that can't be compared.
pub(super) fn common(kind: Kind, ours: &[String], theirs: &[String]) -> Result<Vec<String>, (String, String)> {
    let mut found: Vec<String> = Vec::new();
    for a in ours {
        for b in theirs {
            let both = match kind {
                Kind::Vendors => vendors(a, b),
                Kind::Payees => Ok(payees(a, b)),
                Kind::Names => names(a, b),
                Kind::Networks => Ok(same(network(a), network(b))),
                Kind::Assets => Ok(same(asset(a), asset(b))),
                Kind::Words => Ok(same(Some(a.clone()), Some(b.clone()))),
            };
            match both {
                Ok(Some(entry)) if !found.contains(&entry) => found.push(entry),
                Ok(_) => {}
                Err(()) => return Err((a.clone(), b.clone())),
            }
        }
    }
    Ok(found)
}

fn same(a: Option<String>, b: Option<String>) -> Option<String> {
    a.filter(|a| b.as_ref() == Some(a))
}

fn network(text: &str) -> Option<String> {
    Network::named(text).ok().map(|network| network.to_string())
}

/// An asset in its one spelling.
pub(super) fn asset(text: &str) -> Option<String> {
    asset_id(text).ok().map(|id| id.to_string())
}

fn names(a: &str, b: &str) -> Meet {
    let pattern = |text: &str| text.contains(['*', '?']);
    let covers = |pattern: &str, name: &str| {
        let mut names = Names::default();
        names.add(pattern).is_ok() && names.covers(name)
    };
    match (pattern(a), pattern(b)) {
        _ if a == b => Ok(Some(a.to_owned())),
        (false, false) => Ok(None),
        (true, false) => Ok(covers(a, b).then(|| b.to_owned())),
        (false, true) => Ok(covers(b, a).then(|| a.to_owned())),
        (true, true) if a == "*" => Ok(Some(b.to_owned())),
        (true, true) if b == "*" => Ok(Some(a.to_owned())),
        (true, true) => Err(()),
    }
}

fn payees(a: &str, b: &str) -> Option<String> {
    let read = |text: &str| match text.contains('/') {
        true => asset_id(text).ok().map(|AssetId { network, address }| (Some(network), address)),
        false => any_address(text).ok().map(|address| (None, address)),
    };
    let ((on_a, a), (on_b, b)) = (read(a)?, read(b)?);
    if a != b {
        return None;
    }
    match (on_a, on_b) {
        (None, None) => Some(a),
        (Some(one), None) | (None, Some(one)) => Some(format!("{one}/{a}")),
        (Some(one), Some(other)) => (one == other).then(|| format!("{one}/{a}")),
    }
}

/// A vendor in its one spelling, by what its pattern fixes.
enum Vendor {
    Host(String),
    Below(String),
    Origin(String, String),
    Path(String, String),
    Expression(String),
}

impl Vendor {
    fn read(pattern: &str) -> Option<Self> {
        if let Some(expression) = pattern.strip_prefix("regex:") {
            return Some(Self::Expression(expression.to_owned()));
        }
        let host = |text: &str| Target::parse(&format!("https://{text}/")).ok().map(|target| target.host);
        if pattern.contains("://") {
            let origin = parse_origin(pattern).ok()?;
            return Some(Self::Origin(Target::parse(&origin).ok()?.host, origin));
        }
        if let Some(suffix) = pattern.strip_prefix("*.") {
            return host(suffix).map(Self::Below);
        }
        if !pattern.contains('/') {
            return host(pattern).map(Self::Host);
        }
        let target = Target::parse(&format!("https://{pattern}")).ok()?;
        let path = target.path.trim_end_matches('/').to_owned();
        Some(if path.is_empty() { Self::Host(target.host) } else { Self::Path(target.host, path) })
    }

    fn text(&self) -> String {
        match self {
            Self::Host(host) => host.clone(),
            Self::Below(suffix) => format!("*.{suffix}"),
            Self::Origin(_, origin) => origin.clone(),
            Self::Path(host, path) => format!("{host}{path}"),
            Self::Expression(expression) => format!("regex:{expression}"),
        }
    }

    /// The one host that it is about, where there is one.
    fn host(&self) -> Option<&str> {
        match self {
            Self::Host(host) | Self::Origin(host, _) | Self::Path(host, _) => Some(host),
            Self::Below(_) | Self::Expression(_) => None,
        }
    }
}

fn vendors(a: &str, b: &str) -> Meet {
    let (Some(a), Some(b)) = (Vendor::read(a), Vendor::read(b)) else { return Err(()) };
    let below = |name: &str, suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
    let keep = |vendor: &Vendor, holds: bool| Ok(holds.then(|| vendor.text()));
    match (&a, &b) {
        _ if a.text() == b.text() => Ok(Some(a.text())),
        (Vendor::Expression(_), _) | (_, Vendor::Expression(_)) => Err(()),
        (Vendor::Below(one), Vendor::Below(other)) => match (below(one, other), below(other, one)) {
            (true, _) => Ok(Some(a.text())),
            (_, true) => Ok(Some(b.text())),
            _ => Ok(None),
        },
        (Vendor::Below(suffix), narrower) | (narrower, Vendor::Below(suffix)) => {
            keep(narrower, narrower.host().is_some_and(|host| below(host, suffix)))
        }
        // Different texts: two hosts, or two origins, are different ones.
        (Vendor::Host(_), Vendor::Host(_)) | (Vendor::Origin(..), Vendor::Origin(..)) => Ok(None),
        (Vendor::Host(host), narrower) | (narrower, Vendor::Host(host)) => {
            keep(narrower, narrower.host() == Some(host.as_str()))
        }
        (Vendor::Path(one, p), Vendor::Path(other, q)) => {
            let within = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
            match (one == other, within(p, q), within(q, p)) {
                (true, true, _) => Ok(Some(a.text())),
                (true, _, true) => Ok(Some(b.text())),
                _ => Ok(None),
            }
        }
        // A path on any port of a host, and one exact origin: no single pattern says both.
        (Vendor::Path(host, _), Vendor::Origin(other, _)) | (Vendor::Origin(other, _), Vendor::Path(host, _)) => {
            if host == other { Err(()) } else { Ok(None) }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own patterns has failed")]
mod tests {
    use super::*;
    use crate::policy::vendors::VendorSet;

    fn set(pattern: &str) -> VendorSet {
        let mut set = VendorSet::default();
        set.add(pattern).unwrap();
        set
    }

    #[test]
    fn what_two_vendors_have_in_common_is_what_both_cover() {
        let patterns = [
            "example.com",
            "Example.com/",
            "api.example.com",
            "*.example.com",
            "*.api.example.com",
            "*.xample.com",
            "example.com/v1",
            "example.com/v1/x/",
            "api.example.com/v1",
            "example.com/%76%31",
            "https://example.com",
            "http://example.com:8080",
            "https://deep.api.example.com:444",
            r"regex:example\.com/.*",
        ];
        let urls = [
            "https://example.com/",
            "https://example.com/v1",
            "https://example.com/v1/x",
            "https://example.com/v1/xy",
            "http://example.com:8080/v1/x",
            "https://api.example.com/v1/y",
            "https://deep.api.example.com/",
            "https://deep.api.example.com:444/v1",
            "https://example.org/",
        ];
        let mut compared = 0;
        for a in patterns {
            for b in patterns {
                let Ok(both) = vendors(a, b) else { continue };
                compared += 1;
                for url in urls {
                    let target = Target::parse(url).unwrap();
                    let wanted = set(a).covers(&target) && set(b).covers(&target);
                    assert_eq!(both.as_deref().is_some_and(|p| set(p).covers(&target)), wanted, "{a} and {b} at {url}");
                }
                assert_eq!(vendors(b, a), vendors(a, b), "{a} and {b}");
            }
        }
        // 14 × 14, without expressions against others (26), and origins against paths of the same host (2 × 3 × 2).
        assert_eq!(compared, 196 - 26 - 12);
    }

    #[test]
    fn names_and_payees() {
        assert_eq!(names("agent-*", "agent-7"), Ok(Some(String::from("agent-7"))));
        assert_eq!(names("agent-*", "bot"), Ok(None));
        assert_eq!(names("*", "a?"), Ok(Some(String::from("a?"))));
        assert_eq!(names("a*", "*b"), Err(()));
        let address = format!("0x{}", "1".repeat(40));
        assert_eq!(payees(&address, &format!("base/{address}")), Some(format!("eip155:8453/{address}")));
        assert_eq!(payees(&format!("eip155:1/{address}"), &format!("base/{address}")), None);
        assert_eq!(payees(&address, &format!("0x{}", "2".repeat(40))), None);
    }

    #[test]
    fn aliases_are_the_same_network() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let both = common(Kind::Networks, &list(&["base", "solana"]), &list(&["eip155:8453", "polygon"]));
        assert_eq!(both, Ok(list(&["eip155:8453"])));
    }
}
