//! The independent model: what the documents say (docs/ledger.md, docs/policy.md, docs/events.md), in the plainest way.
//! It keeps every payment there ever was, and adds up each budget from all of them for each decision.
//!
//! Each event is given to it together with the core's answer, and it says whether the answer is right. Where the
//! documents leave the core a choice (a window that counts too much by up to 1/32 of its length), it follows the core.

use std::collections::{BTreeMap, HashMap};

use tollwarden::ledger::hold::{Ground, State};
use tollwarden::reply::Reply;

use super::event::{Ask, Content, Entry, Event, Signature};
use super::rules::Rules;
use approvals::Asked;

mod approvals;
mod authorize;
mod budgets;
mod counters;
mod judge;
mod money;
mod moves;
mod reload;

pub use counters::Counter;
pub use money::read_dollars;

/// A hold that was never ticketed lapses after 60 seconds.
const UNTICKETED: u64 = 60_000;
/// A chain's clock may lag by 30 seconds.
const LAG: u64 = 30_000;
/// A closed hold is remembered for 30 days.
const REMEMBERED: u64 = 30 * 24 * 3_600_000;
/// A question to people is remembered for 24 hours after its time.
const ASKED: u64 = 24 * 3_600_000;
/// So many refunds of one payment are told apart.
const REFUNDS: usize = 64;
/// As many holds may be open in one ledger.
const OPEN: usize = 1_000;
/// So many are closed by one `authorize`.
const CLOSED_AT_ONCE: usize = 64;

/// What is wrong with an answer: the invariant, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub invariant: &'static str,
    pub message: String,
}

pub type Check = Result<(), Trouble>;

pub fn trouble(invariant: &'static str, message: impl Into<String>) -> Check {
    Err(Trouble { invariant, message: message.into() })
}

/// One payment that was allowed, with all that became of it.
#[derive(Clone, Debug)]
pub struct Payment {
    pub ask: Ask,
    pub entry: Entry,
    pub state: State,
    /// Held: when it lapses. Later: when the signature can't be used any more.
    pub until: u64,
    /// More was signed than was held.
    pub signed: Option<u128>,
    pub nonce: Option<String>,
    /// The latest that bound.
    pub signature: Option<Signature>,
    /// In which counters it counts, by their place.
    pub counters: Vec<usize>,
    pub captured: u128,
    pub captured_at: u64,
    pub refunded: u128,
    /// Each refund by its own id.
    pub refunds: BTreeMap<Option<u64>, u128>,
    /// The most that was ever booked for it.
    pub booked: u128,
    /// What was signed is not what is held.
    pub unbound: bool,
    pub ground: Option<Ground>,
    /// It was let go, and captured after that.
    pub late: bool,
    /// The order in which it was last touched.
    touched: u64,
}

impl Payment {
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Captured | State::Voided)
    }

    /// The most that can be lost.
    pub fn exposure(&self) -> u128 {
        self.signed.unwrap_or(0).max(self.entry.amount)
    }
}

#[derive(Clone, Debug)]
pub struct Model {
    pub rules: Rules,
    /// The latest time of a recorded event.
    pub clock: u64,
    pub frozen: bool,
    pub payments: Vec<Payment>,
    pub counters: Vec<Counter>,
    ids: HashMap<u64, usize>,
    by_name: HashMap<String, usize>,
    asked: BTreeMap<u64, Asked>,
    /// What was paid, for replays: by which payment, and until when it is remembered.
    remembered: BTreeMap<String, (usize, u64)>,
    pins: BTreeMap<(u64, &'static str), u64>,
    prices: BTreeMap<(String, usize), u128>,
    latest: BTreeMap<(String, String), u64>,
    turn: u64,
}

impl Model {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            clock: 0,
            frozen: false,
            payments: Vec::new(),
            counters: Vec::new(),
            ids: HashMap::new(),
            by_name: HashMap::new(),
            asked: BTreeMap::new(),
            remembered: BTreeMap::new(),
            pins: BTreeMap::new(),
            prices: BTreeMap::new(),
            latest: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Takes an event and the core's answer to it.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn step(&mut self, event: &Event, reply: &Reply) -> Check {
        match (event, reply) {
            (Event::Authorize { at, ask }, Reply::Decision(decision)) => self.authorize(*at, ask, decision),
            (Event::Check { at, ask }, Reply::Decision(decision)) => {
                // The same answer, and nothing is held: a copy of the model takes it.
                self.clone().authorize(*at, ask, decision)
            }
            (
                Event::Ticket { .. }
                | Event::Sign { .. }
                | Event::Settle { .. }
                | Event::Reconcile { .. }
                | Event::Resolve { .. }
                | Event::Refund { .. }
                | Event::Say { .. },
                Reply::Outcome(outcome),
            ) => self.outcome(event, outcome),
            (Event::Freeze { at }, Reply::Done { ok: true }) => {
                self.frozen = true;
                self.tick(*at);
                Ok(())
            }
            (Event::Unfreeze { at }, Reply::Done { ok: true }) => {
                self.frozen = false;
                self.tick(*at);
                Ok(())
            }
            (Event::Budgets { at }, Reply::Budgets { budgets }) => self.budgets(*at, budgets),
            (Event::Policy { rules }, Reply::Policy { ok, errors, .. }) => self.reload(rules, *ok, errors),
            (Event::Reopen, Reply::Done { ok: true }) => Ok(()),
            (event, reply) => trouble("protocol", format!("{event:?} was answered with {reply:?}")),
        }
    }

    /// Time never runs backwards.
    fn tick(&mut self, at: u64) -> u64 {
        self.clock = self.clock.max(at);
        self.clock
    }

    /// The payment that has this id, as long as it is remembered: 30 days after it could be used, or was captured.
    pub fn find(&self, id: u64, now: u64) -> Option<usize> {
        self.ids.get(&id).copied().filter(|index| {
            let payment = &self.payments[*index];
            payment.is_open() || payment.captured_at.max(payment.until).saturating_add(REMEMBERED) > now
        })
    }

    /// Until when a payment is remembered against replays, if it is.
    pub fn replay_until(&self, payment: &Payment) -> Option<u64> {
        let (index, until) = self.remembered.get(&payment.ask.content.payment(&payment.entry))?;
        (self.payments[*index].ask.id == payment.ask.id).then_some(*until)
    }

    /// The digest of what waits for people under this id.
    pub fn digest(&self, id: u64) -> Option<String> {
        self.asked.get(&id).map(|asked| asked.digest.clone())
    }

    /// The ids that wait for people.
    pub fn waiting(&self) -> Vec<u64> {
        self.asked.keys().copied().collect()
    }

    /// What was asked under an id that waits for people.
    pub fn asked_for(&self, id: u64) -> Option<Content> {
        self.asked.get(&id).map(|asked| asked.content.clone())
    }

    /// The open payments among the latest so many.
    pub fn open_latest(&self, most: usize) -> Vec<usize> {
        let latest = (0..self.payments.len()).rev().filter(|index| self.payments[*index].is_open());
        latest.take(most).collect()
    }

    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.payments.iter().enumerate().filter(|(_, payment)| payment.is_open()).map(|(index, _)| index)
    }

    fn touch(&mut self, index: usize) {
        self.turn += 1;
        self.payments[index].touched = self.turn;
    }
}
