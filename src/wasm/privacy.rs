//! Personal data across the boundary: a text in, nothing or JSON out.

use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::json::{Json, parse_own};
use crate::policy::PolicyError;
use crate::policy::read::{Read, Reader};
use crate::privacy::rules::Rules;
use crate::privacy::screen::{Recognised, Screened, screen};
use crate::privacy::told::{Scan, brief, recognised};
use crate::privacy::{Place, PrivacySection};

/// Looks through texts on their way out, by the `privacy` section of a policy.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Screen {
    rules: Rules,
    key: Vec<u8>,
}

#[wasm_bindgen]
impl Screen {
    /// `section`: the `privacy` section as JSON; without it, everything is redacted. `key`: what hashes are keyed with.
    ///
    /// # Errors
    /// What is wrong with the section, a line each.
    #[wasm_bindgen(constructor)]
    pub fn new(section: Option<String>, key: Vec<u8>) -> Result<Screen, JsError> {
        let Some(section) = section else {
            return Ok(Self { rules: Rules::redact_all(), key });
        };
        let json = parse_own(&section).map_err(|error| JsError::new(&error))?;
        let section = section_of(&json)
            .map_err(|errors| JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        Ok(Self { rules: Rules::of(&section), key })
    }

    /// What is wrong with the section, as JSON: `[{"path","message"}]`; an empty list for a good one.
    #[must_use]
    pub fn check(section: &str) -> String {
        let read = |message| vec![PolicyError { path: String::from("privacy"), message }];
        let errors = parse_own(section).map_err(read).and_then(|json| section_of(&json)).err().unwrap_or_default();
        serde_json::to_string(&errors).unwrap_or_default()
    }

    /// The number of a place, for `screen`.
    ///
    /// # Errors
    /// If there is no such place.
    pub fn place(word: &str) -> Result<u32, JsError> {
        let found = Place::ALL.iter().position(|place| place.word() == word);
        found
            .and_then(|place| u32::try_from(place).ok())
            .ok_or_else(|| JsError::new(&format!("`{word}` is not a place")))
    }

    /// What is in a text that leaves by a place, and what becomes of it, as JSON, each with its place in the text; nothing,
    /// if nothing is more than allowed.
    ///
    /// # Errors
    /// If the place is none.
    pub fn scan(&self, place: u32, text: &str) -> Result<Option<String>, JsError> {
        let told = self.look(place, text, &[])?.map(|screened| serde_json::to_string(&Scan::of(text, screened)));
        told.transpose().map_err(|error| JsError::new(&error.to_string()))
    }

    /// The same in brief, as it is wanted for each request: `redact EMAIL_ADDRESS:redact`, and from the next line on the
    /// text as it may go.
    ///
    /// # Errors
    /// If the place is none.
    pub fn screen(&self, place: u32, text: &str) -> Result<Option<String>, JsError> {
        Ok(self.look(place, text, &[])?.as_ref().map(brief))
    }

    /// In brief, with what recognisers found in it: `[{"entity","start","end"}]`, as JSON.
    ///
    /// # Errors
    /// If the place is none, or the list is none.
    #[wasm_bindgen(js_name = screenWith)]
    pub fn screen_with(&self, place: u32, text: &str, more: &str) -> Result<Option<String>, JsError> {
        let list: Json = parse_own(more).map_err(|error| JsError::new(&error))?;
        let more = recognised(text, &list).map_err(|error| JsError::new(&error))?;
        Ok(self.look(place, text, &more)?.as_ref().map(brief))
    }

    /// The headers that are looked through, in small letters.
    pub fn headers(&self) -> Vec<String> {
        self.rules.headers.clone()
    }

    fn look(&self, place: u32, text: &str, more: &[Recognised]) -> Result<Option<Screened>, JsError> {
        let place = usize::try_from(place).ok().and_then(|place| Place::ALL.get(place));
        let Some(place) = place else {
            return Err(JsError::new("there is no such place"));
        };
        Ok(screen(text, *place, &self.rules, &self.key, more))
    }
}

fn section_of(json: &Json) -> Result<PrivacySection, Vec<PolicyError>> {
    let mut reader = Reader::default();
    let section = reader.member("privacy", |r| PrivacySection::read(json, r).inspect(|section| section.check(r)));
    match section {
        Some(section) if reader.errors.is_empty() => Ok(section),
        _ => Err(reader.errors),
    }
}
