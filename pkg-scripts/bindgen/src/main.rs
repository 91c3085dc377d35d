//! Writes the JavaScript bindings of a wasm module: `tollwarden-bindgen <module.wasm> <name> <folder>`.

use std::process::ExitCode;

use wasm_bindgen_cli_support::{Bindgen, EncodeInto};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, name, folder] = arguments.as_slice() else {
        eprintln!("usage: tollwarden-bindgen <module.wasm> <name> <folder>");
        return ExitCode::from(2);
    };
    match write_bindings(module, name, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("no bindings for `{module}`: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_bindings(module: &str, name: &str, folder: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| format!("{error:#}"))?;
    bindgen
        .input_path(module)
        .out_name(name)
        .typescript(true)
        // The module is handed in by js/core/load.ts. A `new URL("x.wasm")` here would make bundlers ship it twice.
        .omit_default_module_path(true)
        // Strings go straight into wasm memory, without a copy between.
        .encode_into(EncodeInto::Always)
        .remove_name_section(true)
        .remove_producers_section(true)
        // A panic leaves the instance unusable. `__wbg_reset_state` makes a new one, empty, from the same module.
        .reset_state_function(true);
    bindgen.generate(folder).map_err(|error| format!("{error:#}"))
}
