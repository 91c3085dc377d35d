//! Who does what: agents that pay, sellers that answer or don't, chains, operators and clocks, by chance.

use tollwarden::ledger::hold::State;

use super::event::{ASSETS, Ask, Content, Entry, Event, Evidence, Proof, Said, Signature};
use super::model::{Model, Payment};
use super::rng::Rng;
use super::rules::{Rules, Window};
use super::world::{Fate, Step};

/// How a run goes, drawn once.
#[derive(Clone, Debug)]
pub struct Temper {
    /// How often time stands still, steps, and leaps, in this order.
    pace: [(u64, (u64, u64)); 5],
    agents: u64,
    vendors: u64,
    /// Of so many payments one repeats an intent.
    repeats: u64,
    /// How often an open payment is moved on, beside every ten new ones.
    moves: u64,
    /// How often something is done to a closed one.
    late: u64,
    /// Payments are captured at once.
    swift: bool,
    /// How wrong the clocks are, in milliseconds, each way.
    skew: u64,
    wardens: usize,
    trouble: u64,
    purges: bool,
    scale: u64,
    /// How far time may leap to where something ends.
    leap: u64,
}

const SECOND: u64 = 1_000;

impl Temper {
    pub fn random(rng: &mut Rng, wardens: usize) -> Self {
        let slow = rng.weighted(&[(4, 1), (2, 20), (1, 400)]);
        Self {
            pace: [
                (3, (0, 0)),
                (6, (1, 900)),
                (6, (SECOND, 9 * SECOND * slow)),
                (1, (60 * SECOND, 400 * SECOND * slow)),
                (u64::from(rng.one_in(3)), (3_600 * SECOND, 40 * 86_400 * SECOND)),
            ],
            agents: rng.range(1, 3),
            vendors: rng.range(1, 3),
            repeats: rng.range(2, 30),
            moves: rng.range(6, 30),
            late: rng.range(1, 6),
            swift: rng.one_in(4),
            skew: *rng.pick(&[0, 0, 500, 20 * SECOND, 3_600 * SECOND]),
            wardens,
            trouble: rng.range(5, 30),
            purges: rng.one_in(2),
            scale: rng.weighted(&[(4, 1), (1, 10), (1, 50)]),
            leap: 7_200 * SECOND,
        }
    }

    /// Small payments, captured at once, more in a window than are kept one by one.
    fn busy(rng: &mut Rng, wardens: usize) -> Self {
        let pace = [(1, (0, 0)), (9, (1, 900)), (9, (SECOND, 9 * SECOND)), (0, (0, 0)), (0, (0, 0))];
        Self {
            pace,
            moves: 12,
            late: 3,
            swift: true,
            scale: 40,
            skew: 0,
            leap: 20 * SECOND,
            ..Self::random(rng, wardens)
        }
    }

    /// Nobody moves anything on, and time hardly moves either: holds pile up.
    pub fn crowded(rng: &mut Rng, wardens: usize) -> Self {
        let pace = [(20, (0, 0)), (40, (1, 40)), (1, (0, SECOND)), (0, (0, 0)), (0, (0, 0))];
        Self { pace, moves: 1, late: 1, swift: false, skew: 0, scale: 2_000, leap: 0, ..Self::random(rng, wardens) }
    }
}

/// The time of the run, the next id, and what is to be tried next.
#[derive(Clone, Debug)]
pub struct Actors {
    rng: Rng,
    temper: Temper,
    now: u64,
    next: u64,
    nonce: u64,
}

/// A Monday, 10:00 UTC.
const START: u64 = 1_767_607_200_000;

impl Actors {
    pub fn new(rng: Rng, temper: Temper) -> Self {
        Self { rng, temper, now: START, next: 0, nonce: 0 }
    }

    /// How many payments were asked for so far.
    pub fn asked(&self) -> u64 {
        self.next
    }

