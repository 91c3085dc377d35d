//! What is odd about a policy that is not wrong: limits that can't bind, rules that can't fire, gaps between them.
//!
//! A lint says nothing that is not certain. Where one says that something changes nothing, that thing can be taken out
//! and every payment is decided as before; `tests/lint.rs` takes it out and tries, over random policies and payments.

use serde::Serialize;

use super::document::{BudgetSection, Document, RateSection, RuleSection};
use super::{Budget, Limit, Pace, Policy, Rule};
use crate::money::Usd;
use within::Conditions;

mod caps;
mod gaps;
mod lists;
mod patterns;
mod reach;
mod shadow;
mod within;

/// How much a lint matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LintLevel {
    /// The policy hardly says what was meant. `check --strict` fails.
    Warning,
    /// Worth knowing; it may well be meant.
    Info,
}

macro_rules! codes {
    ($($variant:ident $code:literal $level:ident $changes_nothing:literal $meaning:literal)*) => {
        /// What a lint is about. Serialises as its stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum LintCode { $(#[doc = $meaning] #[serde(rename = $code)] $variant,)* }

        impl LintCode {
            /// All codes, in the order of the registry.
            pub const ALL: &'static [LintCode] = &[$(LintCode::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(LintCode::$variant => $code),* } }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str { match self { $(LintCode::$variant => $meaning),* } }

            /// How much it matters.
            #[must_use]
            pub const fn level(self) -> LintLevel { match self { $(LintCode::$variant => LintLevel::$level),* } }

            /// Whether it says that what stands at its path could be taken out, and nothing would change.
            #[must_use]
            pub const fn changes_nothing(self) -> bool { match self { $(LintCode::$variant => $changes_nothing),* } }
        }
    };
}

codes! {
    CapNeverBinds "cap_never_binds" Warning true "A limit or threshold that others always come before."
    RuleNeverFires "rule_never_fires" Warning true "A rule, budget or rate for payments that can't be made."
    RuleShadowed "rule_shadowed" Warning true "A rule for payments that another rule already treats as strictly."
    AllowWithoutEffect "allow_without_effect" Warning true "A rule that allows, where nothing needs to be allowed."
    EntryWithoutEffect "entry_without_effect" Warning true "An entry of an allow list that something else denies."
    UnusedAsset "unused_asset" Warning true "An asset that is made known and can't be paid in, or is known already."
    MaxAboveBudget "max_above_budget" Warning false "The largest payment is larger than a whole budget."
    NothingAllowed "nothing_allowed" Warning false "No payment at all can pass."
    NoTotal "no_total" Warning false "Each payment is limited, and the sum of them is not."
    SplittingDodges "splitting_dodges" Warning false "A threshold for approval that several smaller payments stay below."
    SessionsStartAnew "sessions_start_anew" Warning false "All budgets are for a session, and a new session starts anew."
    PaysBeforeDelivery "pays_before_delivery" Warning false "A payment flow takes the money before delivery."
    MissingFactsPass "missing_facts_pass" Warning false "A payee of which a fact is not known is let pass."
    LoosePattern "loose_pattern" Warning false "An expression that lets more hosts through than it seems to."
    PlainPattern "plain_pattern" Info false "An expression where a plain pattern says the same."
    DoubleBurst "double_burst" Info false "A calendar window lets twice its limit through around its edge."
    NoTotalOverAll "no_total_over_all" Info false "Each counter has a limit, and all of them together have none."
    NeverFirst "never_first" Info false "No address can be paid for the first time, unless the facts say that it was paid."
}

/// Something odd about a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lint {
    /// What it is about, as a stable code.
    pub code: LintCode,
    /// How much it matters.
    pub level: LintLevel,
    /// Where, such as `budgets[1].limit_usd`; empty for the policy itself.
    pub path: String,
    /// What is odd, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// A policy as it is compiled and as it is written, side by side.
struct View<'a> {
    policy: &'a Policy,
    document: &'a Document,
    /// Rules that are enabled, with their places in the document.
    rules: Vec<(usize, &'a Rule, &'a RuleSection)>,
    budgets: Vec<(&'a Budget, &'a BudgetSection)>,
    rates: Vec<(&'a Pace, &'a RateSection)>,
    /// Whether a payment needs a price in US dollars to pass, or all have one.
    dollars_needed: bool,
}

/// Finds what is odd about a policy that was read without an error from this document.
#[must_use]
pub fn lint(policy: &Policy, document: &Document) -> Vec<Lint> {
    let view = View::new(policy, document);
    let mut lints = Vec::new();
    caps::find(&view, &mut lints);
    reach_of_all(&view, &mut lints);
    shadow::find(&view, &mut lints);
    lists::find(&view, &mut lints);
    gaps::find(&view, &mut lints);
    once(&mut lints);
    // Warnings first; else in the order in which they were found.
    lints.sort_by_key(|lint| lint.level == LintLevel::Info);
    lints
}

