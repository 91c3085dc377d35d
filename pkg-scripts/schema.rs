//! Prints the JSON Schema of the types that cross the boundary, and with `policy` that of a policy. Run natively; it
//! adds nothing to the module.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use tollwarden::decision::{BudgetLine, Decision, Outcome};
use tollwarden::explain::Description;
use tollwarden::policy::PolicyError;
use tollwarden::policy::document::Document;
use tollwarden::reason::Reason;
use tollwarden::trace::Trace;

/// All types that cross the boundary, so that one schema holds their definitions. Its fields have no words of their own:
/// beside a reference, they would make TypeScript's generator write each type twice.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Boundary {
    decision: Decision,
    outcome: Outcome,
    budget: BudgetLine,
    error: PolicyError,
    policy: Document,
    reason: Reason,
    trace: Trace,
    description: Description,
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}

fn main() -> std::process::ExitCode {
    let schema = match std::env::args().nth(1).as_deref() {
        Some("policy") => schema::<Document>(),
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
