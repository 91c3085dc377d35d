//! What lint says of policies, by a table and by chance: `tests/vectors/lint/*.json` has for each code policies of which
//! it is true and ones of which it nearly is; and whatever it calls without effect is taken out of random policies, and
//! random payments are decided as before.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that can't go on has failed")]
#![expect(clippy::arithmetic_side_effects, clippy::float_arithmetic, reason = "the figures of a test are small")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use tollwarden::engine::{Engine, text};
use tollwarden::json::parse;
use tollwarden::policy::document::Document;
use tollwarden::policy::lint::{Code, Lint, lint};
use tollwarden::policy::read::{Read, Reader};
use tollwarden::policy::{Policy, PolicyError};

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
    let all: BTreeSet<String> = Code::ALL.iter().map(|code| code.code().to_owned()).collect();
    assert_eq!(had, all, "a code without a policy of which it is true");
    assert_eq!(not_had, all, "a code without a policy of which it is nearly true");
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// xorshift64*: each seed is one policy and its payments, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.roll(list.len() as u64)).unwrap()]
    }

    fn some<'a>(&mut self, list: &[&'a str]) -> Vec<&'a str> {
        let count = if self.one_in(12) { 0 } else { 1 + self.roll(2) };
        let picked: BTreeSet<&str> = (0..count).map(|_| *self.pick(list)).collect();
        picked.into_iter().collect()
    }
}

const VENDORS: &[&str] =
    &["a.com", "a.com/v1", "a.com/v10", "*.a.com", "x.a.com", "b.com", r"regex:a\.com/.*", "https://b.com", "*.b.com"];
const URLS: &[&str] = &[
    "https://a.com/",
    "https://a.com/v1/q",
    "https://a.com/v10",
    "https://x.a.com/",
    "https://b.com/v1",
    "https://y.b.com/",
];
const NAMES: &[&str] = &["a1", "a2", "bot-1", "bot-*", "a?", "*"];
const AGENTS: &[&str] = &["a1", "a2", "bot-1", "x", ""];
const USD: &[&str] = &["0", "0.5", "1", "1.000001", "2", "3", "5", "10"];
const PAYEES: &[&str] = &["0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"];
const NETWORKS: &[&str] = &["base", "base-sepolia", "eip155:8453"];
const SEPOLIA: &str = "0x036cbd53842c5426634e7929541ec2318f3dcf7e";
const BASE: &str = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
const DEAR: &str = "0x3333333333333333333333333333333333333333";
const PRICELESS: &str = "0x4444444444444444444444444444444444444444";
const WINDOWS: &[&str] = &["10s", "1m", "1h", "24h", "day", "week", "month", "session", "lifetime"];
const HOURS: &[&str] = &["09:00-17:00", "10:00-16:00", "17:00-09:00", "00:00-12:00"];
const DAYS: &[&str] = &["mon", "tue", "sat", "sun"];

fn assets() -> Vec<String> {
    vec![
        format!("eip155:84532/{SEPOLIA}"),
        format!("eip155:8453/{BASE}"),
        format!("eip155:84532/{DEAR}"),
        format!("eip155:84532/{PRICELESS}"),
    ]
}

fn when(dice: &mut Dice) -> Value {
    let mut when = json!({});
    let assets = assets();
    let assets: Vec<&str> = assets.iter().map(String::as_str).collect();
    for _ in 0..dice.roll(3) {
        let (member, value) = match dice.roll(13) {
            0 => ("agents", json!(dice.some(NAMES))),
            1 | 2 => ("vendors", json!(dice.some(VENDORS))),
            3 => ("payees", json!(dice.some(PAYEES))),
            4 => ("networks", json!(dice.some(NETWORKS))),
            5 => ("assets", json!(dice.some(&assets))),
            6 => ("methods", json!(dice.some(&["GET", "post"]))),
            7 | 8 => ("min_usd", json!(dice.pick(USD))),
            9 => ("max_usd", json!(dice.pick(USD))),
            10 => ("first_payment", json!(dice.one_in(2))),
            11 => ("min_risk", json!(dice.pick(&["low", "medium", "high"]))),
            _ => match dice.one_in(2) {
                true => ("hours", json!(dice.some(HOURS))),
                false => ("days", json!(dice.some(DAYS))),
            },
        };
        when[member] = value;
    }
    when
}

