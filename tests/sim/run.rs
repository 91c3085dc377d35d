//! One run: actors, a world and the model, step by step, until something is wrong or the payments are made.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use tollwarden::audit::replay::Replayer;
use tollwarden::audit::verify::Verifier;
use tollwarden::engine::Engine;
use tollwarden::ledger::key;
use tollwarden::reply::{Reply, text};

use super::actors::{Actors, Plan};
use super::event::Event;
use super::model::{Check, Model, Trouble, trouble};
use super::rng::Rng;
use super::rules::Rules;
use super::world::{Step, World, read_policy};

/// What came of a run that went well.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub payments: u64,
    pub held: u64,
    pub events: u64,
}

/// What is kept of a run, to be told again at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Nothing,
    /// The events, for a fresh engine.
    Events,
    /// The audit log, for a verifier and a replay.
    Log,
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub trouble: Trouble,
    pub steps: Vec<Step>,
    pub rules: Rules,
    pub wardens: usize,
    pub keep: Keep,
}

impl Failure {
    /// How many payments were asked for until then.
    #[cfg(feature = "faults")]
    pub fn payments(&self) -> u64 {
        self.steps.iter().filter(|step| matches!(step.event, Event::Authorize { .. })).count() as u64
    }
}

/// A run that is going on.
pub struct Run {
    pub model: Model,
    world: World,
    /// The events that counted, in the order in which they did, with their answers where those are wanted.
    pub recorded: Vec<(Event, Option<String>)>,
    first: Rules,
    keep: Keep,
    log: Vec<String>,
    purged: bool,
}

impl Run {
    pub fn new(rules: &Rules, wardens: usize, keep: Keep) -> Self {
        let audited = keep == Keep::Log;
        let world = if wardens == 0 { World::whole(rules, audited) } else { World::store(rules, wardens, audited) };
        Self {
            model: Model::new(rules.clone()),
            world,
            recorded: Vec::new(),
            first: rules.clone(),
            keep,
            log: Vec::new(),
            purged: false,
        }
    }

    pub fn step(&mut self, step: &Step) -> Check {
        // What denies leaves no trace: looked at now and then, because it costs a copy of everything.
        let watched =
            matches!((&step.event, &self.world), (Event::Authorize { ask, .. }, World::Whole(_)) if ask.id % 251 == 0);
        let reopened = step.event == Event::Reopen && !step.purge;
        let before = (watched || reopened).then(|| self.world.texts());
        let open_before = self.model.open().count();

        let Self { model, world, recorded, log, keep, .. } = self;
        self.purged |= step.purge;
        let mut denied = false;
        world.step(step, &mut |event, reply| {
            if *keep == Keep::Events {
                recorded.push((event.clone(), Some(text(reply))));
            }
            denied =
                matches!(reply, Reply::Decision(decision) if decision.state.is_none() && decision.approval.is_none());
            model.step(event, reply)
        })?;
        log.append(&mut world.take_records());
        if let Some(before) = before {
            let swept = self.model.open().count() != open_before;
            if (reopened || (denied && !swept)) && self.world.texts() != before {
                let invariant = if reopened { "reopening" } else { "denial leaves a trace" };
                return trouble(invariant, format!("{:?} changed cells", step.event));
            }
        }
        Ok(())
    }

    /// At the end: every payment is there as it should be, and what was recorded gives the same state again.
    pub fn end(&mut self) -> Check {
        let at = self.model.clock;
        self.step(&Step::of(Event::Budgets { at }))?;
        let texts = self.world.texts();
        let engine = opened(&self.model.rules, &texts);
        self.holds(&engine)?;
        if engine.ledger().texts() != texts {
            return trouble("reopening", "the cells read and written again are other cells");
        }
        match self.keep {
            Keep::Events if !self.purged => self.replayed(&texts),
            Keep::Log => self.log_replayed(&texts),
            _ => Ok(()),
        }
    }

