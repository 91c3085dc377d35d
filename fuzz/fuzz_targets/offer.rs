//! Offers: whatever a seller sends is read strictly, or refused with a place; what is read has one meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::json::{parse, parse_own};
use tollwarden::offer::read;

fuzz_target!(|text: &str| {
    let Ok(json) = parse(text) else { return };
    // What may come from outside is a part of what we write ourselves, and its canonical form is itself.
    let canonical = json.canonical();
    let again = parse_own(&canonical).expect("canonical JSON is read");
    assert_eq!(again.canonical(), canonical);
    match read(&json) {
        Err(refusal) => assert!(!refusal.message.is_empty()),
        Ok(offer) => {
            let same = read(&again).expect("the same offer is read again");
            assert_eq!(same.digest, offer.digest);
            for (one, other) in offer.accepts.iter().zip(&same.accepts) {
                assert_eq!(one.is_ok(), other.is_ok(), "one notation is taken, and the other is not");
                if let Ok(terms) = one {
                    assert_eq!(other.as_ref().map(|terms| terms.amount).ok(), Some(terms.amount));
                    assert_eq!(terms.version, offer.version);
                    assert_eq!(terms.amount.to_string().parse::<u128>().ok(), Some(terms.amount.get()));
                }
            }
        }
    }
});
