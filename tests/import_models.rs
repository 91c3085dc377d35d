//! What is imported is never looser than it was: against models of how the peers decide, over random policies and
//! payments. And whatever the source is, the import ends, and leaves nothing out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a model that can't be built has failed"
)]

#[path = "support/import.rs"]
mod support;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use support::{check_notes, imported, vectors};
use tollwarden::engine::Engine;
use tollwarden::json::parse;
use tollwarden::origin::Target;
use tollwarden::policy::Policy;
use tollwarden::policy::import::{Dialect, Level, import};
use tollwarden::reply::text;

const PAYEES: [&str; 2] = ["0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"];
const ACTIONS: [&str; 4] = ["allow", "flag", "require_approval", "deny"];

/// PaySentry: within a policy the first rule that matches, by priority; over all policies the strictest.
fn paysentry_says(policies: &[Value], agent: &str, payee: &str, dollars: u64) -> usize {
    let rank = |rule: &Value| ACTIONS.iter().position(|action| rule["action"] == *action).unwrap();
    let matches = |rule: &Value| {
        let conditions = &rule["conditions"];
        let among = |key: &str, name: &str| {
            conditions.get(key).and_then(Value::as_array).is_none_or(|list| {
                list.is_empty()
                    || list.iter().any(|entry| {
                        let pattern = entry.as_str().unwrap();
                        pattern == name || pattern.strip_suffix('*').is_some_and(|start| name.starts_with(start))
                    })
            })
        };
        among("agents", agent)
            && among("recipients", payee)
            && conditions.get("minAmount").is_none_or(|least| dollars >= least.as_u64().unwrap())
            && conditions.get("maxAmount").is_none_or(|most| dollars <= most.as_u64().unwrap())
    };
    let one = |policy: &Value| {
        let capped = policy["budgets"].as_array().unwrap().iter().any(|budget| {
            let scope = budget.get("agentIds").and_then(Value::as_array);
            scope.is_none_or(|agents| agents.iter().any(|name| name == agent))
                && dollars > budget["maxAmount"].as_u64().unwrap()
        });
        if capped {
            return 3;
        }
        let mut rules: Vec<&Value> =
            policy["rules"].as_array().unwrap().iter().filter(|rule| rule["enabled"] == true).collect();
        rules.sort_by_key(|rule| rule["priority"].as_u64().unwrap());
        rules.into_iter().find(|rule| matches(rule)).map_or(0, rank)
    };
    policies.iter().filter(|policy| policy["enabled"] == true).map(one).max().unwrap_or(0)
}

/// What a document says about one payment.
fn tollwarden_says(document: &Value, agent: &str, payee: &str, dollars: u64) -> usize {
    let policy = Policy::read(&parse(&document.to_string()).unwrap()).unwrap();
    let url = "https://api.example.com/x";
    let accept = json!({
        "scheme": "exact", "network": "eip155:8453", "amount": format!("{dollars}000000"),
        "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "payTo": payee, "maxTimeoutSeconds": 300,
        "extra": { "name": "USD Coin", "version": "2" }
    });
    let event = json!({
        "type": "authorize", "id": "p1", "at": "2026-01-05T10:00:00Z", "agent": agent, "session": "s1", "method": "GET",
        "url": url, "offer": { "x402Version": 2, "resource": { "url": url }, "accepts": [accept] }
    });
    let answer: Value = serde_json::from_str(&text(&Engine::whole(policy).line(&event.to_string(), None))).unwrap();
    match answer["action"].as_str().unwrap() {
        "allow" if answer["flags"].as_array().is_some_and(|flags| !flags.is_empty()) => 1,
        action => ACTIONS.iter().position(|known| *known == action).unwrap_or_else(|| panic!("{answer}")),
    }
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    let agents =
        prop::option::of(select(vec![json!(["a"]), json!(["a", "b"]), json!(["*"]), json!(["b*"]), json!([])]));
    let recipients = prop::option::of(select(vec![json!([PAYEES[0]]), json!(["*"]), json!(PAYEES)]));
    let amounts = (prop::option::of(0u64..8), prop::option::of(0u64..8));
    let rule = (agents, recipients, amounts, select(ACTIONS.to_vec()), prop::bool::weighted(0.85));
    let rule = rule.prop_map(|(agents, recipients, (least, most), action, enabled)| {
        let members = [
            ("agents", agents),
            ("recipients", recipients),
            ("minAmount", least.map(|n| json!(n))),
            ("maxAmount", most.map(|n| json!(n))),
        ];
        let conditions: Value = members.into_iter().filter_map(|(key, v)| Some((key.to_owned(), v?))).collect();
        json!({ "enabled": enabled, "conditions": conditions, "action": action })
    });
    prop::collection::vec((rule, any::<u16>()), 0..5).prop_map(|rules| {
        // Each priority once: equal ones keep the order of the list, which is said by the sort of both.
        let number = |(place, (mut rule, priority)): (usize, (Value, u16))| {
            rule["id"] = json!(format!("r{place}"));
            rule["priority"] = json!(u64::from(priority) * 8 + place as u64);
            rule
        };
        rules.into_iter().enumerate().map(number).collect()
    })
}

/// Rules, a cap and whether it is for one agent alone, and whether the policy is on.
type Parts = (Vec<Value>, Option<(u64, bool)>, bool);

