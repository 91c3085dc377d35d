//! What a policy leaves open, or shuts altogether.

use super::within::Conditions;
use super::{Lint, LintCode, View, add, conditions_of_budget, conditions_of_rule};
use crate::offer::Flow;
use crate::policy::words::{Calendar, Per, Then, WindowWord};
use crate::policy::{Budget, Counter, Limit};
use crate::time::Millis;

const DAY: Millis = 86_400_000;

pub(super) fn find(view: &View<'_>, lints: &mut Vec<Lint>) {
    shut(view, lints);
    totals(view, lints);
    bursts(view, lints);
    trust(view, lints);
}

/// What lets no payment pass at all.
fn shut(view: &View<'_>, lints: &mut Vec<Lint>) {
    let document = view.document;
    let mut none = |path: &str, message: String| {
        add(
            lints,
            LintCode::NothingAllowed,
            path,
            message,
            Some("if nothing should be paid, freeze the warden instead"),
        );
    };
    let allow = |section: &Option<crate::policy::document::ListSection>| {
        section.as_ref().is_some_and(|section| section.allow.as_ref().is_some_and(Vec::is_empty))
    };
    let payment = document.payment.clone().unwrap_or_default();
    let empty = [
        ("vendors.allow", allow(&document.vendors)),
        ("agents.allow", allow(&document.agents)),
        ("clients.allow", allow(&document.clients)),
        ("payees.allow", document.payees.as_ref().is_some_and(|p| p.allow.as_ref().is_some_and(Vec::is_empty))),
        ("payment.networks", payment.networks.is_some_and(|list| list.is_empty())),
        ("payment.assets", payment.assets.is_some_and(|list| list.is_empty())),
        ("payment.schemes", payment.schemes.is_some_and(|list| list.is_empty())),
        ("payment.flows", payment.flows.is_some_and(|list| list.is_empty())),
    ];
    for (path, _) in empty.into_iter().filter(|(_, empty)| *empty) {
        none(path, format!("`{path}` is empty: no payment can pass"));
    }
    if view.policy.deny_unmatched && !view.rules.iter().any(|(_, rule, _)| rule.then == Then::Allow) {
        none("unmatched", String::from("`unmatched` is deny, and no rule allows: no payment can pass"));
    }
    for (place, rule, section) in &view.rules {
        if rule.then == Then::Deny && conditions_of_rule(rule, section).is_all() {
            none(&format!("rules[{place}]"), format!("`{}` denies every payment", rule.name));
        }
    }
}

fn totals(view: &View<'_>, lints: &mut Vec<Lint>) {
    let limited: Vec<&Budget> = view.budgets.iter().map(|(budget, _)| *budget).filter(|b| b.limit.is_some()).collect();
    let approves_in_all = view
        .budgets
        .iter()
        .any(|(budget, section)| budget.approve_from.is_some() && conditions_of_budget(budget, section).is_all());
    if let Some(from) = view.policy.payment.approve_from_usd.filter(|_| !approves_in_all) {
        let message = format!("people are asked from {from} USD on; two payments of half as much pass unasked");
        let fix = "give a budget an `approve_from_usd`: it counts what was spent in all";
        add(lints, LintCode::SplittingDodges, "payment.approve_from_usd", message, Some(fix));
    }
    if limited.is_empty() {
        let message = "each payment is limited, and no budget limits the sum of them";
        add(lints, LintCode::NoTotal, "budgets", message, Some("add a budget with a limit"));
        return;
    }
    let windows = || limited.iter().map(|budget| budget.counter.window);
    if windows().all(|window| window == WindowWord::Session) {
        let message = "every limit is for a session; who begins a new session begins at zero";
        add(lints, LintCode::SessionsStartAnew, "budgets", message, Some("add a budget over a span or a day"));
    } else if !limited.iter().any(|budget| budget.counter.per == [Per::All]) {
        let names: Vec<String> = limited.iter().map(|budget| format!("`{}`", budget.counter.name)).collect();
        let message =
            format!("each counter of {} has a limit; nothing limits all of them together", names.join(" and "));
        add(lints, LintCode::NoTotalOverAll, "budgets", message, Some("add a budget without `per`"));
    }
}