    pub fn step(&mut self, model: &Model) -> Step {
        let (least, most) = self.rng.weighted(&self.temper.pace);
        self.now += self.rng.range(least, most);
        let event = match self.aimed(model) {
            Some(event) if self.rng.one_in(10) => event,
            _ => self.event(model),
        };
        let mut step = Step::of(event);
        if self.temper.wardens > 0 {
            self.misfortune(model, &mut step);
        }
        step
    }

    fn misfortune(&mut self, model: &Model, step: &mut Step) {
        let wardens = self.temper.wardens as u64;
        let unlucky = self.temper.trouble;
        step.warden = usize::try_from(self.rng.below(wardens)).unwrap();
        step.purge = self.temper.purges && self.rng.one_in(20);
        if self.rng.one_in(unlucky) {
            step.fate = *self.rng.pick(&[Fate::CrashBefore, Fate::CrashAfter, Fate::LostBefore]);
        }
        let alone = matches!(step.event, Event::Policy { .. } | Event::Reopen);
        if wardens > 1 && !alone && self.rng.one_in(unlucky.min(8)) {
            // Whoever comes in between is after the same money, or says a word that changes everything.
            let event = match (self.rng.below(6), &step.event) {
                (0, _) => Event::Freeze { at: self.at() },
                (1, Event::Authorize { .. }) => Event::Authorize { at: self.at(), ask: self.ask(model) },
                (1, event) => event.clone(),
                _ => self.event(model),
            };
            if !matches!(event, Event::Policy { .. } | Event::Reopen | Event::Budgets { .. }) {
                let mut other = Step::of(event);
                other.warden = (step.warden + 1) % self.temper.wardens;
                step.between = Some(Box::new(other));
            }
        }
    }

    /// This host's clock.
    fn at(&mut self) -> u64 {
        let skew = self.temper.skew;
        if skew == 0 || self.rng.one_in(2) { self.now } else { self.now - skew + self.rng.below(2 * skew) }
    }

    fn event(&mut self, model: &Model) -> Event {
        let (moves, late) = (self.temper.moves, self.temper.late);
        let frozen = if model.frozen { 8 } else { 0 };
        match self.rng.weighted(&[(10, 0), (moves, 1), (late, 2), (1, 3), (frozen, 4), (5, 5)]) {
            0 => Event::Authorize { at: self.at(), ask: self.ask(model) },
            1 => self.move_on(model),
            2 => self.too_late(model),
            4 => Event::Unfreeze { at: self.at() },
            5 => self.people(model),
            _ => self.operator(model),
        }
    }

    /// To the very millisecond at which a spend leaves its window or a hold's time is up, or the one before.
    fn aimed(&mut self, model: &Model) -> Option<Event> {
        let payment = self.some(model)?;
        let spans = model.rules.budgets.iter().filter_map(|budget| match budget.key.window {
            Window::Rolling(span) => Some(payment.captured_at + span),
            _ => None,
        });
        let now = self.now.max(model.clock);
        // Or at which what was paid is no longer remembered.
        if let Some(until) = model.replay_until(payment)
            && until > now
            && until < now + self.temper.leap
            && self.rng.one_in(3)
        {
            let id = self.next;
            self.next += 1;
            let at = until - self.rng.below(2);
            return Some(Event::Authorize { at, ask: Ask { id, content: payment.ask.content.clone() } });
        }
        let moments: Vec<u64> = match payment.is_open() {
            true => vec![payment.until],
            false => spans.collect(),
        };
        let at = moments.into_iter().find(|at| *at > now && *at < now + self.temper.leap)? - self.rng.below(2);
        let id = payment.ask.id;
        Some(match self.rng.below(3) {
            0 if payment.state == State::Held => Event::Ticket { at, id },
            0 | 1 => Event::Authorize { at, ask: self.ask(model) },
            _ => Event::Budgets { at },
        })
    }

