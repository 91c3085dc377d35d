//! The two messages that move a token on EVM chains, as they stand in a payload and in what a wallet is asked to sign.

use super::members::Members;
use super::{SKEW_SECONDS, Signed};
use crate::json::Json;
use crate::offer::{Scheme, Terms};
use crate::reason::{Reason, Refusal};
use crate::time::{Millis, format_instant};

/// The contract that spends a Permit2 signature for `exact`: the same on every chain.
pub const EXACT_PERMIT2_SPENDER: &str = "0x402085c248eea27d92e8b30b2c58ed07f9e20001";
/// The contract that spends a Permit2 signature for `upto`: the same on every chain.
pub const UPTO_PERMIT2_SPENDER: &str = "0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002";

/// EIP-3009: `{from, to, value, validAfter, validBefore, nonce}`.
pub(super) fn eip3009(terms: &Terms, message: &Json, place: &str, now: Millis) -> Result<Signed, Refusal> {
    let keys = ["from", "to", "value", "validAfter", "validBefore", "nonce"];
    let members = Members::exactly(message, place, &keys)?;
    let payer = members.address("from")?;
    members.same("to", &members.address("to")?, &terms.pay_to, Reason::PayeeMismatch)?;
    members.same("value", members.uint("value")?, &terms.amount.to_string(), Reason::AmountMismatch)?;
    let nonce = members.bytes32("nonce")?;
    check_start(&members, "validAfter", now)?;
    // The token wants a block's time before `validBefore`, so that second is the first in which it can't settle.
    let valid_before = check_end(terms, &members, "validBefore", 0, now)?;
    Ok(Signed { payer, nonce, amount: terms.amount, valid_before })
}

/// Permit2: `{permitted: {token, amount}, spender, nonce, deadline, witness}`, and in a payload `from`, which is not
/// signed but recovered. `payer` is the wallet that is asked to sign.
pub(super) fn permit2(
    terms: &Terms,
    message: &Json,
    place: &str,
    payer: Option<&str>,
    now: Millis,
) -> Result<Signed, Refusal> {
    let signed_keys = ["permitted", "spender", "nonce", "deadline", "witness"];
    let all_keys = ["from", "permitted", "spender", "nonce", "deadline", "witness"];
    let members = Members::exactly(message, place, if payer.is_some() { &signed_keys } else { &all_keys })?;
    let payer = match payer {
        Some(payer) => payer.to_owned(),
        None => members.address("from")?,
    };
    let permitted_place = members.path("permitted");
    let permitted = Members::exactly(members.member("permitted")?, &permitted_place, &["token", "amount"])?;
    permitted.same("token", &permitted.address("token")?, &terms.asset.address, Reason::AssetMismatch)?;
    permitted.same("amount", permitted.uint("amount")?, &terms.amount.to_string(), Reason::AmountMismatch)?;

    let (spender, witness_keys): (_, &[&str]) = match terms.scheme {
        Scheme::Exact => (EXACT_PERMIT2_SPENDER, &["to", "validAfter"]),
        Scheme::Upto => (UPTO_PERMIT2_SPENDER, &["to", "facilitator", "validAfter"]),
    };
    members.same("spender", &members.address("spender")?, spender, Reason::SpenderMismatch)?;
    let witness_place = members.path("witness");
    let witness = Members::exactly(members.member("witness")?, &witness_place, witness_keys)?;
    witness.same("to", &witness.address("to")?, &terms.pay_to, Reason::PayeeMismatch)?;
    if terms.scheme == Scheme::Upto {
        let held = terms.facilitator.as_deref().unwrap_or_default();
        witness.same("facilitator", &witness.address("facilitator")?, held, Reason::SpenderMismatch)?;
    }
    let nonce = members.uint("nonce")?.to_owned();
    check_start(&witness, "validAfter", now)?;
    // Permit2 still takes the signature in the second of the deadline itself.
    let valid_before = check_end(terms, &members, "deadline", 1, now)?;
    Ok(Signed { payer, nonce, amount: terms.amount, valid_before })
}

/// It must be usable now: money that is to move later is not what was held.
fn check_start(members: &Members<'_>, key: &str, now: Millis) -> Result<(), Refusal> {
    let start = members.seconds(key)?;
    if start <= now / 1000 {
        return Ok(());
    }
    Err(Refusal::at(Reason::LifetimeMismatch, members.path(key), format!("`{start}` is still to come")))
}

/// It must end after now, and no later than the held lifetime allows. Answers the moment from which it can't settle.
fn check_end(terms: &Terms, members: &Members<'_>, key: &str, grace: u64, now: Millis) -> Result<Millis, Refusal> {
    let end = members.seconds(key)?;
    let refuse = |message: String| Err(Refusal::at(Reason::LifetimeMismatch, members.path(key), message));
    let latest = (now / 1000).saturating_add(terms.lifetime_seconds).saturating_add(SKEW_SECONDS);
    if end > latest {
        return refuse(format!("`{end}` is later than `{latest}`, which the lifetime held allows"));
    }
    let valid_before = end.saturating_add(grace).saturating_mul(1000);
    if valid_before <= now {
        let at = format_instant(now);
        return refuse(format!(
            "`{end}` has passed by the ledger's time, {at}, which a clock that is set back leaves as it is"
        ));
    }
    Ok(valid_before)
}
