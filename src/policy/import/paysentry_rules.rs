//! PaySentry's rules: the first that matches decides there, and one that matches everything closes the list. Here all
//! rules are heard and the strictest wins; a closing `deny` becomes `unmatched = "deny"`, with the rules before it as
//! what is spoken for.

use super::Level;
use super::draft::{table, text};
use super::notes::{NOWHERE, Place, Work};
use super::paysentry_conditions::{CONDITIONS, Conditions};
use crate::json::Json;
use crate::money::Usd;

const RULE: [&str; 7] = ["id", "name", "description", "enabled", "priority", "conditions", "action"];
const TWO_GATES: &str = "several policies deny what they don't allow, and one document can't ask for the consent of each: \
                         all is denied here; import them one by one";
/// From the mildest to the strictest.
const ACTIONS: [&str; 4] = ["allow", "flag", "require_approval", "deny"];

/// What the policies say together.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    /// How many deny what they don't allow. One can be said here; two would both have to be met.
    policies: usize,
    /// Figures from which all payments in some currency are denied.
    caps: Vec<(Usd, Place<'a>)>,
}

impl<'a> Gate<'a> {
    pub fn over(policies: &[Place<'a>]) -> Self {
        let policies = policies.iter().filter(|policy| is_on(policy) && closes(policy).is_some()).count();
        Self { policies, caps: Vec::new() }
    }

    /// A policy has to bound something. Where only rules do, the largest of their figures bounds what they don't speak of.
    pub fn bound(&self, work: &mut Work) {
        let bounded = work.draft.get("payment.max_usd").is_some() || work.draft.get("budgets").is_some();
        let Some(most) = self.caps.iter().map(|(cap, _)| *cap).max().filter(|_| !bounded) else { return };
        let to = work.draft.tighten("payment.max_usd", most);
        for (_, place) in &self.caps {
            work.differs(
                place,
                [to.clone()],
                "and as nothing else bounds what the rule does not speak of, no payment may be above it",
            );
        }
    }
}

/// How a policy denies what it doesn't allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// By a last rule that denies everything.
    Said,
    /// By the promise of `allowOnlyRecipients` alone, which its engine does not keep.
    Promised,
}

fn is_on(place: &Place<'_>) -> bool {
    place.get("enabled").is_none_or(|flag| *flag.json != Json::Bool(false))
}

fn ordered<'a>(rules: Vec<Place<'a>>) -> Vec<Place<'a>> {
    let mut rules = rules;
    rules.sort_by(|a, b| priority(a).total_cmp(&priority(b)));
    rules
}

/// The builder's own default is 100.
fn priority(rule: &Place<'_>) -> f64 {
    match rule.get("priority").map(|priority| priority.json) {
        Some(Json::Number(number)) => number.to_string().parse().unwrap_or(100.0),
        _ => 100.0,
    }
}

fn action<'a>(rule: &Place<'a>) -> Option<&'a str> {
    rule.get("action").and_then(|action| action.json.as_str()).filter(|action| ACTIONS.contains(action))
}

fn strictness(action: &str) -> usize {
    ACTIONS.iter().position(|known| *known == action).unwrap_or(0)
}

/// Whether no rule after this one is ever heard. One that does not say that it is on is off there, so that it ends
/// nothing; a `deny` is taken at its word all the same, which is stricter.
fn ends(rule: &Place<'_>) -> bool {
    let said = rule.get("enabled").map(|flag| flag.json);
    let on = said == Some(&Json::Bool(true)) || (said.is_none() && action(rule) == Some("deny"));
    on && action(rule).is_some() && matches_all(rule)
}

/// Whether a rule matches every payment.
fn matches_all(rule: &Place<'_>) -> bool {
    rule.get("conditions").is_some_and(|conditions| {
        conditions.json.as_object().is_some()
            && conditions.members().iter().all(|(key, place)| says_nothing(key, place))
    })
}

fn says_nothing(key: &str, place: &Place<'_>) -> bool {
    let any =
        ["agents", "recipients"].contains(&key) && place.items().iter().any(|item| item.json.as_str() == Some("*"));
    let x402 = key == "protocols" && place.items().iter().any(|item| item.json.as_str() == Some("x402"));
    let empty = !["minAmount", "maxAmount"].contains(&key)
        && place.leaves().iter().all(|leaf| leaf.path == place.path)
        && matches!(place.json, Json::Array(_) | Json::Object(_) | Json::Null);
    any || x402 || empty
}