    fn people(&mut self, model: &Model) -> Event {
        let waiting = model.waiting();
        if waiting.is_empty() {
            return Event::Authorize { at: self.at(), ask: self.ask(model) };
        }
        let latest = &waiting[waiting.len().saturating_sub(2)..];
        let id = if self.rng.one_in(30) { self.rng.below(self.next + 1) } else { *self.rng.pick(latest) };
        if self.rng.one_in(12) {
            return Event::Authorize { at: self.at(), ask: Ask { id, content: self.ask(model).content } };
        }
        if self.rng.one_in(3)
            && let Some(content) = model.asked_for(id)
        {
            return Event::Authorize { at: self.at(), ask: Ask { id, content } };
        }
        let approver = if self.rng.one_in(3) { self.rng.below(6) } else { self.rng.below(2) };
        let digest = match self.rng.below(12) {
            0 => Some(String::from("0123")),
            1..=3 => model.digest(id),
            _ => None,
        };
        Event::Say { at: self.at(), id, approver, approve: !self.rng.one_in(6), digest }
    }

    fn operator(&mut self, model: &Model) -> Event {
        let at = self.at();
        match self.rng.below(10) {
            0 => Event::Reopen,
            1..=3 => Event::Policy { rules: Box::new(model.rules.changed(&mut self.rng)) },
            4 if self.rng.one_in(3) => Event::Freeze { at },
            5 => {
                // An old id is asked for again, with other content.
                let mut ask = self.ask(model);
                ask.id = self.rng.below(self.next);
                Event::Authorize { at, ask }
            }
            6 => Event::Check { at, ask: self.ask(model) },
            _ => Event::Budgets { at },
        }
    }

    fn ask(&mut self, model: &Model) -> Ask {
        let id = self.next;
        self.next += 1;
        if self.rng.one_in(self.temper.repeats)
            && let Some(payment) = self.some(model)
        {
            let mut content = payment.ask.content.clone();
            if self.rng.one_in(2) {
                content.spelling = self.rng.below(5);
            }
            if self.rng.one_in(3) {
                content.key = Some(self.rng.below(3));
            }
            return Ask { id, content };
        }
        let mut entries = vec![self.entry()];
        if self.rng.one_in(12) {
            entries.push(self.entry());
        }
        let mut content = Content {
            agent: self.rng.below(self.temper.agents),
            client: self.rng.weighted(&[(4, 0), (1, 1)]),
            spelling: self.rng.weighted(&[(8, 0), (1, 1), (1, 2), (1, 3), (1, 4)]),
            session: self.rng.below(3),
            vendor: self.rng.below(self.temper.vendors),
            route: self.rng.below(3),
            post: self.rng.one_in(3),
            body: self.rng.one_in(2).then(|| self.rng.below(1 << 40)),
            key: self.rng.one_in(15).then(|| self.rng.below(20)),
            entries,
        };
        // What just fits, and what just does not: there the faults are.
        if self.rng.one_in(5) {
            let most = match self.rng.one_in(5) {
                true => model.asked_from(&content.entries[0]),
                false => model.most(&content, &content.entries[0], model.clock.max(self.now)),
            };
            let amount = most.map(|most| most + u128::from(self.rng.below(2))).unwrap_or(0);
            if amount > 0 && (amount < content.entries[0].amount * 4 || self.rng.one_in(4)) {
                content.entries[0].amount = amount;
            }
        }
        Ask { id, content }
    }

    fn entry(&mut self) -> Entry {
        let asset = self.rng.weighted(&[(6, 0), (2, 1), (1, 2)]);
        // From a cent to about three dollars.
        let cents = if self.rng.one_in(5) { 100 } else { self.rng.range(1, 300) };
        let unit = 10u128.pow(ASSETS[asset].decimals);
        let odd = if self.rng.one_in(2) { u128::from(self.rng.below(1_000_000_007)) % (unit / 100).max(1) } else { 0 };
        let amount = (u128::from(cents) * unit / 100 / u128::from(self.temper.scale) + odd).max(1);
        Entry {
            asset,
            amount,
            payee: self.rng.weighted(&[(8, 0), (1, 1), (1, 2)]),
            lifetime: *self.rng.pick(&[20, 60, 300]),
            upto: asset == 0 && self.rng.one_in(6),
        }
    }

