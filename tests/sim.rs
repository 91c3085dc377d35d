//! The simulator: actors by chance, the shipped core, and an independent model written from the documents; see
//! docs/simulator.md. Twenty thousand payments by default, and more in `npm test`; `TOLLWARDEN_SIM_PAYMENTS` for
//! another number, `TOLLWARDEN_SIM_SEED` for one run by its seed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a run that can't go on has failed")]
#![expect(clippy::arithmetic_side_effects, reason = "figures of a test are small")]
#![expect(clippy::indexing_slicing, reason = "places that were just found, and JSON values made by naming members")]

use std::sync::atomic::{AtomicU64, Ordering};

#[path = "sim/actors.rs"]
mod actors;
#[path = "sim/event.rs"]
mod event;
#[path = "sim/model/mod.rs"]
mod model;
#[path = "sim/properties.rs"]
mod properties;
#[path = "support/random_policy.rs"]
mod random_policy;
#[path = "sim/rng.rs"]
mod rng;
#[path = "sim/rules.rs"]
mod rules;
#[path = "sim/run.rs"]
mod run;
#[path = "sim/store.rs"]
mod store;
#[path = "sim/world.rs"]
mod world;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`, not a number")))
}

fn keep(seed: u64) -> run::Keep {
    match seed % 8 {
        0 => run::Keep::Events,
        4 => run::Keep::Log,
        _ => run::Keep::Nothing,
    }
}

/// Runs seed after seed on two threads, until so many payments were asked for.
fn payments(most: u64, first_seed: u64) -> run::Tally {
    let (next, made) = (AtomicU64::new(first_seed), AtomicU64::new(0));
    let work = || {
        let mut sum = run::Tally::default();
        while made.load(Ordering::Relaxed) < most {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            // Every fourth run is replayed, which costs it twice: from its events, or from its audit log.
            let (tally, _) = run::run_seed(seed, keep(seed)).unwrap_or_else(|failure| {
                made.store(u64::MAX, Ordering::Relaxed);
                panic!("{}", run::report(seed, &failure))
            });
            made.fetch_add(tally.payments, Ordering::Relaxed);
            sum.payments += tally.payments;
            sum.held += tally.held;
            sum.events += tally.events;
        }
        sum
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mine = work();
        let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        run::Tally {
            payments: mine.payments + other.payments,
            held: mine.held + other.held,
            events: mine.events + other.events,
        }
    })
}

#[test]
fn the_core_does_what_the_documents_say() {
    let since = std::time::Instant::now();
    let most = number("TOLLWARDEN_SIM_PAYMENTS").unwrap_or(20_000);
    let tally = payments(most, number("TOLLWARDEN_SIM_FIRST_SEED").unwrap_or(1));
    let run::Tally { payments, held, events } = tally;
    println!("{payments} payments, {held} of them held, {events} events, in {:.1} s", since.elapsed().as_secs_f64());
    assert!(payments >= most && held * 3 > payments, "{payments} payments, {held} of them held");
}

/// Writes what a few seeds do, for another build of the core to do the same: the policy, then the events, then the hash
/// of all answers (tests/sim.test.ts).
#[test]
fn scripts() {
    let Ok(folder) = std::env::var("TOLLWARDEN_SIM_SCRIPTS") else { return };
    for seed in 1..=number("TOLLWARDEN_SIM_SCRIPT_COUNT").unwrap_or(20) {
        let (_, run) =
            run::run_seed(seed, run::Keep::Events).unwrap_or_else(|failure| panic!("{}", run::report(seed, &failure)));
        std::fs::write(format!("{folder}/{seed}.ndjson"), run.script()).unwrap();
    }
}

#[test]
fn one_seed() {
    let Some(seed) = number("TOLLWARDEN_SIM_SEED") else { return };
    let keep = if keep(seed) == run::Keep::Log { run::Keep::Log } else { run::Keep::Events };
    if let Err(failure) = run::run_seed(seed, keep) {
        panic!("{}", run::report(seed, &failure));
    }
}

/// The test of the simulator's teeth: each deliberate fault of the core is found.
#[cfg(feature = "faults")]
mod teeth {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tollwarden::faults::{FAULTS, switch};

    use super::run;

    /// By this many payments, the latest, each fault has to be found.
    const BOUND: u64 = 60_000;

    /// The seed, the invariant, and how many payments it took.
    fn hunt(name: &str) -> Option<(u64, String, u64)> {
        switch(Some(name)).unwrap();
        let mut payments = 0;
        for seed in 1.. {
            match std::panic::catch_unwind(|| run::run_seed(seed, run::Keep::Nothing).map(|(tally, _)| tally)) {
                Ok(Ok(tally)) => payments += tally.payments,
                Ok(Err(failure)) => {
                    return Some((seed, failure.trouble.invariant.to_owned(), payments + failure.payments()));
                }
                Err(_) => return Some((seed, String::from("panic"), payments)),
            }
            if payments > BOUND {
                return None;
            }
        }
        None
    }

    #[test]
    fn every_fault_is_found() {
        let only = std::env::var("TOLLWARDEN_SIM_FAULT").ok();
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            while let Some((name, what)) = FAULTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                if only.as_ref().is_none_or(|only| only == name) {
                    let hunted = hunt(name);
                    println!("{name}: {hunted:?}");
                    found.lock().unwrap().push((*name, *what, hunted));
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        let mut found = found.into_inner().unwrap();
        found.sort_by_key(|(name, ..)| FAULTS.iter().position(|(known, _)| known == name));
        for (name, what, hunted) in &found {
            match hunted {
                Some((_, invariant, payments)) => println!("| `{name}` | {what} | {invariant} | {payments} |"),
                None => println!("| `{name}` | {what} | NOT FOUND | |"),
            }
        }
        let missed: Vec<&str> = found.iter().filter(|(.., hunted)| hunted.is_none()).map(|(name, ..)| *name).collect();
        assert!(missed.is_empty() && FAULTS.len() >= 30, "not found: {missed:?}");
    }
}
