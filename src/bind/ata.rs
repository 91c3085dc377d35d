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
mod tests {
    use super::*;
    use crate::bind::base58;

    #[test]
    fn the_program_is_the_published_one() {
        assert_eq!(base58::encode(&PROGRAM), "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    }
}
