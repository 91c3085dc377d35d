//! One pass over the bytes. It finds where something could be, and asks the detector of that kind; nothing else costs.

use super::bytes::{DIGIT, JOINT, LOWER, MARK, UPPER, at, before, down, kind, part, up};
use super::hit::{Hit, Hits};
use super::run::Ahead;
use super::seed::Row;
use super::{base64, email, ip, numbers, secret};

/// No token of an issuer is shorter.
const TOKEN: usize = 16;
/// Encodings within encodings are followed this far.
const DEPTH: u8 = 2;

const WORD: u8 = DIGIT | LOWER | UPPER;

/// Everything in a view, in no order; things may lie over each other.
pub(super) fn scan(bytes: &[u8], depth: u8) -> Hits {
    let mut hits = Hits::new();
    let mut row = Row::default();
    let mut ahead = Ahead::default();
    // The token of letters, digits, `_` and `-` that the present word belongs to, and the kinds of its signs.
    let (mut token, mut token_kinds) = (0usize, 0u8);
    // Up to where colons, base64, numbers and secrets have been looked at.
    let (mut colons, mut encoded, mut numbered, mut secrets) = (0usize, 0usize, 0usize, 0usize);
    let mut place = 0usize;
    while place < bytes.len() {
        let byte = at(bytes, place);
        let what = kind(byte);
        if what & WORD != 0 {
            let start = place;
            let mut kinds = 0u8;
            let mut last = 0u8;
            let mut now = what;
            while now & WORD != 0 {
                if now == DIGIT && last != DIGIT && place >= numbered {
                    numbered = numbers::digits(bytes, place, &mut ahead, &mut hits);
                }
                kinds |= now;
                last = now;
                place = up(place, 1);
                now = kind(at(bytes, place));
            }
            token_kinds |= kinds;
            if kinds == LOWER {
                row.word(bytes, start, place, &mut hits);
            } else {
                row.end(bytes, &mut hits);
            }
            // What lies within a secret is not looked into for others.
            if now & JOINT == 0 && down(place, token) >= TOKEN && token >= secrets {
                secrets = secret::token(bytes, token, place, token_kinds, &mut hits);
                if token >= encoded && is_mixed(token_kinds) {
                    encoded = decode(bytes, token, depth, &mut hits);
                }
            }
            continue;
        }
        if what & JOINT != 0 {
            if byte == b'-' && before(bytes, place) != b'-' && at(bytes, up(place, 4)) == b'-' {
                secret::armour(bytes, place, &mut hits);
            }
            token_kinds |= JOINT;
            place = up(place, 1);
            continue;
        }
        if what & MARK != 0 {
            match byte {
                b'@' => email::at_sign(bytes, place, &mut hits),
                b':' => {
                    if place >= colons && kind(before(bytes, place)) & WORD != 0 {
                        colons = ip::colon(bytes, place, &mut hits);
                    }
                    secret::named(bytes, place, &mut hits);
                }
                _ => {
                    secret::named(bytes, place, &mut hits);
                    let next = up(place, 1);
                    if next >= encoded && kind(at(bytes, next)) & WORD != 0 {
                        encoded = decode(bytes, next, depth, &mut hits);
                    }
                }
            }
        }
        place = up(place, 1);
        (token, token_kinds) = (place, 0);
    }
    row.end(bytes, &mut hits);
    hits
}

/// Base64 of text has small letters and capitals, but for the shortest.
const fn is_mixed(kinds: u8) -> bool {
    kinds & LOWER != 0 && kinds & UPPER != 0
}

/// Looks into a token that may be base64. Gives back where it ends: what lies within is not tried again.
fn decode(bytes: &[u8], start: usize, depth: u8, hits: &mut Hits) -> usize {
    let end = base64::token_end(bytes, start);
    if depth >= DEPTH {
        return end;
    }
    let Some(text) = base64::text_of(bytes, start, end) else {
        return end;
    };
    let mut inner = super::found_in(&text, up(usize::from(depth), 1).try_into().unwrap_or(DEPTH));
    inner.sort_by_key(|found| std::cmp::Reverse(down(found.end, found.start)));
    if let Some(found) = inner.first() {
        hits.push(Hit::new(found.entity, start, end));
        debug_assert!(!part(bytes, start, end).is_empty());
    }
    end
}
