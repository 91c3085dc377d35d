//! What becomes of a payment: the diagram of docs/ledger.md, word for word.

use tollwarden::decision::Outcome;
use tollwarden::ledger::hold::{Ground, State};
use tollwarden::reason::Reason;
use tollwarden::time::format_instant;

use super::super::event::{Event, Evidence, Proof, Said, Signature};
use super::{Check, LAG, Model, REFUNDS, trouble};

/// What the answer has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    Done,
    /// It is refused, for one of these reasons.
    Refused(&'static [Reason]),
}

use Want::{Done, Refused};

impl Model {
    pub fn outcome(&mut self, event: &Event, outcome: &Outcome) -> Check {
        if let Event::Say { at, id, approver, approve, digest } = event {
            let want = self.say(*at, *id, *approver, *approve, digest.as_deref());
            return agree("approval", &want, outcome, event);
        }
        let (at, id) = match event {
            Event::Ticket { at, id }
            | Event::Sign { at, id, .. }
            | Event::Settle { at, id, .. }
            | Event::Reconcile { at, id, .. }
            | Event::Resolve { at, id, .. }
            | Event::Refund { at, id, .. } => (*at, *id),
            _ => return trouble("protocol", format!("{event:?}")),
        };
        let now = self.tick(at);
        let Some(index) = self.find(id, now) else {
            return agree("lost", &Refused(&[Reason::UnknownId]), outcome, event);
        };
        let before = self.payments[index].clone();
        let (invariant, want) = match event {
            Event::Ticket { .. } => ("ticket", self.ticket(index, now)),
            Event::Sign { signature, .. } => ("sign", self.sign(index, now, signature)),
            Event::Settle { said, amount, evidence, .. } => {
                ("settle", self.settle(index, now, *said, *amount, *evidence))
            }
            Event::Reconcile { proof, .. } => ("reconcile", self.reconcile(index, now, *proof)),
            Event::Resolve { spent, .. } => ("resolve", self.resolve(index, now, *spent)),
            Event::Refund { amount, refund, .. } => ("refund", self.refund(index, *amount, *refund)),
            _ => return trouble("protocol", format!("{event:?}")),
        };
        agree(invariant, &want, outcome, event)?;
        self.agree_on_state(index, &before, outcome, event)
    }

    /// What the answer says of the payment is what became of it.
    fn agree_on_state(&self, index: usize, before: &super::Payment, outcome: &Outcome, event: &Event) -> Check {
        let payment = &self.payments[index];
        let differs = |what: &str, got: String, want: String| {
            let invariant = match (before.state, payment.state) {
                (State::Captured, State::Captured) => "captured twice",
                _ => "state",
            };
            trouble(invariant, format!("{event:?}: {what} {got}, where {want} stands (before: {:?})", before.state))
        };
        if outcome.state != Some(payment.state) {
            return differs("state", format!("{:?}", outcome.state), format!("{:?}", payment.state));
        }
        if !outcome.ok {
            return Ok(());
        }
        let captured = (payment.state == State::Captured).then_some(payment.captured);
        if outcome.captured.map(|amount| amount.get()) != captured {
            return differs("captured", format!("{:?}", outcome.captured), format!("{captured:?}"));
        }
        let refunded = Some(payment.refunded).filter(|refunded| *refunded > 0);
        if outcome.refunded.map(|amount| amount.get()) != refunded {
            return differs("refunded", format!("{:?}", outcome.refunded), format!("{refunded:?}"));
        }
        if outcome.ground != payment.ground {
            return differs("ground", format!("{:?}", outcome.ground), format!("{:?}", payment.ground));
        }
        let running = matches!(payment.state, State::Signing | State::Signed | State::Unknown);
        let until = running.then(|| format_instant(payment.until));
        if outcome.valid_before != until {
            return differs("valid_before", format!("{:?}", outcome.valid_before), format!("{until:?}"));
        }
        let breach = payment.state == State::Captured && (payment.late || payment.captured > payment.entry.amount);
        if breach && !outcome.breach {
            return trouble("breach untold", format!("{event:?}: {} of {}", payment.captured, payment.entry.amount));
        }
        Ok(())
    }

