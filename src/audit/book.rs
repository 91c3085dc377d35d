//! What a log says of each payment: who asked, what was answered, what became of it. Queries, back-tests and reports are
//! read off this book.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::entry::Entry;
use crate::json::Json;
use crate::money::Usd;
use crate::time::Millis;

/// One payment, as far as the log has gone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Paid {
    /// Who asked.
    pub agent: String,
    /// Within which session.
    pub session: String,
    /// On whose behalf.
    pub client: String,
    /// The requested origin.
    pub vendor: String,
    /// The address paid, where one was judged.
    pub payee: String,
    /// When it was asked for first.
    pub asked_at: Millis,
    /// The latest answer: `authorized`, `denied` or `approval_asked`.
    pub verdict: String,
    /// The reason of that answer.
    pub reason: String,
    /// The rules of that answer.
    pub rules: Vec<String>,
    /// The amount asked for, in US dollars, where it has a price.
    pub usd: Option<Usd>,
    /// Where the hold stands, where there is one.
    pub state: String,
    /// Captured, less what came back.
    pub spent: Usd,
    /// When approval was asked for.
    pub escalated_at: Option<Millis>,
    /// When people had decided.
    pub decided_at: Option<Millis>,
    /// How many have to approve.
    #[serde(skip)]
    pub threshold: usize,
    /// How many were asked; nothing where anybody may answer.
    #[serde(skip)]
    pub asked: Option<usize>,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// Who refused.
    pub refused_by: Vec<String>,
}

impl Paid {
    /// What people decided: `approved`, `refused`, or `no answer` yet. Of n of them some may refuse without ending it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        let left = self.asked.map_or(0, |asked| asked.saturating_sub(self.refused_by.len()));
        if self.approved_by.len() >= self.threshold.max(1) {
            "approved"
        } else if !self.refused_by.is_empty() && left < self.threshold.max(1) {
            "refused"
        } else {
            "no answer"
        }
    }

    /// An approver has one voice: the same said again changes nothing, and who approved may still refuse.
    fn heard(&mut self, approver: &str, approved: bool, at: Millis) {
        let before = self.outcome();
        if !approved {
            self.approved_by.retain(|other| other != approver);
        }
        let voices = if approved { &mut self.approved_by } else { &mut self.refused_by };
        if !voices.iter().any(|other| other == approver) {
            voices.push(approver.to_owned());
        }
        if self.outcome() != before {
            self.decided_at = Some(at);
        }
    }
}

/// All payments of a log.
#[derive(Debug, Default)]
pub struct Book {
    /// By id.
    pub payments: BTreeMap<String, Paid>,
}

/// What a record moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The payment's id.
    pub id: String,
    /// Spent before, and spent now.
    pub spent: (Usd, Usd),
}

impl Book {
    /// Takes in a record, and tells which payments' spends it changed.
    pub fn take(&mut self, entry: &Entry) -> Vec<Move> {
        if matches!(entry.kind.as_str(), "authorized" | "denied" | "approval_asked") {
            self.asked(entry);
        }
        if let Some(paid) = self.payments.get_mut(entry.payment()) {
            match entry.kind.as_str() {
                "approval_given" => paid.heard(entry.event("approver"), true, entry.at),
                "approval_refused" => paid.heard(entry.event("approver"), false, entry.at),
                _ => {}
            }
        }
        entry.holds().iter().filter_map(|hold| self.moved(hold)).collect()
    }

    fn asked(&mut self, entry: &Entry) {
        let usd = Usd::parse(entry.answer("usd")).ok();
        let rules = entry.json.get("answer").and_then(|answer| answer.get("rules")).and_then(Json::as_array);
        let rules = rules.unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect();
        let paid = self.payments.entry(entry.payment().to_owned()).or_insert_with(|| Paid {
            agent: entry.event("agent").to_owned(),
            session: entry.event("session").to_owned(),
            client: entry.event("client").to_owned(),
            vendor: origin(entry.event("url")),
            asked_at: entry.at,
            ..Paid::default()
        });
        if paid.state.is_empty() {
            entry.kind.clone_into(&mut paid.verdict);
            entry.answer("reason").clone_into(&mut paid.reason);
            entry.answer("payee").clone_into(&mut paid.payee);
            paid.rules = rules;
            paid.usd = usd;
        }
        if entry.kind == "approval_asked" {
            paid.escalated_at.get_or_insert(entry.at);
            let approval = entry.json.get("answer").and_then(|answer| answer.get("approval"));
            let threshold = approval.and_then(|approval| approval.get("threshold")).and_then(Json::as_u64);
            paid.threshold = threshold.and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
            let approvers = approval.and_then(|approval| approval.get("approvers")).and_then(Json::as_array);
            paid.asked = approvers.map(<[Json]>::len);
        }
    }

    fn moved(&mut self, hold: &Json) -> Option<Move> {
        let text = |name: &str| hold.get(name).and_then(Json::as_str);
        let usd = |name: &str| text(name).and_then(|figure| Usd::parse(figure).ok()).unwrap_or_default();
        let id = text("id")?;
        let paid = self.payments.entry(id.to_owned()).or_default();
        text("state").unwrap_or_default().clone_into(&mut paid.state);
        let (before, after) = (paid.spent, usd("captured_usd").saturating_sub(usd("refunded_usd")));
        paid.spent = after;
        (before != after).then(|| Move { id: id.to_owned(), spent: (before, after) })
    }
}

/// The origin of a URL, as text.
fn origin(url: &str) -> String {
    crate::origin::Target::parse(url).map_or_else(|_| String::new(), |target| target.origin())
}
