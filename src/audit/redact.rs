//! What of an event is written down. An event is redacted before it is judged, so that the log alone is enough to judge
//! it again: what is left out can't have borne on the decision. Countersignatures alone do, and are left out after it.
//!
//! Left out: signatures (a signed payment is a bearer instrument), and what a query says. In place of a query's values
//! stand pseudonyms under the log's own key: equal values stay equal, and without the key they tell nothing.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::approval::proof::Proof;
use crate::audit::tree::Hash;
use crate::bind::unsigned;
use crate::hash::hex;
use crate::json::{Json, parse};
use crate::ledger::cells::Cell;
use crate::origin::{Target, equal_escapes};

/// From so many characters of `0x`-hex on, a text may be a signature: the shortest has 64 bytes.
const SIGNATURE_DIGITS: usize = 128;

/// Begins a text that stands for one that could not be read, and can't be read either.
const UNREADABLE: &str = "!";

/// A redacted event as it is written down: countersignatures bear on the decision, so that it is judged with them; in the
/// log stand pseudonyms of them, and in `proven` which of them were good.
#[must_use]
pub fn uncountersigned(event: Json, salt: &str) -> Json {
    match event {
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .map(|(name, value)| match name.as_str() {
                    "signature" | "countersignatures" => (name, hidden(value, salt)),
                    _ => (name, value),
                })
                .collect(),
        ),
        other => other,
    }
}

/// Every text in it as a pseudonym, but for the times.
fn hidden(value: Json, salt: &str) -> Json {
    match value {
        Json::String(text) => Json::String(pseudonym(&text, salt)),
        Json::Array(items) => Json::Array(items.into_iter().map(|item| hidden(item, salt)).collect()),
        Json::Object(members) => {
            let hide = |(name, value): (String, Json)| match name.as_str() {
                "signed_at" => (name, value),
                _ => (name, hidden(value, salt)),
            };
            Json::Object(members.into_iter().map(hide).collect())
        }
        other => other,
    }
}

/// A cell as the running hash over the ledger counts it: its countersignatures as the log writes them.
#[must_use]
pub fn counted(cell: &Cell, salt: &str) -> Cell {
    let mut cell = cell.clone();
    let proofs: Vec<&mut Proof> = match &mut cell {
        Cell::Approval(asked) => asked.answers.iter_mut().filter_map(|answer| answer.proof.as_mut()).collect(),
        Cell::Freeze(freeze) => freeze.lifted.iter_mut().map(|lifted| &mut lifted.proof).collect(),
        _ => Vec::new(),
    };
    for proof in proofs {
        proof.signature = pseudonym(&proof.signature, salt);
    }
    cell
}

/// An event as it is judged, and written down but for what proves it. `salt`: the key of the pseudonyms.
#[must_use]
pub fn redact(event: &Json, salt: &str) -> Json {
    let Some(members) = event.as_object() else { return Json::Null };
    let redacted = members.iter().filter(|(name, _)| name != "noted").map(|(name, value)| match name.as_str() {
        "url" => (name.clone(), each_text(value, |url| redacted_url(url, salt))),
        "offer" => (name.clone(), redacted_offer(value.clone(), salt)),
        // The text is strange to us; as an object it says the same. A key that stands there twice was refused by now.
        "offer_text" => match value.as_str().map(parse) {
            Some(Ok(offer)) if event.get("offer").is_none() => (String::from("offer"), redacted_offer(offer, salt)),
            Some(Err(_)) => (name.clone(), each_text(value, unreadable)),
            _ => (name.clone(), value.clone()),
        },
        "payload" => (name.clone(), without_signatures(unsigned::payment(value))),
        "message" => (name.clone(), without_signatures(value.clone())),
        "idempotency_key" => (name.clone(), each_text(value, |key| pseudonym(key, salt))),
        _ => (name.clone(), value.clone()),
    });
    Json::Object(redacted.collect())
}

fn each_text(value: &Json, change: impl Fn(&str) -> String) -> Json {
    value.as_str().map_or_else(|| value.clone(), |text| Json::String(change(text)))
}

fn unreadable(text: &str) -> String {
    format!("{UNREADABLE}{}", Hash::of(text.as_bytes()))
}

/// A URL with its query's values as pseudonyms and without its fragment. One that is no URL stays none. Values are equal in
/// whatever spelling: else a payment that is the same would be known again without a log alone.
fn redacted_url(url: &str, salt: &str) -> String {
    if Target::parse(url).is_err() {
        return unreadable(url);
    }
    let url = url.split('#').next().unwrap_or_default();
    match url.split_once('?') {
        None => url.to_owned(),
        Some((endpoint, query)) => {
            let parts: Vec<String> = equal_escapes(query)
                .split('&')
                .map(|part| match part.split_once('=') {
                    Some((name, value)) => format!("{name}={}", pseudonym(value, salt)),
                    None => pseudonym(part, salt),
                })
                .collect();
            format!("{endpoint}?{}", parts.join("&"))
        }
    }
}

/// 96 bits of an HMAC: equal values stay equal. Nothing stays nothing.
#[must_use]
pub fn pseudonym(value: &str, salt: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    let mac = hmac(salt.as_bytes(), value.as_bytes());
    format!("~{}", hex(mac.0.get(..12).unwrap_or_default()))
}

