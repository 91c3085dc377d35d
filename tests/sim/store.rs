//! A store as the wrapper has them: cells with versions, and one compare-and-swap over all that was read.

use std::collections::BTreeMap;

use tollwarden::engine::{CellWrite, GRACE};
use tollwarden::ledger::key::LOG;

#[derive(Clone, Debug, Default)]
pub struct Store {
    cells: BTreeMap<String, Cell>,
    commits: u64,
    /// The audit records, in the order of their commits: a sink has them at once.
    records: Vec<String>,
}

#[derive(Clone, Debug)]
struct Cell {
    version: u64,
    value: String,
    expires: Option<u64>,
}

impl Store {
    /// A cell with its version; an absent one has version 0, and so has one that has ended by the store's own clock,
    /// which is up to half a minute off.
    pub fn load(&self, key: &str, now: u64) -> (u64, Option<&str>) {
        let own = now.saturating_add(self.commits.wrapping_mul(7_919) % 60_001).saturating_sub(30_000);
        let cell = self.cells.get(key).filter(|cell| cell.expires.is_none_or(|expires| expires > own));
        cell.map_or((0, None), |cell| (cell.version, Some(&cell.value)))
    }

    /// All or nothing: `false` if anything that was read has changed since.
    pub fn commit(&mut self, read: &[(String, u64)], writes: Vec<CellWrite>, now: u64) -> bool {
        if read.iter().any(|(key, version)| self.load(key, now).0 != *version) {
            return false;
        }
        self.commits += 1;
        for CellWrite { key, value, expires } in writes {
            match value {
                Some(line) if key.starts_with(LOG) => self.records.push(line),
                Some(value) => drop(self.cells.insert(key, Cell { version: self.commits, value, expires })),
                None => drop(self.cells.remove(&key)),
            }
        }
        true
    }

    /// The version that the latest commit gave its cells.
    pub fn version(&self) -> u64 {
        self.commits
    }

    /// The audit records since the last call.
    pub fn take_records(&mut self) -> Vec<String> {
        std::mem::take(&mut self.records)
    }

    /// The cells whose keys begin so.
    pub fn scan<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, u64, &'a str)> {
        let from = self.cells.range(prefix.to_owned()..);
        from.take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, cell)| (key.as_str(), cell.version, cell.value.as_str()))
    }

    /// Forgets what may be forgotten by this time, tallies too.
    pub fn purge(&mut self, now: u64) {
        self.cells.retain(|_, cell| !cell.has_ended(now));
    }

    pub fn texts(&self, now: u64) -> Vec<(String, String)> {
        let cells = self.cells.iter().filter(|(key, cell)| !(ends(key) && cell.has_ended(now)));
        cells.map(|(key, cell)| (key.clone(), cell.value.clone())).collect()
    }
}

impl Cell {
    /// Whether nothing in it matters any more; the store keeps it for a while longer.
    fn has_ended(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now.saturating_add(GRACE))
    }
}

/// A cell that is read as absent from its end on. A tally may stay: an empty one and an absent one decide alike.
fn ends(key: &str) -> bool {
    ["hold/", "approval/", "seen/", "asked/"].iter().any(|prefix| key.starts_with(prefix))
}
