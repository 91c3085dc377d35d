//! What a screening says to whoever asked, in the units of JavaScript: places are UTF-16 code units of the text.

use std::borrow::Cow;

use serde::Serialize;

use super::screen::{Recognised, Screened, screen};
use super::{EntityName, Place, Treatment, rules::Rules};
use crate::json::Json;
use crate::members::{optional_text, wrong};
use crate::policy::Policy;
use crate::reason::Refusal;

/// What was found in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scan {
    /// The strictest of what becomes of it; absent where nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Treatment>,
    /// What was found, in order.
    pub entities: Vec<ScanEntity>,
    /// The text with all that is to be masked, hashed, redacted or blocked written over.
    pub redacted: String,
}

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScanEntity {
    /// What it is: a name such as `EMAIL_ADDRESS`, or one of the user's own.
    pub entity: Cow<'static, str>,
    /// Where it begins, in UTF-16 code units, as JavaScript counts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What becomes of it.
    pub action: Treatment,
}

impl Scan {
    /// A screening in these units.
    #[must_use]
    pub fn of(text: &str, screened: Screened) -> Self {
        let mut units = Units::of(text);
        let told = |mark: super::screen::Marked| ScanEntity {
            start: units.at(mark.start),
            end: units.at(mark.end),
            action: mark.treatment,
            entity: mark.entity.into_text(),
        };
        let entities = screened.marked.into_iter().map(told).collect();
        Self { action: Some(screened.treatment), entities, redacted: screened.text }
    }
}

/// A screening in brief, for whoever does not ask where: `redact EMAIL_ADDRESS:redact IP_ADDRESS:warn`, the strictest of
/// what becomes of anything and of each kind, and from the next line on the text.
#[must_use]
pub fn brief(screened: &Screened) -> String {
    let mut kinds: Vec<(&EntityName, Treatment)> = Vec::new();
    for mark in &screened.marked {
        match kinds.iter_mut().find(|(name, _)| **name == mark.entity) {
            Some((_, strictest)) => *strictest = mark.treatment.max(*strictest),
            None => kinds.push((&mark.entity, mark.treatment)),
        }
    }
    let mut out = String::with_capacity(screened.text.len().saturating_add(64));
    out.push_str(screened.treatment.word());
    for (name, then) in kinds {
        out.extend([" ", name.as_str(), ":", then.word()]);
    }
    out.extend(["\n", &screened.text]);
    out
}

/// Counts code units along a text, forwards.
struct Units<'a> {
    text: &'a str,
    /// Then bytes are code units.
    ascii: bool,
    byte: usize,
    unit: usize,
}

impl<'a> Units<'a> {
    const fn of(text: &'a str) -> Self {
        Self { text, ascii: text.is_ascii(), byte: 0, unit: 0 }
    }

    fn at(&mut self, byte: usize) -> usize {
        if self.ascii {
            return byte;
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.unit = self.unit.saturating_add(between.encode_utf16().count());
        self.byte = byte.max(self.byte);
        self.unit
    }
}

/// What recognisers found, `[{"entity","start","end"}]` in code units, in bytes of the text.
///
/// # Errors
/// One sentence, if it is not such a list.
pub fn recognised(text: &str, list: &Json) -> Result<Vec<Recognised>, String> {
    let items = list.as_array().ok_or("a recogniser gives a list of what it found")?;
    let mut bytes: Vec<usize> = Vec::new();
    for (byte, character) in text.char_indices() {
        // The second half of a pair belongs to the character.
        bytes.extend(std::iter::repeat_n(byte, character.len_utf16()));
    }
    bytes.push(text.len());
    let read = |item: &Json| {
        let name = item.get("entity").and_then(Json::as_str).unwrap_or_default();
        let entity = EntityName::new(name).ok_or_else(|| format!("`{name}` is not the name of an entity"))?;
        let place = |member: &str| {
            let unit = item.get(member).and_then(Json::as_u64).and_then(|unit| usize::try_from(unit).ok());
            let byte = unit.and_then(|unit| bytes.get(unit).copied());
            byte.ok_or_else(|| format!("`{member}` of a `{name}` is not a place in the text"))
        };
        Ok(Recognised { entity, start: place("start")?, end: place("end")? })
    };
    items.iter().map(read).collect()
}

/// Answers a `scan` event. Without `place`, everything is redacted; with it, the policy says what becomes of it.
///
/// # Errors
/// What is wrong with the event.
pub fn scan(policy: &Policy, event: &Json) -> Result<Scan, Refusal> {
    let text = event.get("text").and_then(Json::as_str).ok_or_else(|| wrong("text", "expected a text"))?;
    let all = Rules::redact_all();
    let (place, rules) = match optional_text(event, "place")? {
        None => (Place::Audit, Some(&all)),
        Some(word) => {
            let words: Vec<&str> = Place::ALL.iter().map(|place| place.word()).collect();
            let unknown = || wrong("place", format!("`{word}` is not a place; expected one of {}", words.join(", ")));
            (Place::named(&word).ok_or_else(unknown)?, policy.privacy.as_ref())
        }
    };
    let found = rules.and_then(|rules| screen(text, place, rules, b"", &[]));
    Ok(found.map_or_else(
        || Scan { action: None, entities: Vec::new(), redacted: text.to_owned() },
        |screened| Scan::of(text, screened),
    ))
}
