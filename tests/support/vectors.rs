//! The files in `tests/vectors/bind`, and a way to change one thing in them.

use serde_json::Value;

pub fn read(name: &str) -> Value {
    let path = format!("{}/tests/vectors/bind/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The same value with one member changed, or taken out if `to` is `None`. The member need not have been there.
pub fn with(value: &Value, pointer: &str, to: Option<Value>) -> Value {
    let mut changed = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (changed.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")), to) {
        (Value::Object(members), Some(to)) => {
            members.insert(key.to_owned(), to);
        }
        (Value::Object(members), None) => {
            members.remove(key);
        }
        (Value::Array(items), Some(to)) => items[key.parse::<usize>().unwrap()] = to,
        (Value::Array(items), None) => {
            items.remove(key.parse::<usize>().unwrap());
        }
        (other, _) => panic!("{pointer}: {other} has no members"),
    }
    changed
}
