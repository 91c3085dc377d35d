//! `exact` on Solana: one `TransferChecked` of the held asset to the payee's own token account, with the compute budget
//! and a memo beside it, and nothing else.
//!
//! Not bound, because it moves none of the payer's money: the compute budget (another account pays the fee), the memo
//! if the seller asked for none, the blockhash, and which accounts are marked read-only (a wrong mark fails on chain).

use sha2::{Digest, Sha256};

use super::transaction::{Instruction, Message, from_base64, split};
use super::{SVM_LIFETIME_SECONDS, Signed, ata, malformed};
use crate::asset;
use crate::asset::base58;
use crate::hash::hex;
use crate::offer::Terms;
use crate::reason::{Reason, Refusal};
use crate::time::Millis;

pub(super) const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
pub(super) const TOKEN_2022: &str = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
const COMPUTE_BUDGET: &str = "ComputeBudget111111111111111111111111111111";
const MEMO: &str = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";

/// The token programs' `TransferChecked`.
const TRANSFER_CHECKED: u8 = 12;
/// The compute budget's `SetComputeUnitLimit`, with a `u32`.
const SET_UNIT_LIMIT: u8 = 2;
/// The compute budget's `SetComputeUnitPrice`, with a `u64`.
const SET_UNIT_PRICE: u8 = 3;
/// The longest memo, in bytes: the limit of the official packages.
const MAX_MEMO_BYTES: usize = 256;

/// Binds a transaction that the payer has signed and the fee payer has yet to sign.
pub(super) fn transaction(terms: &Terms, base64: &str, field: &str, now: Millis) -> Result<Signed, Refusal> {
    let bytes = from_base64(base64, field)?;
    let (signatures, message_bytes) = split(&bytes, field)?;
    let signed = message(terms, message_bytes, field, now)?;
    // `message` has made sure that two accounts sign: the fee payer, then the payer.
    match signatures.as_slice() {
        [_, payers] if payers.iter().any(|&byte| byte != 0) => Ok(signed),
        [_, _] => Err(malformed(field, "the payer has not signed")),
        _ => Err(malformed(field, format!("{} signatures, where the message has 2", signatures.len()))),
    }
}

