//! The payments that the official client packages made, and the terms that were held for them.

use serde_json::Value;
use tollwarden::bind::{self, Signed};
use tollwarden::json;
use tollwarden::offer::{self, Terms};
use tollwarden::reason::{Reason, Refusal};
use tollwarden::time::{Millis, parse_instant};

use super::vectors::read;

/// A payment as the official packages made it, and the terms that were held for it.
pub struct Vector {
    pub terms: Terms,
    pub now: Millis,
    pub signer: String,
    pub payload: Value,
    pub typed_data: Value,
}

pub fn vector(name: &str) -> Vector {
    let mut value = read(name);
    let offer = offer::read(&json::parse(&value["offer"].to_string()).unwrap()).unwrap();
    Vector {
        terms: (*offer.accepts[0].clone().unwrap()).clone(),
        now: parse_instant(value["now"].as_str().unwrap()).unwrap(),
        signer: value["signer"].as_str().unwrap().to_owned(),
        payload: value["payload"].take(),
        typed_data: value["typed_data"].take(),
    }
}

impl Vector {
    pub fn bind(&self, payload: &Value) -> Result<Signed, Refusal> {
        bind::payload(&self.terms, &json::parse(&payload.to_string()).unwrap(), self.now)
    }

    /// The reason why a payload is refused, if it is.
    pub fn refused(&self, payload: &Value) -> Option<Reason> {
        self.bind(payload).err().map(|refusal| refusal.reason)
    }
}
