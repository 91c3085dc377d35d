//! The audit log over histories by chance: honest ones verify and replay to the same ledger; no tampering goes unseen.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

#[path = "support/random_policy.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]
mod random_policy;

use std::collections::BTreeMap;

use random_policy::{Dice, events, policy};
use sha2::{Digest, Sha256};
use tollwarden::audit::Auditor;
use tollwarden::audit::backtest::Backtester;
use tollwarden::audit::entry::Entry;
use tollwarden::audit::query::{Filter, Query};
use tollwarden::audit::replay::{Replayed, Replayer};
use tollwarden::audit::report::Reporter;
use tollwarden::audit::tree::{Frontier, Hash, leaf};
use tollwarden::audit::verify::{Verdict, Verifier};
use tollwarden::engine::{self, Engine};
use tollwarden::json::parse;
use tollwarden::ledger::key;
use tollwarden::policy::Policy;
use tollwarden::reply::{self, Reply};

const KEY: &[u8] = b"a key that the tests know";

fn auditor(document: &str) -> Auditor {
    Auditor {
        core: String::from("test"),
        log: String::from("00112233445566778899aabbccddeeff"),
        salt: String::from("5a17"),
        key: Some(KEY.to_vec()),
        document: document.to_owned(),
        ..Auditor::default()
    }
}

fn sound_policy(dice: &mut Dice) -> (Policy, String) {
    loop {
        let document = parse(&policy(dice).to_string()).unwrap();
        if let Ok(policy) = Policy::read(&document) {
            return (policy, document.canonical());
        }
    }
}

