//! What decides, across the boundary: text in, text out, and the cells on their way to and from the store. No rule is in it.

use serde::Serialize;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::asset::Network;
use crate::audit::Auditor;
use crate::audit::canonical::{number, object, text};
use crate::audit::checkpoint;
use crate::digest::state_hash;
use crate::engine::{self, CellWrite, Staged};
use crate::hash::hex;
use crate::json::{Json, parse_own, write_text};
use crate::ledger::cells::{Cell, decode};
use crate::ledger::stored::{Stored, between};
use crate::policy::{Policy, PolicyError};
use crate::reply;

/// The version of the core that this module was built from.
#[wasm_bindgen(js_name = coreVersion)]
#[must_use]
pub fn core_version() -> String {
    String::from(env!("CARGO_PKG_VERSION"))
}

/// Sixteen random bytes in hex, for ids.
///
/// # Errors
/// If the platform has no randomness to give: then nothing can be authorized.
#[wasm_bindgen(js_name = drawId)]
pub fn draw_id() -> Result<String, JsError> {
    draw::<16>()
}

fn draw<const N: usize>() -> Result<String, JsError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|error| JsError::new(&format!("no randomness: {error}")))?;
    Ok(hex(&bytes))
}

/// Everything wrong with a policy, as JSON: `[{"path","message"}]`; an empty list for a good one.
#[wasm_bindgen(js_name = checkPolicy)]
#[must_use]
pub fn check_policy(document: &str) -> String {
    let errors = read_policy(document).err().unwrap_or_default();
    cold(&errors)
}

/// What is wrong with a text as JSON, if anything is: beside the usual, a key that stands there twice.
#[wasm_bindgen(js_name = jsonError)]
#[must_use]
pub fn json_error(text: &str) -> Option<String> {
    parse_own(text).err()
}

/// A network in its one spelling, `eip155:8453` for `base`; nothing for one that is not known.
#[wasm_bindgen(js_name = networkName)]
#[must_use]
pub fn network_name(text: &str) -> Option<String> {
    Network::named(text).ok().map(|network| network.to_string())
}

/// What is signed of a log, from its head's cell: `{"log","root","size","text"}`.
///
/// # Errors
/// One sentence, if it is no head.
#[wasm_bindgen(js_name = checkpointText)]
pub fn checkpoint_text(cell: &str, origin: &str) -> Result<String, JsError> {
    let head = match decode(cell) {
        Ok(Cell::Audit(head)) => head,
        _ => return Err(JsError::new(DAMAGED)),
    };
    let tree = head.tree().ok_or_else(|| JsError::new(DAMAGED))?;
    let origin = if origin.is_empty() { format!("tollwarden/{}", head.log) } else { origin.to_owned() };
    let signed = checkpoint::text(&origin, tree.size(), &tree.root());
    let root = text(tree.root().to_string());
    let members = vec![("log", text(head.log)), ("root", root), ("size", number(tree.size())), ("text", text(signed))];
    Ok(object(members).canonical())
}

const DAMAGED: &str = "the head of the audit log is damaged";

/// A policy and a ledger, driven by events.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine(engine::Engine);

#[derive(Serialize)]
struct Summary<'a> {
    name: Option<&'a str>,
    version: u64,
    hash: &'a str,
    breaker_failures: u64,
    breaker_recovery_ms: u64,
    approval_ms: u64,
    secrets: Vec<&'a str>,
    facts: Vec<&'static str>,
    privacy: Option<&'a str>,
}

/// Adds a commit, as JSON, and the text of each cell that it writes and that is not gone. Each payment has two: written
/// member by member, as cells are.
fn commit(staged: &Staged, all: &mut Vec<String>) {
    let (mut plan, mut texts) = (String::new(), Vec::new());
    let out = &mut plan;
    out.push_str("{\"read\":");
    between(out, ['[', ']'], |out| {
        for (key, version) in &staged.read {
            out.push_str("{\"key\":");
            write_text(key, out);
            out.push_str(",\"version\":");
            version.write(out);
            out.push_str("},");
        }
    });
    out.push_str(",\"write\":");
    between(out, ['[', ']'], |out| {
        for CellWrite { key, value, expires } in engine::writes(staged) {
            out.push_str("{\"key\":");
            write_text(&key, out);
            out.push_str(if value.is_none() { ",\"gone\":true,\"expires\":" } else { ",\"gone\":false,\"expires\":" });
            match expires {
                Some(at) => at.write(out),
                None => out.push_str("null"),
            }
            out.push_str("},");
            texts.extend(value);
        }
    });
    out.push('}');
    all.push(plan);
    all.extend(texts);
}

/// A cell as the store has it.
type StoredCell<'a> = (&'a str, u64, Option<&'a str>);

/// Cells as JSON: `[{"key","version","value"}]`.
fn stored(cells: &Json) -> Result<Vec<StoredCell<'_>>, JsError> {
    let read = |cell| -> Option<StoredCell<'_>> {
        let (key, version) = (Json::get(cell, "key")?.as_str()?, cell.get("version")?.as_u64()?);
        match cell.get("value") {
            None | Some(Json::Null) => Some((key, version, None)),
            Some(value) => Some((key, version, Some(value.as_str()?))),
        }
    };
    let all = cells.as_array().and_then(|cells| cells.iter().map(read).collect());
    all.ok_or_else(|| JsError::new("expected a list of cells"))
}

