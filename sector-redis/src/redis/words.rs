//! Arguments of a script, kept in one piece of text until they are sent.

/// A row of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    text: String,
    ends: Vec<usize>,
}

impl Words {
    /// None yet, with room for so many of so many bytes together.
    pub(super) fn with_capacity(words: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(words) }
    }

    pub(super) fn push(&mut self, word: &str) {
        self.push_joined(&[word]);
    }

    /// One more text, of these parts.
    pub(super) fn push_joined(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
        self.ends.push(self.text.len());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        let mut words = Words::default();
        words.push("");
        words.push_joined(&["sec", "", "tör"]);
        words.push("");
        assert_eq!(words.iter().collect::<Vec<_>>(), ["", "sectör", ""]);
        assert_eq!((words.len(), words.bytes()), (3, 7));
        assert_eq!(Words::default().iter().count(), 0);
    }
}
