//! The core as one value: a policy and a ledger, driven by events. The wrapper drives it with the same events that
//! `tollwarden simulate` reads, so there is one way in and one set of tests for it.

mod approvals;
mod audited;
mod budgets;
mod holds;
mod reload;

use serde::Serialize;

use crate::audit::Auditor;
use crate::audit::record::{self, Unrecorded};
use crate::authorize::{authorize, refused};
use crate::faults::fault;
use crate::json::Json;
use crate::ledger::cells::{Change, Ledger};
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::members;
use crate::members::{instant, optional_text, wrong};
use crate::offer::Shelf;
use crate::order::Map;
use crate::policy::Policy;
use crate::reason::Refusal;
use crate::reconcile::{Proof, Resolution, reconcile, refund, resolve};
use crate::reply::{EventError, Reply};
use crate::request::{self, Request};
use crate::settle::{Settlement, amount, settle};
use crate::sign::{message, sign, ticket};
use crate::time::Millis;
#[cfg(feature = "tools")]
use crate::trace::Trace;
use crate::words::nearest;

/// A policy and a ledger.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    ledger: Ledger,
    whole: bool,
    presumes: bool,
    staged: Staged,
    /// The offers that were read before: what they say does not change.
    shelf: Shelf,
    auditor: Option<Box<Auditor>>,
    records: Vec<String>,
}

/// What the last verb rests on and what it changes. It counts once the store has taken it.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    /// The cells that the verb read, with the versions under which it knew them.
    pub read: Vec<(String, u64)>,
    /// What it changes; empty if nothing.
    pub changes: Map<Change>,
}

/// The members of each kind of event, beside `type` and `at`.
const EVENTS: &[(&str, &[&str])] = &[
    ("authorize", request::MEMBERS),
    ("check", request::MEMBERS),
    #[cfg(feature = "tools")]
    ("explain", request::MEMBERS),
    ("ticket", &["id"]),
    ("message", &["id", "signer", "message"]),
    ("sign", &["id", "payload"]),
    ("settle", &["id", "outcome", "amount", "transaction", "evidence"]),
    ("reconcile", &["id", "proof"]),
    ("resolve", &["id", "outcome", "amount", "reason"]),
    ("refund", &["id", "amount", "refund"]),
    ("approve", approvals::ANSWER),
    ("reject", approvals::ANSWER),
    ("freeze", &["reason", "agent", "disable"]),
    ("unfreeze", &["agent", "approver", "signed_at", "signature"]),
    ("approvals", &["ids", "agent", "standing"]),
    ("freezes", &[]),
    ("budgets", &["agent", "session", "client"]),
    ("holds", &["id", "which"]),
    ("policy", &["document"]),
    ("note", &["what", "id", "message", "errors"]),
    ("reopen", &[]),
    #[cfg(feature = "privacy")]
    ("scan", &["text", "place"]),
];

impl Engine {
    /// An engine on cells that live in a store: what a verb changes is staged until the store has taken it. `salt`:
    /// what becomes the key of the fingerprints in a ledger that has none, in hex.
    #[must_use]
    pub fn of_store(policy: Policy, salt: &str) -> Self {
        Self::over(policy, Ledger::of_store(salt), false)
    }

    /// An engine whose own cells are the state.
    #[must_use]
    pub fn whole(policy: Policy) -> Self {
        Self::over(policy, Ledger::whole(), true)
    }

    fn over(policy: Policy, ledger: Ledger, whole: bool) -> Self {
        let (staged, shelf) = (Staged::default(), Shelf::default());
        Self { policy, ledger, whole, presumes: false, staged, shelf, auditor: None, records: Vec::new() }
    }

    /// From now on each event is recorded, and none is answered that can't be. The document of the policy in force is
    /// given along.
    pub fn audit(&mut self, auditor: Auditor) {
        self.auditor = Some(Box::new(auditor));
    }

