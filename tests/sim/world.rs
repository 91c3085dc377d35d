//! Where the core runs: alone, its own cells the state; or as several wardens on one store, with replies that are lost,
//! conflicts, and crashes at every step. Each step says all that happens in it, so that it can be done again.

use std::cell::Cell;

use tollwarden::audit::Auditor;
use tollwarden::engine::{Engine, writes};
use tollwarden::json::{Json, parse_own};
use tollwarden::ledger::key;
use tollwarden::policy::Policy;
use tollwarden::reply::{Reply, text};

use super::event::Event;
use super::rules::Rules;
use super::store::Store;

/// What becomes of a warden's commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Fine,
    /// The process ends before the store has it.
    CrashBefore,
    /// The process ends after the store has it, before anybody hears of it.
    CrashAfter,
    /// The reply is lost on its way: the warden forgets what it staged.
    LostBefore,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub event: Event,
    pub warden: usize,
    pub fate: Fate,
    /// What another warden does between this one's reading and its commit.
    pub between: Option<Box<Step>>,
    /// The store forgets what has expired, first.
    pub purge: bool,
}

impl Step {
    pub fn of(event: Event) -> Self {
        Self { event, warden: 0, fate: Fate::Fine, between: None, purge: false }
    }
}

/// An event that counts now, with the core's answer to it.
pub type Heard<'a> = &'a mut dyn FnMut(&Event, &Reply) -> Result<(), super::model::Trouble>;

pub enum World {
    Whole(Box<Engine>),
    Store { store: Store, wardens: Vec<Engine>, opened: Box<Opened> },
}

/// What a warden is opened with.
pub struct Opened {
    policy: Policy,
    auditor: Option<Auditor>,
    drawn: Cell<u32>,
}

impl Opened {
    fn new(rules: &Rules, audited: bool) -> Self {
        let document = rules.document().to_string();
        let auditor = Auditor { document, ..Auditor::default() };
        Self { policy: read_policy(rules), auditor: audited.then_some(auditor), drawn: Default::default() }
    }

    fn warden(&self) -> Engine {
        self.audited(Engine::of_store(self.policy.clone(), ""))
    }

    /// Each warden draws a name and a key for a log that begins with it; of the one that is there already it has to use the
    /// log's.
    fn audited(&self, mut engine: Engine) -> Engine {
        if let Some(auditor) = &self.auditor {
            let drawn = self.drawn.get() + 1;
            self.drawn.set(drawn);
            engine.audit(Auditor { log: format!("sim{drawn}"), salt: format!("5a{drawn:06}"), ..auditor.clone() });
        }
        engine
    }
}

pub fn read_policy(rules: &Rules) -> Policy {
    let json = parse_own(&rules.document().to_string()).unwrap();
    Policy::read(&json).unwrap_or_else(|errors| panic!("{errors:?} in {}", rules.document()))
}

impl World {
    pub fn whole(rules: &Rules, audited: bool) -> Self {
        World::Whole(Box::new(Opened::new(rules, audited).audited(Engine::whole(read_policy(rules)))))
    }

    pub fn store(rules: &Rules, wardens: usize, audited: bool) -> Self {
        let opened = Box::new(Opened::new(rules, audited));
        World::Store { store: Store::default(), wardens: (0..wardens).map(|_| opened.warden()).collect(), opened }
    }

    /// Does a step. `heard` is told of each event when it counts: when the store has it, or when it changed nothing.
    pub fn step(&mut self, step: &Step, heard: Heard<'_>) -> Result<(), super::model::Trouble> {
        match self {
            World::Whole(engine) => {
                let reply = engine.line(&step.event.line(), None);
                heard(&step.event, &reply)
            }
            World::Store { store, wardens, opened } => {
                if step.purge {
                    store.purge(clock(store));
                }
                match &step.event {
                    Event::Policy { rules } => reload(store, wardens, opened, rules, heard),
                    Event::Reopen => {
                        wardens.iter_mut().for_each(|warden| *warden = opened.warden());
                        heard(&step.event, &Reply::Done { ok: true })
                    }
                    _ => perform(store, wardens, opened, step, heard),
                }
            }
        }
    }

