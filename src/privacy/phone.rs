//! Telephone numbers: with a country's code, in the form of North America, and where the words before say so.

use super::bytes::{at, before, down, is_word, part, up};
use super::context::{CALL, PHONE};
use super::hit::{Hit, Hits};
use super::phone_codes::national_length;
use super::run::{Digits, Run};
use crate::privacy::Entity;

/// E.164: the most digits, with the country's code.
const MOST: usize = 15;
const LEAST: usize = 7;

/// Adds the number that begins with this run, if it is one.
pub(super) fn number(run: &Run<'_>, hits: &mut Hits) {
    let start = run.first().start;
    let sign = before(run.bytes, start);
    let found = if sign == b'+' && !is_word(before(run.bytes, down(start, 1))) {
        international(run, 0).map(|count| (down(start, 1), count))
    } else if sign == b'(' {
        // `(+49) 30 …` is found from its plus; here it is `(415) 555-2671`.
        let from = down(start, 1);
        let area =
            run.first().len() == 3 && at(run.bytes, run.first().end) == b')' && !is_word(before(run.bytes, from));
        if area { north_america(run).map(|count| (from, count)) } else { plain(run).map(|count| (start, count)) }
    } else if run.starts() && sign != b'/' {
        plain(run).map(|count| (start, count))
    } else {
        return;
    };
    let Some((from, count)) = found else { return };
    let Some(end) = run.ends(count) else { return };
    // `(+49) 30 …`: a bracket that closes within the number opens it.
    let closed = part(run.bytes, start, end).contains(&b')') && !part(run.bytes, start, end).contains(&b'(');
    let opened = at(run.bytes, from) == b'+' && before(run.bytes, from) == b'(' && closed;
    let from = if opened { down(from, 1) } else { from };
    hits.push(Hit::new(Entity::PhoneNumber, from, end));
}

/// How many groups make an international number after its plus, whose first `skip` digits are no part of it.
fn international(run: &Run<'_>, skip: usize) -> Option<usize> {
    let mut best = None;
    let all = run.digits(run.groups().len());
    let mut length = 0usize;
    for (group, count) in run.groups().iter().zip(1usize..) {
        length = up(length, group.len());
        if (group.separator == b'/' && count > 1) || down(length, skip) > MOST {
            break;
        }
        let digits = all.first(length);
        // What follows may be a figure of its own: in a number already whole, a group of one or two digits is left.
        let whole = best.is_some() && group.len() < 2;
        if !whole && run.ends(count).is_some() && dialled(&digits, skip, trunk_zero(run)) {
            best = Some(count);
        }
    }
    best
}

/// The `(0)` of `+44 (0)20 …` is not dialled from abroad.
fn trunk_zero(run: &Run<'_>) -> bool {
    run.groups()
        .iter()
        .skip(1)
        .take(2)
        .any(|group| group.len() == 1 && at(run.bytes, group.start) == b'0' && before(run.bytes, group.start) == b'(')
}

fn dialled(digits: &Digits, skip: usize, trunk: bool) -> bool {
    let figures = digits.as_slice().get(skip..).unwrap_or_default();
    let Some((code, least, most)) = (1..=3).find_map(|length| {
        let code = digits.number(skip, up(skip, length));
        national_length(code, length).map(|(least, most)| (length, least, most))
    }) else {
        return false;
    };
    let national = figures.get(code..).unwrap_or_default();
    let national = if trunk { national.get(1..).unwrap_or_default() } else { national };
    let first = national.first().copied().unwrap_or(0);
    if !(usize::from(least)..=usize::from(most)).contains(&national.len()) || varied(national) < 2 {
        return false;
    }
    match digits.number(skip, up(skip, code)) {
        1 => is_north_american(national),
        // Italy and a few others keep the zero of the fixed net.
        39 | 378 | 225 | 242 | 241 => true,
        7 => first >= 3,
        _ => first != 0,
    }
}

/// Of how many different figures: nobody has the number 000 000 0000.
fn varied(figures: &[u8]) -> u32 {
    figures.iter().fold(0u16, |seen, figure| seen | 1u16.wrapping_shl(u32::from(*figure))).count_ones()
}

/// Area and exchange of the North American plan begin with 2 to 9, and do not end in 11.
fn is_north_american(figures: &[u8]) -> bool {
    let [a, b, c, d, e, f, _, _, _, _] = figures else {
        return false;
    };
    *a >= 2 && !(*b == 1 && *c == 1) && *d >= 2 && !(*e == 1 && *f == 1) && *b != 9
}

/// How many groups make a number in the form of North America: 415-555-2671, 1-415-555-2671.
fn north_america(run: &Run<'_>) -> Option<usize> {
    let (three, four) = (run.lengths::<3>(), run.lengths::<4>());
    if three == Some([3, 3, 4]) {
        return is_north_american(run.digits(3).as_slice()).then_some(3);
    }
    if four == Some([1, 3, 3, 4]) && at(run.bytes, run.first().start) == b'1' {
        return is_north_american(run.digits(4).as_slice().get(1..).unwrap_or_default()).then_some(4);
    }
    None
}

/// A number without a plus: in the form of North America, or of any form where the words before call it one.
fn plain(run: &Run<'_>) -> Option<usize> {
    if let Some(count) = north_america(run)
        && same_separators(run, count)
        && run.ends(count).is_some()
    {
        return (!run.context().thing).then_some(count);
    }
    let first = run.first();
    if (first.len() < LEAST && run.groups().len() < 2) || is_date(run) {
        return None;
    }
    let abroad = at(run.bytes, first.start) == b'0' && at(run.bytes, up(first.start, 1)) == b'0';
    let abroad = if abroad { international(run, 2) } else { None };
    // As many groups as can be, where the words before call it a telephone; and as can be, where one is asked to call.
    let (mut phone, mut call) = (None, None);
    let all = run.digits(run.groups().len());
    let mut length = 0usize;
    let groups = if varied(all.as_slice()) < 3 { &[] } else { run.groups() };
    for (group, count) in groups.iter().zip(1usize..) {
        length = up(length, group.len());
        if length > MOST {
            break;
        }
        if length >= LEAST && run.ends(count).is_some() && varied(all.first(length).as_slice()) >= 3 {
            phone = Some(count);
            call = phone.filter(|_| count > 1 && length > LEAST).or(call);
        }
    }
    // Last, for the words before cost the most.
    abroad.or(phone)?;
    let context = run.context();
    if context.thing || !context.says(PHONE | CALL) {
        return None;
    }
    abroad.or(if context.says(PHONE) { phone } else { call })
}

/// The groups of the number, one kind of separator between them; a bracket round the area has two.
fn same_separators(run: &Run<'_>, count: usize) -> bool {
    let groups = run.groups().get(1..count).unwrap_or_default();
    let odd = groups.iter().any(|group| group.separator == b'/');
    !odd && (run.separator(count).is_some() || groups.iter().any(|group| group.separator == b'('))
}

/// 2026-01-05: a year, a month, a day.
fn is_date(run: &Run<'_>) -> bool {
    let Some([4, 1..=2, 1..=2]) = run.lengths::<3>() else {
        return false;
    };
    let digits = run.digits(1);
    (1_900..2_100).contains(&digits.number(0, 4))
}
