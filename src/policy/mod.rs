//! The policy: a document, read strictly and compiled once into what a decision asks.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::asset::{AssetId, Network, canonical_address, known};
use crate::json::Json;
use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Scheme};
use crate::origin::{Target, parse_origin};
use crate::time::Millis;

pub mod document;
pub mod hosts;
pub mod read;

use document::{AssetSection, BudgetSection, Document, ListSection, PaymentSection, Per, WindowWord};
use hosts::HostSet;
pub use read::PolicyError;
use read::{Read, Reader};

/// The longest lifetime of a signature where the policy names none, in seconds.
pub const DEFAULT_LIFETIME_SECONDS: u64 = 600;

/// A policy, compiled.
#[derive(Clone, Debug)]
pub struct Policy {
    /// A name for people.
    pub name: Option<String>,
    /// The policy's own version; 0 where it names none.
    pub version: u64,
    /// SHA-256 of the canonical document, in hex.
    pub hash: String,
    /// Exact origins let through although they are not plain.
    pub origins: BTreeSet<String>,
    /// The largest single payment.
    pub max_usd: Option<Usd>,
    /// From here on approval is required.
    pub approve_from_usd: Option<Usd>,
    /// The longest lifetime of a signature, in seconds.
    pub max_lifetime_seconds: u64,
    /// Networks allowed; `None` is all that are known.
    pub networks: Option<BTreeSet<Network>>,
    /// Assets allowed; `None` is all that are known.
    pub assets: Option<BTreeSet<AssetId>>,
    /// Schemes allowed.
    pub schemes: Vec<Scheme>,
    /// Flows allowed.
    pub flows: Vec<Flow>,
    /// Vendors: only these; `None` is any.
    pub vendors_allow: Option<HostSet>,
    /// Vendors: never these.
    pub vendors_block: HostSet,
    /// Payees: only these; `None` is any.
    pub payees_allow: Option<PayeeSet>,
    /// Payees: never these.
    pub payees_block: PayeeSet,
    /// The budgets, in the order of the document.
    pub budgets: Vec<Budget>,
    /// Failures in a row after which the breaker opens.
    pub breaker_failures: u64,
    /// How long the breaker stays open, in milliseconds.
    pub breaker_recovery: Millis,
    priced: BTreeMap<AssetId, Price>,
}

/// What an asset counts as.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Price {
    /// One whole token is 10^decimals atomic units.
    pub decimals: u8,
    /// US dollars for one whole token; an asset without it meets no limit in US dollars.
    pub usd: Option<Rate>,
    /// A name for people.
    pub symbol: Option<String>,
}

/// Addresses that receive money, each on one network or on any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PayeeSet {
    anywhere: BTreeSet<String>,
    on_network: BTreeSet<AssetId>,
}

/// A budget, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// What may be held and spent in all.
    pub limit: Limit,
    /// How long a spend counts.
    pub window: WindowWord,
    /// What has a counter of its own.
    pub per: Vec<Per>,
}

/// A limit with its unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// In US dollars, over all assets.
    Usd(Usd),
    /// In atomic units of one asset.
    Asset(Amount, AssetId),
}

impl Policy {
    /// Reads and compiles a policy.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each with its path; never an empty list.
    pub fn read(json: &Json) -> Result<Self, Vec<PolicyError>> {
        let mut reader = Reader::default();
        let document = Document::read(json, &mut reader);
        let compiled = document.map(|document| compile(&document, json, &mut reader));
        match compiled {
            Some(policy) if reader.errors.is_empty() => Ok(policy),
            _ => Err(reader.errors),
        }
    }

    /// What an asset counts as: by the policy, else by the registry; `None` if neither knows it.
    #[must_use]
    pub fn price(&self, id: &AssetId) -> Option<Price> {
        self.priced.get(id).cloned().or_else(|| {
            known(id).map(|asset| Price {
                decimals: asset.decimals,
                usd: Some(Rate::ONE),
                symbol: Some(asset.symbol.to_owned()),
            })
        })
    }

    /// Whether the origin may be asked at all: plain, or listed exactly.
    #[must_use]
    pub fn admits_origin(&self, target: &Target) -> bool {
        target.is_plain() || self.origins.contains(&target.origin())
    }
}

impl PayeeSet {
    /// Whether the set has this canonical address on this network.
    #[must_use]
    pub fn covers(&self, network: &Network, address: &str) -> bool {
        self.anywhere.contains(address)
            || (!self.on_network.is_empty()
                && self.on_network.contains(&AssetId { network: network.clone(), address: address.to_owned() }))
    }
}