fn closes(policy: &Place<'_>) -> Option<Closing> {
    let rules = ordered(policy.get("rules")?.items().into_iter().filter(is_on).collect());
    let closing = rules.iter().position(ends);
    match closing {
        Some(last) => {
            let denies = rules.get(last).and_then(action) == Some("deny");
            let speaks = rules.iter().take(last).any(|rule| action(rule).is_some_and(|action| action != "deny"));
            (denies && speaks).then_some(Closing::Said)
        }
        None => rules.iter().any(is_promise).then_some(Closing::Promised),
    }
}

/// What `allowOnlyRecipients` builds.
fn is_promise(rule: &Place<'_>) -> bool {
    let text = |key: &str| rule.get(key).and_then(|place| place.json.as_str()).unwrap_or_default();
    action(rule) == Some("allow") && (text("id") == "allow-recipients" || text("name").starts_with("Allow only"))
}

/// The rules of one policy.
pub(super) fn rules<'a>(policy: &Place<'a>, items: &[Place<'a>], gate: &mut Gate<'a>, work: &mut Work) {
    let closing = closes(policy);
    if closing.is_some() {
        work.draft.set("unmatched", text("deny"));
    }
    let order = ordered(items.to_vec());
    let end = order.iter().position(ends);
    // Without a priority for each, what comes after the end is not certain: then only what allows is switched off.
    let certain = order.iter().all(|rule| matches!(rule.get("priority").map(|p| p.json), Some(Json::Number(_))));
    let mut mildest: Option<usize> = None;
    for (place, rule) in order.iter().enumerate() {
        let stands = Standing {
            after_the_end: end.is_some_and(|end| place > end) && (certain || action(rule) == Some("allow")),
            is_the_end: end == Some(place),
            milder_before: action(rule).is_some_and(|action| mildest.is_some_and(|before| before < strictness(action))),
            closing,
            gates: gate.policies,
        };
        gate.caps.extend(one(rule, &stands, work));
        if let (true, Some(action)) = (is_on(rule), action(rule)) {
            mildest = Some(mildest.map_or(strictness(action), |before| before.min(strictness(action))));
        }
    }
}

/// How a rule stands to the others.
struct Standing {
    after_the_end: bool,
    is_the_end: bool,
    milder_before: bool,
    closing: Option<Closing>,
    gates: usize,
}

/// One rule; and the figure from which it denies everything in its currencies, if that is what it does.
fn one<'a>(at: &Place<'a>, stands: &Standing, work: &mut Work) -> Option<(Usd, Place<'a>)> {
    if !work.table(at, "a rule", &RULE) {
        return None;
    }
    let wish = ["id", "name"].iter().find_map(|key| at.get(key)?.json.as_str()).unwrap_or("rule");
    let (Some(then), Some(conditions)) = (action(at), work.setting(at, "conditions")) else {
        match work.setting(at, "action") {
            Some(place) if action(at).is_none() => work.malformed(&place, &ACTIONS.join(", ")),
            Some(_) => {}
            None => work.remark(Level::Lost, at, NOWHERE, "`action` is missing"),
        }
        if at.get("conditions").is_none() {
            work.remark(Level::Lost, at, NOWHERE, "`conditions` is missing");
        }
        work.lost(at, "a rule that can't be read can't hold");
        return None;
    };
    if !work.table(&conditions, "conditions", &CONDITIONS) {
        work.lost(at, "a rule without conditions that can be read can't hold");
        return None;
    }
    // The end of a list that denies the rest is said by `unmatched`.
    if stands.is_the_end && stands.closing == Some(Closing::Said) {
        if stands.gates > 1 {
            work.lost(at, TWO_GATES);
        } else {
            work.carried(at, ["unmatched"], "the last word, for what no rule before it speaks for");
        }
        return None;
    }
    let found = Conditions::read(&conditions, then, work);
    let can_fire = !stands.after_the_end && !found.never && (then != "allow" || !found.lost);
    let enabled = enabled(at, then, work) && can_fire;
    let to = write(wish, then, &found, enabled, stands, work);
    found.note(&to, work);
    describe(at, then, stands, &to, work);
    let caps_all = enabled && then == "deny" && found.currency_only();
    found.least.filter(|(usd, _)| caps_all && *usd > Usd::ZERO)
}

