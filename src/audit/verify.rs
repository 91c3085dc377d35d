//! Whether a log is whole: every record in its place, unchanged, and none missing that a checkpoint covers. It reads
//! the log once, in pieces, and keeps no more of it than the tree's frontier.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::audit::canonical::line;
use crate::audit::entry::{Entry, Lines};
use crate::audit::redact::hmac;
use crate::audit::tree::{Frontier, Hash};
use crate::json::Json;
use crate::time::{Millis, format_duration, format_instant};

/// A pause from here on is told, in milliseconds.
const LONG_PAUSE: Millis = 24 * 3_600_000;
/// A clock that was set back further than this is told, in milliseconds.
const SET_BACK: Millis = 30_000;
/// So many remarks are kept; the rest is counted.
const REMARKS: usize = 100;

/// What is wrong first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// `not_json`, `not_canonical`, `malformed`, `too_long`, `gap`, `order`, `chain`, `time`, `policy`, `hmac`,
    /// `checkpoint`, `cut` or `empty`.
    pub code: &'static str,
    /// The sequence number that the record has, or should have.
    pub record: u64,
    /// The line, from 1; nothing where a line is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// One sentence.
    pub message: String,
}

/// What a reader should know of a log that may well be whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// `opened`, `recovered`, `policy`, `pause`, `clock` or `torn`.
    pub code: &'static str,
    /// The sequence number of the record concerned.
    pub record: u64,
    /// One sentence.
    pub message: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Nothing is wrong with any record that is there.
    pub good: bool,
    /// The log is good, and at least one checkpoint shows that it was not cut before it.
    pub whole: bool,
    /// How many records there are.
    pub records: u64,
    /// The log's own name.
    pub log: String,
    /// The root of the tree over all records.
    pub root: Hash,
    /// The leaf hash of the last record.
    pub last: Hash,
    /// The running hash over the ledger's changes, as the last record has it.
    pub state: Hash,
    /// The time of the first and of the last record.
    pub from: Option<String>,
    /// The time of the last record.
    pub to: Option<String>,
    /// How many records have an HMAC that was checked.
    pub tagged: u64,
    /// The largest size that a checkpoint covers.
    pub covered: Option<u64>,
    /// Bytes after the last whole line: what a crash leaves of a record that was never committed to the file.
    pub torn: u64,
    /// What is wrong first, if anything is.
    pub fault: Option<Fault>,
    /// What a reader should know.
    pub remarks: Vec<Remark>,
    /// How many more remarks there are.
    pub more_remarks: u64,
}

/// A log being verified.
#[derive(Debug, Default)]
pub struct Verifier {
    lines: Lines,
    line: u64,
    tree: Frontier,
    prev: Hash,
    state: Hash,
    log: String,
    first_at: Option<Millis>,
    at: Millis,
    policies: BTreeSet<String>,
    policy: String,
    key: Option<Vec<u8>>,
    tagged: u64,
    /// What was signed of the log: size, root and where it says so, by size.
    checkpoints: Vec<(u64, Hash, String)>,
    covered: Option<u64>,
    fault: Option<Fault>,
    remarks: Vec<Remark>,
    more_remarks: u64,
}