/// Just before and just after the edge of a calendar's period, its whole limit can be spent.
fn bursts(view: &View<'_>, lints: &mut Vec<Lint>) {
    for (place, (budget, section)) in view.budgets.iter().enumerate() {
        let WindowWord::Calendar(calendar) = budget.counter.window else { continue };
        let Some(limit) = &budget.limit else { continue };
        let conditions = conditions_of_budget(budget, section);
        let damped = view.budgets.iter().any(|(other, other_section)| {
            let smooth = matches!(other.counter.window, WindowWord::Rolling(span) if span >= shortest(calendar))
                || other.counter.window == WindowWord::Lifetime;
            let no_more = match (&other.limit, limit) {
                (Some(Limit::Usd(other)), Limit::Usd(this)) => other <= this,
                (Some(Limit::Asset(other, asset)), Limit::Asset(this, mine)) => asset == mine && other <= this,
                _ => false,
            };
            smooth && no_more && joins(&other.counter, &budget.counter, conditions, other, other_section)
        });
        if !damped {
            let (name, word) = (&budget.counter.name, calendar.word());
            let message = format!("all of `{name}` can be spent at the end of a {word}, and again a moment later");
            let fix = format!("if that matters, use a rolling window such as `{}`, or add one", rolling(calendar));
            add(lints, LintCode::DoubleBurst, format!("budgets[{place}].window"), message, Some(&fix));
        }
    }
}

fn joins(
    wider: &Counter,
    counter: &Counter,
    conditions: Conditions<'_>,
    other: &Budget,
    section: &crate::policy::document::BudgetSection,
) -> bool {
    wider.per.iter().all(|per| *per == Per::All || counter.per.contains(per))
        && conditions.within(&conditions_of_budget(other, section))
}

fn shortest(calendar: Calendar) -> Millis {
    match calendar {
        Calendar::Day => DAY,
        Calendar::Week => DAY.saturating_mul(7),
        Calendar::Month => DAY.saturating_mul(28),
    }
}

fn rolling(calendar: Calendar) -> &'static str {
    match calendar {
        Calendar::Day => "24h",
        Calendar::Week => "7d",
        Calendar::Month => "30d",
    }
}

/// What a policy takes on trust.
fn trust(view: &View<'_>, lints: &mut Vec<Lint>) {
    for flow in view.policy.payment.flows.iter().filter(|flow| **flow != Flow::Authorization) {
        let message = format!("`{}` takes the money before the seller has answered", flow.as_str());
        let fix = "allow `authorization` alone, unless the seller is trusted to deliver";
        add(lints, LintCode::PaysBeforeDelivery, "payment.flows", message, Some(fix));
    }
    let wanted = &view.policy.counterparty;
    let asked = !wanted.allow_contracts
        || wanted.require_verified
        || wanted.min_wallet_age_days.is_some()
        || wanted.max_risk.is_some();
    if wanted.let_missing_pass && asked {
        let message = "`on_missing` is allow: while no facts come, the checks of this section let everything pass";
        add(lints, LintCode::MissingFactsPass, "counterparty.on_missing", message, Some("leave it at `deny`"));
    }
    if let Some(least) = wanted.min_prior_payments.filter(|least| *least > 0) {
        let message = format!(
            "an address must have been paid {least} times before: none can be paid for the first time, \
             unless the facts give `payee_prior_payments`"
        );
        let fix = "limit first payments with `payment.max_first_usd`, or supply the fact";
        add(lints, LintCode::NeverFirst, "counterparty.min_prior_payments", message, Some(fix));
    }
}
