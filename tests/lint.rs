//! What lint says of policies, by a table and by chance: `tests/vectors/lint/*.json` has for each code policies of which
//! it is true and ones of which it nearly is; and whatever it calls without effect is taken out of random policies, and
//! random payments are decided as before.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that can't go on has failed")]
#![expect(clippy::arithmetic_side_effects, reason = "the figures of a test are small")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tollwarden::engine::Engine;
use tollwarden::json::parse;
use tollwarden::money::Usd;
use tollwarden::policy::document::Document;
use tollwarden::policy::lint::{Lint, LintCode, lint};
use tollwarden::policy::read::{Read, Reader};
use tollwarden::policy::{Policy, PolicyError};
use tollwarden::reply::text;

#[path = "support/random_policy.rs"]
mod random_policy;
use random_policy::{DEAR, Dice, events, policy};

fn lints(document: &Value) -> Result<Vec<Lint>, Vec<PolicyError>> {
    let json = parse(&document.to_string()).unwrap();
    let policy = Policy::read(&json)?;
    let document = Document::read(&json, &mut Reader::default()).unwrap();
    Ok(lint(&policy, &document))
}

#[test]
fn every_vector() {
    let mut failures = Vec::new();
    let (mut had, mut not_had) = (BTreeSet::new(), BTreeSet::new());
    for file in fs::read_dir("tests/vectors/lint").unwrap() {
        let cases: Value = serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        for case in cases["cases"].as_array().unwrap() {
            let note = case["note"].as_str().unwrap();
            let found = lints(&case["policy"]).unwrap_or_else(|errors| panic!("{note}: {errors:?}"));
            for wanted in case["has"].as_array().into_iter().flatten() {
                had.insert(wanted["code"].as_str().unwrap().to_owned());
                let matches = found.iter().any(|lint| {
                    lint.code.code() == wanted["code"]
                        && lint.path == wanted["path"]
                        && wanted["message"].as_str().is_none_or(|part| format!("{lint:?}").contains(part))
                });
                if !matches {
                    failures.push(format!("{note}: no {wanted} in {found:#?}"));
                }
            }
            for code in case["not"].as_array().into_iter().flatten() {
                not_had.insert(code.as_str().unwrap().to_owned());
                if let Some(lint) = found.iter().find(|lint| lint.code.code() == code) {
                    failures.push(format!("{note}: {lint:?}"));
                }
            }
        }
    }
    let all: BTreeSet<String> = LintCode::ALL.iter().map(|code| code.code().to_owned()).collect();
    assert_eq!(had, all, "a code without a policy of which it is true");
    assert_eq!(not_had, all, "a code without a policy of which it is nearly true");
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// What is decided, and how a payment that is not denied is marked.
fn decided(engine: &mut Engine, event: &Value) -> Option<(Value, Value)> {
    let reply: Value = serde_json::from_str(&text(&engine.line(&event.to_string(), None))).unwrap();
    let action = reply.get("action")?.clone();
    let marks = if action == "deny" { Value::Null } else { reply["flags"].clone() };
    Some((action, marks))
}

fn engine(policy: &Value) -> Option<Engine> {
    Some(Engine::whole(Policy::read(&parse(&policy.to_string()).unwrap()).ok()?))
}

/// The policy without what stands at a path of a lint. A budget without a limit is taken out whole.
fn without(policy: &Value, path: &str) -> Option<Value> {
    let mut policy = policy.clone();
    if let Some((list, rest)) = path.split_once('[') {
        let (index, rest) = rest.split_once(']').unwrap();
        let index: usize = index.parse().unwrap();
        let items = list.split('.').fold(&mut policy, |value, member| &mut value[member]).as_array_mut().unwrap();
        let item = &mut items[index];
        match rest.strip_prefix('.') {
            Some("limit_usd" | "limit_amount") if item["approve_from_usd"].is_null() => drop(items.remove(index)),
            Some(member) => drop(item.as_object_mut().unwrap().remove(member).unwrap()),
            None => drop(items.remove(index)),
        }
    } else {
        let (section, member) = path.split_once('.').unwrap();
        policy[section].as_object_mut().unwrap().remove(member).unwrap();
    }
    Some(policy)
}

#[test]
fn what_lint_says_is_true_of_random_policies_and_payments() {
    let policies: u64 = std::env::var("TOLLWARDEN_LINT_POLICIES").map_or(1_500, |count| count.parse().unwrap());
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut tried = 0u64;
    for seed in 1..=policies {
        let mut dice = Dice::new(seed);
        let document = policy(&mut dice);
        let Ok(found) = lints(&document) else { continue };
        let claims: Vec<(&Lint, Option<Value>)> = found
            .iter()
            .filter(|lint| lint.code.changes_nothing() || claims(lint.code))
            .map(|lint| (lint, lint.code.changes_nothing().then(|| without(&document, &lint.path).unwrap())))
            .collect();
        if claims.is_empty() {
            continue;
        }
        let mut at = 1_767_600_000_000;
        let events: Vec<Value> = (0..24).flat_map(|number| events(&mut dice, number, &mut at)).collect();
        let run = |policy: &Value| -> Option<Vec<Option<(Value, Value)>>> {
            let mut engine = engine(policy)?;
            Some(events.iter().map(|event| decided(&mut engine, event)).collect())
        };
        let before = run(&document).unwrap();
        for (lint, other) in claims {
            let holds = match &other {
                // What is left may bound nothing, and then it is no policy.
                Some(other) => match run(other) {
                    Some(after) => after == before,
                    None => continue,
                },
                None => truth(lint, &document, &events, &before),
            };
            assert!(holds, "seed {seed}: {lint:#?}\n{}\n{before:?}\n{:?}", document, other.as_ref().and_then(run));
            *seen.entry(lint.code.code()).or_default() += 1;
            tried += 1;
        }
    }
    let codes: BTreeSet<&str> = seen.keys().copied().collect();
    let wanted = LintCode::ALL.iter().filter(|code| code.changes_nothing() || claims(**code)).map(|code| code.code());
    assert_eq!(codes, wanted.collect(), "{seen:?}");
    println!("{tried} claims tried: {seen:?}");
}

/// Codes that claim something of every payment, beside those that call something without effect.
fn claims(code: LintCode) -> bool {
    matches!(code, LintCode::NothingAllowed | LintCode::MaxAboveBudget | LintCode::NeverFirst)
}

/// Whether a claim is true of these payments.
fn truth(lint: &Lint, policy: &Value, events: &[Value], decided: &[Option<(Value, Value)>]) -> bool {
    let passed = events.iter().zip(decided).filter(|(_, decided)| decided.as_ref().is_some_and(|(a, _)| a != "deny"));
    let mut passed = passed.map(|(event, _)| &event["offer"]["accepts"][0]);
    match lint.code {
        LintCode::NothingAllowed => passed.next().is_none(),
        LintCode::NeverFirst => passed.next().is_none(),
        LintCode::MaxAboveBudget => {
            let max = Usd::parse(policy["payment"]["max_usd"].as_str().unwrap()).unwrap();
            passed.all(|terms| {
                let rate = if terms["asset"] == DEAR { 2 } else { 1 };
                let amount: u128 = terms["amount"].as_str().unwrap().parse().unwrap();
                // Six decimals, and dollars have eighteen.
                let usd = Usd::new(amount * rate * 1_000_000_000_000);
                let other_asset = lint.path.ends_with("limit_amount")
                    && !policy
                        .pointer(&format!("/budgets/{}/asset", &lint.path[8..9]))
                        .unwrap()
                        .as_str()
                        .unwrap()
                        .ends_with(terms["asset"].as_str().unwrap());
                other_asset || usd < max
            })
        }
        _ => panic!("{lint:?}"),
    }
}
