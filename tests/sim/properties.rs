//! What holds whatever the policy: tightening it never allows more, and splitting a payment never spends more.

use serde_json::{Value, json};
use tollwarden::decision::Action;
use tollwarden::engine::Engine;
use tollwarden::json::parse;
use tollwarden::policy::Policy;
use tollwarden::reply::Reply;

use super::event::{Ask, Content, DOLLAR, Entry, Event};
use super::model::read_dollars;
use super::random_policy::{self, Dice};
use super::rng::Rng;
use super::rules::{Limit, Rules, usd};

fn engine(document: &Value) -> Option<Engine> {
    Some(Engine::whole(Policy::read(&parse(&document.to_string()).unwrap()).ok()?))
}

fn action(engine: &mut Engine, line: &str) -> Action {
    match engine.line(line, None) {
        Reply::Decision(decision) => decision.action,
        other => panic!("{line}: {other:?}"),
    }
}

/// One thing in the policy made stricter.
fn tightened(dice: &mut Dice, policy: &Value) -> Value {
    let mut policy = policy.clone();
    let lower = |figure: &Value| figure.as_str().and_then(read_dollars).map(|figure| usd(figure / 2));
    match dice.roll(8) {
        0 => policy["payment"]["max_usd"] = json!(lower(&policy["payment"]["max_usd"]).unwrap_or(usd(DOLLAR))),
        1 => {
            let from = lower(&policy["payment"]["approve_from_usd"]).unwrap_or(usd(DOLLAR));
            policy["payment"]["approve_from_usd"] = json!(from);
        }
        2 | 3 => {
            for budget in policy["budgets"].as_array_mut().unwrap() {
                if let Some(limit) = lower(&budget["limit_usd"]) {
                    budget["limit_usd"] = json!(limit);
                }
                if let Some(limit) = budget["limit_amount"].as_str().map(|text| text.parse::<u128>().unwrap() / 2) {
                    budget["limit_amount"] = json!(limit.to_string());
                }
            }
        }
        4 => {
            for rate in policy["rates"].as_array_mut().unwrap() {
                rate["max"] = json!(rate["max"].as_u64().unwrap().saturating_sub(1).max(1));
            }
        }
        5 => {
            let then = *dice.pick(&["deny", "require_approval", "flag"]);
            let rule = json!({"name": "stricter", "when": {"min_usd": dice.pick(&["0.5", "1", "2"])}, "then": then});
            policy["rules"].as_array_mut().unwrap().push(rule);
        }
        6 => policy["unmatched"] = json!("deny"),
        _ => policy["approvals"] = json!({"threshold": 2}),
    }
    policy
}

#[test]
fn a_tighter_policy_never_allows_more() {
    let mut compared = [0u32; 3];
    for seed in 0..1_500 {
        let mut dice = Dice::new(seed);
        let loose = random_policy::policy(&mut dice);
        let tight = tightened(&mut dice, &loose);
        let Some(mut engine) = engine(&loose) else { continue };
        let (mut at, mut payments) = (1_767_607_200_000, Vec::new());
        for number in 0..12 {
            let events = random_policy::events(&mut dice, number, &mut at);
            payments.push(events[0].clone());
            events.iter().for_each(|event| drop(engine.line(&event.to_string(), None)));
        }
        // The same history, the same payments, before and after.
        let checks: Vec<String> = payments
            .iter_mut()
            .enumerate()
            .map(|(number, pay)| {
                pay["type"] = json!("check");
                pay["id"] = json!(format!("c{number}"));
                pay["at"] = json!(at + 500);
                pay.to_string()
            })
            .collect();
        let before: Vec<Action> = checks.iter().map(|line| action(&mut engine, line)).collect();
        let taken = engine.line(&json!({"type": "policy", "document": tight}).to_string(), None);
        if !matches!(taken, Reply::Policy { ok: true, .. }) {
            continue;
        }
        for (line, before) in checks.iter().zip(before) {
            let after = action(&mut engine, line);
            assert!(after >= before, "seed {seed}: {after:?} under {tight}, {before:?} under {loose}: {line}");
            let place = if after == before { before as usize } else { 2 };
            compared[place] += 1;
        }
    }
    assert!(compared[0] > 300 && compared[2] > 150, "hardly anything was compared: {compared:?}");
}

#[test]
fn a_payment_that_is_split_spends_no_more() {
    let mut bounded = 0;
    for seed in 0..600 {
        let mut rng = Rng::new(seed);
        let mut rules =
            Rules { max: None, max_first: None, rates: Vec::new(), pin: None, drift: None, ..Rules::random(&mut rng) };
        rules.approve_from = None;
        rules.strict = false;
        let asset = usize::try_from(rng.below(3)).unwrap();
        let bounds = rules.budgets.iter().any(|budget| match budget.limit {
            Limit::Usd(_) => true,
            Limit::Units(_, counted) => counted == asset,
            Limit::None => false,
        });
        if !bounds {
            continue;
        }
        let content = |amount: u128| Content {
            agent: 0,
            client: 0,
            spelling: 0,
            session: 0,
            vendor: 0,
            route: 0,
            post: true,
            body: None,
            key: None,
            entries: vec![Entry { asset, amount, payee: 0, lifetime: 60, upto: false }],
        };
        let mut engine = engine(&rules.document()).unwrap();
        let mut check = |amount: u128| {
            let event = Event::Check { at: 1_767_607_200_000, ask: Ask { id: 0, content: content(amount) } };
            action(&mut engine, &event.line()) == Action::Allow
        };
        // The most that is allowed in one, by halving what is not known.
        let (mut passes, mut fails) = (0u128, 1u128 << 75);
        while fails - passes > 1 {
            let middle = passes + (fails - passes) / 2;
            if check(middle) { passes = middle } else { fails = middle }
        }
        let mut spent = 0;
        for id in 1..40 {
            let piece = 1 + passes / u128::from(rng.range(1, 30)) + u128::from(rng.below(3));
            let event = Event::Authorize { at: 1_767_607_200_000, ask: Ask { id, content: content(piece) } };
            if action(&mut engine, &event.line()) == Action::Allow {
                spent += piece;
            }
        }
        bounded += u32::from(spent * 10 > passes * 9);
        assert!(spent <= passes, "seed {seed}: {spent} in pieces, {passes} in one, under {}", rules.document());
    }
    assert!(bounded > 200, "the pieces hardly ever came near the whole: {bounded}");
}
