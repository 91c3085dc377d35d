//! A record: what was asked, what was answered, under which policy, and what it changed.

use std::cell::OnceCell;

use sha2::{Digest, Sha256};

use crate::audit::canonical::{line, number, object, of, text};
use crate::audit::redact::{counted, hmac, pseudonym, redact, uncountersigned};
use crate::audit::tree::{Hash, leaf};
use crate::audit::{FORMAT, Head, MAX_RECORD};
use crate::decision::Action;
use crate::hash::hex;
use crate::json::Json;
use crate::ledger::cells::{Cell, Change, encode};
use crate::ledger::hold::{Ground, Hold, State};
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::money::{Amount, usd_of};
use crate::order::Map;
use crate::policy::Policy;
use crate::reply::Reply;
use crate::time::{Millis, format_instant};

/// What `note` can take down: what happened outside of the ledger.
pub const NOTES: &[&str] = &[
    "opened",
    "recovered",
    "sent",
    "policy_changed",
    "policy_refused",
    // A seller's: what became of a request that was paid for.
    "delivered",
    "refund_owed",
    "refund_paid",
    "disputed",
];

/// Whether an event of this kind gets a record: not one that only asks.
#[must_use]
pub fn is_recorded(kind: &str) -> bool {
    !matches!(kind, "check" | "explain" | "budgets" | "holds" | "approvals" | "freezes" | "reopen")
}

/// Who writes the log: what every record says of the program, and the keys.
#[derive(Clone, Default)]
pub struct Auditor {
    /// The core's version and the hash of its module.
    pub core: String,
    /// The name of a log that begins here.
    pub log: String,
    /// The key of the pseudonyms, in hex, of a log that begins here.
    pub salt: String,
    /// The key of the HMAC over each record, if there is one.
    pub key: Option<Vec<u8>>,
    /// The policy in force, as its canonical text.
    pub document: String,
    /// The event was written down before: it is redacted already.
    pub again: bool,
    /// The key of the pseudonyms of the log that is gone on with, once it is known.
    pub known_salt: OnceCell<String>,
}

// Neither key is ever shown.
impl std::fmt::Debug for Auditor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auditor").field("log", &self.log).field("core", &self.core).finish_non_exhaustive()
    }
}

/// What keeps an event from being recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// The record would be longer than [`MAX_RECORD`].
    TooLong,
    /// The head of the log is damaged.
    Damaged,
}

