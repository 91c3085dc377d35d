//! One entry of `accepts`, field by field, in the order in which a person would ask: what kind of payment, on which
//! chain, in what, to whom, how much, for how long.

use super::{Flow, MAX_LIFETIME_SECONDS, Scheme, Terms, Transfer, present};
use crate::asset::{self, AssetId, Network, NetworkKind};
use crate::json::Json;
use crate::money::Amount;
use crate::reason::{Reason, Refusal};
use crate::words::quoted;

/// The longest `extra.memo` that the official Solana client writes into a transaction, in bytes.
const MAX_MEMO_BYTES: usize = 256;

/// Reads one entry. Its field names are those of the version: `amount` in version 2, `maxAmountRequired` in version 1.
/// The other version's field is a decoy, and ignored.
pub(super) fn read(version: u8, index: usize, entry: &Json, digest: &str) -> Result<Terms, Refusal> {
    let entry = Entry { value: entry, index };
    if entry.value.as_object().is_none() {
        let message = format!("{}, not an object", entry.value.kind());
        return Err(Refusal::at(Reason::MalformedOffer, format!("accepts[{index}]"), message));
    }
    let scheme = entry.scheme()?;
    let (network, network_text) = entry.network(version)?;
    let asset_text = entry.text("asset", Reason::MalformedAddress)?;
    let asset = AssetId::new(network.clone(), asset_text)
        .map_err(|error| entry.refuse(error.reason(), "asset", error.to_string()))?;
    let pay_to = entry.address("payTo", entry.text("payTo", Reason::MalformedAddress)?, &network)?;
    let amount = entry.amount(if version == 1 { "maxAmountRequired" } else { "amount" })?;
    let lifetime_seconds = entry.lifetime()?;

    let extra = Extra::of(&entry)?;
    let flow = extra.flow()?;
    let transfer = extra.transfer(version, scheme, network.kind())?;
    let eip712_name = extra.text("name")?;
    let eip712_version = extra.text("version")?;
    if transfer == Transfer::Eip3009 {
        extra.require("name", eip712_name)?;
        extra.require("version", eip712_version)?;
    }
    let facilitator = match (transfer, scheme) {
        (Transfer::SvmTransfer, _) => Some(extra.address("feePayer", &network)?),
        (_, Scheme::Upto) => Some(extra.address("facilitatorAddress", &network)?),
        _ => None,
    };
    // The client writes the entry back beside its payment; with such a number it would not be the same one.
    if !entry.value.survives_javascript() {
        let message = "a whole number beyond 2^53 or one of more than 15 digits, which clients can't write back";
        return Err(Refusal::at(Reason::MalformedOffer, format!("accepts[{index}]"), message));
    }
    Ok(Terms {
        version,
        scheme,
        network_text: network_text.to_owned(),
        network,
        asset,
        amount,
        pay_to,
        lifetime_seconds,
        flow,
        transfer,
        eip712_name: eip712_name.map(str::to_owned),
        eip712_version: eip712_version.map(str::to_owned),
        facilitator,
        memo: extra.memo(transfer)?,
        digest: digest.to_owned(),
    })
}

struct Entry<'a> {
    value: &'a Json,
    index: usize,
}

impl<'a> Entry<'a> {
    fn refuse(&self, reason: Reason, field: &str, message: impl Into<String>) -> Refusal {
        Refusal::at(reason, format!("accepts[{}].{field}", self.index), message)
    }

    fn text(&self, field: &str, reason: Reason) -> Result<&'a str, Refusal> {
        match self.value.get(field) {
            Some(Json::String(text)) => Ok(text),
            Some(other) => Err(self.refuse(reason, field, format!("{}, not a string", other.kind()))),
            None => Err(self.refuse(reason, field, "missing")),
        }
    }

    fn scheme(&self) -> Result<Scheme, Refusal> {
        match self.text("scheme", Reason::MalformedOffer)? {
            "exact" => Ok(Scheme::Exact),
            "upto" => Ok(Scheme::Upto),
            other => Err(self.refuse(Reason::UnknownScheme, "scheme", format!("{} can't be bound", quoted(other)))),
        }
    }

    fn network(&self, version: u8) -> Result<(Network, &'a str), Refusal> {
        let text = self.text("network", Reason::MalformedNetwork)?;
        let network = if version == 1 { Network::v1(text) } else { Network::caip2(text) };
        match network {
            Ok(network) => Ok((network, text)),
            Err(error) => Err(self.refuse(error.reason(), "network", error.to_string())),
        }
    }

    fn address(&self, field: &str, text: &str, network: &Network) -> Result<String, Refusal> {
        asset::canonical_address(network, text).map_err(|error| self.refuse(error.reason(), field, error.to_string()))
    }

    fn amount(&self, field: &str) -> Result<Amount, Refusal> {
        let text = self.text(field, Reason::MalformedAmount)?;
        Amount::parse(text).map_err(|error| self.refuse(Reason::MalformedAmount, field, error.to_string()))
    }

    fn lifetime(&self) -> Result<u64, Refusal> {
        const FIELD: &str = "maxTimeoutSeconds";
        let Some(value) = self.value.get(FIELD) else {
            return Err(self.refuse(Reason::MalformedLifetime, FIELD, "missing"));
        };
        match value.as_u64() {
            Some(seconds @ 1..=MAX_LIFETIME_SECONDS) => Ok(seconds),
            _ => {
                let message =
                    format!("{} is not a whole number from 1 to {MAX_LIFETIME_SECONDS}", quoted(&value.canonical()));
                Err(self.refuse(Reason::MalformedLifetime, FIELD, message))
            }
        }
    }
}

