//! May this be paid?

use tollwarden::decision::{Action, Decision};
use tollwarden::ledger::hold::{Ground, State};
use tollwarden::reason::Reason;
use tollwarden::time::format_instant;

use super::super::event::{Ask, Content, Entry};
use super::approvals::{ANSWERS, Heard};
use super::judge::{Class, End, Verdict};
use super::money::dollars;
use super::{CLOSED_AT_ONCE, Check, Model, OPEN, Payment, UNTICKETED, trouble};

impl Model {
    pub fn authorize(&mut self, at: u64, ask: &Ask, decision: &Decision) -> Check {
        let now = self.clock.max(at);
        if let Some(index) = self.find(ask.id, now) {
            let payment = &self.payments[index];
            let want = match payment.state {
                _ if payment.ask != *ask => (Action::Deny, Reason::Conflict, None),
                State::Voided => (Action::Deny, Reason::HoldExpired, Some(State::Voided)),
                state => (Action::Allow, Reason::Allowed, Some(state)),
            };
            let got = (decision.action, decision.reason, decision.state);
            return match got == want {
                true => Ok(()),
                false => trouble("idempotency", format!("p{} again: {got:?}, where {want:?} stands", ask.id)),
            };
        }
        // What is no longer remembered is asked anew.
        self.forget_questions(now);
        if self.asked.get(&ask.id).is_some_and(|asked| asked.content != ask.content) {
            return match (decision.action, decision.reason) {
                (Action::Deny, Reason::Conflict) => Ok(()),
                other => trouble("idempotency", format!("p{} with other content: {other:?}", ask.id)),
            };
        }
        let swept = self.close_due(now);
        let held = self.decide(now, ask, decision)?;
        if held || swept || decision.action != Action::Deny {
            self.tick(at);
        }
        Ok(())
    }

    /// Closes what its time has run out for: never ticketed, it lapses; else it is booked as spent, at its maximum.
    fn close_due(&mut self, now: u64) -> bool {
        let mut due: Vec<(u64, u64, usize)> = self
            .open()
            .map(|index| (self.payments[index].until, self.payments[index].touched, index))
            .filter(|(until, ..)| *until <= now)
            .collect();
        due.sort_unstable();
        due.truncate(CLOSED_AT_ONCE);
        for (_, _, index) in &due {
            if self.payments[*index].state == State::Held {
                self.void(*index, Ground::Lapsed);
            } else {
                let (until, exposure) = (self.payments[*index].until, self.payments[*index].exposure());
                self.capture(*index, until, exposure, Ground::Assumed);
            }
        }
        !due.is_empty()
    }

    /// The decision itself. Answers whether money is held now.
    fn decide(&mut self, now: u64, ask: &Ask, decision: &Decision) -> Result<bool, super::Trouble> {
        let intent = ask.content.intent();
        let unresolved = self.unknown_for(&intent);
        // The one that is remembered longest; of equals the first.
        let earlier = ask.content.entries.iter().rev().filter_map(|entry| self.replay_of(&ask.content, entry, now));
        let replayed = earlier.max_by_key(|(_, until)| *until);
        let flat = if self.frozen {
            Some(Reason::Frozen)
        } else if !unresolved.is_empty() {
            Some(Reason::IntentUnresolved)
        } else if replayed.is_some() {
            Some(Reason::Replayed)
        } else if self.open().count() >= OPEN {
            Some(Reason::TooManyHolds)
        } else {
            None
        };
        if let Some(reason) = flat {
            if decision.action != Action::Deny {
                let invariant = match reason {
                    Reason::IntentUnresolved => "second payment for an intent",
                    Reason::Replayed => "replayed payment",
                    _ => "denial",
                };
                trouble(invariant, format!("p{} was {:?}, where {reason:?} stands", ask.id, decision.action))?;
            }
            if decision.reason != reason {
                trouble("decision", format!("p{}: {:?}, where {reason:?} stands", ask.id, decision.reason))?;
            }
            let named = decision.hold.as_ref();
            if let Some((earlier, until)) = replayed.filter(|_| reason == Reason::Replayed) {
                let retry = decision.fix.as_ref().and_then(|fix| fix.retry_at.clone());
                if named != Some(&earlier) || retry != Some(format_instant(until)) {
                    trouble(
                        "decision",
                        format!("p{}: {named:?} until {retry:?}, not {earlier} until {until}", ask.id),
                    )?;
                }
            }
            if reason == Reason::IntentUnresolved && !named.is_some_and(|id| unresolved.contains(id)) {
                trouble("decision", format!("p{}: {named:?} stands in the way, not {unresolved:?}", ask.id))?;
            }
            return Ok(false);
        }

        let entries = &ask.content.entries;
        let judged: Vec<(Verdict, Verdict)> = entries
            .iter()
            .map(|entry| {
                let judge = |end| self.judge(&ask.content, entry, now, end);
                (judge(End::Low), judge(End::High))
            })
            .collect();
        let clear = judged.iter().all(|(low, high)| low.class == high.class);
        // Of what is allowed, the cheapest; else what people can allow; between equals the seller's order.
        let best = (0..entries.len())
            .min_by_key(|index| (judged[*index].0.class, dollars(entries[*index].amount, entries[*index].asset)));
        let mut best = best.unwrap_or(0);
        // What people are asked about is one entry, under one policy: it is that one or none.
        let heard = self.hear(now, ask);
        if let Some(asked) = self.asked.get(&ask.id) {
            let about = entries.iter().position(|entry| *entry == asked.entry).unwrap_or(0);
            if asked.rules != self.rules {
                return match (decision.action, decision.reason) {
                    (Action::Deny, Reason::ApprovalVoid) => Ok(false),
                    other => {
                        trouble("approval", format!("p{} under another policy: {other:?}", ask.id)).map(|()| false)
                    }
                };
            }
            if decision.accept != Some(about) {
                trouble("approval", format!("p{}: {:?}, where {about} was asked about", ask.id, decision.accept))?;
            }
            best = about;
        }
        let Some(chosen) = decision.accept.filter(|chosen| *chosen < entries.len()) else {
            return trouble("decision", format!("p{}: no entry was chosen: {decision:?}", ask.id)).map(|()| false);
        };
        let (low, high) = &judged[chosen];
        if clear && chosen != best && low.class < Class::Denied {
            trouble("decision", format!("p{}: entry {chosen}, where {best} is the best", ask.id))?;
        }

        // The class that the answer speaks of: between what exact accounting says and the documented bound.
        if heard == Heard::Refuse(Reason::ApprovalRejected)
            && high.class < Class::Denied
            && self.asked.contains_key(&ask.id)
        {
            return match (decision.action, decision.reason) {
                (Action::Deny, Reason::ApprovalRejected) => Ok(false),
                other => trouble("approval skipped", format!("p{} was refused: {other:?}", ask.id)).map(|()| false),
            };
        }
        let spoken = self.spoken(decision, &heard, low.class);
        if spoken < low.class {
            let invariant = match (low.limits, spoken) {
                (true, _) => "overspend",
                (false, Class::Allowed) if low.class == Class::Asks => "approval skipped",
                _ => "denial",
            };
            trouble(invariant, format!("p{}: {:?}, where {:?} denies or asks", ask.id, decision.action, low))?;
        }
        if spoken > high.class || (clear && low.class < judged[best].0.class) {
            trouble(
                "too strict",
                format!(
                    "p{}: {:?} ({:?} by {:?}), where {:?} stands",
                    ask.id, decision.action, decision.reason, decision.rules, high
                ),
            )?;
        }
        if clear && entries.len() == 1 && low.class == Class::Denied {
            let told: std::collections::BTreeSet<String> = decision.rules.iter().cloned().collect();
            if !(low.denials.is_subset(&told) && told.is_subset(&high.denials)) {
                trouble("decision", format!("p{}: the rules {told:?}, where {:?} deny", ask.id, low.denials))?;
            }
        }
        match decision.action {
            Action::Deny if spoken == Class::Asks && heard != Heard::Refuse(decision.reason) => {
                trouble("approval", format!("p{}: {:?}, where {heard:?} stands", ask.id, decision.reason))?;
                Ok(false)
            }
            Action::Deny => Ok(false),
            Action::RequireApproval => self.ask(now, ask, chosen, &heard, decision).map(|()| false),
            Action::Allow => self.hold(now, ask, chosen, decision).map(|()| true),
        }
    }

