//! Seed phrases (BIP-39): 12 to 24 words of one list, the last of which carries a checksum.

use sha2::{Digest, Sha256};

use super::bytes::{at, down, part, up};
use super::hit::{Hit, Hits};
use crate::privacy::Entity;

mod english;
mod words;
#[cfg(test)]
pub(in crate::privacy) use words::place_of;

/// How many words a phrase may have.
const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];
const FEWEST: usize = 12;
/// So many checksums are taken for one text. Beyond that, twelve or more words of the list in a row are a phrase without
/// one: no text but a hostile one has so many.
const CHECKS: usize = 256;

/// Words of three to eight lower-case letters that stand in a row, with the same sign between them.
#[derive(Debug, Default)]
pub(super) struct Row {
    words: Vec<(usize, usize)>,
    separator: Option<u8>,
    checks: usize,
}

impl Row {
    /// A word begins at `start` and ends at `end`, and has lower-case letters alone.
    #[inline]
    pub(super) fn word(&mut self, bytes: &[u8], start: usize, end: usize, hits: &mut Hits) {
        if !(3..=8).contains(&down(end, start)) {
            self.end(bytes, hits);
            return;
        }
        if let Some(last) = self.words.last().copied() {
            let sign = joined(part(bytes, last.1, start));
            if sign.is_none() || (self.separator.is_some() && self.separator != sign) {
                self.end(bytes, hits);
                // The word before may be the first of a row with this sign.
                if sign.is_some() {
                    self.words.push(last);
                }
            }
            self.separator = sign;
        }
        self.words.push((start, end));
    }

    /// Something else stands here: the row is over.
    #[inline]
    pub(super) fn end(&mut self, bytes: &[u8], hits: &mut Hits) {
        if self.words.len() >= FEWEST {
            self.judge(bytes, hits);
        }
        self.words.clear();
        self.separator = None;
    }

    fn judge(&mut self, bytes: &[u8], hits: &mut Hits) {
        let words = std::mem::take(&mut self.words);
        let place_of = |(start, end): &(usize, usize)| words::place_of(part(bytes, *start, *end));
        let mut first = 0usize;
        // Of the fewest words that a phrase may have, the last one that is not of the list rules out all before it.
        while let Some(fewest) = words.get(first..up(first, FEWEST)) {
            if let Some(other) = fewest.iter().rposition(|word| place_of(word).is_none()) {
                first = up(first, up(other, 1));
                continue;
            }
            let known: Vec<u16> = words.iter().skip(first).map_while(place_of).collect();
            let spans = words.get(first..up(first, known.len())).unwrap_or_default();
            self.phrases(&known, spans, hits);
            first = up(first, up(known.len(), 1));
        }
    }

    /// The phrases among words that are all of the list. More often than after a phrase, other words stand before it.
    fn phrases(&mut self, known: &[u16], spans: &[(usize, usize)], hits: &mut Hits) {
        let mut end = known.len();
        while end >= FEWEST {
            let last = spans.get(down(end, 1));
            if self.checks > CHECKS {
                if let (Some((start, _)), Some((_, last))) = (spans.first(), last) {
                    hits.push(Hit::new(Entity::SeedPhrase, *start, *last));
                }
                return;
            }
            let fits = LENGTHS.iter().rev().copied().filter(|length| *length <= end);
            let found = fits.into_iter().find(|length| {
                self.checks = up(self.checks, 1);
                checksum(part_of(known, down(end, *length), end))
            });
            let first = found.and_then(|length| spans.get(down(end, length)));
            if let (Some(length), Some((start, _)), Some((_, last))) = (found, first, last) {
                hits.push(Hit::new(Entity::SeedPhrase, *start, *last));
                end = down(end, length);
            } else {
                end = down(end, 1);
            }
        }
    }
}

fn part_of(places: &[u16], start: usize, end: usize) -> &[u16] {
    places.get(start..end).unwrap_or_default()
}

/// The sign between two words, if there is one, and no more than a comma and a space.
fn joined(between: &[u8]) -> Option<u8> {
    match between {
        [sign @ (b' ' | b'+' | b'-' | b',' | b'_' | b'\n' | b'\t')] => Some(*sign),
        b", " => Some(b';'),
        b"\r\n" => Some(b'\r'),
        b"  " => Some(b'.'),
        _ => None,
    }
}

/// Eleven bits a word; the last bits are the first ones of the hash of those before.
fn checksum(places: &[u16]) -> bool {
    let mut bits = [0u8; 33];
    let mut count = 0usize;
    for place in places {
        for bit in (0..11).rev() {
            if place.wrapping_shr(bit) & 1 == 1
                && let Some(byte) = bits.get_mut(count / 8)
            {
                *byte |= 0x80u8.wrapping_shr(u32::try_from(count % 8).unwrap_or(0));
            }
            count = up(count, 1);
        }
    }
    let check = count / 33;
    let entropy = down(count, check) / 8;
    let Some(hash) = Sha256::digest(bits.get(..entropy).unwrap_or_default()).first().copied() else {
        return false;
    };
    let kept = down(8, check);
    let shift = u32::try_from(kept).unwrap_or(0);
    at(&bits, entropy).wrapping_shr(shift) == hash.wrapping_shr(shift)
}
