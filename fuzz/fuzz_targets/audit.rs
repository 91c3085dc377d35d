//! A log from outside: verified and replayed, in any pieces, with the same verdict; nothing in it is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::audit::replay::Replayer;
use tollwarden::audit::verify::Verifier;

fuzz_target!(|bytes: &[u8]| {
    let verdict = |size: usize| {
        let (mut verifier, mut replayer) = (Verifier::default(), Replayer::default());
        for piece in bytes.chunks(size) {
            verifier.push(piece);
            replayer.push(piece);
        }
        let verdict = verifier.finish();
        (verdict.good, verdict.records, format!("{:?}", verdict.fault), replayer.finish().same)
    };
    assert_eq!(verdict(bytes.len().max(1)), verdict(7), "the pieces make no difference");
});
