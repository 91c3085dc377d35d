//! How each kind of cell reads back, member by member.

use crate::approval::answer::Answer;
use crate::approval::freeze::{Freeze, Lifted};
use crate::approval::prompt::Prompt;
use crate::approval::proof::{Key, Proof};
use crate::approval::{Approval, Approver};
use crate::asset::{AssetId, Network};
use crate::audit::head::Head;
use crate::audit::tree::Hash;
use crate::json::Json;
use crate::ledger::cells::{Cell, Open, Seen};
use crate::ledger::hold::{Ground, Hold, Share, State, Unit};
use crate::ledger::stored::{Damage, Stored, member};
use crate::ledger::tally::Window;
use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Scheme, Terms, Transfer};
use crate::order::Map;
use crate::policy::Price;

/// Structs, member by member: the compiler sees to it that none is forgotten.
macro_rules! records {
    ($($name:ident { $($field:ident)* })*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                Ok(Self { $($field: member(json, stringify!($field))?,)* })
            }
        }
    )*};
}

records! {
    Hold {
        id digest agent state at until accept terms price usd signed endpoint shares intent seen unbound payer nonce captured
        captured_at refunded refunds transaction note ground breach
    }
    Terms {
        version scheme network network_text asset amount pay_to lifetime_seconds flow transfer eip712_name
        eip712_version facilitator memo digest
    }
    Share { key window unit amount }
    Price { decimals usd symbol }
    Approval {
        id digest request agent policy at until threshold approvers max_age card answers used
    }
    Approver { name key }
    Answer { approver approved at note proof }
    Proof { signed_at signature }
    Prompt { id agent until waiting }
    Freeze { reason at agent disabled lifted }
    Lifted { approver proof }
    Seen { id until }
    Open { id until }
    Head { log salt next prev state roots policies at }
}

/// Choices by their words.
macro_rules! choices {
    ($($name:ident { $($word:literal $variant:ident)* })*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                match json.as_str() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err(stringify!($name)),
                }
            }
        }
    )*};
}

choices! {
    State {
        "held" Held "signing" Signing "signed" Signed "captured" Captured "voided" Voided "unknown" Unknown
    }
    Ground {
        "receipt" Receipt "delivery" Delivery "operator" Operator "chain" Chain "assumed" Assumed "lapsed" Lapsed
    }
    Unit { "usd" Usd "asset" Asset "count" Count }
    Scheme { "exact" Exact "upto" Upto }
    Flow { "authorization" Authorization "upfront" Upfront "escrow" Escrow }
    Transfer { "eip3009" Eip3009 "permit2" Permit2 "svm_transfer" SvmTransfer }
}

/// Values with one text form, which their own reader checks.
macro_rules! texts {
    ($($name:ident)*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                Self::try_from(String::restore(json)?).map_err(|_| stringify!($name))
            }
        }
    )*};
}

texts! { Amount Usd Rate Network AssetId }

impl Stored for Hash {
    fn restore(json: &Json) -> Result<Self, Damage> {
        json.as_str().and_then(Self::parse).ok_or("a hash")
    }
}

impl Stored for Map<Amount> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let mut map = Self::default();
        for (name, value) in json.as_object().ok_or("a table")? {
            map.insert(name.clone(), Amount::restore(value)?);
        }
        Ok(map)
    }
}

impl Stored for Window {
    fn restore(json: &Json) -> Result<Self, Damage> {
        match json {
            Json::Object(_) => member(json, "rolling").map(Self::Rolling),
            _ if json.as_str() == Some("total") => Ok(Self::Total),
            _ => Err("a window"),
        }
    }
}

impl Stored for Key {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let Some([(kind, value)]) = json.as_object() else { return Err("a key") };
        match kind.as_str() {
            "ed25519" => String::restore(value).map(Self::Ed25519),
            "hmac" => String::restore(value).map(Self::Hmac),
            _ => Err("a key"),
        }
    }
}

impl Stored for Cell {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let Some([(kind, value)]) = json.as_object() else { return Err("the kind") };
        match kind.as_str() {
            "budget" => Stored::restore(value).map(Self::Budget),
            "hold" => Stored::restore(value).map(|hold| Self::Hold(Box::new(hold))),
            "open" => Stored::restore(value).map(Self::Open),
            "intent" => Stored::restore(value).map(Self::Intent),
            "freeze" => Stored::restore(value).map(Self::Freeze),
            "clock" => Stored::restore(value).map(Self::Clock),
            "approval" => Stored::restore(value).map(|asked| Self::Approval(Box::new(asked))),
            "prompts" => Stored::restore(value).map(Self::Prompts),
            "payee" => Stored::restore(value).map(Self::Payee),
            "pin" => Stored::restore(value).map(Self::Pin),
            "price" => Stored::restore(value).map(Self::Price),
            "latest" => Stored::restore(value).map(Self::Latest),
            "seen" => Stored::restore(value).map(Self::Seen),
            "salt" => Stored::restore(value).map(Self::Salt),
            "audit" => Stored::restore(value).map(|head| Self::Audit(Box::new(head))),
            _ => Err("the kind"),
        }
    }
}
