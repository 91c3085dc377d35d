//! What is paid in: a network and an address on it, each in one canonical spelling. A symbol is never trusted.
//!
//! Two spellings of one chain or token are two keys in a ledger, so every spelling but one is refused or folded here.

mod address;
pub(crate) mod base58;
mod network;
mod registry;

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

pub use address::{AddressError, canonical_address};
pub use network::{Network, NetworkError, NetworkKind};
pub use registry::{KNOWN, KnownAsset};

use crate::words::quoted;

/// A token: a network and the canonical address on it. Reads and writes as `eip155:8453/0x8335…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct AssetId {
    /// The chain that the token lives on.
    pub network: Network,
    /// The contract or mint, as [`canonical_address`] spells it.
    pub address: String,
}

/// Why a text is not an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetError {
    /// No slash between network and address.
    Form(String),
    /// The part before the slash.
    Network(NetworkError),
    /// The part after the slash.
    Address(AddressError),
}

impl fmt::Display for AssetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(f, "{} is not an asset such as `eip155:8453/0x…`", quoted(text)),
            Self::Network(error) => error.fmt(f),
            Self::Address(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AssetError {}

impl AssetId {
    /// The asset at an address, in any case that [`canonical_address`] folds.
    ///
    /// # Errors
    /// As [`canonical_address`].
    pub fn new(network: Network, address_text: &str) -> Result<Self, AddressError> {
        let address = canonical_address(&network, address_text)?;
        Ok(Self { network, address })
    }

    /// Reads `network/address`: the network in CAIP-2 form, the address in any case that [`canonical_address`] folds.
    ///
    /// # Errors
    /// [`AssetError`]: which part is wrong.
    pub fn parse(text: &str) -> Result<Self, AssetError> {
        let (network, address) = text.split_once('/').ok_or_else(|| AssetError::Form(text.to_owned()))?;
        let network = Network::caip2(network).map_err(AssetError::Network)?;
        Self::new(network, address).map_err(AssetError::Address)
    }
}

impl AssetId {
    /// As it reads, made in one piece.
    #[must_use]
    pub fn text(&self) -> String {
        [self.network.as_str(), "/", &self.address].concat()
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl TryFrom<String> for AssetId {
    type Error = AssetError;

    fn try_from(text: String) -> Result<Self, AssetError> {
        Self::parse(&text)
    }
}

impl From<AssetId> for String {
    fn from(asset: AssetId) -> Self {
        asset.text()
    }
}

/// The registry's row for an asset: a token pegged to one dollar. Takes about six comparisons and no allocation.
#[must_use]
pub fn known(id: &AssetId) -> Option<&'static KnownAsset> {
    let place = KNOWN.binary_search_by(|row| {
        row.network.cmp(id.network.as_str()).then_with(|| compare_ignoring_case(row.address, &id.address))
    });
    let row = KNOWN.get(place.ok()?)?;
    let same = match id.network.kind() {
        NetworkKind::Evm { .. } => true,
        // The order ignores case, but on Solana another case is another token.
        NetworkKind::Solana => row.address == id.address,
    };
    same.then_some(row)
}

fn compare_ignoring_case(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn id(row: &KnownAsset) -> AssetId {
        AssetId::new(Network::caip2(row.network).unwrap(), row.address).unwrap()
    }

    #[test]
    fn every_row_of_the_registry_is_found_and_no_two_are_one() {
        let mut ids = BTreeSet::new();
        let mut per_decimals: BTreeMap<u8, usize> = BTreeMap::new();
        for row in KNOWN {
            let id = id(row);
            assert_eq!(known(&id), Some(row), "{id}");
            assert_eq!(AssetId::parse(&id.to_string()), Ok(id.clone()));
            assert!(ids.insert(id), "{row:?} twice");
            *per_decimals.entry(row.decimals).or_default() += 1;
            assert!(!row.symbol.is_empty());
        }
        assert_eq!(per_decimals, BTreeMap::from([(6, 45), (18, 3)]));
        let eighteen: Vec<_> =
            KNOWN.iter().filter(|row| row.decimals == 18).map(|row| (row.network, row.symbol)).collect();
        assert_eq!(eighteen, [("eip155:31611", "mUSD"), ("eip155:31612", "mUSD"), ("eip155:4326", "MegaUSD")]);
    }

    #[test]
    fn the_registry_is_sorted_for_its_search() {
        assert!(KNOWN.is_sorted_by(|a, b| {
            a.network.cmp(b.network).then_with(|| compare_ignoring_case(a.address, b.address)) == Ordering::Less
        }));
    }

    #[test]
    fn every_network_of_version_1_that_had_usdc_has_a_row() {
        let without: Vec<_> = ["sepolia"].into();
        for (alias, network) in registry::ALIASES {
            let found = KNOWN.iter().any(|row| row.network == network);
            assert_eq!(found, !without.contains(&alias), "{alias}");
        }
    }

    #[test]
    fn look_alikes_are_unknown() {
        let usdc = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
        assert_eq!(known(&AssetId::parse(&format!("eip155:8453/{usdc}")).unwrap()).unwrap().symbol, "USDC");
        // The same contract on another chain, and a neighbour of it.
        assert_eq!(known(&AssetId::parse(&format!("eip155:84532/{usdc}")).unwrap()), None);
        assert_eq!(known(&AssetId::parse("eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02914").unwrap()), None);
        // Solana: another case is another token, though the search ignores case.
        let solana = Network::named("solana").unwrap();
        let folded = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1V";
        assert_eq!(known(&AssetId { network: solana, address: folded.to_owned() }), None);
    }

    #[test]
    fn assets_are_read_and_written_in_one_form() {
        let asset = AssetId::parse("eip155:8453/0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913").unwrap();
        assert_eq!(asset.to_string(), "eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913");
        let json = serde_json::to_string(&asset).unwrap();
        assert_eq!(AssetId::try_from(json.trim_matches('"').to_owned()).unwrap(), asset);
        for text in [
            "",
            "/",
            "eip155:8453",
            "USDC",
            "base/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "eip155:08453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913/",
            "eip155:8453//0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "eip155:8453/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
        ] {
            assert!(AssetId::parse(text).is_err(), "{text}");
        }
    }
}
