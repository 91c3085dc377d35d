//! PaySentry 1.0: a `SpendPolicy`, a list of them, or an adapter's settings with `policies`. Of several policies the
//! strictest answer counts there, and here too. Within one, its first rule that matches decides; here all are heard.

use super::Level;
use super::draft::{table, text, texts};
use super::figures::STEP;
use super::names::{Currency, currency, is_literal};
use super::notes::{NOWHERE, Place, Work};
use super::paysentry_rules::{Gate, rules};
use crate::json::Json;
use crate::money::Usd;
use crate::policy::vendors::VendorSet;
use crate::time::format_duration;
use crate::words::quoted;

const ADAPTER: [&str; 7] =
    ["policies", "circuitBreaker", "defaultAgentId", "defaultCurrency", "sessionId", "abortOnPolicyDeny", "failOpen"];
const POLICY: [&str; 7] = ["id", "name", "description", "rules", "budgets", "cooldownMs", "enabled"];
const BUDGET: [&str; 7] = ["window", "maxAmount", "currency", "agentIds", "serviceIds", "clientId", "clientIds"];

pub(super) fn bring_over(root: &Place<'_>, work: &mut Work) {
    let is_adapter = root.get("policies").is_some() || root.get("circuitBreaker").is_some();
    let policies = match root.json {
        Json::Object(_) if is_adapter => {
            work.table(root, "PaySentry's adapter", &ADAPTER);
            adapter(root, work);
            root.get("policies").map(|list| list.items()).unwrap_or_default()
        }
        Json::Object(_) => vec![root.clone()],
        Json::Array(_) => root.items(),
        _ => return work.malformed(root, "one of PaySentry's policies, or a list of them"),
    };
    let mut gate = Gate::over(&policies);
    let mut labels = Vec::new();
    for policy in &policies {
        labels.extend(one(policy, policies.len() > 1, &mut gate, work));
    }
    gate.bound(work);
    if !labels.is_empty() {
        work.draft.set("name", text(&labels.join(" + ")));
    }
}

fn adapter(root: &Place<'_>, work: &mut Work) {
    for (key, why) in [
        ("defaultAgentId", "here each request names its agent"),
        ("defaultCurrency", "here the asset is read from the offer, by its address"),
        ("sessionId", "here each request names its session"),
    ] {
        if let Some(at) = work.setting(root, key) {
            work.differs(&at, NOWHERE, why);
        }
    }
    for (key, strict) in [("abortOnPolicyDeny", true), ("failOpen", false)] {
        let Some(at) = work.setting(root, key) else { continue };
        match work.boolean(&at) {
            Some(value) if value == strict => work.carried(&at, NOWHERE, "always so here"),
            Some(_) => {
                work.differs(&at, NOWHERE, "here a denial always holds, and nothing is paid that could not be decided")
            }
            None => {}
        }
    }
    let Some(breaker) = work.setting(root, "circuitBreaker") else { return };
    if !work.table(&breaker, "the circuit breaker", &["failureThreshold", "recoveryTimeoutMs", "halfOpenMaxRequests"]) {
        return;
    }
    if let Some(at) = work.setting(&breaker, "failureThreshold")
        && let Some(failures) = work.whole(&at)
    {
        let to = work.draft.set("breaker.failure_threshold", Json::Number(failures.into()));
        work.carried(&at, [to], "failures in a row, for each origin");
    }
    if let Some(at) = work.setting(&breaker, "recoveryTimeoutMs")
        && let Some(millis) = work.whole(&at)
    {
        let to = work.draft.set("breaker.recovery_timeout", text(&format_duration(millis)));
        work.carried(&at, [to], "until one payment is let through again to see");
    }
    if let Some(at) = work.setting(&breaker, "halfOpenMaxRequests")
        && let Some(probes) = work.whole(&at)
    {
        match probes {
            1 => work.carried(&at, NOWHERE, "one payment is let through to see, as always here"),
            _ => work.differs(&at, NOWHERE, "here one payment at a time is let through to see"),
        }
    }
}

