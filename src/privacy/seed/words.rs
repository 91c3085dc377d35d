//! The place of a word in the list.

use super::super::bytes::down;
use super::english::BLOCKS;

/// How many bits a letter takes, and a word of eight.
const LETTER: u32 = 5;
const WORD: u32 = 40;

/// The words as numbers, in order.
const KEYS: [u64; 2048] = {
    let mut keys = [0u64; 2048];
    let mut blocks: &[&[u8]] = &BLOCKS;
    let (mut key, mut room, mut place) = (0u64, WORD, 0usize);
    while let [block, more @ ..] = blocks {
        let mut signs = *block;
        while let [sign, rest @ ..] = signs {
            if sign.is_ascii_digit() {
                // The word before is over; of its letters, the next one has so many.
                (_, place) = put(&mut keys, place, key);
                room = WORD.wrapping_sub((*sign as u32).wrapping_sub(b'0' as u32).wrapping_mul(LETTER));
                key &= u64::MAX.wrapping_shl(room);
            } else {
                room = room.wrapping_sub(LETTER);
                key |= letter(*sign).wrapping_shl(room);
            }
            signs = rest;
        }
        blocks = more;
    }
    put(&mut keys, place, key);
    keys
};

/// Puts a word at its place, if there is one yet.
const fn put(keys: &mut [u64; 2048], place: usize, key: u64) -> ((), usize) {
    if key == 0 {
        return ((), place);
    }
    if let Some((_, rest)) = keys.split_at_mut_checked(place)
        && let [to, ..] = rest
    {
        *to = key;
    }
    ((), place.wrapping_add(1))
}

const fn letter(byte: u8) -> u64 {
    (byte as u64).wrapping_sub(b'a' as u64).wrapping_add(1)
}

/// The place of a word of lower-case letters in the list, from 0.
pub(in crate::privacy) fn place_of(word: &[u8]) -> Option<u16> {
    if word.len() > 8 {
        return None;
    }
    let key = word.iter().fold(0u64, |key, byte| key.wrapping_shl(LETTER) | letter(*byte));
    let free = u32::try_from(down(8, word.len())).unwrap_or(0);
    let key = key.wrapping_shl(free.wrapping_mul(LETTER));
    KEYS.binary_search(&key).ok().and_then(|place| u16::try_from(place).ok())
}
