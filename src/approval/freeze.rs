//! The kill switch: for the whole ledger, and for one agent. Whoever may decide can pull it; lifting it takes a signature
//! where the policy names keys, and every decider checks that by its own policy.

use super::proof::{self, Proof};
use crate::hash::framed;
use crate::ledger::key;
use crate::policy::Policy;
use crate::time::Millis;

/// Why everything is denied, or everything of one agent, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The words of whoever froze it.
    pub reason: String,
    /// Since when.
    pub at: Millis,
    /// The agent; empty where all are frozen.
    pub agent: String,
    /// The agent is taken out of service, rather than paused. It is lifted in the same way; the word is for people.
    pub disabled: bool,
    /// Who lifted it, with the signature. It counts as far as it is good by the policy of whoever decides.
    pub lifted: Option<Lifted>,
}

/// Who lifted a freeze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// The name.
    pub approver: String,
    /// The signature.
    pub proof: Proof,
}

impl Freeze {
    /// What a signature that lifts it is bound to: this freeze, and no later one.
    #[must_use]
    pub fn digest(&self) -> String {
        framed(&["tollwarden freeze 1", &self.agent, &self.at.to_string(), &self.reason])
    }

    /// Whether it was lifted, by a key of this policy.
    #[must_use]
    pub fn is_lifted(&self, policy: &Policy) -> bool {
        self.lifted.as_ref().is_some_and(|lifted| self.lifts(policy, lifted))
    }

    pub(super) fn lifts(&self, policy: &Policy, lifted: &Lifted) -> bool {
        let Lifted { approver, proof } = lifted;
        let statement = proof::statement("unfreeze", &self.digest(), proof.signed_at, approver);
        // An agent that is an approver of others' payments does not lift its own freeze.
        !(approver.eq_ignore_ascii_case(&self.agent))
            && policy
                .approvals
                .key(approver)
                .is_some_and(|key| proof::is_signed(key, &policy.approvals.secrets, &statement, &proof.signature))
    }
}

/// The cell of the whole ledger's freeze, or of one agent's.
#[must_use]
pub fn freeze_key(agent: &str) -> String {
    if agent.is_empty() { key::FREEZE.to_owned() } else { key::agent(agent) }
}
