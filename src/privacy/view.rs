//! The text as whoever gets it will read it: escapes decoded, look-alikes folded, with the way back to the original.

use super::bytes::{at, before, down, end_of, part, up};
use super::fold::{Folded, fold};

/// So often an escape is looked for within what an escape gave: `%2525…`.
const ROUNDS: usize = 4;

/// A text of bytes, each with the place of the original that it comes from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    from: Vec<(u32, u32)>,
}

/// Whether a text reads as it is written: no escape, nothing beyond ASCII, no `[at]`.
pub(super) fn is_plain(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(place, byte)| match byte {
        b'%' => !at(text, up(place, 1)).is_ascii_hexdigit(),
        b'&' => !matches!(at(text, up(place, 1)), b'#') && !ends_as_reference(text, place),
        b'\\' => at(text, up(place, 1)) != b'u',
        b'[' | b'(' | b'{' | b'<' => sign(text, place).is_none(),
        0x80.. => false,
        _ => true,
    })
}

fn ends_as_reference(text: &[u8], place: usize) -> bool {
    let start = up(place, 1);
    at(text, end_of(text, start, 15, |byte| byte.is_ascii_alphabetic())) == b';'
}

impl View {
    /// The text as it is written.
    pub(super) fn of(text: &str) -> Self {
        if text.is_ascii() {
            let from = (0..place(text.len())).map(|place| (place, place.saturating_add(1))).collect();
            return View { bytes: text.as_bytes().to_vec(), from };
        }
        let mut view = View::with_capacity(text.len());
        for (start, character) in text.char_indices() {
            view.push(character, place(start), place(up(start, character.len_utf8())));
        }
        view
    }

    fn with_capacity(bytes: usize) -> Self {
        View { bytes: Vec::with_capacity(bytes), from: Vec::with_capacity(bytes) }
    }

    /// As it will be read, or nothing where that is as it is written.
    pub(super) fn decoded(&self) -> Option<Self> {
        let mut decoded: Option<View> = None;
        for _ in 0..ROUNDS {
            let view = decoded.as_ref().unwrap_or(self);
            let unescaped = view.unescaped(true);
            let folded = unescaped.as_ref().unwrap_or(view).folded();
            let Some(next) = folded.or(unescaped) else {
                break;
            };
            decoded = Some(next);
        }
        decoded.as_ref().unwrap_or(self).spelled().or(decoded)
    }

    /// With a sign that is no part of anything in the place of each escape: what stands between them as it is written.
    pub(super) fn between_escapes(&self) -> Option<Self> {
        self.unescaped(false)
    }

    /// The part of the original that a part of the view comes from.
    pub(super) fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let part = self.from.get(start..end).unwrap_or_default();
        let first = part.first().map_or(0, |(start, _)| *start);
        let last = part.last().map_or(first, |(_, end)| *end);
        (usize::try_from(first).unwrap_or(0), usize::try_from(last).unwrap_or(0))
    }

    fn push(&mut self, character: char, start: u32, end: u32) {
        let mut buffer = [0u8; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            self.bytes.push(byte);
            self.from.push((start, end));
        }
    }

    fn copy(&mut self, from: &View, start: usize, end: usize) {
        self.bytes.extend_from_slice(part(&from.bytes, start, end));
        self.from.extend_from_slice(from.from.get(start..end).unwrap_or_default());
    }

    /// The same with some parts in other words. `other` is asked at each byte that may begin such a part: what stands in its
    /// place, if anything, and where the part begins and ends. Nothing, if there is none.
    fn rewritten(
        &self,
        may: impl Fn(u8) -> bool,
        other: impl Fn(&[u8], usize) -> Option<(Written, usize, usize)>,
    ) -> Option<Self> {
        let mut out: Option<View> = None;
        let (mut copied, mut place) = (0, 0);
        while place < self.bytes.len() {
            let found = if may(at(&self.bytes, place)) { other(&self.bytes, place) } else { None };
            let Some((written, start, end)) = found else {
                place = up(place, 1);
                continue;
            };
            let out = out.get_or_insert_with(|| View::with_capacity(self.bytes.len()));
            let start = start.max(copied);
            out.copy(self, copied, start);
            // What stands for several signs comes from all of them.
            let (first, last) = self.origin(start, end);
            let (first, last) = (self::place(first), self::place(last));
            match written {
                Written::Byte(byte) => {
                    out.bytes.push(byte);
                    out.from.push((first, last));
                }
                Written::Character(character) => out.push(character, first, last),
                Written::Nothing => {}
            }
            (copied, place) = (end, end);
        }
        if let Some(out) = &mut out {
            out.copy(self, copied, self.bytes.len());
        }
        out
    }

    /// Percent escapes, HTML references and JSON's `\u0040`, once.
    fn unescaped(&self, decode: bool) -> Option<Self> {
        self.rewritten(
            |byte| matches!(byte, b'%' | b'&' | b'\\'),
            |bytes, place| {
                let (written, end) = match at(bytes, place) {
                    b'%' => percent(bytes, place),
                    b'&' => reference(bytes, place),
                    _ => backslash(bytes, place),
                }?;
                Some((if decode { written } else { Written::Byte(0) }, place, end))
            },
        )
    }

    /// Look-alikes as what they look like. Bytes that are no UTF-8 stay as they are.
    fn folded(&self) -> Option<Self> {
        self.rewritten(
            |byte| byte >= 0x80,
            |bytes, place| {
                let character = character(bytes, place)?;
                let written = match fold(character) {
                    Folded::Ascii(byte) => Written::Byte(byte),
                    Folded::Nothing => Written::Nothing,
                    Folded::Same => return None,
                };
                Some((written, place, up(place, character.len_utf8())))
            },
        )
    }

    /// `jane [at] example (dot) com`.
    fn spelled(&self) -> Option<Self> {
        self.rewritten(
            |byte| matches!(byte, b'[' | b'(' | b'{' | b'<'),
            |bytes, place| {
                let (byte, end) = sign(bytes, place)?;
                // A space on either side belongs to it.
                let start = if before(bytes, place) == b' ' { down(place, 1) } else { place };
                let end = if at(bytes, end) == b' ' { up(end, 1) } else { end };
                Some((Written::Byte(byte), start, end))
            },
        )
    }
}

fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// What stands in the place of a part.
enum Written {
    Byte(u8),
    Character(char),
    Nothing,
}

/// `%40`
fn percent(bytes: &[u8], place: usize) -> Option<(Written, usize)> {
    let high = char::from(at(bytes, up(place, 1))).to_digit(16)?;
    let low = char::from(at(bytes, up(place, 2))).to_digit(16)?;
    let byte = u8::try_from(high.wrapping_mul(16).wrapping_add(low)).ok()?;
    Some((Written::Byte(byte), up(place, 3)))
}

/// `\u0040`, as JSON writes it.
fn backslash(bytes: &[u8], place: usize) -> Option<(Written, usize)> {
    if at(bytes, up(place, 1)) != b'u' {
        return None;
    }
    let end = up(place, 6);
    let code = (up(place, 2)..end).try_fold(0u32, |code, place| {
        Some(code.wrapping_mul(16).wrapping_add(char::from(at(bytes, place)).to_digit(16)?))
    })?;
    Some((Written::Character(char::from_u32(code)?), end))
}

/// `&#64;`, `&#x40;` and the names that matter here; the semicolon may be left out after a number, as browsers let it.
fn reference(bytes: &[u8], place: usize) -> Option<(Written, usize)> {
    const NAMES: &[(&[u8], char)] = &[
        (b"commat", '@'),
        (b"period", '.'),
        (b"amp", '&'),
        (b"plus", '+'),
        (b"hyphen", '-'),
        (b"dash", '-'),
        (b"lowbar", '_'),
        (b"nbsp", ' '),
        (b"lpar", '('),
        (b"rpar", ')'),
        (b"colon", ':'),
        (b"sol", '/'),
        (b"num", '#'),
        (b"percnt", '%'),
        (b"equals", '='),
        (b"quot", '"'),
        (b"lt", '<'),
        (b"gt", '>'),
        (b"shy", '\u{ad}'),
        (b"zwnj", '\u{200c}'),
        (b"zwj", '\u{200d}'),
        (b"ZeroWidthSpace", '\u{200b}'),
        (b"Tab", '\t'),
        (b"NewLine", '\n'),
    ];
    let start = up(place, 1);
    if at(bytes, start) == b'#' {
        let hex = matches!(at(bytes, up(start, 1)), b'x' | b'X');
        let (first, base) = if hex { (up(start, 2), 16) } else { (up(start, 1), 10) };
        let end = end_of(bytes, first, 10, |byte| char::from(byte).is_digit(base));
        let digits = std::str::from_utf8(part(bytes, first, end)).ok()?;
        let character = char::from_u32(u32::from_str_radix(digits, base).ok()?)?;
        let end = if at(bytes, end) == b';' { up(end, 1) } else { end };
        return Some((Written::Character(character), end));
    }
    let end = end_of(bytes, start, 15, |byte| byte.is_ascii_alphabetic());
    if at(bytes, end) != b';' {
        return None;
    }
    let name = part(bytes, start, end);
    let (_, character) = NAMES.iter().find(|(known, _)| *known == name)?;
    Some((Written::Character(*character), up(end, 1)))
}

/// The character that begins at a place, if the bytes are UTF-8 there.
fn character(bytes: &[u8], place: usize) -> Option<char> {
    let length = match at(bytes, place) {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    std::str::from_utf8(part(bytes, place, up(place, length))).ok()?.chars().next()
}

/// `[at]` and `(dot)`, in any brackets, with spaces inside or not.
fn sign(bytes: &[u8], place: usize) -> Option<(u8, usize)> {
    let close = match at(bytes, place) {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        _ => b'>',
    };
    let start = end_of(bytes, up(place, 1), 2, |byte| byte == b' ');
    let end = end_of(bytes, start, 5, |byte| byte.is_ascii_alphabetic() || byte == b'@' || byte == b'.');
    let last = end_of(bytes, end, 2, |byte| byte == b' ');
    if at(bytes, last) != close {
        return None;
    }
    let word = part(bytes, start, end);
    let sign = if word.eq_ignore_ascii_case(b"at") || word == b"@" {
        b'@'
    } else if word.eq_ignore_ascii_case(b"dot")
        || word.eq_ignore_ascii_case(b"punkt")
        || word.eq_ignore_ascii_case(b"punto")
        || word == b"."
    {
        b'.'
    } else {
        return None;
    };
    Some((sign, up(last, 1)))
}
