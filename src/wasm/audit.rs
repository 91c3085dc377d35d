//! The readers of the audit log: bytes in, JSON out.

use serde::Serialize;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use super::engine::{cold, parse_document};
use crate::audit::backtest::Backtester;
use crate::audit::checkpoint;
use crate::audit::proof;
use crate::audit::query::{Filter, Query};
use crate::audit::replay::Replayer;
use crate::audit::report::Reporter;
use crate::audit::tree::Hash;
use crate::audit::verify::Verifier;
use crate::hash::hex;
use crate::json::{Json, parse_own};
use crate::policy::Policy;

/// Whether a log is whole.
#[wasm_bindgen]
#[derive(Debug)]
pub struct AuditVerifier(Verifier);

#[wasm_bindgen]
impl AuditVerifier {
    /// `checkpoints`: `[[size, root, name]]`, whose signatures were verified.
    ///
    /// # Errors
    /// If the list is none.
    #[wasm_bindgen(constructor)]
    pub fn new(key: Option<Vec<u8>>, checkpoints: &str) -> Result<AuditVerifier, JsError> {
        let read = |item: &Json| match item.as_array() {
            Some([size, root, name]) => {
                Some((size.as_u64()?, root.as_str().and_then(Hash::parse)?, name.as_str()?.to_owned()))
            }
            _ => None,
        };
        let list = parse_own(checkpoints).map_err(|error| JsError::new(&error))?;
        let list = list.as_array().and_then(|list| list.iter().map(read).collect::<Option<Vec<_>>>());
        let list = list.ok_or_else(|| JsError::new("expected a list of checkpoints: size, root and name of each"))?;
        Ok(Self(Verifier::new(key, list)))
    }

    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.push(piece);
    }

    /// How many records were read.
    pub fn records(&self) -> f64 {
        count(self.0.records())
    }

    /// The verdict, as JSON.
    pub fn finish(self) -> String {
        cold(&self.0.finish())
    }
}

/// Every decision of a log again.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct AuditReplayer(Replayer);

#[wasm_bindgen]
impl AuditReplayer {
    /// Nothing replayed yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> AuditReplayer {
        Self::default()
    }

    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.push(piece);
    }

    /// How many records were made again.
    pub fn records(&self) -> f64 {
        count(self.0.records())
    }

    /// What came out, as JSON.
    pub fn finish(self) -> String {
        cold(&self.0.finish())
    }
}

/// What another policy would have said.
#[wasm_bindgen]
#[derive(Debug)]
pub struct AuditBacktest(Backtester);

#[wasm_bindgen]
impl AuditBacktest {
    /// A back-test of this policy, as JSON.
    ///
    /// # Errors
    /// The policy's errors, a line each.
    #[wasm_bindgen(constructor)]
    pub fn new(document: &str) -> Result<AuditBacktest, JsError> {
        let policy = parse_document(document).and_then(|document| Policy::read(&document));
        policy
            .map(|policy| Self(Backtester::new(policy)))
            .map_err(|errors| JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
    }

    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.push(piece);
    }

    /// What came out, as JSON.
    ///
    /// # Errors
    /// One sentence, if a line was no record.
    pub fn finish(self) -> Result<String, JsError> {
        self.0.finish().map(|out| cold(&out)).map_err(|error| JsError::new(&error))
    }
}

/// The evidence of a log.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct AuditReport(Reporter);

#[wasm_bindgen]
impl AuditReport {
    /// Nothing read yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> AuditReport {
        Self::default()
    }

    /// Takes the next piece of the log.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.push(piece);
    }

    /// The report, as JSON.
    ///
    /// # Errors
    /// One sentence, if a line was no record.
    pub fn finish(self) -> Result<String, JsError> {
        self.0.finish().map(|out| cold(&out)).map_err(|error| JsError::new(&error))
    }
}

/// A question to a log.
#[wasm_bindgen]
#[derive(Debug)]
pub struct AuditQuery(Query);

#[wasm_bindgen]
impl AuditQuery {
    /// `filter` as JSON.
    ///
    /// # Errors
    /// One sentence, if it is no filter.
    #[wasm_bindgen(constructor)]
    pub fn new(filter: &str) -> Result<AuditQuery, JsError> {
        let query = parse_own(filter).and_then(|filter| Query::new(Filter::read(&filter)?));
        query.map(Self).map_err(|error| JsError::new(&error))
    }

    /// Takes the next piece of the log, and gives back the lines in it that are wanted.
    ///
    /// # Errors
    /// One sentence, if a line is no record.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<String>, JsError> {
        self.0.push(piece).map_err(|error| JsError::new(&error))
    }

    /// What was spent and asked in them, as JSON.
    pub fn totals(&self) -> String {
        cold(&self.0.totals())
    }
}

/// The proof that the tree of these leaves (hashes in hex) begins with that of the first `old` of them; nothing if it
/// can't.
#[wasm_bindgen(js_name = consistencyProof)]
#[must_use]
pub fn consistency_proof(old: u32, leaves: Vec<String>) -> Option<Vec<String>> {
    let leaves = leaves.iter().map(|leaf| Hash::parse(leaf)).collect::<Option<Vec<_>>>()?;
    let proof = proof::consistency(u64::from(old), u64::try_from(leaves.len()).ok()?, leaves)?;
    Some(proof.iter().map(ToString::to_string).collect())
}

/// The proof that the leaf at `index` is in the tree of these leaves (hashes in hex); nothing if it is not.
#[wasm_bindgen(js_name = inclusionProof)]
#[must_use]
pub fn inclusion_proof(index: u32, leaves: Vec<String>) -> Option<Vec<String>> {
    let leaves = leaves.iter().map(|leaf| Hash::parse(leaf)).collect::<Option<Vec<_>>>()?;
    let proof = proof::inclusion(u64::from(index), u64::try_from(leaves.len()).ok()?, leaves)?;
    Some(proof.iter().map(ToString::to_string).collect())
}

fn count(records: u64) -> f64 {
    f64::from(u32::try_from(records).unwrap_or(u32::MAX))
}

/// A signed checkpoint, read: `{"origin","size","root","text","signatures":[[name, hex]]}`.
///
/// # Errors
/// One sentence that says what is wrong with it.
#[wasm_bindgen(js_name = readCheckpoint)]
pub fn read_checkpoint(note: &str) -> Result<String, JsError> {
    #[derive(Serialize)]
    struct Read {
        origin: String,
        size: u64,
        root: String,
        text: String,
        signatures: Vec<(String, String)>,
    }
    let checkpoint = checkpoint::read(note).map_err(|error| JsError::new(&error))?;
    let signatures = checkpoint.signatures.into_iter().map(|(name, bytes)| (name, hex(&bytes))).collect();
    let (origin, size, text) = (checkpoint.origin, checkpoint.size, checkpoint.text);
    Ok(cold(&Read { origin, size, root: checkpoint.root.to_string(), text, signatures }))
}
