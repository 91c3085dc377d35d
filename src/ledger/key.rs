//! The keys of the cells: which cell a thing stands in.

use crate::offer::Terms;

/// The open holds.
pub const OPEN: &str = "open";
/// The freeze switch.
pub const FREEZE: &str = "freeze";
/// The latest time seen.
pub const CLOCK: &str = "clock";
/// The head of the audit log.
pub const AUDIT: &str = "audit";
/// What the keys of all audit records begin with.
pub const LOG: &str = "log/";
/// What all budgets' keys begin with.
pub const BUDGETS: &str = "budget/";
/// What the keys of all latest payments begin with.
pub const LATEST: &str = "latest/";
/// What all intents' keys begin with.
pub const INTENTS: &str = "intent/";
/// What the keys of all holds begin with.
pub const HOLDS: &str = "hold/";
/// What the keys of all payments seen begin with.
pub const SEEN: &str = "seen/";
/// The key of this ledger's fingerprints.
pub const SALT: &str = "salt";
/// The questions to people that stand.
pub const PROMPTS: &str = "prompts";
/// What the keys begin with that say under which id a request is asked about.
pub const ASKED: &str = "asked/";
/// What the keys of all agents' freezes begin with.
pub const AGENTS: &str = "agent/";
/// What all approvals' keys begin with.
pub const APPROVALS: &str = "approval/";

/// The cell that counts the payments to an address.
#[must_use]
pub fn payee(terms: &Terms) -> String {
    below("payee/", &[terms.network.as_str(), &terms.pay_to])
}

/// The cell of the address that an origin was first paid at, on this network.
#[must_use]
pub fn pin(origin: &str, terms: &Terms) -> String {
    below("pin/", &[origin, terms.network.as_str()])
}

/// The cell of the first price of a route, in this asset.
#[must_use]
pub fn price(endpoint: &str, terms: &Terms) -> String {
    below("price/", &[endpoint, &terms.asset.text()])
}

/// The cell of the latest payment that a rate counts.
#[must_use]
pub fn latest(rate: &str, scope: &str) -> String {
    format!("{LATEST}{rate}/{scope}")
}

/// The cell of a hold.
#[must_use]
pub fn hold(id: &str) -> String {
    below(HOLDS, &[id])
}

/// The cell of an approval.
#[must_use]
pub fn approval(id: &str) -> String {
    below(APPROVALS, &[id])
}

/// The cell of an audit record. Sixteen digits: the order of the keys is that of the records.
#[must_use]
pub fn log(seq: u64) -> String {
    format!("{LOG}{seq:016}")
}

/// The cell of an agent's own freeze.
#[must_use]
pub fn agent(name: &str) -> String {
    below(AGENTS, &[name])
}

/// A prefix, and parts with a slash between.
fn below(prefix: &str, parts: &[&str]) -> String {
    let size = parts.iter().fold(prefix.len(), |size, part| size.saturating_add(part.len()).saturating_add(1));
    let mut key = String::with_capacity(size);
    key.push_str(prefix);
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            key.push('/');
        }
        escape_into(&mut key, part);
    }
    key
}

/// A part of a key, with everything escaped that could be taken for the structure round it.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

/// The same, at the end of a key that is being made.
pub fn escape_into(key: &mut String, text: &str) {
    let mut rest = text;
    while let Some(strange) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (plain, after) = rest.split_at_checked(strange).unwrap_or((rest, ""));
        key.push_str(plain);
        // A character of several bytes is escaped byte by byte.
        let character = after.chars().next();
        let length = character.map_or(0, char::len_utf8);
        for byte in after.bytes().take(length) {
            key.push_str(&format!("%{byte:02X}"));
        }
        rest = after.get(length..).unwrap_or_default();
    }
    key.push_str(rest);
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_byte_that_is_not_plain_is_escaped(text in "[a/%é\u{1F600}_,=~ ]{0,12}|.{0,20}") {
            let wanted: String = text
                .bytes()
                .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
                .collect();
            prop_assert_eq!(escape(&text), wanted);
        }
    }
}