    /// The policy, the events that counted, and the SHA-256 of all answers, a line each.
    pub fn script(&self) -> String {
        let mut script = format!("{}\n", self.first.document());
        let mut hash = Sha256::new();
        for (event, answer) in &self.recorded {
            let _ = writeln!(script, "{}", event.line());
            hash.update(answer.as_deref().unwrap_or_default());
            hash.update("\n");
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        script + &hex + "\n"
    }

    fn holds(&self, engine: &Engine) -> Check {
        let mut seen = 0;
        for hold in engine.ledger().holds(self.model.clock) {
            let Some(index) =
                hold.id.strip_prefix('p').and_then(|id| self.model.find(id.parse().ok()?, self.model.clock))
            else {
                continue;
            };
            let payment = &self.model.payments[index];
            seen += 1;
            let got = (hold.state, hold.captured.get(), hold.refunded.get(), hold.ground);
            let want = (payment.state, payment.captured, payment.refunded, payment.ground);
            if got != want {
                return trouble("state", format!("{} ended as {got:?}, where {want:?} stands", hold.id));
            }
        }
        let all = (0..self.model.payments.len())
            .filter(|index| self.model.find(self.model.payments[*index].ask.id, self.model.clock) == Some(*index));
        match all.count() == seen {
            true => Ok(()),
            false => trouble("lost", format!("{seen} holds are there, of {}", self.model.payments.len())),
        }
    }

    /// What was recorded, told to a fresh engine, gives the same answers and the same cells.
    fn replayed(&self, texts: &[(String, String)]) -> Check {
        let mut engine = Engine::whole(read_policy(&self.first));
        for (event, answer) in &self.recorded {
            let again = text(&engine.line(&event.line(), None));
            if Some(&again) != answer.as_ref() {
                return trouble("replay", format!("{event:?}: {again}, where it was {answer:?}"));
            }
        }
        match engine.ledger().texts() == texts {
            true => Ok(()),
            false => trouble("replay", "the same events gave other cells"),
        }
    }

    /// The audit log is good, and makes the same ledger again.
    fn log_replayed(&self, texts: &[(String, String)]) -> Check {
        let (mut verifier, mut replayer) = (Verifier::default(), Replayer::default());
        for line in &self.log {
            let line = format!("{line}\n");
            verifier.push(line.as_bytes());
            replayer.push(line.as_bytes());
        }
        let mut made = replayer.engine().map_or_else(Vec::new, |engine| engine.ledger().texts());
        made.retain(|(name, _)| name != key::AUDIT);
        if self.purged {
            // Of what only the replay still has, nothing matters any more.
            let fades =
                |name: &str| name.starts_with(key::BUDGETS) || name.starts_with(key::LATEST) || name == key::PROMPTS;
            made.retain(|cell| texts.contains(cell) || !fades(&cell.0));
        }
        if let Some(fault) = verifier.finish().fault {
            return trouble("audit log", format!("{fault:?}"));
        }
        let replayed = replayer.finish();
        if !replayed.same {
            return trouble("audit log", format!("it replays otherwise: {:?}", replayed.differences));
        }
        match made == texts {
            true => Ok(()),
            false => trouble("audit log", "its replay gave other cells"),
        }
    }
}

/// An engine on these cells.
fn opened(rules: &Rules, texts: &[(String, String)]) -> Engine {
    let mut engine = Engine::whole(read_policy(rules));
    texts.iter().for_each(|(name, text)| engine.load(name, 0, Some(text)).unwrap());
    engine
}

/// The run of a seed. `keep` records what counted, and replays it at the end.
///
/// # Errors
/// The first thing that was wrong, with the steps that led to it.
pub fn run_seed(seed: u64, keep: Keep) -> Result<(Tally, Run), Box<Failure>> {
    let mut rng = Rng::new(seed);
    let plan = Plan::random(&mut rng);
    let mut run = Run::new(&plan.rules, plan.wardens(), keep);
    let mut actors = Actors::new(rng, plan.temper.clone());
    let mut steps = Vec::new();
    let fail = |trouble, steps: Vec<Step>| {
        Box::new(Failure { trouble, steps, rules: plan.rules.clone(), wardens: plan.wardens(), keep })
    };
    while actors.asked() < plan.payments {
        let step = actors.step(&run.model);
        steps.push(step.clone());
        if let Err(trouble) = run.step(&step) {
            return Err(fail(trouble, steps));
        }
    }
    if let Err(trouble) = run.end() {
        return Err(fail(trouble, steps));
    }
    let tally = Tally { payments: actors.asked(), held: run.model.payments.len() as u64, events: steps.len() as u64 };
    Ok((tally, run))
}

/// Does the same steps again.
///
/// # Errors
/// The first thing that is wrong.
pub fn run_steps(rules: &Rules, wardens: usize, keep: Keep, steps: &[Step]) -> Check {
    let mut run = Run::new(rules, wardens, keep);
    steps.iter().try_for_each(|step| run.step(step))?;
    run.end()
}

fn kept(failure: &Failure) -> Keep {
    if failure.keep == Keep::Log { Keep::Log } else { Keep::Events }
}

/// Leaves out all steps that the trouble does not need, halves first, then one by one.
pub fn shrink(failure: &Failure) -> Vec<Step> {
    let fails = |steps: &[Step]| {
        run_steps(&failure.rules, failure.wardens, kept(failure), steps)
            .is_err_and(|trouble| trouble.invariant == failure.trouble.invariant)
    };
    let mut steps = failure.steps.clone();
    if !fails(&steps) {
        return steps;
    }
    let mut size = steps.len() / 2;
    let mut tries = 0;
    while size > 0 && tries < 3_000 {
        let mut from = 0;
        while from < steps.len() {
            let to = (from + size).min(steps.len());
            let fewer: Vec<Step> = steps[..from].iter().chain(&steps[to..]).cloned().collect();
            tries += 1;
            if fails(&fewer) { steps = fewer } else { from = to }
        }
        size /= 2;
    }
    steps
}

/// What went wrong, how to run it again, and the shortest script that shows it.
pub fn report(seed: u64, failure: &Failure) -> String {
    let Failure { trouble, rules, wardens, .. } = failure;
    let keep = kept(failure);
    let steps = shrink(failure);
    let mut out = format!(
        "seed {seed}: {}: {}\nrun it again: TOLLWARDEN_SIM_SEED={seed} cargo test --test sim one_seed -- --nocapture\n",
        trouble.invariant, trouble.message
    );
    let _ = writeln!(
        out,
        "{} of {} steps show it, with {wardens} wardens on a store, under the policy",
        steps.len(),
        failure.steps.len()
    );
    let _ = writeln!(out, "{}", rules.document());
    for step in &steps {
        let _ = writeln!(out, "{}", step.event.line());
        if let Some(other) = &step.between {
            let _ = writeln!(out, "  warden {} in between: {}", other.warden, other.event.line());
        }
        if *wardens > 0 {
            let _ =
                writeln!(out, "  warden {}, {:?}{}", step.warden, step.fate, if step.purge { ", purge" } else { "" });
        }
    }
    if let Err(last) = run_steps(rules, *wardens, keep, &steps) {
        let _ = writeln!(out, "{}: {}", last.invariant, last.message);
    }
    out
}
