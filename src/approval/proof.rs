//! Countersignatures: who says so, proven by a key that the agent can't read.
//!
//! What is signed is the text of five lines of [`statement`]: what it is, the verb, the digest of what is asked, when, by
//! whom. A signature is good for one question, one answer and one approver, for as long as the question stands.

use std::cell::RefCell;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ed25519::PublicKey;
use crate::hash::framed;
use crate::json::Json;
use crate::members::{instant, optional_text, wrong};
use crate::reason::Refusal;
use crate::time::Millis;

/// How far ahead of the ledger's time a signature's time may be, in milliseconds: clocks differ.
pub const AHEAD: Millis = 30_000;

/// The shortest secret of an HMAC, in bytes.
pub const SHORTEST_SECRET: usize = 16;

/// What an approver signs with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An Ed25519 public key, in lower-case hex.
    Ed25519(String),
    /// HMAC-SHA256 with a secret that stands elsewhere, under this reference.
    Hmac(String),
}

/// A countersignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When it was made, by the approver's clock, in milliseconds since the epoch.
    pub signed_at: Millis,
    /// The signature, in hex: 64 bytes of Ed25519, or 32 of HMAC-SHA256.
    pub signature: String,
}

impl Proof {
    /// Reads `signed_at` and `signature` of an event, or of a member of `countersignatures`.
    ///
    /// # Errors
    /// [`crate::reason::Reason::MalformedRequest`] with the member, also where one stands without the other.
    pub fn read(json: &Json) -> Result<Option<Self>, Refusal> {
        match (json.get("signed_at"), optional_text(json, "signature")?) {
            (None | Some(Json::Null), None) => Ok(None),
            (Some(at), Some(signature)) => {
                let signed_at = instant(at).map_err(|message| wrong("signed_at", message))?;
                Ok(Some(Self { signed_at, signature }))
            }
            (Some(_), None) => Err(wrong("signature", "missing beside `signed_at`")),
            (None, Some(_)) => Err(wrong("signed_at", "missing beside `signature`")),
        }
    }
}

/// The secrets that a policy names, by their references. They are handed in, and shown to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    known: Vec<(String, Vec<u8>)>,
    /// What was found to be signed by whom it says since [`Secrets::begin`], as statement and signature.
    good: RefCell<Vec<(String, String)>>,
    /// Where a log is replayed: what was found then. Its records have neither signatures nor secrets.
    told: Option<Vec<String>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.known.iter().map(|(reference, _)| reference)).finish()
    }
}

impl Secrets {
    /// Takes a secret.
    ///
    /// # Errors
    /// One sentence, if it is too short, or the same as another's: one key would be two approvers.
    pub fn keep(&mut self, reference: &str, secret: &[u8]) -> Result<(), String> {
        if secret.len() < SHORTEST_SECRET {
            return Err(format!(
                "the secret `{reference}` has {} bytes, and {SHORTEST_SECRET} are the least",
                secret.len()
            ));
        }
        if let Some((other, _)) =
            self.known.iter().find(|(name, known)| *name != reference && known.as_slice() == secret)
        {
            return Err(format!(
                "the secrets `{reference}` and `{other}` are the same: one key would be two approvers"
            ));
        }
        self.known.retain(|(name, _)| name != reference);
        self.known.push((reference.to_owned(), secret.to_vec()));
        Ok(())
    }

    fn get(&self, reference: &str) -> Option<&[u8]> {
        self.known.iter().find(|(name, _)| name == reference).map(|(_, secret)| secret.as_slice())
    }

    /// Begins an event.
    pub fn begin(&mut self) {
        self.good.get_mut().clear();
    }

    /// Replays an event: what a record says was signed is taken as signed, and nothing else.
    pub fn replay(&mut self, told: Vec<String>) {
        self.told = Some(told);
    }

    /// The same, and what was told before still stands.
    pub fn replay_also(&mut self, told: Vec<String>) {
        self.told.get_or_insert_default().extend(told);
    }

    /// What this event's record has to say of signatures for a replay to come out the same. `hidden`: how the record writes
    /// a signature.
    #[must_use]
    pub fn proven(&self, hidden: impl Fn(&str) -> String) -> Vec<String> {
        let mark = |(statement, signature): &(String, String)| framed(&[statement, &hidden(signature)]);
        let mut marks: Vec<String> = self.good.borrow().iter().map(mark).collect();
        marks.dedup();
        marks
    }
}

/// What is signed: five lines, without a line feed at the end. The name is last, so that nothing in it can pass for another
/// line; `verb` is `approve`, `reject` or `unfreeze`.
#[must_use]
pub fn statement(verb: &str, digest: &str, signed_at: Millis, approver: &str) -> String {
    format!("tollwarden 1\n{verb}\n{digest}\n{signed_at}\n{approver}")
}

/// Whether the key's holder signed this.
#[must_use]
pub fn is_signed(key: &Key, secrets: &Secrets, statement: &str, signature: &str) -> bool {
    let good = match &secrets.told {
        Some(told) => told.contains(&framed(&[statement, signature])),
        None => verifies(key, secrets, statement.as_bytes(), signature),
    };
    if good && let Ok(mut known) = secrets.good.try_borrow_mut() {
        known.push((statement.to_owned(), signature.to_owned()));
    }
    good
}

fn verifies(key: &Key, secrets: &Secrets, statement: &[u8], signature: &str) -> bool {
    match key {
        Key::Ed25519(public) => {
            let public = bytes::<32>(public).and_then(PublicKey::read);
            match (public, bytes::<64>(signature)) {
                (Some(public), Some(signature)) => public.verifies(statement, &signature),
                _ => false,
            }
        }
        Key::Hmac(reference) => {
            let mac = secrets.get(reference).and_then(|secret| Hmac::<Sha256>::new_from_slice(secret).ok());
            match (mac, bytes::<32>(signature)) {
                // Compared in constant time.
                (Some(mac), Some(signature)) => mac.chain_update(statement).verify_slice(&signature).is_ok(),
                _ => false,
            }
        }
    }
}

/// Bytes from lower-case hex of exactly their length: a signature has one spelling.
#[must_use]
pub fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    digits(hex)?.try_into().ok()
}

fn digits(hex: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    let mut out = Vec::new();
    for pair in hex.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        out.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(out)
}
