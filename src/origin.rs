//! Who is asked: a URL taken apart once, strictly, so that every spelling of one place has one name.
//!
//! Limits hang on these names. What browsers and servers read in two ways (user names, backslashes, white space) is
//! refused; what they read in one way (case, dots, the default port) is folded.

mod host;
mod ip;

pub use host::HostKind;

use crate::reason::{Reason, Refusal};
use crate::words::{cut, quoted};
use host::read_host;

/// The longest URL that is read, in bytes.
pub const MAX_URL_BYTES: usize = 8192;

/// The protocol of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, on port 80 by default.
    Http,
    /// `https`, on port 443 by default.
    Https,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A URL in its one spelling. The fragment is dropped: servers never see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Lower case, no trailing dot; IPv4 in dotted form, IPv6 in brackets.
    pub host: String,
    /// `None` for the scheme's default port.
    pub port: Option<u16>,
    /// Starts with `/`; no dot segments; no needless escapes.
    pub path: String,
    /// What follows `?`, as it was written. `None` if empty.
    pub query: Option<String>,
    /// What kind of host it is.
    pub host_kind: HostKind,
}

impl Target {
    /// Reads an absolute URL, as `new URL(text).href` gives it.
    ///
    /// # Errors
    /// [`Reason::MalformedUrl`] in the field `url`: not printable ASCII, a backslash, another scheme than http and
    /// https, a user name, a host or port that is none, a broken escape in the path, or more than 8192 bytes.
    pub fn parse(url: &str) -> Result<Self, Refusal> {
        read(url).map_err(|what| Refusal::at(Reason::MalformedUrl, "url", format!("{} {what}", quoted(url))))
    }

    /// `https://api.example.com`: with the port only if it is not the default.
    #[must_use]
    pub fn origin(&self) -> String {
        let origin = [self.scheme.name(), "://", &self.host];
        match self.port {
            None => origin.concat(),
            Some(port) => format!("{}:{port}", origin.concat()),
        }
    }

    /// The origin and the path, without the query: what a limit per endpoint counts.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self.port {
            None => [self.scheme.name(), "://", &self.host, &self.path].concat(),
            Some(_) => [self.origin().as_str(), &self.path].concat(),
        }
    }

    /// All that a request names: the endpoint and the query, in the one spelling that RFC 3986 gives both. What only a
    /// server could know to be the same (the order of a query, a slash at the end) stays different.
    #[must_use]
    pub fn resource(&self) -> String {
        let mut resource = self.endpoint();
        if let Some(query) = &self.query {
            resource.push('?');
            resource.push_str(&equal_escapes(query));
        }
        resource
    }

    /// Whether it is https on the default port of a DNS name with a dot: no punycode, no address.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::Https && self.port.is_none() && self.host_kind == HostKind::Dns
    }
}

/// Reads an origin that a policy lists, such as `http://127.0.0.1:8402`; a path of `/` alone is dropped.
///
/// # Errors
/// As [`Target::parse`]; also for a path, a query or a fragment.
pub fn parse_origin(text: &str) -> Result<String, Refusal> {
    let target = Target::parse(text)?;
    let (_, after_scheme) = cut(text, "//").unwrap_or_default();
    let authority = after_scheme.strip_suffix('/').unwrap_or(after_scheme);
    if authority.contains(['/', '?', '#']) {
        let message = format!("{} is more than an origin: write `{}`", quoted(text), target.origin());
        return Err(Refusal::at(Reason::MalformedUrl, "url", message));
    }
    Ok(target.origin())
}

/// The error says what the URL does wrong; the caller puts the URL before it.
fn read(url: &str) -> Result<Target, &'static str> {
    if url.len() > MAX_URL_BYTES {
        return Err("is longer than 8192 bytes");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has a space, a control character or a letter outside ASCII");
    }
    if url.contains('\\') {
        return Err("has a backslash");
    }
    let (scheme, rest) = cut(url, "://").ok_or("is not an absolute http or https url")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err("is not an absolute http or https url"),
    };
    let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    let (host, port) = split_port(authority)?;
    let port = port.map(read_port).transpose()?.filter(|port| *port != scheme.default_port());
    let (host, host_kind) = read_host(host)?;
    let query = if query.is_empty() { None } else { Some(query.to_owned()) };
    Ok(Target { scheme, host, port, path: canonical_path(path)?, query, host_kind })
}