fn compile(document: &Document, json: &Json, reader: &mut Reader) -> Policy {
    let payment = document.payment.clone().unwrap_or_default();
    let vendors = document.vendors.clone().unwrap_or_default();
    let payees = document.payees.clone().unwrap_or_default();
    let breaker = document.breaker.clone().unwrap_or_default();
    let policy = Policy {
        name: document.name.clone(),
        version: document.version.unwrap_or(0),
        hash: hex(&Sha256::digest(json.canonical().as_bytes())),
        origins: reader.member("origins", |r| origins(document.origins.as_deref(), r)),
        max_usd: payment.max_usd,
        approve_from_usd: payment.approve_from_usd,
        max_lifetime_seconds: reader.member("payment", |r| lifetime(&payment, r)),
        networks: reader.member("payment", |r| r.member("networks", |r| networks(payment.networks.as_deref(), r))),
        assets: reader.member("payment", |r| r.member("assets", |r| asset_ids(payment.assets.as_deref(), r))),
        schemes: payment.schemes.clone().unwrap_or_else(|| vec![Scheme::Exact, Scheme::Upto]),
        flows: payment.flows.clone().unwrap_or_else(|| vec![Flow::Authorization]),
        vendors_allow: reader.member("vendors", |r| r.member("allow", |r| hosts(vendors.allow.as_deref(), r))),
        vendors_block: reader
            .member("vendors", |r| r.member("block", |r| hosts(vendors.block.as_deref(), r)))
            .unwrap_or_default(),
        payees_allow: reader.member("payees", |r| r.member("allow", |r| payee_set(payees.allow.as_deref(), r))),
        payees_block: reader
            .member("payees", |r| r.member("block", |r| payee_set(payees.block.as_deref(), r)))
            .unwrap_or_default(),
        budgets: reader.member("budgets", |r| budgets(document.budgets.as_deref(), r)),
        breaker_failures: breaker.failure_threshold.unwrap_or(5),
        breaker_recovery: breaker.recovery_timeout.map_or(30_000, |span| span.0),
        priced: reader.member("assets", |r| prices(document.assets.as_deref(), r)),
    };
    if breaker.failure_threshold == Some(0) {
        reader.member("breaker", |r| r.member("failure_threshold", |r| r.fail("expected at least 1, found `0`")));
    }
    if policy.max_usd.is_none() && document.budgets.as_ref().is_none_or(Vec::is_empty) {
        reader.fail("the policy bounds nothing: give it `payment.max_usd`, or at least one of `budgets`");
    }
    lists_that_cancel(&vendors, "vendors", reader);
    lists_that_cancel(&payees, "payees", reader);
    policy
}

fn lifetime(payment: &PaymentSection, reader: &mut Reader) -> u64 {
    let seconds = payment.max_lifetime_seconds.unwrap_or(DEFAULT_LIFETIME_SECONDS);
    if seconds == 0 {
        reader.member("max_lifetime_seconds", |r| r.fail("expected at least 1 second, found `0`"));
    }
    seconds
}

fn origins(list: Option<&[String]>, reader: &mut Reader) -> BTreeSet<String> {
    collect(list, reader, |text| parse_origin(text).map_err(|refusal| refusal.message)).into_iter().collect()
}

fn networks(list: Option<&[String]>, reader: &mut Reader) -> Option<BTreeSet<Network>> {
    list.map(|list| {
        collect(Some(list), reader, |text| Network::named(text).map_err(|error| error.to_string()))
            .into_iter()
            .collect()
    })
}

fn asset_ids(list: Option<&[String]>, reader: &mut Reader) -> Option<BTreeSet<AssetId>> {
    list.map(|list| collect(Some(list), reader, asset_id).into_iter().collect())
}

fn hosts(list: Option<&[String]>, reader: &mut Reader) -> Option<HostSet> {
    list.map(|list| {
        let mut set = HostSet::default();
        collect(Some(list), reader, |text| set.add(text));
        set
    })
}

fn payee_set(list: Option<&[String]>, reader: &mut Reader) -> Option<PayeeSet> {
    list.map(|list| {
        let mut set = PayeeSet::default();
        collect(Some(list), reader, |text| {
            if text.contains('/') {
                set.on_network.insert(asset_id(text).map_err(|error| error.replace("asset", "payee"))?);
                return Ok(());
            }
            set.anywhere.insert(any_address(text)?);
            Ok(())
        });
        set
    })
}

/// An address with no network beside it: its form tells of which kind it is.
fn any_address(text: &str) -> Result<String, String> {
    let example = if text.starts_with("0x") { "eip155:1" } else { "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" };
    let network = Network::caip2(example).map_err(|error| error.to_string())?;
    canonical_address(&network, text).map_err(|error| format!("`{text}` is not an address: {error}"))
}

