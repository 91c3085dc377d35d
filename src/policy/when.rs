//! Which payments a rule speaks of, or a budget counts.

use std::collections::BTreeSet;

use crate::asset::{AssetId, Network};
use crate::money::Usd;
use crate::offer::Scheme;
use crate::order::Set;
use crate::policy::PayeeSet;
use crate::policy::glob::Names;
use crate::policy::vendors::VendorSet;
use crate::policy::words::RiskWord;
use crate::policy::words::{DayWord, HoursWord};
use crate::policy::zone::Zone;
use crate::time::Millis;

/// Hours and days in a zone. With neither, it is always open.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Hours of the day; empty is all.
    pub hours: Vec<HoursWord>,
    /// Days of the week; empty is all.
    pub days: Vec<DayWord>,
    /// Whose hours and days.
    pub zone: Zone,
}

impl Hours {
    /// Whether there are none: then it is always open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }

    /// Whether the moment lies in them; nothing where the zone's table has ended.
    #[must_use]
    pub fn cover(&self, at: Millis) -> Option<bool> {
        if self.is_empty() {
            return Some(true);
        }
        let local = self.zone.local(at)?;
        let day = self.days.is_empty() || self.days.contains(&local.day);
        let hour = self.hours.is_empty() || self.hours.iter().any(|hours| hours.covers(local.minute));
        Some(day && hour)
    }

    /// The next moment, after this one, that lies in them, within eight days.
    #[must_use]
    pub fn next(&self, at: Millis) -> Option<Millis> {
        self.find(at, true)
    }

    /// The next moment, after this one, that does not lie in them, within eight days.
    #[must_use]
    pub fn next_outside(&self, at: Millis) -> Option<Millis> {
        self.find(at, false)
    }

    fn find(&self, at: Millis, inside: bool) -> Option<Millis> {
        const MINUTE: Millis = 60_000;
        let first = at.checked_div(MINUTE)?.checked_add(1)?.checked_mul(MINUTE)?;
        if self.is_empty() {
            return None;
        }
        let minutes = (0..8 * 24 * 60).map(|minutes: Millis| first.saturating_add(MINUTE.saturating_mul(minutes)));
        minutes.into_iter().find(|at| self.cover(*at) == Some(inside))
    }
}

/// Conditions, compiled: all that are there must hold.
#[derive(Clone, Debug)]
pub struct When {
    /// The agent is one of these.
    pub agents: Option<Names>,
    /// The client is one of these.
    pub clients: Option<Names>,
    /// The requested URL is covered.
    pub vendors: Option<VendorSet>,
    /// The address that is paid is covered.
    pub payees: Option<PayeeSet>,
    /// The network is one of these.
    pub networks: Option<Set<Network>>,
    /// The asset is one of these.
    pub assets: Option<Set<AssetId>>,
    /// The scheme is one of these.
    pub schemes: Option<Vec<Scheme>>,
    /// The method is one of these, in capitals.
    pub methods: Option<BTreeSet<String>>,
    /// At least this much.
    pub min_usd: Option<Usd>,
    /// At most this much.
    pub max_usd: Option<Usd>,
    /// Whether the address was never paid before.
    pub first_payment: Option<bool>,
    /// At least this risk.
    pub min_risk: Option<RiskWord>,
    /// Within these hours.
    pub hours: Hours,
}

/// What conditions are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The agent's name.
    pub agent: &'a str,
    /// The client's name.
    pub client: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// The requested URL.
    pub target: &'a crate::origin::Target,
    /// The entry of the offer.
    pub terms: &'a crate::offer::Terms,
    /// Its amount in US dollars, where the asset has a price.
    pub usd: Option<Usd>,
    /// How often the address was paid before.
    pub prior_payments: u64,
    /// The risk, where the operator's facts have it.
    pub risk: Option<RiskWord>,
    /// Now.
    pub at: Millis,
}

impl When {
    /// Whether the payment is one of these. What can't be known (a price, an hour beyond the zone's table) counts as
    /// `unknown`: whoever denies or counts takes true, whoever allows takes false.
    #[must_use]
    pub fn covers(&self, asked: &Asked<'_>, unknown: bool) -> bool {
        self.fails(asked, unknown).is_none()
    }

    /// The first condition that does not hold, by its name in the document; nothing if the payment is one of these.
    #[must_use]
    pub fn fails(&self, asked: &Asked<'_>, unknown: bool) -> Option<&'static str> {
        fn not<T>(name: &'static str, condition: Option<&T>, holds: impl FnOnce(&T) -> bool) -> Option<&'static str> {
            condition.filter(|condition| !holds(condition)).map(|_| name)
        }
        let (terms, method) = (asked.terms, || asked.method.to_ascii_uppercase());
        not("agents", self.agents.as_ref(), |names| names.covers(asked.agent))
            .or_else(|| not("clients", self.clients.as_ref(), |names| names.covers(asked.client)))
            .or_else(|| not("methods", self.methods.as_ref(), |methods| methods.contains(&method())))
            .or_else(|| not("networks", self.networks.as_ref(), |networks| networks.contains(&terms.network)))
            .or_else(|| not("assets", self.assets.as_ref(), |assets| assets.contains(&terms.asset)))
            .or_else(|| not("schemes", self.schemes.as_ref(), |schemes| schemes.contains(&terms.scheme)))
            .or_else(|| not("payees", self.payees.as_ref(), |payees| payees.covers(&terms.network, &terms.pay_to)))
            .or_else(|| not("vendors", self.vendors.as_ref(), |vendors| vendors.covers(asked.target)))
            .or_else(|| not("min_usd", self.min_usd.as_ref(), |least| asked.usd.map_or(unknown, |usd| usd >= *least)))
            .or_else(|| not("max_usd", self.max_usd.as_ref(), |most| asked.usd.map_or(unknown, |usd| usd <= *most)))
            .or_else(|| not("first_payment", self.first_payment.as_ref(), |f| *f == (asked.prior_payments == 0)))
            .or_else(|| not("min_risk", self.min_risk.as_ref(), |r| asked.risk.unwrap_or(RiskWord::High) >= *r))
            .or_else(|| not("hours", Some(&self.hours), |hours| hours.cover(asked.at).unwrap_or(unknown)))
    }
}
