//! The policy as it is written: one document, in TOML, YAML or JSON. The wrapper turns the first two into JSON, and time
//! zones into tables of their offsets. These types are the published JSON Schema; reading them collects every error.

use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Scheme};
use crate::policy::read::section;
#[cfg(not(feature = "privacy"))]
use crate::policy::unread::PrivacySection;
use crate::policy::words::{
    Choice, DayWord, FileWords, HoursWord, OnChange, OnMissing, PerWords, RateThen, ReplayMode, RiskWord, Share100,
    Span, Then, WindowWord,
};
use crate::policy::zone::ZoneTables;
#[cfg(feature = "privacy")]
use crate::privacy::PrivacySection;

section! {
    /// A policy: what an agent may pay, to whom, and how much in all.
    pub struct Document {
        /// A name for people, shown in decisions and reports.
        pub name: String,
        /// The policy's own version: a whole number that rises with each change.
        pub version: u64,
        /// Policies that this one stands on, as paths relative to this file. What they say holds: this one adds, and
        /// the strictest wins. Only in a file.
        pub extends: FileWords,
        /// Exact origins that are let through although they are not https on the default port with a DNS name,
        /// such as `http://127.0.0.1:4021`.
        pub origins: Vec<String>,
        /// What becomes of a payment that no rule with `then = "allow"` speaks for: `allow` or `deny`. Default `allow`.
        pub unmatched: Choice,
        /// What a single payment may be.
        pub payment: PaymentSection,
        /// Who may be paid, by the URL that was requested: `api.example.com`, `*.example.com`, `api.example.com/v1`,
        /// `https://api.example.com:8443`, or `regex:` with an expression for the whole of host and path.
        pub vendors: ListSection,
        /// Who may be paid, by the address that receives the money: `0x…` on any network, or `eip155:8453/0x…`.
        pub payees: PayeeSection,
        /// Which agents may pay, by name; `*` and `?` stand for any letters and any letter.
        pub agents: ListSection,
        /// On whose behalf may be paid, by name; `*` and `?` stand for any letters and any letter.
        pub clients: ListSection,
        /// Assets that are known beside the registry of stablecoins.
        pub assets: Vec<AssetSection>,
        /// How much in all, over a window of time.
        pub budgets: Vec<BudgetSection>,
        /// How often, over a window of time.
        pub rates: Vec<RateSection>,
        /// When may be paid.
        pub schedule: ScheduleSection,
        /// What has to be known of who is paid, from facts that the operator's own provider looks up.
        pub counterparty: CounterpartySection,
        /// What things cost, and how far a price may move.
        pub prices: PriceSection,
        /// Rules for what the sections above can't say.
        pub rules: Vec<RuleSection>,
        /// When the same payment is refused a second time.
        pub replay: ReplaySection,
        /// Who decides about what needs approval.
        pub approvals: ApprovalSection,
        /// When to stop calling an origin or a facilitator that fails.
        pub breaker: BreakerSection,
        /// Personal data and secrets: what becomes of them before they leave. Without this section nothing is looked for.
        pub privacy: PrivacySection,
        /// The offsets of the time zones that are named above. The wrapper fills this in; leave it out.
        pub zones: ZoneTables,
    }
}