fn policies() -> impl Strategy<Value = Vec<Value>> {
    let cap = prop::option::of((1u64..9, any::<bool>()));
    prop::collection::vec((rules(), cap, prop::bool::weighted(0.9)), 1..3).prop_map(|parts| {
        let one = |(place, (rules, cap, enabled)): (usize, Parts)| {
            let mut budgets = vec![json!({ "window": "per_transaction", "maxAmount": 9 })];
            if let Some((most, scoped)) = cap {
                let mut budget = json!({ "window": "per_transaction", "maxAmount": most });
                if scoped {
                    budget["agentIds"] = json!(["a"]);
                }
                budgets.push(budget);
            }
            json!({ "id": format!("p{place}"), "name": "p", "enabled": enabled, "rules": rules, "budgets": budgets })
        };
        parts.into_iter().enumerate().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Never looser; and the same, unless a note says that the order of the rules makes a difference.
    #[test]
    fn paysentry_is_never_looser(
        policies in policies(), agent in select(vec!["a", "b", "c"]), payee in select(PAYEES.to_vec()), dollars in 1u64..10
    ) {
        let mut policies = policies;
        policies[0]["enabled"] = json!(true);
        let found = imported(Dialect::PaySentry, &json!(policies));
        let notes = found["notes"].as_array().unwrap();
        let differs = notes.iter().any(|note| {
            let path = note["path"].as_str().unwrap();
            note["level"] != "carried" && (path.ends_with("priority") || path.ends_with("action"))
        });
        let there = paysentry_says(&policies, agent, payee, dollars);
        let here = tollwarden_says(&found["document"], agent, payee, dollars);
        prop_assert!(here >= there, "{} there, {} here: {}", ACTIONS[there], ACTIONS[here], found["document"]);
        prop_assert!(differs || here == there, "{} there, {} here: {}", ACTIONS[there], ACTIONS[here], found["document"]);
    }

    /// What an allow list lets through here, `re.search` finds there.
    #[test]
    fn x402_firewall_allows_no_other_host(
        pattern in r"\^?(\(\.\*\\\.\)\?|\.\*\\\.|\\\.|\(\^\|\\\.\)|[ab]|\[ab\]|\(a\|b\)|\[\^a\]|\*\.)?[ab]{0,2}(\\\.|\.)co[m]?[+*?]?\$?",
        host in r"([ab]{1,2}\.)?[abc]{1,2}\.com?(\.b|b)?"
    ) {
        let source = json!({ "budget_usd": 1, "allow_vendors": [pattern] }).to_string();
        let found = import(Dialect::X402Firewall, &parse(&source).unwrap());
        let Ok(policy) = Policy::read(&found.document) else { return Ok(()) };
        let Ok(target) = Target::parse(&format!("https://{host}/{pattern}/a.co/b.com")) else { return Ok(()) };
        if policy.vendors.allow.as_ref().unwrap().covers(&target) {
            let there = regex_lite::Regex::new(&pattern).map_or(host.contains(&pattern), |found| found.is_match(&host));
            prop_assert!(there, "`{pattern}` allows {host}: {:?}", found.document);
        }
    }

    /// What an expression on a block list finds there is blocked here; a plain host is the exception, which is noted.
    #[test]
    fn x402_firewall_blocks_what_an_expression_finds(
        pattern in r"\^?([ab]|\[ab\]|\(a\|b\)|\[\^a\]|\.\*)[ab]{0,2}(\\\.)?co?m?[+*]\$?",
        host in r"([ab]{1,2}\.)?[abc]{1,2}\.com?(\.b|b)?"
    ) {
        let source = json!({ "budget_usd": 1, "block_vendors": [pattern] }).to_string();
        let found = import(Dialect::X402Firewall, &parse(&source).unwrap());
        prop_assume!(found.worst() < Level::Lost);
        let policy = Policy::read(&found.document).unwrap();
        let Ok(target) = Target::parse(&format!("https://{host}/x")) else { return Ok(()) };
        if regex_lite::Regex::new(&pattern).is_ok_and(|found| found.is_match(&host)) {
            prop_assert!(policy.vendors.block.as_ref().unwrap().covers(&target), "`{pattern}` {host}: {:?}", found.document);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = vec![
        "type",
        "policies",
        "policy",
        "rules",
        "budgets",
        "conditions",
        "enabled",
        "action",
        "priority",
        "window",
        "mpa",
        "approvers",
        "per_endpoint",
        "trusted_wallets",
        "allowedAssets",
        "parameters",
        "id",
        "maxAmount",
        "spendControls",
        "budget_usd",
        "allow_vendors",
        "https://a.com",
        "",
        "a b",
        "\"",
        "daily",
        "deny",
        "USDC",
        "base",
        "*",
        "inf",
        "$1",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        select(words.clone()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        let key = prop_oneof![9 => select(words.clone()).prop_map(String::from), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Puts a value in place of the member or item that the numbers lead to.
fn disturb(value: &mut Value, way: &[Index], new: Value) {
    let Some((step, rest)) = way.split_first() else {
        *value = new;
        return;
    };
    let child = match value {
        Value::Array(items) if !items.is_empty() => {
            let place = step.index(items.len());
            items.get_mut(place)
        }
        Value::Object(members) if !members.is_empty() => {
            let place = step.index(members.len());
            members.iter_mut().nth(place).map(|(_, member)| member)
        }
        _ => None,
    };
    match child {
        Some(child) => disturb(child, rest, new),
        None => *value = new,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn whatever_the_source_nothing_is_left_out(source in any_json(), dialect in select(Dialect::ALL.to_vec())) {
        check_notes(dialect, &source);
    }

    #[test]
    fn nor_in_one_that_is_nearly_right(
        case in any::<Index>(), way in prop::collection::vec(any::<Index>(), 1..6), new in any_json()
    ) {
        let vectors = vectors();
        let (dialect, case) = case.get(&vectors);
        let mut source = case["source"].clone();
        disturb(&mut source, &way, new);
        check_notes(*dialect, &source);
    }
}
