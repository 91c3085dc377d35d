//! Policies of other systems: whatever stands there, what comes out is a document, and every remark names its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::json::parse_own;
use tollwarden::policy::Policy;
use tollwarden::policy::import::{Dialect, Level, import};

const DIALECTS: [Dialect; 5] =
    [Dialect::X402Firewall, Dialect::Presidio, Dialect::PaySentry, Dialect::Smart402, Dialect::SpendControls];

fuzz_target!(|text: &str| {
    let Ok(json) = parse_own(text) else { return };
    for dialect in DIALECTS {
        let imported = import(dialect, &json);
        let written = imported.document.canonical();
        let document = parse_own(&written).expect("a document is JSON");
        // What is not said to be lost is there, and is read.
        if imported.worst() != Level::Lost {
            assert!(Policy::read(&document).is_ok(), "{dialect:?}: {written}");
        }
    }
});
