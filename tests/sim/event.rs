//! What the actors do, as values, and as the lines of the event protocol that a core reads (docs/events.md).

use super::rules::Rules;

/// Atomic units per whole token, and what a whole token counts as, in 10^-18 US dollars.
pub struct Asset {
    pub network: &'static str,
    pub address: &'static str,
    pub decimals: u32,
    pub rate: u128,
}

pub const DOLLAR: u128 = 1_000_000_000_000_000_000;

/// A stablecoin of the registry; one with few decimals that is dearer than a dollar; one with many that is cheaper.
pub const ASSETS: [Asset; 3] = [
    Asset { network: "eip155:84532", address: "0x036cbd53842c5426634e7929541ec2318f3dcf7e", decimals: 6, rate: DOLLAR },
    Asset {
        network: "eip155:84532",
        address: "0x9999999999999999999999999999999999999999",
        decimals: 2,
        rate: DOLLAR / 100 * 108,
    },
    Asset {
        network: "eip155:8453",
        address: "0x8888888888888888888888888888888888888888",
        decimals: 18,
        rate: DOLLAR / 100 * 35,
    },
];

const FACILITATOR: &str = "0x5555555555555555555555555555555555555555";
const PAYER: &str = "0x2222222222222222222222222222222222222222";
/// The contract that spends a Permit2 signature for `upto`.
const UPTO_SPENDER: &str = "0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002";

/// One entry of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub asset: usize,
    pub amount: u128,
    pub payee: u64,
    pub lifetime: u64,
    pub upto: bool,
}

impl Entry {
    pub fn payee(&self) -> String {
        format!("0x{:040x}", 0x1000 + self.payee)
    }

