//! From the document to the compiled policy: every name is resolved here, and every error noted at its own place.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::approvals::approvals;
use super::document::{
    AssetSection, BudgetSection, CounterpartySection, Document, PaymentSection, PriceSection, RateSection,
    ReplaySection, RuleSection, ScheduleSection, WhenSection,
};
use super::glob::Names;
use super::read::Reader;
use super::vendors::VendorSet;
use super::when::{Hours, When};
use super::words::{Choice, DayWord, HoursWord, OnChange, OnMissing, Per, PerWords, RateThen, ReplayMode, WindowWord};
use super::zone::{Zone, ZoneTables};
use super::{
    Budget, Counter, Counterparty, DEFAULT_BREAKER_FAILURES, DEFAULT_BREAKER_RECOVERY, DEFAULT_LIFETIME_SECONDS,
    DEFAULT_REPLAY_WINDOW, Limit, Lists, Pace, PayeeSet, Payment, Policy, Price, Prices, Replay, Rule, RuleBook,
};
use crate::asset::{AssetId, Network, canonical_address, known};
use crate::hash::hex;
use crate::json::Json;
use crate::money::Rate;
use crate::offer::{Flow, Scheme};
use crate::order::{Set, set};
use crate::origin::parse_origin;
#[cfg(feature = "privacy")]
use crate::privacy::rules::Rules;
use crate::words::replaced;

/// Compiles a document. Errors are in the reader; then what is returned is of no use.
pub(super) fn policy(document: &Document, json: &Json, reader: &mut Reader) -> Policy {
    let none = ZoneTables::default();
    let zones = document.zones.as_ref().unwrap_or(&none);
    let (vendors, payees) = (document.vendors.clone().unwrap_or_default(), document.payees.clone().unwrap_or_default());
    let (agents, clients) = (document.agents.clone().unwrap_or_default(), document.clients.clone().unwrap_or_default());
    let breaker = document.breaker.clone().unwrap_or_default();
    let policy = Policy {
        name: document.name.clone(),
        version: document.version.unwrap_or(0),
        hash: hex(&Sha256::digest(json.canonical().as_bytes())),
        origins: reader.member("origins", |r| {
            set(collect(document.origins.as_deref(), r, |text| parse_origin(text).map_err(|refusal| refusal.message)))
        }),
        deny_unmatched: document.unmatched == Some(Choice::Deny),
        payment: reader.member("payment", |r| payment(&document.payment.clone().unwrap_or_default(), r)),
        vendors: reader.member("vendors", |r| lists(vendors.allow.as_deref(), vendors.block.as_deref(), r, vendor_set)),
        payees: reader.member("payees", |r| lists(payees.allow.as_deref(), payees.block.as_deref(), r, payee_set)),
        pin: payees.pin,
        agents: reader.member("agents", |r| lists(agents.allow.as_deref(), agents.block.as_deref(), r, names)),
        clients: reader.member("clients", |r| lists(clients.allow.as_deref(), clients.block.as_deref(), r, names)),
        budgets: reader.member("budgets", |r| each(document.budgets.as_deref(), r, |s, r| budget(s, zones, r))),
        rates: reader.member("rates", |r| each(document.rates.as_deref(), r, |s, r| pace(s, zones, r))),
        schedule: reader.member("schedule", |r| schedule(&document.schedule.clone().unwrap_or_default(), zones, r)),
        counterparty: counterparty(&document.counterparty.clone().unwrap_or_default()),
        prices: reader.member("prices", |r| prices(&document.prices.clone().unwrap_or_default(), r)),
        rules: RuleBook::of(
            reader
                .member("rules", |r| each(document.rules.as_deref(), r, |s, r| rule(s, zones, r)))
                .into_iter()
                .flatten()
                .collect(),
        ),
        replay: replay(document.replay.clone().unwrap_or_default()),
        approvals: reader.member("approvals", |r| approvals(document, r)),
        breaker_failures: breaker.failure_threshold.unwrap_or(DEFAULT_BREAKER_FAILURES),
        breaker_recovery: breaker.recovery_timeout.map_or(DEFAULT_BREAKER_RECOVERY, |span| span.0),
        #[cfg(feature = "privacy")]
        privacy: document.privacy.as_ref().map(Rules::of),
        privacy_text: json.get("privacy").map(Json::canonical),
        priced: reader.member("assets", |r| priced(document.assets.as_deref(), r)),
    };
    #[cfg(feature = "privacy")]
    if let Some(section) = &document.privacy {
        reader.member("privacy", |r| section.check(r));
    }
    if breaker.failure_threshold == Some(0) {
        reader.member("breaker", |r| r.member("failure_threshold", |r| r.fail("expected at least 1, found `0`")));
    }
    if document.extends.is_some() {
        let message = "names files beside this one, and only a policy that is read from a file has any";
        reader.member("extends", |r| r.fail(message));
    }
    unique_names(document, reader);
    if !bounds_something(document) {
        reader.fail("the policy bounds nothing: give it `payment.max_usd`, or at least one of `budgets` with a limit");
    }
    policy
}

