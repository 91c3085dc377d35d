//! x402-firewall 0.1: the dict of `Policy.from_dict`, which YAML files are read into, and the further arguments of
//! `guard()`. Its rules stop at the first that fires; here all are heard and the strictest wins, which is the same
//! outcome, as all but the last of them deny.

use super::draft::{table, text};
use super::hosts::{Anchored, allow, block};
use super::names::{NoNetwork, network};
use super::notes::{NOWHERE, Place, Work};
use crate::json::Json;

const SETTINGS: [&str; 15] = [
    "budget_usd",
    "max_single_payment_usd",
    "require_approval_above",
    "block_vendors",
    "allow_vendors",
    "allow_chains",
    "block_chains",
    "max_payments_per_session",
    "on_budget_exceed",
    "audit_log",
    "audit_path",
    "approval_queue",
    "webhook_url",
    "approval_timeout",
    "firewall",
];

/// Arguments of `guard()` that are about other things than the policy.
const NOT_YET: [(&str, &str); 6] = [
    ("audit_log", "tollwarden has no audit sinks in its policy yet"),
    ("audit_path", "tollwarden has no audit sinks in its policy yet"),
    ("approval_queue", "tollwarden has no approval queue in its policy: the wrapper brings the people in"),
    ("webhook_url", "webhooks are not in the policy: pass `approvalWebhook` as `onApproval`"),
    ("approval_timeout", "set `approvals.timeout` by hand"),
    ("firewall", "an object of the program, which a policy can't hold"),
];

pub(super) fn bring_over(root: &Place<'_>, work: &mut Work) {
    if !work.table(root, "x402-firewall's policy", &SETTINGS) {
        return;
    }
    if let Some(at) = work.setting(root, "max_single_payment_usd")
        && let Some(most) = work.usd(&at)
    {
        let to = work.draft.tighten("payment.max_usd", most);
        work.carried(&at, [to], "a payment above it is denied, one of exactly this much is not");
    }
    if let Some(at) = work.setting(root, "require_approval_above")
        && let Some(from) = work.usd(&at)
    {
        let to = work.draft.tighten("payment.approve_from_usd", from);
        work.carried(&at, [to], "as there, a payment of exactly this much needs approval too, whatever the name says");
    }
    session(root, work);
    if let Some(at) = work.setting(root, "block_vendors") {
        vendors(&at, work, "vendors.block", block);
    }
    if let Some(at) = work.setting(root, "allow_vendors") {
        work.draft.list("vendors.allow");
        vendors(&at, work, "vendors.allow", allow);
    }
    for (key, to) in [("allow_chains", "payment.networks"), ("block_chains", "payment.block_networks")] {
        if let Some(at) = work.setting(root, key) {
            chains(&at, work, to);
        }
    }
    for (key, why) in NOT_YET {
        if let Some(at) = work.setting(root, key) {
            work.lost(&at, why);
        }
    }
}

/// What counts over a session: there one call of the guarded function, here what the caller names one.
fn session(root: &Place<'_>, work: &mut Work) {
    const HERE: &str = "there a session is one call of the guarded function; here it is what the caller names one, and \
                        whoever names none shares one";
    if let Some(at) = work.setting(root, "budget_usd")
        && let Some(limit) = work.usd(&at)
    {
        let name = work.draft.name("session-budget");
        let budget = table([
            ("name", Some(text(&name))),
            ("limit_usd", Some(text(&limit.to_string()))),
            ("window", Some(text("session"))),
            ("per", Some(text("session"))),
        ]);
        let to = work.draft.push("budgets", budget);
        work.differs(&at, [to], format!("{HERE}; what is held counts as well as what is spent"));
    }
    if let Some(at) = work.setting(root, "max_payments_per_session") {
        match work.whole(&at) {
            None => {}
            Some(0) => work.carried(&at, NOWHERE, "0 is no limit there, and there is none here"),
            Some(max) => {
                let name = work.draft.name("session-count");
                let rate = table([
                    ("name", Some(text(&name))),
                    ("max", Some(Json::Number(max.into()))),
                    ("window", Some(text("session"))),
                    ("per", Some(text("session"))),
                ]);
                let to = work.draft.push("rates", rate);
                work.differs(&at, [to], HERE);
            }
        }
    }
    if let Some(at) = work.setting(root, "on_budget_exceed") {
        match at.json.as_str() {
            Some("raise" | "block") => {
                work.carried(
                    &at,
                    NOWHERE,
                    "a payment beyond the budget is denied; what wraps an action throws, `authorize` returns",
                );
            }
            _ => work.malformed(&at, "`raise` or `block`"),
        }
    }
}

fn vendors(at: &Place<'_>, work: &mut Work, list: &str, anchor: fn(&str) -> Result<Anchored, String>) {
    let Some(patterns) = work.texts(at) else { return };
    if patterns.is_empty() && at.items().is_empty() {
        let is_allow_list = list == "vendors.allow";
        let (to, message) = if is_allow_list {
            (Some(list), "an allow list with nothing on it: every payment is denied, as there")
        } else {
            (None, "no vendor is blocked")
        };
        work.carried(at, to, message);
    }
    for (pattern, item) in patterns {
        match anchor(pattern) {
            Ok(Anchored { mut vendors, origin, message }) => {
                let blocked = work.draft.get("vendors.block").and_then(Json::as_array).unwrap_or_default().to_vec();
                if list == "vendors.allow" {
                    vendors.retain(|vendor| !blocked.contains(&text(vendor)));
                }
                if vendors.is_empty() {
                    work.carried(&item, NOWHERE, "blocked too, and a block wins, as there");
                    continue;
                }
                let mut to: Vec<String> = vendors.iter().map(|vendor| work.draft.push(list, text(vendor))).collect();
                to.extend(origin.map(|origin| work.draft.push("origins", text(&origin))));
                work.differs(&item, to, message);
            }
            Err(message) => work.lost(&item, message),
        }
    }
}

fn chains(at: &Place<'_>, work: &mut Work, list: &str) {
    let Some(names) = work.texts(at) else { return };
    let allows = list == "payment.networks";
    if allows {
        work.draft.list(list);
    }
    if at.items().is_empty() {
        let message =
            if allows { "no chain is allowed: every payment is denied, as there" } else { "no chain is blocked" };
        work.carried(at, allows.then_some(list), message);
    }
    for (name, item) in names {
        match network(name) {
            Ok(network) => {
                let to = work.draft.push(list, text(&network));
                work.carried(&item, [to], format!("the chain by its one name, `{network}`"));
            }
            Err(NoNetwork::Unknown(message)) if !allows => {
                work.carried(&item, NOWHERE, format!("{message}; nothing can be paid there, so it needs no blocking"));
            }
            Err(error) => work.lost(&item, error.message()),
        }
    }
}
