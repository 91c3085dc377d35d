//! The working set: small cells, each under a text key. A verb reads some and changes some; what it read and what it
//! changed goes to the store as one compare-and-swap. Cells that aren't here yet are asked for, never guessed.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::approval::Approval;
use crate::approval::freeze::{Freeze, freeze_key};
use crate::approval::prompt::Prompt;
use crate::audit::head::Head;
use crate::faults::fault;
use crate::json::parse_own;
use crate::ledger::hold::Hold;
use crate::ledger::key;
use crate::ledger::stored::Stored;
use crate::ledger::tally::Tally;
use crate::money::Amount;
use crate::order::Map;
use crate::time::Millis;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A budget's tally.
    Budget(Tally),
    /// A hold.
    Hold(Box<Hold>),
    /// The open holds: each with the time at which something becomes of it by itself. Or the questions about one request.
    Open(Vec<Open>),
    /// The open holds of one intent whose outcome is unknown, by id.
    Intent(Vec<String>),
    /// A freeze, of everything or of one agent: it is there until it is lifted.
    Freeze(Freeze),
    /// The latest time seen, in milliseconds: time never runs backwards.
    Clock(Millis),
    /// A question to people, and what they said.
    Approval(Box<Approval>),
    /// The questions that stand.
    Prompts(Vec<Prompt>),
    /// How many payments to an address were captured.
    Payee(u64),
    /// The address that an origin was first paid at, on one network.
    Pin(String),
    /// The first amount that was paid on a route, in atomic units of one asset: the reference of its price.
    Price(Amount),
    /// When the latest payment was authorized, for the gap to the next.
    Latest(Millis),
    /// A payment that was held: the same one is refused for a while.
    Seen(Seen),
    /// The key of this ledger's fingerprints, in hex.
    Salt(String),
    /// The head of the audit log.
    Audit(Box<Head>),
    /// A record of the audit log, as its line. The core writes it and never reads it back.
    Record(String),
}

/// A payment that was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The hold's id.
    pub id: String,
    /// From then on it is forgotten.
    pub until: Millis,
}

/// An open hold and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The hold's id.
    pub id: String,
    /// From then on the hold lapses, or is booked as spent.
    pub until: Millis,
}

/// A change of one cell. `None` takes the cell away.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it is from now on.
    pub cell: Option<Cell>,
    /// From then on nothing in it can matter; `None` keeps it.
    pub expires: Option<Millis>,
    /// The cell as text, where the audit log has hashed it: the store writes the same.
    hashed: OnceCell<String>,
}

impl Change {
    /// What a cell is from now on, and until when it matters.
    #[must_use]
    pub fn to(cell: Option<Cell>, expires: Option<Millis>) -> Self {
        Self { cell, expires, hashed: OnceCell::new() }
    }

    /// The cell as text; nothing where it is taken away.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.hashed.get().cloned().or_else(|| self.cell.as_ref().map(encode))
    }

    /// The same, kept for [`Change::text`].
    #[must_use]
    pub fn hashed(&self) -> Option<&str> {
        self.cell.as_ref().map(|cell| self.hashed.get_or_init(|| encode(cell)).as_str())
    }
}

/// The cells that are here, with the version under which the store knows each.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    cells: BTreeMap<String, Slot>,
    /// Whether these cells are the whole state: what isn't here isn't anywhere.
    whole: bool,
    /// The cells that end, by time: the time in twenty digits, then the key.
    ending: BTreeSet<String>,
    /// What becomes the key of the fingerprints in a ledger that has none, in hex.
    salt: String,
}

/// A cell in its place; an absent one has nothing inside.
#[derive(Clone, Debug, Default)]
struct Slot {
    version: u64,
    cell: Option<Cell>,
    /// When it ends, where these cells are the whole state; else the store sees to it.
    end: Option<Millis>,
}

/// A cell as a verb found it, with the version under which the store knows it; an absent one has nothing inside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found<'a> {
    /// What is in it.
    pub cell: Option<&'a Cell>,
    /// 0 where it is absent.
    pub version: u64,
}

/// A time in so many digits that texts stand in the order of their times.
fn in_order(time: Millis) -> String {
    format!("{time:020}")
}

impl Ledger {
    /// A ledger whose cells live in a store and are loaded as they are asked for.
    #[must_use]
    pub fn of_store(salt: &str) -> Self {
        Self { salt: salt.to_owned(), ..Self::default() }
    }

