//! Order, by one sort and one way into sets for all types. The standard library's sort costs the module 5 kB for each
//! type that is sorted, and `collect` into a set or a map sorts too. A tree costs as much for each type that it holds:
//! there is one of texts and one of the ledger's cells; the rest, small or built once, stands sorted in lists.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The items in order; equal ones stay as they stood.
#[must_use]
pub fn sorted<T>(items: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let order = indexes(items.len(), &|a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    });
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| items.get_mut(index).and_then(Option::take)).collect()
}

/// Runs twice as long are merged from two, until there is one: the standard library's sort is ten times the code.
#[inline(never)]
fn indexes(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut width = 1usize;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for pair in order.chunks(width.saturating_mul(2)) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            loop {
                match (left, right) {
                    ([a, ..], [b, rest @ ..]) if compare(*b, *a) == Ordering::Less => {
                        merged.push(*b);
                        right = rest;
                    }
                    ([a, rest @ ..], _) => {
                        merged.push(*a);
                        left = rest;
                    }
                    ([], [b, rest @ ..]) => {
                        merged.push(*b);
                        right = rest;
                    }
                    ([], []) => break,
                }
            }
        }
        order = merged;
        width = width.saturating_mul(2);
    }
    order
}

/// The texts as a set.
#[must_use]
pub fn set(items: Vec<String>) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for item in items {
        set.insert(item);
    }
    set
}

/// A set that is built once, and then only looked up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(Vec<T>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Set<T> {
    /// The items, each once.
    #[must_use]
    pub fn of(items: Vec<T>) -> Self {
        let mut items = sorted(items, T::cmp);
        items.dedup();
        Self(items)
    }

    /// Whether it is in it.
    #[must_use]
    pub fn contains(&self, item: &T) -> bool {
        self.0.binary_search(item).is_ok()
    }

    /// Whether all of it is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|item| other.contains(item))
    }

    /// Whether none of it is in the other.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        !self.iter().any(|item| other.contains(item))
    }

    /// The items in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a, T: Ord> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A few values by name: what a verb changes, the refunds of a payment. To put one before a thousand others moves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<V>(Vec<(String, V)>);

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Map<V> {
    /// An empty one with room for so many.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Where a name stands; as an error, where it would.
    ///
    /// # Errors
    /// If it is not in it.
    pub fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(name))
    }

    /// The value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.at(self.place(name).ok()?)
    }

    /// Puts a value under a name, in place of the one before.
    pub fn insert(&mut self, name: String, value: V) {
        match self.place(&name) {
            Ok(place) => {
                if let Some(there) = self.0.get_mut(place) {
                    there.1 = value;
                }
            }
            Err(place) => self.insert_at(place, name, value),
        }
    }

    /// Puts a name that is not in it at its place.
    pub fn insert_at(&mut self, place: usize, name: String, value: V) {
        self.0.insert(place, (name, value));
    }

    /// The value at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&V> {
        self.0.get(place).map(|(_, value)| value)
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_items_stay_as_they_stood(items in proptest::collection::vec((0u8..9, any::<u16>()), 0..200)) {
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            prop_assert_eq!(sorted(items, |a, b| a.0.cmp(&b.0)), expected);
        }

        #[test]
        fn a_list_in_order_is_a_set(items in proptest::collection::vec(0u8..30, 0..40), others in proptest::collection::vec(0u8..30, 0..40)) {
            let (ours, other) = (Set::of(items.clone()), Set::of(others.clone()));
            let (theirs, further) = (BTreeSet::from_iter(items), BTreeSet::from_iter(others));
            prop_assert!(ours.iter().eq(&theirs));
            prop_assert_eq!(ours.is_subset(&other), theirs.is_subset(&further));
            prop_assert_eq!(ours.is_disjoint(&other), theirs.is_disjoint(&further));
            prop_assert_eq!(ours.is_empty(), theirs.is_empty());
            for item in 0..30 {
                prop_assert_eq!(ours.contains(&item), theirs.contains(&item));
            }
        }

        #[test]
        fn a_list_in_order_is_a_map(pairs in proptest::collection::vec(("[a-d]{0,2}", any::<u8>()), 0..40)) {
            let (mut ours, mut theirs) = (Map::default(), BTreeMap::new());
            for (name, value) in pairs {
                ours.insert(name.clone(), value);
                theirs.insert(name, value);
            }
            prop_assert!(ours.iter().eq(&theirs));
            prop_assert_eq!((ours.len(), ours.is_empty()), (theirs.len(), theirs.is_empty()));
            for name in ["", "a", "ab", "dd", "e"] {
                prop_assert_eq!(ours.get(name), theirs.get(name));
            }
            prop_assert!(ours.into_iter().eq(theirs));
        }
    }
}
