//! Vendors by the URL that was requested: an exact host, `*.suffix`, a path below a host, one exact origin, or a regular
//! expression. A look-up costs the same for ten thousand patterns as for ten: a set, asked once per label of the host
//! and segment of the path. Expressions are tried one by one, each in time linear in the URL, so there may be few.

use std::collections::BTreeSet;

use regex_lite::{Regex, RegexBuilder};

use crate::origin::{Target, parse_origin};
use crate::words::cut;

/// The most expressions in one set: each is tried.
const MAX_EXPRESSIONS: usize = 64;
/// The longest expression, in bytes.
const MAX_EXPRESSION: usize = 1_000;
/// The most memory that one compiled expression may take, in bytes.
const MAX_COMPILED: usize = 256 * 1024;

/// A set of vendor patterns.
#[derive(Clone, Debug, Default)]
pub struct VendorSet {
    hosts: BTreeSet<String>,
    suffixes: BTreeSet<String>,
    origins: BTreeSet<String>,
    /// Paths below a host, as `host/path`.
    paths: BTreeSet<String>,
    expressions: Vec<Regex>,
}

impl VendorSet {
    /// Adds one pattern.
    ///
    /// # Errors
    /// One sentence that says why it is none of the forms that a vendor can have.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        if let Some(expression) = pattern.strip_prefix("regex:") {
            return self.add_expression(expression);
        }
        if cut(pattern, "://").is_some() {
            self.origins.insert(parse_origin(pattern).map_err(|refusal| refusal.message)?);
            return Ok(());
        }
        if let Some((host, path)) = pattern.split_once('/') {
            let host = plain_host(host)?;
            let target = Target::parse(&format!("https://{host}/{path}")).map_err(|refusal| refusal.message)?;
            if target.query.is_some() || path.contains('#') {
                return Err(format!("`{pattern}` has a query or a fragment; a path alone can be matched"));
            }
            let path = target.path.trim_end_matches('/').to_owned();
            if path.is_empty() {
                self.hosts.insert(host);
            } else {
                self.paths.insert(host + &path);
            }
            return Ok(());
        }
        let (set, host) = match pattern.strip_prefix("*.") {
            Some(suffix) => (&mut self.suffixes, suffix),
            None => (&mut self.hosts, pattern),
        };
        set.insert(plain_host(host)?);
        Ok(())
    }

    /// An expression has to match the whole of host and path, such as `api\.example\.com/v[0-9]+/.*`.
    fn add_expression(&mut self, expression: &str) -> Result<(), String> {
        if expression.len() > MAX_EXPRESSION {
            return Err(format!("an expression of {} bytes, more than the {MAX_EXPRESSION} allowed", expression.len()));
        }
        if self.expressions.len() >= MAX_EXPRESSIONS {
            return Err(format!("more than {MAX_EXPRESSIONS} expressions: each is tried on every payment"));
        }
        let built = |text: &str| {
            let built = RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
            built.map_err(|error| format!("`{expression}` is not an expression: {error}"))
        };
        // By itself first: `a)|(b` would close the group that it is put into, and match a part.
        built(expression)?;
        self.expressions.push(built(&format!("^(?:{expression})$"))?);
        Ok(())
    }

    /// Whether any pattern covers the target. `*.example.com` covers `a.b.example.com` and not `example.com`;
    /// `example.com/v1` covers `/v1` and `/v1/x`, and not `/v10`.
    #[must_use]
    pub fn covers(&self, target: &Target) -> bool {
        if self.hosts.contains(&target.host) || self.covers_path(target) {
            return true;
        }
        if !self.expressions.is_empty() {
            let text = format!("{}{}", target.host, target.path);
            if self.expressions.iter().any(|expression| expression.is_match(&text)) {
                return true;
            }
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

    fn covers_path(&self, target: &Target) -> bool {
        if self.paths.is_empty() {
            return false;
        }
        let text = format!("{}{}", target.host, target.path.trim_end_matches('/'));
        let mut rest = text.as_str();
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if self.paths.contains(rest) {
                return true;
            }
            rest = parent;
        }
        false
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
        let mut set = VendorSet::default();
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
    fn a_path_ends_at_a_segment() {
        for url in [
            "https://a.com/v1",
            "https://a.com/v1/",
            "https://a.com/v1/x/y",
            "https://a.com/%76%31/x",
            "https://a.com/y/../v1",
        ] {
            assert!(covers(&["a.com/v1/"], url), "{url}");
        }
        for url in
            ["https://a.com/v10", "https://a.com/", "https://a.com/x/v1", "https://b.com/v1", "https://a.com/v1/../v2"]
        {
            assert!(!covers(&["a.com/v1"], url), "{url}");
        }
    }

    #[test]
    fn an_expression_matches_the_whole_of_host_and_path() {
        assert!(covers(&[r"regex:api\.example\.com/v[0-9]+/.*"], "https://API.example.com/v12/x"));
        for url in
            ["https://xapi.example.com/v1/x", "https://apiXexample.com/v1/x", "https://evil.com/api.example.com/v1/x"]
        {
            assert!(!covers(&[r"regex:api\.example\.com/v[0-9]+/.*"], url), "{url}");
        }
    }

    #[test]
    fn patterns_that_could_never_match_are_refused() {
        let none = [
            "",
            "*",
            "a*b.com",
            "*.*.com",
            "*.com/path",
            "user@host",
            "host:80",
            "bad host",
            "*.",
            "a.com/x?y",
            "regex:(",
            "regex:good.com/.*)|(.*",
        ];
        for pattern in none {
            assert!(VendorSet::default().add(pattern).is_err(), "{pattern}");
        }
    }
}