    /// A ledger that is itself the state.
    #[must_use]
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Takes in a cell as the store has it. An absent cell has version 0 and no text.
    ///
    /// # Errors
    /// One sentence, if the text is not a cell: a damaged ledger is an error, never an empty one.
    pub fn load(&mut self, key: &str, version: u64, text: Option<&str>) -> Result<(), String> {
        let cell = match text {
            Some(text) => Some(decode(text).map_err(|error| format!("the cell `{key}` is damaged: {error}"))?),
            None => None,
        };
        if cell.as_ref().is_some_and(|cell| !belongs(key, cell)) {
            return Err(format!("the cell `{key}` is damaged: it holds something of another kind"));
        }
        let end = self.cells.get(key).and_then(|slot| slot.end);
        self.cells.insert(key.to_owned(), Slot { version, cell, end });
        Ok(())
    }

    /// The store has taken these changes: what they wrote has this version now. Kept is what the next events may ask for:
    /// the counters, and what belongs to payments that are open. Of these, what was read and is absent is kept as such, as
    /// the store has confirmed. Records of the audit log are never read again.
    pub fn taken(&mut self, read: &[(String, u64)], changes: Map<Change>, version: u64) {
        let (mut opened, mut over) = (false, Vec::new());
        for (key, Change { cell, .. }) in changes {
            match &cell {
                Some(Cell::Record(_)) => continue,
                Some(Cell::Hold(hold)) if hold.is_open() => opened = true,
                Some(Cell::Hold(hold)) => {
                    over.extend([key, hold.intent.clone(), key::approval(&hold.id)]);
                    over.extend(hold.seen.clone());
                    continue;
                }
                _ => {}
            }
            let cell = if fault!("kept-old") { self.cells.remove(&key).and_then(|slot| slot.cell) } else { cell };
            let version = if cell.is_some() { version } else { 0 };
            self.cells.insert(key, Slot { version, cell, end: None });
        }
        for key in over {
            self.cells.remove(&key);
        }
        for (key, version) in read.iter().filter(|_| opened) {
            if *version == 0 && !self.cells.contains_key(key) {
                self.cells.insert(key.clone(), Slot::default());
            }
        }
    }

    /// How many cells are here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no cell is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Forgets all cells; the store has them.
    pub fn forget(&mut self) {
        if !self.whole {
            self.cells.clear();
        }
    }

    /// The latest time seen, as far as it is here.
    #[must_use]
    pub fn clock(&self) -> Millis {
        match self.cells.get(key::CLOCK) {
            Some(Slot { cell: Some(Cell::Clock(at)), .. }) => *at,
            _ => 0,
        }
    }

    /// What becomes the key of the fingerprints in a ledger that has none.
    #[must_use]
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// The same, from now on: a replay goes by what its log says.
    #[cfg(feature = "tools")]
    pub fn set_salt(&mut self, salt: &str) {
        salt.clone_into(&mut self.salt);
    }

    /// The same ledger, built from the texts of its cells.
    ///
    /// # Errors
    /// One sentence, if a cell can't be read; that is a fault of the core.
    pub fn rebuilt(&self) -> Result<Self, String> {
        let mut rebuilt =
            Self { cells: BTreeMap::new(), whole: self.whole, ending: self.ending.clone(), salt: self.salt.clone() };
        for (name, text) in self.texts() {
            rebuilt.load(&name, self.version(&name), Some(&text))?;
            if let (Some(slot), Some(before)) = (rebuilt.cells.get_mut(&name), self.cells.get(&name)) {
                slot.end = before.end;
            }
        }
        Ok(rebuilt)
    }

