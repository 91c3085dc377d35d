//! The source as it is walked, and what is noted on the way. A leaf is a scalar, or a table or list with nothing in it;
//! each gets one note.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::{Imported, Level, Note};
use crate::json::Json;
use crate::policy::Policy;
use crate::policy::read::show;
use crate::words::{nearest, quoted};

/// For a note of something that went nowhere.
pub(super) const NOWHERE: [String; 0] = [];

/// A value of the source and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub path: String,
    pub json: &'a Json,
}

impl<'a> Place<'a> {
    pub fn root(json: &'a Json) -> Self {
        Place { path: String::new(), json }
    }

    fn member(&self, key: &str, json: &'a Json) -> Place<'a> {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let path = match (plain, self.path.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.path),
            // A key with dots or slashes in it, such as a URL: quoted, so that no two places have one path.
            (false, _) => format!("{}[{}]", self.path, Json::String(key.to_owned()).canonical()),
        };
        Place { path, json }
    }

    pub fn get(&self, key: &str) -> Option<Place<'a>> {
        self.json.get(key).map(|json| self.member(key, json))
    }

    pub fn members(&self) -> Vec<(&'a str, Place<'a>)> {
        let members = self.json.as_object().unwrap_or_default();
        members.iter().map(|(key, json)| (key.as_str(), self.member(key, json))).collect()
    }

    pub fn items(&self) -> Vec<Place<'a>> {
        let items = self.json.as_array().unwrap_or_default().iter().enumerate();
        items.map(|(index, json)| Place { path: format!("{}[{index}]", self.path), json }).collect()
    }

    fn children(&self) -> Vec<Place<'a>> {
        let members = self.members().into_iter().map(|(_, place)| place);
        members.chain(self.items()).collect()
    }

    pub fn leaves(&self) -> Vec<Place<'a>> {
        let children = self.children();
        if children.is_empty() {
            return vec![self.clone()];
        }
        children.iter().flat_map(Place::leaves).collect()
    }

    /// The paths of this place and all below it, in the order of the source.
    fn walk(&self, paths: &mut Vec<String>) {
        paths.push(self.path.clone());
        for child in self.children() {
            child.walk(paths);
        }
    }
}

/// What has been made of the source so far.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub draft: Draft,
    notes: BTreeMap<String, Note>,
}

impl Work {
    /// Notes what became of a place: of each leaf of it.
    pub fn note<T: Into<String>>(
        &mut self,
        level: Level,
        place: &Place<'_>,
        to: impl IntoIterator<Item = T>,
        message: impl Into<String>,
    ) {
        let (to, message) = (to.into_iter().map(Into::into).collect::<Vec<String>>(), message.into());
        for leaf in place.leaves() {
            self.add(&leaf.path, level, to.clone(), message.clone());
        }
    }

    pub fn carried<T: Into<String>>(
        &mut self,
        at: &Place<'_>,
        to: impl IntoIterator<Item = T>,
        text: impl Into<String>,
    ) {
        self.note(Level::Carried, at, to, text);
    }

    pub fn differs<T: Into<String>>(
        &mut self,
        at: &Place<'_>,
        to: impl IntoIterator<Item = T>,
        text: impl Into<String>,
    ) {
        self.note(Level::Differs, at, to, text);
    }

    pub fn lost(&mut self, at: &Place<'_>, text: impl Into<String>) {
        self.note(Level::Lost, at, NOWHERE, text);
    }

    /// Notes something about a place itself, such as what is missing there.
    pub fn remark<T: Into<String>>(
        &mut self,
        level: Level,
        place: &Place<'_>,
        to: impl IntoIterator<Item = T>,
        message: impl Into<String>,
    ) {
        self.add(&place.path, level, to.into_iter().map(Into::into).collect(), message.into());
    }

