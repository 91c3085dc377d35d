//! What a seller asks for, read strictly: one [`Terms`] per entry of `accepts`, or the reason why it is not one.
//!
//! The official clients read offers loosely: a lifetime of `"60"` becomes the year 7658, and an amount may be an array.
//! Here a field has its one right form, or the entry is refused with the field's name. Nothing is rounded or repaired.

mod shelf;
mod terms;

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::asset::{AssetId, Network};
use crate::hash::hex;
use crate::json::Json;
use crate::money::Amount;
use crate::reason::{Reason, Refusal};
use crate::words::quoted;

pub use shelf::{Heard, Shelf};

/// The most entries that an offer may have: each is judged, so a stranger chooses how long that takes.
pub const MAX_ACCEPTS: usize = 32;

/// The longest lifetime that is read at all, in seconds: ten years. A policy caps it far below.
pub const MAX_LIFETIME_SECONDS: u64 = 10 * 365 * 86_400;

/// Extensions that never make the client sign for money, from `@x402/extensions` 2.27. Any other key refuses the offer:
/// `eip2612GasSponsoring` and `erc20ApprovalGasSponsoring` make the wallet sign an allowance beside the payment, and
/// what an unknown one does is unknown. `sign-in-with-x` signs a login text, which moves nothing.
pub const HARMLESS_EXTENSIONS: &[&str] =
    &["bazaar", "builder-code", "offer-receipt", "payment-identifier", "sign-in-with-x"];

/// How the price is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// The amount that is signed is the amount charged.
    Exact,
    /// The amount that is signed is the most that can be charged.
    Upto,
}

impl Scheme {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Exact => "exact",
            Scheme::Upto => "upto",
        }
    }
}

/// What is signed so that the money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// An EIP-3009 `TransferWithAuthorization`, in the token's own EIP-712 domain.
    Eip3009,
    /// A Permit2 `PermitWitnessTransferFrom`, spent by the scheme's own contract.
    Permit2,
    /// A Solana transaction with one `TransferChecked`.
    SvmTransfer,
}

/// When the money is taken, relative to the delivery (`extra.paymentFlow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// Verified, delivered, then settled. The default.
    Authorization,
    /// Settled, then delivered.
    Upfront,
    /// Deposited, delivered, then settled.
    Escrow,
}

impl Flow {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Flow::Authorization => "authorization",
            Flow::Upfront => "upfront",
            Flow::Escrow => "escrow",
        }
    }
}

/// What one entry of `accepts` asks for. It is kept in the hold, and what is signed is bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Terms {
    /// The protocol version: 1 or 2.
    pub version: u8,
    /// How the price is charged.
    pub scheme: Scheme,
    /// The chain, canonically.
    pub network: Network,
    /// The chain as the seller wrote it: a CAIP-2 name in version 2, an alias in version 1.
    pub network_text: String,
    /// The token.
    pub asset: AssetId,
    /// Atomic units of the asset: the price for `exact`, the most that can be charged for `upto`.
    pub amount: Amount,
    /// Who is paid: a canonical address on the network.
    pub pay_to: String,
    /// How long the signature may stay usable, in seconds; at least 1.
    pub lifetime_seconds: u64,
    /// When the money is taken.
    pub flow: Flow,
    /// What is signed.
    pub transfer: Transfer,
    /// The `name` of the token's EIP-712 domain (`extra.name`); always there for EIP-3009.
    pub eip712_name: Option<String>,
    /// The `version` of the token's EIP-712 domain (`extra.version`); always there for EIP-3009.
    pub eip712_version: Option<String>,
    /// Who may settle: `extra.facilitatorAddress` of `upto`, or `extra.feePayer` on Solana. A canonical address.
    pub facilitator: Option<String>,
    /// The memo that the seller wants in a Solana transaction, of at most 256 bytes.
    pub memo: Option<String>,
    /// Lower-case hex SHA-256 of the entry's canonical JSON, every member included.
    pub digest: String,
}

/// Terms as whoever speaks of them shares them. They never change, so that their text is written once, however many holds
/// have them.
#[derive(Clone, Debug)]
pub struct Offered(Rc<(Terms, OnceCell<String>)>);

impl Offered {
    /// The text as `write` makes it.
    pub fn text(&self, write: impl FnOnce(&Terms) -> String) -> &str {
        let (terms, text) = &*self.0;
        text.get_or_init(|| write(terms))
    }
}

impl From<Terms> for Offered {
    fn from(terms: Terms) -> Self {
        Self(Rc::new((terms, OnceCell::new())))
    }
}

impl Deref for Offered {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.0.0
    }
}