fn bounds_something(document: &Document) -> bool {
    let max = document.payment.as_ref().is_some_and(|payment| payment.max_usd.is_some());
    let budgets = document.budgets.as_deref().unwrap_or_default();
    max || budgets.iter().any(|budget| budget.limit_usd.is_some() || budget.limit_amount.is_some())
}

/// Decisions name budgets, rates and rules: one name, one thing.
fn unique_names(document: &Document, reader: &mut Reader) {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (index, budget) in document.budgets.iter().flatten().enumerate() {
        all.push(("budgets", index, budget.name.as_deref()));
    }
    for (index, rate) in document.rates.iter().flatten().enumerate() {
        all.push(("rates", index, rate.name.as_deref()));
    }
    for (index, rule) in document.rules.iter().flatten().enumerate() {
        all.push(("rules", index, rule.name.as_deref()));
    }
    for (section, index, name) in &all {
        let Some(name) = *name else { continue };
        let fail = |reader: &mut Reader, message: String| {
            reader.member(section, |r| r.item(*index, |r| r.member("name", |r| r.fail(message))));
        };
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if name.len() > 64 || !plain {
            fail(reader, format!("`{name}` is not a name: up to 64 lower-case letters, digits, `-` and `_`"));
        }
        if !seen.insert(name.to_owned()) {
            let first = all.iter().find(|(_, _, other)| *other == Some(name));
            let place = first.map(|(section, index, _)| format!("{section}[{index}]")).unwrap_or_default();
            fail(reader, format!("{place} has the name `{name}` too"));
        }
    }
}

fn payment(section: &PaymentSection, reader: &mut Reader) -> Payment {
    let max_lifetime_seconds = section.max_lifetime_seconds.unwrap_or(DEFAULT_LIFETIME_SECONDS);
    if max_lifetime_seconds == 0 {
        reader.member("max_lifetime_seconds", |r| r.fail("expected at least 1 second, found `0`"));
    }
    Payment {
        max_usd: section.max_usd,
        max_first_usd: section.max_first_usd,
        approve_from_usd: section.approve_from_usd,
        max_lifetime_seconds,
        networks: Lists {
            allow: reader.member("networks", |r| networks(section.networks.as_deref(), r)),
            block: reader.member("block_networks", |r| networks(section.block_networks.as_deref(), r)),
        },
        assets: reader.member("assets", |r| asset_ids(section.assets.as_deref(), r)),
        schemes: section.schemes.clone().unwrap_or_else(|| vec![Scheme::Exact, Scheme::Upto]),
        flows: section.flows.clone().unwrap_or_else(|| vec![Flow::Authorization]),
    }
}

