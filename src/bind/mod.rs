//! What was signed must be what was held. [`payload`] reads a finished payment before it is sent; [`typed_data`] and
//! [`svm_message`] read what a wallet is asked to sign, before it signs.
//!
//! Signatures are not verified here: a wrong one moves nothing. What is bound is what a valid one would move.

mod ata;
pub mod claim;
pub(crate) mod curve;
mod evm;
mod members;
mod svm;
mod transaction;
mod typed_data;
pub mod unsigned;

pub(crate) use transaction::decode;
pub use typed_data::typed_data;

use self::members::Members;
use crate::asset;
use crate::json::Json;
use crate::money::Amount;
use crate::offer::{self, Terms, Transfer};
use crate::reason::{Reason, Refusal};
use crate::time::Millis;
use crate::words::quoted;

/// How much later than the held lifetime an authorization may end, in seconds. A client takes its own clock, which need
/// not be that of the caller, when it computes the end.
pub const SKEW_SECONDS: u64 = 5;

/// How long a Solana transaction can settle at least, in seconds, whatever the offer's lifetime says. Its end is that of
/// its blockhash, 150 slots: 60 s at the pace aimed at, and here 1.2 s a slot, because slots get slower under load.
pub const SVM_LIFETIME_SECONDS: u64 = 180;

/// What a signature that binds can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Whose money it moves: a canonical address.
    pub payer: String,
    /// What the chain knows the authorization by: the 0x-hex nonce of EIP-3009 in lower case, the decimal nonce of
    /// Permit2, the lower-case hex SHA-256 of a Solana message.
    pub nonce: String,
    /// What it can move at most, in atomic units of the held asset.
    pub amount: Amount,
    /// From this moment on it can't settle, in milliseconds since the epoch, by the chain's clock. Exact on EVM. On
    /// Solana a blockhash has no time in it, so this is an estimate from above: `now` and the longer of the held
    /// lifetime and [`SVM_LIFETIME_SECONDS`].
    pub valid_before: Millis,
}

/// Binds a finished payment (the decoded payload, version 1 or 2) to the terms held.
///
/// # Errors
/// The first thing that is not as held. What the signature covers is judged first; then, in version 2, `accepted` must
/// be the held entry, member for member.
pub fn payload(terms: &Terms, payload: &Json, now: Millis) -> Result<Signed, Refusal> {
    if payload.as_object().is_none() {
        return Err(malformed("", format!("the payment is {}, not an object", payload.kind())));
    }
    match payload.get("x402Version").map(|value| (value, value.as_u64())) {
        Some((_, Some(version))) if version == u64::from(terms.version) => {}
        Some((value, Some(_))) => {
            let message = format!("version {} where version {} is held", value.canonical(), terms.version);
            return Err(Refusal::at(Reason::VersionMismatch, "x402Version", message));
        }
        Some((value, None)) => {
            return Err(malformed("x402Version", format!("{} is not a version", quoted(&value.canonical()))));
        }
        None => return Err(malformed("x402Version", "missing")),
    }
    offer::check_extensions(payload).map_err(|refusal| match refusal.reason {
        Reason::UnsupportedExtension => refusal,
        _ => malformed(&refusal.field, refusal.message),
    })?;
    check_stated(terms, payload)?;
    let signed = check_signed(terms, payload, now)?;
    if terms.version == 2 && payload.get("accepted").map(offer::digest).as_deref() != Some(terms.digest.as_str()) {
        return Err(Refusal::at(Reason::AcceptedMismatch, "accepted", "not the entry that is held"));
    }
    Ok(signed)
}

/// Binds what a Solana wallet is asked to sign, before it signs: the base64 of a message without its signatures.
///
/// # Errors
/// The first thing that is not as held, or `unticketed_signature` if what is held is not paid on Solana.
pub fn svm_message(terms: &Terms, message_base64: &str, now: Millis) -> Result<Signed, Refusal> {
    if terms.transfer != Transfer::SvmTransfer {
        let message = "a Solana message, where the payment held is signed as typed data";
        return Err(Refusal::at(Reason::UnticketedSignature, "message", message));
    }
    svm::message(terms, &transaction::from_base64(message_base64, "message")?, "message", now)
}

/// What the signature covers but the payload says only beside it: the scheme, the chain, and in version 2 the asset.
fn check_stated(terms: &Terms, payload: &Json) -> Result<(), Refusal> {
    let (stated, place) = match (terms.version, payload.get("accepted")) {
        (2, Some(accepted @ Json::Object(_))) => (accepted, "accepted."),
        (2, _) => return Err(malformed("accepted", "not an object")),
        _ => (payload, ""),
    };
    let check = |key: &str, held: &str, reason: Reason| match stated.get(key) {
        Some(Json::String(text)) if text == held => Ok(()),
        Some(Json::String(text)) => {
            let message = format!("{} where `{held}` is held", quoted(text));
            Err(Refusal::at(reason, format!("{place}{key}"), message))
        }
        _ => Err(malformed(&format!("{place}{key}"), "not a string")),
    };
    check("scheme", terms.scheme.as_str(), Reason::SchemeMismatch)?;
    check("network", &terms.network_text, Reason::NetworkMismatch)?;
    if terms.version == 2 {
        let text = stated.get("asset").and_then(Json::as_str).unwrap_or_default();
        if asset::canonical_address(&terms.network, text).ok().as_ref() != Some(&terms.asset.address) {
            let message = format!("{} where `{}` is held", quoted(text), terms.asset.address);
            return Err(Refusal::at(Reason::AssetMismatch, "accepted.asset", message));
        }
    }
    Ok(())
}

fn check_signed(terms: &Terms, payload: &Json, now: Millis) -> Result<Signed, Refusal> {
    let inner = payload.get("payload").unwrap_or(&Json::Null);
    match terms.transfer {
        Transfer::Eip3009 => {
            let members = Members::exactly(inner, "payload", &["signature", "authorization"])?;
            members.signature("signature")?;
            evm::eip3009(terms, members.member("authorization")?, "payload.authorization", now)
        }
        Transfer::Permit2 => {
            let members = Members::exactly(inner, "payload", &["signature", "permit2Authorization"])?;
            members.signature("signature")?;
            evm::permit2(terms, members.member("permit2Authorization")?, "payload.permit2Authorization", None, now)
        }
        Transfer::SvmTransfer => {
            let members = Members::exactly(inner, "payload", &["transaction"])?;
            svm::transaction(terms, members.text("transaction")?, "payload.transaction", now)
        }
    }
}

fn malformed(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::at(Reason::MalformedPayload, field, message)
}
