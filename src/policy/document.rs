//! The policy as it is written: one document, in TOML, YAML or JSON. The wrapper turns the first two into JSON.
//! These types are the published JSON Schema; reading them collects every error.

use crate::json::Json;
use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Scheme};
use crate::policy::read::{Read, Reader, choose, section};
use crate::time::{Millis, format_duration, parse_duration};

section! {
    /// A policy: what an agent may pay, to whom, and how much in all.
    pub struct Document {
        /// A name for people, shown in decisions and reports.
        pub name: String,
        /// The policy's own version: a whole number that rises with each change.
        pub version: u64,
        /// Exact origins that are let through although they are not https on the default port with a DNS name,
        /// such as `http://127.0.0.1:4021`.
        pub origins: Vec<String>,
        /// What a single payment may be.
        pub payment: PaymentSection,
        /// Who may be paid, by the host that was requested.
        pub vendors: ListSection,
        /// Who may be paid, by the address that receives the money: `0x…` on any network, or `eip155:8453/0x…`.
        pub payees: ListSection,
        /// Assets that are known beside the registry of stablecoins.
        pub assets: Vec<AssetSection>,
        /// How much in all, over a window of time.
        pub budgets: Vec<BudgetSection>,
        /// When to stop calling an origin or a facilitator that fails.
        pub breaker: BreakerSection,
    }
}

section! {
    /// What a single payment may be.
    pub struct PaymentSection {
        /// The largest single payment, in US dollars. A payment of exactly this much is allowed.
        pub max_usd: Usd,
        /// From this much on, in US dollars, a payment needs approval. A payment of exactly this much needs it.
        pub approve_from_usd: Usd,
        /// The longest that a signature may stay usable, in seconds. Default 600.
        pub max_lifetime_seconds: u64,
        /// Networks that may be used, as CAIP-2 names or known aliases such as `base`. Default: all that are known.
        pub networks: Vec<String>,
        /// Assets that may be used, as `network/address`. Default: the registry and those listed under `assets`.
        pub assets: Vec<String>,
        /// Payment schemes that may be used. Default: `exact` and `upto`.
        pub schemes: Vec<Scheme>,
        /// Payment flows that may be used. Default: `authorization` alone; the others take the money before delivery.
        pub flows: Vec<Flow>,
    }
}

section! {
    /// An allow list and a block list. What is blocked is blocked, allowed or not. An allow list that is there, even
    /// an empty one, denies all that is not on it.
    pub struct ListSection {
        /// Only these.
        pub allow: Vec<String>,
        /// Never these.
        pub block: Vec<String>,
    }
}

section! {
    /// An asset that the policy makes known.
    pub struct AssetSection {
        /// The network, as a CAIP-2 name or a known alias.
        pub network: String = required,
        /// The address of the token's contract (or mint) on that network.
        pub address: String = required,
        /// How many decimals the token has: one whole token is 10^decimals atomic units.
        pub decimals: u64 = required,
        /// A name for people. It decides nothing.
        pub symbol: String,
        /// What one whole token counts as, in US dollars. Without it no limit in US dollars can be met.
        pub usd: Rate,
    }
}

section! {
    /// A budget: what is held and what is spent, over its window, never exceeds its limit.
    pub struct BudgetSection {
        /// The budget's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
        pub name: String = required,
        /// The limit in US dollars; this or `limit_amount`.
        pub limit_usd: Usd,
        /// The limit in atomic units of `asset`.
        pub limit_amount: Amount,
        /// The asset that `limit_amount` counts, as `network/address`. Payments in other assets don't count here.
        pub asset: String,
        /// How long a spend counts: a rolling span such as `24h` or `7d`, or `session`, or `lifetime`.
        pub window: WindowWord = required,
        /// What has a counter of its own: one or more of agent, client, session, vendor, endpoint, payee, network;
        /// or `all` for a single counter. Default `all`.
        pub per: PerWords,
    }
}

section! {
    /// The circuit breaker. The wrapper keeps its state; the core is told of it.
    pub struct BreakerSection {
        /// Failures in a row after which nothing more is paid there. Default 5.
        pub failure_threshold: u64,
        /// How long until one payment is let through again to see, such as `30s`. Default `30s`.
        pub recovery_timeout: Span,
    }
}

