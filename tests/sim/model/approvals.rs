//! What people are asked, and what they said (docs/approvals.md).

use tollwarden::decision::{Action, Decision};
use tollwarden::reason::Reason;
use tollwarden::time::format_instant;

use super::super::event::{Ask, Content, Entry, approver_name};
use super::super::rules::Rules;
use super::moves::Want;
use super::{ASKED, Check, Model, trouble};

/// The reasons of a denial that speak of people.
pub const ANSWERS: &[Reason] =
    &[Reason::ApprovalRejected, Reason::ApprovalExpired, Reason::ApprovalImpossible, Reason::TooManyPrompts];

/// Those who may approve where the policy names them: alice, bob and the agent a0.
const NAMED: [u64; 3] = [0, 1, 3];

/// A question to people.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What its digest is, as the core tells it.
    pub digest: String,
    pub content: Content,
    /// The entry of the offer that they are asked about.
    pub entry: Entry,
    /// The policy that asks.
    pub rules: Rules,
    pub until: u64,
    /// Who is asked, where they are named.
    approvers: Option<Vec<u64>>,
    /// Who said what; nobody twice.
    answers: Vec<(u64, bool)>,
    /// It was decided when somebody last answered.
    decided: bool,
    /// The payment was held.
    pub used: bool,
}

/// What the questions mean for a payment that needs people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Use,
    Wait,
    Refuse(Reason),
}

impl Asked {
    fn said(&self, approve: bool) -> u64 {
        self.answers.iter().filter(|(_, said)| *said == approve).count() as u64
    }

    /// So many have refused that the rest can't approve it.
    fn is_lost(&self) -> bool {
        match &self.approvers {
            Some(approvers) => (approvers.len() as u64) < self.said(false) + self.rules.threshold,
            None => self.said(false) > 0,
        }
    }

    fn heard(&self, now: u64) -> Heard {
        if self.used {
            Heard::Refuse(Reason::ApprovalVoid)
        } else if self.is_lost() {
            Heard::Refuse(Reason::ApprovalRejected)
        } else if now >= self.until {
            Heard::Refuse(Reason::ApprovalExpired)
        } else if self.said(true) >= self.rules.threshold {
            Heard::Use
        } else {
            Heard::Wait
        }
    }

    fn waits_for(&self, approver: u64) -> bool {
        let asked = self.approvers.as_ref().is_none_or(|approvers| approvers.contains(&approver));
        !self.decided && asked && self.answers.iter().all(|(who, _)| *who != approver)
    }
}

impl Model {
    pub fn forget_questions(&mut self, now: u64) {
        self.asked.retain(|_, asked| asked.until + ASKED > now);
    }

    /// What a payment hears that needs people.
    pub fn hear(&self, now: u64, ask: &Ask) -> Heard {
        match self.asked.get(&ask.id) {
            Some(asked) => asked.heard(now),
            None => self.approvers(now, &ask.content).map_or_else(Heard::Refuse, |_| Heard::Wait),
        }
    }

    /// Who is asked; nobody where enough is asked already.
    fn approvers(&self, now: u64, content: &Content) -> Result<Option<Vec<u64>>, Reason> {
        let standing = || self.asked.values().filter(|asked| !asked.used && asked.until > now);
        let (per_agent, per_approver) = self.rules.prompts;
        if standing().filter(|asked| asked.content.agent == content.agent).count() as u64 >= per_agent {
            return Err(Reason::TooManyPrompts);
        }
        if !self.rules.named {
            let undecided = standing().filter(|asked| !asked.decided).count() as u64;
            return if undecided >= per_approver { Err(Reason::TooManyPrompts) } else { Ok(None) };
        }
        let others: Vec<u64> = NAMED.into_iter().filter(|who| approver_name(*who) != content.agent()).collect();
        if (others.len() as u64) < self.rules.threshold {
            return Err(Reason::ApprovalImpossible);
        }
        let busy = |who: u64| standing().filter(|asked| asked.waits_for(who)).count() as u64 >= per_approver;
        let free: Vec<u64> = others.into_iter().filter(|who| !busy(*who)).collect();
        if (free.len() as u64) < self.rules.threshold { Err(Reason::TooManyPrompts) } else { Ok(Some(free)) }
    }

    /// People are asked, or were and have not decided.
    pub fn ask(&mut self, now: u64, ask: &Ask, chosen: usize, heard: &Heard, decision: &Decision) -> Check {
        if *heard != Heard::Wait || decision.action != Action::RequireApproval {
            return trouble("approval", format!("p{} asks, where {heard:?} stands", ask.id));
        }
        let Some(wanted) = &decision.approval else {
            return trouble("approval", format!("p{}: nobody is asked", ask.id));
        };
        let new = !self.asked.contains_key(&ask.id);
        if new {
            let Ok(approvers) = self.approvers(now, &ask.content) else { return Ok(()) };
            let asked = Asked {
                digest: wanted.digest.clone(),
                content: ask.content.clone(),
                entry: ask.content.entries[chosen].clone(),
                rules: self.rules.clone(),
                until: now + self.rules.timeout,
                approvers,
                answers: Vec::new(),
                decided: false,
                used: false,
            };
            self.asked.insert(ask.id, asked);
        }
        let asked = &self.asked[&ask.id];
        let names = asked.approvers.as_ref().map(|who| who.iter().map(|who| approver_name(*who)).collect::<Vec<_>>());
        let mut told = wanted.approvers.clone();
        if let (Some(told), Some(_)) = (&mut told, &names) {
            told.sort_by_key(|name| NAMED.iter().position(|who| approver_name(*who) == *name));
        }
        let want = (asked.said(true), self.rules.threshold, &asked.digest, format_instant(asked.until), names, new);
        let got = (wanted.approved, wanted.threshold, &wanted.digest, wanted.expires_at.clone(), told, wanted.new);
        if got == want { Ok(()) } else { trouble("approval", format!("p{}: {got:?}, where {want:?} stands", ask.id)) }
    }

    /// What a person says.
    pub fn say(&mut self, at: u64, id: u64, approver: u64, approve: bool, digest: Option<&str>) -> Want {
        let now = self.tick(at);
        self.forget_questions(now);
        let Some(asked) = self.asked.get_mut(&id) else { return Want::Refused(&[Reason::UnknownId]) };
        // Never the agent that asks, and only those who are asked where any are named.
        let itself = approver_name(approver) == asked.content.agent();
        if itself || asked.approvers.as_ref().is_some_and(|approvers| !approvers.contains(&approver)) {
            return Want::Refused(&[Reason::NotAnApprover]);
        }
        if digest.is_some_and(|digest| digest != asked.digest) {
            return Want::Refused(&[Reason::Conflict]);
        }
        match asked.heard(now) {
            Heard::Refuse(Reason::ApprovalRejected) if approve => return Want::Refused(&[Reason::ApprovalRejected]),
            Heard::Refuse(Reason::ApprovalRejected) => return Want::Done,
            Heard::Refuse(Reason::ApprovalExpired) => return Want::Refused(&[Reason::ApprovalExpired]),
            Heard::Refuse(_) => return Want::Refused(&[Reason::ApprovalVoid]),
            Heard::Use | Heard::Wait => {}
        }
        match asked.answers.iter_mut().find(|(who, _)| *who == approver) {
            // Whoever approved may still refuse; a refusal can't be taken back.
            Some((_, said)) if *said => *said = approve,
            Some(_) if approve => return Want::Refused(&[Reason::Conflict]),
            Some(_) => {}
            None => asked.answers.push((approver, approve)),
        }
        asked.decided |= asked.heard(now) != Heard::Wait;
        Want::Done
    }
}
