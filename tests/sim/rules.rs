//! The policies of a run: as the simulator knows them, and as the document that the core reads (docs/policy.md).

use serde_json::{Value, json};

use super::event::{ASSETS, DOLLAR};
use super::rng::Rng;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Rolling(u64),
    Day,
    Week,
    Month,
    Session,
    Lifetime,
}

impl Window {
    fn text(self) -> String {
        match self {
            Window::Rolling(span) => format!("{}s", span / SECOND),
            Window::Day => String::from("day"),
            Window::Week => String::from("week"),
            Window::Month => String::from("month"),
            Window::Session => String::from("session"),
            Window::Lifetime => String::from("lifetime"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    Agent,
    Client,
    Session,
    Vendor,
    Endpoint,
    Payee,
    Network,
}

impl Per {
    fn word(self) -> &'static str {
        match self {
            Per::Agent => "agent",
            Per::Session => "session",
            Per::Client => "client",
            Per::Vendor => "vendor",
            Per::Endpoint => "endpoint",
            Per::Payee => "payee",
            Per::Network => "network",
        }
    }
}

/// What has a counter, and over which window. Two with the same key are the same counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub window: Window,
    /// Empty for one counter for all.
    pub per: Vec<Per>,
}

impl Key {
    /// What has a counter of its own: a window of a session counts per session, whether `per` says so or not.
    pub fn whose(&self) -> Vec<Per> {
        let mut per = self.per.clone();
        if self.window == Window::Session && !per.contains(&Per::Session) {
            per.push(Per::Session);
            per.sort_unstable();
        }
        per
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// In 10^-18 US dollars.
    Usd(u128),
    /// In atomic units of one asset.
    Units(u128, usize),
    /// Approval alone.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    pub key: Key,
    pub limit: Limit,
    pub approve_from: Option<u128>,
    /// Whether it counts `POST` alone.
    pub posts: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    pub key: Key,
    pub max: Option<u64>,
    pub gap: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Warn,
    Approve,
    Deny,
}

impl Then {
    fn word(self) -> &'static str {
        match self {
            Then::Warn => "warn",
            Then::Approve => "approve",
            Then::Deny => "deny",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub max: Option<u128>,
    pub max_first: Option<u128>,
    pub approve_from: Option<u128>,
    pub budgets: Vec<Budget>,
    pub rates: Vec<Rate>,
    pub pin: Option<Then>,
    /// In per cent.
    pub drift: Option<(u64, Then)>,
    pub threshold: u64,
    /// Whether alice, bob and the agent a0 alone may approve.
    pub named: bool,
    /// How long people have to answer.
    pub timeout: u64,
    /// How many questions of an agent may stand, and how many may wait for one approver.
    pub prompts: (u64, u64),
    /// Whether the same payment is refused, and not only the same key.
    pub strict: bool,
    /// How long an earlier payment is remembered.
    pub remembered: u64,
}

/// US dollars as a policy has them.
pub fn usd(value: u128) -> String {
    let text = format!("{}.{:018}", value / DOLLAR, value % DOLLAR);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Rules {
    pub fn document(&self) -> Value {
        let known: Vec<Value> = ASSETS
            .iter()
            .skip(1)
            .map(|asset| {
                json!({"network": asset.network, "address": asset.address, "decimals": asset.decimals, "usd": usd(asset.rate)})
            })
            .collect();
        let mut payment = json!({});
        // Without any bound a policy does not load.
        payment["max_usd"] = json!(usd(self.max.unwrap_or(1_000_000 * DOLLAR)));
        if let Some(most) = self.max_first {
            payment["max_first_usd"] = json!(usd(most));
        }
        if let Some(from) = self.approve_from {
            payment["approve_from_usd"] = json!(usd(from));
        }
        let per = |key: &Key| match key.per.is_empty() {
            true => json!("all"),
            false => json!(key.per.iter().map(|per| per.word()).collect::<Vec<_>>()),
        };
        let budgets: Vec<Value> = self
            .budgets
            .iter()
            .map(|budget| {
                let key = &budget.key;
                let mut value = json!({"name": key.name, "window": key.window.text(), "per": per(key)});
                match budget.limit {
                    Limit::Usd(limit) => value["limit_usd"] = json!(usd(limit)),
                    Limit::Units(limit, asset) => {
                        value["limit_amount"] = json!(limit.to_string());
                        value["asset"] = json!(format!("{}/{}", ASSETS[asset].network, ASSETS[asset].address));
                    }
                    Limit::None => {}
                }
                if let Some(from) = budget.approve_from {
                    value["approve_from_usd"] = json!(usd(from));
                }
                if budget.posts {
                    value["when"] = json!({"methods": ["POST"]});
                }
                value
            })
            .collect();
        let rates: Vec<Value> = self
            .rates
            .iter()
            .map(|rate| {
                let mut value = json!({"name": rate.key.name, "per": per(&rate.key)});
                if let Some(max) = rate.max {
                    value["max"] = json!(max);
                    value["window"] = json!(rate.key.window.text());
                }
                if let Some(gap) = rate.gap {
                    value["min_gap"] = json!(format!("{}s", gap / SECOND));
                }
                value
            })
            .collect();
        let mut document = json!({
            "payment": payment, "assets": known, "budgets": budgets, "rates": rates,
            "approvals": {
                "threshold": self.threshold, "timeout": format!("{}s", self.timeout / SECOND),
                "max_prompts_per_agent": self.prompts.0, "max_prompts_per_approver": self.prompts.1
            }
        });
        if self.named {
            document["approvals"]["approvers"] = json!(["alice", "bob", "a0"]);
        }
        let mode = if self.strict { "strict" } else { "intent" };
        document["replay"] = json!({"mode": mode, "window": format!("{}s", self.remembered / SECOND)});
        if let Some(then) = self.pin {
            document["payees"] = json!({"pin": then.word()});
        }
        if let Some((per_cent, then)) = self.drift {
            document["prices"] = json!({"max_drift_percent": per_cent, "then": then.word()});
        }
        document
    }

    pub fn random(rng: &mut Rng) -> Self {
        let cents = |rng: &mut Rng, low: u64, high: u64| u128::from(rng.range(low, high)) * (DOLLAR / 100) + odd(rng);
        let budgets = (0..rng.range(1, 3)).map(|n| budget(rng, n)).collect();
        let rates = (0..rng.weighted(&[(3, 0), (2, 1), (1, 2)])).map(|n| rate(rng, n)).collect();
        let named = rng.one_in(3);
        Self {
            max: rng.one_in(2).then(|| cents(rng, 100, 300)),
            max_first: rng.one_in(5).then(|| cents(rng, 50, 250)),
            approve_from: rng.one_in(4).then(|| cents(rng, 120, 250)),
            budgets,
            rates,
            pin: rng.one_in(6).then(|| *rng.pick(&[Then::Warn, Then::Approve, Then::Deny])),
            drift: rng.one_in(6).then(|| (rng.below(40), *rng.pick(&[Then::Warn, Then::Approve, Then::Deny]))),
            threshold: rng.range(1, 2),
            named,
            timeout: *rng.pick(&[10 * SECOND, 5 * MINUTE, HOUR, DAY]),
            prompts: *rng.pick(&[(1_000, 1_000), (5, 20), (2, 1_000), (1_000, 3)]),
            strict: rng.one_in(5),
            remembered: *rng.pick(&[10 * SECOND, 10 * MINUTE, DAY]),
        }
    }

    /// The same with a change or two, as an operator makes them.
    pub fn changed(&self, rng: &mut Rng) -> Self {
        let mut new = self.clone();
        for _ in 0..rng.range(1, 2) {
            match rng.below(10) {
                9 => new.timeout = *rng.pick(&[MINUTE, HOUR, DAY]),
                8 => match rng.one_in(2) {
                    true => new.strict = !new.strict,
                    false => new.remembered = *rng.pick(&[10 * SECOND, MINUTE, HOUR]),
                },
                0 => new.max = rng.one_in(3).then(|| u128::from(rng.range(50, 400)) * (DOLLAR / 100)),
                1 => new.approve_from = rng.one_in(2).then(|| u128::from(rng.range(100, 300)) * (DOLLAR / 100)),
                2 | 3 => {
                    let at = usize::try_from(rng.below(new.budgets.len() as u64)).unwrap();
                    let (times, over) = *rng.pick(&[(1, 2), (9, 10), (11, 10), (2, 1)]);
                    new.budgets[at].limit = match new.budgets[at].limit {
                        Limit::Usd(limit) => Limit::Usd((limit * times / over).max(1)),
                        Limit::Units(limit, asset) => Limit::Units((limit * times / over).max(1), asset),
                        Limit::None => Limit::None,
                    };
                }
                4 => {
                    // Another window, unit or key under the same name.
                    let at = usize::try_from(rng.below(new.budgets.len() as u64)).unwrap();
                    let name = new.budgets[at].key.name.clone();
                    new.budgets[at] = budget(rng, 9);
                    new.budgets[at].key.name = name;
                }
                5 => {
                    let at = usize::try_from(rng.below(new.budgets.len() as u64)).unwrap();
                    new.budgets[at].posts = !new.budgets[at].posts;
                }
                6 => match new.rates.is_empty() || rng.one_in(2) {
                    true => new.rates = vec![rate(rng, 0)],
                    false => drop(new.rates.pop()),
                },
                _ => match new.budgets.len() > 1 && rng.one_in(2) {
                    true => drop(new.budgets.pop()),
                    false => {
                        let n = new.budgets.len() as u64 + 3;
                        if !new.budgets.iter().any(|budget| budget.key.name == format!("b{n}")) {
                            new.budgets.push(budget(rng, n));
                        }
                    }
                },
            }
        }
        new
    }
}

/// A few atomic parts of a dollar, so that rounding shows.
fn odd(rng: &mut Rng) -> u128 {
    if rng.one_in(2) { u128::from(rng.below(10_000_000_000_000_000)) } else { 0 }
}

fn per(rng: &mut Rng) -> Vec<Per> {
    match rng.below(9) {
        0..=2 => vec![],
        3 | 4 => vec![Per::Agent],
        5 => vec![Per::Vendor],
        6 => vec![Per::Agent, Per::Vendor],
        7 => vec![*rng.pick(&[Per::Session, Per::Client, Per::Payee, Per::Network])],
        _ => vec![Per::Endpoint],
    }
}

fn window(rng: &mut Rng) -> Window {
    rng.weighted(&[
        (1, Window::Rolling(10 * SECOND)),
        (2, Window::Rolling(MINUTE)),
        (3, Window::Rolling(10 * MINUTE)),
        (3, Window::Rolling(HOUR)),
        (2, Window::Rolling(DAY)),
        (1, Window::Rolling(7 * DAY)),
        (2, Window::Day),
        (1, Window::Week),
        (1, Window::Month),
        (1, Window::Session),
        (1, Window::Lifetime),
    ])
}

fn budget(rng: &mut Rng, n: u64) -> Budget {
    let window = window(rng);
    // A lifetime has to last for a run.
    let scale = match window {
        Window::Rolling(span) if span <= HOUR => 1,
        Window::Lifetime | Window::Month | Window::Week => 12,
        _ => 4,
    };
    let dollars = u128::from(rng.range(3, 40) * scale) * DOLLAR + odd(rng);
    let limit = match rng.below(8) {
        0 | 1 => {
            let asset = usize::try_from(rng.below(2)).unwrap();
            Limit::Units(dollars / DOLLAR * 10u128.pow(ASSETS[asset].decimals) + u128::from(rng.below(100)), asset)
        }
        2 => Limit::None,
        _ => Limit::Usd(dollars),
    };
    let approve_from = match limit {
        Limit::None => Some(dollars),
        Limit::Usd(limit) => rng.one_in(4).then_some(limit / 10 * 8),
        Limit::Units(..) => None,
    };
    Budget { key: key(rng, format!("b{n}"), window), limit, approve_from, posts: rng.one_in(6) }
}

fn rate(rng: &mut Rng, n: u64) -> Rate {
    let max = (!rng.one_in(4)).then(|| rng.range(3, 60));
    let gap = (max.is_none() || rng.one_in(5)).then(|| rng.range(1, 20) * SECOND);
    // A gap alone has no window.
    let window = if max.is_some() { window(rng) } else { Window::Lifetime };
    Rate { key: key(rng, format!("r{n}"), window), max, gap }
}

fn key(rng: &mut Rng, name: String, window: Window) -> Key {
    let mut per = per(rng);
    if window == Window::Session {
        per.retain(|per| *per != Per::Session);
    }
    Key { name, window, per }
}
