//! The policy: a document, read strictly and compiled once into what a decision asks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::approval::proof::{Key, Secrets};
use crate::asset::{AssetId, Network, known};
use crate::json::Json;
use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Scheme};
use crate::order::Set;
use crate::origin::Target;
#[cfg(feature = "privacy")]
use crate::privacy::rules::Rules;
use crate::time::Millis;

mod approvals;
mod compile;
pub mod document;
mod facts;
pub mod glob;
#[cfg(feature = "tools")]
pub mod import;
#[cfg(feature = "tools")]
pub mod lint;
#[cfg(feature = "tools")]
mod meet;
#[cfg(feature = "tools")]
pub mod merge;
pub mod read;
mod rulebook;
#[cfg(not(feature = "privacy"))]
mod unread;
pub mod vendors;
pub mod when;
pub mod words;
pub mod zone;

use document::Document;
use glob::Names;
pub use read::PolicyError;
use read::{Read, Reader};
pub use rulebook::RuleBook;
use vendors::VendorSet;
use when::{Hours, When};
use words::{OnChange, Per, ReplayMode, RiskWord, Then, WindowWord};
use zone::Zone;

/// The longest lifetime of a signature where the policy names none, in seconds.
pub const DEFAULT_LIFETIME_SECONDS: u64 = 600;
/// Failures in a row after which the breaker opens, where the policy names none.
pub const DEFAULT_BREAKER_FAILURES: u64 = 5;
/// How long the breaker stays open where the policy does not say, in milliseconds.
pub const DEFAULT_BREAKER_RECOVERY: Millis = 30_000;
/// How long a payment is remembered against replays where the policy does not say, in milliseconds.
pub const DEFAULT_REPLAY_WINDOW: Millis = 24 * 3_600_000;

/// How long people have to answer where the policy does not say, in milliseconds.
pub const DEFAULT_APPROVAL_TIMEOUT: Millis = 300_000;
/// How old a countersignature may be where the policy does not say, in milliseconds.
pub const DEFAULT_SIGNATURE_AGE: Millis = 300_000;
/// How many questions of one agent may stand where the policy does not say.
pub const DEFAULT_PROMPTS_PER_AGENT: u64 = 5;
/// How many questions may wait for one approver where the policy does not say.
pub const DEFAULT_PROMPTS_PER_APPROVER: u64 = 20;

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
    /// Whether a payment needs a rule that allows it.
    pub deny_unmatched: bool,
    /// What a single payment may be.
    pub payment: Payment,
    /// Vendors, by the requested URL.
    pub vendors: Lists<VendorSet>,
    /// Payees, by address.
    pub payees: Lists<PayeeSet>,
    /// What becomes of an origin that wants its money elsewhere than before.
    pub pin: Option<OnChange>,
    /// Agents, by name.
    pub agents: Lists<Names>,
    /// Clients, by name.
    pub clients: Lists<Names>,
    /// The budgets, in the order of the document.
    pub budgets: Vec<Budget>,
    /// The rates, in the order of the document.
    pub rates: Vec<Pace>,
    /// When may be paid.
    pub schedule: Hours,
    /// What has to be known of who is paid.
    pub counterparty: Counterparty,
    /// What things cost.
    pub prices: Prices,
    /// The rules, in the order of the document.
    pub rules: RuleBook,
    /// When the same payment is refused a second time.
    pub replay: Replay,
    /// Who decides about what needs approval.
    pub approvals: Approvals,
    /// Failures in a row after which the breaker opens.
    pub breaker_failures: u64,
    /// How long the breaker stays open, in milliseconds.
    pub breaker_recovery: Millis,
    /// What becomes of personal data; nothing is looked for where the policy has no such section.
    #[cfg(feature = "privacy")]
    pub privacy: Option<Rules>,
    /// The same as it was written, as JSON: what looks through texts lives in another module.
    pub privacy_text: Option<String>,
    priced: Vec<(AssetId, Price)>,
}

/// When the same payment is refused a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How long an earlier one is remembered, in milliseconds.
    pub window: Millis,
    /// Which are the same.
    pub mode: ReplayMode,
}

/// What a single payment may be.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The largest.
    pub max_usd: Option<Usd>,
    /// The largest to an address that was never paid.
    pub max_first_usd: Option<Usd>,
    /// From here on approval is required.
    pub approve_from_usd: Option<Usd>,
    /// The longest lifetime of a signature, in seconds.
    pub max_lifetime_seconds: u64,
    /// Networks; allowed `None` is all that are known.
    pub networks: Lists<Set<Network>>,
    /// Assets allowed; `None` is all that are known.
    pub assets: Option<Set<AssetId>>,
    /// Schemes allowed.
    pub schemes: Vec<Scheme>,
    /// Flows allowed.
    pub flows: Vec<Flow>,
}

/// An allow list, if there is one, and a block list.
#[derive(Clone, Debug, Default)]
pub struct Lists<T> {
    /// Only these; `None` is any.
    pub allow: Option<T>,
    /// Never these.
    pub block: Option<T>,
}

