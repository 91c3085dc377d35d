//! E-mail addresses, from the `@` outwards.

use super::bytes::{at, before, down, end_of, is_word, part, start_of, up};
use super::hit::{Hit, Hits};
use crate::privacy::Entity;

/// RFC 5321: the longest local part and the longest domain.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// Endings of files, which `icon@2x.png` has and no address.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"avif", b"ico", b"js", b"mjs", b"cjs", b"css", b"json", b"ts",
    b"tsx", b"jsx", b"html", b"htm", b"xml", b"txt", b"csv", b"pdf", b"tgz", b"gz", b"zip", b"wasm", b"map", b"lock",
    b"toml", b"yaml", b"yml", b"mp", b"webm", b"log",
];

/// Looks at the `@` at a place.
pub(super) fn at_sign(bytes: &[u8], place: usize, hits: &mut Hits) {
    let Some(end) = domain(bytes, up(place, 1)) else {
        return;
    };
    let mut start = start_of(bytes, place, LOCAL, is_local);
    while start < place && matches!(at(bytes, start), b'.' | b'+' | b'-' | b'\'' | 0x80..=0xbf) {
        start = up(start, 1);
    }
    if start == place || before(bytes, place) == b'.' {
        return;
    }
    if let Some(from) = credentials(bytes, start) {
        hits.push(Hit::new(Entity::ApiKey, from, place));
        return;
    }
    // `git@github.com:owner/repository` names a server.
    let server = part(bytes, start, place) == b"git" && at(bytes, end) == b':';
    // Longer than it may be: what is cut off would stay behind.
    let cut = down(place, start) >= LOCAL && is_local(before(bytes, start));
    if !server && !cut {
        hits.push(Hit::new(Entity::EmailAddress, start, end));
    }
}

/// Latin letters beyond ASCII are two bytes in UTF-8, of which the first is from C3 to C9.
fn is_local(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'\'' | 0x80..=0xbf | 0xc3..=0xc9)
}

fn is_domain(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.' | 0x80..=0xbf | 0xc3..=0xc9)
}

/// Where the domain that begins here ends, if one does: labels with dots between, the last one of letters.
fn domain(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(at(bytes, start), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0xc3..=0xc9) {
        return None;
    }
    let mut end = end_of(bytes, start, DOMAIN, is_domain);
    loop {
        while end > start && matches!(before(bytes, end), b'.' | b'-') {
            end = down(end, 1);
        }
        let label = start_of(bytes, end, down(end, start), |byte| byte != b'.');
        if label <= start || at(bytes, label) == b'-' {
            return None;
        }
        // `example.com-foo`: the letters before the hyphen, where they are a top-level domain.
        let letters = end_of(bytes, label, DOMAIN, |byte| byte.is_ascii_alphabetic());
        let top = if part(bytes, label, end).get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"xn--")) {
            end
        } else {
            letters.min(end)
        };
        let clean = top == end || at(bytes, top) == b'-';
        let length = down(top, label);
        if clean
            && (2..=24).contains(&length)
            && !is_file(part(bytes, label, top))
            && !starts_sentence(bytes, start, label, top)
        {
            return Some(top);
        }
        if is_file(part(bytes, label, top)) {
            return None;
        }
        end = down(label, 1);
    }
}

fn is_file(top: &[u8]) -> bool {
    FILES.iter().any(|file| file.eq_ignore_ascii_case(top))
}

/// `example.com.Then we …`: a capital after lower-case letters begins the next sentence.
fn starts_sentence(bytes: &[u8], start: usize, label: usize, end: usize) -> bool {
    let dots_before = part(bytes, start, down(label, 1)).contains(&b'.');
    let [first, rest @ ..] = part(bytes, label, end) else {
        return false;
    };
    dots_before
        && first.is_ascii_uppercase()
        && rest.iter().all(u8::is_ascii_lowercase)
        && part(bytes, start, label).iter().any(u8::is_ascii_lowercase)
        && !part(bytes, start, label).iter().any(u8::is_ascii_uppercase)
}

/// `https://user:password@host`: where the user's name begins.
fn credentials(bytes: &[u8], local: usize) -> Option<usize> {
    let start = start_of(bytes, local, 80, |byte| byte > b' ' && !matches!(byte, b'/' | b'@' | b'?' | b'#'));
    let slashes = before(bytes, start) == b'/' && before(bytes, down(start, 1)) == b'/';
    (slashes && before(bytes, local) == b':').then_some(start)
}
