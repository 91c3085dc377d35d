//! The associated token account: where a wallet keeps a token on Solana. It is derived from the wallet, the token
//! program and the mint, so a destination can be checked against the payee without asking the chain.

use sha2::{Digest, Sha256};

use super::curve;

/// `ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL`, which owns these accounts.
const PROGRAM: [u8; 32] = [
    140, 151, 37, 143, 78, 36, 137, 241, 187, 61, 16, 41, 20, 142, 13, 131, 11, 90, 19, 153, 218, 255, 16, 132, 4, 142,
    123, 216, 219, 233, 248, 89,
];

/// The account in which `owner` keeps the token `mint` of `token_program`. `None` if no bump gives one, which has a
/// chance of 2^-256.
pub(super) fn derive(owner: &[u8; 32], token_program: &[u8; 32], mint: &[u8; 32]) -> Option<[u8; 32]> {
    // A derived address must not be one that has a private key: the first bump from the top whose hash is off the curve.
    (0..=u8::MAX).rev().find_map(|bump| {
        let mut hash = Sha256::new();
        for part in [owner.as_slice(), token_program, mint, &[bump], &PROGRAM, b"ProgramDerivedAddress"] {
            hash.update(part);
        }
        let address: [u8; 32] = hash.finalize().into();
        (!curve::is_on_curve(&address)).then_some(address)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::asset::base58::{decode, encode};

    #[test]
    fn the_program_is_the_published_one() {
        assert_eq!(encode(&PROGRAM), "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    }

    #[test]
    fn points_and_accounts_are_those_of_the_official_packages() {
        let text = include_str!("../../tests/vectors/bind/solana-derivation.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let points = vectors["points"].as_object().unwrap();
        assert!(points.len() > 200);
        for (point, on_curve) in points {
            assert_eq!(Some(curve::is_on_curve(&decode(point).unwrap())), on_curve.as_bool(), "{point}");
        }
        let accounts = vectors["accounts"].as_array().unwrap();
        assert!(accounts.iter().any(|account| account["bump"].as_u64() < Some(250)), "bumps are tried");
        for account in accounts {
            let key = |name: &str| decode(account[name].as_str().unwrap()).unwrap();
            let derived = derive(&key("owner"), &key("token_program"), &key("mint")).unwrap();
            assert_eq!(encode(&derived), account["account"].as_str().unwrap());
        }
    }
}
