//! presidio-hardened-x402 0.13: policy-as-code in TOML or JSON, the further fields of `SLOPaymentPolicy`, and the
//! settings of `HardenedX402Client`. Its own loader validates the `mpa` block and then forgets it; here it counts.

use super::draft::{table, text, texts};
use super::figures::{decimal, shifted};
use super::names::payee;
use super::notes::{NOWHERE, Place, Work};
use super::presidio_approvals::approvals;
use crate::json::Json;
use crate::origin::{Target, parse_origin};
use crate::time::format_duration;
use crate::words::quoted;

const POLICY: [&str; 12] = [
    "max_per_call_usd",
    "daily_limit_usd",
    "per_endpoint",
    "max_quote_increase_ratio",
    "window_seconds",
    "agent_id",
    "mpa",
    "latency_threshold_ms",
    "max_per_slo_event_usd",
    "cooldown_seconds",
    "max_daily_slo_usd",
    "tier_escalation_rules",
];

/// The client's own settings, beside `policy`.
const CLIENT: [&str; 22] = [
    "policy",
    "trusted_wallets",
    "wallet_pinning",
    "payment_signer",
    "pii_mode",
    "pii_entities",
    "pii_action",
    "replay_ttl",
    "redis_url",
    "audit_writer",
    "httpx_client",
    "mpa_engine",
    "metrics_collector",
    "screening_client",
    "remote_screening",
    "binding",
    "decision_ref_emitter",
    "capability_chain",
    "capability_enforcer",
    "settlement_writer",
    "namespace",
    "screening_api_key",
];

const SLO: &str = "tollwarden has no payments for service levels of their own: every payment is judged alike";

/// Settings that have no place in a tollwarden policy.
const NOT_YET: [(&str, &str); 24] = [
    ("latency_threshold_ms", SLO),
    ("max_per_slo_event_usd", SLO),
    ("cooldown_seconds", SLO),
    ("max_daily_slo_usd", SLO),
    ("tier_escalation_rules", SLO),
    ("payment_signer", "an object of the program, which a policy can't hold"),
    ("pii_mode", "the policy's `privacy` section says it in its own way; write it there by hand"),
    ("pii_entities", "the policy's `privacy` section says it in its own way; write it there by hand"),
    ("pii_action", "the policy's `privacy` section says it in its own way; write it there by hand"),
    ("replay_ttl", "tollwarden has no replay window in its policy yet"),
    ("redis_url", "tollwarden has no store in its policy: the wrapper opens one"),
    ("audit_writer", "tollwarden has no audit sinks in its policy yet"),
    ("httpx_client", "an object of the program, which a policy can't hold"),
    ("mpa_engine", "an object of the program, which a policy can't hold"),
    ("metrics_collector", "tollwarden has no metrics in its policy yet"),
    ("screening_client", "tollwarden calls no screening service"),
    ("remote_screening", "tollwarden calls no screening service"),
    ("binding", "an object of the program, which a policy can't hold"),
    ("decision_ref_emitter", "an object of the program, which a policy can't hold"),
    ("capability_chain", "tollwarden has no capability grants"),
    ("capability_enforcer", "tollwarden has no capability grants"),
    ("settlement_writer", "tollwarden has no audit sinks in its policy yet"),
    ("namespace", "tollwarden has no store in its policy: the wrapper opens one"),
    ("screening_api_key", "tollwarden calls no screening service, and a policy holds no secrets"),
];

pub(super) fn bring_over(root: &Place<'_>, work: &mut Work) {
    let known: Vec<&str> = POLICY.into_iter().chain(CLIENT).collect();
    if !work.table(root, "presidio's policy", &known) {
        return;
    }
    policy(root, work);
    if let Some(at) = work.setting(root, "policy")
        && work.table(&at, "presidio's policy", &POLICY)
    {
        policy(&at, work);
    }
    if let Some(at) = work.setting(root, "trusted_wallets") {
        trusted_wallets(&at, work);
    }
    if let Some(at) = work.setting(root, "wallet_pinning") {
        let then = match at.json.as_str() {
            Some("warn") => "warn",
            Some("block") => "deny",
            _ => return work.malformed(&at, "`warn` or `block`"),
        };
        let to = work.draft.set("payees.pin", text(then));
        work.differs(&at, [to], "there the address first asked for is pinned, here the one first paid: an offer that is denied pins nothing");
    }
}