/// What an asset counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// One whole token is 10^decimals atomic units.
    pub decimals: u8,
    /// US dollars for one whole token; an asset without it meets no limit in US dollars.
    pub usd: Option<Rate>,
    /// A name for people.
    pub symbol: Option<Cow<'static, str>>,
}

/// Addresses that receive money, each on one network or on any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PayeeSet {
    anywhere: BTreeSet<String>,
    on_network: Set<AssetId>,
}

/// A counter's key: what has one of its own, over which window, in whose calendar, of which payments.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// How long a spend counts.
    pub window: WindowWord,
    /// The same as it is written, a part of the key.
    pub window_name: String,
    /// Whose calendar.
    pub zone: Zone,
    /// The zone's name, a part of the key.
    pub zone_name: String,
    /// What has a counter of its own.
    pub per: Vec<Per>,
    /// Which payments count.
    pub when: Option<When>,
    /// What the keys of its cells begin with, once that was asked for.
    pub prefix: OnceCell<String>,
}

/// A budget, compiled.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Its counter.
    pub counter: Counter,
    /// What may be held and spent in all.
    pub limit: Option<Limit>,
    /// From here on in all, people decide.
    pub approve_from: Option<Usd>,
}

/// A limit with its unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// In US dollars, over all assets.
    Usd(Usd),
    /// In atomic units of one asset.
    Asset(Amount, AssetId),
}

/// A rate, compiled.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Its counter. A rate with a gap alone has a window that nothing is asked of.
    pub counter: Counter,
    /// The most payments within the window.
    pub max: Option<u64>,
    /// The shortest time between two, in milliseconds.
    pub min_gap: Option<Millis>,
    /// Whether a payment waits until it may be made.
    pub delay: bool,
}

/// What has to be known of who is paid.
#[derive(Clone, Debug)]
pub struct Counterparty {
    /// Whether a contract may be paid.
    pub allow_contracts: bool,
    /// Whether a contract has to be verified.
    pub require_verified: bool,
    /// The youngest wallet, in days.
    pub min_wallet_age_days: Option<u64>,
    /// How often the address must have been paid.
    pub min_prior_payments: Option<u64>,
    /// The highest risk.
    pub max_risk: Option<RiskWord>,
    /// Whether a missing fact is let pass.
    pub let_missing_pass: bool,
}

/// What things cost.
#[derive(Clone, Debug)]
pub struct Prices {
    /// How far above its reference a price may lie, in hundredths of a per cent.
    pub max_drift: Option<u64>,
    /// What becomes of one that lies above.
    pub then: OnChange,
    /// Prices that were agreed on, the first that covers a route.
    pub agreed: Vec<(VendorSet, Usd)>,
}

/// A rule, compiled.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Which payments it speaks of.
    pub when: Option<When>,
    /// What becomes of them.
    pub then: Then,
}

/// Who decides.
#[derive(Clone, Debug)]
pub struct Approvals {
    /// How many different people.
    pub threshold: u64,
    /// Who; `None` is anybody but the agent itself.
    pub approvers: Option<BTreeSet<String>>,
    /// What approvers sign with, by their names.
    pub keys: Vec<(String, Key)>,
    /// How long people have to answer, in milliseconds.
    pub timeout: Millis,
    /// How old a countersignature may be when it comes in, in milliseconds.
    pub max_age: Millis,
    /// How many questions of one agent may stand at once.
    pub max_prompts_per_agent: u64,
    /// How many questions may wait for one approver.
    pub max_prompts_per_approver: u64,
    /// The secrets that the keys refer to, as far as they were handed in. They are no part of the policy's text or hash.
    pub secrets: Secrets,
}

impl Approvals {
    /// What this approver signs with.
    #[must_use]
    pub fn key(&self, approver: &str) -> Option<&Key> {
        self.keys.iter().find(|(name, _)| name == approver).map(|(_, key)| key)
    }

    /// The references of the secrets that the keys need.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|(_, key)| match key {
            Key::Hmac(reference) => Some(reference.as_str()),
            Key::Ed25519(_) => None,
        })
    }
}

impl Policy {
    /// Reads and compiles a policy.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each with its path; never an empty list.
    pub fn read(json: &Json) -> Result<Self, Vec<PolicyError>> {
        let mut reader = Reader::default();
        let compiled = Document::read(json, &mut reader).map(|document| compile::policy(&document, json, &mut reader));
        match compiled {
            Some(policy) if reader.errors.is_empty() => Ok(policy),
            _ => Err(reader.errors),
        }
    }

    /// What an asset counts as: by the policy, else by the registry; `None` if neither knows it.
    #[must_use]
    pub fn price(&self, id: &AssetId) -> Option<Price> {
        let own = self.priced.iter().find(|(other, _)| other == id).map(|(_, price)| price.clone());
        own.or_else(|| {
            known(id).map(|asset| Price {
                decimals: asset.decimals,
                usd: Some(Rate::ONE),
                symbol: Some(Cow::Borrowed(asset.symbol)),
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
