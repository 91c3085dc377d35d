//! A verb at work on the cells: what it has read, and what it changes. Cells that aren't here yet are asked for, never
//! guessed.

use std::borrow::Cow;

use crate::approval::Approval;
use crate::approval::freeze::Freeze;
use crate::approval::prompt::{Prompt, REMEMBERED};
use crate::audit::head::Head;
use crate::faults::fault;
use crate::ledger::cells::{Cell, Change, Found, Ledger, Open, Seen};
use crate::ledger::hold::Hold;
use crate::ledger::key;
use crate::ledger::tally::Tally;
use crate::money::Amount;
use crate::order::{Map, set};
use crate::time::Millis;
use crate::trace::EntryTrace;

/// A verb needs cells that are not here: load them and ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<String>);

/// A verb at work: it sees the ledger with its own changes on top.
#[derive(Debug)]
pub struct Working<'a> {
    ledger: &'a Ledger,
    at: Millis,
    /// What the verb rests on, as it found it: a commit checks the version of each.
    found: Map<Found<'a>>,
    /// What the verb changes.
    pub changes: Map<Change>,
    /// Where the caller checks it afterwards: what is not here and most likely nowhere is taken for absent.
    presumes: bool,
    /// Where somebody wants to know: what each rule said to each entry of the offer.
    pub trace: Option<Vec<EntryTrace>>,
}

impl Ledger {
    /// Begins a verb on these cells, as they are at this time, or at the latest seen where that is later.
    #[must_use]
    pub fn begin(&self, at: Millis) -> Working<'_> {
        Working::new(self, at.max(self.clock()))
    }
}

impl<'a> Working<'a> {
    /// Nothing read and nothing changed yet.
    #[must_use]
    fn new(ledger: &'a Ledger, at: Millis) -> Self {
        // More than most verbs rest on, and than most change.
        let (found, changes) = (Map::with_capacity(24), Map::with_capacity(12));
        Self { ledger, at, found, changes, presumes: false, trace: None }
    }

    /// From now on what [`Working::presume`] names is taken for absent. For a caller who has the store check the version of
    /// each cell that was read, whatever the answer is.
    pub fn presuming(&mut self) {
        self.presumes = true;
    }

