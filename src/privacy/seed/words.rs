//! The place of a word in the list.

use super::super::bytes::up;
use super::english::BLOCKS;

/// Words in a block.
const BLOCK: usize = 16;

/// The place of a word in the list, from 0.
pub(in crate::privacy) fn place_of(word: &[u8]) -> Option<u16> {
    let after = BLOCKS.partition_point(|block| first_of(block) <= word);
    let block = after.checked_sub(1)?;
    let mut place = block.saturating_mul(BLOCK);
    let mut known = [0u8; 8];
    let mut length = 0usize;
    for byte in BLOCKS.get(block)?.iter().copied().chain(*b"0") {
        if byte.is_ascii_digit() {
            if length > 0 {
                if known.get(..length) == Some(word) {
                    return u16::try_from(place).ok();
                }
                place = up(place, 1);
            }
            length = usize::from(byte.wrapping_sub(b'0'));
        } else if let Some(to) = known.get_mut(length) {
            *to = byte;
            length = up(length, 1);
        }
    }
    None
}

/// The first word of a block stands there whole, after its 0.
fn first_of(block: &[u8]) -> &[u8] {
    let word = block.get(1..).unwrap_or_default();
    let end = word.iter().position(u8::is_ascii_digit).unwrap_or(word.len());
    word.get(..end).unwrap_or_default()
}