section! {
    /// What a single payment may be.
    pub struct PaymentSection {
        /// The largest single payment, in US dollars. A payment of exactly this much is allowed.
        pub max_usd: Usd,
        /// The largest payment to an address that this ledger has never paid, in US dollars.
        pub max_first_usd: Usd,
        /// From this much on, in US dollars, a payment needs approval. A payment of exactly this much needs it.
        pub approve_from_usd: Usd,
        /// The longest that a signature may stay usable, in seconds. Default 600.
        pub max_lifetime_seconds: u64,
        /// Networks that may be used, as CAIP-2 names or known aliases such as `base`. Default: all that are known.
        pub networks: Vec<String>,
        /// Networks that may not be used.
        pub block_networks: Vec<String>,
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
    /// Who may be paid, by address.
    pub struct PayeeSection {
        /// Only these.
        pub allow: Vec<String>,
        /// Never these.
        pub block: Vec<String>,
        /// What becomes of an origin that asks for its money at another address than the one first paid: `warn` flags
        /// the payment, `deny` denies it, `approve` asks people. Left out, addresses may change.
        pub pin: OnChange,
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
        /// From this much on in all, in US dollars, each further payment needs approval: splitting dodges nothing.
        pub approve_from_usd: Usd,
        /// The limit in atomic units of `asset`.
        pub limit_amount: Amount,
        /// The asset that `limit_amount` counts, as `network/address`. Payments in other assets don't count here.
        pub asset: String,
        /// How long a spend counts: a rolling span such as `24h`; a calendar `day`, `week` (from Monday) or `month`;
        /// `session`; or `lifetime`.
        pub window: WindowWord = required,
        /// The time zone of a calendar window, such as `Europe/Berlin`. Default `UTC`.
        pub time_zone: String,
        /// What has a counter of its own: one or more of agent, client, session, vendor, endpoint, payee, network;
        /// or `all` for a single counter. Default `all`.
        pub per: PerWords,
        /// Which payments count here. Default: all.
        pub when: WhenSection,
    }
}

section! {
    /// A rate: so many payments over its window, or so much time between two.
    pub struct RateSection {
        /// The rate's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
        pub name: String = required,
        /// The most payments within the window; with `window`.
        pub max: u64,
        /// How long a payment counts, as in a budget.
        pub window: WindowWord,
        /// The time zone of a calendar window. Default `UTC`.
        pub time_zone: String,
        /// The shortest time between two payments.
        pub min_gap: Span,
        /// What has a counter of its own, as in a budget. Default `all`.
        pub per: PerWords,
        /// What becomes of a payment that comes too soon: `deny`, or `delay` until it may be made. Default `deny`.
        pub then: RateThen,
        /// Which payments count here. Default: all.
        pub when: WhenSection,
    }
}

section! {
    /// When may be paid. Outside of it everything is denied.
    pub struct ScheduleSection {
        /// Hours of the day, such as `["09:00-17:30"]`; a span may go over midnight.
        pub hours: Vec<HoursWord>,
        /// Days of the week, such as `["mon", "tue"]`.
        pub days: Vec<DayWord>,
        /// The time zone of the hours and days, such as `Europe/Berlin`. Default `UTC`.
        pub time_zone: String,
    }
}

section! {
    /// What has to be known of who is paid. The facts come from the operator's own provider, never from the seller.
    pub struct CounterpartySection {
        /// Whether a contract may be paid. Default true.
        pub allow_contracts: bool,
        /// Whether a contract that is paid has to be verified.
        pub require_verified: bool,
        /// The youngest wallet that may be paid, in days.
        pub min_wallet_age_days: u64,
        /// How often this address must have been paid before.
        pub min_prior_payments: u64,
        /// The highest risk that may be paid.
        pub max_risk: RiskWord,
        /// What becomes of a payment for which a fact that is asked for is missing: `deny` or `allow`. Default `deny`.
        pub on_missing: OnMissing,
    }
}

section! {
    /// What things cost. The first price that was paid on a route (origin and path, in one asset) is its reference.
    pub struct PriceSection {
        /// The most that a price may lie above the reference of its route, in per cent, however slowly it got there.
        pub max_drift_percent: Share100,
        /// What becomes of a price that lies above: `deny`, `approve` or `warn`. Default `deny`.
        pub then: OnChange,
        /// Prices that were agreed on; each is the reference of its routes from the beginning.
        pub agreed: Vec<AgreedSection>,
    }
}

section! {
    /// A price that was agreed on.
    pub struct AgreedSection {
        /// The routes, as a vendor: `api.example.com/report`.
        pub vendor: String = required,
        /// The price in US dollars.
        pub usd: Usd = required,
    }
}

section! {
    /// A rule. All rules are heard, and the strictest wins: deny over require_approval over flag over allow. An allow
    /// lifts no limit.
    pub struct RuleSection {
        /// The rule's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
        pub name: String = required,
        /// Which payments it speaks of. Default: all.
        pub when: WhenSection,
        /// What becomes of them: `deny`, `require_approval`, `flag` or `allow`.
        pub then: Then = required,
        /// False to leave the rule out for now.
        pub enabled: bool,
    }
}

section! {
    /// Which payments: those for which every member holds. A list holds if any of its entries does.
    pub struct WhenSection {
        /// The agent's name; `*` and `?` stand for any letters and any letter.
        pub agents: Vec<String>,
        /// The client's name, likewise.
        pub clients: Vec<String>,
        /// The requested URL, as in `vendors`.
        pub vendors: Vec<String>,
        /// The address that is paid, as in `payees`.
        pub payees: Vec<String>,
        /// The network.
        pub networks: Vec<String>,
        /// The asset, as `network/address`.
        pub assets: Vec<String>,
        /// The payment scheme.
        pub schemes: Vec<Scheme>,
        /// The HTTP method, such as `POST`.
        pub methods: Vec<String>,
        /// A payment of at least this much, in US dollars.
        pub min_usd: Usd,
        /// A payment of at most this much, in US dollars.
        pub max_usd: Usd,
        /// Whether this ledger has never paid the address before.
        pub first_payment: bool,
        /// A risk of at least this level, by the operator's facts. An unknown risk is the highest.
        pub min_risk: RiskWord,
        /// Hours of the day, as in `schedule`.
        pub hours: Vec<HoursWord>,
        /// Days of the week, as in `schedule`.
        pub days: Vec<DayWord>,
        /// The time zone of the hours and days. Default `UTC`.
        pub time_zone: String,
    }
}

section! {
    /// When the same payment is refused a second time.
    pub struct ReplaySection {
        /// How long an earlier payment is remembered, such as `24h`, from its decision on. Default `24h`.
        pub window: Span,
        /// `intent`: each call is an intent of its own, unless it gives an idempotency key that was used before.
        /// `strict`: the same payment for the same request is refused too, unless it gives a key. Default `intent`.
        pub mode: ReplayMode,
    }
}

section! {
    /// Who decides about what needs approval.
    pub struct ApprovalSection {
        /// How many different people have to approve. Default 1.
        pub threshold: u64,
        /// Who may approve, by name. Default: anybody but the agent itself.
        pub approvers: Vec<String>,
        /// What approvers prove themselves with. Who has a key is believed by a signature alone, and what lifts a freeze
        /// has to be signed by one of them.
        pub keys: Vec<ApproverKeySection>,
        /// How long people have to answer, from `1s` to `30d`; then silence is a denial. Default `5m`.
        pub timeout: Span,
        /// How old a countersignature may be when it comes in. Default `5m`.
        pub max_signature_age: Span,
        /// How many questions of one agent may stand at once, the refused ones among them until their time is over. More are
        /// denied. Default 5.
        pub max_prompts_per_agent: u64,
        /// How many questions may wait for one approver at once; who has as many is not asked. Default 20.
        pub max_prompts_per_approver: u64,
    }
}

section! {
    /// What an approver proves themselves with: an Ed25519 public key, or a secret for HMAC-SHA256.
    pub struct ApproverKeySection {
        /// Whose it is: a name under `approvals.approvers`.
        pub approver: String = required,
        /// An Ed25519 public key: 64 digits of lower-case hex.
        pub ed25519: String,
        /// Where the secret stands: `env:NAME` or `file:PATH`. Never the secret itself.
        pub hmac: String,
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
