//! Base64 in a value: decoded, if what comes out is text.

use super::bytes::{at, down, end_of, part, up};

/// Shorter text holds nothing that is looked for.
const SHORTEST: usize = 11;
const LONGEST: usize = 64 * 1024;

/// The token that begins at a place, of either alphabet, with its padding.
pub(super) fn token_end(bytes: &[u8], start: usize) -> usize {
    let end =
        end_of(bytes, start, LONGEST, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
    end_of(bytes, end, 2, |byte| byte == b'=')
}

/// The text that a token stands for, if it is base64 of text.
pub(super) fn text_of(bytes: &[u8], start: usize, end: usize) -> Option<String> {
    let mut last = end;
    while last > start && at(bytes, down(last, 1)) == b'=' {
        last = down(last, 1);
    }
    let token = part(bytes, start, last);
    if token.len() < SHORTEST || token.len() % 4 == 1 {
        return None;
    }
    let mut text = Vec::new();
    for group in token.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            bits = bits.wrapping_shl(6) | sextet(*byte)?;
        }
        bits = bits.wrapping_shl(match group.len() {
            2 => 12,
            3 => 6,
            _ => 0,
        });
        let made = bits.to_be_bytes();
        for byte in made.iter().skip(1).take(down(group.len(), 1)) {
            // Random bytes are soon no text; then nothing more is decoded.
            if *byte < b' ' && !matches!(byte, b'\n' | b'\t' | b'\r') || *byte == 0x7f {
                return None;
            }
            text.push(*byte);
        }
        if text.len() == 12 && std::str::from_utf8(&text).is_err_and(|error| error.error_len().is_some()) {
            return None;
        }
    }
    let text = String::from_utf8(text).ok()?;
    (up(text.len(), 0) >= 8).then_some(text)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
