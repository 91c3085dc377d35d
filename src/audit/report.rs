//! The evidence of a log, for whoever examines it: populations and figures, each with the records that they come from.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::book::Book;
use crate::audit::canonical::line;
use crate::audit::entry::{Entry, Lines};
use crate::json::Json;
use crate::money::Usd;
use crate::time::{Millis, format_instant};

/// A decision quicker than this hardly looked, in milliseconds.
const RUBBER_STAMP: Millis = 3_000;
/// An unknown outcome is old from here on, in milliseconds.
const OLD: Millis = 24 * 3_600_000;

/// A policy that was in force.
#[derive(Clone, Debug, Serialize)]
pub struct InForce {
    /// Its hash.
    pub hash: String,
    /// Its name, where it has one.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The first record under it.
    pub from_record: u64,
    /// The time of that record.
    pub from: String,
    /// How many records it was in force for.
    pub records: u64,
    /// What changed against the one before: each place, with both values as JSON.
    pub changes: Vec<[String; 3]>,
}

/// A payment that people were asked about.
#[derive(Clone, Debug, Serialize)]
pub struct Escalation {
    /// The payment's id.
    pub id: String,
    /// When it was asked.
    pub asked: String,
    /// Who asked, to pay whom.
    pub agent: String,
    /// The requested origin.
    pub vendor: String,
    /// The address to be paid.
    pub payee: String,
    /// In US dollars, where it has a price.
    pub usd: Option<Usd>,
    /// The rules that wanted people.
    pub rules: Vec<String>,
    /// What was shown to them: the facts of the event, as JSON.
    pub facts: String,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// Who refused.
    pub refused_by: Vec<String>,
    /// From the question to the decision, in milliseconds; nothing while there is none.
    pub latency_ms: Option<Millis>,
    /// `approved`, `refused` or `no answer`.
    pub outcome: String,
    /// What the policy said when the payment was judged again.
    pub judged_again: String,
}

/// How well people looked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Oversight {
    /// Payments that people were asked about.
    pub asked: u64,
    /// Approved.
    pub approved: u64,
    /// Refused.
    pub refused: u64,
    /// Nobody answered.
    pub unanswered: u64,
    /// The middle of the times that it took, in milliseconds.
    pub median_ms: Option<Millis>,
    /// Decided in less than three seconds.
    pub under_3_s: u64,
}

/// A payment whose outcome nobody knows yet.
#[derive(Clone, Debug, Serialize)]
pub struct Unresolved {
    /// The payment's id.
    pub id: String,
    /// When it was asked for.
    pub asked: String,
    /// How long ago that is at the end of the log, in milliseconds.
    pub age_ms: Millis,
    /// Older than a day.
    pub old: bool,
    /// `signing`, `signed` or `unknown`.
    pub state: String,
    /// In US dollars, where it has a price.
    pub usd: Option<Usd>,
}

/// Something that happened to the system itself.
#[derive(Clone, Debug, Serialize)]
pub struct Incident {
    /// The record.
    pub record: u64,
    /// When.
    pub at: String,
    /// `opened`, `recovered`, `frozen`, `unfrozen`, `policy_changed` or `policy_refused`.
    pub kind: String,
    /// The words that go with it.
    pub message: String,
}

/// The evidence of a log.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The log's own name.
    pub log: String,
    /// How many records.
    pub records: u64,
    /// The time of the first.
    pub from: String,
    /// The time of the last.
    pub to: String,
    /// The cores that made them, with how many records each.
    pub cores: BTreeMap<String, u64>,
    /// Records by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Payments asked for.
    pub payments: u64,
    /// Captured, less what came back, in US dollars.
    pub spent_usd: Usd,
    /// The same by agent.
    pub agents: BTreeMap<String, Usd>,
    /// The same by vendor.
    pub vendors: BTreeMap<String, Usd>,
    /// Denials by reason.
    pub denials: BTreeMap<String, u64>,
    /// Denials by the rule that fired.
    pub rules: BTreeMap<String, u64>,
    /// The policies in force, in order.
    pub policies: Vec<InForce>,
    /// What people were asked about.
    pub escalations: Vec<Escalation>,
    /// How well they looked.
    pub oversight: Oversight,
    /// Outcomes that nobody knows yet.
    pub unresolved: Vec<Unresolved>,
    /// What happened to the system itself.
    pub incidents: Vec<Incident>,
}

/// A report being made.
#[derive(Debug, Default)]
pub struct Reporter {
    lines: Lines,
    book: Book,
    facts: BTreeMap<String, String>,
    out: Report,
    documents: BTreeMap<String, Json>,
    first_at: Option<Millis>,
    at: Millis,
    wrong: Option<String>,
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let count = counts.entry(name.to_owned()).or_default();
    *count = count.saturating_add(1);
}

