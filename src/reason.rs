//! Every reason a verb can give, in one registry. The codes are stable: scripts and other languages match on them.

use serde::{Serialize, Serializer};

macro_rules! reasons {
    ($($variant:ident $code:literal $meaning:literal $remedy:literal)*) => {
        /// Why a verb answered as it did. Serialises as its stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Reason {
            $(#[doc = $meaning] #[cfg_attr(feature = "schema", schemars(rename = $code))] $variant,)*
        }

        impl Reason {
            /// All reasons, in the order of the registry.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),*];

            /// The stable code, as it appears in decisions and logs.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code),* }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => $meaning),* }
            }

            /// What a person can do about it, in one sentence.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Reason::$variant => $remedy),* }
            }
        }
    };
}

reasons! {
    Allowed "allowed" "Every rule passed and the money is held." "Nothing to do."
    ApprovalRequired "approval_required" "The policy wants a person's approval for this payment." "Have it approved, then ask again with the same id."
    ApprovalRejected "approval_rejected" "An approver refused this payment." "Ask with a new id if it should be considered again."

    ApprovalExpired "approval_expired" "Nobody decided in time, and silence is a denial." "Ask again with a new id; raise `approvals.timeout` if people need longer."
    ApprovalVoid "approval_void" "What was approved is not what is asked for now: the policy, the offer or the request has changed, or it was used." "Ask again with a new id."
    ApprovalImpossible "approval_impossible" "Fewer may approve than have to: the agent that asks is never one of them." "Name more approvers under `approvals.approvers`."
    TooManyPrompts "too_many_prompts" "As many questions stand before people as the policy allows." "Wait until they are answered or have expired; the agent should ask for less."
    BadCountersignature "bad_countersignature" "The countersignature is missing, forged, for something else, or of another time." "Sign the digest that was asked about, with the key that the policy names, and send it at once."
    NotAnApprover "not_an_approver" "This one may not decide about this payment." "Ask one of `approvals.approvers`; the agent that asks is never one of them."
    MalformedRequest "malformed_request" "The request to the warden itself could not be read." "Mend the field that is named; this is a fault of the caller, not of the seller."
    MalformedUrl "malformed_url" "The requested URL is not a plain absolute URL." "Request the resource by its plain https URL."
    OriginNotAllowed "origin_not_allowed" "The origin is not https on the default port with a DNS name, and is not listed." "List that exact origin under `origins` in the policy if it is meant."
    RedirectedOffer "redirected_offer" "The offer came from another origin than the one requested." "Request that origin directly, so that the policy can judge it."
    MalformedOffer "malformed_offer" "A field of the seller's offer is missing or has the wrong form." "Tell the seller; such an offer is never paid."
    MalformedAmount "malformed_amount" "The amount is not a plain decimal integer in a string, or exceeds 128 bits." "Tell the seller; such an offer is never paid."
    MalformedLifetime "malformed_lifetime" "The lifetime of the authorization is not a whole number of seconds above zero." "Tell the seller; such an offer is never paid."
    MalformedNetwork "malformed_network" "The network is not a canonical CAIP-2 name or a known v1 alias." "Tell the seller; such an offer is never paid."
    MalformedAddress "malformed_address" "An address is not valid on its network, or is the zero address." "Tell the seller; such an offer is never paid."
    UnknownNetwork "unknown_network" "The network is of a kind that the warden can't bind." "Use an EVM or Solana network."
    UnknownAsset "unknown_asset" "The asset is not in the registry of known stablecoins, nor in the policy." "Add the asset under `assets` in the policy if it is meant."
    UnknownScheme "unknown_scheme" "The payment scheme is one that the warden can't bind." "Ask the seller for `exact` or `upto`."
    UnsupportedFlow "unsupported_flow" "The payment flow takes the money before delivery, or is unknown." "Allow the flow under `payment.flows` if it is meant."
    UnsupportedExtension "unsupported_extension" "An extension makes the wallet sign more than the payment." "Tell the seller; such an offer is never paid."
    LifetimeTooLong "lifetime_too_long" "The signature would stay usable for longer than the policy allows." "Raise `payment.max_lifetime_seconds`, or ask the seller for a shorter one."

    NotPayable "not_payable" "No wallet of the caller's can pay this entry." "Register a scheme for its network, or ask the seller for another."
    NetworkNotAllowed "network_not_allowed" "The network is not among those allowed." "Add it to `payment.networks` if it is meant."
    AssetNotAllowed "asset_not_allowed" "The asset is not among those allowed." "Add it to `payment.assets` if it is meant."
    SchemeNotAllowed "scheme_not_allowed" "The scheme is not among those allowed." "Add it to `payment.schemes` if it is meant."
    VendorBlocked "vendor_blocked" "The vendor is on the block list." "Take it off `vendors.block` if it is meant."
    VendorNotAllowed "vendor_not_allowed" "The vendor is not on the allow list." "Add it to `vendors.allow` if it is meant."
    PayeeBlocked "payee_blocked" "The payee is on the block list." "Take it off `payees.block` if it is meant."
    PayeeNotAllowed "payee_not_allowed" "The payee is not on the allow list." "Add it to `payees.allow` if it is meant."
    AgentBlocked "agent_blocked" "The agent is on the block list." "Take it off `agents.block` if it may pay."
    AgentNotAllowed "agent_not_allowed" "The agent is not on the allow list." "Add it to `agents.allow` if it may pay."
    ClientBlocked "client_blocked" "The client is on the block list." "Take it off `clients.block` if it may be paid for."
    ClientNotAllowed "client_not_allowed" "The client is not on the allow list." "Add it to `clients.allow` if it may be paid for."
    PayeeChanged "payee_changed" "The origin wants its money at another address than the one first paid." "Find out why; then take `payees.pin` back, or pay the old address."
    PriceDrift "price_drift" "The price lies further above its reference than is allowed." "Ask the seller; then agree on the price under `prices.agreed`."
    OutOfHours "out_of_hours" "Nothing is paid at this time." "Wait until the hours begin, or widen `schedule`."
    FactMissing "fact_missing" "A fact about the payee is asked for, and nobody knows it." "Give the warden a provider of facts, or set `counterparty.on_missing`."
    CounterpartyNotAllowed "counterparty_not_allowed" "What is known of the payee is not what the policy asks for." "Pay another payee, or change `counterparty`."
    RateExceeded "rate_exceeded" "The payment comes too soon after others." "Wait; `retry_at` says until when."
    DeniedByRule "denied_by_rule" "A rule of the policy denies it." "See the rule that is named."
    NotAllowedByRule "not_allowed_by_rule" "No rule of the policy allows it, and unmatched payments are denied." "Add a rule with `then = \"allow\"` if it is meant."
    AssetWithoutPrice "asset_without_price" "A limit in USD applies, and the asset has no price in the registry or the policy." "Give the asset a `usd` rate in the policy."
    PaymentTooLarge "payment_too_large" "The amount is above the largest single payment." "Raise `payment.max_usd`, or buy something cheaper."
    CallerLimit "caller_limit" "The amount or network is outside the limit that this call gave." "Raise the call's own `maxUsd`, or name another `network`."
    BudgetExceeded "budget_exceeded" "With this payment a budget would be exceeded." "Wait until the window moves on, or raise the budget."
    PersonalData "personal_data" "Personal data or a secret would leave with the request or the payment." "Take it out of the place that is named, or change `privacy` in the policy."
    PersonalDataBound "personal_data_bound" "Personal data stands where it can't be redacted: the signature or the seller's match covers it." "Take it out before you ask, or allow it in that place under `privacy`."

    Frozen "frozen" "The warden is frozen: everything is denied." "Unfreeze it when the cause is known."
    AgentPaused "agent_paused" "This agent is paused: everything that it asks for is denied." "Unfreeze the agent when the cause is known."
    AgentDisabled "agent_disabled" "This agent is taken out of service." "Use another agent, or unfreeze this one."
    CircuitOpen "circuit_open" "This origin or facilitator has failed too often lately." "Wait until the breaker tries again; `retry_at` says when."
    IntentUnresolved "intent_unresolved" "An earlier payment for the same intent has an unknown outcome." "Present the stored payment again, or resolve the earlier one."
    Replayed "replayed" "The same payment, or one with the same idempotency key, was held before within the replay window." "Use what the earlier one bought; for another one, give the call an idempotency key of its own."
    ClockJump "clock_jump" "The clock of this host went forward by more than the time that passed." "Set the clock right; if it is right now, accept it with the control, or start the process anew."
    ClockSkew "clock_skew" "The clock of this host is more than 30 s off that of the store." "Set the clock right; nothing is paid until it is."
    TooManyHolds "too_many_holds" "Too many payments are open at once." "Settle or reconcile the open ones first."
    Conflict "conflict" "This id was used before with other content." "Use a new id for a new payment."
    StoreConflict "store_conflict" "Others kept changing the ledger while this was decided." "Try again shortly."
    StoreUnavailable "store_unavailable" "The store failed, so nothing can be held." "Mend the store; nothing is paid until it answers."
    AuditUnavailable "audit_unavailable" "What was decided can't be written into the audit log, so it is not allowed." "See what stops the log; nothing is paid until it takes records."
    InternalError "internal_error" "The warden itself failed; that is a denial." "Report it with the message."

    UnknownId "unknown_id" "No hold has this id." "Authorize first; a hold that was closed long ago is forgotten."
    WrongState "wrong_state" "The hold is not in a state in which this can be done." "Look the hold up; it may have been settled or have lapsed."
    HoldExpired "hold_expired" "The hold was not used in time and was let go." "Authorize again with a new id."
    MalformedPayload "malformed_payload" "What was signed can't be read as a payment of the scheme held." "Nothing was sent; look at what the signer was asked to sign."
    VersionMismatch "version_mismatch" "The protocol version signed is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    SchemeMismatch "scheme_mismatch" "The scheme signed is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    NetworkMismatch "network_mismatch" "The chain signed for is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    AssetMismatch "asset_mismatch" "The asset signed for is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    PayeeMismatch "payee_mismatch" "The payee signed for is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    AmountMismatch "amount_mismatch" "The amount signed is not the one held." "Nothing was sent; look for what changed the payment after it was held."
    LifetimeMismatch "lifetime_mismatch" "The signature would be usable for longer than what was held, or not at all." "Nothing was sent; look for what changed the payment after it was held."
    SpenderMismatch "spender_mismatch" "The contract allowed to move the money is not the scheme's own." "Nothing was sent; look for what changed the payment after it was held."
    PayerMismatch "payer_mismatch" "The payer signed for is not the wallet that signs." "Nothing was sent; look for what changed the payment after it was held."
    AcceptedMismatch "accepted_mismatch" "The terms attached to the payment are not the ones held." "Nothing was sent; look for what changed the payment after it was held."
    UnticketedSignature "unticketed_signature" "The wallet was asked to sign something that no ticket covers." "Nothing was signed; only payments that were authorized are signed."
    TicketUsed "ticket_used" "The ticket for this payment was used before." "Authorize again; each signature needs its own hold."
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A refusal with the place it concerns: what, where, and in whose words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub reason: Reason,
    /// The path of the field concerned, such as `accepts[0].amount`; empty if none.
    pub field: String,
    /// One sentence without a full stop, with the offending value in backticks where it helps.
    pub message: String,
}

impl Refusal {
    /// A refusal about one field.
    pub fn at(reason: Reason, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason, field: field.into(), message: message.into() }
    }
}
