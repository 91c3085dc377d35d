//! Answers: what one approver says to a question, and which answers are believed.

use super::proof::{self, Proof, Secrets};
use super::{Approval, Approver, Standing};
use crate::faults::fault;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::time::{Millis, format_duration};

/// What one approver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub approver: String,
    /// Whether they approve.
    pub approved: bool,
    /// When it came in.
    pub at: Millis,
    /// Their words.
    pub note: Option<String>,
    /// Their signature, where they have a key.
    pub proof: Option<Proof>,
}

/// An answer as it comes in.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// Who.
    pub approver: &'a str,
    /// Whether they approve.
    pub approved: bool,
    /// What they were shown; an answer to another question is none to this one.
    pub digest: Option<&'a str>,
    /// Only if they have said nothing yet: what a link that is good for one answer asks for.
    pub once: bool,
    /// Their words.
    pub note: Option<String>,
    /// Their signature.
    pub proof: Option<Proof>,
}

impl Approval {
    /// Takes an answer. The same answer again changes nothing. Whoever approved may still refuse; a refusal stays one, so
    /// that an old approval that is played again after it changes nothing for the worse.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn take(&mut self, said: Said<'_>, secrets: &Secrets, now: Millis) -> Result<(), Refusal> {
        let refuse = |reason, message: String| Err(Refusal::at(reason, "", message));
        let Some(approver) = self.asked(said.approver) else {
            return refuse(Reason::NotAnApprover, format!("`{}` is not asked about this payment", said.approver));
        };
        if said.digest.is_some_and(|digest| digest != self.digest) && !fault!("approval-unnamed") {
            return refuse(Reason::Conflict, String::from("what is asked under this id is not what `digest` names"));
        }
        if let Err(message) = self.is_proven(&approver, said.approved, said.proof.as_ref(), secrets, Some(now)) {
            return refuse(Reason::BadCountersignature, message);
        }
        match self.standing(now) {
            Standing::Expired => return refuse(Reason::ApprovalExpired, String::from("the time to answer is over")),
            Standing::Used => return refuse(Reason::ApprovalVoid, String::from("the payment was held already")),
            // One more refusal changes nothing, and an approval comes too late.
            Standing::Rejected if said.approved && !fault!("refusal-overruled") => {
                return refuse(Reason::ApprovalRejected, String::from("it was refused already"));
            }
            Standing::Rejected => return Ok(()),
            Standing::Pending | Standing::Approved => {}
        }
        let answer =
            Answer { approver: approver.name, approved: said.approved, at: now, note: said.note, proof: said.proof };
        let earlier = self.answers.iter_mut().find(|earlier| earlier.approver == answer.approver);
        match earlier {
            Some(_) if said.once => refuse(Reason::Conflict, format!("`{}` has answered already", answer.approver)),
            Some(_) if fault!("approval-twice") => {
                self.answers.push(answer);
                Ok(())
            }
            Some(earlier) if earlier.approved == answer.approved => Ok(()),
            Some(earlier) if earlier.approved => {
                *earlier = answer;
                Ok(())
            }
            Some(_) => refuse(Reason::Conflict, format!("`{}` has refused already", answer.approver)),
            None => {
                self.answers.push(answer);
                Ok(())
            }
        }
    }

    /// Whether an answer is proven as its approver's key asks for. `received`: when it comes in; nothing where it did long
    /// ago, and stands in the question.
    fn is_proven(
        &self,
        approver: &Approver,
        approved: bool,
        given: Option<&Proof>,
        secrets: &Secrets,
        received: Option<Millis>,
    ) -> Result<(), String> {
        let name = &approver.name;
        let Some(key) = &approver.key else { return Ok(()) };
        let Some(given) = given else { return Err(format!("`{name}` has a key, and this is not signed with it")) };
        let verb = if approved { "approve" } else { "reject" };
        let statement = proof::statement(verb, &self.digest, given.signed_at, name);
        if !proof::is_signed(key, secrets, &statement, &given.signature) {
            return Err(format!("it is not the signature of `{name}` for this"));
        }
        let in_time = given.signed_at.saturating_add(proof::AHEAD) >= self.at && given.signed_at <= self.until;
        let fresh = received.is_none_or(|now| {
            given.signed_at <= now.saturating_add(proof::AHEAD)
                && now <= given.signed_at.saturating_add(self.max_age).saturating_add(proof::AHEAD)
        });
        if in_time && fresh {
            return Ok(());
        }
        Err(format!("the signature of `{name}` is of another time, or older than {}", format_duration(self.max_age)))
    }

    /// The answers that this policy believes: by its own approvers, with its own keys, whatever the question says. What
    /// somebody wrote into the store by another way is not among them.
    #[must_use]
    pub fn believed(&self, policy: &Policy) -> Vec<&Answer> {
        let approvals = &policy.approvals;
        let mut names: Vec<&str> = Vec::new();
        let mut believed = Vec::new();
        for answer in &self.answers {
            let name = answer.approver.as_str();
            let listed = approvals.approvers.as_ref().is_none_or(|named| named.contains(name));
            if !listed || self.asked(name).is_none() || (names.contains(&name) && !fault!("approval-twice")) {
                continue;
            }
            let approver = Approver { name: name.to_owned(), key: approvals.key(name).cloned() };
            let given = answer.proof.as_ref();
            if self.is_proven(&approver, answer.approved, given, &approvals.secrets, None).is_ok() {
                names.push(name);
                believed.push(answer);
            }
        }
        believed
    }
}