/// The host, in brackets if it has any, and the text after its colon.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if authority.contains('@') {
        return Err("has a user name before its host");
    }
    // The colons inside brackets belong to the address.
    let host_end = if authority.starts_with('[') { authority.find(']').ok_or("has an open bracket")? } else { 0 };
    let Some(colon) = authority.get(host_end..).and_then(|rest| rest.find(':')) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at_checked(host_end.saturating_add(colon)).unwrap_or((authority, ""));
    Ok((host, port.strip_prefix(':')))
}

fn read_port(text: &str) -> Result<u16, &'static str> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = if plain { text.parse().ok() } else { None };
    port.ok_or("has a port that is not a plain number from 1 to 65535")
}

/// The path with its dots resolved, and one spelling for each character.
fn canonical_path(path: &str) -> Result<String, &'static str> {
    let escaped = canonical_escapes(path)?;
    let mut kept: Vec<&str> = Vec::new();
    // The first segment is what stands before the first slash: nothing.
    let mut segments = escaped.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // A dot segment at the end leaves its slash.
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    Ok(["/", &kept.join("/")].concat())
}

/// Decodes escapes of unreserved characters (RFC 3986), writes the others in capitals, and escapes what a path can't
/// hold. It decodes once: `%252e` stays.
fn canonical_escapes(path: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let (byte, was_escaped) = if byte == b'%' {
            let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
            let (high, low) = (digit(), digit());
            let decoded = high.zip(low).and_then(|(high, low)| u8::try_from((high << 4) | low).ok());
            (decoded.ok_or("has a broken escape in its path")?, true)
        } else {
            (byte, false)
        };
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let is_kept = unreserved || (!was_escaped && b"/!$&'()*+,;=:@".contains(&byte));
        if is_kept {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(out)
}

/// Decodes the escapes of unreserved characters and writes the others in capitals, as RFC 3986 (6.2.2) calls equal. A
/// sign of a broken escape is escaped itself: else what follows could be spelt into an escape (`%2%62` is no `%2B`).
pub(crate) fn equal_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some((digits, byte)) = digits.and_then(|digits| Some((digits, u8::from_str_radix(digits, 16).ok()?)))
        else {
            out.push_str("%25");
            rest = after;
            continue;
        };
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&digits.to_ascii_uppercase());
        }
        rest = after.get(2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(url: &str) -> String {
        Target::parse(url).map_or_else(|refusal| refusal.message, |target| target.endpoint())
    }

    #[test]
    fn a_query_is_spelt_once() {
        for (query, spelt) in [
            ("q=%2%62", "q=%252b"),
            ("q=100%", "q=100%25"),
            ("q=%zz%7e%2f", "q=%25zz~%2F"),
            ("q=%25%32%62", "q=%252b"),
            ("%%41", "%25A"),
        ] {
            assert_eq!(equal_escapes(query), spelt);
            assert_eq!(equal_escapes(spelt), spelt);
        }
    }

    #[test]
    fn spellings_of_one_endpoint_are_one() {
        for url in [
            "https://api.example.com/v1/report",
            "HTTPS://API.EXAMPLE.COM/v1/report",
            "https://api.example.com:443/v1/report",
            "https://api.example.com./v1/report",
            "https://api.example.com.:443/v1/report",
            "https://api.example.com/v1/report?q=1",
            "https://api.example.com/v1/report?",
            "https://api.example.com/v1/report#x",
            "https://api.example.com/v1/report#@evil.com",
            "https://api.example.com/./v1/report",
            "https://api.example.com/v1/./report",
            "https://api.example.com/v1/%2e/report",
            "https://api.example.com/x/../v1/report",
            "https://api.example.com/x/%2E%2e/v1/report",
            "https://api.example.com/x/.%2e/v1/report",
            "https://api.example.com/../../v1/report",
            "https://api.example.com/v1/%72eport",
            "https://api.example.com/%761/repor%74",
        ] {
            assert_eq!(endpoint(url), "https://api.example.com/v1/report", "{url}");
            assert!(Target::parse(url).unwrap().is_plain(), "{url}");
        }
    }

    #[test]
    fn other_endpoints_are_others() {
        for (url, expected) in [
            ("https://a.com", "https://a.com/"),
            ("https://a.com?x", "https://a.com/"),
            ("https://a.com#x?y", "https://a.com/"),
            ("https://a.com/v1/report/", "https://a.com/v1/report/"),
            ("https://a.com//v1//report", "https://a.com//v1//report"),
            ("https://a.com/v1/Report", "https://a.com/v1/Report"),
            ("https://a.com/a%2fb", "https://a.com/a%2Fb"),
            ("https://a.com/a%2Fb", "https://a.com/a%2Fb"),
            ("https://a.com/%252e%252e/b", "https://a.com/%252e%252e/b"),
            ("https://a.com/a/..", "https://a.com/"),
            ("https://a.com/a/b/.", "https://a.com/a/b/"),
            ("https://a.com/a//../b", "https://a.com/a/b"),
            ("https://a.com/...", "https://a.com/..."),
            ("https://a.com/%c3%a9", "https://a.com/%C3%A9"),
            ("https://a.com/%00%5c", "https://a.com/%00%5C"),
            ("https://a.com/<{|}>`^\"[]", "https://a.com/%3C%7B%7C%7D%3E%60%5E%22%5B%5D"),
            ("https://a.com/x@y:z;w=1!$&'()*+,", "https://a.com/x@y:z;w=1!$&'()*+,"),
            ("https://a.com/~%7E-%2D_%5F", "https://a.com/~~--__"),
            ("http://a.com:80/", "http://a.com/"),
            ("http://a.com:443/", "http://a.com:443/"),
            ("https://a.com:80/", "https://a.com:80/"),
            ("https://[::1]:8443/", "https://[::1]:8443/"),
            ("https://[::1]:443/", "https://[::1]/"),
            ("http://0x7f.1:8402/x", "http://127.0.0.1:8402/x"),
        ] {
            assert_eq!(endpoint(url), expected, "{url}");
        }
        assert_eq!(Target::parse("https://a.com/?b=%7e?&c").unwrap().query.as_deref(), Some("b=%7e?&c"));
    }

    #[test]
    fn hostile_urls_are_refused() {
        let long = format!("https://a.com/{}", "x".repeat(MAX_URL_BYTES));
        for url in [
            "",
            "/",
            "//a.com",
            "a.com",
            "https:",
            "https:a.com",
            "https:/a.com",
            "https://",
            "https:///a.com",
            "https://?",
            "https://#",
            "https://:443/",
            "https://./",
            "https://good.com@evil.com/",
            "https://good.com:443@evil.com/",
            "https://@evil.com/",
            "https://:@evil.com/",
            "https://a:b@evil.com",
            "https://good.com%40evil.com/",
            "https://good.com\\@evil.com/",
            "https://evil.com\\.good.com/",
            "https:\\\\evil.com",
            "https://a.com/\\",
            " https://a.com",
            "https://a.com ",
            "https://a.com/a b",
            "https://a.com\t/",
            "ht\ntps://a.com",
            "https://a.com/\r\nx",
            "https://a.com/\u{0}",
            "\u{7f}https://a.com",
            "https://аpple.com/",
            "https://a.com/é",
            "https://a.com。evil.com/",
            "https://a.com/#é",
            "ftp://a.com",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript://a.com/",
            "ws://a.com",
            "blob:https://a.com/x",
            "https+x://a.com",
            "xhttps://a.com",
            "https://a.com:/",
            "https://a.com:0/",
            "https://a.com:00443/",
            "https://a.com:0443",
            "https://a.com:65536/",
            "https://a.com:-1/",
            "https://a.com:+443/",
            "https://a.com:443:443/",
            "https://a.com:80a/",
            "https://a.com:0x1bb/",
            "https://a%2ecom/",
            "https://a..com/",
            "https://.a.com/",
            "https://a.com../",
            "https://[::1/",
            "https://::1/",
            "https://[::1]a/",
            "https://[::1]]/",
            "https://a[::1]/",
            "https://1.2.3.4.5/",
            "https://300.1.1.1/",
            "https://a.com/%",
            "https://a.com/%4",
            "https://a.com/%zz",
            "https://a.com/%+1",
            "https://a.com/%-1a",
            "https://a,b.com/",
            "https://*.a.com/",
            &long,
        ] {
            let refusal = Target::parse(url).unwrap_err();
            assert_eq!((refusal.reason, refusal.field.as_str()), (Reason::MalformedUrl, "url"), "{url:?}");
            assert!(refusal.message.len() < 900 && !refusal.message.chars().any(char::is_control), "{url:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        let refusal = Target::parse("https://good.com@evil.com/").unwrap_err();
        assert_eq!(refusal.message, "`https://good.com@evil.com/` has a user name before its host");
    }

    #[test]
    fn names_that_only_look_alike_stay_apart() {
        for (url, origin) in [
            ("https://trusted.com.attacker.net/", "https://trusted.com.attacker.net"),
            ("https://nottrusted.com/", "https://nottrusted.com"),
            ("https://evil.com#good.com", "https://evil.com"),
            ("https://evil.com?good.com", "https://evil.com"),
            ("https://evil.com/good.com", "https://evil.com"),
            ("https://evil.com/@good.com", "https://evil.com"),
        ] {
            assert_eq!(Target::parse(url).unwrap().origin(), origin);
        }
    }

    #[test]
    fn plain_is_https_on_the_default_port_of_a_dns_name() {
        assert!(Target::parse("https://my_api.example.com/x").unwrap().is_plain());
        for url in [
            "http://a.com/",
            "https://a.com:8443/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://xn--80ak6aa92e.com/",
            "https://a.xn--p1ai/",
            "https://com./",
        ] {
            assert!(!Target::parse(url).unwrap().is_plain(), "{url}");
        }
    }

    #[test]
    fn a_listed_origin_is_an_origin() {
        for (text, origin) in [
            ("http://127.0.0.1:8402", "http://127.0.0.1:8402"),
            ("HTTP://LOCALHOST:8402/", "http://localhost:8402"),
            ("https://a.com:443/", "https://a.com"),
        ] {
            assert_eq!(parse_origin(text).unwrap(), origin);
        }
        for text in [
            "a.com",
            "https://a.com/x",
            "https://a.com//",
            "https://a.com/.",
            "https://a.com?",
            "https://a.com/?x",
            "https://a.com#",
            "*",
        ] {
            assert_eq!(parse_origin(text).unwrap_err().reason, Reason::MalformedUrl, "{text}");
        }
        let message = parse_origin("https://a.com/x").unwrap_err().message;
        assert_eq!(message, "`https://a.com/x` is more than an origin: write `https://a.com`");
    }

    proptest! {
        #[test]
        fn reading_is_idempotent(
            host in r"([a-z0-9_-]{1,8}\.){0,3}[a-zA-Z0-9x-]{1,9}\.?|\[[0-9a-f:.]{2,20}\]", port in "(:[0-9]{1,5})?",
            path in r"(/[a-zA-Z0-9.~_<|:@!-]{0,4}(%2[eEfF5]|%[0-9a-f]{2}|\.|\.\.)?){0,5}", query in r"(\?[a-z=%&/]{0,9})?"
        ) {
            if let Ok(target) = Target::parse(&format!("https://{host}{port}{path}{query}")) {
                let again = Target::parse(&target.endpoint());
                prop_assert_eq!(again, Ok(Target { query: None, ..target.clone() }));
                prop_assert!(!target.path.split('/').any(|segment| segment == "." || segment == ".."));
                prop_assert_eq!(parse_origin(&target.origin()), Ok(target.origin()));
            }
        }

        #[test]
        fn nothing_panics(text in any::<String>(), near in r"(https?://)?[\[\]:.@/?#%a-f0-9x\\-]{0,40}") {
            for text in [text.clone(), format!("https://{text}"), format!("https://a.com/{text}"), near] {
                let _ = (Target::parse(&text), parse_origin(&text));
            }
        }
    }
}