impl Auditor {
    /// Judges an event as it will be written down, and adds its record to what is changed. On an error nothing may be
    /// committed.
    ///
    /// # Errors
    /// Those of `judge`, the log's head if it is not here, and what keeps the event from being recorded.
    pub fn around<E: From<Missing> + From<Unrecorded>>(
        &self,
        policy: &Policy,
        work: &mut Working<'_>,
        (kind, event, at): (&str, &Json, Millis),
        judge: impl FnOnce(&Policy, &mut Working<'_>, &Json) -> Result<Reply, E>,
    ) -> Result<Reply, E> {
        let head = match work.audit() {
            Ok(head) => head,
            Err(missing) => {
                // The event's own cells are asked for together with the head.
                if let Some(salt) = self.known_salt.get() {
                    judge(policy, work, &redact(event, salt))?;
                }
                return Err(missing.into());
            }
        };
        let history = head.is_none() && work.clock()?.is_some();
        if let Some(head) = &head {
            self.known_salt.get_or_init(|| head.salt.clone());
        }
        // Until a head is written, another warden may begin the log, with a key of its own.
        let mut head = head.unwrap_or_else(|| Head::begin(&self.log, &self.salt));
        let salt = head.salt.clone();
        let redacted = if self.again { event.clone() } else { redact(event, &salt) };
        let reply = judge(policy, work, &redacted)?;
        // What only asks is judged alike, and not written down.
        if matches!(reply, Reply::Error { .. }) || !is_recorded(kind) {
            return Ok(reply);
        }
        head.at = head.at.max(at);
        // What is written down already has its pseudonyms.
        let salt = Some(salt.as_str()).filter(|_| !self.again);
        let redacted = match salt {
            Some(salt) => uncountersigned(redacted, salt),
            None => redacted,
        };
        head.state = state_after(&head.state, &work.changes, salt);
        let record =
            self.record(policy, &mut head, (kind, redacted, event.get("noted")), &reply, &work.changes, history);
        let line = self.sealed(record);
        if line.len() > MAX_RECORD {
            return Err(Unrecorded::TooLong.into());
        }
        let mut tree = head.tree().ok_or(Unrecorded::Damaged)?;
        head.prev = leaf(line.as_bytes());
        tree.push(head.prev);
        work.put(&key::log(head.next), Cell::Record(line), None);
        head.next = tree.size();
        head.roots = tree.roots().to_vec();
        work.put(key::AUDIT, Cell::Audit(Box::new(head)), None);
        Ok(reply)
    }

    fn record(
        &self,
        policy: &Policy,
        head: &mut Head,
        (kind, event, noted): (&str, Json, Option<&Json>),
        reply: &Reply,
        changes: &Map<Change>,
        history: bool,
    ) -> Json {
        let mut members = vec![
            ("answer", of(reply)),
            ("at", text(format_instant(head.at))),
            ("core", text(&self.core)),
            ("format", text(FORMAT)),
            ("kind", text(kind_of(kind, &event, reply))),
            ("policy", text(&policy.hash)),
            ("prev", text(hex(&head.prev.0))),
            ("seq", number(head.next)),
            ("state", text(hex(&head.state.0))),
        ];
        if head.next == 0 {
            members.push(("log", text(&head.log)));
        }
        if history {
            members.push(("history", Json::Bool(true)));
        }
        if let Some(Change { cell: Some(Cell::Salt(salt)), .. }) = changes.get(key::SALT) {
            members.push(("salt", text(salt)));
        }
        if head.needs_document(&policy.hash) {
            members.push(("document", crate::json::parse_own(&self.document).unwrap_or(Json::Null)));
            head.knows(&policy.hash);
        }
        let holds: Vec<Json> = changes
            .iter()
            .filter_map(|(_, change)| match &change.cell {
                Some(Cell::Hold(hold)) => Some(summary(hold)),
                _ => None,
            })
            .collect();
        if !holds.is_empty() {
            members.push(("holds", Json::Array(holds)));
        }
        // Under the key of the log that goes on, which is the head's.
        let proven = policy.approvals.secrets.proven(|signature| match self.again {
            true => signature.to_owned(),
            false => pseudonym(signature, &head.salt),
        });
        if !proven.is_empty() {
            members.push(("proven", Json::Array(proven.into_iter().map(text).collect())));
        }
        if let Some(noted) = noted {
            members.push(("noted", noted.clone()));
        }
        members.push(("event", event));
        object(members)
    }

    /// The record as its line, with its HMAC as the last member.
    fn sealed(&self, record: Json) -> String {
        let plain = line(&record);
        match &self.key {
            None => plain,
            Some(key) => {
                let tag = hmac(key, plain.as_bytes());
                format!("{},\"tag\":\"{tag}\"}}", plain.strip_suffix('}').unwrap_or(&plain))
            }
        }
    }
}

/// The running hash over every change of the ledger, with these added: each key, what is in its cell from then on, and
/// until when. Equal histories give equal hashes. What changes nothing leaves it as it was.
fn state_after(before: &Hash, changes: &Map<Change>, salt: Option<&str>) -> Hash {
    if changes.is_empty() {
        return *before;
    }
    let mut hash = Sha256::new();
    hash.update(before.0);
    let mut part = |part: Option<&str>| match part {
        Some(part) => {
            hash.update(itoa::Buffer::new().format(part.len()).as_bytes());
            hash.update(b":");
            hash.update(part.as_bytes());
        }
        None => hash.update(b"-"),
    };
    for (key, change) in changes.iter() {
        part(Some(key));
        match (&change.cell, salt) {
            (Some(cell @ (Cell::Approval(_) | Cell::Freeze(_))), Some(salt)) => {
                part(Some(&encode(&counted(cell, salt))));
            }
            _ => part(change.hashed()),
        }
        part(change.expires.map(|expires| expires.to_string()).as_deref());
    }
    Hash(hash.finalize().into())
}

/// What became of an event, in one word.
fn kind_of<'a>(kind: &'a str, event: &'a Json, reply: &Reply) -> &'a str {
    match reply {
        Reply::Decision(decision) => match decision.action {
            Action::Allow => "authorized",
            Action::Deny => "denied",
            Action::RequireApproval => "approval_asked",
        },
        Reply::Policy { ok, .. } => {
            if *ok {
                "policy_changed"
            } else {
                "policy_refused"
            }
        }
        Reply::Outcome(outcome) if !outcome.ok => match kind {
            // What was signed is not what is held: the signature exists.
            "sign" if outcome.state == Some(State::Unknown) => "not_bound",
            _ => "refused",
        },
        Reply::Outcome(outcome) => match kind {
            "ticket" => "ticketed",
            "message" => "shown",
            "sign" => "signed",
            "approve" => "approval_given",
            "reject" => "approval_refused",
            "reconcile" => "reconciled",
            "resolve" => "resolved",
            "refund" => "refunded",
            "settle" => outcome.state.map_or("settled", State::word),
            other => other,
        },
        _ => match kind {
            "freeze" => "frozen",
            "unfreeze" => "unfrozen",
            "note" => event.get("what").and_then(Json::as_str).unwrap_or("note"),
            other => other,
        },
    }
}

/// A hold that the event changed, for those who read the log without the ledger.
fn summary(hold: &Hold) -> Json {
    let usd = |amount: Amount| {
        let price = hold.price.as_ref()?;
        usd_of(amount, price.decimals, price.usd?).map(|usd| text(usd.to_string()))
    };
    let amounts = |members: &mut Vec<(&str, Json)>, amount: Amount, name: &'static str, in_usd: &'static str| {
        members.push((name, text(amount.to_string())));
        members.extend(usd(amount).map(|usd| (in_usd, usd)));
    };
    let mut members = vec![
        ("asset", text(hold.terms.asset.text())),
        ("endpoint", text(&hold.endpoint)),
        ("id", text(&hold.id)),
        ("payee", text(&hold.terms.pay_to)),
        ("state", text(hold.state.word())),
    ];
    amounts(&mut members, hold.exposure(), "amount", "usd");
    if hold.state == State::Captured {
        amounts(&mut members, hold.captured, "captured", "captured_usd");
    }
    if hold.refunded > Amount::ZERO {
        amounts(&mut members, hold.refunded, "refunded", "refunded_usd");
    }
    members.extend(hold.ground.map(|ground: Ground| ("ground", of(&ground))));
    members.extend(hold.nonce.as_ref().map(|nonce| ("nonce", text(nonce))));
    members.extend(hold.transaction.as_ref().map(|transaction| ("transaction", text(transaction))));
    object(members)
}
