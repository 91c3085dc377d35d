//! Addresses: one canonical spelling each. Two spellings of one payee would be two payees to a limit.

use std::fmt;

use super::base58;
use super::network::{Network, NetworkKind};
use crate::reason::Reason;
use crate::words::quoted;

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Not `0x` and 40 hexadecimal digits.
    NotEvm(String),
    /// Not 32 bytes in base58.
    NotSolana(String),
    /// All zeros: nobody's address, or Solana's system program.
    Zero,
}

impl AddressError {
    /// The stable code for an offer with such an address.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        Reason::MalformedAddress
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEvm(text) => write!(f, "{} is not an address: `0x` and 40 hexadecimal digits", quoted(text)),
            Self::NotSolana(text) => write!(f, "{} is not an address: 32 bytes in base58", quoted(text)),
            Self::Zero => f.write_str("the zero address belongs to nobody"),
        }
    }
}

impl std::error::Error for AddressError {}

/// The one spelling of an address. EVM: lower case, as case carries only a checksum. Solana: unchanged, as case counts.
///
/// # Errors
/// [`AddressError`], also for the zero address.
pub fn canonical_address(network: &Network, text: &str) -> Result<String, AddressError> {
    match network.kind() {
        NetworkKind::Evm { .. } => {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(AddressError::NotEvm(text.to_owned()));
            }
            if digits.bytes().all(|byte| byte == b'0') {
                return Err(AddressError::Zero);
            }
            Ok(text.to_ascii_lowercase())
        }
        NetworkKind::Solana => {
            let key = base58::decode(text).ok_or_else(|| AddressError::NotSolana(text.to_owned()))?;
            if key == [0; 32] { Err(AddressError::Zero) } else { Ok(text.to_owned()) }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base() -> Network {
        Network::named("base").unwrap()
    }

    fn solana() -> Network {
        Network::named("solana").unwrap()
    }

    #[test]
    fn evm_addresses_are_folded() {
        let folded = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
        for text in ["0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "0x833589FCD6EDB6E08F4C7C32D4F71B54BDA02913", folded]
        {
            assert_eq!(canonical_address(&base(), text).unwrap(), folded);
        }
        let refused = [
            "",
            "0x",
            "833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "0X833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda0291",
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda029133",
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda0291g",
            " 0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913\n",
            "0x0x33589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda029é",
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        ];
        for text in refused {
            assert!(matches!(canonical_address(&base(), text), Err(AddressError::NotEvm(_))), "{text:?}");
        }
        let zero = canonical_address(&base(), "0x0000000000000000000000000000000000000000");
        assert_eq!(zero, Err(AddressError::Zero));
    }

    #[test]
    fn solana_addresses_are_32_bytes() {
        let one = "1111111111111111111111111111111".to_owned() + "2";
        let largest = "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG";
        for text in ["EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", &one, largest] {
            assert_eq!(canonical_address(&solana(), text).unwrap(), text);
        }
        let refused = [
            String::new(),
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTD".to_owned(),
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1vv".to_owned(),
            "0PjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".to_owned(),
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDtlv".to_owned(),
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1\n".to_owned(),
            // 2^256, one past the largest key, and the largest behind a leading zero byte.
            "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH".to_owned(),
            format!("1{largest}"),
            "z".repeat(44),
            "1".repeat(31),
            "1".repeat(33),
            format!("{}2", "1".repeat(30)),
            format!("{}2", "1".repeat(32)),
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913".to_owned(),
        ];
        for text in &refused {
            assert!(matches!(canonical_address(&solana(), text), Err(AddressError::NotSolana(_))), "{text:?}");
        }
        assert_eq!(canonical_address(&solana(), &"1".repeat(32)), Err(AddressError::Zero));
    }

    /// A slow encoder: divides the bytes by 58 until nothing is left.
    fn base58(mut key: [u8; 32]) -> String {
        const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut text: Vec<u8> = Vec::new();
        let zeros = key.iter().take_while(|byte| **byte == 0).count();
        while key != [0; 32] {
            let mut remainder = 0u32;
            for byte in &mut key {
                let value = remainder * 256 + u32::from(*byte);
                *byte = u8::try_from(value / 58).unwrap();
                remainder = value % 58;
            }
            text.push(*ALPHABET.get(usize::try_from(remainder).unwrap()).unwrap());
        }
        text.extend(std::iter::repeat_n(b'1', zeros));
        text.reverse();
        String::from_utf8(text).unwrap()
    }

    proptest! {
        #[test]
        fn every_key_has_one_spelling(mut key: [u8; 32], zeros in 0usize..32) {
            key.iter_mut().take(zeros).for_each(|byte| *byte = 0);
            prop_assume!(key != [0; 32]);
            let text = base58(key);
            prop_assert_eq!(canonical_address(&solana(), &text), Ok(text.clone()));
            // One zero byte more makes 33.
            let longer = canonical_address(&solana(), &format!("1{text}"));
            prop_assert!(longer.is_err());
        }

        #[test]
        fn folding_is_idempotent_and_never_panics(text in "(0x)?[0-9a-fA-Fg]{38,42}", any in any::<String>()) {
            for text in [text, any] {
                if let Ok(address) = canonical_address(&base(), &text) {
                    prop_assert_eq!(canonical_address(&base(), &address), Ok(address.clone()));
                    prop_assert!(address.eq_ignore_ascii_case(&text));
                }
                let _ = canonical_address(&solana(), &text);
            }
        }
    }
}
