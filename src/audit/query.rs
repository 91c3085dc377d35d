//! Questions to a log: which records are about this agent, client, session, vendor, payee, payment or time, and how much
//! was spent in them.

use serde::Serialize;

use crate::audit::book::{Book, Paid};
use crate::audit::entry::{Entry, Lines};
use crate::json::Json;
use crate::money::Usd;
use crate::time::{Millis, parse_instant};

/// Which records are wanted; what is left out restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this agent.
    pub agent: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this session.
    pub session: Option<String>,
    /// To this origin, such as `https://api.example.com`, or this host.
    pub vendor: Option<String>,
    /// To this address.
    pub payee: Option<String>,
    /// Of this payment.
    pub id: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// From this time on (ISO 8601).
    pub since: Option<String>,
    /// Before this time (ISO 8601).
    pub until: Option<String>,
}

impl Filter {
    /// Reads a filter. `null` restricts nothing either.
    ///
    /// # Errors
    /// One sentence that names the member that is none, or no text.
    pub fn read(json: &Json) -> Result<Self, String> {
        let members = json.as_object().ok_or_else(|| format!("a filter is an object, not {}", json.kind()))?;
        let mut filter = Self::default();
        for (name, value) in members {
            let place = match name.as_str() {
                "agent" => &mut filter.agent,
                "client" => &mut filter.client,
                "session" => &mut filter.session,
                "vendor" => &mut filter.vendor,
                "payee" => &mut filter.payee,
                "id" => &mut filter.id,
                "kind" => &mut filter.kind,
                "since" => &mut filter.since,
                "until" => &mut filter.until,
                _ => {
                    return Err(format!(
                        "`{name}` is not a member of a filter: expected one of {}",
                        MEMBERS.join(", ")
                    ));
                }
            };
            *place = match value {
                Json::Null => None,
                Json::String(text) => Some(text.clone()),
                other => return Err(format!("`{name}` is {}, not a string", other.kind())),
            };
        }
        Ok(filter)
    }
}

const MEMBERS: &[&str] = &["agent", "client", "session", "vendor", "payee", "id", "kind", "since", "until"];

/// What was spent and asked in the records that were wanted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Payments that were authorized.
    pub authorized: u64,
    /// Payments that were denied.
    pub denied: u64,
    /// Payments for which approval was asked.
    pub approvals_asked: u64,
    /// Captured, less what came back, in US dollars.
    pub spent_usd: Usd,
}

/// A question at work.
#[derive(Debug)]
pub struct Query {
    filter: Filter,
    since: Millis,
    until: Millis,
    lines: Lines,
    book: Book,
    more: Usd,
    less: Usd,
    totals: Totals,
}

impl Query {
    /// A question.
    ///
    /// # Errors
    /// One sentence, if a time is none.
    pub fn new(filter: Filter) -> Result<Self, String> {
        let time = |text: &Option<String>, other| text.as_deref().map_or(Ok(other), parse_instant);
        let (since, until) = (time(&filter.since, 0)?, time(&filter.until, Millis::MAX)?);
        let (lines, book, totals) = (Lines::default(), Book::default(), Totals::default());
        Ok(Self { filter, since, until, lines, book, more: Usd::default(), less: Usd::default(), totals })
    }

    /// Takes the next piece of the log, and gives back the records in it that are wanted, as they stand there.
    ///
    /// # Errors
    /// One sentence, if a line is no record.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<String>, String> {
        let (mut found, mut wrong) = (Vec::new(), None);
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(piece, |line| match Entry::read(line.unwrap_or_default()) {
            Ok(entry) if self.take(&entry) => found.extend(line.map(str::to_owned)),
            Ok(_) => {}
            Err((_, message)) => wrong = wrong.take().or(Some(message)),
        });
        self.lines = lines;
        wrong.map_or(Ok(found), Err)
    }

    /// What was spent and asked in them.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals { spent_usd: self.more.saturating_sub(self.less), ..self.totals.clone() }
    }

    fn take(&mut self, entry: &Entry) -> bool {
        let moves = self.book.take(entry);
        let in_time = (self.since..self.until).contains(&entry.at);
        let of_kind = self.filter.kind.as_ref().is_none_or(|kind| *kind == entry.kind);
        if !in_time || !of_kind {
            return false;
        }
        for moved in &moves {
            if self.wants(&moved.id) {
                self.more = self.more.saturating_add(moved.spent.1.saturating_sub(moved.spent.0));
                self.less = self.less.saturating_add(moved.spent.0.saturating_sub(moved.spent.1));
            }
        }
        let held = entry.holds().iter().filter_map(|hold| hold.get("id").and_then(Json::as_str));
        let wanted = self.wants(entry.payment()) || held.into_iter().any(|id| self.wants(id));
        if wanted {
            let one = |word: &str| u64::from(entry.kind == word);
            self.totals.records = self.totals.records.saturating_add(1);
            self.totals.authorized = self.totals.authorized.saturating_add(one("authorized"));
            self.totals.denied = self.totals.denied.saturating_add(one("denied"));
            self.totals.approvals_asked = self.totals.approvals_asked.saturating_add(one("approval_asked"));
        }
        wanted
    }

    fn wants(&self, id: &str) -> bool {
        let filter = &self.filter;
        let nobody = Paid::default();
        let paid = self.book.payments.get(id).unwrap_or(&nobody);
        let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let host = paid.vendor.split_once("//").map_or("", |(_, host)| host);
        let vendor = filter.vendor.as_deref().is_none_or(|vendor| vendor == paid.vendor || vendor == host);
        let payee = filter.payee.as_deref().is_none_or(|payee| payee.eq_ignore_ascii_case(&paid.payee));
        is(&filter.id, id)
            && is(&filter.agent, &paid.agent)
            && is(&filter.client, &paid.client)
            && is(&filter.session, &paid.session)
            && vendor
            && payee
    }
}
