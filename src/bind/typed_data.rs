//! What a wallet is asked to sign (EIP-712), before it signs. Here the chain and the token are part of the bytes, so
//! here they are bound; a type list that differs would sign other bytes, so it must be the scheme's own.

use super::members::Members;
use super::{Signed, evm, malformed};
use crate::asset::{self, NetworkKind};
use crate::json::Json;
use crate::offer::{Scheme, Terms, Transfer};
use crate::reason::{Reason, Refusal};
use crate::time::Millis;
use crate::words::quoted;

/// The Permit2 contract: the same on every chain.
pub const PERMIT2: &str = "0x000000000022d473030f116ddee9f6b43ac78ba3";

/// The fields of one type, in the order in which they are hashed.
type Fields = [(&'static str, &'static str)];
/// The types of one signature, by name.
type Types = [(&'static str, &'static Fields)];

const EIP3009: &Types = &[(
    "TransferWithAuthorization",
    &[
        ("from", "address"),
        ("to", "address"),
        ("value", "uint256"),
        ("validAfter", "uint256"),
        ("validBefore", "uint256"),
        ("nonce", "bytes32"),
    ],
)];
const PERMIT: &Fields = &[
    ("permitted", "TokenPermissions"),
    ("spender", "address"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
    ("witness", "Witness"),
];
const TOKEN_PERMISSIONS: &Fields = &[("token", "address"), ("amount", "uint256")];
const EXACT_PERMIT2: &Types = &[
    ("PermitWitnessTransferFrom", PERMIT),
    ("TokenPermissions", TOKEN_PERMISSIONS),
    ("Witness", &[("to", "address"), ("validAfter", "uint256")]),
];
const UPTO_PERMIT2: &Types = &[
    ("PermitWitnessTransferFrom", PERMIT),
    ("TokenPermissions", TOKEN_PERMISSIONS),
    ("Witness", &[("to", "address"), ("facilitator", "address"), ("validAfter", "uint256")]),
];

const TOKEN_DOMAIN: &Fields =
    &[("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")];
const PERMIT2_DOMAIN: &Fields = &[("name", "string"), ("chainId", "uint256"), ("verifyingContract", "address")];

/// Binds a request to sign typed data, `{domain, types, primaryType, message}` with its integers as decimal strings
/// (`chainId` may be a number), to the terms held. `signer` is the address of the wallet that is asked.
///
/// # Errors
/// The first thing that is not as held; `unticketed_signature` if it is another kind of signature altogether.
pub fn typed_data(terms: &Terms, signer: &str, message: &Json, now: Millis) -> Result<Signed, Refusal> {
    let (types, domain) = match (terms.transfer, terms.scheme) {
        (Transfer::Eip3009, _) => (EIP3009, TOKEN_DOMAIN),
        (Transfer::Permit2, Scheme::Exact) => (EXACT_PERMIT2, PERMIT2_DOMAIN),
        (Transfer::Permit2, Scheme::Upto) => (UPTO_PERMIT2, PERMIT2_DOMAIN),
        (Transfer::SvmTransfer, _) => {
            let message = "typed data, where the payment held is a Solana transaction";
            return Err(Refusal::at(Reason::UnticketedSignature, "primaryType", message));
        }
    };
    let primary = message.get("primaryType").and_then(Json::as_str).unwrap_or_default();
    let expected = types.first().map(|(name, _)| *name).unwrap_or_default();
    if primary != expected {
        let message = format!("{} is not the `{expected}` of the payment held", quoted(primary));
        return Err(Refusal::at(Reason::UnticketedSignature, "primaryType", message));
    }
    let signer = asset::canonical_address(&terms.network, signer)
        .map_err(|_| Refusal::at(Reason::PayerMismatch, "signer", format!("{} is not an address", quoted(signer))))?;
    let member = |key: &str| message.get(key).ok_or_else(|| malformed(key, "missing"));
    check_types(member("types")?, types, domain)?;
    check_domain(terms, member("domain")?, domain)?;
    match terms.transfer {
        Transfer::Permit2 => evm::permit2(terms, member("message")?, "message", Some(&signer), now),
        _ => {
            let signed = evm::eip3009(terms, member("message")?, "message", now)?;
            if signed.payer == signer {
                return Ok(signed);
            }
            let message = format!("`{}` is to pay, and `{signer}` is asked to sign", signed.payer);
            Err(Refusal::at(Reason::PayerMismatch, "message.from", message))
        }
    }
}

/// `types` holds the scheme's types and no other; `EIP712Domain` may be left out, as signers derive it.
fn check_types(types: &Json, expected: &Types, domain: &Fields) -> Result<(), Refusal> {
    let Some(given) = types.as_object() else {
        return Err(malformed("types", format!("{}, not an object", types.kind())));
    };
    for (name, fields) in given {
        let expected = match expected.iter().find(|(known, _)| known == name) {
            Some((_, fields)) => fields,
            None if name == "EIP712Domain" => domain,
            None => return Err(malformed("types", format!("the type {} is not the scheme's", quoted(name)))),
        };
        if !same_fields(fields, expected) {
            return Err(malformed(&format!("types.{name}"), "not the scheme's own definition"));
        }
    }
    match expected.iter().find(|(name, _)| types.get(name).is_none()) {
        Some((missing, _)) => Err(malformed("types", format!("the type `{missing}` is missing"))),
        None => Ok(()),
    }
}

fn same_fields(given: &Json, expected: &Fields) -> bool {
    given.as_array().is_some_and(|given| {
        given.len() == expected.len()
            && given.iter().zip(expected).all(|(field, (name, kind))| {
                field.as_object().is_some_and(|members| members.len() == 2)
                    && field.get("name").and_then(Json::as_str) == Some(name)
                    && field.get("type").and_then(Json::as_str) == Some(kind)
            })
    })
}

/// The domain has exactly the members of its type: one more, such as a salt, would sign other bytes.
fn check_domain(terms: &Terms, domain: &Json, fields: &Fields) -> Result<(), Refusal> {
    let keys: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let members = Members::exactly(domain, "domain", &keys)?;
    let permit2 = terms.transfer == Transfer::Permit2;
    let chain = match members.member("chainId")? {
        Json::String(_) => members.uint("chainId")?.to_owned(),
        value => value.as_u64().map(|id| id.to_string()).unwrap_or_default(),
    };
    let held_chain = match terms.network.kind() {
        NetworkKind::Evm { chain_id } => chain_id.to_string(),
        NetworkKind::Solana => String::new(),
    };
    members.same("chainId", &chain, &held_chain, Reason::NetworkMismatch)?;
    let contract = members.address("verifyingContract")?;
    if permit2 {
        members.same("verifyingContract", &contract, PERMIT2, Reason::SpenderMismatch)?;
        return members.same("name", members.text("name")?, "Permit2", Reason::SpenderMismatch);
    }
    members.same("verifyingContract", &contract, &terms.asset.address, Reason::AssetMismatch)?;
    for (key, held) in [("name", &terms.eip712_name), ("version", &terms.eip712_version)] {
        let Some(held) = held else {
            return Err(Refusal::at(Reason::AssetMismatch, members.path(key), "the terms held have none"));
        };
        members.same(key, members.text(key)?, held, Reason::AssetMismatch)?;
    }
    Ok(())
}
