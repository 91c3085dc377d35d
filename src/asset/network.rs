//! Blockchains by name: one canonical CAIP-2 spelling each, and the names that version 1 of x402 used.

use std::fmt;

use serde::Serialize;

use super::registry::{ALIASES, SOLANA};
use crate::reason::Reason;
use crate::words::{nearest, quoted};

/// A blockchain by its canonical CAIP-2 name, such as `eip155:8453`. Reads and writes as that name only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Network(String);

/// What kind of chain a network is: it decides how addresses and payments look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkKind {
    /// An Ethereum-like chain.
    Evm {
        /// Its EIP-155 id, above zero.
        chain_id: u64,
    },
    /// One of Solana's three networks.
    Solana,
}

/// Why a text names no network that can be paid on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// Neither a canonical CAIP-2 name nor a name that version 1 knows.
    Malformed {
        /// What was written.
        text: String,
        /// The known name that may have been meant.
        nearest: Option<&'static str>,
    },
    /// A well-formed CAIP-2 name of a chain whose payments can't be checked.
    Unknown {
        /// What was written.
        text: String,
    },
}

impl NetworkError {
    /// The stable code for an offer that names such a network.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed { .. } => Reason::MalformedNetwork,
            Self::Unknown { .. } => Reason::UnknownNetwork,
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { text, nearest: None } => {
                write!(f, "{} is not a network in canonical form, such as `eip155:8453`", quoted(text))
            }
            Self::Malformed { text, nearest: Some(name) } => {
                write!(f, "{} is not a known network; did you mean `{name}`?", quoted(text))
            }
            Self::Unknown { text } => write!(f, "{} is neither an EVM nor a known Solana network", quoted(text)),
        }
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// Reads a canonical CAIP-2 name: `eip155:` with a decimal id above zero and no leading zero, or Solana's own three.
    ///
    /// # Errors
    /// [`NetworkError::Unknown`] for another chain in CAIP-2 form, else [`NetworkError::Malformed`].
    pub fn caip2(text: &str) -> Result<Self, NetworkError> {
        let malformed = || NetworkError::Malformed { text: text.to_owned(), nearest: None };
        let (namespace, reference) = text.split_once(':').ok_or_else(malformed)?;
        if !is_caip2(namespace, reference) {
            return Err(malformed());
        }
        match namespace {
            "eip155" if chain_id(reference).is_none() => Err(malformed()),
            "eip155" => Ok(Self(text.to_owned())),
            "solana" if SOLANA.contains(&text) => Ok(Self(text.to_owned())),
            _ => Err(NetworkError::Unknown { text: text.to_owned() }),
        }
    }

    /// Reads a name of x402 version 1, such as `base-sepolia`, and nothing else.
    ///
    /// # Errors
    /// [`NetworkError::Malformed`], with the nearest known name.
    pub fn v1(text: &str) -> Result<Self, NetworkError> {
        match ALIASES.iter().find(|(alias, _)| *alias == text) {
            Some((_, caip2)) => Ok(Self((*caip2).to_owned())),
            None => {
                let aliases = ALIASES.iter().map(|(alias, _)| *alias);
                Err(NetworkError::Malformed { text: text.to_owned(), nearest: nearest(text, aliases) })
            }
        }
    }

    /// Reads either form: for policies and people, never for offers.
    ///
    /// # Errors
    /// As [`Network::caip2`] for a text with a colon, else as [`Network::v1`].
    pub fn named(text: &str) -> Result<Self, NetworkError> {
        if text.contains(':') { Self::caip2(text) } else { Self::v1(text) }
    }

    /// What kind of chain it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        let id = self.0.strip_prefix("eip155:").and_then(chain_id);
        id.map_or(NetworkKind::Solana, |chain_id| NetworkKind::Evm { chain_id })
    }

    /// The canonical CAIP-2 name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        Self::caip2(&text)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0
    }
}

/// The grammar of CAIP-2: `[-a-z0-9]{3,8}` and `[-_a-zA-Z0-9]{1,32}`.
fn is_caip2(namespace: &str, reference: &str) -> bool {
    (3..=8).contains(&namespace.len())
        && (1..=32).contains(&reference.len())
        && namespace.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && reference.bytes().all(|byte| byte == b'-' || byte == b'_' || byte.is_ascii_alphanumeric())
}