    fn ticket(&mut self, index: usize, now: u64) -> Want {
        let payment = &self.payments[index];
        if self.frozen {
            return Refused(&[Reason::Frozen]);
        }
        match payment.state {
            State::Held if payment.until <= now => {
                self.void(index, Ground::Lapsed);
                Refused(&[Reason::HoldExpired])
            }
            // While a payment for the same intent is unknown, no second signature.
            State::Held if !self.unknown_for(&payment.ask.content.intent()).is_empty() => {
                Refused(&[Reason::IntentUnresolved])
            }
            State::Held => {
                self.issue(index, now);
                Done
            }
            State::Voided => Refused(&[Reason::HoldExpired]),
            _ => Refused(&[Reason::TicketUsed]),
        }
    }

    fn issue(&mut self, index: usize, now: u64) {
        let payment = &mut self.payments[index];
        payment.state = State::Signing;
        payment.until = now + payment.entry.lifetime * 1_000 + LAG;
        self.touch(index);
    }

    fn sign(&mut self, index: usize, now: u64, signature: &Signature) -> Want {
        const UNBOUND: &[Reason] = &[
            Reason::PayeeMismatch,
            Reason::AmountMismatch,
            Reason::LifetimeMismatch,
            Reason::AcceptedMismatch,
            Reason::AssetMismatch,
            Reason::SchemeMismatch,
            Reason::NetworkMismatch,
            Reason::MalformedPayload,
            Reason::HoldExpired,
            Reason::TicketUsed,
        ];
        let payment = &self.payments[index];
        let lapsed = payment.state == State::Held && payment.until <= now;
        match payment.state {
            State::Held => self.issue(index, now),
            State::Signing | State::Signed => {}
            State::Voided => return Refused(&[Reason::HoldExpired]),
            State::Captured | State::Unknown => return Refused(&[Reason::WrongState]),
        }
        let payment = &mut self.payments[index];
        let held = &payment.entry;
        // Permit2 still takes it in the second of the deadline; EIP-3009 does not.
        let end = (signature.end + u64::from(signature.entry.upto)) * 1_000;
        let binds = signature.entry == *held
            && signature.amount == held.amount
            && !signature.other_payee
            && signature.end <= now / 1_000 + held.lifetime + 5
            && end > now
            && payment.nonce.as_ref().is_none_or(|nonce| *nonce == signature.nonce());
        if binds && !lapsed {
            // Of several signatures each can be used until its own end.
            let earlier = if payment.state == State::Signed { payment.until } else { 0 };
            payment.state = State::Signed;
            payment.until = earlier.max(end + LAG);
            payment.nonce = Some(signature.nonce());
            payment.signature = Some(signature.clone());
            self.touch(index);
            return Done;
        }
        // It exists, whatever it binds to: unknown at the larger of held and signed, for as long as it can be used.
        payment.state = State::Unknown;
        payment.unbound = true;
        payment.until = payment.until.max(end + LAG);
        if signature.amount > payment.exposure() {
            payment.signed = Some(signature.amount);
        }
        self.touch(index);
        Refused(UNBOUND)
    }

    fn settle(&mut self, index: usize, now: u64, said: Said, amount: Option<u128>, evidence: Evidence) -> Want {
        let payment = &self.payments[index];
        let ground = match evidence {
            Evidence::Operator => Ground::Operator,
            Evidence::Receipt => Ground::Receipt,
            Evidence::Delivery => Ground::Delivery,
        };
        match (said, payment.state) {
            (Said::Captured, _) => {
                let amount = match evidence {
                    Evidence::Operator => amount.unwrap_or(payment.entry.amount),
                    // Nobody signs receipts: they can't lower what is booked.
                    Evidence::Receipt | Evidence::Delivery => payment.exposure(),
                };
                self.captured(index, now, amount, ground)
            }
            (Said::Failed, State::Held) => {
                self.void(index, ground);
                Done
            }
            (_, State::Signing | State::Signed) => {
                self.payments[index].state = State::Unknown;
                self.touch(index);
                Done
            }
            (_, State::Unknown) | (Said::Failed, State::Voided) => Done,
            _ => Refused(&[Reason::WrongState]),
        }
    }

    fn captured(&mut self, index: usize, now: u64, amount: u128, ground: Ground) -> Want {
        let payment = &self.payments[index];
        if payment.state != State::Captured {
            self.capture(index, now, amount, ground);
            return Done;
        }
        // An assumption gives way to any word, a seller's word to proof; what a chain or an operator said stands.
        let gives_way = match payment.ground {
            Some(Ground::Assumed) => true,
            Some(Ground::Receipt | Ground::Delivery) => ground == Ground::Chain,
            _ => false,
        };
        if gives_way {
            let payment = &mut self.payments[index];
            // What was refunded stays refunded.
            payment.captured = amount;
            payment.booked = payment.booked.max(amount);
            payment.ground = Some(ground);
            self.touch(index);
            return Done;
        }
        match payment.captured == amount && payment.ground == Some(ground) {
            true => Done,
            false => Refused(&[Reason::Conflict]),
        }
    }

