//! Letters, digits and signs that look like ASCII, as what they look like; and those that can't be seen, as nothing.

/// What a character stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// This ASCII character.
    Ascii(u8),
    /// Nothing: it is not seen.
    Nothing,
    /// Itself.
    Same,
}

/// The first digit zero of scripts that have ten digits in a row.
#[rustfmt::skip]
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
    0x0f20, 0x1040, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1b50, 0x2080, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1fbf0,
];

/// Letters of other scripts that look like ASCII ones, in order.
const LOOKALIKES: &[(char, u8)] = &[
    ('ı', b'i'),
    ('ſ', b's'),
    ('ɑ', b'a'),
    ('ɡ', b'g'),
    ('ɩ', b'i'),
    ('Α', b'A'),
    ('Β', b'B'),
    ('Ε', b'E'),
    ('Ζ', b'Z'),
    ('Η', b'H'),
    ('Ι', b'I'),
    ('Κ', b'K'),
    ('Μ', b'M'),
    ('Ν', b'N'),
    ('Ο', b'O'),
    ('Ρ', b'P'),
    ('Τ', b'T'),
    ('Υ', b'Y'),
    ('Χ', b'X'),
    ('α', b'a'),
    ('ι', b'i'),
    ('ν', b'v'),
    ('ο', b'o'),
    ('ρ', b'p'),
    ('υ', b'u'),
    ('ϲ', b'c'),
    ('ϳ', b'j'),
    ('Ѕ', b'S'),
    ('І', b'I'),
    ('Ј', b'J'),
    ('А', b'A'),
    ('В', b'B'),
    ('Е', b'E'),
    ('К', b'K'),
    ('М', b'M'),
    ('Н', b'H'),
    ('О', b'O'),
    ('Р', b'P'),
    ('С', b'C'),
    ('Т', b'T'),
    ('У', b'Y'),
    ('Х', b'X'),
    ('а', b'a'),
    ('е', b'e'),
    ('о', b'o'),
    ('р', b'p'),
    ('с', b'c'),
    ('у', b'y'),
    ('х', b'x'),
    ('ѕ', b's'),
    ('і', b'i'),
    ('ј', b'j'),
    ('һ', b'h'),
    ('ԁ', b'd'),
    ('ԛ', b'q'),
    ('ԝ', b'w'),
    ('օ', b'o'),
    ('ℓ', b'l'),
];

/// What a character beyond ASCII stands for.
pub(super) fn fold(character: char) -> Folded {
    let code = u32::from(character);
    let ascii = |byte: u32| u8::try_from(byte).map_or(Folded::Same, Folded::Ascii);
    let letter = |from: u32, first: u8| ascii(code.wrapping_sub(from).wrapping_add(u32::from(first)));
    match code {
        0..0x80 => ascii(code),
        // Soft hyphen, joiners, marks of direction, selectors of variants, tags.
        0xad
        | 0x34f
        | 0x61c
        | 0x115f
        | 0x1160
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xe0000..=0xe0fff => Folded::Nothing,
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Folded::Ascii(b' '),
        0x2028 | 0x2029 | 0x85 => Folded::Ascii(b'\n'),
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xfe58 | 0xfe63 | 0x2e3a | 0x30fc => Folded::Ascii(b'-'),
        0x2024 | 0x3002 | 0xfe52 | 0xff61 | 0xb7 | 0x2027 | 0x30fb => Folded::Ascii(b'.'),
        0x2018 | 0x2019 | 0x2032 => Folded::Ascii(b'\''),
        0xfe6b => Folded::Ascii(b'@'),
        0xb9 => Folded::Ascii(b'1'),
        0xb2 => Folded::Ascii(b'2'),
        0xb3 => Folded::Ascii(b'3'),
        0x2070 => Folded::Ascii(b'0'),
        0x2074..=0x2079 => letter(0x2074, b'4'),
        0x2460..=0x2468 => letter(0x2460, b'1'),
        0x24ea => Folded::Ascii(b'0'),
        0x2776..=0x277e => letter(0x2776, b'1'),
        0x24b6..=0x24cf => letter(0x24b6, b'A'),
        0x24d0..=0x24e9 => letter(0x24d0, b'a'),
        0x1f130..=0x1f149 => letter(0x1f130, b'A'),
        0xff01..=0xff5e => letter(0xff01, b'!'),
        // The alphabets of mathematics: capitals and small letters, over and over.
        0x1d400..=0x1d6a3 => {
            let place = code.wrapping_sub(0x1d400) % 52;
            if place < 26 { ascii(place.wrapping_add(65)) } else { ascii(place.wrapping_add(71)) }
        }
        _ => digit(code).or_else(|| lookalike(character)).unwrap_or(Folded::Same),
    }
}

fn digit(code: u32) -> Option<Folded> {
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(after.checked_sub(1)?)?;
    let value = u8::try_from(code.checked_sub(*zero)?).ok().filter(|value| *value < 10)?;
    Some(Folded::Ascii(value.wrapping_add(b'0')))
}

fn lookalike(character: char) -> Option<Folded> {
    let place = LOOKALIKES.binary_search_by_key(&character, |(known, _)| *known).ok()?;
    LOOKALIKES.get(place).map(|(_, byte)| Folded::Ascii(*byte))
}
