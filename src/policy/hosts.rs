//! Vendors by name: an exact host, `*.suffix`, or one exact origin. A look-up costs the same for ten thousand
//! patterns as for ten: a set, asked once per label of the host.

use std::collections::BTreeSet;

use crate::origin::{Target, parse_origin};

/// A set of vendor patterns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostSet {
    hosts: BTreeSet<String>,
    suffixes: BTreeSet<String>,
    origins: BTreeSet<String>,
}

impl HostSet {
    /// Adds one pattern.
    ///
    /// # Errors
    /// One sentence that says why it is not `host.name`, `*.host.name` or `https://host.name`.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        if pattern.contains("://") {
            self.origins.insert(parse_origin(pattern).map_err(|refusal| refusal.message)?);
            return Ok(());
        }
        let (set, host) = match pattern.strip_prefix("*.") {
            Some(suffix) => (&mut self.suffixes, suffix),
            None => (&mut self.hosts, pattern),
        };
        set.insert(plain_host(host)?);
        Ok(())
    }

    /// Whether any pattern covers the target. `*.example.com` covers `a.b.example.com` and not `example.com`.
    #[must_use]
    pub fn covers(&self, target: &Target) -> bool {
        if self.hosts.contains(&target.host) {
            return true;
        }
        if !self.origins.is_empty() && self.origins.contains(&target.origin()) {
            return true;
        }
        let mut rest = target.host.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if self.suffixes.contains(parent) {
                return true;
            }
            rest = parent;
        }
        false
    }

    /// Whether there is no pattern at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.suffixes.is_empty() && self.origins.is_empty()
    }
}

/// A host as the origin reader would give it; a pattern that no request could ever match is an error, not a surprise.
fn plain_host(host: &str) -> Result<String, String> {
    let expected = "expected a host such as `api.example.com`, `*.example.com` or `https://api.example.com`";
    if host.is_empty() || host.contains(['*', '/', ':', '@', '?', '#']) {
        return Err(format!("`{host}` is not a host name; {expected}"));
    }
    let target =
        Target::parse(&format!("https://{host}/")).map_err(|refusal| format!("{}; {expected}", refusal.message))?;
    Ok(target.host)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't build its input has failed")]
mod tests {
    use super::*;

    fn covers(patterns: &[&str], url: &str) -> bool {
        let mut set = HostSet::default();
        for pattern in patterns {
            set.add(pattern).unwrap();
        }
        set.covers(&Target::parse(url).unwrap())
    }

    #[test]
    fn an_exact_host_is_that_host_alone() {
        assert!(covers(&["Trusted.com"], "https://trusted.com/x"));
        assert!(covers(&["trusted.com"], "https://TRUSTED.com.:443/x"));
        for url in ["https://trusted.com.attacker.net/", "https://nottrusted.com/", "https://a.trusted.com/"] {
            assert!(!covers(&["trusted.com"], url), "{url}");
        }
    }

    #[test]
    fn a_suffix_covers_what_stands_below_it() {
        assert!(covers(&["*.example.com"], "https://a.b.example.com/"));
        for url in ["https://example.com/", "https://badexample.com/", "https://example.com.evil.net/"] {
            assert!(!covers(&["*.example.com"], url), "{url}");
        }
    }

    #[test]
    fn an_origin_is_that_origin_alone() {
        assert!(covers(&["http://localhost:4021"], "http://localhost:4021/weather"));
        assert!(!covers(&["http://localhost:4021"], "http://localhost:4022/weather"));
    }

    #[test]
    fn patterns_that_could_never_match_are_refused() {
        for pattern in ["", "*", "a*b.com", "*.*.com", "host/path", "user@host", "host:80", "bad host", "*."] {
            assert!(HostSet::default().add(pattern).is_err(), "{pattern}");
        }
    }
}
