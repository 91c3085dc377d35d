//! What is in a text, by its places there.

use std::collections::BTreeMap;

use super::Entity;
use super::bytes::{is_word, part};
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
        return apart(told(bytes, hits, |start, end| (start, end)));
    }
    // As it is read; and what stands between the escapes, which may hide it from whoever decodes them.
    let look = |view: &View| told(&view.bytes, scan(&view.bytes, depth), |start, end| view.origin(start, end));
    let written = View::of(text);
    let Some(decoded) = written.decoded() else {
        return apart(look(&written));
    };
    let mut found = look(&decoded);
    if let Some(between) = written.between_escapes() {
        found.extend(look(&between));
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
    let text = || String::from_utf8_lossy(bytes);
    match entity {
        Entity::EmailAddress | Entity::IpAddress => text().to_lowercase(),
        Entity::ApiKey | Entity::PrivateKey => text().into_owned(),
        Entity::SeedPhrase => {
            let text = text();
            text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        _ => {
            let mut plain = String::with_capacity(bytes.len());
            plain.extend(bytes.iter().filter(|byte| is_word(**byte)).map(|byte| char::from(byte.to_ascii_uppercase())));
            plain
        }
    }
}

/// Of those that lie over each other, the longest; of equals, the one of the more telling kind.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| one.start);
    let mut kept = Vec::with_capacity(found.len());
    let mut heap: Vec<Found> = Vec::new();
    let mut end = 0;
    for one in found {
        if one.start >= end {
            keep_longest(&mut heap, &mut kept);
        }
        end = one.end.max(end);
        heap.push(one);
    }
    keep_longest(&mut heap, &mut kept);
    kept
}

/// Takes those of a heap, of which each lies over another, that stay apart.
fn keep_longest(heap: &mut Vec<Found>, kept: &mut Vec<Found>) {
    if heap.len() < 2 {
        kept.append(heap);
        return;
    }
    heap.sort_by_key(|one| (std::cmp::Reverse(one.end.saturating_sub(one.start)), rank(one.entity), one.start));
    let mut apart: BTreeMap<usize, Found> = BTreeMap::new();
    for one in heap.drain(..) {
        if apart.range(..one.end).next_back().is_none_or(|(_, other)| other.end <= one.start) {
            apart.insert(one.start, one);
        }
    }
    kept.extend(apart.into_values());
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
