//! The smallest change that would let a payment pass is exact: with it the payment is not denied, and with one atomic
//! unit more, or one millisecond earlier, it still is. Over random policies, random histories and random payments.
//!
//! 100,000 of them by default; `TOLLWARDEN_CASES=1000000 cargo test --release --test fix` for more.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a case that can't be built has failed")]
#![expect(clippy::arithmetic_side_effects, reason = "figures of a test are small")]
#![expect(clippy::indexing_slicing, reason = "a JSON value is made by naming its members")]

use serde_json::{Value, json};
use tollwarden::engine::Engine;
use tollwarden::json::{Json, parse};
use tollwarden::policy::Policy;
use tollwarden::reply::Reply;

/// A small generator of our own: a seed reproduces a run, and a case costs nothing beside what it tests.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap()).unwrap()
    }

    /// Dollars with up to eight decimals: finer than an atomic unit, so that rounding shows.
    fn usd(&mut self, most_cents: u64) -> String {
        let whole = self.below(most_cents * 1_000_000) + 1;
        format!("{}.{:08}", whole / 100_000_000, whole % 100_000_000)
    }
}

const HOUR: u64 = 3_600_000;
/// A Monday, 10:00 UTC.
const START: u64 = 1_767_607_200_000;

fn document(random: &mut Random) -> Value {
    let windows = ["90s", "10m", "1h", "24h", "day", "week", "month", "session", "lifetime"];
    let per = ["all", "agent", "vendor", "endpoint", "payee"];
    let mut document = json!({ "payment": {}, "assets": [
        { "network": "base-sepolia", "address": format!("0x{}", "9".repeat(40)), "decimals": 2, "usd": "1.08" } ] });
    if random.one_in(2) {
        document["payment"]["max_usd"] = json!(random.usd(300));
    }
    if random.one_in(4) {
        document["payment"]["max_first_usd"] = json!(random.usd(300));
    }
    if random.one_in(4) {
        document["payment"]["approve_from_usd"] = json!(random.usd(300));
    }
    let budgets: Vec<Value> = (0..=random.below(3))
        .map(|n| {
            let mut budget =
                json!({ "name": format!("b{n}"), "window": random.pick(&windows), "per": random.pick(&per) });
            if random.one_in(5) {
                budget["limit_amount"] = json!((random.below(3_000_000) + 1).to_string());
                budget["asset"] = json!("base-sepolia/0x036CbD53842c5426634e7929541eC2318f3dCF7e");
            } else {
                budget["limit_usd"] = json!(random.usd(400));
            }
            if random.one_in(4) {
                budget["when"] = when(random);
            }
            budget
        })
        .collect();
    document["budgets"] = json!(budgets);
    if random.one_in(2) {
        let mut rate = json!({ "name": "rate", "per": random.pick(&per) });
        if random.one_in(2) {
            rate["max"] = json!(random.below(4) + 1);
            rate["window"] = json!(random.pick(&windows));
        } else {
            rate["min_gap"] = json!(format!("{}s", random.below(7_200) + 1));
        }
        document["rates"] = json!([rate]);
    }
    if random.one_in(4) {
        document["schedule"] = json!({ "hours": [random.pick(&["09:00-17:00", "22:00-06:00", "10:00-10:30"])] });
        if random.one_in(2) {
            document["schedule"]["days"] = json!(["mon", "wed"]);
        }
    }
    let rules: Vec<Value> = (0..random.below(3))
        .map(|n| {
            let then = random.pick(&["deny", "deny", "require_approval", "flag", "allow"]);
            json!({ "name": format!("r{n}"), "when": when(random), "then": then })
        })
        .collect();
    document["rules"] = json!(rules);
    if random.one_in(8) {
        document["unmatched"] = json!("deny");
    }
    if random.one_in(6) {
        document["prices"] = json!({ "max_drift_percent": random.below(50) });
    }
    document
}

fn when(random: &mut Random) -> Value {
    let mut when = json!({});
    if random.one_in(2) {
        when["min_usd"] = json!(random.usd(300));
    }
    if random.one_in(3) {
        when["max_usd"] = json!(random.usd(300));
    }
    if random.one_in(4) {
        when["vendors"] = json!([random.pick(&["a.example.com", "*.example.com", "b.example.com/x"])]);
    }
    if random.one_in(6) {
        when["first_payment"] = json!(random.one_in(2));
    }
    if random.one_in(6) {
        when["hours"] = json!([random.pick(&["09:00-12:00", "20:00-04:00"])]);
    }
    when
}

