//! International bank account numbers (ISO 13616): the country's own form, and the remainder by 97.

use super::bytes::{at, before, down, is_word, part, up};
use super::hit::{Hit, Hits};
use super::iban_countries::COUNTRIES;
use crate::privacy::Entity;

/// Looks at the digits at a place, before which a letter stands.
pub(super) fn two_letters(bytes: &[u8], digits: usize, hits: &mut Hits) {
    let start = down(digits, 2);
    let boundary = !is_word(before(bytes, start)) && before(bytes, start) != b'_';
    if digits < 2 || !boundary || !at(bytes, up(digits, 1)).is_ascii_digit() {
        return;
    }
    let [a, b] = *part(bytes, start, digits) else {
        return;
    };
    let Some(form) = form_of([a.to_ascii_uppercase(), b.to_ascii_uppercase()]) else {
        return;
    };
    if let Some(end) = account(bytes, start, form) {
        hits.push(Hit::new(Entity::IbanCode, start, end));
    }
}

/// The form of a country's numbers, such as `8n10n`.
fn form_of(country: [u8; 2]) -> Option<&'static [u8]> {
    let mut forms = COUNTRIES.split_ascii_whitespace().map(str::as_bytes);
    forms.find_map(|form| form.strip_prefix(&country))
}

/// Where the account's number ends, if it is one.
fn account(bytes: &[u8], start: usize, form: &[u8]) -> Option<usize> {
    let check = up(start, 2);
    let mut walk = Walk { bytes, place: check, separator: None, read: 2 };
    let mut rest = Remainder(0);
    for _ in 0..2 {
        rest.push(walk.next(b'n')?);
    }
    // The country and the check digits count last.
    let last = [at(bytes, start).to_ascii_uppercase(), at(bytes, up(start, 1)).to_ascii_uppercase()];
    let check_digits = rest;
    rest = Remainder(0);
    let mut count = 0usize;
    for sign in form {
        if sign.is_ascii_digit() {
            count = count.saturating_mul(10).saturating_add(usize::from(sign.wrapping_sub(b'0')));
            continue;
        }
        for _ in 0..count {
            rest.push(walk.next(*sign)?);
        }
        count = 0;
    }
    rest.push(last[0]);
    rest.push(last[1]);
    let total = rest.0.wrapping_mul(100).wrapping_add(check_digits.0) % 97;
    let (next, after) = (at(bytes, walk.place), at(bytes, up(walk.place, 1)));
    let whole = !is_word(next) && next != b'_' && !(next == b'-' && is_word(after));
    (total == 1 && whole).then_some(walk.place)
}

/// Reads one sign after another, over single separators that stand at every fourth.
struct Walk<'a> {
    bytes: &'a [u8],
    place: usize,
    separator: Option<u8>,
    read: usize,
}

impl Walk<'_> {
    fn next(&mut self, kind: u8) -> Option<u8> {
        let mut byte = at(self.bytes, self.place);
        if self.read.is_multiple_of(4) {
            let separates = matches!(byte, b' ' | b'-' | b'+' | b'.');
            let expected = self.separator.get_or_insert(if separates { byte } else { 0 });
            if *expected != 0 {
                if byte != *expected {
                    return None;
                }
                self.place = up(self.place, 1);
                byte = at(self.bytes, self.place);
            }
        }
        let fits = match kind {
            b'n' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            _ => is_word(byte),
        };
        self.place = up(self.place, 1);
        self.read = up(self.read, 1);
        fits.then(|| byte.to_ascii_uppercase())
    }
}

/// The remainder by 97 of what was read so far; a letter counts as two digits, from 10 for A.
#[derive(Clone, Copy)]
struct Remainder(u32);

impl Remainder {
    fn push(&mut self, byte: u8) {
        self.0 = if byte.is_ascii_digit() {
            self.0.wrapping_mul(10).wrapping_add(u32::from(byte.wrapping_sub(b'0')))
        } else {
            self.0.wrapping_mul(100).wrapping_add(u32::from(byte.wrapping_sub(b'A')).wrapping_add(10))
        } % 97;
    }
}
