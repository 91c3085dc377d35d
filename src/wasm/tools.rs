//! What only people ask for: a module of its own has it, which the command line loads.

use serde::Serialize;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use super::engine::{cold, parse_document};
use crate::explain;
use crate::json::parse_own;
use crate::policy::PolicyError;
use crate::policy::import::{Dialect, import};
use crate::policy::merge::{Files, merge};
use crate::reason::Reason;

/// What a policy means, what is odd about it, and what a test of it should touch: an object; or `{"errors"}`.
///
/// # Errors
/// If the answer can't become an object, as with a version above 2^53 - 1.
#[wasm_bindgen(js_name = describePolicy)]
pub fn describe_policy(document: &str) -> Result<JsValue, JsError> {
    match parse_document(document).and_then(|json| explain::describe(&json)) {
        Ok(description) => object(&description),
        Err(errors) => object(&Refused { errors }),
    }
}

/// As `JSON.parse` would read it: no `Map`, and nothing undefined.
fn object(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// A policy of another system brought over, as JSON: `{"document","notes"}`; or `{"errors"}`.
#[wasm_bindgen(js_name = importPolicy)]
#[must_use]
pub fn import_policy(dialect: &str, source: &str) -> String {
    let refused = |message| vec![PolicyError { path: String::new(), message }];
    match Dialect::named(dialect).map_err(refused).and_then(|dialect| Ok((dialect, parse_document(source)?))) {
        Ok((dialect, source)) => cold(&import(dialect, &source)),
        Err(errors) => cold(&Refused { errors }),
    }
}

/// Puts a policy on top of the one that it extends: `{"document"}`, or `{"errors"}`. Both are JSON texts; the names are
/// those of their files, for messages.
#[wasm_bindgen(js_name = mergePolicies)]
#[must_use]
pub fn merge_policies(base: &str, child: &str, base_name: &str, child_name: &str) -> String {
    let read = |text: &str, file: &str| {
        parse_own(text)
            .map_err(|message| vec![PolicyError { path: String::new(), message: format!("{message} (in `{file}`)") }])
    };
    let files = Files { base: base_name, child: child_name };
    match read(base, base_name).and_then(|base| merge(&base, &read(child, child_name)?, files)) {
        Ok(document) => format!(r#"{{"document":{}}}"#, document.canonical()),
        Err(errors) => cold(&Refused { errors }),
    }
}

/// The registry of reasons: a list of objects.
///
/// # Errors
/// None that can happen: these are texts.
#[wasm_bindgen(js_name = reasons)]
pub fn reasons() -> Result<JsValue, JsError> {
    #[derive(Serialize)]
    struct Row {
        code: &'static str,
        meaning: &'static str,
        remedy: &'static str,
    }
    let rows: Vec<Row> = Reason::ALL
        .iter()
        .map(|reason| Row { code: reason.code(), meaning: reason.meaning(), remedy: reason.remedy() })
        .collect();
    object(&rows)
}

#[derive(Serialize)]
struct Refused {
    errors: Vec<PolicyError>,
}
