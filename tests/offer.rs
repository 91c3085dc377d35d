//! Offers are read strictly: each field has its one right form, and a refusal names the field.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/vectors.rs"]
mod vectors;

use serde_json::{Value, json};
use tollwarden::json::{self, Json};
use tollwarden::ledger::stored::Stored;
use tollwarden::offer::{self, Flow, Offer, Scheme, Terms, Transfer};
use tollwarden::reason::Reason::{self, *};
use tollwarden::reason::Refusal;
use vectors::{read, with};

const OTHER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

fn offer(value: &Value) -> Result<Offer, Refusal> {
    offer::read(&json::parse(&value.to_string()).unwrap())
}

/// The offer's first entry, or why it (or the whole offer) is refused and where.
fn first(value: &Value) -> Result<Terms, (Reason, String)> {
    let entry = offer(value).and_then(|offer| offer.accepts[0].clone());
    entry.map(|terms| (*terms).clone()).map_err(|refusal| (refusal.reason, refusal.field))
}

fn official(name: &str) -> Value {
    read(name)["offer"].take()
}

#[test]
fn the_official_offers_are_read() {
    let terms = first(&official("exact-eip3009-v2")).unwrap();
    assert_eq!(
        (terms.version, terms.scheme, terms.transfer, terms.flow),
        (2, Scheme::Exact, Transfer::Eip3009, Flow::Authorization)
    );
    assert_eq!((terms.network.as_str(), terms.network_text.as_str()), ("eip155:84532", "eip155:84532"));
    assert_eq!(terms.asset.address, "0x036cbd53842c5426634e7929541ec2318f3dcf7e");
    assert_eq!(terms.pay_to, "0x209693bc6afc0c5328ba36faf03c514ef312287c");
    assert_eq!((terms.amount.get(), terms.lifetime_seconds), (10_000, 300));
    assert_eq!((terms.eip712_name.as_deref(), terms.eip712_version.as_deref()), (Some("USDC"), Some("2")));
    assert_eq!((terms.facilitator, terms.memo), (None, None));

    let terms = first(&official("exact-eip3009-v1")).unwrap();
    assert_eq!(
        (terms.version, terms.network.as_str(), terms.network_text.as_str()),
        (1, "eip155:84532", "base-sepolia")
    );
    assert_eq!((terms.amount.get(), terms.lifetime_seconds), (10_000, 60));

    assert_eq!(first(&official("exact-permit2")).unwrap().transfer, Transfer::Permit2);
    let terms = first(&official("upto")).unwrap();
    assert_eq!((terms.scheme, terms.transfer), (Scheme::Upto, Transfer::Permit2));
    assert_eq!(terms.facilitator.as_deref(), Some("0x90f79bf6eb2c4f870365e785982e1f101e93b906"));

    let terms = first(&official("exact-svm-v2-token2022-memo")).unwrap();
    assert_eq!((terms.transfer, terms.memo.as_deref()), (Transfer::SvmTransfer, Some("order-42")));
    assert_eq!(terms.facilitator.as_deref(), Some("2KW2XRd9kwqet15Aha2oK3tYvd3nWbTFH1MBiRAv1BE1"));
    let terms = first(&official("exact-svm-v1")).unwrap();
    assert_eq!((terms.network_text.as_str(), terms.transfer), ("solana-devnet", Transfer::SvmTransfer));

    for name in ["exact-eip3009-v1", "exact-eip3009-v2"] {
        let offer = offer(&official(name)).unwrap();
        assert_eq!(offer.resource_url.as_deref(), Some("https://api.example.com/report"), "{name}");
        assert_eq!(offer.description.as_deref(), Some("A report"), "{name}");
    }
}

fn written(terms: &Terms) -> Json {
    let mut text = String::new();
    terms.write(&mut text);
    json::parse(&text).unwrap()
}

#[test]
fn terms_are_kept_as_json() {
    for name in ["exact-eip3009-v1", "exact-permit2", "upto", "exact-svm-v2-token2022-memo"] {
        let terms = first(&official(name)).unwrap();
        assert_eq!(Terms::restore(&written(&terms)).unwrap(), terms, "{name}");
    }
    let text: Value = serde_json::from_str(&written(&first(&official("exact-svm-v2")).unwrap()).canonical()).unwrap();
    assert_eq!(
        (&text["scheme"], &text["transfer"], &text["flow"]),
        (&json!("exact"), &json!("svm_transfer"), &json!("authorization"))
    );
    assert_eq!(text["amount"], json!("10000"));
}