/// Whether a rule is switched on. One that doesn't say so is off there; here the stricter of the two is taken.
fn enabled(at: &Place<'_>, then: &str, work: &mut Work) -> bool {
    match at.get("enabled") {
        None => {
            work.remark(
                Level::Differs,
                at,
                NOWHERE,
                "`enabled` is missing, and there that switches the rule off; here it holds unless it allows",
            );
            then != "allow"
        }
        Some(flag) => {
            let on = work.boolean(&flag);
            if on.is_some() {
                work.carried(
                    &flag,
                    NOWHERE,
                    if on == Some(true) { "the rule is on" } else { "the rule is off, here too" },
                );
            }
            on.unwrap_or(then != "allow")
        }
    }
}

/// Writes the rule, once for each way in which its conditions can hold.
fn write(
    wish: &str,
    then: &str,
    found: &Conditions<'_>,
    enabled: bool,
    stands: &Standing,
    work: &mut Work,
) -> Vec<String> {
    let mut to = Vec::new();
    // Where another policy denies what it doesn't allow, an `allow` from here must not speak for it.
    let speaks_for_another = then == "allow" && stands.gates > 0 && (stands.closing.is_none() || stands.gates > 1);
    for when in found.ways() {
        let mut write = |wish: &str, then: &str, enabled: bool, work: &mut Work| {
            let name = work.draft.name(wish);
            let rule = table([
                ("name", Some(text(&name))),
                ("when", when.clone()),
                ("then", Some(text(then))),
                ("enabled", (!enabled).then_some(Json::Bool(false))),
            ]);
            to.push(work.draft.push("rules", rule));
        };
        write(wish, then, enabled && !speaks_for_another, work);
        // What is flagged or put to people is spoken for too, where the rest is denied.
        let speaks = matches!(then, "flag" | "require_approval") && stands.closing.is_some() && stands.gates == 1;
        if speaks && enabled && !found.lost {
            write(&format!("{wish}-pass"), "allow", true, work);
        }
    }
    to
}

fn describe(at: &Place<'_>, then: &str, stands: &Standing, to: &[String], work: &mut Work) {
    if let Some(place) = work.setting(at, "action") {
        match (then, stands.closing) {
            ("allow", Some(_)) if stands.gates > 1 => work.lost(&place, TWO_GATES),
            ("allow", None) if stands.gates > 0 => work.carried(
                &place,
                to.to_vec(),
                "it speaks for its own policy alone, and another denies what it doesn't allow: it is switched off here",
            ),
            ("allow", Some(Closing::Promised)) => work.differs(
                &place,
                to.iter().map(String::as_str).chain(["unmatched"]),
                "its name says that only these are allowed, and there everybody is; here whatever no rule allows is denied",
            ),
            _ if stands.after_the_end => {
                work.carried(&place, to.to_vec(), "a rule before it matches everything, so that it never fires there; it is switched off here");
            }
            _ => work.carried(&place, to.to_vec(), "the same word here"),
        }
    }
    if at.get("priority").is_none() {
        work.remark(
            Level::Lost,
            at,
            NOWHERE,
            "`priority` is missing, and there the order of the rules is not certain then",
        );
    }
    if let Some(place) = work.setting(at, "priority") {
        if !matches!(place.json, Json::Number(_)) {
            work.malformed(&place, "a number");
        } else if stands.milder_before && !stands.after_the_end {
            work.differs(
                &place,
                NOWHERE,
                "there a milder rule before it keeps it from firing where both match; here the strictest wins",
            );
        } else {
            work.carried(&place, NOWHERE, "in this place the first rule that matches is also the strictest");
        }
    }
    if let Some(place) = work.setting(at, "id") {
        work.carried(&place, to.to_vec(), "its name, in the letters that a name has here");
    }
    for key in ["name", "description"] {
        if let Some(place) = work.setting(at, key) {
            work.differs(&place, NOWHERE, "a text for people, left out: a rule has one name here");
        }
    }
}
