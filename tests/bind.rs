//! What was signed must be what was held: payments made by the official client packages bind, and with any one thing
//! changed they don't.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/payments.rs"]
mod payments;
#[path = "support/vectors.rs"]
mod vectors;

use payments::{Vector, vector};
use proptest::prelude::*;
use serde_json::{Value, json};
use tollwarden::bind;
use tollwarden::json::{self, Json};
use tollwarden::reason::Reason::{self, *};
use vectors::with;

const EVM: [&str; 4] = ["exact-eip3009-v1", "exact-eip3009-v2", "exact-permit2", "upto"];
const PAYER: &str = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const OTHER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

#[test]
fn the_official_payments_bind() {
    for (name, amount, valid_before) in [
        ("exact-eip3009-v1", 10_000, 1_767_607_260_000),
        ("exact-eip3009-v2", 10_000, 1_767_607_500_000),
        ("exact-permit2", 250_000, 1_767_607_501_000),
        ("upto", 500_000, 1_767_607_501_000),
    ] {
        let v = vector(name);
        let signed = v.bind(&v.payload).unwrap();
        assert_eq!(signed.payer, PAYER, "{name}");
        assert_eq!(signed.amount.get(), amount, "{name}");
        assert_eq!(signed.valid_before, valid_before, "{name}");
        // What the wallet was asked to sign is the same authorization.
        assert_eq!(typed(&v, &v.typed_data), Ok(signed), "{name}");
    }
}

/// What version 1 says at the top of a payment counts for nothing in version 2.
#[test]
fn version_2_is_held_to_its_accepted_entry() {
    let v = vector("exact-eip3009-v2");
    for accepted in [None, Some(json!(null)), Some(json!("exact"))] {
        let mut payload = with(&v.payload, "/accepted", accepted.clone());
        for key in ["scheme", "network", "asset"] {
            payload[key] = v.payload["accepted"][key].clone();
        }
        let refusal = v.bind(&payload).unwrap_err();
        assert_eq!((refusal.reason, refusal.field.as_str()), (MalformedPayload, "accepted"), "{accepted:?}");
    }
}

fn typed(v: &Vector, message: &Value) -> Result<bind::Signed, Reason> {
    bind::typed_data(&v.terms, &v.signer, &json::parse(&message.to_string()).unwrap(), v.now).map_err(|e| e.reason)
}