#[wasm_bindgen]
impl Engine {
    /// An engine for this policy, as JSON. `whole`: its own cells are the state; else they live in a store.
    ///
    /// # Errors
    /// The policy's errors, a line each; or that the platform has no randomness to give.
    #[wasm_bindgen(constructor)]
    pub fn new(document: &str, whole: bool) -> Result<Engine, JsError> {
        let policy = read_policy(document)
            .map_err(|errors| JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        if whole {
            return Ok(Self(engine::Engine::whole(policy)));
        }
        Ok(Self(engine::Engine::of_store(policy, &draw::<32>()?)))
    }

    /// From now on each event is recorded. `core` says what made the records; `log` and `salt` are those of a log that
    /// begins here; `key` is that of the HMACs; `document` is the policy's.
    ///
    /// # Errors
    /// If the document is not JSON.
    pub fn audit(
        &mut self,
        core: String,
        log: String,
        salt: String,
        key: Option<Vec<u8>>,
        document: &str,
    ) -> Result<(), JsError> {
        let document = parse_own(document).map_err(|error| JsError::new(&error))?.canonical();
        self.0.audit(Auditor { core, log, salt, key, document, ..Auditor::default() });
        Ok(())
    }

    /// The records made since the last call, where the engine's own cells are the state.
    #[wasm_bindgen(js_name = takeRecords)]
    pub fn take_records(&mut self) -> Vec<String> {
        self.0.take_records()
    }

    /// Answers one event. `number`: the line's number, where lines are read.
    pub fn handle(&mut self, event: &str, number: Option<u32>) -> String {
        reply::text(&self.0.line(event, number.map(u64::from)))
    }

    /// Takes in cells as the store has them, as JSON: `[{"key","version","value"}]`.
    ///
    /// # Errors
    /// One sentence, if a cell is damaged.
    pub fn load(&mut self, cells: &str) -> Result<(), JsError> {
        let cells = parse_own(cells).map_err(|error| JsError::new(&error))?;
        for (key, version, value) in stored(&cells)? {
            self.0.load(key, version, value).map_err(|error| JsError::new(&error))?;
        }
        Ok(())
    }

    /// Answers one event, and says what the answer rests on and what it changes: the reply; the commit as JSON,
    /// `{"read":[{"key","version"}],"write":[{"key","gone","expires"}]}`; and the text of each cell that is written and not
    /// gone. `presume`: cells of the payment's own that are not here are taken for absent; the store has to confirm it.
    pub fn step(&mut self, event: &str, presume: bool) -> Vec<String> {
        self.0.presume(presume);
        let reply = self.0.line(event, None);
        let mut all = vec![reply::text(&reply)];
        commit(self.0.staged(), &mut all);
        all
    }

    /// The store has taken what was staged under this version, or found all that was read as it was. Whether cells stay
    /// for the next events.
    pub fn taken(&mut self, version: u64) -> bool {
        self.0.taken(version)
    }

    /// SHA-256 in hex of all cells that are here.
    #[wasm_bindgen(js_name = stateHash)]
    #[must_use]
    pub fn state_hash(&self) -> String {
        state_hash(self.0.ledger())
    }

    /// Forgets what was staged and all cells; they are loaded again when asked for.
    pub fn forget(&mut self) {
        self.0.forget();
    }

    /// Another policy takes over, with all history; the answer is that to a `policy` event. `cells` are all whose keys
    /// begin with `budget/` or `latest/`, as the store has them, as JSON.
    ///
    /// # Errors
    /// One sentence, if a cell is damaged or the document is not JSON; the old policy stays.
    pub fn reload(&mut self, document: &str, cells: &str) -> Result<String, JsError> {
        let [document, cells] = [document, cells].map(parse_own);
        let (document, cells) = document.and_then(|document| Ok((document, cells?))).map_err(|e| JsError::new(&e))?;
        let reply = self.0.reload(&document, stored(&cells)?).map_err(|error| JsError::new(&error))?;
        Ok(reply::text(&reply))
    }

    /// Takes a secret that the policy refers to, for countersignatures.
    ///
    /// # Errors
    /// One sentence, if it is too short, or the same as another's.
    #[wasm_bindgen(js_name = keepSecret)]
    pub fn keep_secret(&mut self, reference: &str, secret: &[u8]) -> Result<(), JsError> {
        self.0.keep_secret(reference, secret).map_err(|error| JsError::new(&error))
    }

    /// What the wrapper has to know of the policy, as JSON.
    #[must_use]
    pub fn policy(&self) -> String {
        let policy = self.0.policy();
        cold(&Summary {
            name: policy.name.as_deref(),
            version: policy.version,
            hash: &policy.hash,
            breaker_failures: policy.breaker_failures,
            breaker_recovery_ms: policy.breaker_recovery,
            approval_ms: policy.approvals.timeout,
            secrets: policy.approvals.references().collect(),
            facts: policy.facts(),
            privacy: policy.privacy_text.as_deref(),
        })
    }
}

fn read_policy(document: &str) -> Result<Policy, Vec<PolicyError>> {
    Policy::read(&parse_document(document)?)
}

pub(super) fn parse_document(document: &str) -> Result<Json, Vec<PolicyError>> {
    parse_own(document).map_err(|message| vec![PolicyError { path: String::new(), message }])
}

pub(super) fn cold(value: &impl Serialize) -> String {
    // Writing these types can't fail. Should it ever, that is an error too.
    serde_json::to_string(value)
        .unwrap_or_else(|_| String::from(r#"{"errors":[{"path":"","message":"it can't be written"}]}"#))
}
