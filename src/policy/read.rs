//! Reading a document: every error at once, each with its path, what was there, what was expected and the nearest
//! known word. `section!` declares a section once; its struct, its schema and its
//! reader follow from that.

use std::fmt;

use crate::json::Json;
use crate::money::{Amount, Usd};
use crate::words::nearest;

/// One thing wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyError {
    /// Where, such as `budgets[1].window`; empty for the document itself.
    pub path: String,
    /// What is wrong and what was expected, in one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Where the reader stands, and what it has found wrong so far.
#[derive(Debug, Default)]
pub struct Reader {
    path: String,
    /// Everything wrong so far.
    pub errors: Vec<PolicyError>,
}

impl Reader {
    /// Notes an error at the present place.
    pub fn fail(&mut self, message: impl Into<String>) {
        self.errors.push(PolicyError { path: self.path.clone(), message: message.into() });
    }

    /// Notes that a value of another kind was expected.
    pub fn expected<T>(&mut self, what: &str, found: &Json) -> Option<T> {
        self.fail(format!("expected {what}, found {}", show(found)));
        None
    }

    /// Reads a member, one step down the path.
    pub fn member<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.enter_member(name);
        let value = read(self);
        self.path.truncate(length);
        value
    }

    /// Reads a member of a section, and notes it where one is missing that must be there. One for each type, not one
    /// for each member: with a closure for each, they were a twentieth of the module.
    #[inline(never)]
    pub fn optional<T: Read>(&mut self, json: &Json, name: &str, must: bool) -> Option<T> {
        let Some(member) = json.get(name) else {
            if must {
                self.fail(format!("`{name}` is missing"));
            }
            return None;
        };
        let length = self.enter_member(name);
        let value = T::read(member, self);
        self.path.truncate(length);
        value
    }

    #[inline(never)]
    fn enter_member(&mut self, name: &str) -> usize {
        self.enter(if self.path.is_empty() { "" } else { "." }, name, "")
    }

    #[inline(never)]
    fn enter_item(&mut self, index: usize) -> usize {
        self.enter("[", &index.to_string(), "]")
    }

    /// Goes one step down the path; returns its length before.
    #[inline(never)]
    fn enter(&mut self, before: &str, step: &str, after: &str) -> usize {
        let length = self.path.len();
        self.path.extend([before, step, after]);
        length
    }

    /// Reads an item of a list, one step down the path.
    pub fn item<T>(&mut self, index: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.enter_item(index);
        let value = read(self);
        self.path.truncate(length);
        value
    }

    /// The members of an object, after refusing those that are not known.
    pub fn members<'a>(&mut self, json: &'a Json, known: &[&str]) -> Option<&'a [(String, Json)]> {
        let Some(members) = json.as_object() else { return self.expected("a table", json) };
        for (key, _) in members {
            if !known.contains(&key.as_str()) {
                let hint = nearest(key, known.iter().copied()).map_or_else(
                    || format!("; known here: {}", known.join(", ")),
                    |word| format!("; did you mean `{word}`?"),
                );
                self.member(key, |reader| reader.fail(format!("unknown key `{key}`{hint}")));
            }
        }
        Some(members)
    }
}

/// A value that can be read from a document.
pub trait Read: Sized {
    /// Reads the value, or notes why it can't be and returns nothing.
    fn read(json: &Json, reader: &mut Reader) -> Option<Self>;
}

impl Read for String {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        match json.as_str() {
            Some("") => reader.expected("a text that is not empty", json),
            Some(text) => Some(text.to_owned()),
            None => reader.expected("a text", json),
        }
    }
}

impl Read for u64 {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        json.as_u64().or_else(|| reader.expected("a whole number", json))
    }
}

impl Read for Usd {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        Usd::from_json(json)
            .map_err(|error| {
                reader.fail(format!("expected US dollars such as \"1.50\", found {}: {error}", show(json)))
            })
            .ok()
    }
}

impl Read for Amount {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(text) = json.as_str() else {
            return reader.expected("an amount in atomic units, as a text such as \"1000000\"", json);
        };
        Amount::parse(text).map_err(|error| reader.fail(format!("`{text}` is not an amount: {error}"))).ok()
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(items) = json.as_array() else { return reader.expected("a list", json) };
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let length = reader.enter_item(index);
            // Every item is read, so that each error is noted.
            values.extend(T::read(item, reader));
            reader.path.truncate(length);
        }
        (values.len() == items.len()).then_some(values)
    }
}

/// Reads one of several words.
pub fn choose<T: Copy>(json: &Json, reader: &mut Reader, words: &[(&str, T)]) -> Option<T> {
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let place = place(json, reader, &known)?;
    words.get(place).map(|(_, value)| *value)
}

fn place(json: &Json, reader: &mut Reader, known: &[&str]) -> Option<usize> {
    let found = json.as_str();
    if let Some(place) = known.iter().position(|word| Some(*word) == found) {
        return Some(place);
    }
    let hint = found.and_then(|text| nearest(text, known.iter().copied()));
    let hint = hint.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    reader.fail(format!("expected one of {}, found {}{hint}", known.join(", "), show(json)));
    None
}

/// A value as it stood in the document, shortened.
pub fn show(json: &Json) -> String {
    let text = json.canonical();
    if text.chars().count() <= 40 {
        format!("`{text}`")
    } else {
        format!("`{}…`", text.chars().take(40).collect::<String>())
    }
}

/// A member that may be left out may not be `null`: the reader takes no `null` anywhere.
#[cfg(feature = "schema")]
pub fn without_null(schema: &mut schemars::Schema) {
    let Some(members) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) else { return };
    for member in members.values_mut().filter_map(serde_json::Value::as_object_mut) {
        if let Some(kinds) = member.get_mut("type").and_then(serde_json::Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [only] = kinds.as_slice() {
                let only = only.clone();
                member.insert(String::from("type"), only);
            }
        }
        if let Some(forms) = member.get_mut("anyOf").and_then(serde_json::Value::as_array_mut) {
            forms.retain(|form| form.get("type").is_none_or(|kind| kind != "null"));
        }
    }
}

/// Declares a section of the document: its struct with its schema, and the reader that refuses unknown keys.
/// A field written `name: Type` may be left out; `name: Type = required` may not.
macro_rules! section {
    (@must required) => { true };
    (@must) => { false };
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:literal])+ pub $field:ident: $kind:ty $(= $must:ident)?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(
            feature = "schema",
            schemars(deny_unknown_fields, transform = $crate::policy::read::without_null)
        )]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                $(#[cfg_attr(feature = "schema", schemars($must))])?
                pub $field: Option<$kind>,
            )*
        }

        impl $crate::policy::read::Read for $name {
            fn read(json: &$crate::json::Json, reader: &mut $crate::policy::read::Reader) -> Option<Self> {
                let known = [$(stringify!($field)),*];
                reader.members(json, &known)?;
                let before = reader.errors.len();
                let value = Self {
                    $($field: reader.optional(
                        json,
                        stringify!($field),
                        $crate::policy::read::section!(@must $($must)?),
                    ),)*
                };
                (reader.errors.len() == before).then_some(value)
            }
        }
    };
}
pub(crate) use section;