#[test]
fn the_version_chooses_the_field_and_the_other_is_a_decoy() {
    let v2 = official("exact-eip3009-v2");
    let decoy = with(&v2, "/accepts/0/maxAmountRequired", Some(json!("1")));
    assert_eq!(first(&decoy).unwrap().amount.get(), 10_000);
    let gone = with(&decoy, "/accepts/0/amount", None);
    assert_eq!(first(&gone), Err((MalformedAmount, "accepts[0].amount".into())));

    let v1 = official("exact-eip3009-v1");
    let decoy = with(&v1, "/accepts/0/amount", Some(json!("1")));
    assert_eq!(first(&decoy).unwrap().amount.get(), 10_000);
    let gone = with(&decoy, "/accepts/0/maxAmountRequired", None);
    assert_eq!(first(&gone), Err((MalformedAmount, "accepts[0].maxAmountRequired".into())));
}

/// One change of the offer, and why it is refused and where.
fn refused(base: &Value, changes: &[(&str, Option<Value>, Reason, &str)]) {
    assert!(first(base).is_ok());
    for (pointer, to, reason, field) in changes {
        let changed = with(base, pointer, to.clone());
        assert_eq!(first(&changed), Err((*reason, (*field).to_owned())), "{pointer} -> {to:?}");
    }
}

#[test]
fn amounts_have_one_spelling() {
    let base = official("exact-eip3009-v2");
    for bad in [
        json!(10000),
        json!(10000.0),
        json!(["10000"]),
        json!({}),
        json!(true),
        json!(null),
        json!(""),
        json!("00010000"),
        json!("0x2710"),
        json!("1e4"),
        json!(" 10000"),
        json!("10000 "),
        json!("10000\n"),
        json!("+1"),
        json!("-1"),
        json!("1.0"),
        json!("1,000"),
        json!("1_000"),
        json!("１００００"),
        json!("NaN"),
        json!("Infinity"),
        json!("340282366920938463463374607431768211456"),
        json!("1000000000000000000000000000000000000000"),
    ] {
        refused(&base, &[("/accepts/0/amount", Some(bad), MalformedAmount, "accepts[0].amount")]);
    }
    for good in ["0", "1", "340282366920938463463374607431768211455"] {
        let terms = first(&with(&base, "/accepts/0/amount", Some(json!(good)))).unwrap();
        assert_eq!(terms.amount.to_string(), good);
    }
}

#[test]
fn lifetimes_are_whole_seconds() {
    let base = official("exact-eip3009-v2");
    let at = ("/accepts/0/maxTimeoutSeconds", "accepts[0].maxTimeoutSeconds");
    for bad in [
        Some(json!("60")),
        Some(json!(0)),
        Some(json!(-1)),
        Some(json!(60.5)),
        Some(json!(1e300)),
        Some(json!(null)),
        Some(json!([60])),
        Some(json!(true)),
        Some(json!(315_360_001u64)),
        Some(json!(u64::MAX)),
        None,
    ] {
        refused(&base, &[(at.0, bad, MalformedLifetime, at.1)]);
    }
    for good in [1, 60, 315_360_000u64] {
        assert_eq!(first(&with(&base, at.0, Some(json!(good)))).unwrap().lifetime_seconds, good);
    }
    // The same number in another notation: whoever reads JSON with JavaScript sees no difference.
    assert_eq!(first(&with(&base, at.0, Some(json!(60.0)))).unwrap().lifetime_seconds, 60);
}

#[test]
fn a_whole_number_that_clients_cannot_write_back_refuses_its_entry() {
    let base = official("exact-eip3009-v2");
    for (number, kept) in
        [(json!(1u64 << 53), true), (json!((1u64 << 53) + 1), false), (json!(-(1i64 << 53) - 1), false)]
    {
        let entry = first(&with(&base, "/accepts/0/extra/weight", Some(number.clone())));
        assert_eq!(entry.is_ok(), kept, "{number}");
    }
}