/// One policy; its name for people, if it has one.
fn one<'a>(at: &Place<'a>, several: bool, gate: &mut Gate<'a>, work: &mut Work) -> Option<String> {
    if !work.table(at, "a policy of PaySentry", &POLICY) {
        return None;
    }
    match at.get("enabled") {
        Some(flag) if *flag.json == Json::Bool(false) => {
            work.carried(at, NOWHERE, "this policy is switched off there, so it is left out");
            return None;
        }
        Some(flag) if *flag.json == Json::Bool(true) => work.carried(&flag, NOWHERE, "this policy holds"),
        Some(flag) => work.malformed(&flag, "true or false"),
        None => work.remark(
            Level::Differs,
            at,
            NOWHERE,
            "`enabled` is missing, and there that switches the policy off; here it holds",
        ),
    }
    let label = work.setting(at, "name").and_then(|name| match name.json.as_str() {
        Some(label) if !label.is_empty() => {
            work.carried(&name, ["name"], "the policy's name for people");
            Some(label.to_owned())
        }
        _ => {
            work.malformed(&name, "a text");
            None
        }
    });
    for key in ["id", "description"] {
        if let Some(setting) = work.setting(at, key) {
            work.differs(&setting, NOWHERE, "it decides nothing; left out");
        }
    }
    let id = at.get("id").and_then(|id| id.json.as_str()).filter(|_| several);
    let named = |name: &str| id.map_or_else(|| name.to_owned(), |id| format!("{id}-{name}"));
    if let Some(list) = work.setting(at, "budgets") {
        if list.json.as_array().is_none() {
            work.malformed(&list, "a list of budgets");
        }
        for place in list.items() {
            budget(&place, &named, work);
        }
    }
    if let Some(place) = work.setting(at, "cooldownMs")
        && let Some(millis) = work.whole(&place)
    {
        if millis == 0 {
            work.carried(&place, NOWHERE, "0 is no cooldown there, and there is none here");
        } else {
            let name = work.draft.name(&named("cooldown"));
            let rate = table([
                ("name", Some(text(&name))),
                ("min_gap", Some(text(&format_duration(millis)))),
                ("per", Some(text("agent"))),
            ]);
            let to = work.draft.push("rates", rate);
            work.carried(&place, [to], "between two payments of one agent");
        }
    }
    if let Some(list) = work.setting(at, "rules") {
        if list.json.as_array().is_none() {
            work.malformed(&list, "a list of rules");
        }
        rules(at, &list.items(), gate, work);
    }
    label
}

/// How long a spend counts, and the budget's name.
const WINDOWS: [(&str, &str, Option<&str>); 4] = [
    ("hourly", "1h", Some("there an hour of the clock, here the 60 minutes before each payment, which is stricter")),
    ("daily", "day", None),
    ("weekly", "week", Some("there from Monday by the machine's own clock, here from Monday in UTC")),
    ("monthly", "month", None),
];

fn budget(at: &Place<'_>, named: &impl Fn(&str) -> String, work: &mut Work) {
    if !work.table(at, "a budget", &BUDGET) {
        return;
    }
    let (Some(window_at), Some(limit_at)) = (work.setting(at, "window"), work.setting(at, "maxAmount")) else {
        work.remark(Level::Lost, at, NOWHERE, "expected `window` and `maxAmount`");
        return work.lost(at, "a budget needs `window` and `maxAmount`");
    };
    let per_payment = window_at.json.as_str() == Some("per_transaction");
    let window = WINDOWS.iter().find(|(name, ..)| Some(*name) == window_at.json.as_str());
    if window.is_none() && !per_payment {
        work.lost(at, "its window can't be read");
        return work.malformed(&window_at, "`per_transaction`, `hourly`, `daily`, `weekly` or `monthly`");
    }
    if !unit(at, work) {
        return;
    }
    let scope = scope(at, work);
    let Some(limit) = work.usd(&limit_at) else {
        return work.carried(&window_at, NOWHERE, "the limit beside it is none");
    };
    if per_payment {
        let to = per_transaction(limit, &scope, named, work);
        work.carried(&window_at, [to.clone()], "each payment for itself");
        work.carried(&limit_at, [to.clone()], "a payment above it is denied, one of exactly this much is not");
        scope.note(&to, work);
        return;
    }
    let Some((name, window, difference)) = window else { return };
    let name = work.draft.name(&named(name));
    let budget = table([
        ("name", Some(text(&name))),
        ("limit_usd", Some(text(&limit.to_string()))),
        ("window", Some(text(window))),
        ("when", scope.when()),
    ]);
    let to = work.draft.push("budgets", budget);
    match difference {
        Some(difference) => work.differs(&window_at, [to.clone()], *difference),
        None => work.carried(
            &window_at,
            [to.clone()],
            "by the calendar in UTC, as there; by the ledger's clock, not the payment's own date",
        ),
    }
    work.carried(&limit_at, [to.clone()], "held and spent together never exceed it");
    scope.note(&to, work);
}

