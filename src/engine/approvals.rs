//! The events about questions to people: answers, and what stands before them.

use super::{Engine, Stop, error_reply};
use crate::approval::answer::Said;
use crate::approval::ask::answered;
use crate::approval::freeze::Lifted;
use crate::approval::proof::Proof;
use crate::approval::switch;
use crate::approval::view::view;
use crate::decision::Outcome;
use crate::json::Json;
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::members;
use crate::members::{flag, optional_text, wrong};
use crate::order::sorted;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::reply::Reply;
use crate::sign::failed;
use crate::time::Millis;

/// The longest note that an approver may add, in bytes.
const MAX_NOTE: usize = 1_000;

/// The members of an answer.
pub(super) const ANSWER: &[&str] = &["id", "approver", "digest", "once", "note", "signed_at", "signature"];

/// What an approver says to a payment that waits for people. The same answer again is as good as the first.
pub(super) fn say(
    policy: &Policy,
    work: &mut Working<'_>,
    kind: &str,
    id: &str,
    event: &Json,
    at: Millis,
) -> Result<Outcome, Stop> {
    let approver = members::name(event, "approver")?;
    if approver.is_empty() {
        return Err(Stop::Malformed(wrong("approver", "missing")));
    }
    let digest = optional_text(event, "digest")?;
    let note = optional_text(event, "note")?;
    if note.as_ref().is_some_and(|note| note.len() > MAX_NOTE) {
        return Err(Stop::Malformed(wrong("note", format!("more than the {MAX_NOTE} bytes allowed"))));
    }
    work.need([key::CLOCK, key::PROMPTS, key::approval(id).as_str()])?;
    let now = work.time(at)?;
    let Some(mut asked) = work.approval(id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    let said = Said {
        approver: &approver,
        approved: kind == "approve",
        digest: digest.as_deref(),
        once: flag(event, "once")?,
        note,
        proof: Proof::read(event)?,
    };
    if let Err(refusal) = asked.take(said, &policy.approvals.secrets, now) {
        return Ok(refused(id, refusal));
    }
    answered(work, &asked, now)?;
    Ok(Outcome { ok: true, reason: None, ..failed(id, Reason::Allowed, None) })
}

/// `freeze` and `unfreeze`, of everything or of one agent.
pub(super) fn switch(
    policy: &Policy,
    work: &mut Working<'_>,
    kind: &str,
    event: &Json,
    at: Millis,
) -> Result<Reply, Stop> {
    let agent = members::name(event, "agent")?;
    if kind == "freeze" {
        let reason = optional_text(event, "reason")?.unwrap_or_else(|| String::from("no reason given"));
        let disabled = flag(event, "disable")?;
        if disabled && agent.is_empty() {
            return Err(Stop::Malformed(wrong("disable", "only an agent can be disabled; name it under `agent`")));
        }
        switch::freeze(work, agent, reason, disabled, at)?;
        return Ok(Reply::Done { ok: true });
    }
    let approver = members::name(event, "approver")?;
    let signed = match Proof::read(event)? {
        Some(_) if approver.is_empty() => return Err(Stop::Malformed(wrong("approver", "missing"))),
        None if !approver.is_empty() => return Err(Stop::Malformed(wrong("signature", "missing"))),
        proof => proof.map(|proof| Lifted { approver, proof }),
    };
    Ok(match switch::unfreeze(policy, work, &agent, signed, at)? {
        Ok(()) => Reply::Done { ok: true },
        Err(refusal) => Reply::Outcome(Box::new(refused(&agent, refusal))),
    })
}

fn refused(id: &str, refusal: Refusal) -> Outcome {
    Outcome { message: Some(refusal.message), ..failed(id, refusal.reason, None) }
}

impl Engine {
    /// The questions under these ids, or all that are here: of one agent, or in one state.
    pub(super) fn approvals(&mut self, event: &Json, at: Millis) -> Reply {
        let malformed =
            |refusal: Refusal| error_reply("malformed_event", format!("`{}`: {}", refusal.field, refusal.message));
        let ids = match ids(event) {
            Ok(ids) => ids,
            Err(refusal) => return malformed(refusal),
        };
        let (agent, standing) = match (optional_text(event, "agent"), optional_text(event, "standing")) {
            (Ok(agent), Ok(standing)) => (agent, standing),
            (Err(refusal), _) | (_, Err(refusal)) => return malformed(refusal),
        };
        let mut work = self.ledger.begin(at);
        let mut keys = vec![key::CLOCK.to_owned()];
        keys.extend(ids.iter().flatten().map(|id| key::approval(id)));
        let now = match work.need(keys.iter().map(String::as_str)).and_then(|()| work.time(at)) {
            Ok(now) => now,
            Err(Missing(missing)) => return Reply::Missing { missing },
        };
        let mut found = Vec::new();
        for asked in self.ledger.approvals() {
            let listed = ids.as_ref().is_none_or(|ids| ids.contains(&asked.id));
            let of_agent = agent.as_ref().is_none_or(|agent| *agent == asked.agent);
            let stands = standing.as_ref().is_none_or(|standing| asked.standing(now).as_str() == standing);
            if listed && of_agent && stands {
                found.push(asked);
            }
        }
        let mut approvals = Vec::new();
        for asked in sorted(found, |a, b| (a.at, &a.id).cmp(&(b.at, &b.id))) {
            approvals.push(view(asked, now));
        }
        Reply::Approvals { approvals }
    }

    /// The freezes that are here.
    pub(super) fn freezes(&self) -> Reply {
        Reply::Freezes { freezes: self.ledger.freezes().map(switch::line).collect() }
    }
}

fn ids(event: &Json) -> Result<Option<Vec<String>>, Refusal> {
    let Some(given) = event.get("ids").filter(|value| **value != Json::Null) else { return Ok(None) };
    let texts = given.as_array().and_then(|all| all.iter().map(|id| id.as_str().map(str::to_owned)).collect());
    texts.map(Some).ok_or_else(|| wrong("ids", "expected a list of ids"))
}