fn policy(dice: &mut Dice) -> Value {
    let mut policy = json!({"payment": {}});
    let assets = assets();
    for member in ["max_usd", "max_first_usd", "approve_from_usd"] {
        if dice.one_in(3) {
            policy["payment"][member] = json!(dice.pick(USD));
        }
    }
    if dice.one_in(6) {
        policy["payment"]["networks"] = json!(dice.some(NETWORKS));
    }
    if dice.one_in(8) {
        policy["payment"]["block_networks"] = json!(dice.some(NETWORKS));
    }
    if dice.one_in(8) {
        let texts: Vec<&str> = assets.iter().map(String::as_str).collect();
        policy["payment"]["assets"] = json!(dice.some(&texts));
    }
    for (section, entries) in [("vendors", VENDORS), ("agents", NAMES), ("payees", PAYEES)] {
        for list in ["allow", "block"] {
            if dice.one_in(6) {
                policy[section][list] = json!(dice.some(entries));
            }
        }
    }
    let mut known = Vec::new();
    if dice.one_in(3) {
        known.push(json!({"network": "base-sepolia", "address": DEAR, "decimals": 6, "usd": "2"}));
    }
    if dice.one_in(3) {
        known.push(json!({"network": "base-sepolia", "address": PRICELESS, "decimals": 6}));
    }
    if dice.one_in(6) {
        known.push(json!({"network": "base-sepolia", "address": SEPOLIA, "decimals": 6, "usd": "1"}));
    }
    policy["assets"] = json!(known);
    let pers = [json!("all"), json!("agent"), json!("vendor"), json!(["agent", "vendor"]), json!("session")];
    let counter = |dice: &mut Dice, name: String| {
        let mut counter = json!({"name": name, "window": dice.pick(WINDOWS), "per": dice.pick(&pers)});
        if dice.one_in(3) {
            counter["when"] = when(dice);
        }
        counter
    };
    let budgets: Vec<Value> = (0..dice.roll(4))
        .map(|n| {
            let mut budget = counter(dice, format!("b{n}"));
            if dice.one_in(4) {
                budget["limit_amount"] = json!(dice.pick(&["1000000", "2000000", "5000000"]));
                budget["asset"] = json!(assets[usize::try_from(dice.roll(3)).unwrap()]);
                return budget;
            }
            budget["limit_usd"] = json!(dice.pick(USD));
            if dice.one_in(4) {
                budget["approve_from_usd"] = json!(dice.pick(USD));
            }
            budget
        })
        .collect();
    let rates: Vec<Value> = (0..dice.roll(3))
        .map(|n| {
            let mut rate = counter(dice, format!("r{n}"));
            rate["max"] = json!(1 + dice.roll(4));
            rate
        })
        .collect();
    let rules: Vec<Value> = (0..dice.roll(4))
        .map(|n| {
            let then = dice.pick(&["deny", "require_approval", "flag", "allow"]);
            json!({"name": format!("x{n}"), "when": when(dice), "then": then})
        })
        .collect();
    policy["budgets"] = json!(budgets);
    policy["rates"] = json!(rates);
    policy["rules"] = json!(rules);
    if dice.one_in(4) {
        policy["unmatched"] = json!("deny");
    }
    if dice.one_in(5) {
        policy["schedule"] = json!({"hours": dice.some(HOURS), "days": dice.some(DAYS)});
    }
    if dice.one_in(6) {
        policy["counterparty"] = json!({"max_risk": dice.pick(&["low", "medium"])});
    }
    if dice.one_in(8) {
        policy["counterparty"]["min_prior_payments"] = json!(dice.roll(2));
    }
    if dice.one_in(4) {
        policy["counterparty"]["on_missing"] = json!("allow");
    }
    policy
}