/// A cap for all is the payment's maximum; one for some is a rule.
fn per_transaction(limit: Usd, scope: &Scope<'_>, named: &impl Fn(&str) -> String, work: &mut Work) -> String {
    let above = limit.checked_add(STEP);
    let (Some(Json::Object(mut when)), Some(above)) = (scope.when(), above) else {
        return work.draft.tighten("payment.max_usd", limit);
    };
    when.push((String::from("min_usd"), text(&above.to_string())));
    let name = work.draft.name(&named("per-transaction"));
    let rule = table([("name", Some(text(&name))), ("when", Some(Json::Object(when))), ("then", Some(text("deny")))]);
    work.draft.push("rules", rule)
}

/// The unit of a budget. False if nothing can be paid in it, so that the budget is left out.
fn unit(at: &Place<'_>, work: &mut Work) -> bool {
    let Some(place) = work.setting(at, "currency") else { return true };
    let Some(symbol) = place.json.as_str() else {
        work.malformed(&place, "the symbol of a currency");
        return true;
    };
    match currency(symbol) {
        Currency::Dollars => work.carried(&place, NOWHERE, "limits are in US dollars"),
        Currency::Assets(_) => work.differs(
            &place,
            NOWHERE,
            "here the limit is in dollars over all assets, which is stricter: a symbol proves nothing",
        ),
        Currency::Misspelt(hint) => {
            work.lost(&place, format!("{} is not a known currency; did you mean `{hint}`?", quoted(symbol)));
        }
        Currency::Unknown => {
            let message = format!("nothing can be paid in {} here, so its budget is left out", quoted(symbol));
            work.differs(at, NOWHERE, message);
            return false;
        }
    }
    true
}

/// Which payments a budget counts.
#[derive(Default)]
struct Scope<'a> {
    lists: Vec<(&'static str, Vec<String>)>,
    kept: Vec<(Place<'a>, &'static str)>,
    ignored_there: Vec<Place<'a>>,
}

impl Scope<'_> {
    fn when(&self) -> Option<Json> {
        let members: Vec<(String, Json)> =
            self.lists.iter().map(|(key, names)| ((*key).to_owned(), texts(names))).collect();
        (!members.is_empty()).then_some(Json::Object(members))
    }

    fn note(&self, to: &str, work: &mut Work) {
        for (place, message) in &self.kept {
            work.note(
                if message.starts_with("there") { Level::Differs } else { Level::Carried },
                place,
                [to],
                *message,
            );
        }
        for place in &self.ignored_there {
            work.differs(place, [to], "PaySentry's own engine ignores this, so that the budget counts everybody; here it counts this client alone");
        }
    }
}

fn scope<'a>(at: &Place<'a>, work: &mut Work) -> Scope<'a> {
    let mut scope = Scope::default();
    let mut clients = Vec::new();
    for (key, list) in
        [("agentIds", "agents"), ("serviceIds", "vendors"), ("clientIds", "clients"), ("clientId", "clients")]
    {
        let Some(place) = work.setting(at, key) else { continue };
        let entries = match place.json.as_str() {
            Some(text) if key == "clientId" => vec![(text, place.clone())],
            _ => work.texts(&place).unwrap_or_default(),
        };
        let mut names = Vec::new();
        for (name, item) in entries {
            let good = if list == "vendors" {
                name.contains('.') && VendorSet::default().add(name).is_ok()
            } else {
                is_literal(name)
            };
            if !good {
                work.lost(
                    &item,
                    format!("{}; the budget counts more without it, never less", cannot_scope(list, name)),
                );
                continue;
            }
            names.push(name.to_owned());
            match list {
                "vendors" => scope.kept.push((item, "there a service's name, here the host that was requested")),
                "clients" => scope.ignored_there.push(item),
                _ => scope.kept.push((item, "one counter for all that are listed, as there")),
            }
        }
        // A list of which part is lost would count less than the source: then it counts everything.
        if work.is_lost(&place) || names.is_empty() {
            let leaves: Vec<String> = place.leaves().into_iter().map(|leaf| leaf.path).collect();
            scope.kept.retain(|(kept, _)| !leaves.contains(&kept.path));
            scope.ignored_there.retain(|kept| !leaves.contains(&kept.path));
            if work.is_lost(&place) {
                work.lost(&place, "part of this list is lost, so the budget counts everybody");
            } else {
                work.carried(&place, NOWHERE, "empty: the budget counts everybody");
            }
        } else if list == "clients" {
            clients.extend(names);
        } else {
            scope.lists.push((list, names));
        }
    }
    if !clients.is_empty() {
        scope.lists.push(("clients", clients));
    }
    scope
}

fn cannot_scope(list: &str, name: &str) -> String {
    match list {
        "vendors" => {
            format!("{} is not a host: tollwarden knows a service by the host that was requested", quoted(name))
        }
        _ => format!("{} can't be a name here: `*` and `?` are wildcards", quoted(name)),
    }
}
