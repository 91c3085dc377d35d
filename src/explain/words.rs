//! Figures and conditions in words.

use crate::asset::AssetId;
use crate::money::{Amount, format_units};
use crate::policy::Policy;
use crate::policy::document::WhenSection;
use crate::policy::words::{Calendar, DayWord, HoursWord, Per, WindowWord};
use crate::time::{Millis, format_duration};

/// So many entries of a list are named; of the others only how many they are.
const NAMED: usize = 8;

/// `a`, `b` and `c`; of a long list the first few and how many there are.
pub(super) fn list<T: AsRef<str>>(entries: &[T], joint: &str) -> String {
    let quoted = |entry: &T| format!("`{}`", entry.as_ref());
    let mut shown: Vec<String> = entries.iter().take(NAMED).map(quoted).collect();
    let more = entries.len().saturating_sub(NAMED);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    match shown.pop() {
        None => String::from("none"),
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} {joint} {last}", shown.join(", ")),
    }
}

/// `in any 24 hours`, as a budget's window is said.
pub(super) fn window(window: WindowWord, zone: &str) -> String {
    let calendar = |calendar: Calendar| match calendar {
        Calendar::Day => "each calendar day",
        Calendar::Week => "each calendar week, from Monday",
        Calendar::Month => "each calendar month",
    };
    match window {
        WindowWord::Rolling(span) => format!("in any {}", duration(span)),
        WindowWord::Calendar(period) => format!("{} ({zone})", calendar(period)),
        WindowWord::Session => String::from("in one session"),
        WindowWord::Lifetime => String::from("ever"),
    }
}

/// A length of time with its unit: `24 hours`, `90 seconds`; a mixed one as it is written.
pub(super) fn duration(length: Millis) -> String {
    let units: [(Millis, &str); 4] = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let whole = units.iter().find(|(unit, _)| length.checked_rem(*unit) == Some(0));
    match whole.and_then(|(unit, name)| length.checked_div(*unit).map(|count| (count, *name))) {
        Some((1, "day")) => String::from("24 hours"),
        Some((1, name)) => name.to_owned(),
        Some((count, name)) => format!("{count} {name}s"),
        None => format_duration(length),
    }
}

/// Whose counter it is: `, for each agent and vendor`.
pub(super) fn per(per: &[Per]) -> String {
    let words: Vec<&str> = per.iter().map(|per| per.word()).collect();
    match words.as_slice() {
        ["all"] | [] => String::from(", all together"),
        [one] => format!(", for each {one}"),
        [first @ .., last] => format!(", for each {} and {last}", first.join(", ")),
    }
}

/// Hours and days: `from 09:00 to 17:00 on mon, tue (Europe/Berlin)`.
pub(super) fn hours(hours: Option<&Vec<HoursWord>>, days: Option<&Vec<DayWord>>, zone: Option<&str>) -> Option<String> {
    let clock = |minute: u32| format!("{:02}:{:02}", minute.div_euclid(60), minute.rem_euclid(60));
    let spans: Vec<String> =
        hours.into_iter().flatten().map(|span| format!("from {} to {}", clock(span.from), clock(span.to))).collect();
    let days: Vec<&str> = days.into_iter().flatten().map(|day| day.word()).collect();
    let mut parts = Vec::new();
    if !spans.is_empty() {
        parts.push(spans.join(" or "));
    }
    if !days.is_empty() {
        parts.push(format!("on {}", days.join(", ")));
    }
    (!parts.is_empty()).then(|| format!("{} ({})", parts.join(" "), zone.unwrap_or("UTC")))
}

/// An amount of an asset: in whole tokens with its symbol where that is known.
pub(super) fn amount(policy: &Policy, amount: Amount, asset: &AssetId) -> String {
    match policy.price(asset) {
        Some(price) => {
            let symbol = price.symbol.map_or_else(|| format!("of {asset}"), |symbol| format!("{symbol} ({asset})"));
            format!("{} {symbol}", format_units(amount, price.decimals))
        }
        None => format!("{amount} atomic units of {asset}"),
    }
}

/// Which payments: `payments of at least 5 USD to `api.example.com``.
pub(super) fn payments(when: Option<&WhenSection>) -> String {
    let Some(when) = when else { return String::from("every payment") };
    let mut parts = vec![String::from(if when.first_payment == Some(true) {
        "a first payment to an address"
    } else {
        "a payment"
    })];
    match (&when.min_usd, &when.max_usd) {
        (Some(least), Some(most)) => parts.push(format!("of {least} to {most} USD")),
        (Some(least), None) => parts.push(format!("of {least} USD or more")),
        (None, Some(most)) => parts.push(format!("of {most} USD or less")),
        (None, None) => {}
    }
    let mut listed = |word: &str, entries: Option<&Vec<String>>| {
        if let Some(entries) = entries {
            parts.push(format!("{word} {}", list(entries, "or")));
        }
    };
    listed("by the agent", when.agents.as_ref());
    listed("for the client", when.clients.as_ref());
    listed("to", when.vendors.as_ref());
    listed("at the address", when.payees.as_ref());
    listed("on", when.networks.as_ref());
    listed("in", when.assets.as_ref());
    listed("with the method", when.methods.as_ref());
    if let Some(schemes) = &when.schemes {
        let schemes: Vec<&str> = schemes.iter().map(|scheme| scheme.as_str()).collect();
        parts.push(format!("by the scheme {}", list(&schemes, "or")));
    }
    if when.first_payment == Some(false) {
        parts.push(String::from("to an address that was paid before"));
    }
    if let Some(risk) = when.min_risk {
        parts.push(format!("at a risk of {} or more, or unknown", risk.word()));
    }
    parts.extend(hours(when.hours.as_ref(), when.days.as_ref(), when.time_zone.as_deref()));
    if parts.len() == 1 && when.first_payment.is_none() { String::from("every payment") } else { parts.join(" ") }
}