impl Reporter {
    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(piece, |line| match Entry::read(line.unwrap_or_default()) {
            Ok(entry) => self.take(&entry),
            Err((_, message)) => self.wrong = self.wrong.take().or(Some(message)),
        });
        self.lines = lines;
    }

    fn take(&mut self, entry: &Entry) {
        let text = |name: &str| entry.json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        self.out.records = self.out.records.saturating_add(1);
        self.first_at.get_or_insert(entry.at);
        self.at = entry.at;
        count(&mut self.out.cores, &text("core"));
        count(&mut self.out.kinds, &entry.kind);
        if entry.seq == 0 {
            self.out.log = text("log");
        }
        self.in_force(entry);
        if entry.kind == "approval_asked" {
            let facts = entry.json.get("event").and_then(|event| event.get("facts")).map(line).unwrap_or_default();
            self.facts.insert(entry.payment().to_owned(), facts);
        }
        if entry.kind == "denied" {
            count(&mut self.out.denials, entry.answer("reason"));
            let rules = entry.json.get("answer").and_then(|answer| answer.get("rules")).and_then(Json::as_array);
            for rule in rules.unwrap_or_default().iter().filter_map(Json::as_str) {
                count(&mut self.out.rules, rule);
            }
        }
        let told = ["opened", "recovered", "frozen", "unfrozen", "policy_changed", "policy_refused"];
        if told.contains(&entry.kind.as_str()) {
            let errors = entry.json.get("event").and_then(|event| event.get("errors")).map(line);
            let message = match entry.kind.as_str() {
                "frozen" => entry.event("reason").to_owned(),
                "policy_refused" => errors.unwrap_or_default(),
                _ => entry.event("message").to_owned(),
            };
            let at = format_instant(entry.at);
            self.out.incidents.push(Incident { record: entry.seq, at, kind: entry.kind.clone(), message });
        }
        self.book.take(entry);
    }

    fn in_force(&mut self, entry: &Entry) {
        if let Some(document) = entry.json.get("document") {
            self.documents.insert(entry.policy.clone(), document.clone());
        }
        if let Some(last) = self.out.policies.last_mut().filter(|last| last.hash == entry.policy) {
            last.records = last.records.saturating_add(1);
            return;
        }
        let none = Json::Null;
        let before = self.out.policies.last().and_then(|last| self.documents.get(&last.hash)).unwrap_or(&none);
        let document = self.documents.get(&entry.policy).unwrap_or(&none);
        let mut changes = Vec::new();
        if *before != none {
            differences("", before, document, &mut changes);
        }
        let shown = |name: &str| document.get(name).map_or_else(String::new, line);
        self.out.policies.push(InForce {
            hash: entry.policy.clone(),
            name: document.get("name").and_then(Json::as_str).unwrap_or_default().to_owned(),
            version: shown("version"),
            from_record: entry.seq,
            from: format_instant(entry.at),
            records: 1,
            changes,
        });
    }

    /// The end of the log.
    ///
    /// # Errors
    /// One sentence, if a line was no record.
    pub fn finish(mut self) -> Result<Report, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let mut out = std::mem::take(&mut self.out);
        out.from = self.first_at.map(format_instant).unwrap_or_default();
        out.to = format_instant(self.at);
        let mut latencies = Vec::new();
        for (id, paid) in &self.book.payments {
            if paid.verdict.is_empty() {
                continue;
            }
            out.payments = out.payments.saturating_add(1);
            out.spent_usd = out.spent_usd.saturating_add(paid.spent);
            for (sums, name) in [(&mut out.agents, &paid.agent), (&mut out.vendors, &paid.vendor)] {
                if paid.spent > Usd::default() {
                    let sum = sums.entry(name.clone()).or_default();
                    *sum = sum.saturating_add(paid.spent);
                }
            }
            if matches!(paid.state.as_str(), "signing" | "signed" | "unknown") {
                let age = self.at.saturating_sub(paid.asked_at);
                out.unresolved.push(Unresolved {
                    id: id.clone(),
                    asked: format_instant(paid.asked_at),
                    age_ms: age,
                    old: age >= OLD,
                    state: paid.state.clone(),
                    usd: paid.usd,
                });
            }
            let Some(asked) = paid.escalated_at else { continue };
            let latency = paid.decided_at.map(|decided| decided.saturating_sub(asked));
            let outcome = paid.outcome();
            let oversight = &mut out.oversight;
            oversight.asked = oversight.asked.saturating_add(1);
            match outcome {
                "approved" => oversight.approved = oversight.approved.saturating_add(1),
                "refused" => oversight.refused = oversight.refused.saturating_add(1),
                _ => oversight.unanswered = oversight.unanswered.saturating_add(1),
            }
            latencies.extend(latency);
            out.escalations.push(Escalation {
                id: id.clone(),
                asked: format_instant(asked),
                agent: paid.agent.clone(),
                vendor: paid.vendor.clone(),
                payee: paid.payee.clone(),
                usd: paid.usd,
                rules: paid.rules.clone(),
                facts: self.facts.get(id).cloned().unwrap_or_default(),
                approved_by: paid.approved_by.clone(),
                refused_by: paid.refused_by.clone(),
                latency_ms: latency,
                outcome: outcome.to_owned(),
                judged_again: if paid.verdict == "approval_asked" { String::new() } else { paid.verdict.clone() },
            });
        }
        latencies.sort_unstable();
        out.oversight.median_ms = latencies.get(latencies.len() / 2).copied();
        let quick = latencies.iter().filter(|latency| **latency < RUBBER_STAMP).count();
        out.oversight.under_3_s = u64::try_from(quick).unwrap_or(u64::MAX);
        out.escalations.sort_by(|a, b| (&a.asked, &a.id).cmp(&(&b.asked, &b.id)));
        out.unresolved.sort_by(|a, b| (&a.asked, &a.id).cmp(&(&b.asked, &b.id)));
        Ok(out)
    }
}

/// Where two documents differ: the place, and both values.
fn differences(place: &str, before: &Json, after: &Json, out: &mut Vec<[String; 3]>) {
    if before == after {
        return;
    }
    if let (Json::Object(old), Json::Object(new)) = (before, after) {
        let mut names: Vec<&String> = old.iter().chain(new).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        for name in names {
            let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let (old, new) = (before.get(name).unwrap_or(&Json::Null), after.get(name).unwrap_or(&Json::Null));
            differences(&inner, old, new, out);
        }
        return;
    }
    out.push([place.to_owned(), line(before), line(after)]);
}