impl PartialEq for Offered {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Offered {}

/// A seller's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The protocol version: 1 or 2.
    pub version: u8,
    /// The entries in the seller's order, each as terms or as the reason why it can't be.
    pub accepts: Vec<Result<Offered, Refusal>>,
    /// The resource as the seller names it. A seller can write anything here, so it is never a key of a policy.
    pub resource_url: Option<String>,
    /// The seller's description. Text for people, never for rules.
    pub description: Option<String>,
    /// Lower-case hex SHA-256 of the whole offer's canonical JSON, each entry's digest in the place of the entry.
    pub digest: String,
}

/// Reads an offer of version 1 or 2.
///
/// # Errors
/// When it is no offer at all: an unknown version, `accepts` missing, empty or longer than [`MAX_ACCEPTS`], or an
/// extension that makes the wallet sign more than the payment. One bad entry is an error in its place in `accepts`.
pub fn read(offer: &Json) -> Result<Offer, Refusal> {
    let malformed = |field: &str, message: String| Refusal::at(Reason::MalformedOffer, field, message);
    let Some(members) = offer.as_object() else {
        return Err(malformed("", format!("the offer is {}, not an object", offer.kind())));
    };
    let version = match offer.get("x402Version").map(|value| (value, value.as_u64())) {
        Some((_, Some(1))) => 1,
        Some((_, Some(2))) => 2,
        Some((value, _)) => {
            return Err(malformed("x402Version", format!("{} is not version 1 or 2", quoted(&value.canonical()))));
        }
        None => return Err(malformed("x402Version", "missing".into())),
    };
    let accepts = match offer.get("accepts") {
        Some(Json::Array(entries)) => entries,
        Some(other) => return Err(malformed("accepts", format!("{}, not an array", other.kind()))),
        None => return Err(malformed("accepts", "missing".into())),
    };
    if accepts.is_empty() || accepts.len() > MAX_ACCEPTS {
        let message = format!("{} entries, where 1 to {MAX_ACCEPTS} are allowed", accepts.len());
        return Err(malformed("accepts", message));
    }
    check_extensions(offer)?;

    // Version 1 has no resource of its own: each entry repeats it.
    let (about, place) = match version {
        1 => (accepts.first(), "accepts[0]."),
        _ => (present(offer, "resource"), "resource."),
    };
    let (mut resource_url, mut description) = (None, None);
    if let Some(about) = about {
        if version == 2 && about.as_object().is_none() {
            return Err(malformed("resource", format!("{}, not an object", about.kind())));
        }
        let url_key = if version == 1 { "resource" } else { "url" };
        resource_url = optional_text(about, url_key, place)?;
        description = optional_text(about, "description", place)?;
    }
    let digests: Vec<String> = accepts.iter().map(digest).collect();
    let read = |(index, (entry, digest)): (usize, (&Json, &String))| {
        terms::read(version, index, entry, digest).map(Offered::from)
    };
    let entries = accepts.iter().zip(&digests).enumerate().map(read).collect();
    Ok(Offer { version, accepts: entries, resource_url, description, digest: whole(members, digests) })
}

/// Refuses extensions that make the wallet sign more than the payment: those of an offer, and those of a payment.
pub(crate) fn check_extensions(holder: &Json) -> Result<(), Refusal> {
    match present(holder, "extensions") {
        None => Ok(()),
        Some(Json::Object(members)) => {
            match members.iter().find(|(key, _)| !HARMLESS_EXTENSIONS.contains(&key.as_str())) {
                None => Ok(()),
                Some((key, _)) => Err(Refusal::at(
                    Reason::UnsupportedExtension,
                    format!("extensions.{}", quoted(key).trim_matches('`')),
                    format!("the extension {} is not known to leave the wallet alone", quoted(key)),
                )),
            }
        }
        Some(other) => {
            Err(Refusal::at(Reason::MalformedOffer, "extensions", format!("{}, not an object", other.kind())))
        }
    }
}

/// The digest of an offer whose entries have these. So each entry is written and hashed once.
fn whole(members: &[(String, Json)], entries: Vec<String>) -> String {
    let entries = Json::Array(entries.into_iter().map(Json::String).collect());
    let member = |(name, value): &(String, Json)| match name.as_str() {
        "accepts" => (name.clone(), entries.clone()),
        _ => (name.clone(), value.clone()),
    };
    digest(&Json::Object(members.iter().map(member).collect()))
}

/// Lower-case hex SHA-256 of a value's canonical JSON.
pub(crate) fn digest(value: &Json) -> String {
    hex(&Sha256::digest(value.canonical().as_bytes()))
}

/// A member that is there and not `null`: servers in Go and Python write `null` for what they leave out.
fn present<'a>(holder: &'a Json, key: &str) -> Option<&'a Json> {
    holder.get(key).filter(|value| !matches!(value, Json::Null))
}

fn optional_text(holder: &Json, key: &str, place: &str) -> Result<Option<String>, Refusal> {
    match present(holder, key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            let message = format!("{}, not a string", other.kind());
            Err(Refusal::at(Reason::MalformedOffer, format!("{place}{key}"), message))
        }
    }
}
