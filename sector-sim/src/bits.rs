//! A set of small numbers that is walked in ascending order, so that cost follows what is in it.

/// A set of indices below a fixed length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(crate) fn new(length: usize) -> Bits {
        Bits { words: vec![0; length.div_ceil(64)] }
    }

    /// Makes room for indices below `length`.
    pub(crate) fn grow(&mut self, length: usize) {
        if length > self.words.len() * 64 {
            self.words.resize(length.div_ceil(64), 0);
        }
    }

    pub(crate) fn insert(&mut self, index: usize) {
        self.words[index / 64] |= 1 << (index % 64);
    }

    pub(crate) fn remove(&mut self, index: usize) {
        self.words[index / 64] &= !(1 << (index % 64));
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Fills the list with the members, ascending.
    pub(crate) fn list(&self, into: &mut Vec<u32>) {
        into.clear();
        for (word_index, &word) in self.words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                into.push((word_index * 64) as u32 + rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_set(steps in proptest::collection::vec((0..200usize, any::<bool>()), 0..100)) {
            let (mut bits, mut set, mut list) = (Bits::new(200), BTreeSet::new(), Vec::new());
            for (index, insert) in steps {
                if insert {
                    bits.insert(index);
                    set.insert(index as u32);
                } else {
                    bits.remove(index);
                    set.remove(&(index as u32));
                }
            }
            prop_assert!((0..300).all(|index| bits.contains(index) == set.contains(&(index as u32))));
            bits.list(&mut list);
            prop_assert_eq!(list, set.into_iter().collect::<Vec<_>>());
        }
    }
}
