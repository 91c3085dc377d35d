//! What an agent wants to pay for, as the wrapper tells it: whose payment, for which request, on which offer.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::approval::proof::Proof;
use crate::asset::Network;
use crate::hash::{framed, frames, hex};
use crate::json::Json;
use crate::members::{flag, instant, name, optional_text, wrong};
use crate::money::Usd;
use crate::offer::{self, Heard, Shelf};
use crate::origin::Target;
use crate::policy::read::{Read, Reader};
use crate::policy::words::RiskWord;
use crate::reason::{Reason, Refusal};
use crate::time::Millis;

/// A request for authorization.
#[derive(Clone, Debug)]
pub struct Request {
    /// The caller's id for the payment.
    pub id: String,
    /// The agent; empty where the caller names none: all those share one counter.
    pub agent: String,
    /// The session; empty where the caller names none.
    pub session: String,
    /// The client; empty where the caller names none.
    pub client: String,
    /// The HTTP method.
    pub method: String,
    /// The requested URL, as text.
    pub url: String,
    /// The origin that the offer came from, where that is not the requested one.
    pub offer_origin: Option<String>,
    /// What the offer says, or why it is none.
    pub offer: Heard,
    /// SHA-256 of the request's body, in hex, where it has one.
    pub body_digest: Option<String>,
    /// The caller's own key for the intent: calls with the same key are the same intent.
    pub idempotency_key: Option<String>,
    /// The most that this call may cost.
    pub max_usd: Option<Usd>,
    /// The networks that this call may use.
    pub networks: Option<Vec<Network>>,
    /// To go on with the question that stands for the same request, under its id, if there is one.
    pub resume: bool,
    /// What approvers have signed already, by their names.
    pub countersignatures: Vec<(String, Proof)>,
    /// The entries of the offer that the caller's wallets can pay; `None` is all.
    pub payable: Option<Vec<u64>>,
    /// What was looked up about who is paid, and what the wrapper knows.
    pub facts: Facts,
}

/// What the decision is told of the world, by the wrapper and by the operator's own provider; never by the seller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Until when the circuit breaker is open for this origin or facilitator.
    pub circuit_open_until: Option<Millis>,
    /// How often the payee was paid before; where nobody says, the ledger's own count.
    pub payee_prior_payments: Option<u64>,
    /// Whether the payee is a contract.
    pub payee_is_contract: Option<bool>,
    /// Whether the contract is verified.
    pub payee_contract_verified: Option<bool>,
    /// How old the wallet is, in days.
    pub payee_wallet_age_days: Option<u64>,
    /// How risky the payee is held to be.
    pub payee_risk: Option<RiskWord>,
}

const FACTS: &[&str] = &[
    "circuit_open_until",
    "payee_prior_payments",
    "payee_is_contract",
    "payee_contract_verified",
    "payee_wallet_age_days",
    "payee_risk",
];

impl Facts {
    fn read(json: &Json) -> Result<Self, Refusal> {
        let Some(facts) = json.get("facts").filter(|facts| **facts != Json::Null) else { return Ok(Self::default()) };
        let mut reader = Reader::default();
        reader.members(facts, FACTS);
        let read = Self {
            circuit_open_until: facts
                .get("circuit_open_until")
                .map(|value| instant(value).map_err(|error| wrong("facts.circuit_open_until", error)))
                .transpose()?,
            payee_prior_payments: fact(facts, "payee_prior_payments", &mut reader),
            payee_is_contract: fact(facts, "payee_is_contract", &mut reader),
            payee_contract_verified: fact(facts, "payee_contract_verified", &mut reader),
            payee_wallet_age_days: fact(facts, "payee_wallet_age_days", &mut reader),
            payee_risk: fact(facts, "payee_risk", &mut reader),
        };
        match reader.errors.into_iter().next() {
            Some(error) => Err(wrong(&format!("facts.{}", error.path), error.message)),
            None => Ok(read),
        }
    }
}

/// A fact; `null` is one that nobody knows.
fn fact<T: Read>(facts: &Json, name: &str, reader: &mut Reader) -> Option<T> {
    let value = facts.get(name).filter(|value| **value != Json::Null)?;
    reader.member(name, |r| T::read(value, r))
}

/// The members of an event that belong to a request; the event protocol knows more beside them.
pub const MEMBERS: &[&str] = &[
    "id",
    "agent",
    "session",
    "client",
    "method",
    "url",
    "offer_origin",
    "offer",
    "offer_text",
    "facts",
    "body_digest",
    "idempotency_key",
    "max_usd",
    "network",
    "payable",
    "resume",
    "countersignatures",
];

impl Request {
    /// Reads a request. `shelf` has the offers that were read before.
    ///
    /// # Errors
    /// [`Reason::MalformedRequest`] with the member that is wrong.
    pub fn read(json: &Json, shelf: &mut Shelf) -> Result<Self, Refusal> {
        let id = name(json, "id")?;
        if id.is_empty() {
            return Err(wrong("id", "missing"));
        }
        Ok(Self {
            id,
            agent: name(json, "agent")?,
            session: name(json, "session")?,
            client: name(json, "client")?,
            method: optional_text(json, "method")?.unwrap_or_else(|| String::from("GET")),
            url: optional_text(json, "url")?.ok_or_else(|| wrong("url", "missing"))?,
            offer_origin: optional_text(json, "offer_origin")?,
            offer: heard(json, shelf)?,
            body_digest: optional_text(json, "body_digest")?,
            idempotency_key: optional_text(json, "idempotency_key")?,
            max_usd: max_usd(json)?,
            networks: networks(json)?,
            payable: payable(json)?,
            resume: flag(json, "resume")?,
            countersignatures: countersignatures(json)?,
            facts: Facts::read(json)?,
        })
    }

