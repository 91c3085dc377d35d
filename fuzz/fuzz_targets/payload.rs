//! What was signed: whatever comes back from a signer, it binds to the held terms only if it moves no more than was held,
//! and can't be used for longer.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tollwarden::bind;
use tollwarden::json::parse;
use tollwarden::offer::{self, Terms};
use tollwarden::time::{Millis, parse_instant};

const VECTORS: [&str; 5] = [
    include_str!("../../tests/vectors/bind/exact-eip3009-v1.json"),
    include_str!("../../tests/vectors/bind/exact-eip3009-v2.json"),
    include_str!("../../tests/vectors/bind/exact-permit2.json"),
    include_str!("../../tests/vectors/bind/upto.json"),
    include_str!("../../tests/vectors/bind/exact-svm-v2.json"),
];

struct Held {
    terms: Terms,
    now: Millis,
}

static HELD: LazyLock<Vec<Held>> = LazyLock::new(|| {
    VECTORS
        .iter()
        .filter_map(|text| {
            let value: Value = serde_json::from_str(text).ok()?;
            let offer = offer::read(&parse(&value["offer"].to_string()).ok()?).ok()?;
            let terms = offer.accepts.into_iter().next()?.ok()?;
            Some(Held { terms: (*terms).clone(), now: parse_instant(value["now"].as_str()?).ok()? })
        })
        .collect()
});

fuzz_target!(|text: &str| {
    assert!(HELD.len() >= 4, "the vectors are read");
    let json = parse(text).ok();
    for Held { terms, now } in HELD.iter() {
        let signed = [
            json.as_ref().and_then(|json| bind::payload(terms, json, *now).ok()),
            json.as_ref().and_then(|json| {
                bind::typed_data(terms, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", json, *now).ok()
            }),
            bind::svm_message(terms, text, *now).ok(),
        ];
        for signed in signed.into_iter().flatten() {
            assert!(signed.amount <= terms.amount, "{signed:?} binds to {terms:?}");
            assert!(signed.valid_before > *now, "{signed:?}");
            assert!(signed.valid_before <= now + (terms.lifetime_seconds + 120) * 1_000, "{signed:?}");
        }
    }
});