    fn json(&self) -> String {
        let Asset { network, address, .. } = &ASSETS[self.asset];
        let (scheme, extra) = match self.upto {
            true => ("upto", format!(r#"{{"facilitatorAddress":"{FACILITATOR}"}}"#)),
            false => ("exact", String::from(r#"{"name":"Token","version":"2"}"#)),
        };
        format!(
            r#"{{"scheme":"{scheme}","network":"{network}","amount":"{}","asset":"{address}","payTo":"{}","maxTimeoutSeconds":{},"extra":{extra}}}"#,
            self.amount,
            self.payee(),
            self.lifetime
        )
    }
}

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub id: u64,
    pub content: Content,
}

/// What makes two calls with one id the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub agent: u64,
    /// 0 is none.
    pub client: u64,
    /// How the URL is written: 0 is the one spelling, 1 to 4 are others.
    pub spelling: u64,
    pub session: u64,
    pub vendor: u64,
    pub route: u64,
    pub post: bool,
    pub body: Option<u64>,
    pub key: Option<u64>,
    pub entries: Vec<Entry>,
}

impl Content {
    pub fn agent(&self) -> String {
        format!("a{}", self.agent)
    }

    pub fn host(&self) -> String {
        format!("shop{}.example.com", self.vendor)
    }

    pub fn endpoint(&self) -> String {
        format!("https://{}/r{}", self.host(), self.route)
    }

    /// The URL as the agent writes it.
    fn url(&self) -> String {
        let (host, route) = (self.host(), self.route);
        match self.spelling {
            0 => self.endpoint(),
            1 => format!("HTTPS://{}/r{route}", host.to_uppercase()),
            2 => format!("https://{host}:443/r{route}"),
            3 => format!("https://{host}/x/../r{route}#top"),
            _ => format!("https://{host}./%72{route}"),
        }
    }

    /// What two calls have in common that are the same intent.
    pub fn intent(&self) -> String {
        match self.key {
            Some(key) => format!("key {} {} {key}", self.agent, self.client),
            None => format!("{} {} {} {} {:?}", self.agent, self.client, self.post, self.endpoint(), self.body),
        }
    }

    /// What two payments have in common that are the same: the key, where there is one, or else the intent and what is paid.
    pub fn payment(&self, entry: &Entry) -> String {
        match self.key {
            Some(_) => self.intent(),
            None => format!("{} {} {} {} {}", self.intent(), entry.upto, entry.asset, entry.payee, entry.amount),
        }
    }
}

impl Ask {
    fn members(&self) -> String {
        let Content { session, client, post, body, key, entries, .. } = &self.content;
        let method = if *post { "POST" } else { "GET" };
        let body = body.map_or_else(String::new, |body| format!(r#""body_digest":"{body:x}","#));
        let key = key.map_or_else(String::new, |key| format!(r#""idempotency_key":"k{key}","#));
        let client = if *client == 0 { String::new() } else { format!(r#""client":"c{client}","#) };
        let entries: Vec<String> = entries.iter().map(Entry::json).collect();
        format!(
            r#""id":"p{}","agent":"{}","session":"s{session}",{client}"method":"{method}","url":"{}",{body}{key}"offer":{{"x402Version":2,"accepts":[{}]}}"#,
            self.id,
            self.content.agent(),
            self.content.url(),
            entries.join(",")
        )
    }
}

/// What was signed, where it is not simply what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub entry: Entry,
    pub amount: u128,
    pub other_payee: bool,
    /// The end of its life, in seconds since the epoch.
    pub end: u64,
    pub nonce: u64,
}

impl Signature {
    fn json(&self) -> String {
        let to = if self.other_payee { format!("0x{:040x}", 0x666) } else { self.entry.payee() };
        let (amount, end) = (self.amount, self.end);
        let signed = match self.entry.upto {
            true => format!(
                r#""permit2Authorization":{{"from":"{PAYER}","permitted":{{"token":"{}","amount":"{amount}"}},"spender":"{UPTO_SPENDER}","nonce":"{}","deadline":"{end}","witness":{{"to":"{to}","facilitator":"{FACILITATOR}","validAfter":"0"}}}}"#,
                ASSETS[self.entry.asset].address, self.nonce
            ),
            false => format!(
                r#""authorization":{{"from":"{PAYER}","to":"{to}","value":"{amount}","validAfter":"0","validBefore":"{end}","nonce":"0x{:064x}"}}"#,
                self.nonce
            ),
        };
        format!(r#"{{"x402Version":2,"payload":{{"signature":"0x00",{signed}}},"accepted":{}}}"#, self.entry.json())
    }

    /// The nonce as the core tells it.
    pub fn nonce(&self) -> String {
        if self.entry.upto { self.nonce.to_string() } else { format!("0x{:064x}", self.nonce) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Captured,
    Failed,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    Operator,
    Receipt,
    Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Used(u128),
    UnusedAt(u64),
    Cancelled,
}

/// An event, each with its time in milliseconds where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Authorize {
        at: u64,
        ask: Ask,
    },
    Check {
        at: u64,
        ask: Ask,
    },
    Ticket {
        at: u64,
        id: u64,
    },
    Sign {
        at: u64,
        id: u64,
        signature: Signature,
    },
    Settle {
        at: u64,
        id: u64,
        said: Said,
        amount: Option<u128>,
        evidence: Evidence,
    },
    Reconcile {
        at: u64,
        id: u64,
        proof: Proof,
    },
    /// What a person has found out: so much was spent, or nothing.
    Resolve {
        at: u64,
        id: u64,
        spent: Option<u128>,
    },
    /// `refund` is its own id, where it has one.
    Refund {
        at: u64,
        id: u64,
        amount: u128,
        refund: Option<u64>,
    },
    Say {
        at: u64,
        id: u64,
        approver: u64,
        approve: bool,
        digest: Option<String>,
    },
    Freeze {
        at: u64,
    },
    Unfreeze {
        at: u64,
    },
    Budgets {
        at: u64,
    },
    Policy {
        rules: Box<Rules>,
    },
    Reopen,
}

impl Event {
    /// Its time, where it has one.
    pub fn at(&self) -> u64 {
        match self {
            Event::Authorize { at, .. }
            | Event::Check { at, .. }
            | Event::Ticket { at, .. }
            | Event::Sign { at, .. }
            | Event::Settle { at, .. }
            | Event::Reconcile { at, .. }
            | Event::Resolve { at, .. }
            | Event::Refund { at, .. }
            | Event::Say { at, .. }
            | Event::Freeze { at }
            | Event::Unfreeze { at }
            | Event::Budgets { at } => *at,
            Event::Policy { .. } | Event::Reopen => 0,
        }
    }

    /// The line that a core reads.
    pub fn line(&self) -> String {
        match self {
            Event::Authorize { at, ask } => format!(r#"{{"type":"authorize","at":{at},{}}}"#, ask.members()),
            Event::Check { at, ask } => format!(r#"{{"type":"check","at":{at},{}}}"#, ask.members()),
            Event::Ticket { at, id } => format!(r#"{{"type":"ticket","at":{at},"id":"p{id}"}}"#),
            Event::Sign { at, id, signature } => {
                format!(r#"{{"type":"sign","at":{at},"id":"p{id}","payload":{}}}"#, signature.json())
            }
            Event::Settle { at, id, said, amount, evidence } => {
                let outcome = match said {
                    Said::Captured => "captured",
                    Said::Failed => "failed",
                    Said::Unknown => "unknown",
                };
                let evidence = match evidence {
                    Evidence::Operator => "",
                    Evidence::Receipt => r#","evidence":"receipt""#,
                    Evidence::Delivery => r#","evidence":"delivery""#,
                };
                let amount = amount.map_or_else(String::new, |amount| format!(r#","amount":"{amount}""#));
                format!(r#"{{"type":"settle","at":{at},"id":"p{id}","outcome":"{outcome}"{amount}{evidence}}}"#)
            }
            Event::Reconcile { at, id, proof } => {
                let proof = match proof {
                    Proof::Used(amount) => format!(r#"{{"authorization":"used","amount":"{amount}"}}"#),
                    Proof::UnusedAt(at) => format!(r#"{{"authorization":"unused","at":{at}}}"#),
                    Proof::Cancelled => String::from(r#"{"authorization":"cancelled"}"#),
                };
                format!(r#"{{"type":"reconcile","at":{at},"id":"p{id}","proof":{proof}}}"#)
            }
            Event::Resolve { at, id, spent } => {
                let outcome = match spent {
                    Some(amount) => format!(r#""outcome":"spent","amount":"{amount}""#),
                    None => String::from(r#""outcome":"free""#),
                };
                format!(r#"{{"type":"resolve","at":{at},"id":"p{id}",{outcome},"reason":"looked up"}}"#)
            }
            Event::Refund { at, id, amount, refund } => {
                let refund = refund.map_or_else(String::new, |refund| format!(r#","refund":"r{refund}""#));
                format!(r#"{{"type":"refund","at":{at},"id":"p{id}","amount":"{amount}"{refund}}}"#)
            }
            Event::Say { at, id, approver, approve, digest } => {
                let kind = if *approve { "approve" } else { "reject" };
                let approver = approver_name(*approver);
                let digest = digest.as_ref().map_or_else(String::new, |digest| format!(r#","digest":"{digest}""#));
                format!(r#"{{"type":"{kind}","at":{at},"id":"p{id}","approver":"{approver}"{digest}}}"#)
            }
            Event::Freeze { at } => format!(r#"{{"type":"freeze","at":{at},"reason":"drill"}}"#),
            Event::Unfreeze { at } => format!(r#"{{"type":"unfreeze","at":{at}}}"#),
            Event::Budgets { at } => format!(r#"{{"type":"budgets","at":{at}}}"#),
            Event::Policy { rules } => format!(r#"{{"type":"policy","document":{}}}"#, rules.document()),
            Event::Reopen => String::from(r#"{"type":"reopen"}"#),
        }
    }
}

/// Approvers 0 to 2 are people, the others are agents.
pub fn approver_name(approver: u64) -> String {
    match approver {
        0 => String::from("alice"),
        1 => String::from("bob"),
        2 => String::from("carol"),
        agent => format!("a{}", agent - 3),
    }
}
