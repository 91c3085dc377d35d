//! A text on its way out: what is in it, what becomes of that, and the text as it may go.

use std::collections::BTreeMap;

use super::find::find;
use super::rules::Rules;
use super::{Entity, EntityName, Place, Treatment, hash};

/// A text that was written over is looked through again, this often at most: what stood next to something may only now
/// be seen.
const ROUNDS: usize = 4;
/// What is left of a text that would not come clean.
const NOTHING: &str = "[REDACTED]";

/// Something in a text, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// What it is.
    pub entity: EntityName,
    /// Where it begins, in bytes of the text as it came.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What becomes of it.
    pub treatment: Treatment,
    value: String,
}

/// A text in which something was found that is not simply allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screened {
    /// The strictest of what becomes of anything in it.
    pub treatment: Treatment,
    /// What was found, in order.
    pub marked: Vec<Marked>,
    /// The text with everything that is masked, hashed, redacted or blocked written over; what is blocked is redacted.
    pub text: String,
}

/// Something that a recogniser of the user's found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// What it is.
    pub entity: EntityName,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Looks through a text that leaves by a place. Nothing, if nothing in it is more than allowed.
///
/// `key`: what hashes are keyed with. `more`: what recognisers found in the same text.
#[must_use]
pub fn screen(text: &str, place: Place, rules: &Rules, key: &[u8], more: &[Recognised]) -> Option<Screened> {
    let marked = marked(text, place, rules, more);
    if marked.is_empty() {
        return None;
    }
    let treatment = marked.iter().map(|mark| mark.treatment).max().unwrap_or(Treatment::Block);
    let mut pen = Pen { key, numbers: numbers_in(text), seen: BTreeMap::new() };
    let mut clean = pen.write_over(text, &marked);
    for _ in 0..ROUNDS {
        let rest = self::marked(&clean, place, rules, &[]);
        if !rest.iter().any(|mark| mark.treatment > Treatment::Warn) {
            return Some(Screened { treatment, marked, text: clean });
        }
        clean = pen.write_over(&clean, &rest);
    }
    Some(Screened { treatment, marked, text: NOTHING.to_owned() })
}

fn marked(text: &str, place: Place, rules: &Rules, more: &[Recognised]) -> Vec<Marked> {
    let mut all: Vec<(bool, Marked)> = Vec::new();
    for found in find(text) {
        let entity = EntityName::from(found.entity);
        let treatment = rules.treatment(&entity, place);
        if treatment > Treatment::Allow {
            all.push((true, Marked { entity, start: found.start, end: found.end, treatment, value: found.value }));
        }
    }
    for one in more {
        let (start, end) = (floor(text, one.start), ceiling(text, one.end));
        let treatment = rules.treatment(&one.entity, place);
        if treatment > Treatment::Allow && start < end {
            let value = text.get(start..end).unwrap_or_default().to_lowercase();
            all.push((false, Marked { entity: one.entity.clone(), start, end, treatment, value }));
        }
    }
    if more.is_empty() {
        return all.into_iter().map(|(_, mark)| mark).collect();
    }
    all.sort_by_key(|(_, mark)| mark.start);
    let mut kept: Vec<(bool, Marked)> = Vec::new();
    for (core, mark) in all {
        // Of two that lie over each other, the core's own; of two recognised ones, the first.
        while core && kept.last().is_some_and(|(core, last)| !core && last.end > mark.start) {
            kept.pop();
        }
        if kept.last().is_none_or(|(_, last)| last.end <= mark.start) {
            kept.push((core, mark));
        }
    }
    kept.into_iter().map(|(_, mark)| mark).collect()
}

/// The nearest place between two characters, at or before this one.
fn floor(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

fn ceiling(text: &str, place: usize) -> usize {
    (place.min(text.len())..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len())
}

/// Writes over what was found; the same value gets the same number throughout one text.
struct Pen<'a> {
    key: &'a [u8],
    /// The highest so far, by kind.
    numbers: BTreeMap<EntityName, u32>,
    /// Those of the values.
    seen: BTreeMap<String, Vec<(EntityName, u32)>>,
}

impl Pen<'_> {
    fn write_over(&mut self, text: &str, marked: &[Marked]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for mark in marked.iter().filter(|mark| mark.treatment > Treatment::Warn) {
            out.push_str(text.get(from..mark.start).unwrap_or_default());
            self.write(mark, &mut out);
            from = mark.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        out
    }

    /// Writes what stands in a value's place.
    fn write(&mut self, mark: &Marked, out: &mut String) {
        let name = mark.entity.as_str();
        match mark.treatment {
            Treatment::Mask => out.push_str(&masked(&mark.entity, &mark.value)),
            Treatment::Hash => out.extend(["[", name, ":", &hash::letters(self.key, name, &mark.value), "]"]),
            _ => out.extend(["[", name, "_", &self.number(mark).to_string(), "]"]),
        }
    }

    fn number(&mut self, mark: &Marked) -> u32 {
        let known = self.seen.get(&mark.value);
        if let Some((_, number)) = known.and_then(|known| known.iter().find(|(name, _)| *name == mark.entity)) {
            return *number;
        }
        let highest = self.numbers.entry(mark.entity.clone()).or_default();
        *highest = highest.saturating_add(1);
        let number = *highest;
        self.seen.entry(mark.value.clone()).or_default().push((mark.entity.clone(), number));
        number
    }
}

/// Stars; of a number the last four signs stay, of an address the first letter.
fn masked(entity: &EntityName, value: &str) -> String {
    let is = |kinds: &[Entity]| kinds.iter().any(|kind| kind.word() == entity.as_str());
    if is(&[Entity::EmailAddress]) {
        return value.chars().next().map_or_else(String::new, |first| format!("{first}***@***"));
    }
    let length = value.chars().count();
    if is(&[
        Entity::CreditCard,
        Entity::PhoneNumber,
        Entity::IbanCode,
        Entity::UsSsn,
        Entity::UsItin,
        Entity::UsPassport,
    ]) && length > 6
    {
        let hidden = length.saturating_sub(4);
        return std::iter::repeat_n('*', hidden).chain(value.chars().skip(hidden)).collect();
    }
    String::from("********")
}

/// The highest number that a text's own placeholders have, by kind: new ones go on from there.
fn numbers_in(text: &str) -> BTreeMap<EntityName, u32> {
    let mut numbers = BTreeMap::new();
    for rest in text.split('[').skip(1) {
        let Some((inside, _)) = rest.get(..rest.len().min(64)).or(Some(rest)).and_then(|rest| rest.split_once(']'))
        else {
            continue;
        };
        let Some((name, number)) = inside.rsplit_once('_') else {
            continue;
        };
        let (Some(name), Ok(number)) = (EntityName::new(name), number.parse::<u32>()) else {
            continue;
        };
        let highest: &mut u32 = numbers.entry(name).or_default();
        *highest = number.min(999_999).max(*highest);
    }
    numbers
}