    /// One of the latest payments, or any.
    fn some<'a>(&mut self, model: &'a Model) -> Option<&'a Payment> {
        let count = model.payments.len() as u64;
        let back = if self.rng.one_in(3) { count } else { count.min(12) };
        (count > 0).then(|| &model.payments[usize::try_from(count - 1 - self.rng.below(back)).unwrap()])
    }

    fn move_on(&mut self, model: &Model) -> Event {
        let open: Vec<usize> = model.open_latest(10);
        if open.is_empty() {
            return Event::Authorize { at: self.at(), ask: self.ask(model) };
        }
        let payment = &model.payments[*self.rng.pick(&open)];
        let id = payment.ask.id;
        let at = self.at();
        if self.temper.swift && !self.rng.one_in(8) {
            return Event::Settle { at, id, said: Said::Captured, amount: None, evidence: Evidence::Operator };
        }
        match (payment.state, self.rng.below(20)) {
            (State::Held, 0..=9) => Event::Ticket { at, id },
            (State::Held, 10..=12) => self.sign(model, payment),
            (State::Held, 13) => self.settle(payment, Said::Failed),
            (State::Signing, 0..=9) => self.sign(model, payment),
            (State::Signing, 10) => Event::Ticket { at, id },
            (State::Signed, 0..=1) => self.sign(model, payment),
            (State::Unknown, 0..=5) => self.reconcile(payment),
            (State::Unknown, 6..=8) => self.resolve(model, payment),
            (_, 19) => self.reconcile(payment),
            (_, 18) => Event::Authorize { at, ask: payment.ask.clone() },
            (_, 14..=16) => self.settle(payment, Said::Unknown),
            (_, 13) => self.settle(payment, Said::Failed),
            _ => self.settle(payment, Said::Captured),
        }
    }

    /// Something that comes when it is over: twice, late, or against what was said.
    fn too_late(&mut self, model: &Model) -> Event {
        let Some(payment) = self.some(model) else { return Event::Budgets { at: self.at() } };
        let (at, id) = (self.at(), payment.ask.id);
        match self.rng.below(14) {
            12 | 13 => self.resolve(model, payment),
            0..=3 => {
                let left = payment.captured.saturating_sub(payment.refunded);
                let amount = match self.rng.below(4) {
                    0 => left,
                    1 => left + 1,
                    _ => left / u128::from(self.rng.range(1, 4)),
                };
                let refund = (!self.rng.one_in(3)).then(|| self.rng.below(4));
                // Told twice, now and then with another amount.
                match payment.refunds.iter().next() {
                    Some((refund, before)) if self.rng.one_in(3) => {
                        let amount = if self.rng.one_in(3) { amount } else { *before };
                        Event::Refund { at, id, amount, refund: *refund }
                    }
                    _ => Event::Refund { at, id, amount, refund },
                }
            }
            4 => Event::Ticket { at, id },
            5 => self.sign(model, payment),
            6 => Event::Authorize { at, ask: payment.ask.clone() },
            7 | 8 => self.reconcile(payment),
            9 => self.settle(payment, Said::Unknown),
            _ => self.settle(payment, Said::Captured),
        }
    }

    fn settle(&mut self, payment: &Payment, said: Said) -> Event {
        let at = self.at();
        let evidence = self.rng.weighted(&[(3, Evidence::Operator), (2, Evidence::Receipt), (1, Evidence::Delivery)]);
        let amount = match self.rng.below(8) {
            0 => Some(payment.entry.amount),
            1 => Some(payment.entry.amount * 3 / 2),
            2 => Some(payment.captured),
            3 | 4 if payment.entry.upto => Some(payment.entry.amount / u128::from(self.rng.range(1, 9))),
            3 => Some(payment.entry.amount / 2),
            _ => None,
        };
        Event::Settle { at, id: payment.ask.id, said, amount, evidence }
    }

    fn reconcile(&mut self, payment: &Payment) -> Event {
        let at = self.at();
        let proof = match self.rng.below(7) {
            6 => Proof::Cancelled,
            0 => Proof::Used(payment.entry.amount),
            1 => Proof::Used(payment.exposure() / 2),
            2 => Proof::Used(payment.captured.max(payment.exposure()) + 1),
            3 => Proof::UnusedAt(payment.until.saturating_sub(1 + self.rng.below(2) * self.rng.below(60 * SECOND))),
            _ => Proof::UnusedAt(payment.until + self.rng.below(2) * self.rng.below(600 * SECOND)),
        };
        Event::Reconcile { at, id: payment.ask.id, proof }
    }

    fn resolve(&mut self, model: &Model, payment: &Payment) -> Event {
        // A person looks when the signature has run out, or too early.
        let until = payment.until.max(model.clock);
        let at = if until < self.now + self.temper.leap && self.rng.one_in(2) { until } else { self.at() };
        let spent = match self.rng.below(5) {
            0 => Some(payment.entry.amount),
            1 => Some(payment.captured.max(1)),
            2 => Some(payment.exposure() + 1),
            _ => None,
        };
        Event::Resolve { at, id: payment.ask.id, spent }
    }

    fn sign(&mut self, model: &Model, payment: &Payment) -> Event {
        let at = self.at();
        let seconds = model.clock.max(at) / 1_000;
        let end = seconds + self.rng.range(1, payment.entry.lifetime);
        self.nonce += 1;
        let known = payment.signature.as_ref().map(|signature| signature.nonce);
        let nonce = known.filter(|_| !self.rng.one_in(4)).unwrap_or(self.nonce);
        let entry = payment.entry.clone();
        let mut signature = Signature { amount: entry.amount, entry, other_payee: false, end, nonce };
        match self.rng.below(14) {
            0 => signature.amount = signature.amount * 3 / 2 + 1,
            1 => signature.amount /= 2,
            2 => signature.other_payee = true,
            3 => signature.end += 3_000,
            4 => signature.end = seconds.saturating_sub(5),
            _ => {}
        }
        Event::Sign { at, id: payment.ask.id, signature }
    }
}

