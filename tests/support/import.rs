//! Imports as plain JSON, and what every one of them has to keep.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use tollwarden::json::parse;
use tollwarden::policy::Policy;
use tollwarden::policy::import::{Dialect, Level, import};

/// Every case of `tests/vectors/import`, with its dialect.
pub fn vectors() -> Vec<(Dialect, Value)> {
    let mut cases = Vec::new();
    let names = ["firewall", "presidio", "paysentry", "smart402", "spend_controls"];
    for name in names {
        let path = format!("{}/tests/vectors/import/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let dialect = Dialect::named(file["dialect"].as_str().unwrap()).unwrap();
        cases.extend(file["cases"].as_array().unwrap().iter().map(|case| (dialect, case.clone())));
    }
    cases
}

/// An import, as it crosses the boundary.
pub fn imported(dialect: Dialect, source: &Value) -> Value {
    serde_json::to_value(import(dialect, &parse(&source.to_string()).unwrap())).unwrap()
}

/// The paths of the leaves of a source: what the notes have to name.
pub fn leaves(source: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, leaves: &mut Vec<String>) {
        let plain = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        match value {
            Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{path}[{index}]"), leaves));
            }
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    let at = match (plain(key), path.is_empty()) {
                        (true, true) => key.clone(),
                        (true, false) => format!("{path}.{key}"),
                        (false, _) => format!("{path}[{}]", serde_json::to_string(key).unwrap()),
                    };
                    walk(member, &at, leaves);
                }
            }
            _ => leaves.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    walk(source, "", &mut found);
    found
}

/// One note for every leaf, no two for any place, and a policy that can be read where nothing is lost.
pub fn check_notes(dialect: Dialect, source: &Value) {
    let found = import(dialect, &parse(&source.to_string()).unwrap());
    let mut paths = BTreeSet::new();
    for note in &found.notes {
        assert!(paths.insert(note.path.as_str()), "two notes at `{}` of {source}", note.path);
        assert!(!note.message.is_empty() && !note.message.ends_with('.'), "{}", note.message);
    }
    for leaf in leaves(source) {
        assert!(paths.contains(leaf.as_str()), "no note at `{leaf}` of {source}");
    }
    let read = Policy::read(&found.document);
    assert!(found.worst() == Level::Lost || read.is_ok(), "{read:?} from {source}");
}
