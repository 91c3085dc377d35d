//! The host of a URL, as the WHATWG URL standard reads it: an address such as `0x7f.1` is seen for what it is.

use super::ip::{ipv4_text, ipv6_text, read_ipv6};

/// The longest host name, and the longest part of it between dots (RFC 1035).
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// What kind of host a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostKind {
    /// A DNS name with at least one dot, in plain letters.
    Dns,
    /// An IPv4 address, however it was spelt.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A DNS name with a part in punycode (`xn--`): it may look like another name.
    Punycode,
    /// A name without a dot, such as `localhost`.
    SingleLabel,
}

/// The host in its one spelling. The error says what the URL does wrong.
pub(super) fn read_host(text: &str) -> Result<(String, HostKind), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let groups = rest.strip_suffix(']').and_then(read_ipv6).ok_or("has a host that is not an ipv6 address")?;
        return Ok((format!("[{}]", ipv6_text(groups)), HostKind::Ipv6));
    }
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if host.is_empty() {
        return Err("has no host");
    }
    if host.len() > MAX_HOST_BYTES || host.split('.').any(|label| label.is_empty() || label.len() > MAX_LABEL_BYTES) {
        return Err("has a host with an empty or over-long part");
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
        return Err("has a host with a character that no dns name has");
    }
    if host.rsplit('.').next().is_some_and(looks_like_a_number) {
        let address = read_ipv4(&host).ok_or("has a host that is not an ipv4 address, though it ends in a number")?;
        return Ok((ipv4_text(address), HostKind::Ipv4));
    }
    let kind = if host.split('.').any(|label| label.starts_with("xn--")) {
        HostKind::Punycode
    } else if host.contains('.') {
        HostKind::Dns
    } else {
        HostKind::SingleLabel
    };
    Ok((host, kind))
}

/// Whether a host that ends in this part is an IPv4 address or nothing (WHATWG: "ends in a number").
fn looks_like_a_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// An IPv4 address in any spelling that browsers take: 1 to 4 parts, each decimal, octal or hexadecimal; the last one
/// fills all the bytes that are left.
fn read_ipv4(host: &str) -> Option<u32> {
    let mut parts = host.split('.').map(read_ipv4_part).collect::<Option<Vec<u64>>>()?;
    let last = parts.pop()?;
    let mut bits = 0u64;
    let mut free: u64 = 1 << 32;
    for part in parts {
        if part > 255 || free == 1 << 8 {
            return None;
        }
        bits = (bits << 8) | part;
        free >>= 8;
    }
    if last >= free {
        return None;
    }
    u32::try_from(bits.saturating_mul(free).saturating_add(last)).ok()
}

/// One part: `0x` for hexadecimal, a leading zero for octal; a bare `0x` is zero.
fn read_ipv4_part(part: &str) -> Option<u64> {
    let (digits, radix) = match part.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if part.starts_with('0') => (part, 8),
        None => (part, 10),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if digits.is_empty() && radix == 16 { Some(0) } else { u64::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<HostKind> {
        read_host(text).ok().map(|(_, kind)| kind)
    }

    #[test]
    fn every_spelling_of_an_ipv4_address_is_that_address() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0X7F.1", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("0x", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
            ("192.168.257", "192.168.1.1"),
            ("1.16777215", "1.255.255.255"),
        ] {
            assert_eq!(read_host(text), Ok((address.to_owned(), HostKind::Ipv4)), "{text}");
        }
        for text in [
            "256.0.0.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "1.2.3.4.0",
            "1.2.3.4.0.0",
            "4294967296",
            "1.16777216",
            "08",
            "1.2.3.09",
            "foo.0x",
            "example.1",
            "1..2",
            "127.0.0.1..",
            "99999999999999999999999",
            "0xfffffffffffffffffffff",
            "a.0xfffffffffffffffffffff",
            "1.2.3.0x1g.5",
        ] {
            assert!(read_host(text).is_err(), "{text}");
        }
        // The last part is no number, so these are names.
        for text in ["1.2.3.com", "0xg.com", "127.0.0.1.nip.io", "1.2.3.0x1g", "1.2.3.4a"] {
            assert_eq!(kind(text), Some(HostKind::Dns), "{text}");
        }
    }

    #[test]
    fn ipv6_has_one_spelling() {
        for (text, host) in [
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("[2001:DB8::00A]", "[2001:db8::a]"),
            ("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]"),
            ("[::ffff:7f00:1]", "[::ffff:127.0.0.1]"),
        ] {
            assert_eq!(read_host(text), Ok((host.to_owned(), HostKind::Ipv6)), "{text}");
        }
        for text in [
            "[]",
            "[::1",
            "::1",
            "[::1]]",
            "[::1]x",
            "[[::1]]",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[1.2.3.4]",
            "[::g]",
        ] {
            assert!(read_host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(read_host("API.Example.COM."), Ok(("api.example.com".to_owned(), HostKind::Dns)));
        assert_eq!(kind("my_api.example.com"), Some(HostKind::Dns));
        assert_eq!(kind("XN--80ak6aa92e.com"), Some(HostKind::Punycode));
        assert_eq!(kind("shop.xn--p1ai"), Some(HostKind::Punycode));
        assert_eq!(kind("localhost"), Some(HostKind::SingleLabel));
        let label = "a".repeat(63);
        let long = [label.as_str(); 3].join(".") + "." + &"b".repeat(61);
        assert_eq!(long.len(), 253);
        assert_eq!(kind(&long), Some(HostKind::Dns));
        assert_eq!(kind(&format!("{long}.")), Some(HostKind::Dns), "the trailing dot does not count");
        for text in [
            "",
            ".",
            "..",
            ".com",
            "a..b",
            "a.com..",
            &format!("{long}b"),
            &format!("{label}a.com"),
            "a%2ecom",
            "a com",
            "a,b",
            "a!b",
            "a*b",
            "a'b",
            "a~b",
            "a$b",
            "a&b",
            "a(b)",
            "a+b",
            "a;b",
            "a=b",
            "a<b>",
            "a^b",
            "a|b",
            "a`b",
            "a{b}",
            "a\"b",
        ] {
            assert!(read_host(text).is_err(), "{text}");
        }
    }
}