fn policy(at: &Place<'_>, work: &mut Work) {
    if let Some(most) = work.setting(at, "max_per_call_usd")
        && let Some(usd) = work.usd(&most)
    {
        let to = work.draft.tighten("payment.max_usd", usd);
        work.carried(&most, [to], "a payment above it is denied, one of exactly this much is not");
    }
    budgets(at, work);
    if let Some(ratio) = work.setting(at, "max_quote_increase_ratio") {
        drift(&ratio, work);
    }
    if let Some(id) = work.setting(at, "agent_id") {
        work.differs(&id, NOWHERE, "it decides nothing there, and here each request names its agent");
    }
    if let Some(mpa) = work.setting(at, "mpa") {
        approvals(&mpa, work);
    }
    for (key, why) in NOT_YET {
        if let Some(setting) = work.setting(at, key) {
            work.lost(&setting, why);
        }
    }
}

fn budgets(at: &Place<'_>, work: &mut Work) {
    let seconds_at = work.setting(at, "window_seconds");
    let seconds = match &seconds_at {
        None => Some(86_400),
        Some(place) => work.whole(place).filter(|seconds| *seconds > 0),
    };
    let Some(millis) = seconds.and_then(|seconds| seconds.checked_mul(1_000)) else {
        if let Some(place) = seconds_at.filter(|place| !work.is_lost(place)) {
            work.malformed(&place, "at least one second");
        }
        for key in ["daily_limit_usd", "per_endpoint"] {
            if let Some(limit) = work.setting(at, key) {
                work.lost(&limit, "its window can't be read");
            }
        }
        return;
    };
    let window = format_duration(millis);
    let mut applied = Vec::new();
    if let Some(limit) = work.setting(at, "daily_limit_usd")
        && let Some(usd) = work.usd(&limit)
    {
        let name = work.draft.name(if window == "1d" { "daily" } else { "total" });
        let to = work.draft.push("budgets", budget(&name, &usd.to_string(), &window, None));
        applied.push(format!("{to}.window"));
        work.carried(&limit, [to], format!("rolling over {window}, as there; it would be broken above this figure"));
    }
    if let Some(endpoints) = work.setting(at, "per_endpoint")
        && (endpoints.json.as_object().is_some() || {
            work.malformed(&endpoints, "a table of limits by url prefix");
            false
        })
    {
        per_endpoint(&endpoints, &window, &mut applied, work);
    }
    if let Some(place) = seconds_at {
        if applied.is_empty() {
            work.carried(&place, NOWHERE, "there is no limit that it would apply to");
        } else {
            work.carried(&place, applied, format!("rolling over {window}"));
        }
    }
}

fn budget(name: &str, limit: &str, window: &str, vendor: Option<&str>) -> Json {
    let when = vendor.map(|vendor| table([("vendors", Some(texts(&[vendor])))]));
    table([
        ("name", Some(text(name))),
        ("limit_usd", Some(text(limit))),
        ("window", Some(text(window))),
        ("when", when),
    ])
}

