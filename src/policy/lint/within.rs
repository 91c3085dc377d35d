//! Conditions beside each other: whether every payment that one covers is covered by the other. True only where that is
//! certain.

use super::patterns::read_all;
use crate::policy::document::WhenSection;
use crate::policy::glob::Names;
use crate::policy::when::{Hours, When};
use crate::policy::words::DayWord;
use crate::policy::{Lists, PayeeSet};

const WEEK: [DayWord; 7] =
    [DayWord::Mon, DayWord::Tue, DayWord::Wed, DayWord::Thu, DayWord::Fri, DayWord::Sat, DayWord::Sun];

/// Conditions as they are written and as they are compiled. Neither is there where all payments are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions<'a> {
    pub(super) written: Option<&'a WhenSection>,
    pub(super) compiled: Option<&'a When>,
}

impl Conditions<'_> {
    /// Whether they let every payment through.
    pub(super) fn is_all(&self) -> bool {
        self.written.is_none_or(|written| {
            let nothing = WhenSection {
                time_zone: written.time_zone.clone(),
                hours: written.hours.clone().filter(Vec::is_empty),
                days: written.days.clone().filter(Vec::is_empty),
                ..WhenSection::default()
            };
            *written == nothing
        })
    }

    /// Whether every payment that these cover is covered by the others.
    pub(super) fn within(&self, wider: &Conditions<'_>) -> bool {
        if wider.is_all() {
            return true;
        }
        let (Some(inner), Some(outer)) = (self.written, wider.written) else { return false };
        let (Some(narrow), Some(wide)) = (self.compiled, wider.compiled) else { return false };
        fn both<T>(inner: Option<&T>, outer: Option<&T>, within: impl FnOnce(&T, &T) -> bool) -> bool {
            match (inner, outer) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(inner), Some(outer)) => within(inner, outer),
            }
        }
        let names = |texts: &Option<Vec<String>>, outer: &Option<Vec<String>>, set: &Option<Names>| {
            both(texts.as_ref(), outer.as_ref(), |texts, outer| {
                set.as_ref().is_some_and(|set| texts.iter().all(|text| name_within(text, outer, set)))
            })
        };
        names(&inner.agents, &outer.agents, &wide.agents)
            && names(&inner.clients, &outer.clients, &wide.clients)
            && both(inner.vendors.as_ref(), outer.vendors.as_ref(), |inner, outer| vendors_within(inner, outer))
            && both(narrow.payees.as_ref(), wide.payees.as_ref(), payees_within)
            && both(narrow.networks.as_ref(), wide.networks.as_ref(), |inner, outer| inner.is_subset(outer))
            && both(narrow.assets.as_ref(), wide.assets.as_ref(), |inner, outer| inner.is_subset(outer))
            && both(narrow.methods.as_ref(), wide.methods.as_ref(), |inner, outer| inner.is_subset(outer))
            && both(narrow.schemes.as_ref(), wide.schemes.as_ref(), |inner, outer| {
                inner.iter().all(|scheme| outer.contains(scheme))
            })
            && both(narrow.min_usd.as_ref(), wide.min_usd.as_ref(), |inner, outer| inner >= outer)
            && both(narrow.max_usd.as_ref(), wide.max_usd.as_ref(), |inner, outer| inner <= outer)
            && both(narrow.first_payment.as_ref(), wide.first_payment.as_ref(), |inner, outer| inner == outer)
            && both(narrow.min_risk.as_ref(), wide.min_risk.as_ref(), |inner, outer| inner >= outer)
            && (wide.hours.is_empty()
                || (!narrow.hours.is_empty()
                    && same_zone(inner.time_zone.as_deref(), outer.time_zone.as_deref())
                    && minutes().all(|minute| !open(&narrow.hours, minute) || open(&wide.hours, minute))))
    }
}

pub(super) fn same_zone(a: Option<&str>, b: Option<&str>) -> bool {
    a.unwrap_or("UTC") == b.unwrap_or("UTC")
}

/// Whether hours in the same zone have no minute of the week in common.
pub(super) fn hours_apart(a: &Hours, b: &Hours) -> bool {
    minutes().all(|minute| !open(a, minute) || !open(b, minute))
}

fn minutes() -> impl Iterator<Item = (DayWord, u32)> {
    WEEK.into_iter().flat_map(|day| (0..24 * 60).map(move |minute| (day, minute)))
}

fn open(hours: &Hours, (day, minute): (DayWord, u32)) -> bool {
    (hours.days.is_empty() || hours.days.contains(&day))
        && (hours.hours.is_empty() || hours.hours.iter().any(|hours| hours.covers(minute)))
}

/// Whether every name that a text covers is covered by a set. A pattern is only where it stands there too, or all are.
pub(super) fn name_within(text: &str, outer: &[String], set: &Names) -> bool {
    match text.contains(['*', '?']) {
        true => outer.iter().any(|other| other == text || other == "*"),
        false => set.covers(text),
    }
}

/// Whether no name that a text covers is covered by a set.
pub(super) fn name_apart(text: &str, outer: &[String], set: &Names) -> bool {
    if !text.contains(['*', '?']) {
        return !set.covers(text);
    }
    let mut one = Names::default();
    // Two patterns may have names in common that no one has thought of.
    one.add(text).is_ok() && outer.iter().all(|name| !name.contains(['*', '?']) && !one.covers(name))
}

/// Whether all vendors of one list are covered by another.
pub(super) fn vendors_within(inner: &[String], outer: &[String]) -> bool {
    let (inner, outer) = (read_all(inner), read_all(outer));
    inner.iter().all(|pattern| outer.iter().any(|other| pattern.within(other)))
}

/// Whether no vendor of one list is covered by another.
pub(super) fn vendors_apart(inner: &[String], outer: &[String]) -> bool {
    let (inner, outer) = (read_all(inner), read_all(outer));
    inner.iter().all(|pattern| outer.iter().all(|other| pattern.apart(other)))
}

/// Whether all payees of one set are in another.
pub(super) fn payees_within(inner: &PayeeSet, outer: &PayeeSet) -> bool {
    inner.anywhere.iter().all(|address| outer.anywhere.contains(address))
        && inner.on_network.iter().all(|id| outer.covers(&id.network, &id.address))
}

/// Whether no payee of one set is in another.
pub(super) fn payees_apart(inner: &PayeeSet, outer: &PayeeSet) -> bool {
    let somewhere =
        |address: &String| outer.anywhere.contains(address) || outer.on_network.iter().any(|id| id.address == *address);
    !inner.anywhere.iter().any(somewhere) && !inner.on_network.iter().any(|id| outer.covers(&id.network, &id.address))
}

/// Whether nothing of a condition gets past an allow and a block list.
pub(super) fn shut_out<T>(
    lists: &Lists<T>,
    within: impl FnOnce(&T) -> bool,
    apart: impl FnOnce(&T) -> bool,
) -> Option<&'static str> {
    if lists.block.as_ref().is_some_and(within) {
        return Some("block");
    }
    lists.allow.as_ref().is_some_and(apart).then_some("allow")
}
