//! One decision natively: the same event, as text, and the same policies as in `benches/payment.ts`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use tollwarden::engine::Engine;
use tollwarden::json::parse_own;
use tollwarden::policy::Policy;
use tollwarden::reply::{Reply, text};

const START: u64 = 1_767_607_200_000;
const OFFER: &str = r#"{\"x402Version\":2,\"resource\":{\"url\":\"https://api.example.com/report?q=1\",\"description\":\"A report\",\"mimeType\":\"application/json\"},\"accepts\":[{\"scheme\":\"exact\",\"network\":\"eip155:8453\",\"amount\":\"10000\",\"asset\":\"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\",\"payTo\":\"0x209693Bc6afc0C5328bA36FaF03C514EF312287C\",\"maxTimeoutSeconds\":60,\"extra\":{\"name\":\"USD Coin\",\"version\":\"2\"}}]}"#;
const WINDOWS: [&str; 8] = ["24h", "7d", "1h", "30d", "2h", "12h", "3d", "14d"];

struct Payments {
    engine: Engine,
    next: u64,
    at: u64,
}

impl Payments {
    fn new(rules: usize, vendors: usize, budgets: usize) -> Self {
        let rules: Vec<String> = (0..rules)
            .map(|n| format!(r#"{{"name":"rule-{n}","then":"deny","when":{{"agents":["batch-{n}"],"min_usd":"5"}}}}"#))
            .collect();
        let mut allow: Vec<String> =
            (0..vendors.saturating_sub(1))
                .map(|n| {
                    if n % 2 == 0 { format!("\"shop-{n}.example.net\"") } else { format!("\"*.mall-{n}.example.org\"") }
                })
                .collect();
        allow.push(String::from("\"api.example.com\""));
        let budgets: Vec<String> = WINDOWS
            .iter()
            .take(budgets)
            .enumerate()
            .map(|(n, window)| {
                format!(r#"{{"name":"budget-{n}","limit_usd":"1000000","window":"{window}","per":"agent"}}"#)
            })
            .collect();
        let document = format!(
            r#"{{"payment":{{"max_usd":"1"}},"vendors":{{"allow":[{}]}},"budgets":[{}],"rules":[{}]}}"#,
            allow.join(","),
            budgets.join(","),
            rules.join(",")
        );
        let policy = Policy::read(&parse_own(&document).unwrap()).unwrap_or_else(|errors| panic!("{errors:?}"));
        Self { engine: Engine::whole(policy), next: 0, at: START }
    }

    fn event(&mut self) -> String {
        (self.next, self.at) = (self.next + 1, self.at + 7);
        let (n, at) = (self.next, self.at);
        format!(
            r#"{{"type":"authorize","agent":"agent-1","method":"GET","offer_text":"{OFFER}","id":"p{n}","url":"https://api.example.com/report?q={n}","at":{at}}}"#
        )
    }

    fn authorize(&mut self, event: &str) -> String {
        let reply = self.engine.line(event, None);
        assert!(matches!(&reply, Reply::Decision(decision) if decision.state.is_some()), "{reply:?}");
        text(&reply)
    }

    fn settle(&mut self, outcome: &str) {
        let (n, at) = (self.next, self.at);
        self.engine.line(&format!(r#"{{"type":"settle","id":"p{n}","at":{at},"outcome":"{outcome}"}}"#), None);
    }
}

fn bench(c: &mut Criterion, name: &str, mut payments: Payments) {
    c.bench_function(name, |b| {
        let shared = std::cell::RefCell::new(&mut payments);
        b.iter_batched(
            || {
                let mut payments = shared.borrow_mut();
                payments.settle("failed");
                payments.event()
            },
            |event| shared.borrow_mut().authorize(&event),
            BatchSize::PerIteration,
        );
    });
}

fn decide(c: &mut Criterion) {
    for rules in [1, 10, 100, 1_000] {
        bench(c, &format!("rules-{rules}"), Payments::new(rules, 1, 1));
    }
    for vendors in [1, 10, 100, 10_000] {
        bench(c, &format!("vendors-{vendors}"), Payments::new(1, vendors, 1));
    }
    for budgets in [1, 8] {
        bench(c, &format!("budgets-{budgets}"), Payments::new(1, 1, budgets));
    }
    for history in [0u64, 1_000, 100_000] {
        let mut payments = Payments::new(100, 1, 4);
        let step = 3_600_000 / history.max(1);
        for _ in 0..history {
            let event = payments.event();
            payments.at = payments.at - 7 + step;
            payments.authorize(&event);
            payments.settle("captured");
        }
        bench(c, &format!("history-{history}"), payments);
    }
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(300)).measurement_time(std::time::Duration::from_millis(800));
    targets = decide
}
criterion_main!(all);