/// The scheme's own members. What is not named here is kept in the digest, and otherwise ignored.
struct Extra<'a> {
    entry: &'a Entry<'a>,
    value: Option<&'a Json>,
}

impl<'a> Extra<'a> {
    fn of(entry: &'a Entry<'a>) -> Result<Self, Refusal> {
        let value = present(entry.value, "extra");
        match value {
            Some(other) if other.as_object().is_none() => {
                Err(entry.refuse(Reason::MalformedOffer, "extra", format!("{}, not an object", other.kind())))
            }
            _ => Ok(Self { entry, value }),
        }
    }

    fn refuse(&self, reason: Reason, key: &str, message: impl Into<String>) -> Refusal {
        self.entry.refuse(reason, &format!("extra.{key}"), message)
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Refusal> {
        match self.value.and_then(|extra| extra.get(key)) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.refuse(Reason::MalformedOffer, key, format!("{}, not a string", other.kind()))),
        }
    }

    /// An empty member of an EIP-712 domain is left out of the bytes by some wallets and kept by others.
    fn require(&self, key: &str, text: Option<&'a str>) -> Result<&'a str, Refusal> {
        match text {
            None => Err(self.refuse(Reason::MalformedOffer, key, "missing")),
            Some("") => Err(self.refuse(Reason::MalformedOffer, key, "empty")),
            Some(text) => Ok(text),
        }
    }

    fn address(&self, key: &str, network: &Network) -> Result<String, Refusal> {
        let text = self.require(key, self.text(key)?)?;
        self.entry.address(&format!("extra.{key}"), text, network)
    }

    fn flow(&self) -> Result<Flow, Refusal> {
        match self.text("paymentFlow")? {
            None | Some("authorization") => Ok(Flow::Authorization),
            Some("upfront") => Ok(Flow::Upfront),
            Some("escrow") => Ok(Flow::Escrow),
            Some(other) => {
                let message = format!("{} is not a known payment flow", quoted(other));
                Err(self.refuse(Reason::UnsupportedFlow, "paymentFlow", message))
            }
        }
    }

    fn transfer(&self, version: u8, scheme: Scheme, kind: NetworkKind) -> Result<Transfer, Refusal> {
        let method = self.text("assetTransferMethod")?;
        match (kind, scheme, version, method) {
            (NetworkKind::Evm { .. }, Scheme::Exact, _, None | Some("eip3009")) => Ok(Transfer::Eip3009),
            (NetworkKind::Evm { .. }, Scheme::Exact, 2, Some("permit2")) => Ok(Transfer::Permit2),
            (NetworkKind::Evm { .. }, Scheme::Upto, 2, None | Some("permit2")) => Ok(Transfer::Permit2),
            (NetworkKind::Solana, Scheme::Exact, _, None) => Ok(Transfer::SvmTransfer),
            // On Solana `upto` opens a channel, and version 1 knows neither `upto` nor Permit2.
            (_, _, _, None) => {
                let message = format!("`{}` can't be bound here", scheme.as_str());
                Err(self.entry.refuse(Reason::UnknownScheme, "scheme", message))
            }
            (_, _, _, Some(method)) => {
                let message = format!("{} can't be bound with `{}`", quoted(method), scheme.as_str());
                Err(self.refuse(Reason::UnknownScheme, "assetTransferMethod", message))
            }
        }
    }

    fn memo(&self, transfer: Transfer) -> Result<Option<String>, Refusal> {
        match self.text("memo")? {
            // The official client takes an empty memo for none, and writes a random one.
            None | Some("") => Ok(None),
            _ if transfer != Transfer::SvmTransfer => Ok(None),
            Some(memo) if memo.len() > MAX_MEMO_BYTES => {
                let message = format!("{} bytes, more than the {MAX_MEMO_BYTES} allowed", memo.len());
                Err(self.refuse(Reason::MalformedOffer, "memo", message))
            }
            Some(memo) => Ok(Some(memo.to_owned())),
        }
    }
}