    /// Cells of this payment's own, which nobody can have written before: those that are not here are not asked for.
    pub fn presume<'k>(&mut self, keys: impl IntoIterator<Item = &'k String>) {
        if self.presumes {
            for key in keys {
                if self.ledger.find(key).is_none() {
                    self.found.insert(key.clone(), Found::default());
                }
            }
        }
    }

    /// The time that the verb goes by.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.at
    }

    /// The same ledger with the same changes, to try something out on.
    #[must_use]
    pub fn scratch(&self) -> Self {
        let (found, changes) = (self.found.clone(), self.changes.clone());
        Self { ledger: self.ledger, at: self.at, found, changes, presumes: self.presumes, trace: None }
    }

    /// What the verb rests on, each cell with its version, and what it changes.
    #[must_use]
    pub fn done(self) -> (Vec<(String, u64)>, Map<Change>) {
        (self.found.into_iter().map(|(key, found)| (key, found.version)).collect(), self.changes)
    }

    /// Asks for several cells at once, so that a verb loads what it needs in one go.
    ///
    /// # Errors
    /// The keys that are not here, each once.
    pub fn need<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>) -> Result<(), Missing> {
        self.need_each(&mut keys.into_iter().map(Cow::Borrowed))
    }

    /// The same for keys that were made for it.
    ///
    /// # Errors
    /// The keys that are not here, each once.
    pub fn need_all(&mut self, keys: Vec<String>) -> Result<(), Missing> {
        self.need_each(&mut keys.into_iter().map(Cow::Owned))
    }

    fn need_each(&mut self, keys: &mut dyn Iterator<Item = Cow<'_, str>>) -> Result<(), Missing> {
        let mut missing = Vec::new();
        for key in keys {
            let Err(place) = self.found.place(&key) else { continue };
            match self.ledger.find(&key) {
                Some(found) => self.found.insert_at(place, key.into_owned(), found),
                None => missing.push(key.into_owned()),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Missing(set(missing).into_iter().collect())) }
    }

    fn get(&mut self, key: &str) -> Result<Option<&Cell>, Missing> {
        let found = match self.found.place(key) {
            Ok(place) => self.found.at(place).copied().unwrap_or_default(),
            Err(place) => {
                let Some(found) = self.ledger.find(key) else { return Err(Missing(vec![key.to_owned()])) };
                self.found.insert_at(place, key.to_owned(), found);
                found
            }
        };
        Ok(match self.changes.get(key) {
            Some(change) => change.cell.as_ref(),
            None => found.cell,
        })
    }

    /// Changes a cell.
    pub fn put(&mut self, key: &str, cell: Cell, expires: Option<Millis>) {
        self.changes.insert(key.to_owned(), Change::to(Some(cell), expires));
    }

    /// Takes a cell away.
    pub fn remove(&mut self, key: &str) {
        self.changes.insert(key.to_owned(), Change::to(None, None));
    }

    /// A budget's tally; an absent one is empty.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn tally(&mut self, key: &str) -> Result<Tally, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Budget(tally)) => tally.clone(),
            _ => Tally::default(),
        })
    }

    /// A hold by its id, while it is remembered.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn hold(&mut self, id: &str) -> Result<Option<Hold>, Missing> {
        let at = self.at;
        Ok(match self.get(&key::hold(id))? {
            Some(Cell::Hold(hold)) if hold.is_remembered(at) => Some((**hold).clone()),
            _ => None,
        })
    }

    /// The open holds.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn open(&mut self) -> Result<&[Open], Missing> {
        Ok(match self.get(key::OPEN)? {
            Some(Cell::Open(open)) => open,
            _ => &[],
        })
    }

    /// The questions about a request that are not over, the newest first.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn asked(&mut self, key: &str, now: Millis) -> Result<Vec<Open>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Open(asked)) => asked.iter().filter(|open| open.until > now).cloned().collect(),
            _ => Vec::new(),
        })
    }

    /// The holds of an intent whose outcome is unknown.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn intent(&mut self, key: &str) -> Result<Vec<String>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Intent(ids)) => ids.clone(),
            _ => Vec::new(),
        })
    }

    /// A freeze: that of everything, or of one agent.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn freeze(&mut self, key: &str) -> Result<Option<Freeze>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Freeze(freeze)) => Some(freeze.clone()),
            _ => None,
        })
    }

    /// A question to people, and what they said.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn approval(&mut self, id: &str, now: Millis) -> Result<Option<Approval>, Missing> {
        Ok(match self.get(&key::approval(id))? {
            Some(Cell::Approval(asked)) if asked.until.saturating_add(REMEMBERED) > now => Some((**asked).clone()),
            _ => None,
        })
    }

    /// The questions to people that stand, and those whose time has just ended.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn prompts(&mut self) -> Result<Vec<Prompt>, Missing> {
        Ok(match self.get(key::PROMPTS)? {
            Some(Cell::Prompts(prompts)) => prompts.clone(),
            _ => Vec::new(),
        })
    }

    /// How many payments to an address were captured.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn payments(&mut self, key: &str) -> Result<u64, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Payee(payments)) => *payments,
            _ => 0,
        })
    }

    /// The address that an origin was first paid at.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn pin(&mut self, key: &str) -> Result<Option<String>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Pin(address)) => Some(address.clone()),
            _ => None,
        })
    }

    /// The first price of a route, in atomic units.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn price(&mut self, key: &str) -> Result<Option<Amount>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Price(amount)) => Some(*amount),
            _ => None,
        })
    }

    /// When the latest payment was authorized that a rate counts.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn latest(&mut self, key: &str) -> Result<Option<Millis>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Latest(at)) => Some(*at),
            _ => None,
        })
    }

    /// The head of the audit log.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn audit(&mut self) -> Result<Option<Head>, Missing> {
        Ok(match self.get(key::AUDIT)? {
            Some(Cell::Audit(head)) => Some((**head).clone()),
            _ => None,
        })
    }

    /// A payment that was held and is still remembered at this time.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn seen(&mut self, key: &str, now: Millis) -> Result<Option<Seen>, Missing> {
        Ok(match self.get(key)? {
            Some(Cell::Seen(seen)) if seen.until > now => Some(seen.clone()),
            _ => None,
        })
    }

    /// The latest time seen; nothing in a ledger that nothing was done in yet.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn clock(&mut self) -> Result<Option<Millis>, Missing> {
        Ok(match self.get(key::CLOCK)? {
            Some(Cell::Clock(seen)) => Some(*seen),
            _ => None,
        })
    }

    /// The key of this ledger's fingerprints, in hex; drawn once.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn salt(&mut self) -> Result<String, Missing> {
        if let Some(Cell::Salt(salt)) = self.get(key::SALT)? {
            return Ok(salt.clone());
        }
        let salt = self.ledger.salt().to_owned();
        self.put(key::SALT, Cell::Salt(salt.clone()), None);
        Ok(salt)
    }

    /// Time never runs backwards: the later of this time and the latest seen, which it becomes.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn time(&mut self, now: Millis) -> Result<Millis, Missing> {
        let seen = match self.get(key::CLOCK)? {
            Some(Cell::Clock(seen)) => *seen,
            _ => 0,
        };
        if now > seen {
            self.put(key::CLOCK, Cell::Clock(now), None);
        }
        Ok(if fault!("clock-back") { now } else { now.max(seen) })
    }
}