    /// The cells, as text, but for the head of the audit log.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut texts = match self {
            World::Whole(engine) => engine.ledger().texts(),
            World::Store { store, .. } => store.texts(clock(store)),
        };
        texts.retain(|(name, _)| name != key::AUDIT);
        texts
    }

    /// The audit records since the last call.
    pub fn take_records(&mut self) -> Vec<String> {
        match self {
            World::Whole(engine) => engine.take_records(),
            World::Store { store, .. } => store.take_records(),
        }
    }
}

/// The latest time that the ledger has seen, as its cell says.
fn clock(store: &Store) -> u64 {
    let text = store.load("clock", 0).1.unwrap_or(r#"{"clock":0}"#);
    text.trim_start_matches(r#"{"clock":"#).trim_end_matches('}').parse().unwrap()
}

/// One event through one warden, as the wrapper does it: decide from the cells that it has kept, have the store check them;
/// where they are others by now, or it has none, load what is asked for, decide, commit, and again on a conflict.
fn perform(
    store: &mut Store,
    wardens: &mut [Engine],
    opened: &Opened,
    step: &Step,
    heard: Heard<'_>,
) -> Result<(), super::model::Trouble> {
    let line = step.event.line();
    let now = clock(store).max(step.event.at());
    let mut between = step.between.as_deref();
    loop {
        let warden = &mut wardens[step.warden];
        // What only asks about many cells says nothing of what it read: it starts from the store.
        let asks = matches!(step.event, Event::Budgets { .. });
        if asks {
            warden.forget();
        }
        let trusting = !warden.ledger().is_empty();
        warden.presume(trusting);
        if asks {
            store.scan("budget/").for_each(|(key, version, value)| warden.load(key, version, Some(value)).unwrap());
        }
        let reply = loop {
            match warden.line(&line, None) {
                Reply::Missing { missing } => {
                    for key in missing {
                        let (version, value) = store.load(&key, now);
                        warden.load(&key, version, value).unwrap();
                    }
                }
                reply => break reply,
            }
        };
        let staged = warden.staged().clone();
        let writes = writes(&staged);
        let interrupted = between.is_some();
        if let Some(other) = between.take() {
            perform(store, wardens, opened, other, heard)?;
        }
        if matches!(step.fate, Fate::CrashBefore | Fate::LostBefore) {
            match step.fate {
                Fate::CrashBefore => wardens[step.warden] = opened.warden(),
                _ => wardens[step.warden].forget(),
            }
            return Ok(());
        }
        let (idle, unread) = (writes.is_empty(), staged.read.is_empty());
        let settled = match idle {
            // From cells that it has kept: the store says whether they still are as they were.
            true if trusting => {
                let stands = !unread && store.commit(&staged.read, writes, now);
                if stands {
                    heard(&step.event, &reply)?;
                }
                stands
            }
            // Nothing to write: the answer stands, if nothing happened in between that it may not have seen.
            true => {
                if !interrupted {
                    heard(&step.event, &reply)?;
                }
                true
            }
            false if store.commit(&staged.read, writes, now) => {
                heard(&step.event, &reply)?;
                true
            }
            false => false,
        };
        match settled && !asks {
            true => drop(wardens[step.warden].taken(store.version())),
            false => wardens[step.warden].forget(),
        }
        if settled {
            if step.fate == Fate::CrashAfter {
                wardens[step.warden] = opened.warden();
            }
            return Ok(());
        }
    }
}

/// All wardens take the same policy over; what one says, all have to say.
fn reload(
    store: &Store,
    wardens: &mut [Engine],
    opened: &mut Opened,
    rules: &Rules,
    heard: Heard<'_>,
) -> Result<(), super::model::Trouble> {
    let document: Json = parse_own(&rules.document().to_string()).unwrap();
    let cells: Vec<_> = store.scan("budget/").chain(store.scan("latest/")).collect();
    let mut replies = wardens.iter_mut().map(|warden| {
        warden.reload(&document, cells.iter().map(|(key, version, value)| (*key, *version, Some(*value)))).unwrap()
    });
    let first = replies.next().unwrap();
    assert!(replies.all(|reply| text(&reply) == text(&first)), "wardens on one store differ about a policy");
    opened.policy = wardens[0].policy().clone();
    if let (Some(auditor), Reply::Policy { ok: true, .. }) = (&mut opened.auditor, &first) {
        auditor.document = document.canonical();
    }
    heard(&Event::Policy { rules: Box::new(rules.clone()) }, &first)
}
