//! The working set: small cells, each under a text key. A verb reads some and changes some; what it read and what it
//! changed goes to the store as one compare-and-swap. Cells that aren't here yet are asked for, never guessed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ledger::hold::Hold;
use crate::ledger::tally::Tally;
use crate::money::Amount;
use crate::time::Millis;
use crate::trace::EntryTrace;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A budget's tally.
    Budget(Tally),
    /// A hold.
    Hold(Box<Hold>),
    /// The open holds: each with the time at which something becomes of it by itself.
    Open(Vec<Open>),
    /// The open holds of one intent whose outcome is unknown, by id.
    Intent(Vec<String>),
    /// The freeze switch: it is there while everything is denied.
    Freeze(Freeze),
    /// The latest time seen, in milliseconds: time never runs backwards.
    Clock(Millis),
    /// What people said to a payment that needs them.
    Approval(Approval),
    /// How many payments to an address were captured.
    Payee(u64),
    /// The address that an origin was first paid at, on one network.
    Pin(String),
    /// The first amount that was paid on a route, in atomic units of one asset: the reference of its price.
    Price(Amount),
    /// When the latest payment was authorized, for the gap to the next.
    Latest(Millis),
}

/// An open hold and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The hold's id.
    pub id: String,
    /// From then on the hold lapses, or is booked as spent.
    pub until: Millis,
}

/// Why everything is denied, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The words of whoever froze it.
    pub reason: String,
    /// Since when.
    pub at: Millis,
}

/// What people said to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// SHA-256 of what was asked: an approval is good for that alone.
    pub digest: String,
    /// The agent that asks: it can't approve.
    pub agent: String,
    /// Who approved.
    pub approved: BTreeSet<String>,
    /// Who refused, if anyone did.
    pub rejected: Option<String>,
}

/// A verb needs cells that are not here: load them and ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<String>);

/// The keys of the cells that are one of a kind.
pub mod key {
    use crate::offer::Terms;

    /// The open holds.
    pub const OPEN: &str = "open";
    /// The freeze switch.
    pub const FREEZE: &str = "freeze";
    /// The latest time seen.
    pub const CLOCK: &str = "clock";
    /// What all budgets' keys begin with.
    pub const BUDGETS: &str = "budget/";
    /// What the keys of all latest payments begin with.
    pub const LATEST: &str = "latest/";
    /// What all intents' keys begin with.
    pub const INTENTS: &str = "intent/";
    /// What all approvals' keys begin with.
    pub const APPROVALS: &str = "approval/";

    /// The cell that counts the payments to an address.
    #[must_use]
    pub fn payee(terms: &Terms) -> String {
        format!("payee/{}/{}", escape(terms.network.as_str()), escape(&terms.pay_to))
    }

    /// The cell of the address that an origin was first paid at, on this network.
    #[must_use]
    pub fn pin(origin: &str, terms: &Terms) -> String {
        format!("pin/{}/{}", escape(origin), escape(terms.network.as_str()))
    }

    /// The cell of the first price of a route, in this asset.
    #[must_use]
    pub fn price(endpoint: &str, terms: &Terms) -> String {
        format!("price/{}/{}", escape(endpoint), escape(&terms.asset.to_string()))
    }

    /// The cell of the latest payment that a rate counts.
    #[must_use]
    pub fn latest(rate: &str, scope: &str) -> String {
        format!("{LATEST}{rate}/{scope}")
    }

    /// The cell of a hold.
    #[must_use]
    pub fn hold(id: &str) -> String {
        format!("hold/{}", escape(id))
    }

    /// The cell of an approval.
    #[must_use]
    pub fn approval(id: &str) -> String {
        format!("{APPROVALS}{}", escape(id))
    }

    /// A part of a key, with everything escaped that could be taken for the structure round it.
    #[must_use]
    pub fn escape(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

/// A change of one cell. `None` takes the cell away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is from now on.
    pub cell: Option<Cell>,
    /// From then on nothing in it can matter; `None` keeps it.
    pub expires: Option<Millis>,
}

/// The cells that are here, with the version under which the store knows each.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    cells: BTreeMap<String, (u64, Option<Cell>)>,
    /// Whether these cells are the whole state: what isn't here isn't anywhere.
    whole: bool,
}

impl Ledger {
    /// A ledger whose cells live in a store and are loaded as they are asked for.
    #[must_use]
    pub fn of_store() -> Self {
        Self::default()
    }

    /// A ledger that is itself the state.
    #[must_use]
    pub fn whole() -> Self {
        Self { cells: BTreeMap::new(), whole: true }
    }

    /// Takes in a cell as the store has it. An absent cell has version 0 and no text.
    ///
    /// # Errors
    /// One sentence, if the text is not a cell: a damaged ledger is an error, never an empty one.
    pub fn load(&mut self, key: &str, version: u64, text: Option<&str>) -> Result<(), String> {
        let cell = text
            .map(|text| {
                serde_json::from_str::<Cell>(text).map_err(|error| format!("the cell `{key}` is damaged: {error}"))
            })
            .transpose()?;
        if cell.as_ref().is_some_and(|cell| !belongs(key, cell)) {
            return Err(format!("the cell `{key}` is damaged: it holds something of another kind"));
        }
        self.cells.insert(key.to_owned(), (version, cell));
        Ok(())
    }

    /// Forgets all cells; the store has them.
    pub fn forget(&mut self) {
        if !self.whole {
            self.cells.clear();
        }
    }

