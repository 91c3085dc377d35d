//! What another policy would have said to the payments of a log. They are judged in their order, on a ledger of the other
//! policy's own: what it would have denied is not spent there, what it would have let through is.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::approval::proof::statement;
use crate::audit::book::{Book, Paid};
use crate::audit::canonical::{number, object, text};
use crate::audit::entry::{Entry, Lines};
use crate::engine::Engine;
use crate::hash::framed;
use crate::json::Json;
use crate::members::instant;
use crate::money::Usd;
use crate::policy::Policy;
use crate::reply::Reply;
use crate::time::{Millis, format_instant};

/// So many changed verdicts are told one by one; all of them are counted.
const TOLD: usize = 1_000;

/// A payment that would have been answered otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    /// Its id.
    pub id: String,
    /// When it was asked for.
    pub at: String,
    /// Who asked.
    pub agent: String,
    /// The requested origin.
    pub vendor: String,
    /// In US dollars, where it has a price.
    pub usd: Option<Usd>,
    /// The verdict in the log, and its reason.
    pub was: [String; 2],
    /// The verdict of the other policy, and its reason.
    pub would_be: [String; 2],
    /// The rules of the other policy that fired.
    pub rules: Vec<String>,
}

/// Money, as it was and as it would have been.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Both {
    /// In the log, in US dollars.
    pub was: Usd,
    /// Under the other policy.
    pub would_be: Usd,
}

/// What came out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Backtest {
    /// The hash of the other policy.
    pub policy: String,
    /// How many payments were asked for.
    pub payments: u64,
    /// How many would have been answered otherwise.
    pub changed: u64,
    /// How many went from one verdict to another: `authorized`, `denied`, `approval_asked`.
    pub matrix: BTreeMap<String, BTreeMap<String, u64>>,
    /// Spent in the log, in US dollars, that the other policy would have denied.
    pub stopped_usd: Usd,
    /// Spent in the log that it would have asked people about, who were not asked then.
    pub asked_usd: Usd,
    /// Denied in the log, that it would have let through; taken as spent.
    pub let_through_usd: Usd,
    /// Spent by vendor.
    pub vendors: BTreeMap<String, Both>,
    /// Spent by day and vendor.
    pub days: BTreeMap<String, BTreeMap<String, Both>>,
    /// The reasons of the other policy's denials.
    pub reasons: BTreeMap<String, u64>,
    /// The payments that would have been answered otherwise, in order.
    pub changes: Vec<Changed>,
    /// Whether more of them were left out.
    pub more: bool,
}

/// A back-test at work.
#[derive(Debug)]
pub struct Backtester {
    lines: Lines,
    engine: Engine,
    book: Book,
    would: BTreeMap<String, Would>,
    wrong: Option<String>,
}

/// What the other policy makes of a payment.
#[derive(Debug, Default)]
struct Would {
    verdict: String,
    reason: String,
    rules: Vec<String>,
    open: bool,
    /// The digest of what people are asked, where they are.
    question: String,
}

