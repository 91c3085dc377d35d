//! Texts that are looked through: what is found lies within the text, and what was redacted is not found again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::engine::Engine;
use tollwarden::json::{Json, parse_own};
use tollwarden::policy::Policy;
use tollwarden::reply::text;

const POLICY: &str = r#"{"payment":{"max_usd":"1"},"privacy":{"action":"redact"}}"#;

fuzz_target!(|given: &str| {
    let policy = Policy::read(&parse_own(POLICY).expect("it is JSON")).expect("it is a policy");
    let mut engine = Engine::whole(policy);
    let event = Json::Object(vec![
        (String::from("type"), Json::String(String::from("scan"))),
        (String::from("text"), Json::String(given.to_owned())),
    ]);
    let reply = parse_own(&text(&engine.handle(&event))).expect("an answer is JSON");
    let length = given.encode_utf16().count().max(given.len()) as u64;
    for entity in reply.get("entities").and_then(Json::as_array).unwrap_or_default() {
        let place = |name: &str| entity.get(name).and_then(Json::as_u64).unwrap_or(u64::MAX);
        assert!(place("start") < place("end") && place("end") <= length, "{}", entity.canonical());
    }
});