    /// SHA-256 over all that the decision rests on, in hex: the same id with another digest is a conflict. What is no offer
    /// decides nothing.
    #[must_use]
    pub fn digest(&self) -> String {
        let offer = self.offer.as_ref().as_ref().map(|offer| offer.digest.as_str());
        let texts = [
            self.agent.as_str(),
            &self.session,
            &self.client,
            &self.method,
            &self.url,
            self.offer_origin.as_deref().unwrap_or_default(),
            offer.unwrap_or_default(),
            self.body_digest.as_deref().unwrap_or_default(),
            self.idempotency_key.as_deref().unwrap_or_default(),
            &self.max_usd.map(|usd| usd.to_string()).unwrap_or_default(),
            &self.networks.as_ref().map(|list| format!("{list:?}")).unwrap_or_default(),
            &self.payable.as_ref().map(|list| format!("{list:?}")).unwrap_or_default(),
        ];
        framed(&texts)
    }

    /// SHA-256 over what makes two calls the same intent, in hex: the caller's key, or else the request itself.
    #[must_use]
    pub fn intent(&self, target: &Target) -> String {
        hex(&Sha256::digest(self.intended(target, &[])))
    }

    /// The bytes of what is wanted: for whom, and the caller's key or else the request in its one spelling, with `more`.
    #[must_use]
    pub fn intended(&self, target: &Target, more: &[&str]) -> Vec<u8> {
        if let Some(key) = &self.idempotency_key {
            return frames(&["key", &self.agent, &self.client, key]);
        }
        let (method, resource) = (self.method.to_ascii_uppercase(), target.resource());
        let body = self.body_digest.as_deref().unwrap_or_default().to_ascii_lowercase();
        let mut texts = vec!["request", &self.agent, &self.client, &method, &resource, &body];
        texts.extend(more);
        frames(&texts)
    }
}

/// `{"alice": {"signed_at": …, "signature": "…"}}`.
fn countersignatures(json: &Json) -> Result<Vec<(String, Proof)>, Refusal> {
    let Some(given) = json.get("countersignatures").filter(|value| **value != Json::Null) else {
        return Ok(Vec::new());
    };
    let Some(members) = given.as_object() else {
        return Err(wrong("countersignatures", format!("expected an object, found {}", given.kind())));
    };
    let read = members.iter().map(|(approver, member)| {
        let known = ["signed_at", "signature"];
        let plain = member.as_object().is_some_and(|all| all.iter().all(|(key, _)| known.contains(&key.as_str())));
        match Proof::read(member) {
            Ok(Some(proof)) if plain => Ok((approver.clone(), proof)),
            Ok(_) => Err(wrong("countersignatures", "expected `signed_at` and `signature`, and nothing else")),
            Err(refusal) => Err(Refusal { field: format!("countersignatures.{}", refusal.field), ..refusal }),
        }
    });
    read.collect()
}

/// The offer as an object, or as the text that a stranger sent: only a text shows whether a key stands there twice.
fn heard(json: &Json, shelf: &mut Shelf) -> Result<Heard, Refusal> {
    let text = json.get("offer_text").filter(|text| **text != Json::Null);
    let text = text.map(|text| {
        text.as_str().ok_or_else(|| wrong("offer_text", format!("expected a text, found {}", text.kind())))
    });
    match (json.get("offer"), text.transpose()?) {
        (Some(offer), None) => Ok(Rc::new(offer::read(offer))),
        (None, Some(text)) => {
            shelf.read(text).map_err(|error| Refusal::at(Reason::MalformedOffer, "offer", format!("not JSON: {error}")))
        }
        (None, None) => Err(wrong("offer", "missing")),
        (Some(_), Some(_)) => Err(wrong("offer", "given twice, as `offer` and as `offer_text`")),
    }
}

/// The most that the call may cost: one figure, or several of which the strictest holds.
fn max_usd(json: &Json) -> Result<Option<Usd>, Refusal> {
    let Some(given) = json.get("max_usd").filter(|value| **value != Json::Null) else { return Ok(None) };
    let read = |value: &Json| Usd::from_json(value).map_err(|error| wrong("max_usd", error.to_string()));
    match given {
        Json::Array(items) => Ok(items.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().min()),
        one => read(one).map(Some),
    }
}

fn payable(json: &Json) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(given) = json.get("payable").filter(|value| **value != Json::Null) else { return Ok(None) };
    let indexes = given.as_array().and_then(|items| items.iter().map(Json::as_u64).collect::<Option<Vec<_>>>());
    indexes.map(Some).ok_or_else(|| wrong("payable", "expected a list of places in `accepts`"))
}

/// The networks that the call may use: one, a list of which any will do, or several such lists, all of which hold.
fn networks(json: &Json) -> Result<Option<Vec<Network>>, Refusal> {
    let Some(given) = json.get("network").filter(|value| **value != Json::Null) else { return Ok(None) };
    let Some(lists) = given.as_array().filter(|items| items.iter().any(|item| item.as_array().is_some())) else {
        return any_of(given).map(Some);
    };
    let mut all: Option<Vec<Network>> = None;
    for list in lists {
        let list = any_of(list)?;
        all = Some(match all {
            None => list,
            Some(before) => before.into_iter().filter(|network| list.contains(network)).collect(),
        });
    }
    Ok(all)
}

fn any_of(json: &Json) -> Result<Vec<Network>, Refusal> {
    let items = match json {
        Json::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let read = items.iter().map(|item| {
        let text = item.as_str().ok_or_else(|| wrong("network", format!("expected a text, found {}", item.kind())))?;
        Network::named(text).map_err(|error| wrong("network", error.to_string()))
    });
    read.collect()
}