/// The events of one history: payments, what became of them, freezes, other policies, restarts.
fn history(dice: &mut Dice, payments: u64) -> Vec<String> {
    let mut at = 1_767_607_200_000;
    let mut all = vec![format!(r#"{{"type":"note","what":"opened","at":{at}}}"#)];
    for number in 0..payments {
        let mut more: Vec<String> = events(dice, number, &mut at).iter().map(ToString::to_string).collect();
        if dice.one_in(3) {
            let place = more.len() - 1;
            more.insert(place, format!(r#"{{"type":"ticket","id":"p{number}","at":{at}}}"#));
        }
        all.append(&mut more);
        match dice.roll(20) {
            0 => all.push(format!(r#"{{"type":"freeze","reason":"a\u2028drill","at":{at}}}"#)),
            1 => all.push(format!(r#"{{"type":"unfreeze","at":{at}}}"#)),
            2 => {
                let document = sound_policy(dice).1;
                all.push(format!(r#"{{"type":"policy","document":{document},"at":{at}}}"#));
            }
            3 => all.push(format!(r#"{{"type":"note","what":"opened","at":{at}}}"#)),
            4 => all.push(String::from(r#"{"type":"reopen"}"#)),
            _ => {}
        }
    }
    all
}

/// The log of a history, a line each; driven over a store when `store`, else over the engine's own cells.
fn log_of(seed: u64, payments: u64, store: bool) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let (policy, document) = sound_policy(&mut dice);
    let all = history(&mut dice, payments);
    if store { over_store(policy, &document, &all).0 } else { over_cells(policy, &document, &all).0 }
}

/// The lines of a log, and the cells at its end, but for those of the log itself.
type Made = (Vec<String>, BTreeMap<String, String>);

fn over_cells(policy: Policy, document: &str, events: &[String]) -> Made {
    let mut engine = Engine::whole(policy);
    engine.audit(auditor(document));
    let mut log = Vec::new();
    for event in events {
        let _ = engine.line(event, None);
        log.extend(engine.take_records());
    }
    (log, cells_of(&engine))
}

fn cells_of(engine: &Engine) -> BTreeMap<String, String> {
    engine.ledger().texts().into_iter().filter(|(name, _)| name != key::AUDIT).collect()
}

/// The answer to an event, with the cells that it asks for. What it changes is staged.
fn answered<'a>(engine: &mut Engine, event: &str, cell: impl Fn(&str) -> (u64, Option<&'a str>)) -> Reply {
    loop {
        let reply = engine.line(event, None);
        let Reply::Missing { missing } = &reply else { return reply };
        for name in missing {
            let (version, value) = cell(name);
            engine.load(name, version, value).unwrap();
        }
    }
}

/// A store as the wrapper uses one: versions, expiry, a fresh engine after each event.
fn over_store(policy: Policy, document: &str, events: &[String]) -> Made {
    let mut cells: BTreeMap<String, (u64, String, Option<u64>)> = BTreeMap::new();
    let (mut version, mut log) = (0, Vec::new());
    let mut engine = Engine::of_store(policy, "a5");
    engine.audit(auditor(document));
    for event in events.iter().filter(|event| !event.contains(r#""type":"policy""#)) {
        let at = parse(event).unwrap().get("at").and_then(|at| at.as_u64()).unwrap_or(0);
        // The store's clock is up to half a minute off.
        let own = (at + version * 7_919 % 60_001).saturating_sub(30_000);
        cells.retain(|_, (_, _, expires)| expires.is_none_or(|expires| expires > own));
        answered(&mut engine, event, |key| cells.get(key).map_or((0, None), |cell| (cell.0, Some(cell.1.as_str()))));
        let staged = engine.staged();
        for (key, seen) in &staged.read {
            assert_eq!(cells.get(key).map_or(0, |cell| cell.0), *seen, "{key}");
        }
        version += 1;
        for write in engine::writes(staged) {
            if write.key.starts_with("log/") {
                log.push(write.value.clone().unwrap());
            }
            match write.value {
                Some(value) => cells.insert(write.key, (version, value, write.expires)),
                None => cells.remove(&write.key),
            };
        }
        engine.forget();
    }
    // What the store may forget is not compared: it keeps it for a while longer.
    let clock = events.iter().filter_map(|event| parse(event).unwrap().get("at")?.as_u64()).max().unwrap_or(0);
    cells.retain(|name, (_, _, expires)| {
        let matters = expires.is_none_or(|expires| expires > clock + engine::GRACE);
        matters && name != key::AUDIT && !name.starts_with(key::LOG)
    });
    (log, cells.into_iter().map(|(name, (_, text, _))| (name, text)).collect())
}

/// `TOLLWARDEN_CASES=10000` for the long form.
fn cases(short: u64) -> u64 {
    std::env::var("TOLLWARDEN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}

fn text(log: &[String]) -> String {
    log.iter().map(|line| format!("{line}\n")).collect()
}

fn verify(log: &str, checkpoints: Vec<(u64, Hash, String)>) -> Verdict {
    let mut verifier = Verifier::new(Some(KEY.to_vec()), checkpoints);
    // In odd pieces: a piece is no line.
    for piece in log.as_bytes().chunks(613) {
        verifier.push(piece);
    }
    verifier.finish()
}

fn replay(log: &str) -> Replayed {
    let mut replayer = Replayer::default();
    replayer.push(log.as_bytes());
    replayer.finish()
}

fn checkpoint(log: &[String]) -> (u64, Hash, String) {
    let mut tree = Frontier::default();
    log.iter().for_each(|line| tree.push(leaf(line.as_bytes())));
    (tree.size(), tree.root(), String::from("the checkpoint"))
}

#[test]
fn honest_histories_verify_and_replay() {
    for seed in 0..cases(60) {
        for store in [false, true] {
            let log = log_of(seed, 12, store);
            let verdict = verify(&text(&log), vec![checkpoint(&log[..log.len() / 2]), checkpoint(&log)]);
            assert!(verdict.whole, "{seed} {store}: {:?}", verdict.fault);
            let replayed = replay(&text(&log));
            assert!(replayed.same && replayed.different == 0, "{seed} {store}: {:#?}", replayed.differences);
            // A torn tail, as a crash leaves it.
            let torn = format!("{}{}", text(&log), &log[0][..log[0].len() / 2]);
            assert!(verify(&torn, vec![checkpoint(&log)]).whole);
        }
    }
    println!("{} honest histories", 2 * cases(60));
}

#[test]
fn the_engine_s_own_cells_and_a_store_s_give_the_same_log() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let (policy, document) = sound_policy(&mut dice);
        let events: Vec<String> =
            history(&mut dice, 8).into_iter().filter(|event| !event.contains(r#""type":"policy""#)).collect();
        assert_eq!(
            over_cells(policy.clone(), &document, &events).0,
            over_store(policy, &document, &events).0,
            "{seed}"
        );
    }
}

#[test]
fn what_a_store_has_forgotten_or_not_yet_makes_no_difference() {
    let document = r#"{"payment":{"max_usd":"1"},"budgets":[{"name":"hourly","limit_usd":"5","window":"1h"}]}"#;
    let entry = r#"{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{"name":"USDC","version":"2"}}"#;
    let pay = |id: &str, at: u64| {
        let url = "https://api.example.com/x";
        [
            format!(
                r#"{{"type":"authorize","id":"{id}","at":{at},"url":"{url}","offer":{{"x402Version":2,"resource":{{"url":"{url}"}},"accepts":[{entry}]}}}}"#
            ),
            format!(r#"{{"type":"settle","id":"{id}","at":{at},"outcome":"captured"}}"#),
        ]
    };
    let start = 1_767_607_200_000;
    let around = (0..60).map(|step| step * 1_000);
    for late in around.chain([engine::GRACE + 90_000]) {
        let later = start + 3_600_000 - 30_000 + late;
        // The store's clock, as `over_store` has it, is behind at the fourth payment and ahead at the fifth, or so.
        let events = [pay("p1", start), pay("p2", start), pay("p3", start), pay("p4", later), pay("p5", later + 1)];
        let events = events.concat();
        let policy = Policy::read(&parse(document).unwrap()).unwrap();
        assert_eq!(over_cells(policy.clone(), document, &events).0, over_store(policy, document, &events).0, "{late}");
    }
}

#[test]
fn the_state_after_replaying_the_log_equals_the_state() {
    let mut compared = 0;
    for seed in 0..cases(60) {
        let mut dice = Dice::new(seed);
        let (policy, document) = sound_policy(&mut dice);
        let events = history(&mut dice, 12);
        for (store, (log, state)) in
            [(false, over_cells(policy.clone(), &document, &events)), (true, over_store(policy, &document, &events))]
        {
            let mut replayer = Replayer::default();
            replayer.push(text(&log).as_bytes());
            let replayed = cells_of(replayer.engine().unwrap());
            for (name, text) in &state {
                assert_eq!(replayed.get(name), Some(text), "{seed} {store}: {name}");
            }
            // What the store has forgotten says nothing any more.
            let more = replayed.keys().filter(|name| !state.contains_key(*name));
            let more: Vec<_> = more.filter(|name| !store || !name.starts_with(key::BUDGETS)).collect();
            assert!(more.is_empty(), "{seed} {store}: {more:?}");
            compared += state.len();
        }
    }
    println!("{compared} cells compared after a replay");
    assert!(compared > 300, "{compared} cells");
}

/// A payment that is remembered against replays.
const PAY: &str = r#"{"type":"authorize","id":"p1","at":1767607200000,"url":"https://api.example.com/x","idempotency_key":"k","offer":{"x402Version":2,"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{"name":"USDC","version":"2"}}]}}"#;

/// The key of the fingerprints was drawn once; without it a replay would know no payment again.
#[test]
fn a_replay_goes_by_the_fingerprints_of_the_log() {
    let document = r#"{"payment":{"max_usd":"1"}}"#;
    let (log, state) = over_store(Policy::read(&parse(document).unwrap()).unwrap(), document, &[PAY.to_owned()]);
    let mut replayer = Replayer::default();
    replayer.push(text(&log).as_bytes());
    assert!(state.contains_key(key::SALT) && state.keys().any(|name| name.starts_with(key::SEEN)), "{state:?}");
    assert_eq!(cells_of(replayer.engine().unwrap()), state);
}

/// What is written down is what was judged: the query's pseudonyms must not tell apart what is the same.
#[test]
fn a_payment_is_the_same_in_whatever_spelling_also_with_a_log() {
    let document = r#"{"payment":{"max_usd":"1"},"replay":{"mode":"strict"}}"#;
    let mut engine = Engine::whole(Policy::read(&parse(document).unwrap()).unwrap());
    engine.audit(auditor(document));
    for (id, query, reason) in
        [("p1", "q=a%2Fb~c", "allowed"), ("p2", "q=%61%2fb%7Ec", "replayed"), ("p3", "q=a%2Fb", "allowed")]
    {
        let pay = format!(
            r#"{{"type":"authorize","id":"{id}","at":1767607200000,"method":"GET","url":"https://api.example.com/x?{query}","offer":{{"x402Version":2,"accepts":[{{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{{"name":"USDC","version":"2"}}}}]}}}}"#
        );
        let answer = reply::text(&engine.line(&pay, None));
        assert!(answer.contains(&format!(r#""reason":"{reason}""#)), "{answer}");
    }
}

/// A line written anew by someone who holds the HMAC key, and the chain mended after it.
fn rewritten(log: &[String], change: impl Fn(usize, &mut serde_json::Value)) -> Vec<String> {
    let mut prev = Hash::default();
    log.iter()
        .enumerate()
        .map(|(index, line)| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            record.as_object_mut().unwrap().remove("tag");
            change(index, &mut record);
            record["prev"] = serde_json::json!(prev.to_string());
            let plain = tollwarden::audit::canonical::line(&parse(&record.to_string()).unwrap());
            let tag = tollwarden::audit::redact::hmac(KEY, plain.as_bytes());
            let line = format!(r#"{},"tag":"{tag}"}}"#, plain.strip_suffix('}').unwrap());
            prev = leaf(line.as_bytes());
            line
        })
        .collect()
}

/// One tampering of each kind; nothing where this log has no place for it.
fn tampered(kind: &str, log: &[String], dice: &mut Dice) -> Option<String> {
    let size = log.len() as u64;
    let at = usize::try_from(dice.roll(size)).unwrap();
    let mut lines = log.to_vec();
    match kind {
        "edit" => {
            let place = usize::try_from(dice.roll(lines[at].len() as u64)).unwrap();
            let mut bytes = lines[at].clone().into_bytes();
            let before = bytes[place];
            bytes[place] = b' ' + u8::try_from(dice.roll(95)).unwrap();
            if bytes[place] == before {
                return None;
            }
            lines[at] = String::from_utf8(bytes).unwrap();
        }
        "swap" => {
            let other = usize::try_from(dice.roll(size)).unwrap();
            if other == at {
                return None;
            }
            lines.swap(at, other);
        }
        "insert" => {
            let copy = lines[usize::try_from(dice.roll(size)).unwrap()].clone();
            lines.insert(at, copy);
        }
        "delete" => drop(lines.remove(at)),
        "cut" => lines.truncate(at),
        "cut in a line" => {
            let keep = usize::try_from(dice.roll(lines[at].len() as u64)).unwrap();
            lines.truncate(at + 1);
            let all = text(&lines[..at]);
            return Some(format!("{all}{}", &lines[at][..keep]));
        }
        "empty" => lines.clear(),
        "rewrite" => {
            lines = rewritten(&lines, |index, record| {
                if index == at {
                    record["noted"] = serde_json::json!({"by": "somebody else"});
                }
            });
        }
        "rewrite and drop" => {
            if at + 1 == log.len() || at == 0 {
                return None;
            }
            lines.remove(at);
            let seqs: Vec<u64> = (0..size).collect();
            lines = rewritten(&lines, |index, record| record["seq"] = serde_json::json!(seqs[index]));
        }
        "fork" => {
            // The same beginning, and another end, sound in itself.
            let mut other = rewritten(&lines, |index, record| {
                if index > at {
                    record["core"] = serde_json::json!("another");
                }
            });
            std::mem::swap(&mut lines, &mut other);
            if lines == other {
                return None;
            }
        }
        other => panic!("{other}"),
    }
    Some(text(&lines))
}

const KINDS: &[&str] =
    &["edit", "swap", "insert", "delete", "cut", "cut in a line", "empty", "rewrite", "rewrite and drop", "fork"];

#[test]
fn no_tampering_goes_unseen() {
    let wanted = cases(200);
    let logs: Vec<Vec<String>> = (0..40).map(|seed| log_of(seed, 5, seed % 2 == 0)).collect();
    let mut dice = Dice::new(7);
    for kind in KINDS {
        let (mut seen, mut tried) = (0, 0);
        while tried < wanted {
            let log = dice.pick(&logs).clone();
            let Some(bad) = tampered(kind, &log, &mut dice) else { continue };
            // Two lines may be alike but for their place; then nothing was changed.
            if bad == text(&log) {
                continue;
            }
            tried += 1;
            let verdict = verify(&bad, vec![checkpoint(&log)]);
            assert!(!verdict.whole && verdict.fault.is_some(), "{kind} went unseen: {verdict:?}");
            seen += 1;
        }
        println!("{kind}: {seen} of {tried} seen");
    }
}

#[test]
fn the_first_bad_record_is_named() {
    let log = log_of(3, 6, true);
    let fault = |text: &str| {
        let fault = verify(text, vec![checkpoint(&log)]).fault.unwrap();
        (fault.code, fault.record)
    };
    let mut lines = log.clone();
    lines.remove(4);
    assert_eq!(fault(&text(&lines)), ("gap", 4));
    lines = log.clone();
    lines.insert(4, log[2].clone());
    assert_eq!(fault(&text(&lines)), ("order", 4));
    lines = log.clone();
    lines[4] = lines[4].replacen("test", "tesu", 1);
    assert_eq!(fault(&text(&lines)), ("hmac", 4));
    lines = log.clone();
    lines[4].push(' ');
    assert_eq!(fault(&text(&lines)), ("not_canonical", 4));
    assert_eq!(fault(&text(&log[..5])), ("cut", 5));
    assert_eq!(fault(""), ("cut", 0));
    assert_eq!(verify("", Vec::new()).fault.map(|fault| fault.code), Some("empty"));
    let again = rewritten(&log, |index, record| {
        if index == 4 {
            record["core"] = serde_json::json!("other");
        }
    });
    assert_eq!(fault(&text(&again)), ("checkpoint", checkpoint(&log).0 - 1));
    // Without a checkpoint the rewrite by a key's holder is good in itself, and the log is never called whole.
    let alone = verify(&text(&again), Vec::new());
    assert!(alone.good && !alone.whole);
    // Without the key the chain alone shows the change.
    let mut keyless = Verifier::new(None, Vec::new());
    let mut lines = log.clone();
    lines[4] = lines[4].replacen("test", "tesu", 1);
    keyless.push(text(&lines).as_bytes());
    assert_eq!(keyless.finish().fault.map(|fault| (fault.code, fault.record)), Some(("chain", 5)));
}

#[test]
fn a_replay_sees_a_decision_that_was_written_otherwise() {
    let mut seen = 0;
    for seed in 0..30 {
        let log = log_of(seed, 8, false);
        let denied = log.iter().position(|line| line.contains(r#""kind":"denied""#));
        let Some(denied) = denied else { continue };
        // All hashes are right, and the decision is not the one that the policy makes.
        let forged = rewritten(&log, |index, record| {
            if index == denied {
                record["answer"]["reason"] = serde_json::json!("frozen");
            }
        });
        let replayed = replay(&text(&forged));
        assert!(!replayed.same && replayed.differences[0].record == denied as u64, "{seed}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_record_holds_no_signature_and_no_query() {
    let mut engine = Engine::whole(Policy::read(&parse(r#"{"payment":{"max_usd":"1"}}"#).unwrap()).unwrap());
    engine.audit(auditor(r#"{"payment":{"max_usd":"1"}}"#));
    let entry = r#"{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{"name":"USDC","version":"2"}}"#;
    let ask = format!(
        r#"{{"type":"authorize","id":"p1","at":1767607200000,"url":"https://api.example.com/x?card=4111111111111111","idempotency_key":"order of Jane","offer":{{"x402Version":2,"resource":{{"url":"https://api.example.com/x?card=4111111111111111"}},"accepts":[{entry}]}}}}"#
    );
    let signature = "c0ffee".repeat(21) + "c0ff";
    let sign = format!(
        r#"{{"type":"sign","id":"p1","at":1767607201000,"payload":{{"x402Version":2,"accepted":{entry},"payload":{{"signature":"0x{signature}","authorization":{{"from":"0x2222222222222222222222222222222222222222","to":"0x1111111111111111111111111111111111111111","value":"10000","validAfter":"1767607100","validBefore":"1767607503","nonce":"0x0000000000000000000000000000000000000000000000000000000000000001"}}}}}}}}"#
    );
    for (event, kind) in [(&ask, "authorized"), (&sign, "signed")] {
        let reply = reply::text(&engine.line(event, None));
        let record = engine.take_records().pop().unwrap();
        assert_eq!(Entry::read(&record).unwrap().kind, kind, "{reply}");
        for secret in ["4111", "Jane", "c0ffee"] {
            assert!(!record.contains(secret), "{record}");
        }
    }
}

#[test]
fn what_can_t_be_recorded_is_denied() {
    let mut engine = Engine::whole(Policy::read(&parse(r#"{"payment":{"max_usd":"1"}}"#).unwrap()).unwrap());
    engine.audit(auditor(r#"{"payment":{"max_usd":"1"}}"#));
    let entry = r#"{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{"name":"USDC","version":"2"}}"#;
    let ask = |description: &str| {
        format!(
            r#"{{"type":"authorize","id":"p1","at":1767607200000,"url":"https://api.example.com/x","offer":{{"x402Version":2,"resource":{{"url":"https://api.example.com/x","description":"{description}"}},"accepts":[{entry}]}}}}"#
        )
    };
    let long = reply::text(&engine.line(&ask(&"\u{202e}".repeat(100_000)), None));
    assert!(long.contains(r#""reason":"audit_unavailable""#), "{long}");
    assert!(engine.take_records().is_empty() && engine.ledger().texts().is_empty());
    let short = reply::text(&engine.line(&ask("\u{202e}"), None));
    assert!(short.contains(r#""action":"allow""#), "{short}");
    let record = engine.take_records().pop().unwrap();
    assert!(record.contains(r"\u202e") && record.is_ascii());
}

/// Whoever replays a log from nothing has to know that the ledger did not begin with it.
#[test]
fn a_log_that_begins_on_a_history_says_so() {
    for has_history in [false, true] {
        let mut engine = Engine::whole(Policy::read(&parse(r#"{"payment":{"max_usd":"1"}}"#).unwrap()).unwrap());
        if has_history {
            engine.line(r#"{"type":"freeze","reason":"r","at":1767607200000}"#, None);
        }
        engine.audit(auditor(r#"{"payment":{"max_usd":"1"}}"#));
        for number in 0..2 {
            engine.line(r#"{"type":"note","what":"opened","at":1767607200000}"#, None);
            let record = engine.take_records().remove(0);
            assert_eq!(record.contains(r#""history":true"#), has_history && number == 0, "{record}");
        }
    }
}

/// A ledger's cells with their versions, as a store has them.
type Shared = BTreeMap<String, (u64, String)>;

fn asked(engine: &mut Engine, shared: &Shared, event: &str) -> String {
    engine.forget();
    let cell = |name: &str| shared.get(name).map_or((0, None), |(version, text)| (*version, Some(text.as_str())));
    reply::text(&answered(engine, event, cell))
}

fn committed(engine: &mut Engine, shared: &mut Shared, event: &str) -> String {
    let answer = asked(engine, shared, event);
    for write in engine::writes(engine.staged()) {
        let version = shared.get(&write.key).map_or(0, |cell| cell.0) + 1;
        shared.insert(write.key, (version, write.value.unwrap_or_default()));
    }
    answer
}

#[test]
fn wardens_that_begin_at_the_same_moment_know_each_other_s_payments() {
    let document = r#"{"payment":{"max_usd":"1"}}"#;
    let warden = |salt: &str| {
        let mut engine = Engine::of_store(Policy::read(&parse(document).unwrap()).unwrap(), "ab");
        engine.audit(Auditor { salt: salt.to_owned(), ..auditor(document) });
        engine
    };
    let (mut one, mut other, mut shared) = (warden("5a17"), warden("17a5"), Shared::new());
    let opened = r#"{"type":"note","what":"opened","at":1767607200000}"#;
    // Both find no log. The one is quicker, and the other has to judge again.
    asked(&mut other, &shared, opened);
    committed(&mut one, &mut shared, opened);
    committed(&mut other, &mut shared, opened);
    let pay = |kind: &str, id: &str| {
        format!(
            r#"{{"type":"{kind}","at":1767607200001,"id":"{id}","agent":"a","method":"GET","url":"https://api.example.com/?q=1","idempotency_key":"k","offer":{{"x402Version":2,"accepts":[{{"scheme":"exact","network":"eip155:8453","amount":"10000","asset":"0x833589fcd6edb6e08f4c7c32d4f71b54bda02913","payTo":"0x0000000000000000000000000000000000001000","maxTimeoutSeconds":60,"extra":{{"name":"USD Coin","version":"2"}}}}]}}}}"#
        )
    };
    assert!(committed(&mut one, &mut shared, &pay("authorize", "p1")).contains(r#""reason":"allowed""#));
    for kind in ["check", "authorize"] {
        let answer = asked(&mut other, &shared, &pay(kind, "p2"));
        assert!(answer.contains(r#""reason":"replayed""#), "{kind}: {answer}");
    }
}

/// The state in a record tells of all that the event changed, to the byte as the store has it: key, text, until when.
#[test]
fn the_state_of_a_record_is_that_of_what_is_written() {
    let document = r#"{"payment":{"max_usd":"1"},"budgets":[{"name":"daily","limit_usd":"5","window":"24h"}]}"#;
    let mut engine = Engine::of_store(Policy::read(&parse(document).unwrap()).unwrap(), "ab");
    engine.audit(auditor(document));
    let (mut shared, mut before) = (Shared::new(), Hash::default());
    for event in [PAY, r#"{"type":"ticket","id":"p1"}"#, r#"{"type":"settle","id":"p1","outcome":"captured"}"#] {
        let answer = committed(&mut engine, &mut shared, event);
        let (mut hash, mut record) = (Sha256::new_with_prefix(before.0), String::new());
        for write in engine::writes(engine.staged()) {
            if write.key.starts_with(key::LOG) {
                record = write.value.unwrap();
            } else if write.key != key::AUDIT {
                let expires = write.expires.map(|end| (end - engine::GRACE).to_string());
                for part in [Some(write.key), write.value, expires] {
                    hash.update(part.map_or(String::from("-"), |part| format!("{}:{part}", part.len())));
                }
            }
        }
        before = Hash(hash.finalize().into());
        assert!(record.contains(&format!(r#""state":"{before}""#)), "{answer}: {record}");
    }
}

/// What people are asked about, and its answers, under a policy of two out of three, of whom one signs.
fn escalated() -> Vec<String> {
    let document = r#"{"approvals":{"approvers":["alice","bob","carol"],"keys":[{"approver":"alice","hmac":"env:ALICE"}],"threshold":2},"payment":{"approve_from_usd":"1","max_usd":"10"}}"#;
    let secret = b"a secret of alice's";
    let mut engine = Engine::whole(Policy::read(&parse(document).unwrap()).unwrap());
    engine.keep_secret("env:ALICE", secret).unwrap();
    engine.audit(auditor(document));
    let pay = |id: &str, at: u64, path: &str| {
        format!(
            r#"{{"type":"authorize","id":"{id}","at":{at},"resume":true,"agent":"a1","url":"https://api.example.com/{path}","offer":{{"x402Version":2,"accepts":[{{"scheme":"exact","network":"eip155:84532","amount":"2000000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":300,"extra":{{"name":"USDC","version":"2"}}}}]}}}}"#
        )
    };
    let start = 1_767_607_200_000;
    let mut log = Vec::new();
    let mut send = |event: String| {
        let answer = reply::text(&engine.line(&event, None));
        log.extend(engine.take_records());
        parse(&answer).unwrap()
    };
    let asked = send(pay("p1", start, "x"));
    let digest = asked.get("approval").and_then(|approval| approval.get("digest")?.as_str()).unwrap().to_owned();
    let statement = tollwarden::approval::proof::statement("approve", &digest, start, "alice");
    let signature = tollwarden::audit::redact::hmac(secret, statement.as_bytes());
    let alice = format!(
        r#"{{"type":"approve","id":"p1","approver":"alice","digest":"{digest}","signed_at":{start},"signature":"{signature}","at":"#
    );
    send(format!("{alice}{}}}", start + 1_000));
    send(format!("{alice}{}}}", start + 2_000));
    send(format!(r#"{{"type":"reject","id":"p1","approver":"bob","at":{}}}"#, start + 3_000));
    send(format!(r#"{{"type":"approve","id":"p1","approver":"carol","digest":"{digest}","at":{}}}"#, start + 4_000));
    let paid = send(pay("p2", start + 5_000, "x"));
    assert_eq!((paid.get("id").unwrap().as_str(), paid.get("action").unwrap().as_str()), (Some("p1"), Some("allow")));
    send(format!(r#"{{"type":"settle","id":"p1","outcome":"captured","at":{}}}"#, start + 6_000));
    send(pay("p3", start + 7_000, "y"));
    send(format!(r#"{{"type":"reject","id":"p3","approver":"bob","at":{}}}"#, start + 8_000));
    log
}

#[test]
fn an_approved_payment_is_one_payment_also_where_another_call_goes_on_with_it() {
    let log = text(&escalated());
    let mut reporter = Reporter::default();
    reporter.push(log.as_bytes());
    let report = reporter.finish().unwrap();
    assert_eq!((report.payments, report.spent_usd.to_string().as_str()), (2, "2"));
    let [approved, open] = report.escalations.as_slice() else { panic!("{:#?}", report.escalations) };
    assert_eq!(
        (approved.id.as_str(), approved.outcome.as_str(), approved.judged_again.as_str()),
        ("p1", "approved", "authorized")
    );
    assert_eq!(
        (&approved.approved_by[..], &approved.refused_by[..]),
        (&["alice", "carol"].map(String::from)[..], &["bob".to_owned()][..])
    );
    assert_eq!(approved.latency_ms, Some(4_000), "the second of two");
    // One of three may refuse: the other two can still approve.
    assert_eq!((open.id.as_str(), open.outcome.as_str(), open.latency_ms), ("p3", "no answer", None));

    let mut query = Query::new(Filter { id: Some(String::from("p1")), ..Filter::default() }).unwrap();
    assert_eq!(query.push(log.as_bytes()).unwrap().len(), 7);
    assert_eq!((query.totals().approvals_asked, query.totals().authorized), (1, 1));
}

/// An answer is bound to a question by its digest, which has the policy in it; in a back-test it is one to the other policy's.
#[test]
fn what_people_said_is_said_under_another_policy_too() {
    let log = text(&escalated());
    let other = r#"{"payment":{"max_usd":"20","approve_from_usd":"1"},"approvals":{"threshold":2,"approvers":["alice","bob","carol"],"keys":[{"approver":"alice","hmac":"env:ALICE"}]}}"#;
    let mut backtester = Backtester::new(Policy::read(&parse(other).unwrap()).unwrap());
    backtester.push(log.as_bytes());
    let found = backtester.finish().unwrap();
    assert_eq!((found.payments, found.changed), (2, 0), "{:#?}", found.changes);
    assert_eq!(found.matrix["authorized"]["authorized"], 1);
    assert_eq!(
        (found.asked_usd.to_string(), found.let_through_usd.to_string()),
        (String::from("0"), String::from("0"))
    );
}