fn payment(random: &mut Random, id: &str, at: u64) -> Value {
    let other = random.one_in(5);
    let asset =
        if other { format!("0x{}", "9".repeat(40)) } else { "0x036CbD53842c5426634e7929541eC2318f3dCF7e".into() };
    let amount = if other { random.below(400) } else { random.below(4_000_000) };
    json!({
        "type": "authorize", "id": id, "at": at, "agent": random.pick(&["a1", "a2"]), "session": "s1",
        "url": random.pick(&["https://a.example.com/x", "https://b.example.com/x", "https://b.example.com/y"]),
        "offer": { "x402Version": 2, "accepts": [{
            "scheme": "exact", "network": "eip155:84532", "amount": amount.to_string(), "asset": asset,
            "payTo": format!("0x{}", random.pick(&["1", "2"]).repeat(40)), "maxTimeoutSeconds": 60,
            "extra": { "name": "USDC", "version": "2" } }] }
    })
}

fn read(value: &Value) -> Json {
    parse(&value.to_string()).unwrap()
}

/// Whether the payment would be denied, asked without a trace.
fn denied(engine: &mut Engine, payment: &Value, amount: Option<&str>, at: Option<u64>) -> bool {
    let mut event = payment.clone();
    event["type"] = json!("check");
    if let Some(amount) = amount {
        event["offer"]["accepts"][0]["amount"] = json!(amount);
    }
    if let Some(at) = at {
        event["at"] = json!(at);
    }
    match engine.handle(&read(&event)) {
        Reply::Decision(decision) => decision.action == tollwarden::decision::Action::Deny,
        other => panic!("{other:?}"),
    }
}

#[derive(Default, Debug)]
struct Seen {
    cases: u64,
    denied: u64,
    amounts: u64,
    times: u64,
    neither: u64,
}

fn run(seed: u64, seen: &mut Seen) {
    let mut random = Random(seed);
    let document = document(&mut random);
    let Ok(policy) = Policy::read(&read(&document)) else { panic!("seed {seed}: {document} does not load") };
    let mut engine = Engine::whole(policy);
    let mut at = START + random.below(24 * HOUR);
    for n in 0..random.below(6) {
        let id = format!("h{n}");
        engine.handle(&read(&payment(&mut random, &id, at)));
        if !random.one_in(4) {
            let settle = json!({ "type": "settle", "id": id, "at": at, "outcome": "captured" });
            engine.handle(&read(&settle));
        }
        at += random.below(HOUR);
    }
    let payment = payment(&mut random, "p", at);
    let mut check = payment.clone();
    check["type"] = json!("check");
    let Reply::Decision(decision) = engine.handle(&read(&check)) else { panic!("seed {seed}: no decision") };
    seen.cases += 1;
    let Some(fix) = decision.fix else { return };
    seen.denied += 1;
    let context = || format!("seed {seed}: {fix:?} for {payment} under {document}");
    if let Some(most) = fix.max_amount {
        seen.amounts += 1;
        assert!(!denied(&mut engine, &payment, Some(&most.to_string()), None), "denied at the amount; {}", context());
        let over = (most.get() + 1).to_string();
        assert!(denied(&mut engine, &payment, Some(&over), None), "one unit more passes; {}", context());
    }
    if let Some(retry) = &fix.retry_at {
        seen.times += 1;
        let retry = tollwarden::time::parse_instant(retry).unwrap();
        assert!(!denied(&mut engine, &payment, None, Some(retry)), "denied at the time; {}", context());
        assert!(denied(&mut engine, &payment, None, Some(retry - 1)), "a millisecond earlier passes; {}", context());
    }
    if fix.max_amount.is_none() && fix.retry_at.is_none() {
        seen.neither += 1;
    }
}

#[test]
fn the_fix_is_exact() {
    let cases: u64 = std::env::var("TOLLWARDEN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let first: u64 = std::env::var("TOLLWARDEN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let workers: Vec<_> = (0..threads)
        .map(|worker| {
            std::thread::spawn(move || {
                let mut seen = Seen::default();
                (first..first + cases).filter(|seed| seed % threads == worker).for_each(|seed| run(seed, &mut seen));
                seen
            })
        })
        .collect();
    let mut seen = Seen::default();
    for worker in workers {
        let part = worker.join().unwrap();
        seen.cases += part.cases;
        seen.denied += part.denied;
        seen.amounts += part.amounts;
        seen.times += part.times;
        seen.neither += part.neither;
    }
    println!("{seen:?}");
    // The generator has to make enough of what is tested, or the test says nothing.
    assert!(seen.amounts * 10 > seen.cases && seen.times * 50 > seen.cases, "{seen:?}");
}