fn budget(section: &BudgetSection, zones: &ZoneTables, reader: &mut Reader) -> Option<Budget> {
    let limit = match (section.limit_usd, section.limit_amount, section.asset.as_deref()) {
        (Some(usd), None, None) => Some(Limit::Usd(usd)),
        (None, Some(amount), Some(asset)) => match asset_id(asset) {
            Ok(id) => Some(Limit::Asset(amount, id)),
            Err(error) => {
                reader.member("asset", |r| r.fail(error));
                return None;
            }
        },
        (None, None, None) if section.approve_from_usd.is_some() => None,
        _ => {
            reader.fail("expected `limit_usd`, or `limit_amount` together with `asset`, or `approve_from_usd`");
            return None;
        }
    };
    if section.approve_from_usd.is_some() && matches!(limit, Some(Limit::Asset(..))) {
        reader.member("approve_from_usd", |r| r.fail("can't stand beside a limit in atomic units; make two budgets"));
    }
    let window = section.window?;
    let counter = Parts { name: section.name.clone(), window, per: &section.per, when: &section.when };
    let counter = counter.compile(section.time_zone.as_deref(), zones, reader)?;
    Some(Budget { counter, limit, approve_from: section.approve_from_usd })
}

fn pace(section: &RateSection, zones: &ZoneTables, reader: &mut Reader) -> Option<Pace> {
    match (section.max, section.window, section.min_gap) {
        (Some(0), ..) => reader.member("max", |r| r.fail("expected at least 1, found `0`; a rule can deny everything")),
        (Some(_), Some(_), _) | (None, None, Some(_)) => {}
        _ => reader.fail("expected `max` together with `window`, or `min_gap`, or all three"),
    }
    let window = section.window.unwrap_or(WindowWord::Lifetime);
    let counter = Parts { name: section.name.clone(), window, per: &section.per, when: &section.when };
    let counter = counter.compile(section.time_zone.as_deref(), zones, reader)?;
    let delay = section.then == Some(RateThen::Delay);
    Some(Pace { counter, max: section.max, min_gap: section.min_gap.map(|span| span.0), delay })
}

struct Parts<'a> {
    name: Option<String>,
    window: WindowWord,
    per: &'a Option<PerWords>,
    when: &'a Option<WhenSection>,
}

impl Parts<'_> {
    fn compile(self, zone_name: Option<&str>, zones: &ZoneTables, reader: &mut Reader) -> Option<Counter> {
        let mut per = self.per.clone().map_or_else(|| vec![Per::All], |words| words.0);
        if self.window == WindowWord::Session && !per.contains(&Per::Session) {
            per.retain(|word| *word != Per::All);
            per.push(Per::Session);
            per = Per::in_order(&per);
        }
        if zone_name.is_some() && !matches!(self.window, WindowWord::Calendar(_)) {
            reader
                .member("time_zone", |r| r.fail("goes with `day`, `week` and `month`; other windows have no calendar"));
        }
        Some(Counter {
            name: self.name?,
            window: self.window,
            window_name: self.window.word(),
            zone: zone(zone_name, zones, reader),
            zone_name: zone_name.unwrap_or("UTC").to_owned(),
            per,
            when: self.when.as_ref().map(|section| reader.member("when", |r| when(section, zones, r))),
            prefix: OnceCell::new(),
        })
    }
}

fn rule(section: &RuleSection, zones: &ZoneTables, reader: &mut Reader) -> Option<Option<Rule>> {
    let rule = Rule {
        name: section.name.clone()?,
        when: section.when.as_ref().map(|section| reader.member("when", |r| when(section, zones, r))),
        then: section.then?,
    };
    Some(section.enabled.unwrap_or(true).then_some(rule))
}

fn when(section: &WhenSection, zones: &ZoneTables, reader: &mut Reader) -> When {
    When {
        agents: reader.member("agents", |r| names(section.agents.as_deref(), r)),
        clients: reader.member("clients", |r| names(section.clients.as_deref(), r)),
        vendors: reader.member("vendors", |r| vendor_set(section.vendors.as_deref(), r)),
        payees: reader.member("payees", |r| payee_set(section.payees.as_deref(), r)),
        networks: reader.member("networks", |r| networks(section.networks.as_deref(), r)),
        assets: reader.member("assets", |r| asset_ids(section.assets.as_deref(), r)),
        schemes: section.schemes.clone(),
        methods: section.methods.as_ref().map(|methods| set(methods.iter().map(|m| m.to_ascii_uppercase()).collect())),
        min_usd: section.min_usd,
        max_usd: section.max_usd,
        first_payment: section.first_payment,
        min_risk: section.min_risk,
        hours: hours((&section.hours, &section.days), section.time_zone.as_deref(), zones, reader),
    }
}