#[test]
fn a_malformed_entry_names_its_field() {
    let zero = json!("0x0000000000000000000000000000000000000000");
    refused(
        &official("exact-eip3009-v2"),
        &[
            ("/accepts/0/scheme", None, MalformedOffer, "accepts[0].scheme"),
            ("/accepts/0/scheme", Some(json!(["exact"])), MalformedOffer, "accepts[0].scheme"),
            ("/accepts/0/scheme", Some(json!("Exact")), UnknownScheme, "accepts[0].scheme"),
            ("/accepts/0/scheme", Some(json!("batch-settlement")), UnknownScheme, "accepts[0].scheme"),
            ("/accepts/0/scheme", Some(json!("auth-capture")), UnknownScheme, "accepts[0].scheme"),
            ("/accepts/0/network", None, MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!(84532)), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("base-sepolia")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("eip155:084532")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("eip155:*")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("EIP155:84532")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("stellar:pubnet")), UnknownNetwork, "accepts[0].network"),
            ("/accepts/0/asset", Some(json!("USDC")), MalformedAddress, "accepts[0].asset"),
            ("/accepts/0/asset", Some(zero.clone()), MalformedAddress, "accepts[0].asset"),
            ("/accepts/0/asset", Some(json!(1)), MalformedAddress, "accepts[0].asset"),
            ("/accepts/0/payTo", None, MalformedAddress, "accepts[0].payTo"),
            ("/accepts/0/payTo", Some(zero), MalformedAddress, "accepts[0].payTo"),
            ("/accepts/0/payTo", Some(json!("vitalik.eth")), MalformedAddress, "accepts[0].payTo"),
            ("/accepts/0/payTo", Some(json!({"role": "merchant"})), MalformedAddress, "accepts[0].payTo"),
            ("/accepts/0/extra", Some(json!("USDC")), MalformedOffer, "accepts[0].extra"),
            ("/accepts/0/extra", Some(json!([])), MalformedOffer, "accepts[0].extra"),
            ("/accepts/0/extra", Some(json!(null)), MalformedOffer, "accepts[0].extra.name"),
            ("/accepts/0/extra", None, MalformedOffer, "accepts[0].extra.name"),
            ("/accepts/0/extra/name", None, MalformedOffer, "accepts[0].extra.name"),
            ("/accepts/0/extra/name", Some(json!("")), MalformedOffer, "accepts[0].extra.name"),
            ("/accepts/0/extra/name", Some(json!(["USDC"])), MalformedOffer, "accepts[0].extra.name"),
            ("/accepts/0/extra/version", None, MalformedOffer, "accepts[0].extra.version"),
            ("/accepts/0/extra/version", Some(json!(2)), MalformedOffer, "accepts[0].extra.version"),
            (
                "/accepts/0/extra/paymentFlow",
                Some(json!("subscription")),
                UnsupportedFlow,
                "accepts[0].extra.paymentFlow",
            ),
            ("/accepts/0/extra/paymentFlow", Some(json!(1)), MalformedOffer, "accepts[0].extra.paymentFlow"),
            ("/accepts/0/extra/paymentFlow", Some(json!(null)), MalformedOffer, "accepts[0].extra.paymentFlow"),
            (
                "/accepts/0/extra/assetTransferMethod",
                Some(json!("erc7710")),
                UnknownScheme,
                "accepts[0].extra.assetTransferMethod",
            ),
            (
                "/accepts/0/extra/assetTransferMethod",
                Some(json!(3009)),
                MalformedOffer,
                "accepts[0].extra.assetTransferMethod",
            ),
            ("/accepts/0", Some(json!("free")), MalformedOffer, "accepts[0]"),
        ],
    );
    refused(
        &official("exact-eip3009-v1"),
        &[
            ("/accepts/0/network", Some(json!("eip155:84532")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/network", Some(json!("base-sepolia ")), MalformedNetwork, "accepts[0].network"),
            ("/accepts/0/scheme", Some(json!("upto")), UnknownScheme, "accepts[0].scheme"),
            (
                "/accepts/0/extra/assetTransferMethod",
                Some(json!("permit2")),
                UnknownScheme,
                "accepts[0].extra.assetTransferMethod",
            ),
        ],
    );
    refused(
        &official("upto"),
        &[
            ("/accepts/0/extra/facilitatorAddress", None, MalformedOffer, "accepts[0].extra.facilitatorAddress"),
            (
                "/accepts/0/extra/facilitatorAddress",
                Some(json!("0x1")),
                MalformedAddress,
                "accepts[0].extra.facilitatorAddress",
            ),
            (
                "/accepts/0/extra/assetTransferMethod",
                Some(json!("eip3009")),
                UnknownScheme,
                "accepts[0].extra.assetTransferMethod",
            ),
        ],
    );
    refused(
        &official("exact-svm-v2-token2022-memo"),
        &[
            ("/accepts/0/extra/feePayer", None, MalformedOffer, "accepts[0].extra.feePayer"),
            ("/accepts/0/extra/feePayer", Some(json!(OTHER)), MalformedAddress, "accepts[0].extra.feePayer"),
            ("/accepts/0/extra/memo", Some(json!(7)), MalformedOffer, "accepts[0].extra.memo"),
            ("/accepts/0/extra/memo", Some(json!("x".repeat(257))), MalformedOffer, "accepts[0].extra.memo"),
            ("/accepts/0/payTo", Some(json!("11111111111111111111111111111111")), MalformedAddress, "accepts[0].payTo"),
            ("/accepts/0/scheme", Some(json!("upto")), UnknownScheme, "accepts[0].scheme"),
            (
                "/accepts/0/extra/assetTransferMethod",
                Some(json!("permit2")),
                UnknownScheme,
                "accepts[0].extra.assetTransferMethod",
            ),
        ],
    );
}

#[test]
fn what_is_no_offer_is_refused_as_a_whole() {
    let base = official("exact-eip3009-v2");
    let entry = base["accepts"][0].clone();
    refused(
        &base,
        &[
            ("/x402Version", None, MalformedOffer, "x402Version"),
            ("/x402Version", Some(json!(3)), MalformedOffer, "x402Version"),
            ("/x402Version", Some(json!("2")), MalformedOffer, "x402Version"),
            ("/x402Version", Some(json!(2.5)), MalformedOffer, "x402Version"),
            ("/accepts", None, MalformedOffer, "accepts"),
            ("/accepts", Some(json!([])), MalformedOffer, "accepts"),
            ("/accepts", Some(entry.clone()), MalformedOffer, "accepts"),
            ("/accepts", Some(json!(vec![entry.clone(); 33])), MalformedOffer, "accepts"),
            ("/resource", Some(json!("https://x.example")), MalformedOffer, "resource"),
            ("/resource/url", Some(json!(1)), MalformedOffer, "resource.url"),
            ("/resource/description", Some(json!([])), MalformedOffer, "resource.description"),
            ("/extensions", Some(json!([])), MalformedOffer, "extensions"),
            (
                "/extensions",
                Some(json!({"eip2612GasSponsoring": {}})),
                UnsupportedExtension,
                "extensions.eip2612GasSponsoring",
            ),
            (
                "/extensions",
                Some(json!({"bazaar": {}, "erc20ApprovalGasSponsoring": {}})),
                UnsupportedExtension,
                "extensions.erc20ApprovalGasSponsoring",
            ),
            ("/extensions", Some(json!({"a\nb": {}})), UnsupportedExtension, "extensions.a\\u{a}b"),
        ],
    );
    for other in [json!(null), json!([]), json!("offer"), json!(402)] {
        assert!(offer(&other).is_err_and(|refusal| refusal.reason == MalformedOffer));
    }
    for fine in [json!(null), json!({}), json!({"bazaar": {}, "payment-identifier": {}, "sign-in-with-x": {}})] {
        assert!(first(&with(&base, "/extensions", Some(fine))).is_ok());
    }
    for absent in ["/resource", "/resource/description", "/error"] {
        assert!(first(&with(&base, absent, None)).is_ok());
        assert!(first(&with(&base, absent, Some(json!(null)))).is_ok());
    }
    assert_eq!(offer(&with(&base, "/accepts", Some(json!(vec![entry; 32])))).unwrap().accepts.len(), 32);
}

#[test]
fn one_bad_entry_leaves_the_others() {
    let base = official("exact-eip3009-v2");
    let good = base["accepts"][0].clone();
    let bad = with(&good, "/amount", Some(json!("1e4")));
    let mixed = offer(&with(&base, "/accepts", Some(json!([good, bad, good])))).unwrap();
    assert!(mixed.accepts[0].is_ok() && mixed.accepts[2].is_ok());
    let refusal = mixed.accepts[1].clone().unwrap_err();
    assert_eq!((refusal.reason, refusal.field.as_str()), (MalformedAmount, "accepts[1].amount"));
    assert!(refusal.message.contains("`1e4`"), "{}", refusal.message);
}

#[test]
fn known_flows_are_read_for_the_policy_to_judge() {
    let base = official("exact-eip3009-v2");
    for (text, flow) in [("authorization", Flow::Authorization), ("upfront", Flow::Upfront), ("escrow", Flow::Escrow)] {
        let offer = with(&base, "/accepts/0/extra/paymentFlow", Some(json!(text)));
        assert_eq!(first(&offer).map(|terms| terms.flow), Ok(flow));
    }
}

#[test]
fn the_digest_covers_every_member_and_no_order() {
    let base = official("exact-eip3009-v2");
    let digest = first(&base).unwrap().digest;
    assert_eq!(digest.len(), 64);
    // The SHA-256 of the canonical text, from another implementation.
    assert_eq!(digest, "0f1445ac116142abd45dc1bfd0e75f20a3c30c248f6473e1ec3e2496dd13cb5b");
    let turned = r#"{"x402Version":2,"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000","extra":{"version":"2","name":"USDC"},"maxTimeoutSeconds":300,"payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e"}]}"#;
    let turned = offer::read(&json::parse(turned).unwrap()).unwrap();
    assert_eq!(turned.accepts[0].as_ref().unwrap().digest, digest);
    assert_ne!(turned.digest, offer(&base).unwrap().digest);
    for (pointer, to) in [("/accepts/0/note", json!(1)), ("/accepts/0/extra/name", json!("USD Coin"))] {
        assert_ne!(first(&with(&base, pointer, Some(to))).unwrap().digest, digest);
    }
}
