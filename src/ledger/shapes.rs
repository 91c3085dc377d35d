//! What each kind of cell is made of, member by member.

use crate::approval::answer::Answer;
use crate::approval::freeze::{Freeze, Lifted};
use crate::approval::prompt::Prompt;
use crate::approval::proof::{Key, Proof};
use crate::approval::{Approval, Approver};
use crate::asset::{AssetId, Network};
use crate::audit::head::Head;
use crate::audit::tree::Hash;
use crate::hash::hex;
use crate::json::{Json, write_text};
use crate::ledger::cells::{Cell, Open, Seen};
use crate::ledger::hold::{Ground, Hold, Share, State, Unit};
use crate::ledger::stored::{Damage, Stored, between, member};
use crate::ledger::tally::Window;
use crate::money::{Amount, Rate, Usd};
use crate::offer::{Flow, Offered, Scheme, Terms, Transfer};
use crate::order::Map;
use crate::policy::Price;

/// Structs, member by member: the compiler sees to it that none is forgotten.
macro_rules! records {
    ($($name:ident { $($field:ident)* })*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                Ok(Self { $($field: member(json, stringify!($field))?,)* })
            }

            fn write(&self, out: &mut String) {
                between(out, ['{', '}'], |out| {
                    $(if !self.$field.is_left_out() {
                        out.push_str(concat!("\"", stringify!($field), "\":"));
                        self.$field.write(out);
                        out.push(',');
                    })*
                });
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

            fn write(&self, out: &mut String) {
                out.push_str(match self {
                    $(Self::$variant => concat!("\"", $word, "\""),)*
                });
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

            fn write(&self, out: &mut String) {
                write_text(&self.to_string(), out);
            }
        }
    )*};
}

texts! { Usd Rate Network AssetId }

impl Stored for Offered {
    fn restore(json: &Json) -> Result<Self, Damage> {
        Terms::restore(json).map(Self::from)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.text(|terms| {
            let mut text = String::new();
            terms.write(&mut text);
            text
        }));
    }
}

impl Stored for Amount {
    fn restore(json: &Json) -> Result<Self, Damage> {
        json.as_str().and_then(|text| Self::parse(text).ok()).ok_or("Amount")
    }

    fn write(&self, out: &mut String) {
        out.push('"');
        out.push_str(self.digits(&mut itoa::Buffer::new()));
        out.push('"');
    }
}

impl Stored for Hash {
    fn restore(json: &Json) -> Result<Self, Damage> {
        json.as_str().and_then(Self::parse).ok_or("a hash")
    }

    fn write(&self, out: &mut String) {
        write_text(&hex(&self.0), out);
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

    fn write(&self, out: &mut String) {
        between(out, ['{', '}'], |out| {
            for (name, amount) in self.iter() {
                write_text(name, out);
                out.push(':');
                amount.write(out);
                out.push(',');
            }
        });
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

    fn write(&self, out: &mut String) {
        match self {
            Self::Rolling(span) => named("{\"rolling\":", span, out),
            Self::Total => out.push_str("\"total\""),
        }
    }
}

/// The one member of an object.
fn named(name: &str, value: &impl Stored, out: &mut String) {
    out.push_str(name);
    value.write(out);
    out.push('}');
}

/// Choices that hold a value, by the name of the one member that they are written as; and one that is a line, written as it
/// stands and never read.
macro_rules! kinds {
    ($($name:ident { $($word:literal $variant:ident)* } $($line:ident)?;)*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                let Some([(kind, value)]) = json.as_object() else { return Err(stringify!($name)) };
                match kind.as_str() {
                    $($word => Stored::restore(value).map(Self::$variant),)*
                    _ => Err(stringify!($name)),
                }
            }

            fn write(&self, out: &mut String) {
                match self {
                    $(Self::$variant(value) => named(concat!("{\"", $word, "\":"), value, out),)*
                    $(Self::$line(line) => out.push_str(line),)?
                }
            }
        }
    )*};
}

kinds! {
    Key { "ed25519" Ed25519 "hmac" Hmac };
    Cell {
        "budget" Budget "hold" Hold "open" Open "intent" Intent "freeze" Freeze "clock" Clock "approval" Approval
        "prompts" Prompts "payee" Payee "pin" Pin "price" Price "latest" Latest "seen" Seen "salt" Salt "audit" Audit
    } Record;
}