/// Binds the message of a transaction: the bytes that are signed.
pub(super) fn message(terms: &Terms, bytes: &[u8], field: &str, now: Millis) -> Result<Signed, Refusal> {
    let message = Message::read(bytes, field)?;
    let (2, Some(&fee_payer), Some(&payer)) = (message.signers, message.accounts.first(), message.accounts.get(1))
    else {
        return Err(malformed(field, format!("{} signers, where the fee payer and the payer sign", message.signers)));
    };
    let fee_payer = base58::encode(fee_payer);
    if Some(&fee_payer) != terms.facilitator.as_ref() {
        let held = terms.facilitator.as_deref().unwrap_or("none");
        let message = format!("`{fee_payer}` is to pay the fee, and `{held}` is held");
        return Err(Refusal::at(Reason::SpenderMismatch, field, message));
    }
    let mut seen = Seen::default();
    for instruction in &message.instructions {
        let kind = match base58::encode(instruction.program).as_str() {
            COMPUTE_BUDGET => budget(instruction, field)?,
            MEMO => memo(terms, instruction, field)?,
            TOKEN | TOKEN_2022 => transfer(terms, payer, instruction, field)?,
            other => return Err(malformed(field, format!("an instruction to `{other}` is no part of a payment"))),
        };
        seen.once(kind, field)?;
    }
    if !seen.transfer {
        return Err(malformed(field, "no transfer in it"));
    }
    if terms.memo.is_some() && !seen.memo {
        return Err(malformed(field, "the memo that the seller wants is missing"));
    }
    let lifetime = terms.lifetime_seconds.max(SVM_LIFETIME_SECONDS);
    Ok(Signed {
        payer: base58::encode(payer),
        nonce: hex(&Sha256::digest(bytes)),
        amount: terms.amount,
        valid_before: now.saturating_add(lifetime.saturating_mul(1000)),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    UnitLimit,
    UnitPrice,
    Memo,
    Transfer,
}

/// What was met: each at most once, the transfer above all.
#[derive(Default)]
struct Seen {
    unit_limit: bool,
    unit_price: bool,
    memo: bool,
    transfer: bool,
}

impl Seen {
    fn once(&mut self, kind: Kind, field: &str) -> Result<(), Refusal> {
        let (seen, name) = match kind {
            Kind::UnitLimit => (&mut self.unit_limit, "compute unit limits"),
            Kind::UnitPrice => (&mut self.unit_price, "compute unit prices"),
            Kind::Memo => (&mut self.memo, "memos"),
            Kind::Transfer => (&mut self.transfer, "transfers"),
        };
        if std::mem::replace(seen, true) { Err(malformed(field, format!("two {name} in it"))) } else { Ok(()) }
    }
}

fn budget(instruction: &Instruction<'_>, field: &str) -> Result<Kind, Refusal> {
    match (instruction.accounts.as_slice(), instruction.data) {
        ([], [SET_UNIT_LIMIT, _, _, _, _]) => Ok(Kind::UnitLimit),
        ([], [SET_UNIT_PRICE, _, _, _, _, _, _, _, _]) => Ok(Kind::UnitPrice),
        _ => Err(malformed(field, "an unknown instruction to the compute budget")),
    }
}

fn memo(terms: &Terms, instruction: &Instruction<'_>, field: &str) -> Result<Kind, Refusal> {
    if !instruction.accounts.is_empty() || instruction.data.len() > MAX_MEMO_BYTES {
        return Err(malformed(field, "a memo that is too long, or that wants signers"));
    }
    match &terms.memo {
        Some(held) if held.as_bytes() != instruction.data => Err(malformed(field, "not the memo that is held")),
        _ => Ok(Kind::Memo),
    }
}

/// `TransferChecked`: 12, the amount in 8 bytes, the decimals; on source, mint, destination and authority.
fn transfer(terms: &Terms, payer: &[u8; 32], instruction: &Instruction<'_>, field: &str) -> Result<Kind, Refusal> {
    let refuse = |reason: Reason, message: String| Err(Refusal::at(reason, field, message));
    let [source, mint, destination, authority] = *instruction.accounts.as_slice() else {
        return Err(malformed(field, "not a `TransferChecked` on four accounts"));
    };
    let Some((&[TRANSFER_CHECKED, a, b, c, d, e, f, g, h, decimals], [])) = instruction.data.split_first_chunk() else {
        return Err(malformed(field, "not a `TransferChecked`"));
    };
    if base58::encode(mint) != terms.asset.address {
        let message = format!("`{}` where `{}` is held", base58::encode(mint), terms.asset.address);
        return refuse(Reason::AssetMismatch, message);
    }
    // The chain refuses wrong decimals too; of an asset that we know, we can say so before.
    if asset::known(&terms.asset).is_some_and(|known| known.decimals != decimals) {
        return refuse(Reason::AssetMismatch, format!("`{decimals}` is not the number of the asset's decimals"));
    }
    let payee = base58::decode(&terms.pay_to).ok_or_else(|| malformed(field, "the payee held is no address"))?;
    if Some(destination) != ata::derive(&payee, instruction.program, mint).as_ref() {
        let message = format!("`{}` is not the token account of the payee held", base58::encode(destination));
        return refuse(Reason::PayeeMismatch, message);
    }
    let amount = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    if u128::from(amount) != terms.amount.get() {
        return refuse(Reason::AmountMismatch, format!("`{amount}` where `{}` is held", terms.amount));
    }
    if authority != payer {
        let message = format!("`{}` is to pay, and `{}` signs", base58::encode(authority), base58::encode(payer));
        return refuse(Reason::PayerMismatch, message);
    }
    // As a delegate, the wallet could be made to move what is somebody else's.
    if Some(source) != ata::derive(payer, instruction.program, mint).as_ref() {
        let message = format!("`{}` is not the token account of the payer", base58::encode(source));
        return refuse(Reason::PayerMismatch, message);
    }
    Ok(Kind::Transfer)
}
