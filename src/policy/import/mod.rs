//! Policies of other systems, brought over. Each setting of the source gets one note that says what became of it:
//! carried, carried with a difference, or lost. Nothing is dropped silently, and where a source can be read in two
//! ways the stricter one is taken.

mod draft;
mod expressions;
mod figures;
mod hosts;
mod names;
mod notes;

mod firewall;
mod paysentry;
mod paysentry_conditions;
mod paysentry_rules;
mod presidio;
mod presidio_approvals;
mod smart402;
mod smart402_hours;
mod smart402_parameters;
mod spend_controls;

use serde::{Serialize, Serializer, ser::Error};

use crate::json::Json;
use crate::words::{nearest, quoted};
use notes::{Place, Work};

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Dialect {
    /// x402-firewall 0.1: the dict (or YAML) of `Policy.from_dict`, or the keyword arguments of `guard()`.
    #[serde(rename = "x402-firewall")]
    X402Firewall,
    /// presidio-hardened-x402 0.13: policy-as-code in TOML or JSON, and the client's own settings.
    #[serde(rename = "presidio")]
    Presidio,
    /// PaySentry 1.0: a `SpendPolicy`, a list of them, or an adapter's settings with `policies`.
    #[serde(rename = "paysentry")]
    PaySentry,
    /// smart402: a list of policies by the type names of its API.
    #[serde(rename = "smart402")]
    Smart402,
    /// The official x402 SDK: `spendControls`.
    #[serde(rename = "spend-controls")]
    SpendControls,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::X402Firewall, Self::Presidio, Self::PaySentry, Self::Smart402, Self::SpendControls];

    /// The name as `--from` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X402Firewall => "x402-firewall",
            Self::Presidio => "presidio",
            Self::PaySentry => "paysentry",
            Self::Smart402 => "smart402",
            Self::SpendControls => "spend-controls",
        }
    }

    /// The dialect of this name.
    ///
    /// # Errors
    /// One sentence with the known names and the nearest of them.
    pub fn named(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|dialect| dialect.name() == text).ok_or_else(|| {
            let hint = nearest(text, names).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            format!("{} is not a dialect: expected one of {}{hint}", quoted(text), names.join(", "))
        })
    }
}

/// How much of a setting was carried over, from all to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It means the same here.
    Carried,
    /// It is carried, or not needed, but something is not the same; the message says what.
    Differs,
    /// It is not in the document, and something that the source did is not done.
    Lost,
}

/// What became of one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// The setting's place in the source, such as `budgets[0].window`; empty for the whole of it.
    pub path: String,
    /// How much of it was carried over.
    pub level: Level,
    /// What became of it, in one sentence without a full stop.
    pub message: String,
    /// Where it went in the document, if anywhere.
    pub to: Vec<String>,
}

/// A policy that was brought over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Imported {
    /// The tollwarden policy. It can be read whenever no note says that something was lost.
    #[serde(serialize_with = "plain")]
    #[cfg_attr(feature = "schema", schemars(with = "super::document::Document"))]
    pub document: Json,
    /// One note for each setting of the source, in its order, and some for the whole.
    pub notes: Vec<Note>,
}

impl Imported {
    /// The worst level of all notes.
    #[must_use]
    pub fn worst(&self) -> Level {
        self.notes.iter().map(|note| note.level).max().unwrap_or(Level::Carried)
    }
}

/// Brings a policy over. It never fails: what can't be carried is noted as lost.
#[must_use]
pub fn import(dialect: Dialect, source: &Json) -> Imported {
    let (root, mut work) = (Place::root(source), Work::default());
    match dialect {
        Dialect::X402Firewall => firewall::bring_over(&root, &mut work),
        Dialect::Presidio => presidio::bring_over(&root, &mut work),
        Dialect::PaySentry => paysentry::bring_over(&root, &mut work),
        Dialect::Smart402 => smart402::bring_over(&root, &mut work),
        Dialect::SpendControls => spend_controls::bring_over(&root, &mut work),
    }
    work.finish(&root)
}

/// A document as plain JSON.
fn plain<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    struct Plain<'a>(&'a Json);
    impl Serialize for Plain<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            plain(self.0, serializer)
        }
    }
    match json {
        Json::Null => serializer.serialize_unit(),
        Json::Bool(value) => serializer.serialize_bool(*value),
        Json::Number(number) => {
            let number: serde_json::Number = number.to_string().parse().map_err(S::Error::custom)?;
            number.serialize(serializer)
        }
        Json::String(text) => serializer.serialize_str(text),
        Json::Array(items) => serializer.collect_seq(items.iter().map(Plain)),
        Json::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, Plain(value)))),
    }
}
