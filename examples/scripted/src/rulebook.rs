//! The file of rules: its grammar and its errors.
//!
//! The types are the grammar. A misspelt field, an unknown word or a number out of range is an
//! error with its line, because a rule that silently never applies is hard to find.

use std::path::{Path, PathBuf};

use sector_sim::order::Focus;
use serde::Deserialize;

/// Largest file, in bytes.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// Largest number of rules of a kind: each may be evaluated for each stack or system in each turn.
const RULES_MAX: usize = 200;

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulebookError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The file has an invalid rule.
    #[error("{}:{line}: {detail}", path.display())]
    Refused {
        /// Path of the file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
}

/// Rules for fleets and systems, in order of precedence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// Rules for idle stacks.
    #[serde(default)]
    pub fleet: Vec<FleetRule>,
    /// Rules for systems.
    #[serde(default)]
    pub system: Vec<SystemRule>,
}

/// A rule for idle stacks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetRule {
    /// Name of the rule, shown in the history with its orders.
    pub name: Option<Box<str>>,
    /// Condition; without one, the rule always applies.
    #[serde(default)]
    pub when: FleetWhen,
    /// Action. If it is not possible, the next rule is tried.
    pub then: FleetThen,
}

/// A condition: every field given must match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetWhen {
    /// Place of the stack.
    pub place: Option<Place>,
    /// Whether foreign fleets are at its system or on their way to it.
    pub menaced: Option<bool>,
    /// Whether the stack is capturing the system where it is.
    pub taking: Option<bool>,
    /// Smallest strength, in thousandths.
    pub strength_from: Option<Limit>,
    /// Strength below this, in thousandths.
    pub strength_below: Option<Limit>,
    /// First tick.
    pub tick_from: Option<Limit>,
    /// Tick below this.
    pub tick_below: Option<Limit>,
}

/// Action of a stack.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetThen {
    /// Stay.
    Hold,
    /// Attack a system.
    Take(Take),
    /// Go to an own system.
    Go(Post),
}

/// An attack.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Owners of the targets.
    #[serde(default)]
    pub whose: Whose,
    /// Lowest odds.
    #[serde(default = "even")]
    pub odds: PerMille,
    /// Longest travel time, in ticks.
    #[serde(default = "near")]
    pub within_ticks: Limit,
    /// Amount to send.
    #[serde(default)]
    pub send: Send,
    /// Which target to prefer.
    #[serde(default)]
    pub prefer: Prefer,
}

fn even() -> PerMille {
    PerMille(600)
}

fn near() -> Limit {
    Limit(10)
}

/// A rule for systems.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemRule {
    /// Name of the rule, shown in the history with its orders.
    pub name: Option<Box<str>>,
    /// Condition; without one, the rule always applies.
    #[serde(default)]
    pub when: SystemWhen,
    /// Action.
    pub then: SystemThen,
}

/// A condition: every field given must match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemWhen {
    /// Whether the system has a foreign neighbour.
    pub front: Option<bool>,
    /// Whether foreign fleets are there or on their way to it.
    pub menaced: Option<bool>,
    /// Stability below this.
    pub stability_below: Option<PerMille>,
}

/// Action of a system.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemThen {
    /// Set this focus.
    Focus(Focus),
}

/// Defines an enum of words in the file.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_meta])* $word,)* }
    };
}

words! {
    /// Place of a stack.
    Place {
        /// At an own system.
        #[default]
        Own,
        /// At an own system with a foreign neighbour.
        Front,
        /// At an own system with only own neighbours.
        Inland,
        /// At a foreign or free system.
        Foreign,
    }
}
words! {
    /// Owners of the systems to attack.
    Whose {
        /// Free systems.
        Nobodys,
        /// Systems of other factions.
        Somebodys,
        /// Both.
        #[default]
        Anybodys,
    }
}
words! {
    /// Amount of a stack to send.
    Send {
        /// What a capture needs, if that can be detached and no fleet defends the system; otherwise
        /// all.
        #[default]
        Enough,
        /// The whole stack.
        All,
    }
}
words! {
    /// Order of targets.
    Prefer {
        /// Most yield per tick of travel.
        #[default]
        Rich,
        /// Fewest ticks of travel.
        Near,
    }
}
words! {
    /// Own system to go to.
    Post {
        /// The nearest one with a foreign neighbour.
        #[default]
        Front,
        /// The nearest one with foreign fleets at it or on their way to it.
        Menaced,
    }
}

/// Defines a number with a range from 0.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident, $most:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "i64")]
        pub struct $name(pub i64);

        impl TryFrom<i64> for $name {
            type Error = OutOfRange;

            fn try_from(value: i64) -> Result<$name, OutOfRange> {
                let fits = (0..=$most).contains(&value);
                if fits { Ok($name(value)) } else { Err(OutOfRange { value, most: $most }) }
            }
        }
    };
}

number! {
    /// A fraction, per mille.
    PerMille, 1_000
}
number! {
    /// A strength in thousandths, or a number of ticks.
    Limit, 1_000_000_000
}

/// A number out of range.
#[derive(Debug, thiserror::Error)]
#[error("{value} is not allowed; allowed: 0 to {most}")]
pub struct OutOfRange {
    value: i64,
    most: i64,
}

impl Rulebook {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`RulebookError`] with file, line and word.
    pub fn read(path: &Path) -> Result<Rulebook, RulebookError> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|source| RulebookError::Read { path: path.to_owned(), source })?;
        Rulebook::parse(path, &text)
    }

    /// Parses rules; `path` is for error messages.
    ///
    /// # Errors
    /// [`RulebookError::Refused`] with line and word.
    pub fn parse(path: &Path, text: &str) -> Result<Rulebook, RulebookError> {
        let refused =
            |line, detail| Err(RulebookError::Refused { path: path.to_owned(), line, detail });
        if text.len() > FILE_BYTES_MAX {
            return refused(
                1,
                format!("the file must have at most {FILE_BYTES_MAX} bytes (got {})", text.len()),
            );
        }
        let rules: Rulebook = match toml::from_str(text) {
            Ok(rules) => rules,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start.min(text.len()));
                let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
                let said = text.lines().nth(line).unwrap_or_default().trim();
                return refused(
                    line + 1,
                    format!("{}, in `{said}`", error.message().trim().replace('\n', " ")),
                );
            }
        };
        match rules.fleet.len().max(rules.system.len()) {
            0 => refused(1, "no rules; write at least one [[fleet]] or [[system]]".into()),
            many if many > RULES_MAX => {
                refused(1, format!("at most {RULES_MAX} rules of a kind are allowed (got {many})"))
            }
            _ => Ok(rules),
        }
    }
}
