//! Asking people, and using what they said.

use super::answer::Said;
use super::card::card;
use super::prompt::{Prompt, REMEMBERED};
use super::{Approval, Approver, Standing, digest, subject};
use crate::decision::ApprovalWanted;
use crate::faults::fault;
use crate::judge::Judged;
use crate::ledger::cells::{Cell, Open};
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::offer::Offer;
use crate::origin::Target;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::request::Request;
use crate::time::{Millis, format_instant};

/// As many questions may stand at once in one ledger: the cell that lists them stays small.
pub const MAX_PROMPTS: usize = 1_000;

/// So many questions about the same request are found again: one for each price that its seller has named.
const MAX_SAME: usize = 4;

/// What an earlier question means for a payment that needs people.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Enough have approved: it can be held.
    Use,
    /// People are asked.
    Wait(ApprovalWanted),
    /// It is denied.
    Refuse(Refusal),
}

/// The id of the question that this request can go on with: one for the same request, the same policy and an entry of this offer.
///
/// # Errors
/// The cells that are not here.
pub fn resumed(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    offer: &Offer,
    now: Millis,
) -> Result<Option<String>, Missing> {
    for Open { id, .. } in work.asked(&asked_key(request), now)? {
        if let Some(asked) = work.approval(&id, now)?
            && goes_on(policy, &asked, request, offer, now)
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Whether a question is about this request, under this policy, for an entry of this offer, and not over.
fn goes_on(policy: &Policy, asked: &Approval, request: &Request, offer: &Offer, now: Millis) -> bool {
    let stands = matches!(asked.standing(now), Standing::Pending | Standing::Approved | Standing::Rejected);
    let same = offer
        .accepts
        .iter()
        .flatten()
        .any(|terms| digest(request, &asked.id, terms, &policy.hash, asked.at, asked.until) == asked.digest);
    stands && now < asked.until && same
}

/// Asks people about an entry, or hears what they said when they were asked before.
///
/// # Errors
/// The cells that are not here.
pub fn consult(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    offer: &Offer,
    judged: &Judged,
    now: Millis,
) -> Result<Heard, Missing> {
    if let Some(mut asked) = work.approval(&request.id, now)? {
        if let Err(refusal) = countersigned(policy, work, request, &mut asked, now)? {
            return Ok(Heard::Refuse(refusal));
        }
        let believed = asked.believed(policy);
        let refuse = |reason, message: String| Ok(Heard::Refuse(Refusal::at(reason, "", message)));
        return match asked.standing_of(&believed, now) {
            Standing::Approved => Ok(Heard::Use),
            Standing::Pending => Ok(Heard::Wait(wanted(&asked, &believed, false))),
            Standing::Rejected => Ok(Heard::Refuse(refusal(&believed))),
            Standing::Expired => {
                refuse(Reason::ApprovalExpired, format!("nobody decided before {}", format_instant(asked.until)))
            }
            Standing::Used => refuse(Reason::ApprovalVoid, String::from("its approval was used already")),
        };
    }
    if !request.countersignatures.is_empty() {
        let message = "nobody was asked under this id, so that there is nothing to sign yet";
        return Ok(Heard::Refuse(Refusal::at(Reason::BadCountersignature, "countersignatures", message)));
    }
    let until = now.saturating_add(policy.approvals.timeout);
    let until = until.saturating_add(if fault!("approval-stays") { 800_000_000 } else { 0 });
    let approvers = match room(policy, work, request, until, now)? {
        Ok(approvers) => approvers,
        Err(refusal) => return Ok(Heard::Refuse(refusal)),
    };
    let Some(terms) = &judged.terms else {
        return Ok(Heard::Refuse(Refusal::at(Reason::InternalError, "", "an entry without terms needs nobody")));
    };
    let asked = Approval {
        id: request.id.clone(),
        digest: digest(request, &request.id, terms, &policy.hash, now, until),
        request: request.digest(),
        agent: request.agent.clone(),
        policy: policy.hash.clone(),
        at: now,
        until,
        threshold: policy.approvals.threshold,
        approvers,
        max_age: policy.approvals.max_age,
        card: card(policy, work, request, target, offer, judged, now)?,
        answers: Vec::new(),
        used: false,
    };
    keep(work, &asked);
    // The newest first; a seller that keeps changing its price does not make the list longer.
    let mut same = work.asked(&asked_key(request), now)?;
    same.insert(0, Open { id: asked.id.clone(), until });
    same.truncate(MAX_SAME);
    work.put(&asked_key(request), Cell::Open(same), Some(until));
    Ok(Heard::Wait(wanted(&asked, &[], true)))
}

/// Why a question that stands under a payment's id denies it, although nobody would have to be asked: it was refused.
#[must_use]
pub fn rejected(policy: &Policy, asked: &Approval, now: Millis) -> Option<Refusal> {
    let believed = asked.believed(policy);
    (asked.standing_of(&believed, now) == Standing::Rejected).then(|| refusal(&believed))
}

fn refusal(believed: &[&super::answer::Answer]) -> Refusal {
    let mut names = String::new();
    for answer in believed.iter().filter(|answer| !answer.approved) {
        names.push_str(if names.is_empty() { "" } else { ", " });
        names.push_str(&answer.approver);
    }
    Refusal::at(Reason::ApprovalRejected, "", format!("refused by {names}"))
}

/// The countersignatures that a request brings along are answers like any other; one that is not good refuses it all.
fn countersigned(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    asked: &mut Approval,
    now: Millis,
) -> Result<Result<(), Refusal>, Missing> {
    for (approver, proof) in &request.countersignatures {
        let proof = Some(proof.clone());
        let said = Said { approver, approved: true, digest: None, once: false, note: None, proof };
        // A name that is believed without a key would be believed here because the agent says it.
        if asked.asked(approver).is_some_and(|approver| approver.key.is_none()) {
            let message = format!("`{approver}` has no key in the policy to sign with");
            return Ok(Err(Refusal::at(Reason::BadCountersignature, "countersignatures", message)));
        }
        if let Err(refusal) = asked.take(said, &policy.approvals.secrets, now) {
            return Ok(Err(Refusal { field: String::from("countersignatures"), ..refusal }));
        }
    }
    if !request.countersignatures.is_empty() {
        answered(work, asked, now)?;
    }
    Ok(Ok(()))
}

/// Whom there is to ask without asking anybody too much; where that are too few, why nobody is asked.
fn room(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    until: Millis,
    now: Millis,
) -> Result<Result<Option<Vec<Approver>>, Refusal>, Missing> {
    let approvals = &policy.approvals;
    let mut prompts = standing(work, now)?;
    let too_many = |message: String| Ok(Err(Refusal::at(Reason::TooManyPrompts, "", message)));
    let of_agent = prompts.iter().filter(|prompt| prompt.agent == request.agent).count();
    if count(of_agent) >= approvals.max_prompts_per_agent && !fault!("prompts-agent") {
        return too_many(format!("{of_agent} questions of this agent stand already"));
    }
    let waiting = |name: Option<&str>| {
        let waits = |names: &Vec<String>| name.is_none_or(|name| names.iter().any(|other| other == name));
        count(prompts.iter().filter(|prompt| prompt.waiting.as_ref().is_some_and(waits)).count())
    };
    let asked = match &approvals.approvers {
        None if waiting(None) >= approvals.max_prompts_per_approver => {
            return too_many(format!("{} questions wait for an answer", waiting(None)));
        }
        None => None,
        Some(named) => {
            let (mut others, mut free) = (0u64, Vec::new());
            for name in named.iter().filter(|name| !name.eq_ignore_ascii_case(&request.agent)) {
                others = others.saturating_add(1);
                if fault!("prompts-approver") || waiting(Some(name)) < approvals.max_prompts_per_approver {
                    free.push(Approver { name: name.clone(), key: approvals.key(name).cloned() });
                }
            }
            if others < approvals.threshold {
                let message = format!("{} have to approve, and only {others} may", approvals.threshold);
                return Ok(Err(Refusal::at(Reason::ApprovalImpossible, "", message)));
            }
            if count(free.len()) < approvals.threshold {
                return too_many(String::from("the approvers have as many questions before them as the policy allows"));
            }
            Some(free)
        }
    };
    if prompts.len() >= MAX_PROMPTS {
        return too_many(format!("{MAX_PROMPTS} questions stand"));
    }
    let names = asked.iter().flatten().map(|approver| approver.name.clone()).collect();
    prompts.push(Prompt { id: request.id.clone(), agent: request.agent.clone(), until, waiting: Some(names) });
    keep_prompts(work, prompts);
    Ok(Ok(asked))
}

/// Writes a question with new answers, and takes those who answered off the list of who is waited for.
///
/// # Errors
/// The cells that are not here.
pub fn answered(work: &mut Working<'_>, asked: &Approval, now: Millis) -> Result<(), Missing> {
    let mut prompts = standing(work, now)?;
    let decided = asked.standing(now) != Standing::Pending;
    for prompt in prompts.iter_mut().filter(|prompt| prompt.id == asked.id) {
        match &mut prompt.waiting {
            Some(names) if !decided => names.retain(|name| asked.answers.iter().all(|answer| answer.approver != *name)),
            waiting => *waiting = None,
        }
    }
    keep_prompts(work, prompts);
    keep(work, asked);
    Ok(())
}

/// The payment is held: the question is done with.
///
/// # Errors
/// The cells that are not here.
pub fn close(work: &mut Working<'_>, request: &Request, now: Millis) -> Result<(), Missing> {
    let Some(asked) = work.approval(&request.id, now)? else { return Ok(()) };
    let mut prompts = standing(work, now)?;
    prompts.retain(|prompt| prompt.id != asked.id);
    keep_prompts(work, prompts);
    let mut same = work.asked(&asked_key(request), now)?;
    same.retain(|open| open.id != asked.id);
    match same.first().map(|newest| newest.until) {
        None => work.remove(&asked_key(request)),
        until => work.put(&asked_key(request), Cell::Open(same), until),
    }
    keep(work, &Approval { used: true, ..asked });
    Ok(())
}

fn keep(work: &mut Working<'_>, asked: &Approval) {
    let expires = asked.until.saturating_add(REMEMBERED);
    work.put(&key::approval(&asked.id), Cell::Approval(Box::new(asked.clone())), Some(expires));
}

/// The questions that stand.
fn standing(work: &mut Working<'_>, now: Millis) -> Result<Vec<Prompt>, Missing> {
    let mut prompts = work.prompts()?;
    prompts.retain(|prompt| prompt.until > now);
    Ok(prompts)
}

fn keep_prompts(work: &mut Working<'_>, prompts: Vec<Prompt>) {
    let expires = prompts.iter().map(|prompt| prompt.until).max();
    work.put(key::PROMPTS, Cell::Prompts(prompts), expires);
}

fn wanted(asked: &Approval, believed: &[&super::answer::Answer], new: bool) -> ApprovalWanted {
    let approvers = asked.approvers.as_ref();
    ApprovalWanted {
        id: asked.id.clone(),
        digest: asked.digest.clone(),
        threshold: asked.threshold,
        approved: count(believed.iter().filter(|answer| answer.approved).count()),
        expires_at: format_instant(asked.until),
        approvers: approvers.map(|approvers| approvers.iter().map(|approver| approver.name.clone()).collect()),
        new,
    }
}

/// The cell that says under which id this request is asked about.
#[must_use]
pub fn asked_key(request: &Request) -> String {
    format!("{}{}", key::ASKED, subject(request))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
