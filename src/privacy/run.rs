//! A run: groups of digits with single separators between, as a number of any kind is written.

use std::cell::OnceCell;

use super::bytes::{at, before, down, end_of, is_word, up};
use super::context::{Context, Words};

/// More groups than a number of any kind has are not looked at.
const GROUPS: usize = 8;
/// So many are read at once.
const AHEAD: usize = 32;
/// More digits than a number of any kind has.
const DIGITS: usize = 24;

/// A group of digits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands before it, after the group before: ` `, `-`, `.`, or `(` for several signs. Of no use in the first of
    /// a run.
    pub(super) separator: u8,
}

impl Group {
    pub(super) const fn len(self) -> usize {
        down(self.end, self.start)
    }
}

/// Groups that stand together, read ahead: a run begins with each of them, and none is read for each run anew.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    groups: [Group; AHEAD],
    count: usize,
    /// The first that is still of use.
    from: usize,
    /// Whether the last one has none after it.
    whole: bool,
    /// The words before the first, once somebody has asked.
    words: OnceCell<Words>,
}

impl Ahead {
    /// The run that begins with the digit at a place.
    pub(super) fn run<'a>(&'a mut self, bytes: &'a [u8], start: usize) -> Run<'a> {
        while self.rest().first().is_some_and(|group| group.start < start) {
            self.from = up(self.from, 1);
        }
        let read = self.rest().first().is_some_and(|group| group.start == start);
        if !read || (!self.whole && self.rest().len() < GROUPS) {
            self.read(bytes, start);
        }
        let rest = self.rest();
        let place = self.groups.first().map_or(start, |group| group.start);
        Run { bytes, groups: rest.get(..GROUPS).unwrap_or(rest), row: place, words: &self.words }
    }

    fn rest(&self) -> &[Group] {
        self.groups.get(self.from..self.count).unwrap_or_default()
    }

    fn read(&mut self, bytes: &[u8], start: usize) {
        (self.count, self.from, self.whole, self.words) = (0, 0, false, OnceCell::new());
        let (mut place, mut separator) = (start, 0);
        for group in &mut self.groups {
            let end = end_of(bytes, place, DIGITS, |byte| byte.is_ascii_digit());
            *group = Group { start: place, end, separator };
            self.count = up(self.count, 1);
            let next = at(bytes, end);
            let after = at(bytes, up(end, 1));
            (place, separator) = if matches!(next, b' ' | b'-' | b'.' | b'/' | b'+') && after.is_ascii_digit() {
                (up(end, 1), if next == b'+' { b' ' } else { next })
            } else if matches!(next, b'(' | b')') && after.is_ascii_digit() {
                (up(end, 1), b'(')
            } else if matches!(next, b' ' | b'-' | b')' | b'.' | b'(' | b'/')
                && matches!(after, b' ' | b'(' | b')' | b'-')
                && at(bytes, up(end, 2)).is_ascii_digit()
            {
                (up(end, 2), b'(')
            } else if matches!((next, after, at(bytes, up(end, 2))), (b' ', b'(', _) | (b')', b' ', b'-'))
                && at(bytes, up(end, 3)).is_ascii_digit()
            {
                (up(end, 3), b'(')
            } else {
                self.whole = true;
                break;
            };
        }
    }
}

/// Groups that may make a number together.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) bytes: &'a [u8],
    groups: &'a [Group],
    /// Where the row of groups begins that these are of, and the words before it.
    row: usize,
    words: &'a OnceCell<Words>,
}

impl Run<'_> {
    pub(super) const fn groups(&self) -> &[Group] {
        self.groups
    }

    pub(super) fn first(&self) -> Group {
        self.groups.first().copied().unwrap_or_default()
    }

    /// The first groups, as lengths, if there are as many.
    pub(super) fn lengths<const N: usize>(&self) -> Option<[usize; N]> {
        let groups = self.groups().get(..N)?;
        let mut lengths = [0; N];
        for (length, group) in lengths.iter_mut().zip(groups) {
            *length = group.len();
        }
        Some(lengths)
    }

    /// Whether the first `count` groups have the same separator between them, and which.
    pub(super) fn separator(&self, count: usize) -> Option<u8> {
        let mut rest = self.groups().get(1..count)?.iter().map(|group| group.separator);
        let first = rest.next()?;
        rest.all(|separator| separator == first).then_some(first)
    }

    /// Where the first `count` groups end, if nothing that follows belongs to them: no letter, no decimals, no further
    /// group of the same form.
    pub(super) fn ends(&self, count: usize) -> Option<usize> {
        let last = self.groups().get(down(count, 1))?;
        let (next, after) = (at(self.bytes, last.end), at(self.bytes, up(last.end, 1)));
        let goes_on = match next {
            b'_' => true,
            b'-' => after.is_ascii_digit() || (is_word(after) && count == 1),
            b'.' | b':' => after.is_ascii_digit(),
            b',' => after.is_ascii_digit() && last.len() <= 3,
            _ => is_word(next),
        };
        (!goes_on).then_some(last.end)
    }

    /// Whether nothing before belongs to the first group.
    pub(super) fn starts(&self) -> bool {
        let first = self.first();
        let (last, one_more) = (before(self.bytes, first.start), before(self.bytes, down(first.start, 1)));
        let belongs = match last {
            b'_' | b'#' | b'$' => true,
            b'-' => is_word(one_more),
            b'.' | b':' => one_more.is_ascii_digit(),
            // A thousand, and not the next column of a table.
            b',' => one_more.is_ascii_digit() && first.len() <= 3,
            _ => is_word(last),
        };
        !belongs
    }

    pub(super) fn context(&self) -> Context {
        self.words.get_or_init(|| Words::before(self.bytes, self.row)).context(self.first().start)
    }

    /// The digits of the first `count` groups, at most [`DIGITS`].
    pub(super) fn digits(&self, count: usize) -> Digits {
        let mut digits = Digits::default();
        for group in self.groups().iter().take(count) {
            for place in group.start..group.end {
                digits.push(at(self.bytes, place));
            }
        }
        digits
    }
}

/// Some digits as figures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Digits {
    figures: [u8; DIGITS],
    count: usize,
}

impl Digits {
    fn push(&mut self, byte: u8) {
        if let Some(figure) = self.figures.get_mut(self.count) {
            *figure = byte.wrapping_sub(b'0');
            self.count = up(self.count, 1);
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.figures.get(..self.count).unwrap_or_default()
    }

    /// The first ones alone.
    pub(super) fn first(&self, count: usize) -> Self {
        Self { figures: self.figures, count: count.min(self.count) }
    }

    /// The number that some of them make.
    pub(super) fn number(&self, from: usize, to: usize) -> u32 {
        let figures = self.as_slice().get(from..to.min(self.count)).unwrap_or_default();
        figures.iter().fold(0u32, |number, figure| number.saturating_mul(10).saturating_add(u32::from(*figure)))
    }
}
