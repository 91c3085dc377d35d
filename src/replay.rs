//! Replays: the same payment again. What makes two the same is written in one spelling and kept as an HMAC under a key
//! of the ledger's own, so that a store, or a log, does not show what was bought.
//!
//! Every spelling of one payment is one: aliases of networks, the case of hosts and of EVM addresses, `:443`, fragments,
//! escapes that RFC 3986 calls equal. How long the signature may live is no part of it. A query is.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hash::hex;
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::offer::{Offer, Terms};
use crate::origin::Target;
use crate::policy::Policy;
use crate::policy::words::ReplayMode;
use crate::request::Request;

/// The key of the cell that remembers each entry of an offer, in their order; nothing where none does. By default only
/// a call with an idempotency key is remembered, and then its key is all that counts.
///
/// # Errors
/// The cells that are not here.
pub fn keys(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    offer: &Offer,
) -> Result<Vec<Option<String>>, Missing> {
    if !remembers(policy, request) {
        return Ok(vec![None; offer.accepts.len()]);
    }
    let salt = work.salt()?;
    let entries = offer.accepts.iter().map(|entry| entry.as_ref().ok());
    let keys: Vec<Option<String>> =
        entries.map(|terms| terms.map(|terms| cell_key(&salt, request, target, terms))).collect();
    work.presume(keys.iter().flatten());
    work.need(keys.iter().flatten().map(String::as_str))?;
    Ok(keys)
}

/// Whether anything is remembered of a payment for this request.
#[must_use]
pub fn remembers(policy: &Policy, request: &Request) -> bool {
    policy.replay.mode == ReplayMode::Strict || request.idempotency_key.is_some()
}

fn cell_key(salt: &str, request: &Request, target: &Target, terms: &Terms) -> String {
    let payment =
        [terms.scheme.as_str(), terms.network.as_str(), &terms.asset.address, &terms.pay_to, &terms.amount.to_string()];
    [key::SEEN, &fingerprint(salt.as_bytes(), &request.intended(target, &payment))].concat()
}

/// HMAC-SHA256, in hex.
fn fingerprint(salt: &[u8], bytes: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt) else { return String::from("-") };
    mac.update(bytes);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hmac_of_rfc_4231() {
        // Test case 2.
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(fingerprint(b"Jefe", b"what do ya want for nothing?"), wanted);
    }
}
