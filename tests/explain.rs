//! One payment explained: the trace comes from the checks that decide, so over random policies and payments it never says
//! anything that the decision doesn't. And policies in sentences.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that can't go on has failed")]
#![expect(clippy::arithmetic_side_effects, reason = "the figures of a test are small")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use tollwarden::engine::Engine;
use tollwarden::explain::{Description, describe};
use tollwarden::json::parse;
use tollwarden::policy::Policy;
use tollwarden::reply::text;

#[path = "support/random_policy.rs"]
mod random_policy;
use random_policy::{Dice, events, policy};

fn described(document: &Value) -> Description {
    describe(&parse(&document.to_string()).unwrap()).unwrap()
}

fn ask(engine: &mut Engine, event: &Value) -> Value {
    serde_json::from_str(&text(&engine.line(&event.to_string(), None))).unwrap()
}

fn as_kind(event: &Value, kind: &str) -> Value {
    let mut event = event.clone();
    event["type"] = json!(kind);
    event
}

/// Lines that stand for no rule of the policy: what is always asked, and the limits of the call itself.
const NOT_OF_THE_POLICY: &[&str] = &["assets", "assets.usd", "network"];

fn said(trace: &Value, word: &str) -> BTreeSet<String> {
    let lines = trace["rules"].as_array().unwrap().iter().filter(|line| line["said"] == word);
    let names = lines.map(|line| line["rule"].as_str().unwrap().to_owned());
    names.filter(|name| !NOT_OF_THE_POLICY.contains(&name.as_str())).collect()
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_trace_says_what_the_decision_says_and_changes_nothing() {
    let mut spoken: BTreeMap<String, u64> = BTreeMap::new();
    let mut sides: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 1..=1_500u64 {
        let mut dice = Dice::new(seed);
        let document = policy(&mut dice);
        let Ok(policy) = Policy::read(&parse(&document.to_string()).unwrap()) else { continue };
        let coverables = described(&document).rules;
        let figures: BTreeSet<&String> = coverables.iter().flat_map(|rule| &rule.figures).collect();
        let mut engine = Engine::whole(policy);
        let mut at = 1_767_600_000_000;
        for number in 0..12 {
            for event in events(&mut dice, number, &mut at) {
                if event["type"] == "authorize" {
                    let before = engine.ledger().texts();
                    let trace = ask(&mut engine, &as_kind(&event, "explain"));
                    let decision = ask(&mut engine, &as_kind(&event, "check"));
                    assert_eq!(engine.ledger().texts(), before, "seed {seed}: explaining changed something");
                    assert_eq!(trace["decision"], decision, "seed {seed}");
                    assert_eq!(ask(&mut engine, &event), decision, "seed {seed}");
                    check(&trace, &decision, &format!("seed {seed}: {document}\n{event}\n{trace}"));
                    let lines = trace["rules"].as_array().unwrap();
                    let names: Vec<&str> = lines.iter().map(|line| line["rule"].as_str().unwrap()).collect();
                    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a rule twice in {names:?}");
                    for rule in coverables.iter().filter(|_| !names.is_empty()) {
                        assert!(names.contains(&rule.rule.as_str()), "seed {seed}: {} is not in {trace}", rule.rule);
                    }
                    for line in lines {
                        *spoken.entry(line["said"].as_str().unwrap().to_owned()).or_default() += 1;
                        for edge in line["edges"].as_array().into_iter().flatten() {
                            let figure = edge["figure"].as_str().unwrap().to_owned();
                            assert!(figures.contains(&figure), "seed {seed}: {figure} is not in {figures:?}");
                            let member = figure.rsplit_once('.').map_or(figure.as_str(), |(_, member)| member);
                            *sides.entry(format!("{member} {}", edge["side"].as_str().unwrap())).or_default() += 1;
                        }
                    }
                } else {
                    ask(&mut engine, &event);
                }
            }
        }
    }
    assert_eq!(spoken.len(), 6, "{spoken:?}");
    for member in
        ["max_usd", "max_first_usd", "approve_from_usd", "limit_usd", "limit_amount", "max", "min_usd", "window"]
    {
        for side in ["met", "crossed"] {
            assert!(sides.contains_key(&format!("{member} {side}")), "{member} {side} is not in {sides:?}");
        }
    }
}

fn check(trace: &Value, decision: &Value, context: &str) {
    let lines = trace["rules"].as_array().unwrap();
    if lines.is_empty() {
        assert_eq!(decision["rules"], json!([]), "{context}");
        return;
    }
    assert!(said(trace, "flag").is_subset(&texts(&decision["flags"])), "{context}");
    match decision["action"].as_str().unwrap() {
        "deny" if decision["reason"] == "approval_rejected" => {}
        "deny" => {
            assert_eq!(said(trace, "deny"), texts(&decision["rules"]), "{context}");
            assert!(lines.iter().any(|line| line["said"] == "deny"), "{context}");
        }
        "require_approval" => {
            assert_eq!(said(trace, "approve"), texts(&decision["rules"]), "{context}");
            assert!(said(trace, "deny").is_empty(), "{context}");
        }
        _ => {
            assert_eq!(said(trace, "flag"), texts(&decision["flags"]), "{context}");
            assert!(said(trace, "deny").is_empty(), "{context}");
        }
    }
}

fn pay(id: &str, at: &str, amount: &str) -> Value {
    json!({
        "type": "authorize", "id": id, "at": at, "agent": "a1", "method": "GET", "url": "https://api.example.com/report",
        "offer": {"x402Version": 2, "accepts": [{
            "scheme": "exact", "network": "eip155:84532", "amount": amount,
            "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "payTo": "0x1111111111111111111111111111111111111111",
            "maxTimeoutSeconds": 300, "extra": {"name": "USDC", "version": "2"}
        }]}
    })
}

fn line<'a>(trace: &'a Value, rule: &str) -> &'a Value {
    trace["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["rule"] == rule)
        .unwrap_or_else(|| panic!("no {rule}: {trace}"))
}