    fn reconcile(&mut self, index: usize, now: u64, proof: Proof) -> Want {
        let at = match proof {
            Proof::Used(amount) => return self.captured(index, now, amount, Ground::Chain),
            Proof::UnusedAt(at) => Some(at),
            Proof::Cancelled => None,
        };
        let payment = &self.payments[index];
        // Unused so far proves nothing; and a chain can speak of one nonce, not of what else was signed.
        if at.is_some_and(|at| at < payment.until) || payment.unbound {
            return Refused(&[Reason::WrongState]);
        }
        match (payment.state, payment.ground) {
            (State::Signing | State::Signed | State::Unknown, _)
            | (State::Captured, Some(Ground::Assumed | Ground::Receipt | Ground::Delivery)) => {
                self.void(index, Ground::Chain);
                Done
            }
            (State::Voided, _) => Done,
            _ => Refused(&[Reason::WrongState]),
        }
    }

    /// A person's word: it goes before an assumption and before a seller's; it frees money once nothing can move it.
    fn resolve(&mut self, index: usize, now: u64, spent: Option<u128>) -> Want {
        let payment = &mut self.payments[index];
        let weak = matches!(payment.ground, Some(Ground::Assumed | Ground::Receipt | Ground::Delivery));
        match (payment.state, spent) {
            (State::Captured, _) if !weak => match spent == Some(payment.captured) {
                true => Done,
                false => Refused(&[Reason::Conflict]),
            },
            (State::Voided, None) => Done,
            (state, None) if state != State::Held && now < payment.until => Refused(&[Reason::WrongState]),
            (_, None) => {
                self.void(index, Ground::Operator);
                Done
            }
            (State::Captured, Some(amount)) => {
                payment.captured = amount;
                payment.booked = payment.booked.max(amount);
                payment.ground = Some(Ground::Operator);
                self.touch(index);
                Done
            }
            (_, Some(amount)) => {
                self.capture(index, now, amount, Ground::Operator);
                Done
            }
        }
    }

    /// The same refund twice is one; a payment has one without a name.
    fn refund(&mut self, index: usize, amount: u128, refund: Option<u64>) -> Want {
        let payment = &mut self.payments[index];
        if payment.state != State::Captured {
            return Refused(&[Reason::WrongState]);
        }
        if let Some(before) = payment.refunds.get(&refund) {
            return if *before == amount { Done } else { Refused(&[Reason::Conflict]) };
        }
        let left = payment.captured.saturating_sub(payment.refunded);
        if amount == 0 || amount > left || payment.refunds.len() >= REFUNDS {
            return Refused(&[Reason::WrongState]);
        }
        payment.refunds.insert(refund, amount);
        payment.refunded += amount;
        self.touch(index);
        Done
    }

    pub fn capture(&mut self, index: usize, at: u64, amount: u128, ground: Ground) {
        let payment = &mut self.payments[index];
        payment.late = !payment.is_open();
        payment.state = State::Captured;
        payment.captured = amount;
        payment.booked = amount;
        payment.captured_at = at;
        payment.ground = Some(ground);
        self.touch(index);
        self.note_crowd(index);
    }

    pub fn void(&mut self, index: usize, ground: Ground) {
        let payment = &mut self.payments[index];
        payment.state = State::Voided;
        (payment.captured, payment.refunded) = (0, 0);
        payment.refunds.clear();
        payment.ground = Some(ground);
        // What was let go was no payment, and nothing repeats it.
        self.remembered.retain(|_, (paid, _)| *paid != index);
        self.touch(index);
    }
}

fn agree(invariant: &'static str, want: &Want, outcome: &Outcome, event: &Event) -> Check {
    let right = match want {
        Done => outcome.ok,
        Refused(reasons) => !outcome.ok && outcome.reason.is_some_and(|reason| reasons.contains(&reason)),
    };
    if right {
        return Ok(());
    }
    let want = match want {
        Done => String::from("done"),
        Refused(reasons) => format!("refused for {reasons:?}"),
    };
    trouble(invariant, format!("{event:?}: {outcome:?}, where it has to be {want}"))
}