    /// A second note on one place is added to the first; the worse level stands.
    fn add(&mut self, path: &str, level: Level, to: Vec<String>, message: String) {
        let Some(note) = self.notes.get_mut(path) else {
            self.notes.insert(path.to_owned(), Note { path: path.to_owned(), level, message, to });
            return;
        };
        note.level = note.level.max(level);
        if !note.message.contains(&message) {
            note.message = format!("{}; {message}", note.message);
        }
        note.to.extend(to.into_iter().filter(|place| !note.to.contains(place)).collect::<Vec<_>>());
    }

    /// Notes a value of another kind or form than the source's own documentation asks for.
    pub fn malformed(&mut self, at: &Place<'_>, expected: &str) {
        self.lost(at, format!("expected {expected}, found {}", show(at.json)));
    }

    /// Whether the place is a table; if so, its unknown keys are noted.
    pub fn table(&mut self, at: &Place<'_>, what: &str, known: &[&str]) -> bool {
        if at.json.as_object().is_none() {
            self.malformed(at, &format!("{what} as a table"));
            return false;
        }
        for (key, place) in at.members() {
            if !known.contains(&key) {
                let hint = nearest(key, known.iter().copied()).map_or_else(
                    || format!("; known here: {}", known.join(", ")),
                    |word| format!("; did you mean `{word}`?"),
                );
                self.lost(&place, format!("{} is not a setting of {what}{hint}", quoted(key)));
            }
        }
        true
    }

    /// A setting that is there. One that is `null` is noted as not set.
    pub fn setting<'a>(&mut self, at: &Place<'a>, key: &str) -> Option<Place<'a>> {
        let place = at.get(key)?;
        if *place.json == Json::Null {
            self.carried(&place, NOWHERE, "not set, so there is nothing to carry");
            return None;
        }
        Some(place)
    }

    /// The texts of a list, each with its place. What is no text is noted.
    pub fn texts<'a>(&mut self, at: &Place<'a>) -> Option<Vec<(&'a str, Place<'a>)>> {
        if at.json.as_array().is_none() {
            self.malformed(at, "a list of texts");
            return None;
        }
        let mut texts = Vec::new();
        for item in at.items() {
            match item.json.as_str() {
                Some(text) => texts.push((text, item)),
                None => self.malformed(&item, "a text"),
            }
        }
        Some(texts)
    }

    /// Whether a place has a note that says it was lost.
    pub fn is_lost(&self, at: &Place<'_>) -> bool {
        at.leaves().iter().any(|leaf| self.notes.get(&leaf.path).is_some_and(|note| note.level == Level::Lost))
    }

    /// Reads the document back as a policy: an error there is a loss where it came from. No leaf stays without a note.
    pub fn finish(mut self, root: &Place<'_>) -> Imported {
        let document = std::mem::take(&mut self.draft).finish();
        for error in Policy::read(&document).err().unwrap_or_default() {
            self.blame(&error.path, &error.message);
        }
        for leaf in root.leaves() {
            if self.notes.contains_key(&leaf.path) {
                continue;
            }
            match leaf.json {
                Json::Object(_) | Json::Array(_) => self.carried(&leaf, NOWHERE, "empty, so there is nothing to carry"),
                _ => self.lost(&leaf, "this import does not know what it would mean here"),
            }
        }
        let mut paths = Vec::new();
        root.walk(&mut paths);
        let notes = paths.iter().filter_map(|path| self.notes.remove(path)).collect();
        Imported { document, notes }
    }

    fn blame(&mut self, place: &str, message: &str) {
        // The nearest place above the error that some note names.
        let named = |note: &Note| {
            let above = note.to.iter().filter(|to| {
                place.strip_prefix(to.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            above.map(String::len).max()
        };
        let nearest = self.notes.values().filter_map(named).max();
        let paths: Vec<String> = self
            .notes
            .values()
            .filter(|note| nearest.is_some() && named(note) == nearest)
            .map(|note| note.path.clone())
            .collect();
        if paths.is_empty() {
            self.add("", Level::Lost, Vec::new(), message.to_owned());
        }
        for path in paths {
            self.add(&path, Level::Lost, Vec::new(), format!("what it became can't be read: {message}"));
        }
    }
}
