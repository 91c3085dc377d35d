//! The sections of which the stricter one is not simply the smaller figure.

use std::cmp::Ordering;

use super::{Files, Members, Pair, both, put, text, texts};
use crate::json::Json;
use crate::policy::document::{BreakerSection, CounterpartySection, Document, PriceSection, ScheduleSection};
use crate::policy::meet::Kind;
use crate::policy::read::Reader;
use crate::policy::words::{OnChange, OnMissing, Span};
use crate::policy::{
    DEFAULT_APPROVAL_TIMEOUT, DEFAULT_BREAKER_FAILURES, DEFAULT_BREAKER_RECOVERY, DEFAULT_PROMPTS_PER_AGENT,
    DEFAULT_PROMPTS_PER_APPROVER, DEFAULT_REPLAY_WINDOW, DEFAULT_SIGNATURE_AGE,
};

/// Both schedules hold: the minutes and the days that are in both, if they go by the same clock.
pub(super) fn schedule(b: &Document, c: &Document, pair: Pair<'_>, files: Files<'_>, reader: &mut Reader) -> Members {
    let says = |section: &Option<ScheduleSection>| {
        section.clone().filter(|s| s.hours.iter().flatten().count() > 0 || s.days.iter().flatten().count() > 0)
    };
    let members = |json: &Json| json.as_object().map(<[_]>::to_vec).unwrap_or_default();
    let (b, c) = match (says(&b.schedule), says(&c.schedule)) {
        (Some(b), Some(c)) => (b, c),
        (Some(_), None) => return members(pair.base),
        (None, Some(_)) => return members(pair.child),
        (None, None) => return Vec::new(),
    };
    let zone = |section: &ScheduleSection| section.time_zone.clone().unwrap_or_else(|| String::from("UTC"));
    if zone(&b) != zone(&c) {
        reader.fail(format!(
            "`{}` goes by `{}` and `{}` by `{}`: one schedule can't say both; write them in the same time zone",
            files.base,
            zone(&b),
            files.child,
            zone(&c)
        ));
        return Vec::new();
    }
    let mut out = Vec::new();
    let covers = |section: &ScheduleSection, minute: u32| {
        let hours = section.hours.as_deref().unwrap_or_default();
        hours.is_empty() || hours.iter().any(|hours| hours.covers(minute))
    };
    let open: Vec<u32> = (0..1_440).filter(|minute| covers(&b, *minute) && covers(&c, *minute)).collect();
    let days = match (b.days.clone().unwrap_or_default(), c.days.clone().unwrap_or_default()) {
        (days, other) if other.is_empty() => days,
        (other, days) if other.is_empty() => days,
        (days, other) => {
            let both: Vec<_> = days.into_iter().filter(|day| other.contains(day)).collect();
            if both.is_empty() {
                reader.fail(format!("`{}` and `{}` have no day in common", files.base, files.child));
            }
            both
        }
    };
    if open.is_empty() {
        reader.fail(format!("`{}` and `{}` have no hours in common", files.base, files.child));
    }
    if open.len() < 1_440 {
        put(&mut out, "hours", Some(texts(spans(&open))));
    }
    if !days.is_empty() {
        put(&mut out, "days", Some(texts(days.into_iter().map(|day| day.word().to_owned()).collect())));
    }
    put(&mut out, "time_zone", pair.base.get("time_zone").or(pair.child.get("time_zone")).cloned());
    out
}

/// Minutes of the day, in order, as hours.
fn spans(minutes: &[u32]) -> Vec<String> {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut found: Vec<(u32, u32)> = Vec::new();
    for minute in minutes {
        match found.last_mut() {
            Some((_, end)) if *end == *minute => *end = minute.saturating_add(1),
            _ => found.push((*minute, minute.saturating_add(1))),
        }
    }
    found.into_iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect()
}

pub(super) fn counterparty(b: &Document, c: &Document, pair: Pair<'_>) -> Members {
    let (b, c): (CounterpartySection, CounterpartySection) =
        (b.counterparty.clone().unwrap_or_default(), c.counterparty.clone().unwrap_or_default());
    let mut out = Vec::new();
    put(&mut out, "allow_contracts", pair.either("allow_contracts", |value| *value == Json::Bool(false)));
    put(&mut out, "require_verified", pair.either("require_verified", |value| *value == Json::Bool(true)));
    for (name, base, child) in [
        ("min_wallet_age_days", b.min_wallet_age_days, c.min_wallet_age_days),
        ("min_prior_payments", b.min_prior_payments, c.min_prior_payments),
    ] {
        put(&mut out, name, pair.stricter(name, base, child, Ordering::Greater));
    }
    put(&mut out, "max_risk", pair.stricter("max_risk", b.max_risk, c.max_risk, Ordering::Less));
    // A file that asks for facts and doesn't say otherwise denies where one is missing.
    let asks = |section: &CounterpartySection| {
        section.allow_contracts == Some(false)
            || section.require_verified == Some(true)
            || section.min_wallet_age_days.is_some()
            || section.max_risk.is_some()
    };
    let lenient = |section: &CounterpartySection| section.on_missing == Some(OnMissing::Allow);
    let strict = [&b, &c].into_iter().any(|section| asks(section) && !lenient(section));
    let said = [&b, &c].into_iter().any(|section| section.on_missing.is_some());
    let word = if !strict && (lenient(&b) || lenient(&c)) { "allow" } else { "deny" };
    put(&mut out, "on_missing", said.then(|| text(word)));
    out
}

