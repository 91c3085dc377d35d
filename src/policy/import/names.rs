//! What other systems call a network, a token or a payee, and what that is here: never a symbol, always an address.

use crate::asset::{AssetId, KNOWN, KnownAsset, Network, NetworkError, canonical_address};
use crate::words::{nearest, quoted};

/// Names in common use beside those of x402 version 1.
const MORE_NETWORKS: [(&str, &str); 11] = [
    ("arbitrum", "eip155:42161"),
    ("arbitrum-one", "eip155:42161"),
    ("optimism", "eip155:10"),
    ("bsc", "eip155:56"),
    ("base-mainnet", "eip155:8453"),
    ("ethereum-mainnet", "eip155:1"),
    ("polygon-mainnet", "eip155:137"),
    ("solana-mainnet", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
    ("solana:mainnet", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
    ("solana:devnet", "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"),
    ("solana:testnet", "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z"),
];

/// Why a name is no network here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoNetwork {
    /// No payment can be made there at all.
    Unknown(String),
    /// A known one may have been meant.
    Misspelt(String),
}

impl NoNetwork {
    pub fn message(&self) -> &str {
        match self {
            Self::Unknown(message) | Self::Misspelt(message) => message,
        }
    }
}

/// The canonical CAIP-2 name of a network.
pub(super) fn network(text: &str) -> Result<String, NoNetwork> {
    if let Ok(network) = Network::caip2(text) {
        return Ok(network.as_str().to_owned());
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, caip2)) = MORE_NETWORKS.iter().find(|(name, _)| *name == lower) {
        return Ok((*caip2).to_owned());
    }
    match Network::named(&lower) {
        Ok(network) => Ok(network.as_str().to_owned()),
        Err(error @ NetworkError::Malformed { nearest: Some(_), .. }) => Err(NoNetwork::Misspelt(error.to_string())),
        Err(error) => Err(NoNetwork::Unknown(error.to_string())),
    }
}

/// What a currency is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Currency {
    /// US dollars: every asset that has a price.
    Dollars,
    /// A stablecoin of the registry, at these addresses.
    Assets(Vec<String>),
    /// Nothing that can be paid in.
    Unknown,
    /// A known one may have been meant.
    Misspelt(&'static str),
}

/// What is meant by a symbol.
pub(super) fn currency(symbol: &str) -> Currency {
    if symbol.eq_ignore_ascii_case("USD") {
        return Currency::Dollars;
    }
    let assets = rows(|row| row.symbol.eq_ignore_ascii_case(symbol));
    if !assets.is_empty() {
        return Currency::Assets(ids(&assets));
    }
    let symbols: Vec<String> = KNOWN.iter().map(|row| row.symbol.to_ascii_lowercase()).collect();
    let hint = nearest(symbol, symbols.iter().map(String::as_str));
    let hint = hint.and_then(|hint| KNOWN.iter().find(|row| row.symbol.eq_ignore_ascii_case(hint)));
    hint.map_or(Currency::Unknown, |row| Currency::Misspelt(row.symbol))
}

/// The registry's rows for which something holds.
pub(super) fn rows(holds: impl Fn(&KnownAsset) -> bool) -> Vec<&'static KnownAsset> {
    KNOWN.iter().filter(|row| holds(row)).collect()
}

/// The rows of a symbol, or of an address on every network that has it.
pub(super) fn currency_rows(asset: &str) -> Vec<&'static KnownAsset> {
    rows(|row| row.symbol.eq_ignore_ascii_case(asset) || is_address_of(row, asset))
}

/// The rows as a policy names them.
pub(super) fn ids(rows: &[&KnownAsset]) -> Vec<String> {
    rows.iter().filter_map(|row| id(row)).collect()
}

fn id(row: &KnownAsset) -> Option<String> {
    let network = Network::caip2(row.network).ok()?;
    AssetId::new(network, row.address).ok().map(|id| id.to_string())
}

/// Whether a text is the address of a row: case counts on Solana alone.
fn is_address_of(row: &KnownAsset, text: &str) -> bool {
    Network::caip2(row.network)
        .ok()
        .and_then(|network| {
            Some((canonical_address(&network, text).ok()?, canonical_address(&network, row.address).ok()?))
        })
        .is_some_and(|(text, address)| text == address)
}

/// The one spelling of an address that gets paid, on whichever network it is.
pub(super) fn payee(text: &str) -> Result<String, String> {
    let example = if text.starts_with("0x") { "eip155:1" } else { "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" };
    let network = Network::caip2(example).map_err(|error| error.to_string())?;
    canonical_address(&network, text).map_err(|error| match text.starts_with("0x") {
        true => error.to_string(),
        false => format!("{} is not an address, neither of an EVM network nor of Solana", quoted(text)),
    })
}

/// Whether a name can stand where `*` and `?` are wildcards and still mean itself.
pub(super) fn is_literal(name: &str) -> bool {
    !name.is_empty() && !name.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_by_every_name() {
        for (name, caip2) in [
            ("base", "eip155:8453"),
            ("BASE", "eip155:8453"),
            ("eip155:8453", "eip155:8453"),
            ("arbitrum", "eip155:42161"),
            ("solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
            ("solana:mainnet", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
        ] {
            assert_eq!(network(name).as_deref(), Ok(caip2), "{name}");
        }
        assert!(
            matches!(network("bsae-sepolia"), Err(NoNetwork::Misspelt(message)) if message.contains("base-sepolia"))
        );
        assert!(matches!(network("bitcoin"), Err(NoNetwork::Unknown(_))));
    }

    #[test]
    fn currencies_are_addresses() {
        assert_eq!(currency("usd"), Currency::Dollars);
        let usdc = "eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
        assert!(matches!(currency("USDC"), Currency::Assets(ids) if ids.iter().any(|id| id == usdc)));
        assert_eq!(currency("ETH"), Currency::Unknown);
        assert_eq!(currency("UDSC"), Currency::Unknown);
        assert_eq!(currency("USDD"), Currency::Misspelt("USDC"));
    }
}
