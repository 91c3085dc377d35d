//! Numbers of the United States: social security, individual taxpayer, passport.

use super::bytes::{at, before, down, end_of, is_word, up};
use super::context::{Context, ITIN, PASSPORT, SSN};
use super::hit::{Hit, Hits};
use super::run::Run;
use crate::privacy::Entity;

/// Whether the run is one of them.
pub(super) fn number(run: &Run<'_>, hits: &mut Hits) -> bool {
    let count = match (run.lengths::<1>(), run.lengths::<3>()) {
        (_, Some([3, 2, 4])) => 3,
        (Some([9]), _) => 1,
        _ => return false,
    };
    let separator = run.separator(3).filter(|_| count == 3);
    if count == 3 && !matches!(separator, Some(b'-' | b' ' | b'.')) {
        return false;
    }
    let Some(end) = run.ends(count) else {
        return false;
    };
    let digits = run.digits(count);
    let (area, group, serial) = (digits.number(0, 3), digits.number(3, 5), digits.number(5, 9));
    let context = run.context();
    let entity = if is_ssn(area, group, serial)
        && (context.says(SSN) || (separator == Some(b'-') && !context.thing && !context.says(ITIN | PASSPORT)))
    {
        Entity::UsSsn
    } else if area >= 900 && is_itin_group(group) && context.says(ITIN) {
        Entity::UsItin
    } else if count == 1 && context.says(PASSPORT) {
        Entity::UsPassport
    } else {
        return false;
    };
    hits.push(Hit::new(entity, run.first().start, end));
    true
}

/// What the Social Security Administration never gives out is none.
const fn is_ssn(area: u32, group: u32, serial: u32) -> bool {
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

/// The fourth and fifth digit of an ITIN, by the Internal Revenue Service.
const fn is_itin_group(group: u32) -> bool {
    matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// A passport of the newer kind: a letter and eight digits, of which `start` is the first.
pub(super) fn passport_with_letter(bytes: &[u8], start: usize, hits: &mut Hits) {
    let letter = down(start, 1);
    let end = end_of(bytes, start, 9, |byte| byte.is_ascii_digit());
    if down(end, start) != 8
        || is_word(before(bytes, letter))
        || is_word(at(bytes, end))
        || !at(bytes, letter).is_ascii_uppercase()
    {
        return;
    }
    if before(bytes, letter) == b'_' || matches!((at(bytes, end), at(bytes, up(end, 1))), (b'-' | b'.', b'0'..=b'9')) {
        return;
    }
    if Context::of(bytes, letter).says(PASSPORT) {
        hits.push(Hit::new(Entity::UsPassport, letter, end));
    }
}
