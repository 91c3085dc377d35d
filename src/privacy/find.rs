//! What is in a text, by its places there.

use super::Entity;
use super::bytes::{kind, part};
use super::hit::Hits;
use super::scan::scan;
use super::view::{View, is_plain};

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub entity: Entity,
    /// Where it begins, in bytes; always between two characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it says, in one spelling: decoded, letters small, digits without separators. The same for the same person.
    pub value: String,
}

/// Everything in a text, in order; nothing lies over anything else.
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    found_in(text, 0)
}

/// `depth`: within how many encodings the text was.
pub(super) fn found_in(text: &str, depth: u8) -> Vec<Found> {
    let bytes = text.as_bytes();
    if is_plain(bytes) {
        let hits = scan(bytes, depth);
        return if hits.is_empty() { Vec::new() } else { apart(told(bytes, hits, |start, end| (start, end))) };
    }
    // As it is read; and what stands between the escapes, which may hide it from whoever decodes them.
    let decoded = View::decoded(text);
    let view = decoded.as_ref();
    let mut found = match view {
        Some(view) => told(&view.bytes, scan(&view.bytes, depth), |start, end| view.origin(start, end)),
        None => told(bytes, scan(bytes, depth), |start, end| (start, end)),
    };
    if let Some(view) = decoded.and_then(|_| View::between_escapes(text)) {
        found.extend(told(&view.bytes, scan(&view.bytes, depth), |start, end| view.origin(start, end)));
    }
    apart(found)
}

fn told(bytes: &[u8], hits: Hits, origin: impl Fn(usize, usize) -> (usize, usize)) -> Vec<Found> {
    let tell = |hit: super::hit::Hit| {
        let (start, end) = origin(hit.start, hit.end);
        Found { entity: hit.entity, start, end, value: spelling(hit.entity, part(bytes, hit.start, hit.end)) }
    };
    hits.into_iter().map(tell).filter(|found| found.start < found.end).collect()
}

/// One spelling for all ways to write the same.
fn spelling(entity: Entity, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match entity {
        Entity::EmailAddress | Entity::IpAddress => text.to_lowercase(),
        Entity::ApiKey | Entity::PrivateKey => text.into_owned(),
        Entity::SeedPhrase => {
            text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        _ => text
            .chars()
            .filter(|c| u8::try_from(*c).is_ok_and(|byte| kind(byte) & 7 != 0))
            .collect::<String>()
            .to_uppercase(),
    }
}

/// The longest of those that lie over each other; of equals, the one of the more telling kind.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    if found.len() < 2 {
        return found;
    }
    found.sort_by_key(|one| (std::cmp::Reverse(one.end.saturating_sub(one.start)), rank(one.entity), one.start));
    let mut kept: std::collections::BTreeMap<usize, Found> = std::collections::BTreeMap::new();
    for one in found {
        let clear_before = kept.range(..one.end).next_back().is_none_or(|(_, other)| other.end <= one.start);
        if clear_before {
            kept.insert(one.start, one);
        }
    }
    kept.into_values().collect()
}

const fn rank(entity: Entity) -> u8 {
    match entity {
        Entity::SeedPhrase => 0,
        Entity::PrivateKey => 1,
        Entity::IbanCode => 2,
        Entity::CreditCard => 3,
        Entity::UsSsn | Entity::UsItin | Entity::UsPassport => 4,
        Entity::EmailAddress => 5,
        Entity::ApiKey => 6,
        Entity::IpAddress => 7,
        _ => 8,
    }
}
