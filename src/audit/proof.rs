//! Proofs by RFC 6962 (2.1.1 and 2.1.2): that a record is in the log, and that one log begins with another. They are
//! made from the leaves' hashes in one pass, and checked without them.

use crate::audit::tree::{Frontier, Hash, node};

/// Subtrees whose roots are wanted, made in one pass over the leaves.
#[derive(Debug, Default)]
struct Subtrees {
    wanted: Vec<(u64, u64, Frontier)>,
    at: u64,
}

impl Subtrees {
    fn want(&mut self, from: u64, to: u64) {
        self.wanted.push((from, to, Frontier::default()));
    }

    fn push(&mut self, leaf: Hash) {
        for (from, to, tree) in &mut self.wanted {
            if (*from..*to).contains(&self.at) {
                tree.push(leaf);
            }
        }
        self.at = self.at.saturating_add(1);
    }

    fn roots(&self) -> Vec<Hash> {
        self.wanted.iter().map(|(_, _, tree)| tree.root()).collect()
    }
}

/// The largest power of two below a number above one.
fn split(size: u64) -> u64 {
    size.saturating_sub(1).checked_ilog2().map_or(0, |bit| 1 << bit)
}

/// The proof that the leaf at `index` is in the tree of all these leaves; nothing if it is not.
#[must_use]
pub fn inclusion(index: u64, size: u64, leaves: impl IntoIterator<Item = Hash>) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let mut path = Subtrees::default();
    let mut places = Vec::new();
    let (mut from, mut to) = (0, size);
    while to.saturating_sub(from) > 1 {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if index < middle {
            places.push((middle, to));
            to = middle;
        } else {
            places.push((from, middle));
            from = middle;
        }
    }
    for (from, to) in places.into_iter().rev() {
        path.want(from, to);
    }
    leaves.into_iter().for_each(|leaf| path.push(leaf));
    (path.at == size).then(|| path.roots())
}

/// The proof that the tree of all these leaves begins with that of the first `old` of them; nothing if it can't.
#[must_use]
pub fn consistency(old: u64, size: u64, leaves: impl IntoIterator<Item = Hash>) -> Option<Vec<Hash>> {
    if old == 0 || old > size {
        return None;
    }
    let mut path = Subtrees::default();
    let mut places = Vec::new();
    let (mut from, mut to) = (0u64, size);
    // Whether the subtree looked at is one whose root the reader knows.
    let mut known = true;
    while to != old {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if old <= middle {
            places.push((middle, to));
            to = middle;
        } else {
            places.push((from, middle));
            from = middle;
            known = false;
        }
    }
    if !known {
        places.push((from, to));
    }
    for (from, to) in places.into_iter().rev() {
        path.want(from, to);
    }
    leaves.into_iter().for_each(|leaf| path.push(leaf));
    (path.at == size).then(|| path.roots())
}

/// Whether a leaf is at this place of the tree with this root, by RFC 9162, 2.1.3.2.
#[must_use]
pub fn includes(index: u64, leaf: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut made) = (index, size.saturating_sub(1), leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            made = node(step, &made);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            made = node(&made, step);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && made == root
}

/// Whether the tree of `size` leaves begins with that of `old` leaves, by RFC 9162, 2.1.4.2.
#[must_use]
pub fn begins_with(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (size, root)) = (old, new);
    if old_size == 0 || old_size > size {
        return false;
    }
    if old_size == size {
        return proof.is_empty() && old_root == root;
    }
    let (mut place, mut last) = (old_size.saturating_sub(1), size.saturating_sub(1));
    let mut steps = proof.iter();
    let first = if old_size.is_power_of_two() { Some(&old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut made_old, mut made) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            made_old = node(step, &made_old);
            made = node(step, &made);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            made = node(&made, step);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && made_old == old_root && made == root
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test with small figures")]
mod tests {
    use super::*;
    use crate::audit::tree::leaf;

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|index| leaf(&index.to_be_bytes())).collect()
    }

    fn root(leaves: &[Hash]) -> Hash {
        let mut tree = Frontier::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_no_other_does() {
        for size in 1..34u64 {
            let all = leaves(size);
            let whole = root(&all);
            for index in 0..size {
                let at = usize::try_from(index).unwrap();
                let proof = inclusion(index, size, all.iter().copied()).unwrap();
                assert!(includes(index, all[at], size, whole, &proof));
                assert!(!includes(index, all[(at + 1) % all.len()], size, whole, &proof) || size == 1);
                assert!(!includes(index, all[at], size, Hash::of(b"other"), &proof));
                let mut longer = proof.clone();
                longer.push(whole);
                assert!(!includes(index, all[at], size, whole, &longer));
                assert!(proof.is_empty() || !includes(index, all[at], size, whole, &proof[1..]));
            }
            for old in 1..=size {
                let before = root(&all[..usize::try_from(old).unwrap()]);
                let proof = consistency(old, size, all.iter().copied()).unwrap();
                assert!(begins_with((old, before), (size, whole), &proof), "{old} {size}");
                assert!(!begins_with((old, Hash::of(b"other")), (size, whole), &proof));
                assert!(!begins_with((old, before), (size, Hash::of(b"other")), &proof));
                let mut longer = proof.clone();
                longer.push(whole);
                assert!(!begins_with((old, before), (size, whole), &longer));
            }
            assert_eq!(inclusion(size, size, all.iter().copied()), None);
            assert_eq!(consistency(size + 1, size, all.iter().copied()), None);
        }
    }
}