/// HMAC-SHA256.
#[must_use]
pub fn hmac(key: &[u8], bytes: &[u8]) -> Hash {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Hash::default() };
    mac.update(bytes);
    Hash(mac.finalize().into_bytes().into())
}

/// Offers name the resource that was asked for, with its query: version 2 once, version 1 in each entry.
fn redacted_offer(mut offer: Json, salt: &str) -> Json {
    let version_1 = offer.get("x402Version").and_then(Json::as_u64) == Some(1);
    if let Json::Object(members) = &mut offer {
        for (name, value) in members {
            match (name.as_str(), value) {
                ("resource", resource) => hide_query(resource, "url", salt),
                ("accepts", Json::Array(entries)) if version_1 => {
                    entries.iter_mut().for_each(|entry| hide_query(entry, "resource", salt));
                }
                _ => {}
            }
        }
    }
    without_signatures(offer)
}

/// The URL under this name, if it is a text there.
fn hide_query(holder: &mut Json, key: &str, salt: &str) {
    let Json::Object(members) = holder else { return };
    for (_, value) in members.iter_mut().filter(|(name, _)| name == key) {
        if let Json::String(text) = value {
            *text = query_of(text, salt);
        }
    }
}

/// A resource is a text of the seller's, and need not be a URL.
fn query_of(text: &str, salt: &str) -> String {
    if Target::parse(text).is_ok() {
        return redacted_url(text, salt);
    }
    match text.split_once(['?', '#']) {
        Some((before, after)) => format!("{before}?{}", pseudonym(after, salt)),
        None => text.to_owned(),
    }
}

/// Whatever looks like a signature, wherever it stands, is not written down.
fn without_signatures(mut value: Json) -> Json {
    hide_signatures(&mut value);
    value
}

fn hide_signatures(value: &mut Json) {
    match value {
        Json::String(text) if is_long_hex(text) => *text = unreadable(text),
        Json::Array(items) => items.iter_mut().for_each(hide_signatures),
        Json::Object(members) => members.iter_mut().for_each(|(_, value)| hide_signatures(value)),
        _ => {}
    }
}

fn is_long_hex(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() >= SIGNATURE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own text has failed")]
mod tests {
    use super::*;

    fn redacted(event: &str) -> String {
        redact(&parse(event).unwrap(), "5a").canonical()
    }

    #[test]
    fn a_query_is_a_pseudonym_and_equal_values_stay_equal() {
        let url = |url: &str| redacted(&format!(r#"{{"url":"{url}"}}"#));
        let one = url("https://a.com/x?card=4111&empty=&flag#top");
        assert!(one.starts_with(r#"{"url":"https://a.com/x?card=~"#) && one.contains("&empty=&~"), "{one}");
        assert!(!one.contains("4111") && !one.contains("flag") && !one.contains('#'), "{one}");
        assert_eq!(one, url("https://a.com/x?card=4111&empty=&flag"));
        assert_ne!(one, url("https://a.com/x?card=4112&empty=&flag"));
        assert_ne!(
            one,
            redact(&parse(r#"{"url":"https://a.com/x?card=4111&empty=&flag"}"#).unwrap(), "5b").canonical()
        );
        // What is no URL stays none, and its password is not written down.
        let wrong = url("https://user:secret@a.com/");
        assert!(wrong.starts_with(r#"{"url":"!"#) && !wrong.contains("secret"), "{wrong}");
        assert!(Target::parse(parse(&wrong).unwrap().get("url").unwrap().as_str().unwrap()).is_err());
    }

    #[test]
    fn an_offer_is_written_down_without_the_query_that_it_repeats() {
        let offers = [
            r#"{"x402Version":2,"resource":{"url":"https://a.com/?k=secret"},"accepts":[{"amount":"1"}]}"#,
            r#"{"x402Version":1,"accepts":[{"amount":"1","resource":"https://a.com/?k=secret"}]}"#,
            r#"{"x402Version":1,"accepts":[{"amount":"1","resource":"/relative?k=secret"}]}"#,
        ];
        for offer in offers {
            let text = redacted(&format!(r#"{{"offer_text":{}}}"#, Json::String(offer.to_owned()).canonical()));
            assert!(text.starts_with(r#"{"offer":{"accepts":[{"amount":"1""#), "{text}");
            assert!(!text.contains("secret") && text.contains('~'), "{text}");
        }
        let twice = redacted(r#"{"offer_text":"{\"a\":1,\"a\":2}"}"#);
        assert!(twice.starts_with(r#"{"offer_text":"!"#), "{twice}");
    }

    #[test]
    fn what_looks_like_a_signature_is_not_written_down() {
        let signature = "ab".repeat(65);
        for event in [
            format!(
                r#"{{"payload":{{"x402Version":2,"payload":{{"signature":"0x{signature}","authorization":{{}}}}}}}}"#
            ),
            format!(r#"{{"payload":{{"x402Version":2,"payload":{{"authorization":{{"nonce":"0x{signature}"}}}}}}}}"#),
            format!(r#"{{"payload":{{"x402Version":2,"accepted":{{"extra":{{"x":"{signature}"}}}},"payload":{{}}}}}}"#),
            format!(r#"{{"message":{{"message":{{"nonce":["0x{signature}"]}}}}}}"#),
            format!(r#"{{"payload":{{"x402Version":2,"header":"0x{signature}"}}}}"#),
        ] {
            let text = redacted(&event);
            assert!(!text.contains("abababab"), "{text}");
        }
    }
}
