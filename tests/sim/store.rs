//! A store as the wrapper has them: cells with versions, and one compare-and-swap over all that was read.

use std::collections::BTreeMap;

use tollwarden::engine::CellWrite;

#[derive(Clone, Debug, Default)]
pub struct Store {
    cells: BTreeMap<String, Cell>,
    commits: u64,
}

#[derive(Clone, Debug)]
struct Cell {
    version: u64,
    value: String,
    expires: Option<u64>,
}

impl Store {
    /// A cell with its version; an absent one has version 0, and so has one that has ended.
    pub fn load(&self, key: &str, now: u64) -> (u64, Option<&str>) {
        let cell = self.cells.get(key).filter(|cell| !(ends(key) && cell.has_ended(now)));
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
                Some(value) => drop(self.cells.insert(key, Cell { version: self.commits, value, expires })),
                None => drop(self.cells.remove(&key)),
            }
        }
        true
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
    fn has_ended(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A cell that is read as absent from its end on. A tally may stay: an empty one and an absent one decide alike.
fn ends(key: &str) -> bool {
    ["hold/", "approval/", "seen/"].iter().any(|prefix| key.starts_with(prefix))
}
