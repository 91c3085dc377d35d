//! URLs: what is taken has one spelling, which means the same; and no URL is taken for another host than it has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::origin::{Target, parse_origin};

fuzz_target!(|text: &str| {
    if let Ok(origin) = parse_origin(text) {
        assert_eq!(parse_origin(&origin).ok().as_deref(), Some(origin.as_str()));
    }
    let Ok(target) = Target::parse(text) else { return };
    let origin = target.origin();
    assert_eq!(parse_origin(&origin).ok().as_deref(), Some(origin.as_str()), "{text}");
    let again = Target::parse(&target.resource()).expect("the canonical spelling is taken");
    assert_eq!(again.origin(), origin);
    assert_eq!(again.endpoint(), target.endpoint());
    assert_eq!(again.resource(), target.resource(), "{text}");
    assert!(target.endpoint().starts_with(&origin));
    let host = origin.split("://").nth(1).unwrap_or_default();
    assert!(!host.is_empty() && !host.contains(['@', '/', '\\', ' ', '%', '?', '#']), "{host}");
});
