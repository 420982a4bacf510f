//! What a bot key is good for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::AuthError;
use crate::error::shown;

/// One thing that a bot key may be good for. There are no others: a key never claims a faction, gives
/// one up, issues keys or administers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Look at what only the player may: who they are, their orders and receipts.
    Read,
    /// Give orders for the player's faction.
    Orders,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 2] = [Self::Read, Self::Orders];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Orders => "orders",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Orders => 2,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        Self::ALL
            .into_iter()
            .find(|verb| verb.as_str() == text)
            .ok_or_else(|| AuthError::ScopeUnknown { value: shown(text) })
    }
}

/// What a bot key is good for: at least one verb.
///
/// Serialised as the list of its words (`["read","orders"]`), in the order of [`Verb::ALL`]; read in any
/// order, a word given twice counting once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// These verbs.
    ///
    /// # Errors
    /// [`AuthError::ScopesEmpty`] for none.
    pub fn new(verbs: impl IntoIterator<Item = Verb>) -> Result<Self, AuthError> {
        match verbs.into_iter().fold(0, |bits, verb| bits | verb.bit()) {
            0 => Err(AuthError::ScopesEmpty),
            bits => Ok(Self(bits)),
        }
    }

    /// The verbs of these words.
    ///
    /// # Errors
    /// [`AuthError::ScopeUnknown`] naming the word, and [`AuthError::ScopesEmpty`].
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, AuthError> {
        let verbs: Vec<Verb> = words.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(verbs)
    }

    /// Whether the key is good for this.
    #[must_use]
    pub const fn allow(self, verb: Verb) -> bool {
        self.0 & verb.bit() != 0
    }

    /// The verbs, in the order of [`Verb::ALL`].
    pub fn verbs(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |verb| self.allow(*verb))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.verbs()).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.verbs().map(Verb::as_str))
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        Self::from_words(words.iter().map(String::as_str)).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_the_list_of_its_words() {
        for (json, words) in [
            (r#"["read"]"#, &["read"][..]),
            (r#"["orders"]"#, &["orders"]),
            (r#"["read","orders"]"#, &["orders", "read", "orders"]),
        ] {
            let scopes = Scopes::from_words(words.iter().copied()).unwrap();
            assert_eq!(serde_json::to_string(&scopes).unwrap(), json);
            assert_eq!(serde_json::from_str::<Scopes>(json).unwrap(), scopes);
            for verb in Verb::ALL {
                assert_eq!(scopes.allow(verb), words.contains(&verb.as_str()), "{scopes:?} {verb}");
            }
        }
    }

    #[test]
    fn unknown_words_are_refused_by_name_and_so_is_nothing() {
        let error = Scopes::from_words(["orders", "claim"]).unwrap_err();
        assert_eq!(error, AuthError::ScopeUnknown { value: "claim".to_owned() });
        assert!(
            error.to_string().contains("claim") && error.to_string().contains("orders"),
            "{error}"
        );
        for word in ["", "Orders", "orders ", "admin", "*"] {
            assert_eq!(word.parse::<Verb>().unwrap_err().code(), "scope_unknown", "{word:?}");
        }
        assert_eq!(Scopes::from_words([]).unwrap_err(), AuthError::ScopesEmpty);
        for json in ["[]", "{}", "\"orders\"", "[1]", "[\"claim\"]", "null"] {
            assert!(serde_json::from_str::<Scopes>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_verb_is_named_in_the_refusals() {
        for error in [AuthError::ScopesEmpty, AuthError::ScopeUnknown { value: String::new() }] {
            assert!(
                Verb::ALL.iter().all(|verb| error.to_string().contains(verb.as_str())),
                "{error}"
            );
        }
    }
}
