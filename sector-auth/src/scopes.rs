//! Permissions of a bot key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::AuthError;
use crate::error::shown;

/// A permission of a bot key. A key can never claim or release a faction, issue keys or administer
/// the sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Read the player's own data: identity, orders and receipts.
    Read,
    /// Give orders for the player's faction.
    Orders,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 2] = [Self::Read, Self::Orders];

    /// Name in requests and responses.
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

/// Permissions of a bot key: one verb or more.
///
/// Serialized as a list (`["read","orders"]`) in the order of [`Verb::ALL`]; deserialized from any
/// order, ignoring repetitions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// A set of verbs.
    ///
    /// # Errors
    /// [`AuthError::ScopesEmpty`] if there are none.
    pub fn new(verbs: impl IntoIterator<Item = Verb>) -> Result<Self, AuthError> {
        match verbs.into_iter().fold(0, |bits, verb| bits | verb.bit()) {
            0 => Err(AuthError::ScopesEmpty),
            bits => Ok(Self(bits)),
        }
    }

    /// A set of verbs from their names.
    ///
    /// # Errors
    /// [`AuthError::ScopeUnknown`] with the unknown name, and [`AuthError::ScopesEmpty`].
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, AuthError> {
        let verbs: Vec<Verb> = words.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(verbs)
    }

    /// Whether the verb is permitted.
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
    fn scopes_are_serialized_as_a_list() {
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
    fn unknown_and_empty_scopes_are_rejected() {
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
    fn errors_name_every_verb() {
        for error in [AuthError::ScopesEmpty, AuthError::ScopeUnknown { value: String::new() }] {
            assert!(
                Verb::ALL.iter().all(|verb| error.to_string().contains(verb.as_str())),
                "{error}"
            );
        }
    }
}
