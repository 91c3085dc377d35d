//! Policies: each is taken whole or refused with places; one that is taken is taken again, and means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::json::parse_own;
use tollwarden::policy::Policy;

fuzz_target!(|text: &str| {
    let Ok(json) = parse_own(text) else { return };
    match Policy::read(&json) {
        Err(errors) => assert!(!errors.is_empty() && errors.iter().all(|error| !error.message.is_empty())),
        Ok(policy) => {
            let again = parse_own(&json.canonical()).expect("canonical JSON is read");
            let same = Policy::read(&again).expect("the same policy is taken again");
            assert_eq!(same.hash, policy.hash);
        }
    }
});
