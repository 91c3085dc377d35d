//! Policies of other systems, brought over: `tests/vectors/import/*.json`, natively. The TypeScript suite runs the same
//! files through the module. A file is `{note, dialect, cases: [{note?, control?, form?, why?, at?, source, document,
//! notes, says?}]}`:
//! - `document` is what the source becomes, to the letter; `"@USDC"` alone in a list stands for the registry's addresses
//!   of that symbol, and `"@all but USDC"` for all others;
//! - `notes` has the level of every note, by its path; `says` has texts that some of them contain;
//! - a case with a `control` is a row of `docs/import.md`, which is checked here; its level is the worst of those at `at`.
//!   `TOLLWARDEN_WRITE_DOCS=1 cargo test --test import` writes the tables anew.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a vector that can't be read has failed"
)]

#[path = "support/import.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Map, Value, json};
use support::{imported, leaves, vectors};
use tollwarden::asset::{AssetId, KNOWN, Network};
use tollwarden::json::parse;
use tollwarden::policy::Policy;
use tollwarden::policy::import::{Dialect, import};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/import.md");

#[test]
fn every_vector() {
    let mut failures = Vec::new();
    let mut cases = 0;
    for (dialect, case) in vectors() {
        cases += 1;
        let name = case.get("note").or_else(|| case.get("control")).and_then(Value::as_str).unwrap().to_owned();
        let found = imported(dialect, &case["source"]);
        let mut fail = |what: &str, found: &Value, expected: &Value| {
            failures.push(format!("{}: {name}: {what}\n  found    {found}\n  expected {expected}", dialect.name()));
        };
        let expected = expand(&case["document"]);
        if found["document"] != expected {
            fail("the document", &found["document"], &expected);
        }
        let notes = found["notes"].as_array().unwrap();
        let levels: Map<String, Value> =
            notes.iter().map(|note| (note["path"].as_str().unwrap().to_owned(), note["level"].clone())).collect();
        if Value::Object(levels.clone()) != case["notes"] {
            fail("the notes", &Value::Object(levels), &case["notes"]);
        }
        for (path, text) in case.get("says").and_then(Value::as_object).into_iter().flatten() {
            let note = notes.iter().find(|note| note["path"] == *path.as_str());
            let message = note.map_or(&Value::Null, |note| &note["message"]);
            if !message.as_str().is_some_and(|message| message.contains(text.as_str().unwrap())) {
                fail(&format!("the message at `{path}`"), message, text);
            }
        }
        let lost = notes.iter().any(|note| note["level"] == "lost");
        let read = Policy::read(&parse(&found["document"].to_string()).unwrap());
        if !lost && read.is_err() {
            fail("nothing is lost, and it can't be read", &json!(format!("{read:?}")), &Value::Null);
        }
    }
    assert!(cases > 100, "only {cases} cases found");
    assert!(failures.is_empty(), "{} failures in {cases} cases:\n{}", failures.len(), failures.join("\n"));
}