fn per_endpoint(at: &Place<'_>, window: &str, applied: &mut Vec<String>, work: &mut Work) {
    let targets: Vec<Option<Target>> = at.members().iter().map(|(prefix, _)| Target::parse(prefix).ok()).collect();
    for ((prefix, place), target) in at.members().into_iter().zip(&targets) {
        let Some(usd) = work.usd(&place) else { continue };
        let Some(target) = target else {
            work.lost(
                &place,
                format!("{} is not a url: there it never matches, so the limit never holds", quoted(prefix)),
            );
            continue;
        };
        let path = target.path.trim_end_matches('/');
        let on_default_port = target.origin().starts_with("https://") && target.port.is_none();
        let vendor =
            if path.is_empty() || !on_default_port { target.origin() } else { format!("{}{path}", target.host) };
        let name = work.draft.name(&format!("endpoint-{}{path}", target.host));
        let to = work.draft.push("budgets", budget(&name, &usd.to_string(), window, Some(&vendor)));
        applied.push(format!("{to}.window"));
        let mut differences = Vec::new();
        if format!("{}{path}", target.origin()) != prefix.trim_end_matches('/') {
            differences.push("there it is compared letter by letter, so that other spellings have no limit; here all spellings count");
        }
        if !path.is_empty() && !on_default_port {
            differences.push("here it counts the whole origin, not this path alone");
        }
        if !target.is_plain() {
            differences.push(
                "it is not https on the default port of a DNS name: list the origin under `origins` to let it be paid",
            );
        }
        if targets.iter().flatten().any(|other| nested(target, other) || nested(other, target)) {
            differences.push("there only the longest of several prefixes counts; here each that covers the url does");
        }
        if differences.is_empty() {
            work.carried(&place, [to], "counted by the url that was requested, never by what the seller says");
        } else {
            work.differs(&place, [to], differences.join("; "));
        }
    }
}

/// Whether one prefix stands below the other.
fn nested(inner: &Target, outer: &Target) -> bool {
    let (inner_path, outer_path) = (inner.path.trim_end_matches('/'), outer.path.trim_end_matches('/'));
    inner.origin() == outer.origin() && inner_path.strip_prefix(outer_path).is_some_and(|rest| rest.starts_with('/'))
}

/// Half as much again is 50 per cent. What is finer than a hundredth of a per cent is cut off, which is stricter.
fn drift(at: &Place<'_>, work: &mut Work) {
    let percent = decimal(at.json).and_then(|ratio| {
        let (whole, fraction) = ratio.split_once('.').unwrap_or((&ratio, "0"));
        let percent = shifted(whole, fraction, 2)?;
        let (whole, fraction) = percent.split_once('.').unwrap_or((&percent, ""));
        let fraction = fraction.get(..fraction.len().min(2))?.trim_end_matches('0');
        Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
    });
    let Some(percent) = percent else { return work.malformed(at, "a share, zero or more, such as 0.5") };
    let to = work.draft.set("prices.max_drift_percent", text(&percent));
    let then = work.draft.set("prices.then", text("deny"));
    work.differs(
        at,
        [to, then],
        format!(
            "{percent} per cent above the first price paid on a route; there the reference is the first price asked, and a \
             cheaper one takes its place"
        ),
    );
}

/// Addresses by origin. A policy can't say "this origin, but not these addresses", so it says what is allowed and
/// denies the rest.
fn trusted_wallets(at: &Place<'_>, work: &mut Work) {
    if at.json.as_object().is_none() {
        return work.malformed(at, "a table of addresses by origin");
    }
    for (origin, wallets) in at.members() {
        let unmatched = work.draft.set("unmatched", text("deny"));
        let vendor = match parse_origin(origin) {
            Ok(vendor) => vendor,
            Err(refusal) => {
                work.lost(&wallets, refusal.message);
                continue;
            }
        };
        let Some(addresses) = work.texts(&wallets) else { continue };
        let mut payees = Vec::new();
        for (address, item) in &addresses {
            match payee(address) {
                Ok(address) => payees.push((address, item)),
                Err(message) => work.lost(item, message),
            }
        }
        let mut to = vec![unmatched];
        if !payees.is_empty() {
            let name = work.draft.name(&format!("trusted-{vendor}"));
            let addresses: Vec<&str> = payees.iter().map(|(address, _)| address.as_str()).collect();
            let when = table([("vendors", Some(texts(&[&vendor]))), ("payees", Some(texts(&addresses)))]);
            let rule = table([("name", Some(text(&name))), ("when", Some(when)), ("then", Some(text("allow")))]);
            to.push(work.draft.push("rules", rule));
        }
        const STRICTER: &str = "this origin may be paid at its addresses alone, as there; an origin that is not listed is \
                                denied here, where there it may be paid at any address";
        for (_, item) in &payees {
            work.differs(item, to.clone(), STRICTER);
        }
        if wallets.items().is_empty() {
            work.differs(&wallets, to, STRICTER);
        }
    }
}
