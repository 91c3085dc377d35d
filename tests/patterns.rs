//! Ten thousand vendor patterns cost a decision no more than twice what ten cost, nor do as many rules of other agents, and
//! no pattern takes more than linear time. All are ratios measured in one run, by the quickest of interleaved rounds: what else the machine does can only
//! make a round slower.

#![expect(clippy::unwrap_used, reason = "a case that can't be built has failed")]
#![expect(clippy::float_arithmetic, reason = "ratios of times are no money")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tollwarden::engine::Engine;
use tollwarden::json::{Json, parse, parse_own};
use tollwarden::origin::Target;
use tollwarden::policy::Policy;
use tollwarden::policy::vendors::VendorSet;

fn with_vendors(patterns: usize) -> Engine {
    let names = (0..patterns).map(|n| match n % 3 {
        0 => format!("host{n}.example.com"),
        1 => format!("*.zone{n}.example.org"),
        _ => format!("api{n}.example.net/v1/thing{n}"),
    });
    let block: Vec<String> = names.collect();
    engine_of(&json!({ "payment": { "max_usd": "1" }, "vendors": { "block": block } }))
}

fn engine_of(policy: &Value) -> Engine {
    Engine::whole(Policy::read(&parse_own(&policy.to_string()).unwrap()).unwrap())
}

fn check() -> Json {
    let event = json!({
        "type": "check", "id": "p", "agent": "agent-1", "at": 1_767_607_200_000_u64, "url": "https://deep.sub.zone4x.example.org/v1/a/b/c",
        "offer": { "x402Version": 2, "accepts": [{
            "scheme": "exact", "network": "eip155:84532", "amount": "10000", "maxTimeoutSeconds": 60,
            "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "payTo": format!("0x{}", "1".repeat(40)),
            "extra": { "name": "USDC", "version": "2" } }] }
    });
    parse(&event.to_string()).unwrap()
}

fn time(rounds: u32, mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        work();
    }
    start.elapsed()
}

/// The ratio of two pieces of work, by the quickest of rounds taken in turns. Tried again while it is above what it may
/// be: on a busy machine the longer work is interrupted more often, and twenty times over only where it is too long.
fn ratio(mut a: impl FnMut(), mut b: impl FnMut(), rounds: u32, most: f64) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let turns: Vec<_> = (0..25).map(|_| (time(rounds, &mut a), time(rounds, &mut b))).collect();
        let a = turns.iter().map(|turn| turn.0).min().unwrap();
        let b = turns.iter().map(|turn| turn.1).min().unwrap();
        best = best.min(b.as_secs_f64() / a.as_secs_f64());
        if best < most {
            break;
        }
    }
    best
}

#[test]
fn ten_thousand_patterns_cost_what_ten_cost() {
    let (mut few, mut many, event) = (with_vendors(10), with_vendors(10_000), check());
    let ratio = ratio(|| drop(few.handle(&event)), || drop(many.handle(&event)), 200, 2.0);
    println!("10,000 patterns cost {ratio:.2} times what 10 cost");
    assert!(ratio < 2.0, "10,000 patterns cost {ratio:.2} times what 10 cost");
}

#[test]
fn ten_thousand_rules_of_others_cost_what_ten_cost() {
    let with_rules = |rules: usize| {
        let rule =
            |n| json!({ "name": format!("rule-{n}"), "then": "deny", "when": { "agents": [format!("other-{n}")] } });
        let rules: Vec<Value> = (0..rules).map(rule).collect();
        engine_of(&json!({ "payment": { "max_usd": "1" }, "rules": rules }))
    };
    let (mut few, mut many, event) = (with_rules(10), with_rules(10_000), check());
    let ratio = ratio(|| drop(few.handle(&event)), || drop(many.handle(&event)), 200, 2.0);
    println!("10,000 rules of other agents cost {ratio:.2} times what 10 cost");
    assert!(ratio < 2.0, "10,000 rules of other agents cost {ratio:.2} times what 10 cost");
}

/// Expressions that take other engines exponential or quadratic time, against a URL and one eight times as long.
#[test]
fn no_pattern_takes_more_than_linear_time() {
    for expression in ["(a|a)*b", "(a*)*b", "(a+)+b", "a*a*a*a*a*a*b", "(.*)(.*)(.*)x", "((a?){20})*b"] {
        let mut set = VendorSet::default();
        set.add(&format!("regex:.*/{expression}")).unwrap();
        let target = |n: usize| Target::parse(&format!("https://a.example.com/{}", "a".repeat(n))).unwrap();
        let (short, long) = (target(500), target(4_000));
        let ratio = ratio(|| consume(set.covers(&short)), || consume(set.covers(&long)), 2, 16.0);
        println!("{expression}: 8 times the text takes {ratio:.1} times as long");
        assert!(ratio < 16.0, "`{expression}`: 8 times the text takes {ratio:.1} times as long");
    }
}

fn consume(value: bool) {
    std::hint::black_box(value);
}
