//! Policies and payments by chance, from a small vocabulary, so that they meet: each seed is one policy and its payments,
//! the same on every machine.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// xorshift64*: each seed is one policy and its payments, the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % sides
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
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
pub const DEAR: &str = "0x3333333333333333333333333333333333333333";
const PRICELESS: &str = "0x4444444444444444444444444444444444444444";
const WINDOWS: &[&str] = &["10s", "1m", "1h", "24h", "day", "week", "month", "session", "lifetime"];
const HOURS: &[&str] = &["09:00-17:00", "10:00-16:00", "17:00-09:00", "00:00-12:00"];
const AMOUNTS: &[u64] = &[500_000, 1_000_000, 1_000_001, 2_000_000, 3_000_000, 250_000];
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

pub fn policy(dice: &mut Dice) -> Value {
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
pub fn events(dice: &mut Dice, number: u64, at: &mut u64) -> Vec<Value> {
    *at += *dice.pick(&[0, 1, 1_000, 9_999, 10_000, 30_000, 60_000, 3_600_000, 20_000_000, 86_400_000]);
    let id = format!("p{number}");
    let (network, asset) = *dice.pick(&[
        ("eip155:84532", SEPOLIA),
        ("eip155:84532", SEPOLIA),
        ("eip155:8453", BASE),
        ("eip155:84532", DEAR),
        ("eip155:84532", PRICELESS),
    ]);
    let amount = (*dice.pick(AMOUNTS) + dice.roll(3)).saturating_sub(1);
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
        _ => events.push(
            json!({"type": "settle", "id": id, "at": *at + dice.roll(2) * dice.roll(5_000), "outcome": "captured"}),
        ),
    }
    events
}