    /// What class an answer stands for, given what people said so far.
    fn spoken(&self, decision: &Decision, heard: &Heard, least: Class) -> Class {
        match decision.action {
            Action::Allow if *heard == Heard::Use => least.min(Class::Asks),
            Action::Allow => Class::Allowed,
            Action::RequireApproval => Class::Asks,
            Action::Deny if ANSWERS.contains(&decision.reason) => Class::Asks,
            Action::Deny => Class::Denied,
        }
    }

    fn hold(&mut self, now: u64, ask: &Ask, chosen: usize, decision: &Decision) -> Check {
        if let Some(asked) = self.asked.get_mut(&ask.id) {
            asked.used = true;
        }
        let entry = ask.content.entries[chosen].clone();
        let worth = (decision.amount.map(|amount| amount.get()), decision.usd.map(|usd| usd.get()));
        let want = (Some(entry.amount), Some(dollars(entry.amount, entry.asset)));
        if worth != want {
            return trouble("decision", format!("p{}: {worth:?}, where {want:?} was asked", ask.id));
        }
        let counters = self.take(&ask.content, &entry, now);
        let index = self.payments.len();
        for place in &counters {
            self.counters[*place].members.push(index);
        }
        self.payments.push(Payment {
            ask: ask.clone(),
            entry,
            state: State::Held,
            until: now + UNTICKETED,
            signed: None,
            nonce: None,
            signature: None,
            counters,
            captured: 0,
            captured_at: 0,
            refunded: 0,
            refunds: Default::default(),
            booked: 0,
            unbound: false,
            ground: None,
            late: false,
            touched: 0,
        });
        if self.rules.strict || ask.content.key.is_some() {
            let payment = ask.content.payment(&self.payments[index].entry);
            self.remembered.insert(payment, (index, now + self.rules.remembered));
        }
        self.ids.insert(ask.id, index);
        self.touch(index);
        Ok(())
    }

    /// The payment that this one would repeat, and until when it is remembered: one with the same key; in a strict ledger
    /// also the same payment.
    fn replay_of(&self, content: &Content, entry: &Entry, now: u64) -> Option<(String, u64)> {
        let looked = self.rules.strict || content.key.is_some();
        let (index, until) =
            self.remembered.get(&content.payment(entry)).filter(|(_, until)| looked && *until > now)?;
        Some((format!("p{}", self.payments[*index].ask.id), *until))
    }

    /// The ids of the payments for this intent whose outcome is unknown.
    pub fn unknown_for(&self, intent: &str) -> Vec<String> {
        let unknown = self.payments.iter().filter(|payment| payment.state == State::Unknown);
        unknown.filter(|payment| payment.ask.content.intent() == intent).map(|p| format!("p{}", p.ask.id)).collect()
    }
}