impl Verifier {
    /// `key`: that of the HMACs; then every record must have one. `checkpoints`: size, root, and a name for messages.
    #[must_use]
    pub fn new(key: Option<Vec<u8>>, mut checkpoints: Vec<(u64, Hash, String)>) -> Self {
        checkpoints.sort();
        let mut verifier = Self { key, checkpoints, ..Self::default() };
        verifier.check_root();
        verifier
    }

    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(piece, |line| self.take(line));
        self.lines = lines;
    }

    /// How many records were taken in.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.tree.size()
    }

    /// The end of the log.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        let rest = self.lines.rest().to_vec();
        let mut torn = 0;
        if !rest.is_empty() && self.fault.is_none() {
            let text = std::str::from_utf8(&rest).ok();
            // A whole record that lacks its line feed alone is a record; anything else never was one.
            if text.is_some_and(|text| crate::json::parse_own(text).is_ok()) {
                self.take(text);
            } else {
                torn = u64::try_from(rest.len()).unwrap_or(u64::MAX);
                let message =
                    format!("{torn} bytes after the last record: what a crash leaves of one that was being written");
                self.remark("torn", self.tree.size(), message);
            }
        }
        let size = self.tree.size();
        if self.fault.is_none() {
            if let Some((wanted, _, name)) = self.checkpoints.last().cloned().filter(|(wanted, ..)| *wanted > size) {
                let message = format!("{name} covers {wanted} records, and there are {size}: the end was cut off");
                self.fail("cut", size, None, message);
            } else if size == 0 {
                self.fail("empty", 0, None, String::from("there is no record: a log has at least that of its opening"));
            }
        }
        let good = self.fault.is_none();
        Verdict {
            good,
            whole: good && self.covered.is_some(),
            records: size,
            log: self.log,
            root: self.tree.root(),
            last: self.prev,
            state: self.state,
            from: self.first_at.map(format_instant),
            to: self.first_at.map(|_| format_instant(self.at)),
            tagged: self.tagged,
            covered: self.covered,
            torn,
            fault: self.fault,
            remarks: self.remarks,
            more_remarks: self.more_remarks,
        }
    }

    fn take(&mut self, text: Option<&str>) {
        if self.fault.is_some() {
            return;
        }
        self.line = self.line.saturating_add(1);
        let place = self.tree.size();
        let entry = match text.ok_or_else(|| ("not_json", String::from("it is not UTF-8, or far too long"))) {
            Ok(text) => Entry::read(text),
            Err(wrong) => Err(wrong),
        };
        let checked = entry.and_then(|entry| self.check(&entry).map(|()| entry));
        match checked {
            Ok(entry) => self.accept(&entry),
            Err((code, message)) => self.fail(code, place, Some(self.line), message),
        }
    }

    fn check(&mut self, entry: &Entry) -> Result<(), (&'static str, String)> {
        let place = self.tree.size();
        if entry.seq > place {
            return Err(("gap", format!("record {} stands where {place} belongs: records are missing", entry.seq)));
        }
        if entry.seq < place {
            return Err((
                "order",
                format!("record {} stands where {place} belongs: it is there twice, or moved", entry.seq),
            ));
        }
        if entry.prev != self.prev {
            let before = place.saturating_sub(1);
            return Err((
                "chain",
                format!("it follows another record {before} than the one before it: one of the two was changed"),
            ));
        }
        if entry.at < self.at {
            return Err((
                "time",
                format!(
                    "{} is before {}, the time of the record before",
                    format_instant(entry.at),
                    format_instant(self.at)
                ),
            ));
        }
        let names_log = entry.json.get("log").and_then(Json::as_str);
        if names_log.is_some() != (place == 0) {
            return Err(("malformed", String::from("the first record, and no other, names the log")));
        }
        match (entry.json.get("document"), self.policies.contains(&entry.policy)) {
            (None, false) => {
                return Err(("policy", format!("no record has the document of the policy `{}`", entry.policy)));
            }
            (Some(document), _) => match crate::offer::digest(document) == entry.policy {
                true => {}
                false => return Err(("policy", String::from("the document is not that of the policy's hash"))),
            },
            (None, true) => {}
        }
        let Some(key) = &self.key else { return Ok(()) };
        let Some(tag) = entry.tag else { return Err(("hmac", String::from("it has no HMAC"))) };
        let Json::Object(members) = &entry.json else { return Ok(()) };
        let plain = members.iter().filter(|(name, _)| name != "tag").cloned().collect();
        if hmac(key, line(&Json::Object(plain)).as_bytes()) != tag {
            return Err(("hmac", String::from("its HMAC is not that of its text under this key")));
        }
        Ok(())
    }

    fn accept(&mut self, entry: &Entry) {
        if let Some(log) = entry.json.get("log").and_then(Json::as_str) {
            log.clone_into(&mut self.log);
        }
        let event_at = entry.json.get("event").and_then(|event| event.get("at")).and_then(Json::as_u64);
        if self.first_at.is_some() {
            let pause = entry.at.saturating_sub(self.at);
            if pause >= LONG_PAUSE {
                self.remark("pause", entry.seq, format!("nothing was recorded for {}", format_duration(pause)));
            }
            if let Some(back) = event_at.map(|at| self.at.saturating_sub(at)).filter(|back| *back > SET_BACK) {
                self.remark("clock", entry.seq, format!("the clock stood {} behind the log's", format_duration(back)));
            }
        }
        match entry.kind.as_str() {
            "opened" => self.remark("opened", entry.seq, String::from("a warden opened the ledger")),
            "recovered" => {
                self.remark("recovered", entry.seq, format!("the core was built again: {}", entry.event("message")))
            }
            _ => {}
        }
        if entry.policy != self.policy && !self.policy.is_empty() {
            self.remark("policy", entry.seq, format!("the policy is `{}` from here on", entry.policy));
        }
        self.policy.clone_from(&entry.policy);
        self.policies.insert(entry.policy.clone());
        self.tagged = self.tagged.saturating_add(u64::from(self.key.is_some()));
        self.first_at.get_or_insert(entry.at);
        self.at = entry.at;
        self.state = entry.state;
        self.prev = entry.leaf;
        self.tree.push(entry.leaf);
        self.check_root();
    }

    /// Compares the root with those of the checkpoints of this size.
    fn check_root(&mut self) {
        let (size, root) = (self.tree.size(), self.tree.root());
        let first = self.checkpoints.partition_point(|(at, ..)| *at < size);
        let here: Vec<_> = self.checkpoints.iter().skip(first).take_while(|(at, ..)| *at == size).cloned().collect();
        for (_, wanted, name) in here {
            if wanted == root {
                self.covered = Some(size);
            } else {
                let message = format!(
                    "{name} has the root {wanted} for {size} records, and theirs is {root}: the log was written anew, or is another one"
                );
                self.fail("checkpoint", size.saturating_sub(1), Some(self.line), message);
            }
        }
    }

    fn fail(&mut self, code: &'static str, record: u64, line: Option<u64>, message: String) {
        self.fault.get_or_insert(Fault { code, record, line, message });
    }

    fn remark(&mut self, code: &'static str, record: u64, message: String) {
        if self.remarks.len() < REMARKS {
            self.remarks.push(Remark { code, record, message });
        } else {
            self.more_remarks = self.more_remarks.saturating_add(1);
        }
    }
}