    /// The records made since the last call, where all cells are here: no store has them.
    pub fn take_records(&mut self) -> Vec<String> {
        std::mem::take(&mut self.records)
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes a secret that the policy names, for countersignatures. It is shown to nobody.
    ///
    /// # Errors
    /// One sentence, if it is too short, or the same as another's.
    pub fn keep_secret(&mut self, reference: &str, secret: &[u8]) -> Result<(), String> {
        self.policy.approvals.secrets.keep(reference, secret)
    }

    /// The next event was recorded: which countersignatures were good then. They are not checked again.
    pub fn replay_proofs(&mut self, proven: Vec<String>) {
        self.policy.approvals.secrets.replay(proven);
    }

    /// The same, and what was found before still stands.
    pub fn replay_proofs_also(&mut self, proven: Vec<String>) {
        self.policy.approvals.secrets.replay_also(proven);
    }

    /// The ledger, as far as it is here.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes in a cell as the store has it.
    ///
    /// # Errors
    /// One sentence, if the cell is damaged.
    pub fn load(&mut self, name: &str, version: u64, text: Option<&str>) -> Result<(), String> {
        self.ledger.load(name, version, text)
    }

    /// What the last event rests on and what it changes.
    #[must_use]
    pub fn staged(&self) -> &Staged {
        &self.staged
    }

    /// Whether the next events may take cells of a payment's own, that are not here, for absent. Only for a caller who has
    /// the store check the version of each cell that was read, also where nothing is written.
    pub fn presume(&mut self, presumes: bool) {
        self.presumes = presumes;
    }

    /// The store has taken what was staged, and what it wrote has this version; or it has nothing to write, and found all
    /// that was read as it was. The cells stay for the next events. Returns whether any did: not where they are too many.
    pub fn taken(&mut self, version: u64) -> bool {
        let Staged { read, changes } = std::mem::take(&mut self.staged);
        self.ledger.taken(&read, changes, version);
        if self.ledger.len() > MOST_KEPT {
            self.ledger.forget();
        }
        !self.ledger.is_empty()
    }

    /// What was staged is not wanted, or nobody knows what became of it: all cells are forgotten, and loaded again when asked.
    pub fn forget(&mut self) {
        self.staged = Staged::default();
        self.ledger.forget();
    }

    /// Answers one line of text. A line that is not an event is an error with its number, and the run goes on.
    pub fn line(&mut self, text: &str, number: Option<u64>) -> Reply {
        let reply = match crate::json::parse_own(text) {
            Ok(event) => self.handle(&event),
            Err(error) => error_reply("not_json", error),
        };
        match reply {
            Reply::Error { error } => Reply::Error { error: EventError { line: number, ..error } },
            other => other,
        }
    }

    /// Answers one event.
    pub fn handle(&mut self, event: &Json) -> Reply {
        self.staged = Staged::default();
        self.policy.approvals.secrets.begin();
        let (kind, at) = match head(event) {
            Ok(head) => head,
            Err(error) => return Reply::Error { error },
        };
        match kind {
            "policy" => {
                let reply = self.replace_policy(event);
                return self.note_policy(&reply, at).unwrap_or(reply);
            }
            "reopen" => return self.reopen(),
            "budgets" => return self.budgets(event, at),
            "holds" => return self.holds(event, at),
            #[cfg(feature = "privacy")]
            "scan" => return self.scan(event),
            "approvals" => return self.approvals(event, at),
            "freezes" => return self.freezes(),
            _ => {}
        }
        let mut work = self.ledger.begin(at);
        work.trace = (kind == "explain").then(Vec::new);
        if self.presumes {
            work.presuming();
        }
        let shelf = &mut self.shelf;
        let mut judge =
            |policy: &Policy, work: &mut Working<'_>, event: &Json| verb(policy, work, shelf, kind, event, at);
        let answer = match &self.auditor {
            None => judge(&self.policy, &mut work, event),
            Some(auditor) => auditor.around(&self.policy, &mut work, (kind, event, at), judge),
        };
        let (read, changes) = work.done();
        match answer {
            Ok(reply) => {
                // What only asks changes nothing; but what it read may be checked.
                let asks = kind == "check" || kind == "explain";
                self.stage(read, if asks { Map::default() } else { changes });
                reply
            }
            Err(Stop::Missing(Missing(mut missing))) => {
                let audited = self.auditor.is_some();
                if audited && self.ledger.version(key::AUDIT) == 0 && !missing.iter().any(|name| name == key::AUDIT) {
                    missing.push(String::from(key::AUDIT));
                }
                Reply::Missing { missing }
            }
            Err(Stop::Unrecorded(why)) => self.unrecorded(kind, event, why),
            Err(Stop::Malformed(refusal)) => {
                let place = if refusal.field.is_empty() { String::new() } else { format!("`{}`: ", refusal.field) };
                error_reply("malformed_event", format!("{place}{}", refusal.message))
            }
        }
    }

    fn stage(&mut self, mut read: Vec<(String, u64)>, changes: Map<Change>) {
        if self.whole {
            self.records.extend(self.ledger.apply(changes));
            return;
        }
        let unchecked =
            |name: &str| fault!("read-not-checked") || (name == key::FREEZE && fault!("freeze-not-checked"));
        read.retain(|(name, _)| !unchecked(name));
        self.staged = Staged { read, changes };
    }

    /// Drops the ledger and builds it again from the texts of its cells.
    fn reopen(&mut self) -> Reply {
        match self.ledger.rebuilt() {
            Ok(ledger) => {
                self.ledger = ledger;
                Reply::Done { ok: true }
            }
            Err(error) => error_reply("internal_error", error),
        }
    }

    /// What personal data is in a text. It touches no cell.
    #[cfg(feature = "privacy")]
    fn scan(&self, event: &Json) -> Reply {
        match crate::privacy::told::scan(&self.policy, event) {
            Ok(scan) => Reply::Scan(Box::new(scan)),
            Err(refusal) => error_reply("malformed_event", format!("`{}`: {}", refusal.field, refusal.message)),
        }
    }
}

enum Stop {
    Missing(Missing),
    Malformed(Refusal),
    Unrecorded(Unrecorded),
}

impl From<Unrecorded> for Stop {
    fn from(why: Unrecorded) -> Self {
        Self::Unrecorded(why)
    }
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Malformed(refusal)
    }
}