/// What stands for many addresses, spelt out.
fn expand(value: &Value) -> Value {
    let id = |network: &str, address: &str| {
        json!(AssetId::new(Network::caip2(network).unwrap(), address).unwrap().to_string())
    };
    match value {
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] if text.starts_with('@') => {
                let (but, symbol) = text[1..].strip_prefix("all but ").map_or((false, &text[1..]), |rest| (true, rest));
                let rows = KNOWN.iter().filter(|row| (row.symbol == symbol) != but);
                rows.map(|row| id(row.network, row.address)).collect()
            }
            items => items.iter().map(expand).collect(),
        },
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), expand(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn every_leaf_of_every_vector_has_one_note() {
    for (dialect, case) in vectors() {
        support::check_notes(dialect, &case["source"]);
    }
}

#[test]
fn what_may_be_secret_is_never_repeated() {
    let secrets = ["hunter2", "approvals.internal", "hooks.example.com", "redis://:secret", "sk-1"];
    let mut met = 0;
    for (dialect, case) in vectors() {
        let source = case["source"].to_string();
        let found = imported(dialect, &case["source"]).to_string();
        for secret in secrets {
            met += usize::from(source.contains(secret));
            assert!(!found.contains(secret), "{secret}: {found}");
        }
    }
    assert!(met >= secrets.len());
}

#[test]
fn dialects_have_names() {
    for dialect in Dialect::ALL {
        assert_eq!(Dialect::named(dialect.name()), Ok(dialect));
        assert_eq!(serde_json::to_value(dialect).unwrap(), json!(dialect.name()));
    }
    let error = Dialect::named("presidoi").unwrap_err();
    assert!(error.contains("did you mean `presidio`?"), "{error}");
}

#[test]
fn the_worst_level_decides() {
    let levels = |source: &str| import(Dialect::X402Firewall, &parse(source).unwrap()).worst();
    let names = [r#"{"max_single_payment_usd":1}"#, r#"{"budget_usd":1}"#, "{}"].map(levels);
    assert_eq!(serde_json::to_value(names).unwrap(), json!(["carried", "differs", "lost"]));
}

/// Every control is a row of the page, and the page says what the import does.
#[test]
fn the_tables_of_the_page() {
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    for (dialect, case) in vectors() {
        let Some(control) = case.get("control").and_then(Value::as_str) else { continue };
        let at: Vec<&str> = case["at"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        let notes = case["notes"].as_object().unwrap();
        let levels = at.iter().map(|path| notes.get(*path).unwrap_or_else(|| panic!("{control}: no note at `{path}`")));
        let worst = levels.map(|level| ["carried", "differs", "lost"].iter().position(|l| level == l).unwrap()).max();
        let level = ["exact", "differs", "lost"][worst.unwrap()];
        let cell = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default().replace('|', "\\|");
        let table = tables
            .entry(dialect.name())
            .or_insert_with(|| String::from("| control | in tollwarden | | why |\n|---|---|---|---|\n"));
        writeln!(table, "| {} | {} | {level} | {} |", cell("control"), cell("form"), cell("why")).unwrap();
    }
    assert_eq!(tables.len(), Dialect::ALL.len());
    let page = fs::read_to_string(DOCS).unwrap();
    let mut written = page.clone();
    for (dialect, table) in &tables {
        let (begin, end) = (format!("<!-- table {dialect} -->\n"), format!("<!-- end {dialect} -->"));
        let (before, rest) = written.split_once(&begin).unwrap_or_else(|| panic!("no place for {dialect}"));
        let (_, after) = rest.split_once(&end).unwrap();
        written = format!("{before}{begin}{table}{end}{after}");
    }
    if std::env::var_os("TOLLWARDEN_WRITE_DOCS").is_some() {
        fs::write(DOCS, &written).unwrap();
    }
    assert!(
        page == written || std::env::var_os("TOLLWARDEN_WRITE_DOCS").is_some(),
        "docs/import.md is not what the vectors say"
    );
}

/// The settings that each peer has, from its own documentation: none may be without a row.
#[test]
fn every_control_of_every_peer_has_a_row() {
    let page = fs::read_to_string(DOCS).unwrap();
    for (dialect, controls) in CONTROLS {
        let (_, rest) = page.split_once(&format!("<!-- table {dialect} -->")).unwrap();
        let (table, _) = rest.split_once("<!-- end").unwrap();
        for control in controls.split_whitespace() {
            assert!(table.contains(control), "{dialect}: `{control}` has no row");
        }
    }
    assert!(leaves(&json!({"a": {"b": [1, {}]}})) == ["a.b[0]", "a.b[1]"]);
}

const CONTROLS: [(&str, &str); 5] = [
    (
        "x402-firewall",
        "budget_usd max_single_payment_usd require_approval_above block_vendors allow_vendors allow_chains block_chains \
         max_payments_per_session on_budget_exceed audit_log audit_path approval_queue webhook_url approval_timeout firewall",
    ),
    (
        "presidio",
        "max_per_call_usd daily_limit_usd per_endpoint max_quote_increase_ratio window_seconds agent_id mpa.threshold \
         mpa.approvers mpa.min_amount_usd mpa.timeout_seconds mpa.dns_rebinding_protection mpa.max_signature_age_seconds \
         approver_id mode webhook_url shared_secret latency_threshold_ms max_per_slo_event_usd cooldown_seconds \
         max_daily_slo_usd tier_escalation_rules trusted_wallets wallet_pinning pii_mode pii_entities pii_action replay_ttl \
         redis_url audit_writer settlement_writer metrics_collector screening_client remote_screening binding \
         decision_ref_emitter capability_chain capability_enforcer payment_signer httpx_client mpa_engine",
    ),
    (
        "paysentry",
        "per_transaction hourly daily weekly monthly currency agentIds serviceIds clientId clientIds cooldownMs deny \
         require_approval flag allow priority agents recipients services protocols minAmount maxAmount currencies metadata \
         blockAbove requireApprovalAbove recipient allowOnlyRecipients denyAll allowAll enabled name id description \
         failureThreshold recoveryTimeoutMs halfOpenMaxRequests failOpen abortOnPolicyDeny defaultAgentId defaultCurrency \
         sessionId",
    ),
    (
        "smart402",
        "max_transaction_amount daily_budget weekly_budget monthly_budget allowed_tokens allowed_chains \
         counterparty_allowlist counterparty_blocklist time_restriction contract_restriction counterparty_familiarity \
         wallet_age_restriction counterparty_risk_threshold token priority fail_mode",
    ),
    ("spend-controls", "maxAmountPerPayment allowedAssets false true network"),
];
