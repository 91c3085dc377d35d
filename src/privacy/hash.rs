//! A keyed hash that stands in the place of a value: the same for the same value, and of no use without the key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Sixteen letters, from a to p: no digits, so that it can't be taken for a number of anything.
pub(super) fn letters(key: &[u8], entity: &str, value: &str) -> String {
    let mac = hmac(key, &[entity.as_bytes(), b"\0", value.as_bytes()]);
    let nibbles = mac.iter().take(8).flat_map(|byte| [byte.wrapping_shr(4), byte & 15]);
    nibbles.map(|nibble| char::from(nibble.wrapping_add(b'a'))).collect()
}

/// HMAC-SHA256.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 2 and 6.
    #[test]
    fn it_is_hmac() {
        let hex = |bytes: [u8; 32]| crate::hash::hex(&bytes);
        assert_eq!(
            hex(hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"])),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn the_key_and_the_kind_matter() {
        let one = letters(b"k", "EMAIL_ADDRESS", "jane@example.com");
        assert_eq!(one.len(), 16);
        assert_eq!(one, letters(b"k", "EMAIL_ADDRESS", "jane@example.com"));
        assert_ne!(one, letters(b"l", "EMAIL_ADDRESS", "jane@example.com"));
        assert_ne!(one, letters(b"k", "PHONE_NUMBER", "jane@example.com"));
    }
}
