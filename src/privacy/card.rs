//! Payment cards: the ranges of the issuers (ISO/IEC 7812), their lengths, and Luhn's check digit.

use super::bytes::{before, down, is_word};
use super::context::CARD;
use super::hit::{Hit, Hits};
use super::run::{Digits, Run};
use crate::privacy::Entity;

/// Whether the run is a card's number.
pub(super) fn number(run: &Run<'_>, hits: &mut Hits) -> bool {
    let (single, four, five, three) = (run.lengths::<1>(), run.lengths::<4>(), run.lengths::<5>(), run.lengths::<3>());
    let count = match (single, three, four, five) {
        (_, _, _, Some([4, 4, 4, 4, 3])) if grouped(run, 5) => 5,
        (_, _, Some([4, 4, 4, 4]), _) if grouped(run, 4) => 4,
        (_, Some([4, 6, 5] | [4, 6, 4]), _, _) if grouped(run, 3) => 3,
        (Some([13..=19]), ..) => 1,
        _ => return false,
    };
    let digits = run.digits(count);
    let Some(end) = run.ends(count).filter(|_| issued(&digits) && luhn(digits.as_slice())) else {
        return false;
    };
    let start = run.first().start;
    // A telephone number has a plus; the plus of a query, which is a space, stands after something.
    if before(run.bytes, start) == b'+' && !is_word(before(run.bytes, down(start, 1))) {
        return false;
    }
    let context = run.context();
    if context.thing && !context.says(CARD) {
        return false;
    }
    hits.push(Hit::new(Entity::CreditCard, start, end));
    true
}

fn grouped(run: &Run<'_>, count: usize) -> bool {
    matches!(run.separator(count), Some(b' ' | b'-'))
}

/// Whether some issuer gives out numbers that begin so, of this length.
fn issued(digits: &Digits) -> bool {
    let length = digits.as_slice().len();
    let six = digits.number(0, 6);
    match six / 100_000 {
        1 => length == 15 && six / 100 == 1_800,
        2 => {
            (length == 16 && (222_100..=272_099).contains(&six))
                || (length == 15 && six / 100 == 2_131)
                || mir(six, length)
        }
        3 => match six / 10_000 {
            34 | 37 => length == 15,
            35 => (352_800..=358_999).contains(&six) && (16..=19).contains(&length),
            36 => (14..=19).contains(&length),
            38 | 39 => (14..=19).contains(&length),
            30 => (matches!(six / 1_000, 300..=305) || six / 100 == 3_095) && (14..=19).contains(&length),
            _ => false,
        },
        4 => matches!(length, 13 | 16 | 19),
        5 => {
            (matches!(six / 10_000, 51..=55) && length == 16)
                || (matches!(six / 10_000, 50 | 56..=58) && (13..=19).contains(&length) && maestro(six))
        }
        6 => {
            let discover = six / 100 == 6_011 || matches!(six / 1_000, 644..=649) || six / 10_000 == 65;
            (discover && (16..=19).contains(&length))
                || (six / 10_000 == 62 && (16..=19).contains(&length))
                || (matches!(six / 100, 6_304 | 6_759 | 6_761..=6_763) && (13..=19).contains(&length))
                || (six / 10_000 == 60 && length == 16 && matches!(six / 100, 6_060..=6_062 | 6_069 | 6_080..=6_085))
        }
        _ => false,
    }
}

fn mir(six: u32, length: usize) -> bool {
    (2_200..=2_204).contains(&(six / 100)) && (16..=19).contains(&length)
}

fn maestro(six: u32) -> bool {
    matches!(six / 100, 5_018 | 5_020 | 5_038 | 5_893)
}

/// Luhn: every second digit from the right counts twice, and the sum ends in 0.
fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        let digit = u32::from(*digit);
        let doubled = digit.wrapping_mul(2);
        let counted = if place % 2 == 0 {
            digit
        } else if doubled > 9 {
            doubled.wrapping_sub(9)
        } else {
            doubled
        };
        sum = sum.wrapping_add(counted);
    }
    // All zeros pass the sum, and are nobody's number.
    sum.is_multiple_of(10) && sum > 0 && digits.iter().skip(down(digits.len(), 8)).any(|digit| *digit != 0)
}