#[test]
fn each_rule_says_what_it_saw() {
    let document = json!({
        "payment": {"max_usd": "1", "max_first_usd": "0.8", "approve_from_usd": "0.9"},
        "vendors": {"allow": ["*.example.com"]},
        "budgets": [{"name": "daily", "limit_usd": "1.5", "window": "24h", "per": "agent"}],
        "rates": [{"name": "gap", "min_gap": "10s", "then": "delay"}],
        "rules": [
            {"name": "posts", "when": {"methods": ["POST"]}, "then": "deny"},
            {"name": "dear", "when": {"min_usd": "0.5"}, "then": "flag"}
        ]
    });
    let mut engine = Engine::whole(Policy::read(&parse(&document.to_string()).unwrap()).unwrap());
    ask(&mut engine, &pay("p1", "2026-01-05T10:00:00Z", "800000"));
    ask(&mut engine, &json!({"type": "settle", "id": "p1", "at": "2026-01-05T10:00:01Z", "outcome": "captured"}));
    let trace = ask(&mut engine, &as_kind(&pay("p2", "2026-01-05T10:00:09.999Z", "700001"), "explain"));
    for (rule, saw, word) in [
        ("vendors.allow", "`https://api.example.com/report`", "pass"),
        ("payment.max_usd", "0.700001 USD, of at most 1 USD", "pass"),
        ("payment.max_first_usd", "the address was paid 1 times before", "not_asked"),
        ("payment.approve_from_usd", "0.700001 USD; from 0.9 USD on people decide", "pass"),
        ("daily", "0.8 used and 0.700001 more, of at most 1.5 USD in 1d for `a1`", "deny"),
        ("gap", "9999ms since the one before, of at least 10s", "deny"),
        ("posts", "`when.methods` does not hold", "not_asked"),
        ("dear", "speaks of it", "flag"),
    ] {
        assert_eq!((line(&trace, rule)["saw"].as_str().unwrap(), &line(&trace, rule)["said"]), (saw, &json!(word)));
    }
    assert_eq!(line(&trace, "daily")["edges"], json!([{"figure": "daily.limit_usd", "side": "crossed"}]));
    assert_eq!(line(&trace, "gap")["edges"], json!([{"figure": "gap.min_gap", "side": "crossed"}]));
    assert_eq!(trace["decision"]["action"], "deny");
    let later = ask(&mut engine, &as_kind(&pay("p2", "2026-01-05T10:00:10Z", "700000"), "explain"));
    assert_eq!(line(&later, "daily")["edges"], json!([{"figure": "daily.limit_usd", "side": "met"}]));
    assert_eq!(line(&later, "gap")["edges"], json!([{"figure": "gap.min_gap", "side": "met"}]));
    assert_eq!(later["decision"]["action"], "allow");
}

