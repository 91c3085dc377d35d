//! The bytes of a text, read one at a time. Every read goes through here, so that the tests can count them.

/// A decimal digit.
pub(super) const DIGIT: u8 = 1;
/// A lower-case letter.
pub(super) const LOWER: u8 = 2;
/// An upper-case letter.
pub(super) const UPPER: u8 = 4;
/// `_` and `-`: they join the parts of a token.
pub(super) const JOINT: u8 = 8;
/// `@`, `:` and `=`: something may stand around them.
pub(super) const MARK: u8 = 16;

/// What kind of byte it is; 0 for all others.
const KINDS: [u8; 256] = {
    let mut kinds = [0u8; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut kinds, 0);
    while let [kind, more @ ..] = rest {
        *kind = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'_' | b'-' => JOINT,
            b'@' | b':' | b'=' => MARK,
            _ => 0,
        };
        rest = more;
        byte = byte.wrapping_add(1);
    }
    kinds
};

/// The byte at a place; 0 beyond the end. (A text may hold 0 itself: it is no letter, no digit and no sign either.)
#[inline]
pub(super) fn at(bytes: &[u8], place: usize) -> u8 {
    #[cfg(test)]
    work::count(1);
    bytes.get(place).copied().unwrap_or(0)
}

/// The byte before a place.
#[inline]
pub(super) fn before(bytes: &[u8], place: usize) -> u8 {
    place.checked_sub(1).map_or(0, |place| at(bytes, place))
}

/// The bytes between two places; none where there is no such part.
#[inline]
pub(super) fn part(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    let part = bytes.get(start..end).unwrap_or_default();
    #[cfg(test)]
    work::count(part.len());
    part
}

#[inline]
pub(super) fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    kind(byte) & (DIGIT | LOWER | UPPER) != 0
}

#[inline]
pub(super) const fn up(place: usize, by: usize) -> usize {
    place.saturating_add(by)
}

#[inline]
pub(super) const fn down(place: usize, by: usize) -> usize {
    place.saturating_sub(by)
}

/// The first place from `start` on whose byte is none of these; `most` bytes on at the latest.
#[inline]
pub(super) fn end_of(bytes: &[u8], start: usize, most: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let last = up(start, most).min(bytes.len());
    let mut place = start;
    while place < last && belongs(at(bytes, place)) {
        place = up(place, 1);
    }
    place
}

/// Where those before `end` begin; `most` bytes back at the earliest.
#[inline]
pub(super) fn start_of(bytes: &[u8], end: usize, most: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let first = down(end, most);
    let mut place = end;
    while place > first && belongs(before(bytes, place)) {
        place = down(place, 1);
    }
    place
}

/// Counts how many bytes were looked at, for the tests that show that it is linear.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    thread_local! {
        static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::privacy) fn count(bytes: usize) {
        LOOKED_AT.with(|cell| cell.set(cell.get().saturating_add(bytes)));
    }

    /// How many since the last time.
    pub(in crate::privacy) fn take() -> usize {
        LOOKED_AT.with(|cell| cell.replace(0))
    }
}
