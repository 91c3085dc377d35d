//! May this be paid?

use tollwarden::decision::{Action, Decision};
use tollwarden::ledger::hold::{Ground, State};
use tollwarden::reason::Reason;
use tollwarden::time::format_instant;

use super::super::event::{Ask, Content, Entry, approver_name};
use super::judge::{Class, End, Verdict};
use super::money::dollars;
use super::{ASKED, Asked, CLOSED_AT_ONCE, Check, Model, OPEN, Payment, UNTICKETED, trouble};

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
        // What was asked more than 24 hours ago is asked again.
        self.asked.retain(|_, asked| asked.since + ASKED > now);
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
        let replayed = ask.content.entries.iter().find_map(|entry| self.replay_of(&ask.content, entry, now));
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
        let best = best.unwrap_or(0);
        let Some(chosen) = decision.accept.filter(|chosen| *chosen < entries.len()) else {
            return trouble("decision", format!("p{}: no entry was chosen: {decision:?}", ask.id)).map(|()| false);
        };
        let (low, high) = &judged[chosen];
        if clear && chosen != best && low.class < Class::Denied {
            trouble("decision", format!("p{}: entry {chosen}, where {best} is the best", ask.id))?;
        }

        // The class that the answer speaks of: between what exact accounting says and the documented bound.
        let refused = self.asked.get(&ask.id).and_then(|asked| asked.rejected);
        if let Some(by) = refused.filter(|_| high.class < Class::Denied) {
            let by = approver_name(by);
            return match (decision.action, decision.reason) {
                (Action::Deny, Reason::ApprovalRejected) => Ok(false),
                other => {
                    trouble("approval skipped", format!("p{} was refused by {by}: {other:?}", ask.id)).map(|()| false)
                }
            };
        }
        let spoken = self.spoken(ask, decision, low.class);
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
            Action::Deny => Ok(false),
            Action::RequireApproval => self.ask(now, ask, decision).map(|()| false),
            Action::Allow => {
                if spoken == Class::Asks {
                    self.asked.remove(&ask.id);
                }
                self.hold(now, ask, chosen, decision).map(|()| true)
            }
        }
    }

    /// What class an answer stands for, given what people said so far.
    fn spoken(&self, ask: &Ask, decision: &Decision, least: Class) -> Class {
        let asked = self.asked.get(&ask.id);
        let enough =
            asked.is_some_and(|asked| asked.rejected.is_none() && asked.approved.len() as u64 >= self.rules.threshold);
        match decision.action {
            Action::Allow if enough => least.min(Class::Asks),
            Action::Allow => Class::Allowed,
            Action::RequireApproval => Class::Asks,
            Action::Deny if decision.reason == Reason::ApprovalRejected => Class::Asks,
            Action::Deny => Class::Denied,
        }
    }

    fn ask(&mut self, now: u64, ask: &Ask, decision: &Decision) -> Check {
        let digest = decision.approval.as_ref().map(|wanted| wanted.digest.clone()).unwrap_or_default();
        let new =
            Asked { digest, content: ask.content.clone(), since: now, approved: Default::default(), rejected: None };
        let asked = self.asked.entry(ask.id).or_insert(new);
        let (approved, threshold) = (asked.approved.len() as u64, self.rules.threshold);
        if asked.rejected.is_some() || approved >= threshold {
            return trouble("approval", format!("p{} is asked again: {asked:?}", ask.id));
        }
        match &decision.approval {
            Some(wanted)
                if wanted.approved == approved && wanted.threshold == threshold && wanted.digest == asked.digest =>
            {
                Ok(())
            }
            other => trouble("approval", format!("p{}: {other:?}, where {approved} of {threshold} stand", ask.id)),
        }
    }

    fn hold(&mut self, now: u64, ask: &Ask, chosen: usize, decision: &Decision) -> Check {
        if let Some(by) = self.asked.get(&ask.id).and_then(|asked| asked.rejected) {
            return trouble("approval skipped", format!("p{} was refused by {}", ask.id, approver_name(by)));
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
