//! Makes every decision of a log again, from an empty ledger, and compares: the answer, what it changed, and the running
//! hash over the ledger. What was recorded beside the decision (who looked, how long it took) is no part of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::canonical::line;
use crate::audit::entry::{Entry, Lines};
use crate::audit::record::Auditor;
use crate::audit::tree::Hash;
use crate::engine::Engine;
use crate::json::{Json, parse_own};
use crate::policy::Policy;
use crate::reply::text;

/// So many differences are told; the rest is counted.
const TOLD: usize = 20;

/// A decision that came out otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The record's sequence number.
    pub record: u64,
    /// `answer`, `holds`, `state` or `unreadable`.
    pub what: &'static str,
    /// As the log has it.
    pub recorded: String,
    /// As it came out now.
    pub replayed: String,
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// Every decision is the same, and so is the ledger at the end.
    pub same: bool,
    /// How many records were made again.
    pub records: u64,
    /// How many of them came out otherwise.
    pub different: u64,
    /// The first of those.
    pub differences: Vec<Difference>,
    /// The running hash over the ledger's changes, as it came out now.
    pub state: Hash,
    /// The same, as the last record has it.
    pub recorded_state: Hash,
}

/// A log being replayed.
#[derive(Debug, Default)]
pub struct Replayer {
    lines: Lines,
    engine: Option<Engine>,
    policies: BTreeMap<String, (Policy, String)>,
    in_force: String,
    records: u64,
    different: u64,
    differences: Vec<Difference>,
    state: Hash,
    recorded_state: Hash,
}

impl Replayer {
    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(piece, |line| self.take(line.unwrap_or_default()));
        self.lines = lines;
    }

    /// How many records were made again.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What has come of the records so far; nothing before the first.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// The end of the log.
    #[must_use]
    pub fn finish(mut self) -> Replayed {
        let rest = self.lines.rest().to_vec();
        if let Some(text) = std::str::from_utf8(&rest).ok().filter(|text| parse_own(text).is_ok()) {
            self.take(text);
        }
        Replayed {
            same: self.different == 0 && self.state == self.recorded_state && self.records > 0,
            records: self.records,
            different: self.different,
            differences: self.differences,
            state: self.state,
            recorded_state: self.recorded_state,
        }
    }

    fn take(&mut self, text: &str) {
        self.records = self.records.saturating_add(1);
        let entry = match Entry::read(text) {
            Ok(entry) => entry,
            Err((code, message)) => return self.differ(self.records.saturating_sub(1), "unreadable", code, &message),
        };
        if let Err((what, recorded, replayed)) = self.again(&entry) {
            self.differ(entry.seq, what, &recorded, &replayed);
        }
    }

    /// One record again.
    fn again(&mut self, entry: &Entry) -> Result<(), (&'static str, String, String)> {
        let unreadable = |message: String| ("unreadable", String::new(), message);
        if entry.json.get("history").is_some() {
            return Err(unreadable(String::from(
                "the log begins on a ledger that had a history: there is nothing to begin from",
            )));
        }
        self.put_in_force(entry).map_err(unreadable)?;
        let Some(engine) = self.engine.as_mut() else { return Err(unreadable(String::from("no policy"))) };
        if let Some(salt) = entry.json.get("salt").and_then(Json::as_str) {
            engine.salted(salt);
        }
        engine.replay_proofs(entry.proven());
        let event = entry.json.get("event").cloned().unwrap_or(Json::Null);
        let reply = text(&engine.handle(&event));
        let made = engine.take_records().pop().and_then(|line| parse_own(&line).ok());
        let Some(made) = made else { return Err(("answer", member(&entry.json, "answer"), reply)) };
        let state = made.get("state").and_then(Json::as_str).and_then(Hash::parse).unwrap_or_default();
        let went_along = self.state == self.recorded_state;
        (self.state, self.recorded_state) = (state, entry.state);
        for what in ["answer", "kind", "holds"] {
            let (recorded, replayed) = (member(&entry.json, what), member(&made, what));
            if recorded != replayed {
                return Err((what, recorded, replayed));
            }
        }
        // Once it has gone another way, it stays another one.
        if went_along && state != entry.state {
            return Err(("state", entry.state.to_string(), state.to_string()));
        }
        Ok(())
    }

    /// Each record is made again under the policy that it names.
    fn put_in_force(&mut self, entry: &Entry) -> Result<(), String> {
        if let Some(document) = entry.json.get("document") {
            let policy = Policy::read(document).map_err(|errors| {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                format!("its policy can't be read: {first}")
            })?;
            self.policies.insert(policy.hash.clone(), (policy, document.canonical()));
        }
        if self.in_force == entry.policy {
            return Ok(());
        }
        let found = self.policies.get(&entry.policy);
        let (policy, document) =
            found.cloned().ok_or_else(|| format!("no record has the policy `{}`", entry.policy))?;
        let core = entry.json.get("core").and_then(Json::as_str).unwrap_or_default().to_owned();
        let auditor = Auditor { core, document, again: true, ..Auditor::default() };
        match &mut self.engine {
            Some(engine) => engine.put_in_force(policy),
            None => self.engine = Some(Engine::whole(policy)),
        }
        if let Some(engine) = &mut self.engine {
            engine.audit(auditor);
        }
        self.in_force.clone_from(&entry.policy);
        Ok(())
    }

    fn differ(&mut self, record: u64, what: &'static str, recorded: &str, replayed: &str) {
        self.different = self.different.saturating_add(1);
        if self.differences.len() < TOLD {
            let (recorded, replayed) = (recorded.to_owned(), replayed.to_owned());
            self.differences.push(Difference { record, what, recorded, replayed });
        }
    }
}

fn member(record: &Json, name: &str) -> String {
    record.get(name).map(line).unwrap_or_default()
}