impl Backtester {
    /// A back-test of this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let (lines, book) = (Lines::default(), Book::default());
        Self { lines, engine: Engine::whole(policy), book, would: BTreeMap::new(), wrong: None }
    }

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
        self.book.take(entry);
        let (id, kind) = (entry.payment().to_owned(), entry.event("type").to_owned());
        let Some(event) = entry.json.get("event") else { return };
        let event = &self.as_asked(entry, &id, event);
        match kind.as_str() {
            "authorize" => self.judge(&id, event),
            "freeze" | "unfreeze" | "approve" | "reject" => drop(self.engine.handle(event)),
            // What the other policy allowed goes the way that it went; what it did not, went nowhere.
            "ticket" | "message" | "sign" | "settle" | "reconcile" | "resolve" | "refund"
                if self.would.get(&id).is_some_and(|would| would.verdict == "authorized") =>
            {
                drop(self.engine.handle(event));
            }
            _ => {}
        }
        // Denied then and let through now: it is taken as spent at once, for nobody knows what would have become of it.
        let denied = self.book.payments.get(&id).is_some_and(|paid| paid.state.is_empty());
        if let Some(would) = self.would.get_mut(&id).filter(|would| denied && would.open) {
            would.open = false;
            let settle = object(vec![
                ("type", text("settle")),
                ("id", text(&id)),
                ("at", number(entry.at)),
                ("outcome", text("captured")),
            ]);
            drop(self.engine.handle(&settle));
        }
    }

    fn judge(&mut self, id: &str, event: &Json) {
        let Reply::Decision(decision) = self.engine.handle(event) else { return };
        let verdict = match decision.action {
            crate::decision::Action::Allow => "authorized",
            crate::decision::Action::Deny => "denied",
            crate::decision::Action::RequireApproval => "approval_asked",
        };
        let would = self.would.entry(id.to_owned()).or_default();
        would.open |= verdict == "authorized" && would.verdict != "authorized";
        verdict.clone_into(&mut would.verdict);
        decision.reason.code().clone_into(&mut would.reason);
        would.rules = decision.rules;
        if let Some(approval) = decision.approval {
            would.question = approval.digest;
        }
    }

    /// The event as it would have come under the other policy: about the payment that it was about, and what people said
    /// was said to the other policy's question, whose digest has that policy in it. What they signed, and was good, is.
    fn as_asked(&mut self, entry: &Entry, id: &str, event: &Json) -> Json {
        let Json::Object(members) = event else { return event.clone() };
        let question = self.would.get(id).map(|would| would.question.clone()).unwrap_or_default();
        let mut marks = entry.proven();
        let good = !marks.is_empty();
        let mut sign = |verb: &str, approver: &str, signed: &Json| {
            let at = signed.get("signed_at").and_then(|at| instant(at).ok());
            if let (Some(at), Some(signature)) = (at, signed.get("signature").and_then(Json::as_str)) {
                marks.push(framed(&[&statement(verb, &question, at, approver), signature]));
            }
        };
        if good && matches!(entry.event("type"), "approve" | "reject") {
            sign(entry.event("type"), entry.event("approver"), event);
        }
        if good && let Some(given) = event.get("countersignatures").and_then(Json::as_object) {
            given.iter().for_each(|(approver, signed)| sign("approve", approver, signed));
        }
        // What was signed and good stays so: an answer is heard again with the next one.
        self.engine.replay_proofs_also(marks);
        let member = |(name, value): &(String, Json)| match name.as_str() {
            "id" if !id.is_empty() => (name.clone(), text(id)),
            "digest" if !question.is_empty() => (name.clone(), text(&question)),
            _ => (name.clone(), value.clone()),
        };
        Json::Object(members.iter().map(member).collect())
    }

    /// The end of the log.
    ///
    /// # Errors
    /// One sentence, if a line was no record.
    pub fn finish(self) -> Result<Backtest, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let mut out = Backtest { policy: self.engine.policy().hash.clone(), ..Backtest::default() };
        let mut changes = Vec::new();
        for (id, paid) in &self.book.payments {
            let Some(would) = self.would.get(id) else { continue };
            out.add(id, paid, would, &mut changes);
        }
        changes.sort_by(|a: &(Millis, Changed), b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        out.more = changes.len() > TOLD;
        out.changes = changes.into_iter().take(TOLD).map(|(_, changed)| changed).collect();
        Ok(out)
    }
}

impl Backtest {
    fn add(&mut self, id: &str, paid: &Paid, would: &Would, changes: &mut Vec<(Millis, Changed)>) {
        self.payments = self.payments.saturating_add(1);
        let count = self.matrix.entry(paid.verdict.clone()).or_default().entry(would.verdict.clone()).or_default();
        *count = count.saturating_add(1);
        let asked = paid.usd.unwrap_or_default();
        let was_let = paid.verdict == "authorized";
        let spent_then = match (was_let, would.verdict.as_str()) {
            (true, "authorized") => paid.spent,
            (false, "authorized") => {
                self.let_through_usd = self.let_through_usd.saturating_add(asked);
                asked
            }
            (true, "denied") => {
                self.stopped_usd = self.stopped_usd.saturating_add(paid.spent);
                Usd::default()
            }
            (true, _) => {
                self.asked_usd = self.asked_usd.saturating_add(paid.spent);
                Usd::default()
            }
            _ => Usd::default(),
        };
        if would.verdict == "denied" {
            let count = self.reasons.entry(would.reason.clone()).or_default();
            *count = count.saturating_add(1);
        }
        if paid.spent > Usd::default() || spent_then > Usd::default() {
            let day = format_instant(paid.asked_at).get(..10).unwrap_or_default().to_owned();
            let by_day = self.days.entry(day).or_default().entry(paid.vendor.clone()).or_default();
            for both in [by_day, self.vendors.entry(paid.vendor.clone()).or_default()] {
                both.was = both.was.saturating_add(paid.spent);
                both.would_be = both.would_be.saturating_add(spent_then);
            }
        }
        if paid.verdict != would.verdict {
            self.changed = self.changed.saturating_add(1);
            let changed = Changed {
                id: id.to_owned(),
                at: format_instant(paid.asked_at),
                agent: paid.agent.clone(),
                vendor: paid.vendor.clone(),
                usd: paid.usd,
                was: [paid.verdict.clone(), paid.reason.clone()],
                would_be: [would.verdict.clone(), would.reason.clone()],
                rules: would.rules.clone(),
            };
            changes.push((paid.asked_at, changed));
        }
    }
}