#[test]
fn where_no_rule_was_asked_the_decision_stands_alone() {
    let document = json!({"payment": {"max_usd": "1"}});
    let mut engine = Engine::whole(Policy::read(&parse(&document.to_string()).unwrap()).unwrap());
    ask(&mut engine, &json!({"type": "freeze", "reason": "test"}));
    let trace = ask(&mut engine, &as_kind(&pay("p1", "2026-01-05T10:00:00Z", "1"), "explain"));
    assert_eq!((&trace["rules"], &trace["decision"]["reason"]), (&json!([]), &json!("frozen")));
    let mut blind = pay("p1", "2026-01-05T10:00:00Z", "1");
    blind.as_object_mut().unwrap().remove("at");
    let reply = ask(&mut engine, &as_kind(&blind, "explain"));
    assert_eq!(reply["error"]["code"], "malformed_event");
}

#[test]
fn all_entries_of_an_offer_are_explained() {
    let document = json!({"payment": {"max_usd": "1"}});
    let mut engine = Engine::whole(Policy::read(&parse(&document.to_string()).unwrap()).unwrap());
    let mut event = as_kind(&pay("p1", "2026-01-05T10:00:00Z", "2000000"), "explain");
    let mut second = event["offer"]["accepts"][0].clone();
    second["amount"] = json!("5");
    event["offer"]["accepts"].as_array_mut().unwrap().push(second);
    let trace = ask(&mut engine, &event);
    assert_eq!(trace["decision"]["accept"], 1);
    assert_eq!(line(&trace, "payment.max_usd")["said"], "pass");
    assert_eq!(trace["others"][0]["accept"], 0);
    assert!(trace["others"][0]["rules"].as_array().unwrap().iter().any(|line| line["said"] == "deny"));
}

#[test]
fn a_policy_in_sentences() {
    let document: Value = serde_json::from_str(&fs::read_to_string("tests/vectors/explain.json").unwrap()).unwrap();
    let sections = serde_json::to_value(&described(&document["policy"]).sections).unwrap();
    assert_eq!(sections, document["sections"], "{}", serde_json::to_string_pretty(&sections).unwrap());
}

#[test]
fn every_policy_of_the_vectors_is_described_with_all_its_names() {
    let mut count = 0;
    for file in fs::read_dir("tests/vectors/events").unwrap() {
        let vectors: Value = serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let policy = match case["policy"].as_str() {
                Some(name) => &vectors["define"][name.trim_start_matches('@')],
                None => &case["policy"],
            };
            let Ok(description) = describe(&parse(&policy.to_string()).unwrap()) else { continue };
            count += 1;
            let text = serde_json::to_string(&description.sections).unwrap();
            for section in ["budgets", "rates", "rules"] {
                for entry in policy[section].as_array().into_iter().flatten() {
                    let name = format!("`{}`", entry["name"].as_str().unwrap());
                    assert!(text.contains(&name), "{name} is not in {text}");
                }
            }
            assert!(!text.contains("  ") && !text.contains("Some("), "{text}");
        }
    }
    assert!(count > 50, "{count}");
}
