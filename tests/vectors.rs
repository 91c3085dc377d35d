//! The shared vectors, `tests/vectors/events/*.json`, natively. The TypeScript suite runs the same files through the
//! module. A file is `{note, define, cases: [{note, policy, steps: [{send, set?, want}]}]}`:
//! - `"@name"` anywhere in a policy or an event stands for what `define` has under that name;
//! - `set` changes places of the event, by JSON pointer; `null` takes a member away;
//! - `want` is what the answer has to have at least; `null` is what it must not have. A policy that must be refused has
//!   `want_errors`, of which each text must be in some error, and as many as there are errors.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a vector that can't be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tollwarden::audit::Auditor;
use tollwarden::digest::state_hash;
use tollwarden::engine::{Engine, writes};
use tollwarden::hash::hex;
use tollwarden::json::parse;
use tollwarden::ledger::cells::Ledger;
use tollwarden::policy::Policy;
use tollwarden::reply::{Reply, text};

#[test]
fn every_vector() {
    let mut files: Vec<_> = fs::read_dir("tests/vectors/events").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = 0;
    let mut failures = Vec::new();
    for file in &files {
        let document: Value = serde_json::from_str(&fs::read_to_string(file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let define = document.get("define").and_then(Value::as_object).cloned().unwrap_or_default();
        for case in document.get("cases").and_then(Value::as_array).unwrap() {
            cases += 1;
            let note = case.get("note").and_then(Value::as_str).unwrap();
            if let Err(failure) = run(case, &define) {
                failures.push(format!("{}: {note}: {failure}", file.display()));
            }
        }
    }
    assert!(cases > 0, "no vectors found");
    assert!(failures.is_empty(), "{} of {cases} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// All answers to a file's events and the ledger's state after each case, as one hash. `tests/runtimes` comes to the same
/// on every platform. After a change that is meant: `WRITE_DIGESTS=1 cargo test --test vectors`.
#[test]
fn the_answers_are_the_same_to_the_byte() {
    let path = "tests/runtimes/digests.json";
    let mut digests = Map::new();
    for entry in fs::read_dir("tests/vectors/events").unwrap() {
        let file = entry.unwrap().path();
        let document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let define = document.get("define").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut hash = Sha256::new();
        for case in document.get("cases").and_then(Value::as_array).unwrap() {
            let policy = expand(case.get("policy").unwrap(), &define);
            let Ok(policy) = Policy::read(&parse(&policy.to_string()).unwrap()) else { continue };
            let mut engine = Engine::whole(policy);
            for step in case.get("steps").and_then(Value::as_array).into_iter().flatten() {
                let event = as_javascript(event_of(step, &define));
                hash.update(text(&engine.line(&event.to_string(), None)));
                hash.update("\n");
            }
            hash.update(state_hash(engine.ledger()));
            hash.update("\n");
        }
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        digests.insert(name, Value::String(hex(&hash.finalize())));
    }
    let found = format!("{}\n", serde_json::to_string_pretty(&digests).unwrap());
    if std::env::var_os("WRITE_DIGESTS").is_some() {
        fs::write(path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(path).unwrap());
}

/// The events that ask for a list.
const LISTS: &[&str] = &["approvals", "budgets", "freezes", "holds"];
/// What the keys of cells begin with.
const CELLS: &[&str] = &[
    "agent", "approval", "asked", "budget", "clock", "freeze", "hold", "intent", "latest", "open", "payee", "pin",
    "price", "prompts", "salt", "seen",
];

/// The cases whose policy is good, each with what its file defines.
fn playable() -> Vec<(Value, Map<String, Value>, Policy)> {
    let mut playable = Vec::new();
    for entry in fs::read_dir("tests/vectors/events").unwrap() {
        let document: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let define = document.get("define").and_then(Value::as_object).cloned().unwrap_or_default();
        for case in document.get("cases").and_then(Value::as_array).unwrap() {
            let policy = expand(case.get("policy").unwrap(), &define).to_string();
            if let Ok(policy) = Policy::read(&parse(&policy).unwrap()) {
                playable.push((case.clone(), define.clone(), policy));
            }
        }
    }
    playable
}

/// What an event needs is asked for at once, not cell by cell: a store may be far away. And the answers are the same as
/// where all cells are here, also from a store that never drops what has ended.
#[test]
fn a_store_is_asked_seldom_and_the_answers_are_the_same() {
    for (case, define, policy) in &playable() {
        let (mut whole, mut engine) = (Engine::whole(policy.clone()), Engine::of_store(policy.clone(), ""));
        let mut store: BTreeMap<String, String> = BTreeMap::new();
        for (number, step) in case.get("steps").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let event = event_of(step, define);
            let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let event = event.to_string();
            // On a store these two are the wrapper's own.
            if ["policy", "reopen"].contains(&kind.as_str()) {
                break;
            }
            // A list is one of the cells that are here.
            if LISTS.contains(&kind.as_str()) {
                store.iter().for_each(|(name, cell)| engine.load(name, 0, Some(cell)).unwrap());
            }
            let mut trips = 0;
            let reply = loop {
                let Reply::Missing { missing } = &engine.line(&event, None) else {
                    break engine.line(&event, None);
                };
                trips += 1;
                for name in missing {
                    let first = name.split('/').next().unwrap();
                    assert!(CELLS.contains(&first), "{name} is asked for");
                    engine.load(name, 0, store.get(name).map(String::as_str)).unwrap();
                }
            };
            assert_eq!(text(&reply), text(&whole.line(&event, None)), "{} step {number}", case["note"]);
            for write in writes(engine.staged()) {
                match write.value {
                    Some(value) => drop(store.insert(write.key, value)),
                    None => drop(store.remove(&write.key)),
                }
            }
            engine.forget();
            // What is known from the event; then what stands in the cells that it names, and what closing holds needs.
            let most = match kind.as_str() {
                "authorize" => 5,
                "check" => 3,
                _ => 2,
            };
            assert!(trips <= most, "{} step {number}: {kind} asks {trips} times", case["note"]);
        }
    }
}

/// What becomes the key of the fingerprints on a store, in hex.
const SALT: &str = "5a17";

/// The cells of a payment's own, which may be taken for absent: the store says if they are not.
const PRESUMED: &[&str] = &["approval/", "hold/", "intent/", "seen/"];

/// Between events the core keeps cells. They are what the store has, with its versions, and the answers are the same.
/// Every fourth has an audit log.
#[test]
fn what_is_kept_is_what_the_store_has() {
    for (number, (case, define, policy)) in playable().iter().enumerate() {
        kept_between_events(case, define, policy, (number % 4 == 0).then(Auditor::default));
    }
}

fn kept_between_events(case: &Value, define: &Map<String, Value>, policy: &Policy, auditor: Option<Auditor>) {
    let (mut whole, mut engine) = (Engine::whole(policy.clone()), Engine::of_store(policy.clone(), SALT));
    if let Some(auditor) = auditor {
        whole.audit(auditor.clone());
        engine.audit(auditor);
    }
    let mut store: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut version = 0u64;
    let mut opened = None;
    for step in case.get("steps").and_then(Value::as_array).into_iter().flatten() {
        let event = event_of(step, define);
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let event = event.to_string();
        if ["policy", "reopen"].contains(&kind.as_str()) {
            break;
        }
        let lists = LISTS.contains(&kind.as_str());
        if lists {
            engine.forget();
            store.iter().for_each(|(name, (version, cell))| engine.load(name, *version, Some(cell)).unwrap());
        }
        let mut presumes = !lists;
        let reply = loop {
            engine.presume(presumes);
            let reply = engine.line(&event, None);
            if let Reply::Missing { missing } = &reply {
                // What opens a hold leaves here all that its next verb reads, also what the store does not have.
                let asks = lists || ["authorize", "check"].contains(&kind.as_str()) || opened.as_ref() != Some(&id);
                assert!(asks, "{}: {event} asks for {missing:?}", case["note"]);
                let own = [format!("hold/{id}"), format!("approval/{id}")];
                let presumed = presumes && kind == "authorize";
                for name in missing {
                    assert!(!presumed || !own.contains(name), "{}: `{name}` is asked for", case["note"]);
                    let (version, cell) = store.get(name).map_or((0, None), |(v, cell)| (*v, Some(cell.as_str())));
                    engine.load(name, version, cell).unwrap();
                }
                continue;
            }
            let there = |name: &str| store.get(name).map_or(0, |(version, _)| *version);
            let stale: Vec<_> = engine.staged().read.iter().filter(|(name, v)| there(name) != *v).collect();
            if stale.is_empty() {
                break reply;
            }
            for (name, known) in stale {
                let may = presumes && *known == 0 && PRESUMED.iter().any(|kind| name.starts_with(kind));
                assert!(
                    may,
                    "{}: `{name}` is kept with version {known}, and the store has {}",
                    case["note"],
                    there(name)
                );
            }
            presumes = false;
            engine.forget();
        };
        assert_eq!(text(&reply), text(&whole.line(&event, None)), "{}: {event}", case["note"]);
        let written = writes(engine.staged());
        version = version.saturating_add(u64::from(!written.is_empty()));
        let kept: Vec<_> = written.iter().map(|write| write.key.clone()).collect();
        for write in written {
            match write.value {
                // A record is never read again, and so nothing to keep.
                Some(_) if write.key.starts_with("log/") => {}
                Some(value) => drop(store.insert(write.key, (version, value))),
                None => assert!(store.remove(&write.key).is_some(), "{}: `{}` was not there", case["note"], write.key),
            }
        }
        opened = None;
        if lists || kind == "check" {
            engine.forget();
            assert!(engine.ledger().is_empty());
            continue;
        }
        let any = engine.taken(version);
        assert_eq!(usize::from(any), engine.ledger().len().min(1), "{}", case["note"]);
        let is_open = |name: &str| name.starts_with("hold/") && store.get(name).is_some_and(|(_, cell)| is_open(cell));
        let asked_for = |name: &str| name == "open" || name.starts_with("budget/") || is_open(name);
        for name in kept.iter().filter(|name| store.contains_key(*name) && asked_for(name)) {
            assert_eq!(engine.ledger().version(name), version, "{}: `{name}` is not kept", case["note"]);
        }
        opened = kept.iter().any(|name| is_open(name)).then_some(id);
        let all = engine.ledger().texts();
        assert!(all.len() <= engine.ledger().len());
        for (name, cell) in all {
            let held = store.get(&name).map(|(version, cell)| (*version, cell.clone()));
            assert_eq!(Some((engine.ledger().version(&name), cell)), held, "{}: `{name}`", case["note"]);
            // What is over is not kept: nobody asks for it soon.
            let over = kept.contains(&name) && name.starts_with("hold/") && !is_open(&name);
            assert!(!over, "{}: `{name}`", case["note"]);
        }
    }
    if let Some((_, salt)) = store.get("salt") {
        assert_eq!(*salt, format!(r#"{{"salt":"{SALT}"}}"#), "{}", case["note"]);
    }
}

fn is_open(cell: &str) -> bool {
    ["held", "signing", "signed", "unknown"].iter().any(|state| cell.contains(&format!(r#""state":"{state}""#)))
}

/// Each cell that the vectors leave behind, with its texts.
static CELLS_OF_VECTORS: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let mut cells: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (case, define, policy) in playable() {
        let mut engine = Engine::whole(policy);
        engine.audit(Auditor::default());
        for step in case.get("steps").and_then(Value::as_array).into_iter().flatten() {
            engine.line(&event_of(step, &define).to_string(), None);
        }
        for (name, cell) in engine.ledger().texts() {
            cells.entry(name).or_default().insert(cell);
        }
    }
    cells
});

/// A cell as it reads back.
fn read_back(name: &str, cell: &str) -> Result<String, String> {
    let mut ledger = Ledger::of_store("");
    ledger.load(name, 1, Some(cell))?;
    Ok(ledger.texts().remove(0).1)
}

/// A cell reads back as it was written. Where a member of it is missing or of another kind, it is damaged, and that is an
/// error, never an empty ledger. What may be absent may be left out.
#[test]
fn a_cell_reads_back_as_it_was_written_or_is_damaged() {
    let mut shapes = BTreeSet::new();
    for (name, cells) in &*CELLS_OF_VECTORS {
        for cell in cells {
            assert_eq!(read_back(name, cell).as_ref(), Ok(cell));
            let value: Value = serde_json::from_str(cell).unwrap();
            let places = places_in(&value);
            if !shapes.insert(places.clone()) {
                continue;
            }
            for (place, is_flag) in places {
                let with = |other: Value| {
                    let mut changed = value.clone();
                    *changed.pointer_mut(&place).unwrap() = other;
                    read_back(name, &changed.to_string()).ok()
                };
                assert_eq!(with(if is_flag { Value::from(1) } else { Value::from(true) }), None, "{place} in {cell}");
                let mut without = value.clone();
                let (parent, member) = place.rsplit_once('/').unwrap();
                if let Some(Value::Object(members)) = without.pointer_mut(parent) {
                    members.remove(member);
                    assert_eq!(read_back(name, &without.to_string()).ok(), with(Value::Null), "{place} in {cell}");
                }
            }
        }
    }
}

/// Where a value has members and items, and which of them are yes or no. A card is shown to people as it is; a refund's
/// name is its own.
fn places_in(value: &Value) -> Vec<(String, bool)> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut places = Vec::new();
    for (name, value) in members.into_iter().filter(|(name, _)| name != "card") {
        places.push((format!("/{name}"), value.is_boolean()));
        if name != "refunds" {
            places.extend(places_in(value).into_iter().map(|(place, is_flag)| (format!("/{name}{place}"), is_flag)));
        }
    }
    places
}

/// A cell stands under a key of its own kind. A store that hands out another's is found out.
#[test]
fn a_cell_of_another_kind_is_damaged() {
    let kind = |name: &str| name.split('/').next().unwrap().to_owned();
    let mut one_of_each = BTreeMap::new();
    for (name, cells) in &*CELLS_OF_VECTORS {
        one_of_each.insert(kind(name), (name, cells.first().unwrap()));
    }
    let missing: Vec<_> = CELLS.iter().chain(&["audit"]).filter(|kind| !one_of_each.contains_key(**kind)).collect();
    assert!(missing.is_empty(), "no vector leaves {missing:?} behind");
    for (kind, (name, cell)) in &one_of_each {
        // The questions about a request stand as the open holds do.
        let alike = |other: &str| ["open", "asked"].contains(&kind.as_str()) && ["open", "asked"].contains(&other);
        for (_, (key, _)) in one_of_each.iter().filter(|(other, _)| *other != kind && !alike(other)) {
            assert!(read_back(key, cell).is_err(), "{cell} as {key}");
        }
        let many = ["asked", "budget", "intent", "latest", "payee", "pin", "price", "seen"].contains(&kind.as_str());
        assert_eq!(read_back(&format!("{name}x"), cell).is_ok(), many, "{cell} as {name}x");
    }
}

/// The runtimes read the vectors with JavaScript, which writes `60.0` as `60`, and no whole number above
/// 2^53 exactly: the events have to be the same.
fn as_javascript(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e18 => {
                serde_json::from_str(&format!("{float:.0}")).unwrap()
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(as_javascript).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, as_javascript(value))).collect(),
        other => other,
    }
}

fn event_of(step: &Value, define: &Map<String, Value>) -> Value {
    let mut event = expand(step.get("send").unwrap(), define);
    for (pointer, value) in step.get("set").and_then(Value::as_object).into_iter().flatten() {
        set(&mut event, pointer, value);
    }
    event
}

fn run(case: &Value, define: &Map<String, Value>) -> Result<(), String> {
    let policy = expand(case.get("policy").unwrap(), define);
    let read = Policy::read(&parse(&policy.to_string())?);
    if let Some(wanted) = case.get("want_errors").and_then(Value::as_array) {
        let Err(errors) = read else { return Err(String::from("the policy was taken")) };
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let missing: Vec<_> =
            wanted.iter().filter(|text| !errors.iter().any(|error| error.contains(text.as_str().unwrap()))).collect();
        return if missing.is_empty() && errors.len() == wanted.len() {
            Ok(())
        } else {
            Err(format!("errors {errors:#?}, missing {missing:?}"))
        };
    }
    let policy = read.map_err(|errors| format!("the policy was refused: {errors:?}"))?;
    let mut engine = Engine::whole(policy);
    for (number, step) in case.get("steps").and_then(Value::as_array).unwrap().iter().enumerate() {
        let event = event_of(step, define);
        let answer: Value = serde_json::from_str(&text(&engine.line(&event.to_string(), None))).unwrap();
        let mut differences = Vec::new();
        compare(step.get("want").unwrap(), &answer, "", &mut differences);
        if !differences.is_empty() {
            return Err(format!("step {number}: {}; the answer was {answer}", differences.join("; ")));
        }
    }
    Ok(())
}

fn expand(value: &Value, define: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) if text.starts_with('@') => expand(
            define.get(text.trim_start_matches('@')).unwrap_or_else(|| panic!("`{text}` is not defined")),
            define,
        ),
        Value::Array(items) => items.iter().map(|item| expand(item, define)).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), expand(value, define))).collect(),
        other => other.clone(),
    }
}

fn set(event: &mut Value, pointer: &str, value: &Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent) {
        Some(Value::Object(members)) if value.is_null() => drop(members.remove(name)),
        Some(Value::Object(members)) => drop(members.insert(name.to_owned(), value.clone())),
        Some(Value::Array(items)) => *items.get_mut(name.parse::<usize>().unwrap()).unwrap() = value.clone(),
        _ => panic!("nothing stands at {pointer}"),
    }
}

fn compare(want: &Value, got: &Value, path: &str, differences: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(wanted), Value::Object(_)) => {
            for (key, value) in wanted {
                let found = got.get(key).unwrap_or(&Value::Null);
                compare(value, found, &format!("{path}/{key}"), differences);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (index, (value, found)) in wanted.iter().zip(found).enumerate() {
                compare(value, found, &format!("{path}/{index}"), differences);
            }
        }
        _ if want == got => {}
        _ => differences.push(format!("{path}: wanted {want}, got {got}")),
    }
}