/// One verb on the ledger.
fn verb(
    policy: &Policy,
    work: &mut Working<'_>,
    shelf: &mut Shelf,
    kind: &str,
    event: &Json,
    at: Millis,
) -> Result<Reply, Stop> {
    if matches!(kind, "authorize" | "check" | "explain") {
        let decision = match Request::read(event, shelf) {
            Ok(mut request) => authorize(policy, work, &mut request, at)?,
            Err(refusal) => match members::name(event, "id") {
                Ok(id) if !id.is_empty() => refused(&id, refusal),
                _ => return Err(Stop::Malformed(refusal)),
            },
        };
        #[cfg(feature = "tools")]
        if let Some(entries) = work.trace.take() {
            return Ok(Reply::Trace(Box::new(Trace::new(decision, entries))));
        }
        return Ok(Reply::Decision(Box::new(decision)));
    }
    if kind == "freeze" || kind == "unfreeze" {
        return approvals::switch(policy, work, kind, event, at);
    }
    if kind == "note" {
        let what = members::name(event, "what")?;
        if !record::NOTES.contains(&what.as_str()) {
            return Err(Stop::Malformed(wrong("what", format!("expected one of {}", record::NOTES.join(", ")))));
        }
        return Ok(Reply::Done { ok: true });
    }
    let id = members::name(event, "id")?;
    if id.is_empty() {
        return Err(Stop::Malformed(wrong("id", "missing")));
    }
    let member = |name: &'static str| event.get(name).ok_or_else(|| wrong(name, "missing"));
    let outcome = match kind {
        "ticket" => ticket(policy, work, &id, at)?,
        "message" => {
            let signer = optional_text(event, "signer")?.unwrap_or_default();
            message(policy, work, &id, &signer, member("message")?, at)?
        }
        "sign" => sign(work, &id, member("payload")?, at)?,
        "settle" => {
            let settlement = Settlement::read(event)?;
            settle(work, &id, &settlement, at)?
        }
        "reconcile" => {
            let proof = Proof::read(member("proof")?)?;
            reconcile(work, &id, &proof, at)?
        }
        "resolve" => resolve(work, &id, &Resolution::read(event)?, at)?,
        "refund" => {
            let amount = amount(event)?.ok_or_else(|| wrong("amount", "missing"))?;
            refund(work, &id, &members::name(event, "refund")?, amount, at)?
        }
        _ => approvals::say(policy, work, kind, &id, event, at)?,
    };
    Ok(Reply::Outcome(Box::new(outcome)))
}

/// The kind of an event and its time; 0 where it names none, which is never later than the latest seen.
fn head(event: &Json) -> Result<(&str, Millis), EventError> {
    let Some(members) = event.as_object() else {
        return Err(error("malformed_event", format!("expected an object, found {}", event.kind())));
    };
    let Some(kind) = event.get("type").and_then(Json::as_str) else {
        return Err(error("malformed_event", "`type` is missing"));
    };
    let kinds = EVENTS.iter().map(|(kind, _)| *kind);
    let Some((kind, known)) = EVENTS.iter().find(|(name, _)| *name == kind) else {
        let hint = nearest(kind, kinds).map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        return Err(error("unknown_event", format!("`{kind}` is not an event{hint}")));
    };
    for (member, _) in members {
        if !matches!(member.as_str(), "type" | "at" | "noted") && !known.contains(&member.as_str()) {
            let hint = nearest(member, known.iter().copied());
            let hint = hint.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
            return Err(error("unknown_member", format!("`{member}` is not a member of `{kind}`{hint}")));
        }
    }
    match event.get("at") {
        Some(at) => {
            instant(at).map(|at| (*kind, at)).map_err(|message| error("malformed_event", format!("`at`: {message}")))
        }
        None if matches!(*kind, "authorize" | "check" | "explain") => Err(error("malformed_event", "`at` is missing")),
        None => Ok((*kind, 0)),
    }
}

fn error(code: &'static str, message: impl Into<String>) -> EventError {
    EventError { code, message: message.into(), line: None }
}

fn error_reply(code: &'static str, message: impl Into<String>) -> Reply {
    Reply::Error { error: error(code, message) }
}

/// A cell that changes, as the store is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellWrite {
    /// Its key.
    pub key: String,
    /// What it is from now on; nothing takes it away.
    pub value: Option<String>,
    /// From then on the store may forget it, in milliseconds since the epoch.
    pub expires: Option<Millis>,
}

/// So much longer than a cell matters a store keeps it, in milliseconds. Its clock is not the one that decisions go by:
/// what one finds there, and so what a replay of its record has to find, must not depend on it.
pub const GRACE: Millis = 3_600_000;

/// As many cells are kept between events: more than the counters of any policy, fewer than a page of holds.
const MOST_KEPT: usize = 1_024;

/// What was staged, as the store is told of it.
#[must_use]
pub fn writes(staged: &Staged) -> Vec<CellWrite> {
    let write = |(name, change): (&String, &Change)| CellWrite {
        key: name.clone(),
        value: change.text(),
        expires: change.expires.map(|end| end.saturating_add(GRACE)),
    };
    staged.changes.iter().map(write).collect()
}