/// One payment, and what may become of it.
fn events(dice: &mut Dice, number: u64, at: &mut u64, amounts: &[u64]) -> Vec<Value> {
    *at += *dice.pick(&[0, 1, 1_000, 9_999, 30_000, 60_000, 3_600_000, 20_000_000, 86_400_000]);
    let id = format!("p{number}");
    let (network, asset) = *dice.pick(&[
        ("eip155:84532", SEPOLIA),
        ("eip155:84532", SEPOLIA),
        ("eip155:8453", BASE),
        ("eip155:84532", DEAR),
        ("eip155:84532", PRICELESS),
    ]);
    let amount = (*dice.pick(amounts) + dice.roll(3)).saturating_sub(1);
    let mut pay = json!({
        "type": "authorize", "id": id, "at": *at, "agent": dice.pick(AGENTS), "session": dice.pick(&["s1", "s2"]),
        "method": dice.pick(&["GET", "POST"]), "url": dice.pick(URLS),
        "offer": {"x402Version": 2, "accepts": [{
            "scheme": "exact", "network": network, "amount": amount.to_string(), "asset": asset,
            "payTo": dice.pick(PAYEES), "maxTimeoutSeconds": 60, "extra": {"name": "USDC", "version": "2"}
        }]}
    });
    if dice.one_in(2) {
        pay["facts"] = json!({"payee_risk": dice.pick(&["low", "medium", "high"])});
    }
    let approve = json!({"type": "approve", "id": id, "at": *at, "approver": "alice"});
    let mut events = vec![pay.clone(), approve, pay];
    match dice.roll(4) {
        0 => {}
        1 => events.push(json!({"type": "settle", "id": id, "at": *at, "outcome": "failed"})),
        _ => events.push(json!({"type": "settle", "id": id, "at": *at + dice.roll(5_000), "outcome": "captured"})),
    }
    events
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
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
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
        let amounts: Vec<u64> = [500_000, 1_000_000, 1_000_001, 2_000_000, 3_000_000, 250_000].to_vec();
        let mut at = 1_767_600_000_000;
        let events: Vec<Value> = (0..24).flat_map(|number| events(&mut dice, number, &mut at, &amounts)).collect();
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
    let wanted = Code::ALL.iter().filter(|code| code.changes_nothing() || claims(**code)).map(|code| code.code());
    assert_eq!(codes, wanted.collect(), "{seen:?}");
    println!("{tried} claims tried: {seen:?}");
}

/// Codes that claim something of every payment, beside those that call something without effect.
fn claims(code: Code) -> bool {
    matches!(code, Code::NothingAllowed | Code::MaxAboveBudget | Code::NeverFirst)
}

/// Whether a claim is true of these payments.
fn truth(lint: &Lint, policy: &Value, events: &[Value], decided: &[Option<(Value, Value)>]) -> bool {
    let passed = events.iter().zip(decided).filter(|(_, decided)| decided.as_ref().is_some_and(|(a, _)| a != "deny"));
    let mut passed = passed.map(|(event, _)| &event["offer"]["accepts"][0]);
    match lint.code {
        Code::NothingAllowed => passed.next().is_none(),
        Code::NeverFirst => passed.next().is_none(),
        Code::MaxAboveBudget => {
            let max: f64 = policy["payment"]["max_usd"].as_str().unwrap().parse().unwrap();
            passed.all(|terms| {
                let rate = if terms["asset"] == DEAR { 2.0 } else { 1.0 };
                let usd = terms["amount"].as_str().unwrap().parse::<f64>().unwrap() / 1e6 * rate;
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
