//! What a signed payment that does not bind seems to do: how much it moves at most, and until when. Such a signature is out
//! all the same. Only ever used to count more and to wait longer, so it is read as loosely as signers read it.

use super::svm::{TOKEN, TOKEN_2022};
use super::transaction::{Message, from_base64, split};
use crate::asset::base58;
use crate::json::Json;
use crate::money::Amount;
use crate::time::Millis;

/// What counts where more was signed than can be counted, such as an allowance without a limit. It is a thousandth of
/// what 128 bits hold, so that what else is held and spent can be told beside it.
pub const UNLIMITED: Amount = Amount::new(u128::MAX >> 10);

/// The year 9999: what runs out later never does, and no later time can be written.
const FAR: Millis = 253_402_300_000_000;

/// Solana's system program, `11111111111111111111111111111111`.
const SYSTEM: [u8; 32] = [0; 32];
/// The system's `AdvanceNonceAccount`: a transaction that begins so does not run out.
const ADVANCE_NONCE: [u8; 4] = [4, 0, 0, 0];
/// The token programs' `Transfer`, `Approve`, `TransferChecked` and `ApproveChecked`: an amount in 8 bytes follows.
const AMOUNTS: [u8; 4] = [3, 4, 12, 13];

/// The most that it seems to move.
#[must_use]
pub fn amount(payment: &Json) -> Option<Amount> {
    let inner = payment.get("payload")?;
    let eip3009 = inner.get("authorization").and_then(|signed| signed.get("value")).and_then(whole);
    let permitted = inner.get("permit2Authorization").and_then(|signed| signed.get("permitted"));
    let permit2 = permitted.and_then(|permitted| permitted.get("amount")).and_then(whole);
    let moved = eip3009.max(permit2).max(solana(inner, &|message| message.moved()));
    moved.map(|amount| Amount::new(amount).min(UNLIMITED))
}

/// When it seems to run out.
#[must_use]
pub fn end(payment: &Json) -> Option<Millis> {
    let inner = payment.get("payload")?;
    let eip3009 = inner.get("authorization").and_then(|signed| signed.get("validBefore")).and_then(whole);
    // Permit2 still takes the signature in the second of the deadline itself.
    let permit2 = inner.get("permit2Authorization").and_then(|signed| signed.get("deadline")).and_then(whole);
    let seconds = eip3009.max(permit2.map(|seconds| seconds.saturating_add(1)));
    let evm = seconds.map(|seconds| Millis::try_from(seconds).unwrap_or(Millis::MAX).saturating_mul(1_000).min(FAR));
    evm.max(solana(inner, &|message| message.never_ends().then_some(FAR)))
}

/// A whole number as a signer takes it: in decimal or hex, as a text or a number. What does not fit is the most that does.
fn whole(json: &Json) -> Option<u128> {
    let (digits, radix) = match json {
        Json::Number(number) => return Some(number.as_u64().map_or(u128::MAX, u128::from)),
        Json::String(text) => text.strip_prefix("0x").map_or((text.as_str(), 10), |hex| (hex, 16)),
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    plain.then(|| u128::from_str_radix(digits, radix).unwrap_or(u128::MAX))
}

fn solana<T>(inner: &Json, told: &dyn Fn(&Message<'_>) -> Option<T>) -> Option<T> {
    let bytes = from_base64(inner.get("transaction")?.as_str()?, "").ok()?;
    let (_, message) = split(&bytes, "").ok()?;
    told(&Message::read(message, "").ok()?)
}

impl Message<'_> {
    /// The sum over all instructions that move tokens, or let somebody else move them.
    fn moved(&self) -> Option<u128> {
        let token = |program: &[u8; 32]| [TOKEN, TOKEN_2022].contains(&base58::encode(program).as_str());
        let of_tokens = self.instructions.iter().filter(|one| token(one.program));
        let amounts = of_tokens.filter_map(|one| match one.data.split_first_chunk() {
            Some((&[kind, a, b, c, d, e, f, g, h], _)) if AMOUNTS.contains(&kind) => {
                Some(u128::from(u64::from_le_bytes([a, b, c, d, e, f, g, h])))
            }
            _ => None,
        });
        amounts.reduce(u128::saturating_add)
    }

    /// Whether a durable nonce takes the place of its blockhash.
    fn never_ends(&self) -> bool {
        self.instructions.iter().any(|one| *one.program == SYSTEM && one.data == ADVANCE_NONCE)
    }
}