/// One change of one member, and why it is refused.
type Change = (&'static str, Option<Value>, Reason);

fn check(name: &str, base: &Value, changes: Vec<Change>, judge: impl Fn(&Value) -> Option<Reason>) {
    assert_eq!(judge(base), None, "{name} as made");
    for (pointer, to, reason) in changes {
        let changed = with(base, pointer, to.clone());
        assert_ne!(&changed, base, "{name} {pointer}: nothing changed");
        assert_eq!(judge(&changed), Some(reason), "{name} {pointer} -> {to:?}");
    }
}

fn eip3009_changes(place: &'static str) -> Vec<Change> {
    let at = |key: &str| -> &'static str { String::leak(format!("{place}/{key}")) };
    vec![
        (at("to"), Some(json!(OTHER)), PayeeMismatch),
        (at("to"), Some(json!("0x0000000000000000000000000000000000000000")), PayeeMismatch),
        (at("to"), Some(json!("0x209693Bc6afc0C5328bA36FaF03C514EF312287")), MalformedPayload),
        (at("value"), Some(json!("10001")), AmountMismatch),
        (at("value"), Some(json!("9999")), AmountMismatch),
        (at("value"), Some(json!("0")), AmountMismatch),
        // 2^256 - 1, and one more.
        (at("value"), Some(json!(format!("{}5", &UINT256[..77]))), AmountMismatch),
        (at("value"), Some(json!(format!("{}6", &UINT256[..77]))), MalformedPayload),
        (at("value"), Some(json!("010000")), MalformedPayload),
        (at("value"), Some(json!("0x2710")), MalformedPayload),
        (at("value"), Some(json!("1e4")), MalformedPayload),
        (at("value"), Some(json!(" 10000")), MalformedPayload),
        (at("value"), Some(json!("+10000")), MalformedPayload),
        (at("value"), Some(json!("１００００")), MalformedPayload),
        (at("value"), Some(json!("")), MalformedPayload),
        (at("value"), Some(json!(10000)), MalformedPayload),
        (at("value"), Some(json!(["10000"])), MalformedPayload),
        (at("value"), None, MalformedPayload),
        (at("from"), Some(json!("vitalik.eth")), MalformedPayload),
        (at("from"), None, MalformedPayload),
        (at("validAfter"), Some(json!("1767607201")), LifetimeMismatch),
        (at("validAfter"), Some(json!("-1")), MalformedPayload),
        (at("validBefore"), Some(json!("1767607506")), LifetimeMismatch),
        (at("validBefore"), Some(json!("176760726060")), LifetimeMismatch),
        (at("validBefore"), Some(json!(UINT256)), LifetimeMismatch),
        (at("validBefore"), Some(json!("1767607200")), LifetimeMismatch),
        (at("validBefore"), Some(json!("0")), LifetimeMismatch),
        (at("validBefore"), Some(json!(1767607260)), MalformedPayload),
        (at("nonce"), Some(json!("0x04")), MalformedPayload),
        (at("nonce"), Some(json!("17")), MalformedPayload),
        (at("nonce"), None, MalformedPayload),
        (at("salt"), Some(json!("0x00")), MalformedPayload),
    ]
}

const UINT256: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

fn permit2_changes(place: &'static str) -> Vec<Change> {
    let at = |key: &str| -> &'static str { String::leak(format!("{place}/{key}")) };
    vec![
        (at("permitted/token"), Some(json!(OTHER)), AssetMismatch),
        (at("permitted/token"), None, MalformedPayload),
        (at("permitted/amount"), Some(json!("500001")), AmountMismatch),
        (at("permitted/amount"), Some(json!("1")), AmountMismatch),
        (at("permitted/amount"), Some(json!(500000)), MalformedPayload),
        (at("permitted/more"), Some(json!("1")), MalformedPayload),
        (at("permitted"), Some(json!([])), MalformedPayload),
        (at("spender"), Some(json!(OTHER)), SpenderMismatch),
        (at("spender"), Some(json!("0x4020806089470a89826cB9fB1f4059150b550004")), SpenderMismatch),
        (at("nonce"), Some(json!("0x01")), MalformedPayload),
        (at("nonce"), Some(json!("01")), MalformedPayload),
        (at("nonce"), Some(json!(format!("{}6", &UINT256[..77]))), MalformedPayload),
        (at("nonce"), Some(json!(format!("{UINT256}0"))), MalformedPayload),
        (at("deadline"), Some(json!("1767607506")), LifetimeMismatch),
        (at("deadline"), Some(json!(UINT256)), LifetimeMismatch),
        (at("deadline"), Some(json!("1767607199")), LifetimeMismatch),
        (at("witness/to"), Some(json!(OTHER)), PayeeMismatch),
        (at("witness/validAfter"), Some(json!("1767607201")), LifetimeMismatch),
        (at("witness/validAfter"), None, MalformedPayload),
        (at("witness/extra"), Some(json!("0x")), MalformedPayload),
        (at("witness"), None, MalformedPayload),
    ]
}

#[test]
fn an_authorization_with_one_thing_changed_is_refused() {
    for name in EVM {
        let v = vector(name);
        let mut changes = match name {
            "exact-permit2" | "upto" => permit2_changes("/payload/permit2Authorization"),
            _ => eip3009_changes("/payload/authorization"),
        };
        if name == "upto" {
            let facilitator = "/payload/permit2Authorization/witness/facilitator";
            changes.push((facilitator, Some(json!(OTHER)), SpenderMismatch));
            changes.push((facilitator, None, MalformedPayload));
            let exact = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
            changes.push(("/payload/permit2Authorization/spender", Some(json!(exact)), SpenderMismatch));
        }
        if name == "exact-permit2" {
            let upto = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";
            changes.push(("/payload/permit2Authorization/spender", Some(json!(upto)), SpenderMismatch));
            let facilitator = "/payload/permit2Authorization/witness/facilitator";
            changes.push((facilitator, Some(json!(OTHER)), MalformedPayload));
        }
        let other = if v.terms.version == 1 { 2 } else { 1 };
        let gas = json!({"eip2612GasSponsoring": {"info": {}}});
        changes.extend([
            ("/x402Version", Some(json!(other)), VersionMismatch),
            ("/x402Version", Some(json!("2")), MalformedPayload),
            ("/x402Version", None, MalformedPayload),
            ("/payload", None, MalformedPayload),
            ("/payload", Some(json!("x")), MalformedPayload),
            ("/payload/signature", None, MalformedPayload),
            ("/payload/signature", Some(json!("0x")), MalformedPayload),
            ("/payload/signature", Some(json!("1234")), MalformedPayload),
            ("/payload/signature", Some(json!(format!("0x{}", "z".repeat(130)))), MalformedPayload),
            ("/payload/signature", Some(json!(format!("0x{}", "0".repeat(131)))), MalformedPayload),
            ("/payload/signature", Some(json!(format!("0x{}", "0".repeat(8194)))), MalformedPayload),
            ("/payload/transaction", Some(json!("AA==")), MalformedPayload),
            ("/extensions", Some(gas), UnsupportedExtension),
            ("/extensions", Some(json!([])), MalformedPayload),
        ]);
        check(name, &v.payload, changes, |payload| v.refused(payload));
    }
}

#[test]
fn stated_terms_with_one_thing_changed_are_refused() {
    for name in ["exact-eip3009-v2", "exact-permit2", "upto"] {
        let v = vector(name);
        let changes = vec![
            ("/accepted", None, MalformedPayload),
            ("/accepted", Some(json!([])), MalformedPayload),
            ("/accepted/scheme", Some(json!("batch-settlement")), SchemeMismatch),
            ("/accepted/scheme", None, MalformedPayload),
            ("/accepted/network", Some(json!("eip155:8453")), NetworkMismatch),
            ("/accepted/network", Some(json!("eip155:084532")), NetworkMismatch),
            ("/accepted/asset", Some(json!(OTHER)), AssetMismatch),
            ("/accepted/asset", None, AssetMismatch),
            // The same asset in another spelling is not what the seller wrote.
            ("/accepted/asset", Some(json!(v.terms.asset.address)), AcceptedMismatch),
            ("/accepted/payTo", Some(json!(OTHER)), AcceptedMismatch),
            ("/accepted/amount", Some(json!("1")), AcceptedMismatch),
            ("/accepted/maxTimeoutSeconds", Some(json!(301)), AcceptedMismatch),
            ("/accepted/extra", None, AcceptedMismatch),
            ("/accepted/extra/name", Some(json!("USD Coin")), AcceptedMismatch),
            ("/accepted/more", Some(json!(1)), AcceptedMismatch),
        ];
        check(name, &v.payload, changes, |payload| v.refused(payload));
    }
    let v = vector("exact-eip3009-v1");
    let changes = vec![
        ("/scheme", Some(json!("upto")), SchemeMismatch),
        ("/scheme", None, MalformedPayload),
        ("/network", Some(json!("base")), NetworkMismatch),
        ("/network", Some(json!("eip155:84532")), NetworkMismatch),
        ("/network", None, MalformedPayload),
    ];
    check("exact-eip3009-v1", &v.payload, changes, |payload| v.refused(payload));
}

#[test]
fn a_mutated_offer_that_was_signed_is_named_by_what_moves_money() {
    // A hook changed the payee before the client signed: both the terms attached and the authorization say so.
    let v = vector("exact-eip3009-v2");
    let changed = with(&v.payload, "/accepted/payTo", Some(json!(OTHER)));
    let changed = with(&changed, "/payload/authorization/to", Some(json!(OTHER)));
    assert_eq!(v.refused(&changed), Some(PayeeMismatch));
    // Another flow of money than the one held, though each is well-formed.
    let permit2 = vector("exact-permit2");
    assert_eq!(
        v.refused(&with(&v.payload, "/payload", Some(permit2.payload["payload"].clone()))),
        Some(MalformedPayload)
    );
}

#[test]
fn the_order_of_members_and_the_case_of_addresses_do_not_matter() {
    for name in EVM {
        let v = vector(name);
        // serde_json sorts the members of its objects, so this is another order than the one in which they were sent.
        let signed = v.bind(&v.payload).unwrap();
        let lower =
            v.payload["payload"].to_string().to_lowercase().replace("valida", "validA").replace("validb", "validB");
        let lower = lower.replace("permit2a", "permit2A");
        let changed = with(&v.payload, "/payload", Some(serde_json::from_str(&lower).unwrap()));
        assert_eq!(v.bind(&changed), Ok(signed), "{name}");
    }
}

#[test]
fn typed_data_with_one_thing_changed_is_refused() {
    for name in EVM {
        let v = vector(name);
        let permit2 = matches!(name, "exact-permit2" | "upto");
        let mut changes = if permit2 { permit2_changes("/message") } else { eip3009_changes("/message") };
        let contract = if permit2 { SpenderMismatch } else { AssetMismatch };
        let extra_type = json!([{"name": "channelId", "type": "bytes32"}]);
        let domain_type = json!([{"name": "name", "type": "string"}, {"name": "salt", "type": "bytes32"}]);
        let field = if permit2 { "/types/Witness/0" } else { "/types/TransferWithAuthorization/0" };
        let field = |rest: &str| -> &'static str { String::leak(format!("{field}{rest}")) };
        changes.extend([
            ("/primaryType", Some(json!("ReceiveWithAuthorization")), UnticketedSignature),
            ("/primaryType", Some(json!("Permit")), UnticketedSignature),
            ("/primaryType", Some(json!("Voucher")), UnticketedSignature),
            ("/primaryType", None, UnticketedSignature),
            ("/domain/chainId", Some(json!(8453)), NetworkMismatch),
            ("/domain/chainId", Some(json!("8453")), NetworkMismatch),
            ("/domain/chainId", Some(json!(84532.5)), NetworkMismatch),
            ("/domain/chainId", Some(json!("0x14a34")), MalformedPayload),
            ("/domain/chainId", None, MalformedPayload),
            ("/domain/verifyingContract", Some(json!(OTHER)), contract),
            ("/domain/verifyingContract", None, MalformedPayload),
            ("/domain/name", Some(json!("USD Coin")), contract),
            ("/domain/salt", Some(json!("0x00")), MalformedPayload),
            ("/domain", None, MalformedPayload),
            ("/types", None, MalformedPayload),
            ("/types", Some(json!({})), MalformedPayload),
            ("/types/Voucher", Some(extra_type), MalformedPayload),
            ("/types/EIP712Domain", Some(domain_type), MalformedPayload),
            (field("/type"), Some(json!("uint256")), MalformedPayload),
            (field("/name"), Some(json!("payee")), MalformedPayload),
            (field("/more"), Some(json!("x")), MalformedPayload),
            (field(""), None, MalformedPayload),
            ("/message", None, MalformedPayload),
        ]);
        if permit2 {
            changes.push(("/domain/version", Some(json!("1")), MalformedPayload));
            changes.push(("/message/from", Some(json!(PAYER)), MalformedPayload));
        } else {
            changes.push(("/domain/version", Some(json!("1")), AssetMismatch));
            changes.push(("/domain/version", None, MalformedPayload));
            changes.push(("/message/from", Some(json!(OTHER)), PayerMismatch));
        }
        check(name, &v.typed_data, changes, |message| typed(&v, message).err());
        // Fields in another order are other bytes.
        let list = if permit2 { "/types/Witness" } else { "/types/TransferWithAuthorization" };
        let mut fields = v.typed_data.pointer(list).unwrap().clone();
        fields.as_array_mut().unwrap().reverse();
        assert_eq!(typed(&v, &with(&v.typed_data, list, Some(fields))), Err(MalformedPayload));
        // A wallet that is not the payer is not asked.
        let message = json::parse(&v.typed_data.to_string()).unwrap();
        let asked = bind::typed_data(&v.terms, OTHER, &message, v.now);
        assert_eq!(
            asked.as_ref().map(|signed| signed.payer.as_str()).ok(),
            permit2.then_some(OTHER.to_lowercase()).as_deref()
        );
        assert!(bind::typed_data(&v.terms, "me", &message, v.now).is_err_and(|e| e.reason == PayerMismatch));
    }
}

#[test]
fn signatures_of_contracts_may_be_short_or_long() {
    let v = vector("exact-eip3009-v2");
    for digits in [2, 128, 130, 8192] {
        let signature = json!(format!("0x{}", "a".repeat(digits)));
        assert_eq!(v.refused(&with(&v.payload, "/payload/signature", Some(signature))), None, "{digits}");
    }
}

#[test]
fn a_signer_may_spell_out_the_domain() {
    let v = vector("exact-eip3009-v2");
    let domain = json!([
        {"name": "name", "type": "string"}, {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"},
    ]);
    let spelled = with(&v.typed_data, "/types/EIP712Domain", Some(domain));
    assert!(typed(&v, &spelled).is_ok());
    assert!(typed(&v, &with(&v.typed_data, "/domain/chainId", Some(json!("84532")))).is_ok());
}

#[test]
fn the_end_may_be_as_late_as_the_lifetime_held_and_a_little_skew() {
    let v = vector("exact-eip3009-v2");
    let ends = |end: u64| with(&v.payload, "/payload/authorization/validBefore", Some(json!(end.to_string())));
    let now = v.now / 1000;
    let latest = now + v.terms.lifetime_seconds + bind::SKEW_SECONDS;
    assert_eq!(v.bind(&ends(latest)).map(|signed| signed.valid_before), Ok(latest * 1000));
    assert_eq!(v.refused(&ends(latest + 1)), Some(LifetimeMismatch));
    assert_eq!(v.refused(&ends(now + 1)), None);
    assert_eq!(v.refused(&ends(now)), Some(LifetimeMismatch));
    // Later, the same payload has passed.
    let payload = json::parse(&v.payload.to_string()).unwrap();
    assert!(bind::payload(&v.terms, &payload, v.now + 299_749).is_ok());
    let late = bind::payload(&v.terms, &payload, v.now + 299_750);
    let refusal = late.unwrap_err();
    assert_eq!(refusal.reason, LifetimeMismatch);
    // By whose time: after a clock that was ahead, the ledger's is another than the wallet's.
    assert!(refusal.message.contains("by the ledger's time"), "{}", refusal.message);
}

/// What the audit log keeps of a payment is judged as the payment was, and moves nothing.
#[test]
fn without_its_signature_a_payment_binds_as_it_did() {
    let shown = |payment: &Value| bind::unsigned::payment(&json::parse(&payment.to_string()).unwrap());
    for name in EVM {
        let v = vector(name);
        let kept = shown(&v.payload);
        assert_eq!(bind::payload(&v.terms, &kept, v.now).unwrap(), v.bind(&v.payload).unwrap(), "{name}");
        let signature = kept.get("payload").and_then(|inner| inner.get("signature"));
        assert_eq!(signature.and_then(Json::as_str), Some("0x00"), "{name}");
        for (digit, length) in [("0", 0), ("z", 130), ("0", 131), ("0", 8194)] {
            let signature = json!(format!("0x{}", digit.repeat(length)));
            let kept = shown(&with(&v.payload, "/payload/signature", Some(signature)));
            let refusal = bind::payload(&v.terms, &kept, v.now).unwrap_err();
            assert_eq!(refusal.reason, MalformedPayload, "{name}: {length} times {digit}");
        }
        let extended = shown(&with(&v.payload, "/extensions", Some(json!({ "given": { "token": "secret" } }))));
        let extension = extended.get("extensions").and_then(|all| all.get("given"));
        assert_eq!(extension, Some(&Json::Null), "{name}: of an extension the name alone is kept");
    }
}

/// The members in which another well-formed text may pass: the signature is the chain's to judge, the nonce and the
/// payer are the payment's own, and it may have begun at any time before now.
fn is_free(pointer: &str) -> bool {
    ["/signature", "/nonce", "/from", "/validAfter"].iter().any(|end| pointer.ends_with(end))
}

fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => return out.push(at.to_owned()),
    };
    out.push(at.to_owned());
    children.iter().for_each(|(key, child)| leaves(child, &format!("{at}/{key}"), out));
}

