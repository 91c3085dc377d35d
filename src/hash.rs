//! Bytes as text, and what texts are known by.

use sha2::{Digest, Sha256};

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| half.wrapping_add(if half < 10 { b'0' } else { b'a' - 10 });
    let mut text = vec![0; bytes.len().saturating_mul(2)];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    // Digits are text.
    String::from_utf8(text).unwrap_or_default()
}

/// SHA-256 in hex of the texts in their frames.
#[must_use]
pub fn framed(texts: &[&str]) -> String {
    hex(&Sha256::digest(frames(texts)))
}

/// Each text with its length before it, so that no two lists of texts give the same bytes.
#[must_use]
pub fn frames(texts: &[&str]) -> Vec<u8> {
    let mut bytes =
        Vec::with_capacity(texts.iter().fold(0, |size, text| FRAME.saturating_add(size).saturating_add(text.len())));
    for text in texts {
        bytes.extend_from_slice(itoa::Buffer::new().format(text.len()).as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// What is enough for most frames, in bytes: then all are made in one piece.
const FRAME: usize = 4;
