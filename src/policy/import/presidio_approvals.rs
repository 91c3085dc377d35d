//! presidio's `mpa` block: who has to approve, and from which figure on. Its own loader validates the block and then drops
//! it; here it holds.

use super::Level;
use super::draft::text;
use super::notes::{NOWHERE, Place, Work};
use crate::json::Json;
use crate::words::quoted;

pub(super) fn approvals(at: &Place<'_>, work: &mut Work) {
    const KNOWN: [&str; 6] = [
        "threshold",
        "approvers",
        "min_amount_usd",
        "timeout_seconds",
        "dns_rebinding_protection",
        "max_signature_age_seconds",
    ];
    const DROPPED: &str = "presidio's own loader validates the `mpa` block and then drops it; here it holds";
    if !work.table(at, "presidio's `mpa`", &KNOWN) {
        return;
    }
    match work.setting(at, "min_amount_usd") {
        Some(place) => {
            if let Some(from) = work.usd(&place) {
                let to = work.draft.tighten("payment.approve_from_usd", from);
                work.carried(&place, [to], format!("a payment of exactly this much needs approval; {DROPPED}"));
            }
        }
        None => {
            let to = work.draft.set("payment.approve_from_usd", text("0"));
            work.remark(
                Level::Carried,
                at,
                [to],
                format!("no `min_amount_usd`: every payment needs approval; {DROPPED}"),
            );
        }
    }
    match work.setting(at, "threshold") {
        Some(place) => {
            if let Some(threshold) = work.whole(&place) {
                let to = work.draft.set("approvals.threshold", Json::Number(threshold.into()));
                work.carried(&place, [to], "so many different people have to approve");
            }
        }
        None => work.remark(Level::Lost, at, NOWHERE, "`threshold` is missing"),
    }
    match work.setting(at, "approvers") {
        Some(list) if list.json.as_array().is_some() => {
            work.draft.list("approvals.approvers");
            for approver in list.items() {
                approver_of(&approver, work);
            }
        }
        Some(list) => work.malformed(&list, "a list of approvers"),
        None => work.remark(Level::Lost, at, NOWHERE, "`approvers` is missing"),
    }
    for (key, why) in [
        ("timeout_seconds", "set `approvals.timeout` by hand: it is for people, who need longer than a machine"),
        (
            "dns_rebinding_protection",
            "webhooks are not in the policy: `askApprovers` checks where a name leads, always",
        ),
        ("max_signature_age_seconds", "set `approvals.max_signature_age` by hand"),
    ] {
        if let Some(setting) = work.setting(at, key) {
            work.lost(&setting, why);
        }
    }
}

fn approver_of(at: &Place<'_>, work: &mut Work) {
    if !work.table(at, "an approver", &["approver_id", "mode", "webhook_url", "shared_secret"]) {
        return;
    }
    match work.setting(at, "approver_id").map(|id| (id.json.as_str(), id)) {
        Some((Some(name), id)) if !name.is_empty() => {
            let listed = work.draft.get("approvals.approvers").and_then(Json::as_array).unwrap_or_default();
            if listed.contains(&text(name)) {
                work.lost(&id, format!("{} is named twice: one person is one approval", quoted(name)));
            } else {
                let to = work.draft.push("approvals.approvers", text(name));
                work.carried(&id, [to], "may approve");
            }
        }
        Some((_, id)) => work.malformed(&id, "a name"),
        None => work.remark(Level::Lost, at, NOWHERE, "`approver_id` is missing"),
    }
    // What these hold is not repeated in a message: it may be a secret.
    for (key, why) in [
        (
            "mode",
            "how an approver is asked is not in the policy: see `onApproval`, and `approvals.keys` for signatures",
        ),
        ("webhook_url", "webhooks are not in the policy: pass `askApprovers` as `onApproval`"),
        ("shared_secret", "a policy holds no secrets: keep it where the approver's key is kept"),
    ] {
        if let Some(setting) = work.setting(at, key) {
            work.lost(&setting, why);
        }
    }
}
