//! Public IP addresses. Those of private nets, of documentation and of the host itself tell of nobody.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::bytes::{at, before, down, end_of, is_word, part, start_of, up};
use super::context::IP;
use super::hit::{Hit, Hits};
use super::run::Run;
use crate::privacy::Entity;

/// Whether the run is an IPv4 address, public or not.
pub(super) fn four_groups(run: &Run<'_>, hits: &mut Hits) -> bool {
    let Some(groups) = run.groups().get(..4) else {
        return false;
    };
    if run.separator(4) != Some(b'.') {
        return false;
    }
    let mut parts = [0u8; 4];
    for (value, group) in parts.iter_mut().zip(groups) {
        if group.len() > 3 || (group.len() > 1 && at(run.bytes, group.start) == b'0') {
            return false;
        }
        let figures = part(run.bytes, group.start, group.end).iter();
        let number = figures.fold(0u16, |sum, byte| sum.wrapping_mul(10).wrapping_add(u16::from(byte & 15)));
        let Ok(number) = u8::try_from(number) else {
            return false;
        };
        *value = number;
    }
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return false;
    };
    let (next, after) = (at(run.bytes, last.end), at(run.bytes, up(last.end, 1)));
    let goes_on = is_word(next) || next == b'_' || (matches!(next, b'.' | b'-') && is_word(after));
    let last_before = before(run.bytes, first.start);
    let one_more = before(run.bytes, down(first.start, 1));
    let begun = is_word(last_before)
        || last_before == b'_'
        || (matches!(last_before, b'.' | b'-') && is_word(one_more))
        || (last_before == b':' && is_hex(one_more) && in_v6(run.bytes, first.start));
    if goes_on || begun || !is_public(Ipv4Addr::from(parts)) {
        return false;
    }
    if last_before == b'/' && is_product(run.bytes, down(first.start, 1)) {
        return false;
    }
    let context = run.context();
    // Small figures are more often a version than an address, unless something says so.
    let like_version = parts.iter().all(|part| *part < 32) && parts.iter().any(|part| Some(part) != parts.first());
    let said = context.says(IP) && !context.thing;
    if context.thing || (like_version && !said) {
        return false;
    }
    hits.push(Hit::new(Entity::IpAddress, first.start, last.end));
    true
}

/// `Chrome/131.0.6778.86`: the name of a program before the slash, with nothing before it.
fn is_product(bytes: &[u8], slash: usize) -> bool {
    let start = start_of(bytes, slash, 32, |byte| byte.is_ascii_alphabetic());
    start < slash && matches!(before(bytes, start), 0 | b' ' | b'(' | b'"' | b'=')
}

/// Whether what stands before is the rest of an IPv6 address that ends in an IPv4 one.
fn in_v6(bytes: &[u8], place: usize) -> bool {
    let start = start_of(bytes, place, 40, |byte| is_hex(byte) || byte == b':');
    part(bytes, start, place).iter().filter(|byte| **byte == b':').count() >= 2
}

fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (18..20).contains(&b);
    let relay = a == 192 && b == 88 && c == 99;
    !(a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || protocol
        || benchmarks
        || relay)
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// Looks at the colon at a place, the first of its run: an IPv6 address round it. Gives back where the run ends.
pub(super) fn colon(bytes: &[u8], place: usize, hits: &mut Hits) -> usize {
    let start = start_of(bytes, place, 4, is_hex);
    let end = end_of(bytes, place, 64, |byte| is_hex(byte) || byte == b':' || byte == b'.');
    let mut last = end;
    while matches!(before(bytes, last), b':' | b'.')
        && !(before(bytes, last) == b':' && before(bytes, down(last, 1)) == b':')
    {
        last = down(last, 1);
    }
    // Only global unicast, 2000::/3, is public; it has four figures in its first group.
    if down(place, start) != 4 || !matches!(at(bytes, start), b'2' | b'3') || is_word(before(bytes, start)) {
        return end;
    }
    if is_word(at(bytes, last)) || down(last, start) > 45 {
        return end;
    }
    let text = std::str::from_utf8(part(bytes, start, last)).unwrap_or_default();
    let Ok(address) = text.parse::<Ipv6Addr>() else {
        return end;
    };
    let [a, b, ..] = address.segments();
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let special = a == 0x2001 && b < 0x0200 && b != 0;
    if !documentation && !special {
        hits.push(Hit::new(Entity::IpAddress, start, last));
    }
    end
}