/// What a budget keeps a counter for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "lowercase"))]
pub enum Per {
    /// One counter for everything.
    All,
    /// One for each agent.
    Agent,
    /// One for each client.
    Client,
    /// One for each session.
    Session,
    /// One for each requested host.
    Vendor,
    /// One for each requested origin and path.
    Endpoint,
    /// One for each address that is paid, on its network.
    Payee,
    /// One for each network.
    Network,
}

const PER_WORDS: [(&str, Per); 8] = [
    ("all", Per::All),
    ("agent", Per::Agent),
    ("client", Per::Client),
    ("session", Per::Session),
    ("vendor", Per::Vendor),
    ("endpoint", Per::Endpoint),
    ("payee", Per::Payee),
    ("network", Per::Network),
];

impl Per {
    /// The word as it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        PER_WORDS.iter().find(|(_, per)| *per == self).map_or("", |(word, _)| word)
    }
}

impl Read for Per {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        choose(json, reader, &PER_WORDS)
    }
}

impl Read for Scheme {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        choose(json, reader, &[("exact", Scheme::Exact), ("upto", Scheme::Upto)])
    }
}

impl Read for Flow {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let words = [("authorization", Flow::Authorization), ("upfront", Flow::Upfront), ("escrow", Flow::Escrow)];
        choose(json, reader, &words)
    }
}

/// A length of time as written, such as `24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Millis);

impl Read for Span {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(text) = json.as_str() else { return reader.expected("a length of time such as \"24h\"", json) };
        parse_duration(text).map(Span).map_err(|error| reader.fail(error)).ok()
    }
}

/// How long a spend counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum WindowWord {
    /// For this many milliseconds after it was captured.
    Rolling(Millis),
    /// For as long as the session has its name.
    Session,
    /// For ever.
    Lifetime,
}

impl WindowWord {
    /// The window as it is written, in its shortest form; part of the key of a budget's cell.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            WindowWord::Rolling(span) => format_duration(span),
            WindowWord::Session => String::from("session"),
            WindowWord::Lifetime => String::from("lifetime"),
        }
    }
}

impl Read for WindowWord {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        match json.as_str() {
            Some("session") => Some(WindowWord::Session),
            Some("lifetime") => Some(WindowWord::Lifetime),
            Some(text) => match parse_duration(text) {
                Ok(span) => Some(WindowWord::Rolling(span)),
                Err(error) => {
                    reader.fail(format!("expected a span such as `24h`, or `session`, or `lifetime`; {error}"));
                    None
                }
            },
            None => reader.expected("a span such as \"24h\", or \"session\", or \"lifetime\"", json),
        }
    }
}

/// One word, or a list of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerWords(pub Vec<Per>);

impl Read for PerWords {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let mut words = match json {
            Json::Array(_) => Vec::<Per>::read(json, reader)?,
            _ => vec![Per::read(json, reader)?],
        };
        words.sort_unstable();
        words.dedup();
        if words.is_empty() {
            return reader.expected("at least one word", json);
        }
        if words.len() > 1 && words.contains(&Per::All) {
            return reader.expected("`all` alone, or other words", json);
        }
        Some(PerWords(words))
    }
}

impl Read for Rate {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let usd = Usd::read(json, reader)?;
        if usd == Usd::ZERO {
            return reader.expected("a rate above zero", json);
        }
        Some(Rate::new(usd.get()))
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Per, PerWords, Span, WindowWord};

    impl JsonSchema for Span {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Span")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string", "pattern": r"^([0-9]+(ms|s|m|h|d|w))+$",
                "description": "A length of time, such as `30s`, `24h` or `1h30m`."
            })
        }
    }

    impl JsonSchema for WindowWord {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Window")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string", "pattern": r"^(session|lifetime|([0-9]+(ms|s|m|h|d|w))+)$",
                "description": "A rolling span such as `24h`, or `session`, or `lifetime`."
            })
        }
    }

    impl JsonSchema for PerWords {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("PerWords")
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let word = generator.subschema_for::<Per>();
            json_schema!({
                "description": "One word, or a list of words: a counter for each combination.",
                "anyOf": [word, { "type": "array", "items": word, "minItems": 1 }]
            })
        }
    }
}
