//! Numbers: what each run of groups is, is asked of each kind in turn.

use super::bytes::before;
use super::hit::Hits;
use super::run::Ahead;
use super::{card, iban, ip, phone, us};

/// Looks at the digits that begin at a place. Gives back up to where they are told: what is a card's or a person's number
/// is not looked into for others.
pub(super) fn digits(bytes: &[u8], start: usize, ahead: &mut Ahead, hits: &mut Hits) -> usize {
    let last = before(bytes, start);
    if last.is_ascii_alphabetic() {
        iban::two_letters(bytes, start, hits);
        us::passport_with_letter(bytes, start, hits);
        return start;
    }
    let run = ahead.run(bytes, start);
    let first = run.first();
    if run.groups().len() == 1 && first.len() < 7 {
        return start;
    }
    let known = hits.len();
    let found = (first.len() <= 3 && ip::four_groups(&run, hits))
        || (first.len() >= 3 && run.starts() && (card::number(&run, hits) || us::number(&run, hits)));
    if !found {
        phone::number(&run, hits);
    }
    hits.get(known).map_or(start, |hit| hit.end)
}