/// Whose first price, and whose agreed one, is a price's reference? Two files answer that only if they agree on it.
pub(super) fn prices(b: &Document, c: &Document, pair: Pair<'_>, files: Files<'_>, reader: &mut Reader) -> Members {
    let (b, c): (PriceSection, PriceSection) =
        (b.prices.clone().unwrap_or_default(), c.prices.clone().unwrap_or_default());
    let members = |json: &Json| json.as_object().map(<[_]>::to_vec).unwrap_or_default();
    match (b.max_drift_percent.is_some(), c.max_drift_percent.is_some()) {
        (_, false) => return members(pair.base),
        (false, true) => return members(pair.child),
        (true, true) => {}
    }
    if b.agreed.clone().unwrap_or_default() != c.agreed.clone().unwrap_or_default() {
        reader.member("agreed", |r| {
            r.fail(format!(
                "`{}` and `{}` both bound how far a price may move, from different agreed prices: a route has one \
                 reference; agree on them in one file, and name `max_drift_percent` there alone",
                files.base, files.child
            ));
        });
    }
    let mut out = Vec::new();
    let drift = |section: &PriceSection| section.max_drift_percent.map(|share| share.0);
    put(&mut out, "max_drift_percent", pair.stricter("max_drift_percent", drift(&b), drift(&c), Ordering::Less));
    let then = b.then.unwrap_or(OnChange::Deny).max(c.then.unwrap_or(OnChange::Deny));
    put(&mut out, "then", Some(text(then.word())));
    put(&mut out, "agreed", pair.base.get("agreed").cloned());
    out
}

pub(super) fn approvals(b: &Document, c: &Document, pair: Pair<'_>, files: Files<'_>, reader: &mut Reader) -> Members {
    let (b, c) = (b.approvals.clone().unwrap_or_default(), c.approvals.clone().unwrap_or_default());
    let mut out = Vec::new();
    put(&mut out, "threshold", pair.stricter("threshold", b.threshold, c.threshold, Ordering::Greater));
    let approvers = reader.member("approvers", |r| both(Kind::Words, b.approvers, c.approvers, files, r));
    put(&mut out, "approvers", approvers.map(texts));
    let span = |span: Option<Span>, default| Some(span.map_or(default, |span| span.0));
    for (name, base, child, default) in [
        ("timeout", b.timeout, c.timeout, DEFAULT_APPROVAL_TIMEOUT),
        ("max_signature_age", b.max_signature_age, c.max_signature_age, DEFAULT_SIGNATURE_AGE),
    ] {
        let child = child.map(|span| span.0);
        put(&mut out, name, pair.stricter(name, span(base, default), child, Ordering::Less));
    }
    for (name, base, child, default) in [
        ("max_prompts_per_agent", b.max_prompts_per_agent, c.max_prompts_per_agent, DEFAULT_PROMPTS_PER_AGENT),
        (
            "max_prompts_per_approver",
            b.max_prompts_per_approver,
            c.max_prompts_per_approver,
            DEFAULT_PROMPTS_PER_APPROVER,
        ),
    ] {
        put(&mut out, name, pair.stricter(name, base.or(Some(default)), child, Ordering::Less));
    }
    // A key that one file names holds in both: who has one is believed by it alone. Two for one approver are an error.
    let listed = |json: &Json| json.get("keys").and_then(Json::as_array).unwrap_or_default().to_vec();
    let mut keys = listed(pair.base);
    keys.extend(listed(pair.child).into_iter().filter(|key| !listed(pair.base).contains(key)));
    put(&mut out, "keys", Some(Json::Array(keys)).filter(|keys| !keys.as_array().unwrap_or_default().is_empty()));
    out
}

pub(super) fn replay(b: &Document, c: &Document, pair: Pair<'_>) -> Members {
    let (b, c) = (b.replay.clone().unwrap_or_default(), c.replay.clone().unwrap_or_default());
    let mut out = Vec::new();
    let span = |span: Option<Span>| span.map(|span| span.0);
    let window = span(b.window).or(Some(DEFAULT_REPLAY_WINDOW));
    put(&mut out, "window", pair.stricter("window", window, span(c.window), Ordering::Greater));
    put(&mut out, "mode", pair.stricter("mode", b.mode, c.mode, Ordering::Greater));
    out
}

pub(super) fn breaker(b: &Document, c: &Document, pair: Pair<'_>) -> Members {
    let (b, c): (BreakerSection, BreakerSection) =
        (b.breaker.clone().unwrap_or_default(), c.breaker.clone().unwrap_or_default());
    let mut out = Vec::new();
    let failures = b.failure_threshold.or(Some(DEFAULT_BREAKER_FAILURES));
    put(
        &mut out,
        "failure_threshold",
        pair.stricter("failure_threshold", failures, c.failure_threshold, Ordering::Less),
    );
    let span = |span: Option<Span>| span.map(|span| span.0);
    let recovery = span(b.recovery_timeout).or(Some(DEFAULT_BREAKER_RECOVERY));
    put(
        &mut out,
        "recovery_timeout",
        pair.stricter("recovery_timeout", recovery, span(c.recovery_timeout), Ordering::Greater),
    );
    out
}
