//! Prints the JSON Schema of the types that cross the boundary, and with `policy` that of a policy. Run natively; it
//! adds nothing to the module.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use tollwarden::approval::switch::FreezeLine;
use tollwarden::approval::view::ApprovalView;
use tollwarden::decision::{BudgetLine, Decision, HoldLine, Outcome};
use tollwarden::explain::Description;
use tollwarden::policy::PolicyError;
use tollwarden::policy::document::Document;
use tollwarden::privacy::told::Scan;
use tollwarden::reason::Reason;
use tollwarden::trace::Trace;

/// All types that cross the boundary, so that one schema holds their definitions. Its fields have no words of their own:
/// beside a reference, they would make TypeScript's generator write each type twice.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Boundary {
    decision: Decision,
    approval: ApprovalView,
    freeze: FreezeLine,
    outcome: Outcome,
    budget: BudgetLine,
    hold: HoldLine,
    error: PolicyError,
    policy: Document,
    reason: Reason,
    trace: Trace,
    description: Description,
    scan: Scan,
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}

/// The policy as people write it: figures as decimal texts, or as plain numbers where TOML and YAML make them so.
fn policy() -> Schema {
    let mut schema = schema::<Document>();
    schema.insert(String::from("title"), "tollwarden policy".into());
    let figure = |text: &str, description: &str| {
        serde_json::json!({
            "description": description,
            "anyOf": [{ "type": "string", "pattern": text }, { "type": "number", "minimum": 0 }]
        })
    };
    let decimal = r"^\$?(0|[1-9][0-9]*)(\.[0-9]{1,18})?$";
    if let Some(defs) = schema.get_mut("$defs").and_then(serde_json::Value::as_object_mut) {
        let usd = "US dollars, such as `1.50`: exact, with up to 18 decimals. A text is the safest way to write it.";
        defs.insert(String::from("Usd"), figure(decimal, usd));
        let rate = "What one whole token costs, in US dollars, such as `1.08`; above zero.";
        defs.insert(String::from("Rate"), figure(decimal, rate));
        let amount = "An amount of some asset, in its atomic units, as a text of digits.";
        let pattern = "^(0|[1-9][0-9]{0,38})$";
        // The one figure that has to be there: the generator writes out what it is, instead of naming it.
        if let Some(agreed) = defs.get_mut("AgreedSection").and_then(|section| section.pointer_mut("/properties/usd")) {
            *agreed = serde_json::json!({ "description": agreed["description"], "$ref": "#/$defs/Usd" });
        }
        let amount = serde_json::json!({ "description": amount, "type": "string", "pattern": pattern });
        defs.insert(String::from("Amount"), amount);
    }
    schema
}

fn main() -> std::process::ExitCode {
    let schema = match std::env::args().nth(1).as_deref() {
        Some("policy") => policy(),
        None => schema::<Boundary>(),
        Some(other) => {
            eprintln!("schema: unknown argument `{other}`; expected `policy` or nothing");
            return std::process::ExitCode::from(2);
        }
    };
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => {
            println!("{text}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("schema: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