    /// Begins a verb on these cells.
    #[must_use]
    pub fn begin(&self) -> Working<'_> {
        Working { ledger: self, read: BTreeSet::new(), changes: BTreeMap::new(), trace: None }
    }

    /// Takes changes over, where these cells are the state.
    pub fn apply(&mut self, changes: BTreeMap<String, Change>) {
        for (key, change) in changes {
            match change.cell {
                Some(cell) => self.cells.insert(key, (0, Some(cell))),
                None => self.cells.remove(&key),
            };
        }
    }

    /// The version under which the store knows a cell; 0 for one that is absent.
    #[must_use]
    pub fn version(&self, key: &str) -> u64 {
        self.cells.get(key).map_or(0, |(version, _)| *version)
    }

    /// All cells that are here, as text, in the order of their keys.
    ///
    /// # Errors
    /// One sentence, if a cell can't be written; that is a fault of the core.
    pub fn texts(&self) -> Result<Vec<(String, String)>, String> {
        let present = self.cells.iter().filter_map(|(key, (_, cell))| cell.as_ref().map(|cell| (key, cell)));
        present.map(|(key, cell)| Ok((key.clone(), encode(cell)?))).collect()
    }

    /// The budgets' cells that are here.
    pub fn tallies(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.cells.iter().filter_map(|(key, (_, cell))| match cell {
            Some(Cell::Budget(tally)) => Some((key.as_str(), tally)),
            _ => None,
        })
    }

    /// Whether any cell is here whose key begins so.
    #[must_use]
    pub fn has_below(&self, prefix: &str) -> bool {
        let from = self.cells.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(|(name, _)| name.starts_with(prefix)).any(|(_, (_, cell))| cell.is_some())
    }

    /// The holds that are here.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.cells.values().filter_map(|(_, cell)| match cell {
            Some(Cell::Hold(hold)) => Some(&**hold),
            _ => None,
        })
    }
}

/// Whether a cell is of the kind that its key says.
fn belongs(name: &str, cell: &Cell) -> bool {
    match cell {
        Cell::Budget(_) => name.starts_with(key::BUDGETS),
        Cell::Hold(hold) => name == key::hold(&hold.id),
        Cell::Open(_) => name == key::OPEN,
        Cell::Intent(_) => name.starts_with(key::INTENTS),
        Cell::Freeze(_) => name == key::FREEZE,
        Cell::Clock(_) => name == key::CLOCK,
        Cell::Approval(_) => name.starts_with(key::APPROVALS),
        Cell::Payee(_) => name.starts_with("payee/"),
        Cell::Pin(_) => name.starts_with("pin/"),
        Cell::Price(_) => name.starts_with("price/"),
        Cell::Latest(_) => name.starts_with("latest/"),
    }
}

/// A cell as text.
///
/// # Errors
/// One sentence, if it can't be written; that is a fault of the core.
pub fn encode(cell: &Cell) -> Result<String, String> {
    serde_json::to_string(cell).map_err(|error| format!("a cell can't be written: {error}"))
}

/// A verb at work: it sees the ledger with its own changes on top.
#[derive(Debug)]
pub struct Working<'a> {
    ledger: &'a Ledger,
    /// The keys that the verb rests on; a commit checks the version of each.
    pub read: BTreeSet<String>,
    /// What the verb changes.
    pub changes: BTreeMap<String, Change>,
    /// Where somebody wants to know: what each rule said to each entry of the offer.
    pub trace: Option<Vec<EntryTrace>>,
}

impl Working<'_> {
    /// The same ledger with the same changes, to try something out on.
    #[must_use]
    pub fn scratch(&self) -> Self {
        Self { ledger: self.ledger, read: self.read.clone(), changes: self.changes.clone(), trace: None }
    }

    /// Asks for several cells at once, so that a verb loads what it needs in one go.
    ///
    /// # Errors
    /// The keys that are not here.
    pub fn need<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>) -> Result<(), Missing> {
        let mut missing = Vec::new();
        for key in keys {
            if !self.ledger.whole && !self.ledger.cells.contains_key(key) {
                missing.push(key.to_owned());
            } else {
                self.read.insert(key.to_owned());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
    }

    fn get(&mut self, key: &str) -> Result<Option<&Cell>, Missing> {
        self.need([key])?;
        Ok(match self.changes.get(key) {
            Some(change) => change.cell.as_ref(),
            None => self.ledger.cells.get(key).and_then(|(_, cell)| cell.as_ref()),
        })
    }

    /// Changes a cell.
    pub fn put(&mut self, key: &str, cell: Cell, expires: Option<Millis>) {
        self.changes.insert(key.to_owned(), Change { cell: Some(cell), expires });
    }

    /// Takes a cell away.
    pub fn remove(&mut self, key: &str) {
        self.changes.insert(key.to_owned(), Change { cell: None, expires: None });
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

    /// A hold by its id.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn hold(&mut self, id: &str) -> Result<Option<Hold>, Missing> {
        Ok(match self.get(&key::hold(id))? {
            Some(Cell::Hold(hold)) => Some((**hold).clone()),
            _ => None,
        })
    }

    /// The open holds.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn open(&mut self) -> Result<Vec<Open>, Missing> {
        Ok(match self.get(key::OPEN)? {
            Some(Cell::Open(open)) => open.clone(),
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

    /// The freeze switch.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn freeze(&mut self) -> Result<Option<Freeze>, Missing> {
        Ok(match self.get(key::FREEZE)? {
            Some(Cell::Freeze(freeze)) => Some(freeze.clone()),
            _ => None,
        })
    }

    /// What people said to a payment.
    ///
    /// # Errors
    /// The key, if the cell is not here.
    pub fn approval(&mut self, id: &str) -> Result<Option<Approval>, Missing> {
        Ok(match self.get(&key::approval(id))? {
            Some(Cell::Approval(approval)) => Some(approval.clone()),
            _ => None,
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
        Ok(now.max(seen))
    }
}