    /// A cell that is here: nothing where it is not, nothing inside where it is absent. One that has ended may still be here,
    /// as in a store: whoever reads it goes by the time in it.
    pub(super) fn find(&self, key: &str) -> Option<Found<'_>> {
        match self.cells.get(key) {
            Some(slot) => Some(Found { cell: slot.cell.as_ref(), version: slot.version }),
            None => self.whole.then(Found::default),
        }
    }

    /// Takes changes over, where these cells are the state. Returns the records of the audit log among them: those are never
    /// read again, and so no part of it.
    pub fn apply(&mut self, changes: Map<Change>) -> Vec<String> {
        let mut records = Vec::new();
        for (key, change) in changes {
            if let Some(Cell::Record(line)) = change.cell {
                records.push(line);
                continue;
            }
            // Tallies stay: an empty one and an absent one decide alike, and a trace shows what has just left them.
            let ends =
                matches!(change.cell, None | Some(Cell::Hold(_) | Cell::Approval(_) | Cell::Seen(_) | Cell::Open(_)));
            let end = change.expires.filter(|_| ends);
            let name = ends.then(|| key.clone());
            let before = match change.cell {
                cell @ Some(_) => self.cells.insert(key, Slot { version: 0, cell, end }),
                None => self.cells.remove(&key),
            };
            if let Some(name) = name {
                if let Some(end) = before.and_then(|slot| slot.end) {
                    self.ending.remove(&(in_order(end) + &name));
                }
                if let Some(end) = end {
                    self.ending.insert(in_order(end) + &name);
                }
            }
        }
        if self.ending.is_empty() {
            return records;
        }
        let now = in_order(self.clock());
        while let Some((end, key)) = self.ending.first().and_then(|entry| entry.split_at_checked(now.len())) {
            if end > now.as_str() {
                break;
            }
            self.cells.remove(key);
            self.ending.pop_first();
        }
        records
    }

    /// The version under which the store knows a cell; 0 for one that is absent.
    #[must_use]
    pub fn version(&self, key: &str) -> u64 {
        self.cells.get(key).map_or(0, |slot| slot.version)
    }

    /// All cells that are here, as text, in the order of their keys.
    #[must_use]
    pub fn texts(&self) -> Vec<(String, String)> {
        let here = self.cells.iter().filter_map(|(key, slot)| Some((key, slot.cell.as_ref()?)));
        here.map(|(key, cell)| (key.clone(), encode(cell))).collect()
    }

    /// The budgets' cells that are here.
    pub fn tallies(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.cells.iter().filter_map(|(key, slot)| match &slot.cell {
            Some(Cell::Budget(tally)) => Some((key.as_str(), tally)),
            _ => None,
        })
    }

    /// Whether any cell is here whose key begins so.
    #[must_use]
    pub fn has_below(&self, prefix: &str) -> bool {
        let from = self.cells.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(|(name, _)| name.starts_with(prefix)).any(|(_, slot)| slot.cell.is_some())
    }

    /// The questions to people that are here.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.cells.values().filter_map(|slot| match &slot.cell {
            Some(Cell::Approval(asked)) => Some(&**asked),
            _ => None,
        })
    }

    /// The freezes that are here.
    pub fn freezes(&self) -> impl Iterator<Item = &Freeze> {
        self.cells.values().filter_map(|slot| match &slot.cell {
            Some(Cell::Freeze(freeze)) => Some(freeze),
            _ => None,
        })
    }

    /// The holds that are here.
    pub fn holds(&self, at: Millis) -> impl Iterator<Item = &Hold> {
        self.cells.values().filter_map(move |slot| match &slot.cell {
            Some(Cell::Hold(hold)) if hold.is_remembered(at) => Some(&**hold),
            _ => None,
        })
    }
}

/// Whether a cell is of the kind that its key says.
fn belongs(name: &str, cell: &Cell) -> bool {
    match cell {
        Cell::Budget(_) => name.starts_with(key::BUDGETS),
        Cell::Hold(hold) => name == key::hold(&hold.id),
        Cell::Open(_) => name == key::OPEN || name.starts_with(key::ASKED),
        Cell::Intent(_) => name.starts_with(key::INTENTS),
        Cell::Freeze(freeze) => name == freeze_key(&freeze.agent),
        Cell::Clock(_) => name == key::CLOCK,
        Cell::Approval(asked) => name == key::approval(&asked.id),
        Cell::Prompts(_) => name == key::PROMPTS,
        Cell::Payee(_) => name.starts_with("payee/"),
        Cell::Pin(_) => name.starts_with("pin/"),
        Cell::Price(_) => name.starts_with("price/"),
        Cell::Latest(_) => name.starts_with(key::LATEST),
        Cell::Seen(_) => name.starts_with(key::SEEN),
        Cell::Salt(_) => name == key::SALT,
        Cell::Audit(_) => name == key::AUDIT,
        Cell::Record(_) => name.starts_with(key::LOG),
    }
}

/// A cell from its text.
///
/// # Errors
/// One sentence, if it is none.
pub fn decode(text: &str) -> Result<Cell, String> {
    Cell::restore(&parse_own(text)?).map_err(|part| format!("{part} is not as it was written"))
}

/// A cell as text.
#[must_use]
pub fn encode(cell: &Cell) -> String {
    let mut text = String::with_capacity(512);
    cell.write(&mut text);
    text
}
