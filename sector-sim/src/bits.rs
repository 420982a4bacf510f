//! A set of small integers with ordered iteration, whose cost depends on the number of members.

/// A set of indices below a fixed length, with an index of non-empty words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    /// Bit set of the non-zero words.
    filled: Vec<u64>,
}

impl Bits {
    pub(crate) fn new(length: usize) -> Bits {
        let mut bits = Bits::default();
        bits.grow(length);
        bits
    }

    /// Grows the set to indices below `length`.
    pub(crate) fn grow(&mut self, length: usize) {
        if length > self.words.len() * 64 {
            self.words.resize(length.div_ceil(64), 0);
            self.filled.resize(self.words.len().div_ceil(64), 0);
        }
    }

    pub(crate) fn insert(&mut self, index: usize) {
        let word = index / 64;
        self.words[word] |= 1 << (index % 64);
        self.filled[word / 64] |= 1 << (word % 64);
    }

    pub(crate) fn remove(&mut self, index: usize) {
        let word = index / 64;
        self.words[word] &= !(1 << (index % 64));
        if self.words[word] == 0 {
            self.filled[word / 64] &= !(1 << (word % 64));
        }
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    pub(crate) fn clear(&mut self) {
        for (index, filled) in self.filled.iter_mut().enumerate() {
            let mut rest = std::mem::take(filled);
            while rest != 0 {
                self.words[index * 64 + rest.trailing_zeros() as usize] = 0;
                rest &= rest - 1;
            }
        }
    }

    /// Fills `into` with the members, ascending.
    pub(crate) fn list(&self, into: &mut Vec<u32>) {
        into.clear();
        for (index, &filled) in self.filled.iter().enumerate() {
            let mut words = filled;
            while words != 0 {
                let word = index * 64 + words.trailing_zeros() as usize;
                words &= words - 1;
                let mut rest = self.words[word];
                while rest != 0 {
                    into.push((word * 64) as u32 + rest.trailing_zeros());
                    rest &= rest - 1;
                }
            }
        }
    }

    /// Moves the members to `into`, ascending.
    pub(crate) fn drain(&mut self, into: &mut Vec<u32>) {
        self.list(into);
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_set(steps in proptest::collection::vec((0..9_000usize, any::<bool>()), 0..100)) {
            let (mut bits, mut set, mut list) = (Bits::new(9_000), BTreeSet::new(), Vec::new());
            for (index, insert) in steps {
                if insert {
                    bits.insert(index);
                    set.insert(index as u32);
                } else {
                    bits.remove(index);
                    set.remove(&(index as u32));
                }
            }
            prop_assert!((0..9_100).all(|index| bits.contains(index) == set.contains(&(index as u32))));
            bits.list(&mut list);
            prop_assert_eq!(&list, &set.into_iter().collect::<Vec<_>>());
            let before = list.clone();
            bits.drain(&mut list);
            prop_assert_eq!(list, before);
            prop_assert!((0..9_100).all(|index| !bits.contains(index)));
        }
    }
}