/// Of what never matters nothing else is said.
fn once(lints: &mut Vec<Lint>) {
    let never = |code| matches!(code, LintCode::RuleNeverFires | LintCode::CapNeverBinds);
    let dead: Vec<String> =
        lints.iter().filter(|lint| never(lint.code)).map(|lint| part_of(&lint.path).to_owned()).collect();
    lints.retain(|lint| {
        let repeats = matches!(lint.code, LintCode::RuleShadowed | LintCode::DoubleBurst);
        !repeats || !dead.iter().any(|path| path == part_of(&lint.path))
    });
}

/// `budgets[1]` of `budgets[1].limit_usd`.
fn part_of(path: &str) -> &str {
    path.split_once("].").map_or(path.trim_end_matches(']'), |(part, _)| part)
}

impl<'a> View<'a> {
    fn new(policy: &'a Policy, document: &'a Document) -> Self {
        let enabled = document.rules.iter().flatten().enumerate().filter(|(_, rule)| rule.enabled != Some(false));
        let payment = &policy.payment;
        let caps = [payment.max_usd, payment.max_first_usd, payment.approve_from_usd];
        let priceless = document.assets.iter().flatten().any(|asset| asset.usd.is_none());
        let mut view = View {
            policy,
            document,
            rules: enabled.zip(policy.rules.iter()).map(|((place, section), rule)| (place, rule, section)).collect(),
            budgets: policy.budgets.iter().zip(document.budgets.iter().flatten()).collect(),
            rates: policy.rates.iter().zip(document.rates.iter().flatten()).collect(),
            dollars_needed: !priceless || caps.iter().any(Option::is_some),
        };
        view.dollars_needed |= view.budgets.iter().any(|(budget, section)| {
            !matches!(budget.limit, Some(Limit::Asset(..))) && conditions_of_budget(budget, section).is_all()
        });
        view
    }
}

fn conditions_of_budget<'a>(budget: &'a Budget, section: &'a BudgetSection) -> Conditions<'a> {
    Conditions { written: section.when.as_ref(), compiled: budget.counter.when.as_ref() }
}

fn conditions_of_rate<'a>(pace: &'a Pace, section: &'a RateSection) -> Conditions<'a> {
    Conditions { written: section.when.as_ref(), compiled: pace.counter.when.as_ref() }
}

fn conditions_of_rule<'a>(rule: &'a Rule, section: &'a RuleSection) -> Conditions<'a> {
    Conditions { written: section.when.as_ref(), compiled: rule.when.as_ref() }
}

/// The smallest limit in US dollars that every payment counts against, with its budget's name.
fn usd_limit_for_all(policy: &Policy) -> Option<(&str, Usd)> {
    let limits = policy.budgets.iter().filter(|budget| budget.counter.when.is_none());
    let limits = limits.filter_map(|budget| match budget.limit {
        Some(Limit::Usd(limit)) => Some((budget.counter.name.as_str(), limit)),
        _ => None,
    });
    limits.min_by_key(|(_, limit)| *limit)
}

fn reach_of_all(view: &View<'_>, lints: &mut Vec<Lint>) {
    let dead = |kind: &str, name: &str, why: String, verb: &str| format!("{kind} `{name}` never {verb}: {why}");
    for (place, rule, section) in &view.rules {
        if let Some(why) = reach::unreachable(view, conditions_of_rule(rule, section), Some(rule.then)) {
            let message = dead("the rule", &rule.name, why, "matters");
            add(lints, LintCode::RuleNeverFires, format!("rules[{place}]"), message, Some("take it out, or widen it"));
        }
    }
    for (place, (budget, section)) in view.budgets.iter().enumerate() {
        if let Some(why) = reach::unreachable(view, conditions_of_budget(budget, section), None) {
            let message = dead("the budget", &budget.counter.name, why, "counts anything");
            add(
                lints,
                LintCode::RuleNeverFires,
                format!("budgets[{place}]"),
                message,
                Some("take it out, or widen it"),
            );
        }
    }
    for (place, (pace, section)) in view.rates.iter().enumerate() {
        if let Some(why) = reach::unreachable(view, conditions_of_rate(pace, section), None) {
            let message = dead("the rate", &pace.counter.name, why, "counts anything");
            add(lints, LintCode::RuleNeverFires, format!("rates[{place}]"), message, Some("take it out, or widen it"));
        }
    }
}

fn add(lints: &mut Vec<Lint>, code: LintCode, path: impl Into<String>, message: impl Into<String>, fix: Option<&str>) {
    let (path, message) = (path.into(), message.into());
    lints.push(Lint { code, level: code.level(), path, message, fix: fix.map(str::to_owned) });
}
