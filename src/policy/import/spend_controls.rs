//! The official x402 SDK: `spendControls`, which are on by default, at one dollar per payment in the assets that the SDK
//! knows. Given as they are, or inside the client's configuration.

use std::collections::BTreeSet;

use super::Level;
use super::draft::{table, text, texts};
use super::figures::STEP;
use super::names::{currency_rows, ids, network, rows};
use super::notes::{NOWHERE, Place, Work};
use crate::asset::KnownAsset;
use crate::json::Json;
use crate::money::{Amount, Rate, Usd, usd_of};
use crate::words::quoted;

const SETTINGS: [&str; 2] = ["maxAmountPerPayment", "allowedAssets"];
/// What holds where no cap is given: `"$1"`.
const DEFAULT_CAP: Usd = Usd::new(1_000_000_000_000_000_000);

/// A cap of its own for one asset.
struct Cap {
    rows: Vec<&'static KnownAsset>,
    amount: Amount,
}

pub(super) fn bring_over(root: &Place<'_>, work: &mut Work) {
    let controls = match root.get("spendControls") {
        Some(controls) => {
            work.table(root, "the client's configuration", &["spendControls"]);
            controls
        }
        None => root.clone(),
    };
    match controls.json {
        Json::Bool(false) => {
            work.lost(
                &controls,
                "all spend controls are off: any asset, no cap; a tollwarden policy has to bound something",
            );
            return;
        }
        Json::Null => {
            default_cap(&controls, work);
            return;
        }
        _ if !work.table(&controls, "`spendControls`", &SETTINGS) => return,
        _ => {}
    }
    let cap = match controls.get("maxAmountPerPayment") {
        Some(at) if *at.json != Json::Null => payment_cap(&at, work),
        at => {
            if let Some(at) = at {
                work.carried(&at, ["payment.max_usd"], "not set, so that the default of `$1` holds");
            }
            default_cap(&controls, work)
        }
    };
    if let Some(at) = work.setting(&controls, "allowedAssets") {
        let cap_at = controls.get("maxAmountPerPayment").unwrap_or_else(|| controls.clone());
        allowed_assets(&at, &cap_at, cap, work);
    }
}

fn default_cap(at: &Place<'_>, work: &mut Work) -> Option<Usd> {
    let to = work.draft.set("payment.max_usd", text(&DEFAULT_CAP.to_string()));
    work.remark(Level::Carried, at, [to], "no cap is given, so the SDK's default of `$1` for each payment holds");
    Some(DEFAULT_CAP)
}

fn payment_cap(at: &Place<'_>, work: &mut Work) -> Option<Usd> {
    if *at.json == Json::Bool(false) {
        work.carried(at, NOWHERE, "no cap in dollars there, and none here");
        return None;
    }
    // `1 USD` is a dollar too; any other symbol would be another unit.
    let bare = at.json.as_str().and_then(|text| {
        let (figure, symbol) = text.trim().rsplit_once(' ')?;
        symbol.eq_ignore_ascii_case("USD").then(|| Json::String(figure.trim().to_owned()))
    });
    let figure = Place { path: at.path.clone(), json: bare.as_ref().unwrap_or(at.json) };
    let cap = work.usd(&figure)?;
    let to = work.draft.set("payment.max_usd", text(&cap.to_string()));
    work.carried(at, [to], "a payment above it is denied, one of exactly this much is not");
    Some(cap)
}