fn schedule(section: &ScheduleSection, zones: &ZoneTables, reader: &mut Reader) -> Hours {
    hours((&section.hours, &section.days), section.time_zone.as_deref(), zones, reader)
}

/// Hours and days. Left out they are all; an empty list would be none to whoever writes one, and is refused.
fn hours(
    (hours, days): (&Option<Vec<HoursWord>>, &Option<Vec<DayWord>>),
    time_zone: Option<&str>,
    zones: &ZoneTables,
    reader: &mut Reader,
) -> Hours {
    let empty =
        [("hours", hours.as_ref().is_some_and(Vec::is_empty)), ("days", days.as_ref().is_some_and(Vec::is_empty))];
    for (name, _) in empty.into_iter().filter(|(_, empty)| *empty) {
        reader.member(name, |r| r.fail("is empty: name some, or leave it out for all"));
    }
    Hours {
        hours: hours.clone().unwrap_or_default(),
        days: days.clone().unwrap_or_default(),
        zone: zone(time_zone, zones, reader),
    }
}

fn zone(name: Option<&str>, zones: &ZoneTables, reader: &mut Reader) -> Zone {
    let Some(name) = name.filter(|name| *name != "UTC") else { return Zone::utc() };
    zones.0.get(name).cloned().unwrap_or_else(|| {
        reader.member("time_zone", |r| r.fail(format!("`{name}` is not a time zone that is known here")));
        Zone::utc()
    })
}

fn counterparty(section: &CounterpartySection) -> Counterparty {
    Counterparty {
        allow_contracts: section.allow_contracts.unwrap_or(true),
        require_verified: section.require_verified.unwrap_or(false),
        min_wallet_age_days: section.min_wallet_age_days,
        min_prior_payments: section.min_prior_payments,
        max_risk: section.max_risk,
        let_missing_pass: section.on_missing == Some(OnMissing::Allow),
    }
}

fn prices(section: &PriceSection, reader: &mut Reader) -> Prices {
    let agreed = reader.member("agreed", |r| {
        each(section.agreed.as_deref(), r, |agreed, r| {
            let mut set = VendorSet::default();
            if let Err(error) = set.add(agreed.vendor.as_deref()?) {
                r.member("vendor", |r| r.fail(error));
            }
            Some((set, agreed.usd?))
        })
    });
    if !agreed.is_empty() && section.max_drift_percent.is_none() {
        reader.member("max_drift_percent", |r| {
            r.fail("is missing: how far above an agreed price may be paid? 0 is not at all")
        });
    }
    Prices {
        max_drift: section.max_drift_percent.map(|share| share.0),
        then: section.then.unwrap_or(OnChange::Deny),
        agreed,
    }
}

fn replay(section: ReplaySection) -> Replay {
    Replay {
        window: section.window.map_or(DEFAULT_REPLAY_WINDOW, |span| span.0),
        mode: section.mode.unwrap_or(ReplayMode::Intent),
    }
}

fn priced(list: Option<&[AssetSection]>, reader: &mut Reader) -> Vec<(AssetId, Price)> {
    let mut prices: Vec<(AssetId, Price)> = Vec::new();
    each(list, reader, |section, r| {
        let text = format!("{}/{}", section.network.as_deref()?, section.address.as_deref()?);
        let id = asset_id(&text).map_err(|error| r.fail(error)).ok()?;
        let Some(decimals) = section.decimals.and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 36) else {
            r.member("decimals", |r| r.fail("expected a whole number from 0 to 36"));
            return None;
        };
        if let Some(asset) = known(&id)
            && (asset.decimals != decimals || section.usd.is_none_or(|rate| rate < Rate::ONE))
        {
            // A policy may price a known stablecoin higher, never lower: that would loosen every limit in USD.
            r.fail(format!(
                "`{id}` is {} of the registry, with {} decimals at one dollar; a policy can't change that",
                asset.symbol, asset.decimals
            ));
        }
        let price = Price { decimals, usd: section.usd, symbol: section.symbol.clone().map(Cow::Owned) };
        if prices.iter().any(|(other, _)| *other == id) {
            r.fail(format!("`{id}` is listed twice"));
        }
        prices.push((id, price));
        Some(())
    });
    prices
}