/// What a run is like: its policy, whether it is on a store, and how long it is.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rules: Rules,
    pub temper: Temper,
    pub payments: u64,
}

impl Plan {
    pub fn random(rng: &mut Rng) -> Self {
        let mut rules = Rules::random(rng);
        let wardens = usize::try_from(rng.weighted(&[(21, 0), (1, 1), (1, 2), (1, 3)])).unwrap();
        if rng.one_in(300) {
            // Payments are small here, and nothing but their number stops them.
            rules.rates.clear();
            rules.budgets.truncate(1);
            (rules.pin, rules.drift) = (None, None);
            return Self { rules, temper: Temper::crowded(rng, 0), payments: 1_400 };
        }
        if rng.one_in(8) {
            rules.rates.clear();
            rules.budgets.truncate(2);
            for budget in &mut rules.budgets {
                budget.key.window = Window::Rolling(*rng.pick(&[300, 600, 1_200]) * SECOND);
                budget.key.per.clear();
            }
            return Self { rules, temper: Temper::busy(rng, wardens), payments: 400 };
        }
        let payments = rng.weighted(&[(6, 150), (6, 400), (1, 1_200)]);
        Self { rules, temper: Temper::random(rng, wardens), payments }
    }

    pub fn wardens(&self) -> usize {
        self.temper.wardens
    }
}
