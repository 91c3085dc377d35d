//! smart402: policies by the 13 type names of its API. Its engine is closed: where its site and its API say different
//! things, the stricter one is taken. All its policies hold at once, so of two of one type the stricter stands.

use super::Level;
use super::notes::{NOWHERE, Place, Work};
use super::smart402_hours::Opening;
use super::smart402_parameters::Parameters;
use crate::json::Json;
use crate::words::{nearest, quoted};

/// The types, each with the parameters that it takes.
const TYPES: [(&str, &[&str]); 13] = [
    ("max_transaction_amount", &["max_amount", "token"]),
    ("daily_budget", &["max_daily", "token"]),
    ("weekly_budget", &["max_weekly", "token"]),
    ("monthly_budget", &["max_monthly", "token"]),
    ("allowed_tokens", &["tokens"]),
    ("allowed_chains", &["chains"]),
    ("counterparty_allowlist", &["addresses"]),
    ("counterparty_blocklist", &["addresses"]),
    ("time_restriction", &["allowed_hours_utc", "allowed_days"]),
    ("contract_restriction", &["allow_contracts", "require_verified"]),
    ("counterparty_familiarity", &["require_seen_before", "max_amount_first_time", "min_interactions"]),
    ("wallet_age_restriction", &["min_age_days"]),
    ("counterparty_risk_threshold", &["max_risk_score"]),
];

const SETTINGS: [&str; 12] = [
    "type",
    "policy_type",
    "parameters",
    "params",
    "priority",
    "enabled",
    "is_active",
    "status",
    "id",
    "name",
    "description",
    "agent_id",
];

pub(super) fn bring_over(root: &Place<'_>, work: &mut Work) {
    let list = match root.json {
        Json::Object(_) if root.get("policies").is_some() => {
            work.table(root, "smart402's account", &["policies", "fail_mode"]);
            if let Some(mode) = work.setting(root, "fail_mode") {
                fail_mode(&mode, work);
            }
            root.get("policies").unwrap_or_else(|| root.clone())
        }
        _ => root.clone(),
    };
    let policies = match list.json {
        Json::Object(_) => vec![list],
        Json::Array(_) => list.items(),
        _ => return work.malformed(&list, "a list of smart402's policies"),
    };
    let mut opening = Opening::default();
    for policy in policies {
        one(&policy, &mut opening, work);
    }
    work.draft.block_wins("payees");
    opening.write(&mut work.draft);
}

fn fail_mode(at: &Place<'_>, work: &mut Work) {
    match at.json.as_str() {
        Some("fail_closed") => {
            work.carried(at, NOWHERE, "tollwarden decides in the process, and denies when it can't decide")
        }
        Some("fail_open") => work.differs(at, NOWHERE, "tollwarden never pays because it could not decide"),
        _ => work.malformed(at, "`fail_open` or `fail_closed`"),
    }
}

fn one(at: &Place<'_>, opening: &mut Opening, work: &mut Work) {
    if !work.table(at, "a policy of smart402", &SETTINGS) {
        return;
    }
    let off = |key: &str| at.get(key).is_some_and(|flag| *flag.json == Json::Bool(false));
    let status = at.get("status").and_then(|status| status.json.as_str());
    if off("enabled") || off("is_active") || matches!(status, Some("paused" | "disabled")) {
        return work.carried(at, NOWHERE, "this policy is switched off there, so it is left out");
    }
    for key in ["enabled", "is_active"] {
        if let Some(flag) = work.setting(at, key)
            && work.boolean(&flag).is_some()
        {
            work.carried(&flag, NOWHERE, "this policy holds");
        }
    }
    match work.setting(at, "status") {
        Some(flag) if status == Some("active") => work.carried(&flag, NOWHERE, "this policy holds"),
        Some(flag) => work.malformed(&flag, "`active`, `paused` or `disabled`"),
        None => {}
    }
    for (key, why) in [
        ("id", "it decides nothing; left out"),
        ("name", "it decides nothing; left out"),
        ("description", "it decides nothing; left out"),
        ("agent_id", "a tollwarden policy holds for every agent that it is given to"),
        ("priority", "there is no order here: every control is heard, and the strictest wins"),
    ] {
        if let Some(setting) = work.setting(at, key) {
            work.differs(&setting, NOWHERE, why);
        }
    }
    let kind_at = ["type", "policy_type"].into_iter().find_map(|key| at.get(key));
    let parameters = ["parameters", "params"].into_iter().find_map(|key| work.setting(at, key));
    let known = kind_at.as_ref().and_then(|kind| {
        let name = kind.json.as_str()?;
        TYPES.iter().find(|(known, _)| *known == name)
    });
    let Some((kind, takes)) = known else {
        let message = match kind_at.as_ref().and_then(|kind| kind.json.as_str()) {
            Some(name) => {
                let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                let hint = nearest(name, names.iter().copied());
                let hint = hint
                    .map_or_else(|| format!("; known are {}", names.join(", ")), |n| format!("; did you mean `{n}`?"));
                format!("{} is not a type of smart402's policies{hint}", quoted(name))
            }
            None => String::from("expected `type`, the name of one of smart402's policies"),
        };
        work.remark(Level::Lost, at, NOWHERE, message.clone());
        for place in kind_at.iter().chain(&parameters) {
            work.lost(place, message.clone());
        }
        return;
    };
    let Some(parameters) = parameters.filter(|parameters| work.table(parameters, kind, takes)) else {
        let message = "its parameters are missing, so it can't hold";
        if let Some(place) = kind_at {
            work.lost(&place, message);
        }
        return;
    };
    if let Some(place) = &kind_at {
        work.carried(place, NOWHERE, "see its parameters");
    }
    let read = Parameters { kind, at: &parameters };
    if !read.bring_over(opening, work) && !takes.iter().any(|key| parameters.get(key).is_some()) {
        work.remark(Level::Lost, &parameters, NOWHERE, format!("expected {}", takes.join(", ")));
        if let Some(place) = kind_at {
            work.lost(&place, "it has none of its parameters, so it can't hold");
        }
    }
}