#[test]
fn no_change_of_any_member_passes() {
    for name in EVM {
        let v = vector(name);
        for (base, payload) in [(&v.payload, true), (&v.typed_data, false)] {
            let refused = |value: &Value| if payload { v.refused(value) } else { typed(&v, value).err() };
            let mut pointers = Vec::new();
            leaves(base, "", &mut pointers);
            for pointer in pointers.iter().filter(|pointer| !pointer.is_empty() && !pointer.starts_with("/resource")) {
                let old = base.pointer(pointer).unwrap();
                let mut changes = vec![None, Some(json!(null)), Some(json!([])), Some(json!({})), Some(json!(""))];
                changes.extend([json!(true), json!(-1), json!(1.5), json!([old])].map(Some));
                if let Some(text) = old.as_str() {
                    changes
                        .extend([format!(" {text}"), format!("{text}\n"), format!("+{text}")].map(|t| Some(json!(t))));
                    // The end may move by the skew, so its first digit is changed; elsewhere the last.
                    let ends = pointer.ends_with("/validBefore") || pointer.ends_with("/deadline");
                    let digit = if text.ends_with('0') { "1" } else { "0" };
                    let other = match text.len().checked_sub(1) {
                        Some(_) if ends => format!("2{}", &text[1..]),
                        Some(last) => format!("{}{digit}", &text[..last]),
                        None => digit.to_owned(),
                    };
                    if !is_free(pointer) {
                        changes.extend([other, format!("{text}0")].map(|t| Some(json!(t))));
                    }
                }
                for to in changes {
                    let changed = with(base, pointer, to.clone());
                    assert!(refused(&changed).is_some(), "{name} {pointer} -> {to:?} passed");
                }
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let words = prop::sample::select(vec![
        "x402Version",
        "accepted",
        "payload",
        "authorization",
        "permit2Authorization",
        "signature",
        "transaction",
        "domain",
        "types",
        "primaryType",
        "message",
        "exact",
        "10000",
        "0x",
        "TransferWithAuthorization",
        "AgAA",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|n| Json::Number(n.into())),
        words.clone().prop_map(|word| Json::String(word.into())),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((words.clone().prop_map(String::from), inner), 0..6).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_answered(value in any_json(), text in any::<String>(), which in 0usize..5, at in any::<prop::sample::Index>(), now: u64) {
        let name = ["exact-eip3009-v1", "exact-eip3009-v2", "exact-permit2", "upto", "exact-svm-v2"][which];
        let v = vector(name);
        prop_assert!(bind::payload(&v.terms, &value, now).is_err());
        prop_assert!(bind::typed_data(&v.terms, &text, &value, now).is_err());
        prop_assert!(bind::svm_message(&v.terms, &text, now).is_err());
        // A real payment with anything in one place.
        let mut pointers = Vec::new();
        leaves(&v.payload, "", &mut pointers);
        let pointer = at.get(&pointers);
        if !pointer.is_empty() && !pointer.starts_with("/resource") {
            let changed = with(&v.payload, pointer, Some(serde_json::from_str(&value.canonical()).unwrap()));
            // What was drawn may be what was there ("0" for "0"), and a free member may be another number; nothing else.
            let same = changed == v.payload;
            let chosen = is_free(pointer) && matches!(value, Json::String(_));
            prop_assert!(same || chosen || v.bind(&changed).is_err(), "{} {}", pointer, changed);
        }
    }
}