/// A decimal id above zero with no leading zero: `084532` would be a second name for chain 84532.
fn chain_id(reference: &str) -> Option<u64> {
    let canonical = !reference.starts_with('0') && reference.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { reference.parse().ok() } else { None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_spelling_per_chain() {
        assert_eq!(Network::caip2("eip155:8453").unwrap().kind(), NetworkKind::Evm { chain_id: 8453 });
        assert_eq!(
            Network::caip2("eip155:18446744073709551615").unwrap().kind(),
            NetworkKind::Evm { chain_id: u64::MAX }
        );
        for name in SOLANA {
            assert_eq!(Network::caip2(name).unwrap().kind(), NetworkKind::Solana);
        }
        let malformed = [
            "",
            "eip155",
            "eip155:",
            "eip155:084532",
            "eip155:0",
            "eip155:00",
            "eip155:-1",
            "eip155:+1",
            "eip155:0x1",
            "eip155:1e3",
            "eip155: 1",
            "eip155:1 ",
            "eip155:8453\n",
            "eip155:8453:1",
            "eip155:*",
            "eip155:８４５３",
            "EIP155:8453",
            "eip155:1_000",
            "eip155:18446744073709551616",
            ":1",
            "ab:1",
            "toolongns:1",
            "base",
            "*",
            "solana:",
            "cosmos:cosmos hub",
            "bip122:a.b",
            "cosmos:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ];
        for text in malformed {
            let error = Network::caip2(text).unwrap_err();
            assert!(matches!(error, NetworkError::Malformed { .. }), "{text}");
            assert_eq!(error.reason(), Reason::MalformedNetwork);
        }
        let unknown = [
            "cosmos:cosmoshub-4",
            "stellar:pubnet",
            "solana:mainnet",
            "solana:5EYKT4USFV8P8NJDTREPY1VZQKQZKVDP",
            "eip156:1",
            "hedera:mainnet",
            "bip122:000000000019d6689c085ae165831e93",
        ];
        for text in unknown {
            let error = Network::caip2(text).unwrap_err();
            assert!(matches!(error, NetworkError::Unknown { .. }), "{text}");
            assert_eq!(error.reason(), Reason::UnknownNetwork);
        }
    }

    #[test]
    fn every_alias_names_a_chain() {
        let mut seen = std::collections::BTreeSet::new();
        for (alias, caip2) in ALIASES {
            let network = Network::v1(alias).unwrap();
            assert_eq!(network, Network::caip2(caip2).unwrap());
            assert_eq!(network, Network::named(alias).unwrap());
            assert_eq!(network, Network::named(caip2).unwrap());
            assert!(seen.insert(alias) && seen.insert(caip2), "{alias}");
            assert!(Network::caip2(alias).is_err() && Network::v1(caip2).is_err());
        }
        assert_eq!(ALIASES.len(), 26);
        assert_eq!(Network::v1("base-sepolia").unwrap().as_str(), "eip155:84532");
    }

    #[test]
    fn a_misspelt_alias_is_refused_with_the_right_one() {
        for (text, expected) in [("base-seplia", Some("base-sepolia")), ("Base", Some("base")), ("bitcoin", None)] {
            let error = Network::named(text).unwrap_err();
            assert!(
                matches!(&error, NetworkError::Malformed { nearest, .. } if *nearest == expected),
                "{text}: {error}"
            );
        }
        let message = Network::named("polgon").unwrap_err().to_string();
        assert_eq!(message, "`polgon` is not a known network; did you mean `polygon`?");
    }

    #[test]
    fn the_wire_has_the_canonical_form_only() {
        let network = Network::v1("base").unwrap();
        assert_eq!(serde_json::to_string(&network).unwrap(), r#""eip155:8453""#);
        assert_eq!(Network::try_from(String::from("eip155:8453")).unwrap(), network);
        assert!(Network::try_from(String::from("base")).is_err());
        assert!(Network::try_from(String::from("eip155:08453")).is_err());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_written_back(text in "(eip155|solana|cosmos)?:?[0-9a-zA-Z:]{0,40}", any in any::<String>()) {
            for text in [text, any] {
                if let Ok(network) = Network::caip2(&text) {
                    prop_assert_eq!(network.as_str(), text.as_str());
                }
                let _ = Network::named(&text);
            }
        }
    }
}
