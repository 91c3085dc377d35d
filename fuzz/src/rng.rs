//! The simulator's chance, from the fuzzer's bytes: each decision of an actor takes as few of them as it needs, so that a
//! change of one byte changes one decision. After the last byte it goes on by itself, the same each time.

use std::cell::RefCell;

thread_local! {
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What the next [`Rng`] is made of.
pub fn feed(bytes: &[u8]) {
    BYTES.with_borrow_mut(|held| *held = bytes.to_vec());
}

#[derive(Clone, Debug)]
pub struct Rng {
    bytes: Vec<u8>,
    at: usize,
    state: u64,
}

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self { bytes: BYTES.with_borrow(Clone::clone), at: 0, state: seed }
    }

    fn byte(&mut self) -> Option<u64> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte.map(u64::from)
    }

    pub fn next(&mut self) -> u64 {
        (0..8).try_fold(0, |sum, _| Some((sum << 8) | self.byte()?)).unwrap_or_else(|| self.drawn())
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn drawn(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n - 1`.
    pub fn below(&mut self, n: u64) -> u64 {
        if n <= 256 {
            return self.byte().unwrap_or_else(|| self.drawn()) % n;
        }
        self.next() % n
    }

    /// From `low` to `high`, both included.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    /// One of several, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, of: &[(u64, T)]) -> T {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in of {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        of[0].1
    }
}
