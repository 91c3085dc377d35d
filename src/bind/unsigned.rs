//! A signed payment without what makes it one: it binds as the signed one does, and moves nothing.

use super::transaction::{from_base64, split};
use crate::audit::checkpoint::base64;
use crate::json::Json;

/// What a payment says, beside its signatures.
const MEMBERS: &[&str] = &["x402Version", "scheme", "network", "accepted", "payload", "extensions"];

/// A decoded payment as far as it is judged. In place of a signature stands one that is as well or badly formed, and
/// worth nothing; of what is no part of a payment the names alone are left.
#[must_use]
pub fn payment(payment: &Json) -> Json {
    let Json::Object(members) = payment else { return Json::Null };
    let kept = members.iter().filter(|(name, _)| MEMBERS.contains(&name.as_str())).map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("payload", Json::Object(inner)) => Json::Object(inner.iter().map(member).collect()),
            ("payload", _) => Json::Null,
            ("extensions", Json::Object(inner)) => {
                Json::Object(inner.iter().map(|(name, _)| (name.clone(), Json::Null)).collect())
            }
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Json::Object(kept.collect())
}

fn member((name, value): &(String, Json)) -> (String, Json) {
    let shown = match (name.as_str(), value) {
        ("authorization" | "permit2Authorization", said) => said.clone(),
        ("signature", Json::String(text)) => Json::String(String::from(if is_hex(text) { "0x00" } else { "" })),
        ("transaction", Json::String(text)) => Json::String(transaction(text)),
        _ => Json::Null,
    };
    (name.clone(), shown)
}

/// As `Members::signature` has it.
fn is_hex(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("0x") else { return false };
    digits.len() % 2 == 0 && (2..=8192).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Each signature of a Solana transaction becomes ones, or stays zeros: whether there is one is judged, and no more.
fn transaction(text: &str) -> String {
    let read = from_base64(text, "").ok().and_then(|bytes| {
        let (signatures, message) = split(&bytes, "").ok()?;
        let length = bytes.len().checked_sub(message.len())?.checked_sub(signatures.len().checked_mul(64)?)?;
        let mut out = bytes.get(..length)?.to_vec();
        for signature in signatures {
            let there = signature.iter().any(|byte| *byte != 0);
            out.extend([u8::from(there); 64]);
        }
        out.extend(message);
        Some(base64(&out))
    });
    read.unwrap_or_else(|| String::from("!"))
}
