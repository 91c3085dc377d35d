//! Solana's addresses in Bitcoin's base 58, for keys of 32 bytes.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// 58^44 > 2^256: a key has at most as many digits.
const MAX_DIGITS: usize = 44;

/// The 32 bytes, if the text is the one spelling of as many.
#[must_use]
pub fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    // Eight words, the lowest first: a quarter of the steps that single bytes would take.
    let mut words = [0u32; 8];
    for digit in text.bytes() {
        let mut carry = u64::try_from(ALPHABET.iter().position(|&known| known == digit)?).ok()?;
        for word in &mut words {
            // At most 58 * (2^32 - 1) + 57 + a carry of 57: far below 2^64.
            carry = u64::from(*word).wrapping_mul(58).wrapping_add(carry);
            *word = u32::try_from(carry & 0xffff_ffff).ok()?;
            carry >>= 32;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut bytes = [0u8; 32];
    let big_endian = words.iter().rev().flat_map(|word| word.to_be_bytes());
    bytes.iter_mut().zip(big_endian).for_each(|(byte, value)| *byte = value);
    // Each leading `1` stands for one leading zero byte, so the spelling is unique.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let ones = text.bytes().take_while(|byte| *byte == b'1').count();
    (zeros == ones).then_some(bytes)
}

/// The text of 32 bytes.
#[must_use]
pub fn encode(bytes: &[u8; 32]) -> String {
    let mut rest = *bytes;
    let mut digits = Vec::with_capacity(MAX_DIGITS);
    while rest.iter().any(|&byte| byte != 0) {
        let mut remainder = 0u32;
        for byte in &mut rest {
            // The remainder is below 58, so the value is below 58 * 256 and the quotient below 256.
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 58).unwrap_or(u8::MAX);
            remainder = value % 58;
        }
        digits.push(remainder);
    }
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    digits.resize(digits.len().saturating_add(zeros), 0);
    digits
        .iter()
        .rev()
        .filter_map(|&digit| ALPHABET.get(usize::try_from(digit).unwrap_or(usize::MAX)))
        .map(|&letter| char::from(letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_other_spellings() {
        let system = [0u8; 32];
        assert_eq!(encode(&system), "11111111111111111111111111111111");
        assert_eq!(decode("11111111111111111111111111111111"), Some(system));
        assert_eq!(decode("1111111111111111111111111111111"), None, "31 zero bytes");
        assert_eq!(decode("111111111111111111111111111111111"), None, "33 zero bytes");
        let token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
        assert_eq!(decode(token).map(|bytes| encode(&bytes)).as_deref(), Some(token));
        assert_eq!(decode("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0"), None, "no such digit");
        assert_eq!(decode("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"), None, "more than 256 bits");
        assert_eq!(encode(&[255; 32]).len(), 44);
        assert_eq!(decode(&encode(&[255; 32])), Some([255; 32]));
    }
}