type ReadList<T> = fn(Option<&[String]>, &mut Reader) -> Option<T>;

fn lists<T>(allow: Option<&[String]>, block: Option<&[String]>, reader: &mut Reader, read: ReadList<T>) -> Lists<T> {
    for (index, entry) in allow.unwrap_or_default().iter().enumerate() {
        if block.unwrap_or_default().contains(entry) {
            reader.member("allow", |r| r.item(index, |r| r.fail(format!("`{entry}` is on the block list too"))));
        }
    }
    Lists { allow: reader.member("allow", |r| read(allow, r)), block: reader.member("block", |r| read(block, r)) }
}

fn networks(list: Option<&[String]>, reader: &mut Reader) -> Option<Set<Network>> {
    list.map(|list| {
        Set::of(collect(Some(list), reader, |text| Network::named(text).map_err(|error| error.to_string())))
    })
}

fn asset_ids(list: Option<&[String]>, reader: &mut Reader) -> Option<Set<AssetId>> {
    list.map(|list| Set::of(collect(Some(list), reader, asset_id)))
}

fn vendor_set(list: Option<&[String]>, reader: &mut Reader) -> Option<VendorSet> {
    list.map(|list| {
        let mut set = VendorSet::default();
        for_each(Some(list), reader, &mut |text| set.add(text));
        set
    })
}

fn names(list: Option<&[String]>, reader: &mut Reader) -> Option<Names> {
    list.map(|list| {
        let mut set = Names::default();
        for_each(Some(list), reader, &mut |text| set.add(text));
        set
    })
}

fn payee_set(list: Option<&[String]>, reader: &mut Reader) -> Option<PayeeSet> {
    list.map(|list| {
        let (mut set, mut on_network) = (PayeeSet::default(), Vec::new());
        for_each(Some(list), reader, &mut |text| {
            if text.contains('/') {
                on_network.push(asset_id(text).map_err(|error| replaced(&error, "asset", "payee"))?);
            } else {
                set.anywhere.insert(any_address(text)?);
            }
            Ok(())
        });
        set.on_network = Set::of(on_network);
        set
    })
}

/// An address with no network beside it: its form tells of which kind it is.
pub(super) fn any_address(text: &str) -> Result<String, String> {
    let example = if text.starts_with("0x") { "eip155:1" } else { "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" };
    let network = Network::caip2(example).map_err(|error| error.to_string())?;
    canonical_address(&network, text).map_err(|error| format!("`{text}` is not an address: {error}"))
}

pub(super) fn asset_id(text: &str) -> Result<AssetId, String> {
    let expected = "expected `network/address`, such as `eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913`";
    let (network, address) = text.rsplit_once('/').ok_or_else(|| format!("`{text}` is not an asset; {expected}"))?;
    let network = Network::named(network).map_err(|error| format!("`{text}` is not an asset: {error}; {expected}"))?;
    AssetId::new(network, address).map_err(|error| format!("`{text}` is not an asset: {error}; {expected}"))
}

/// Compiles each section of a list, at its own place.
fn each<S, T>(
    list: Option<&[S]>,
    reader: &mut Reader,
    mut compile: impl FnMut(&S, &mut Reader) -> Option<T>,
) -> Vec<T> {
    let mut compiled = Vec::new();
    for (index, section) in list.unwrap_or_default().iter().enumerate() {
        reader.item(index, |r| compiled.extend(compile(section, r)));
    }
    compiled
}

/// Compiles each text of a list, noting each error at its own place.
fn collect<T>(
    list: Option<&[String]>,
    reader: &mut Reader,
    mut compile: impl FnMut(&str) -> Result<T, String>,
) -> Vec<T> {
    let mut values = Vec::new();
    for_each(list, reader, &mut |text| {
        values.push(compile(text)?);
        Ok(())
    });
    values
}

fn for_each(list: Option<&[String]>, reader: &mut Reader, compile: &mut dyn FnMut(&str) -> Result<(), String>) {
    for (index, text) in list.unwrap_or_default().iter().enumerate() {
        reader.item(index, |r| {
            if let Err(error) = compile(text) {
                r.fail(error);
            }
        });
    }
}
