//! Whole runs: the simulator's actors, policy, world and model (docs/simulator.md), led by the fuzzer's bytes instead of a
//! seed. The model is the oracle: every answer and every cell has to be what the documents say.
#![no_main]
#![allow(dead_code)]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/sim/actors.rs"]
mod actors;
#[path = "../../tests/sim/event.rs"]
mod event;
#[path = "../../tests/sim/model/mod.rs"]
mod model;
#[path = "../src/rng.rs"]
mod rng;
#[path = "../../tests/sim/rules.rs"]
mod rules;
#[path = "../../tests/sim/run.rs"]
mod run;
#[path = "../../tests/sim/store.rs"]
mod store;
#[path = "../../tests/sim/world.rs"]
mod world;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let keep = match first % 4 {
        0 => run::Keep::Events,
        1 => run::Keep::Log,
        _ => run::Keep::Nothing,
    };
    rng::feed(rest);
    if let Err(failure) = run::run_seed(u64::from(*first), keep) {
        panic!("{}", run::report(u64::from(*first), &failure));
    }
});
