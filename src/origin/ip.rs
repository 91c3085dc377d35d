//! IP addresses as text, as RFC 5952 writes them. The standard library's reader and writer are twice the code.

use crate::words::cut;

/// The eight groups of an IPv6 address (RFC 4291, section 2.2), or nothing.
pub(super) fn read_ipv6(text: &str) -> Option<[u16; 8]> {
    let mut groups = Vec::new();
    match cut(text, "::") {
        None => read_groups(text, true, &mut groups)?,
        Some((head, tail)) => {
            let mut after = Vec::new();
            read_groups(head, false, &mut groups)?;
            read_groups(tail, true, &mut after)?;
            // What is left out is one group at least.
            let zeros = 7usize.checked_sub(groups.len())?.checked_sub(after.len())?.saturating_add(1);
            groups.extend(std::iter::repeat_n(0, zeros));
            groups.extend(after);
        }
    }
    groups.try_into().ok()
}

/// Groups of up to four hexadecimal digits; the last two may be an IPv4 address, where they are the end.
fn read_groups(text: &str, is_end: bool, groups: &mut Vec<u16>) -> Option<()> {
    if text.is_empty() {
        return Some(());
    }
    let mut parts = text.split(':').peekable();
    while let Some(part) = parts.next() {
        if part.contains('.') {
            if !is_end || parts.peek().is_some() {
                return None;
            }
            let [a, b, c, d] = read_dotted(part)?;
            groups.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
        } else if part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            groups.push(u16::from_str_radix(part, 16).ok()?);
        } else {
            return None;
        }
    }
    Some(())
}

/// Four plain numbers, none with a zero before it.
fn read_dotted(text: &str) -> Option<[u8; 4]> {
    let mut bytes = Vec::new();
    for part in text.split('.') {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
        bytes.push(if plain { part.parse().ok()? } else { return None });
    }
    bytes.try_into().ok()
}

/// The address in its one spelling.
pub(super) fn ipv6_text(groups: [u16; 8]) -> String {
    if let [0, 0, 0, 0, 0, 0xffff, high, low] = groups {
        return format!("::ffff:{}", ipv4_text((u32::from(high) << 16) | u32::from(low)));
    }
    // The longest run of zeros is left out, the first of two as long.
    let (mut start, mut length, mut run) = (0usize, 1usize, 0usize);
    for (index, group) in groups.iter().enumerate() {
        run = if *group == 0 { run.saturating_add(1) } else { 0 };
        if run > length {
            (start, length) = (index.saturating_add(1).saturating_sub(run), run);
        }
    }
    if length == 1 {
        return joined(&groups);
    }
    let head = joined(groups.get(..start).unwrap_or_default());
    let tail = joined(groups.get(start.saturating_add(length)..).unwrap_or_default());
    format!("{head}::{tail}")
}

fn joined(groups: &[u16]) -> String {
    let mut text = String::new();
    for group in groups {
        if !text.is_empty() {
            text.push(':');
        }
        text.push_str(&format!("{group:x}"));
    }
    text
}

/// The address in its one spelling.
pub(super) fn ipv4_text(bits: u32) -> String {
    let [a, b, c, d] = bits.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The standard library reads the same addresses from the same texts, and no others.
        #[test]
        fn another_reader_reads_the_same(text in "(::?|[0-9a-f]{1,4}:|0:|:0|[0-9a-fA-F]{0,5}|1\\.2\\.3\\.4|255\\.0\\.0\\.1|01\\.2\\.3\\.4|256\\.1\\.1\\.1|\\+1|\\.|g|ffff:){0,10}") {
            prop_assert_eq!(read_ipv6(&text), text.parse::<Ipv6Addr>().ok().map(|ip| ip.segments()), "{}", text);
        }

        #[test]
        fn another_writer_writes_the_same(groups in proptest::array::uniform8(prop_oneof![3 => Just(0u16), 1 => Just(0xffff), 1 => any::<u16>()]), bits in any::<u32>()) {
            let ip = Ipv6Addr::from_segments(groups);
            prop_assert_eq!(ipv6_text(groups), ip.to_string());
            prop_assert_eq!(read_ipv6(&ip.to_string()), Some(groups));
            prop_assert_eq!(ipv4_text(bits), Ipv4Addr::from_bits(bits).to_string());
        }

        #[test]
        fn an_ipv4_address_inside_is_written_as_one(bits in any::<u32>()) {
            let ip = Ipv4Addr::from_bits(bits).to_ipv6_mapped();
            prop_assert_eq!(ipv6_text(ip.segments()), ip.to_string());
            prop_assert_eq!(read_ipv6(&ip.to_string()), Some(ip.segments()));
        }
    }
}