fn asset_id(text: &str) -> Result<AssetId, String> {
    let expected = "expected `network/address`, such as `eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913`";
    let (network, address) = text.rsplit_once('/').ok_or_else(|| format!("`{text}` is not an asset; {expected}"))?;
    let network = Network::named(network).map_err(|error| format!("`{text}` is not an asset: {error}; {expected}"))?;
    AssetId::new(network, address).map_err(|error| format!("`{text}` is not an asset: {error}; {expected}"))
}

fn prices(list: Option<&[AssetSection]>, reader: &mut Reader) -> BTreeMap<AssetId, Price> {
    let mut prices = BTreeMap::new();
    for (index, section) in list.unwrap_or_default().iter().enumerate() {
        reader.item(index, |r| {
            let text = format!(
                "{}/{}",
                section.network.as_deref().unwrap_or_default(),
                section.address.as_deref().unwrap_or_default()
            );
            let id = match asset_id(&text) {
                Ok(id) => id,
                Err(error) => return r.fail(error),
            };
            let Some(decimals) = section.decimals.and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 36) else {
                return r.member("decimals", |r| r.fail("expected a whole number from 0 to 36"));
            };
            if let Some(asset) = known(&id)
                && (asset.decimals != decimals || section.usd.is_some_and(|rate| rate < Rate::ONE))
            {
                // A policy may price a known stablecoin higher, never lower: that would loosen every limit in USD.
                return r.fail(format!(
                    "`{id}` is {} of the registry, with {} decimals at one dollar; a policy can't change that",
                    asset.symbol, asset.decimals
                ));
            }
            let price = Price { decimals, usd: section.usd, symbol: section.symbol.clone() };
            if prices.insert(id.clone(), price).is_some() {
                r.fail(format!("`{id}` is listed twice"));
            }
        });
    }
    prices
}

fn budgets(list: Option<&[BudgetSection]>, reader: &mut Reader) -> Vec<Budget> {
    let mut names = BTreeSet::new();
    let mut budgets = Vec::new();
    for (index, section) in list.unwrap_or_default().iter().enumerate() {
        if let Some(budget) = reader.item(index, |r| budget(section, r)) {
            if !names.insert(budget.name.clone()) {
                let name = &budget.name;
                reader.item(index, |r| r.member("name", |r| r.fail(format!("another budget has the name `{name}`"))));
            }
            budgets.push(budget);
        }
    }
    budgets
}

fn budget(section: &BudgetSection, reader: &mut Reader) -> Option<Budget> {
    let name = section.name.clone()?;
    if name.len() > 64 || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    {
        reader.member("name", |r| {
            r.fail(format!("`{name}` is not a name: up to 64 lower-case letters, digits, `-` and `_`"));
        });
    }
    let limit = match (section.limit_usd, section.limit_amount, section.asset.as_deref()) {
        (Some(usd), None, None) => Limit::Usd(usd),
        (None, Some(amount), Some(asset)) => match asset_id(asset) {
            Ok(id) => Limit::Asset(amount, id),
            Err(error) => {
                reader.member("asset", |r| r.fail(error));
                return None;
            }
        },
        _ => {
            reader.fail("expected `limit_usd`, or `limit_amount` together with `asset`");
            return None;
        }
    };
    let window = section.window?;
    let mut per = section.per.clone().map_or_else(|| vec![Per::All], |words| words.0);
    if window == WindowWord::Session && !per.contains(&Per::Session) {
        per.retain(|word| *word != Per::All);
        per.push(Per::Session);
        per.sort_unstable();
    }
    Some(Budget { name, limit, window, per })
}

fn lists_that_cancel(list: &ListSection, name: &str, reader: &mut Reader) {
    let block = list.block.as_deref().unwrap_or_default();
    for (index, entry) in list.allow.as_deref().unwrap_or_default().iter().enumerate() {
        if block.contains(entry) {
            reader.member(name, |r| {
                r.member("allow", |r| r.item(index, |r| r.fail(format!("`{entry}` is on the block list too"))));
            });
        }
    }
}

/// Compiles each text of a list, noting each error at its own place.
fn collect<T>(
    list: Option<&[String]>,
    reader: &mut Reader,
    mut compile: impl FnMut(&str) -> Result<T, String>,
) -> Vec<T> {
    let mut values = Vec::new();
    for (index, text) in list.unwrap_or_default().iter().enumerate() {
        reader.item(index, |r| match compile(text) {
            Ok(value) => values.push(value),
            Err(error) => r.fail(error),
        });
    }
    values
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
