//! What the engine answers where the audit log has a say.

use super::{Engine, error_reply};
use crate::audit::canonical::{number, object, text};
use crate::audit::record::Unrecorded;
use crate::decision::Decision;
use crate::json::Json;
use crate::members;
#[cfg(feature = "tools")]
use crate::policy::Policy;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::time::Millis;

impl Engine {
    /// Another policy is in force, whatever it counts: a replay goes by what the log says.
    #[cfg(feature = "tools")]
    pub fn put_in_force(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// The key of the ledger's own fingerprints, as the log has it.
    #[cfg(feature = "tools")]
    pub fn salted(&mut self, salt: &str) {
        self.ledger.set_salt(salt);
    }

    /// What can't be recorded is not done: a payment is denied, anything else is an error.
    pub(super) fn unrecorded(&self, kind: &str, event: &Json, why: Unrecorded) -> Reply {
        let message = match why {
            Unrecorded::TooLong => "its record would be longer than the audit log takes",
            Unrecorded::Damaged => "the head of the audit log is damaged",
        };
        match members::name(event, "id") {
            Ok(id) if kind == "authorize" => {
                let mut denial = Decision::deny(&id, Reason::AuditUnavailable);
                denial.message = Some(String::from(message));
                Reply::Decision(Box::new(denial))
            }
            _ => error_reply("internal_error", message),
        }
    }

    /// Where all cells are here, a policy that took over is recorded with it; the answer is an error if it can't be.
    pub(super) fn note_policy(&mut self, reply: &Reply, at: Millis) -> Option<Reply> {
        self.auditor.as_ref()?;
        let Reply::Policy { ok, errors, .. } = reply else { return None };
        let what = if *ok { "policy_changed" } else { "policy_refused" };
        let errors = errors.iter().map(|error| text(error.to_string())).collect();
        let note = object(vec![
            ("type", text("note")),
            ("at", number(at)),
            ("what", text(what)),
            ("errors", Json::Array(errors)),
        ]);
        match self.handle(&note) {
            Reply::Done { .. } => None,
            other => Some(other),
        }
    }
}