fn allowed_assets(at: &Place<'_>, cap_at: &Place<'_>, cap: Option<Usd>, work: &mut Work) {
    match at.json {
        Json::Bool(true) => {
            return work.lost(at, "any asset may be paid there; tollwarden pays in assets whose decimals it knows: list them under `assets`");
        }
        Json::Array(_) => {}
        _ => return work.malformed(at, "`true` or a list of assets"),
    }
    let (mut seen, mut caps) = (BTreeSet::new(), Vec::new());
    for item in at.items() {
        if let Some((found, place)) = entry(&item, &mut seen, work) {
            caps.push((found, place));
        }
    }
    let above = caps.iter().filter_map(|(own, _)| largest(own)).max();
    if let (Some(cap), Some(above)) = (cap, above)
        && above > cap
    {
        // The cap in dollars no longer fits all: the largest of all caps for everything, and a rule for the others.
        let overridden: BTreeSet<_> =
            caps.iter().flat_map(|(own, _)| own.rows.iter().map(|row| (row.network, row.address))).collect();
        work.draft.set("payment.max_usd", text(&above.to_string()));
        let others = rows(|row| !overridden.contains(&(row.network, row.address)));
        let to = deny_above(work, "other-assets-cap", &others, cap);
        let message = "`payment.max_usd` is the highest of all caps, and a rule holds the other assets to this one";
        work.remark(Level::Carried, cap_at, to, message);
    }
    let everywhere = above.into_iter().chain(cap).max();
    for (own, place) in caps {
        let mut to = Vec::new();
        let mut by_decimals: Vec<u8> = own.rows.iter().map(|row| row.decimals).collect();
        by_decimals.sort_unstable();
        by_decimals.dedup();
        for decimals in by_decimals {
            let alike: Vec<_> = own.rows.iter().copied().filter(|row| row.decimals == decimals).collect();
            match usd_of(own.amount, decimals, Rate::ONE) {
                Some(usd) if cap.is_some() && everywhere == Some(usd) => to.push(String::from("payment.max_usd")),
                Some(usd) => to.extend(deny_above(work, "asset-cap", &alike, usd)),
                None => {}
            }
        }
        if to.is_empty() {
            work.lost(&place, "more than can be counted in dollars");
        } else {
            work.carried(&place, to, "this asset's own cap, in dollars by its decimals, in place of the one for all");
        }
    }
}

/// The most that a cap is in dollars, over the decimals of its assets.
fn largest(cap: &Cap) -> Option<Usd> {
    cap.rows.iter().filter_map(|row| usd_of(cap.amount, row.decimals, Rate::ONE)).max()
}

fn deny_above(work: &mut Work, name: &str, rows: &[&KnownAsset], cap: Usd) -> Option<String> {
    let above = cap.checked_add(STEP).filter(|_| !rows.is_empty())?;
    let name = work.draft.name(name);
    let when = table([("assets", Some(texts(&ids(rows)))), ("min_usd", Some(text(&above.to_string())))]);
    let rule = table([("name", Some(text(&name))), ("when", Some(when)), ("then", Some(text("deny")))]);
    Some(work.draft.push("rules", rule))
}

/// One entry of the list; with its cap if it has one that can be carried.
fn entry<'a>(
    at: &Place<'a>,
    seen: &mut BTreeSet<(&'static str, &'static str)>,
    work: &mut Work,
) -> Option<(Cap, Place<'a>)> {
    if !work.table(at, "an allowed asset", &["network", "asset", "maxAmountPerPayment"]) {
        return None;
    }
    let (network_at, asset_at) = (work.setting(at, "network"), work.setting(at, "asset"));
    let (Some(network_at), Some(asset_at)) = (network_at, asset_at) else {
        work.remark(Level::Lost, at, NOWHERE, "expected `network` and `asset`");
        work.lost(at, "an entry without network and asset covers nothing");
        return None;
    };
    let (Some(on), Some(asset)) = (network_at.json.as_str(), asset_at.json.as_str()) else {
        work.lost(at, "expected a network and an asset, each a text");
        return None;
    };
    let wildcard = on.strip_suffix(":*");
    let networks = match wildcard {
        Some(kind) => {
            rows(|row| row.network.split(':').next() == Some(kind)).iter().map(|row| row.network.to_owned()).collect()
        }
        None => match network(on) {
            Ok(network) => vec![network],
            Err(error) => {
                work.lost(at, error.message());
                return None;
            }
        },
    };
    let rows: Vec<_> =
        currency_rows(asset).into_iter().filter(|row| networks.iter().any(|n| n == row.network)).collect();
    if rows.is_empty() {
        work.lost(
            at,
            format!(
                "{} is not in the registry, and its decimals and its price are not known: list it under `assets`",
                quoted(asset)
            ),
        );
        return None;
    }
    let known = "an asset of the registry, which may be paid in anyway";
    work.carried(&network_at, NOWHERE, known);
    work.carried(&asset_at, NOWHERE, known);
    let place = work.setting(at, "maxAmountPerPayment");
    // Of several entries for one asset the first one counts.
    let rows: Vec<_> = rows.into_iter().filter(|row| seen.insert((row.network, row.address))).collect();
    let place = place?;
    let Some(amount) = place.json.as_str().and_then(|text| Amount::parse(text).ok()) else {
        work.malformed(&place, "an amount in atomic units, as a text such as \"2000000\"");
        return None;
    };
    if rows.is_empty() {
        work.carried(&place, NOWHERE, "an entry before it speaks of the same asset, and the first one counts");
        return None;
    }
    Some((Cap { rows, amount }, place))
}
