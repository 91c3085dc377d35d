//! The document as it grows: each value is put at its place, and the place is handed back for the note.

use std::collections::BTreeSet;

use crate::json::Json;
use crate::money::Usd;

/// The sections, in the order in which people read them.
const ORDER: [&str; 17] = [
    "name",
    "origins",
    "unmatched",
    "payment",
    "vendors",
    "payees",
    "agents",
    "clients",
    "assets",
    "budgets",
    "rates",
    "schedule",
    "counterparty",
    "prices",
    "rules",
    "approvals",
    "breaker",
];
/// The longest name of a budget, a rate or a rule.
const MAX_NAME: usize = 64;

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    sections: Vec<(String, Json)>,
    names: BTreeSet<String>,
}

impl Draft {
    /// The value at `section` or `section.member`.
    pub fn get(&self, place: &str) -> Option<&Json> {
        let (section, member) = parts(place);
        let value = self.sections.iter().find(|(name, _)| name == section).map(|(_, value)| value)?;
        member.map_or(Some(value), |member| value.get(member))
    }

    fn slot(&mut self, place: &str) -> Option<&mut Json> {
        let (section, member) = parts(place);
        let empty = if member.is_some() { Json::Object(Vec::new()) } else { Json::Null };
        let value = entry(&mut self.sections, section, empty)?;
        match (member, value) {
            (None, value) => Some(value),
            (Some(member), Json::Object(members)) => entry(members, member, Json::Null),
            (Some(_), _) => None,
        }
    }

    /// Puts a value at `section` or `section.member`, in place of what was there.
    pub fn set(&mut self, place: &str, value: Json) -> String {
        if let Some(slot) = self.slot(place) {
            *slot = value;
        }
        place.to_owned()
    }

    /// Adds an item to a list. A text that is there already is not added again.
    pub fn push(&mut self, place: &str, value: Json) -> String {
        self.list(place);
        let Some(Json::Array(items)) = self.slot(place) else { return place.to_owned() };
        let index = match items.iter().position(|item| *item == value) {
            Some(index) if value.as_str().is_some() => index,
            _ => {
                items.push(value);
                items.len().saturating_sub(1)
            }
        };
        format!("{place}[{index}]")
    }

    /// Makes sure that a list is there: an empty allow list allows nothing.
    pub fn list(&mut self, place: &str) {
        if let Some(slot @ Json::Null) = self.slot(place) {
            *slot = Json::Array(Vec::new());
        }
    }

    /// A limit in dollars: of two, the lower one stands.
    pub fn tighten(&mut self, place: &str, limit: Usd) -> String {
        let before = self.get(place).and_then(|value| Usd::from_json(value).ok());
        let limit = before.map_or(limit, |before| before.min(limit));
        self.set(place, text(&limit.to_string()))
    }

    /// A requirement in whole numbers: of two, the higher one stands.
    pub fn raise(&mut self, place: &str, least: u64) -> String {
        let before = self.get(place).and_then(Json::as_u64).unwrap_or(0);
        self.set(place, Json::Number(before.max(least).into()))
    }

    /// An allow list: of two, what is on both stands.
    pub fn restrict(&mut self, place: &str, allowed: &[String]) -> String {
        let before = self.get(place).and_then(Json::as_array).map(<[Json]>::to_vec);
        let stands = |entry: &String| before.as_ref().is_none_or(|before| before.contains(&text(entry)));
        let allowed: Vec<Json> = allowed.iter().filter(|entry| stands(entry)).map(|entry| text(entry)).collect();
        self.set(place, Json::Array(allowed))
    }

    /// What is blocked too is taken off an allow list: a block wins, and a policy that says both is refused.
    pub fn block_wins(&mut self, section: &str) {
        let block = format!("{section}.block");
        let blocked = self.get(&block).and_then(Json::as_array).map(<[Json]>::to_vec).unwrap_or_default();
        if self.get(&format!("{section}.allow")).is_none() {
            return;
        }
        if let Some(Json::Array(allowed)) = self.slot(&format!("{section}.allow")) {
            allowed.retain(|entry| !blocked.contains(entry));
        }
    }

    /// A name that no budget, rate or rule has yet, as near to the wish as the form allows.
    pub fn name(&mut self, wish: &str) -> String {
        let mut slug = String::new();
        for character in wish.chars().flat_map(char::to_lowercase) {
            if character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_' {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == MAX_NAME {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        let slug = if slug.is_empty() { "unnamed" } else { slug };
        let mut name = slug.to_owned();
        let mut number = 1usize;
        while !self.names.insert(name.clone()) {
            number = number.saturating_add(1);
            let suffix = format!("-{number}");
            let kept = slug.get(..MAX_NAME.saturating_sub(suffix.len())).unwrap_or(slug);
            name = format!("{kept}{suffix}");
        }
        name
    }

    pub fn finish(mut self) -> Json {
        let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        self.sections.sort_by_key(|(name, _)| place(name));
        Json::Object(self.sections)
    }
}

fn parts(place: &str) -> (&str, Option<&str>) {
    place.split_once('.').map_or((place, None), |(section, member)| (section, Some(member)))
}

fn entry<'a>(members: &'a mut Vec<(String, Json)>, key: &str, empty: Json) -> Option<&'a mut Json> {
    if !members.iter().any(|(name, _)| name == key) {
        members.push((key.to_owned(), empty));
    }
    members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// A text.
pub(super) fn text(value: &str) -> Json {
    Json::String(value.to_owned())
}

/// A list of texts.
pub(super) fn texts<T: AsRef<str>>(values: &[T]) -> Json {
    Json::Array(values.iter().map(|value| text(value.as_ref())).collect())
}

/// A table of what there is.
pub(super) fn table<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    Json::Object(members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_unique() {
        let mut draft = Draft::default();
        let long = "x".repeat(100);
        for (wish, name) in [
            ("Block transactions above 1000 USDC", "block-transactions-above-1000-usdc"),
            ("block transactions above 1000 usdc!", "block-transactions-above-1000-usdc-2"),
            ("***", "unnamed"),
            ("", "unnamed-2"),
            ("https://api.example.com/v1", "https-api-example-com-v1"),
        ] {
            assert_eq!(draft.name(wish), name);
        }
        assert_eq!(draft.name(&long), "x".repeat(64));
        assert_eq!(draft.name(&long), format!("{}-2", "x".repeat(62)));
    }

    #[test]
    fn of_two_limits_the_stricter_stands() {
        let mut draft = Draft::default();
        draft.tighten("payment.max_usd", Usd::new(2));
        draft.tighten("payment.max_usd", Usd::new(5));
        draft.restrict("payment.networks", &["a".to_owned(), "b".to_owned()]);
        draft.restrict("payment.networks", &["b".to_owned(), "c".to_owned()]);
        draft.raise("counterparty.min_wallet_age_days", 3);
        draft.raise("counterparty.min_wallet_age_days", 2);
        assert_eq!(
            draft.finish().canonical(),
            r#"{"counterparty":{"min_wallet_age_days":3},"payment":{"max_usd":"0.000000000000000002","networks":["b"]}}"#
        );
    }
}
