//! The file of rules: what may stand in it, and what is said about a file with something else.
//!
//! The types are the grammar. A field that is misspelt, a word that does not exist and a number that makes no sense are
//! refused where they stand, because a rule that silently never holds is the hardest to find.

use std::path::{Path, PathBuf};

use sector_sim::order::Focus;
use serde::Deserialize;

/// The most bytes of a file of rules.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// The most rules of a kind: each is looked at for each stack or system in each turn.
const RULES_MAX: usize = 200;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum RulebookError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that is no rule.
    #[error("{}:{line}: {detail}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The line, the first being 1.
        line: usize,
        /// What is wrong, and with what.
        detail: String,
    },
}

/// Rules for fleets and for systems, each read from the top.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// What idle stacks do.
    #[serde(default)]
    pub fleet: Vec<FleetRule>,
    /// What systems strive for.
    #[serde(default)]
    pub system: Vec<SystemRule>,
}

/// What an idle stack does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetRule {
    /// What the rule is for; it stands in the history beside its orders.
    pub name: Option<Box<str>>,
    /// When it holds; without it, always.
    #[serde(default)]
    pub when: FleetWhen,
    /// What is done then. Where there is nothing of that kind to do, the next rule is read.
    pub then: FleetThen,
}

/// All of what is said must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetWhen {
    /// Where the stack is.
    pub place: Option<Place>,
    /// Whether foreign fleets are at its system, or bound for it.
    pub menaced: Option<bool>,
    /// Whether it is about to take the foreign system that it is at.
    pub taking: Option<bool>,
    /// It has at least this strength, milli.
    pub strength_from: Option<Limit>,
    /// It has less strength than this, milli.
    pub strength_below: Option<Limit>,
    /// From this tick on.
    pub tick_from: Option<Limit>,
    /// Before this tick.
    pub tick_below: Option<Limit>,
}

/// Actions of a stack.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetThen {
    /// Stay.
    Hold,
    /// Attack something.
    Take(Take),
    /// Go to one of the own systems.
    Go(Post),
}

/// An attack.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Whose systems.
    #[serde(default)]
    pub whose: Whose,
    /// The least odds.
    #[serde(default = "even")]
    pub odds: PerMille,
    /// The most ticks of travel.
    #[serde(default = "near")]
    pub within_ticks: Limit,
    /// How much of the stack.
    #[serde(default)]
    pub send: Send,
    /// Which first.
    #[serde(default)]
    pub prefer: Prefer,
}

fn even() -> PerMille {
    PerMille(600)
}

fn near() -> Limit {
    Limit(10)
}

/// What a system strives for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemRule {
    /// What the rule is for; it stands in the history beside its orders.
    pub name: Option<Box<str>>,
    /// When it holds; without it, always.
    #[serde(default)]
    pub when: SystemWhen,
    /// What is done then.
    pub then: SystemThen,
}

/// All of what is said must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemWhen {
    /// Whether it has a foreign neighbour.
    pub front: Option<bool>,
    /// Whether foreign fleets are there, or bound for it.
    pub menaced: Option<bool>,
    /// It is less stable than this.
    pub stability_below: Option<PerMille>,
}

/// Actions of a system.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemThen {
    /// Strive for this.
    Focus(Focus),
}

/// Defines words that may stand in a file.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_meta])* $word,)* }
    };
}

words! {
    /// Where a stack is.
    Place {
        /// At an own system.
        #[default]
        Own,
        /// At an own system with a foreign neighbour.
        Front,
        /// At an own system with own neighbours alone.
        Inland,
        /// At a system of somebody else, or of nobody.
        Foreign,
    }
}
words! {
    /// Whose systems are attacked.
    Whose {
        /// Those that nobody owns.
        Nobodys,
        /// Those of other factions.
        Somebodys,
        /// Both.
        #[default]
        Anybodys,
    }
}
words! {
    /// How much of a stack goes.
    Send {
        /// What taking the system needs, where a part may be detached and no fleet is in the way; otherwise all.
        #[default]
        Enough,
        /// The whole stack.
        All,
    }
}
words! {
    /// Which target comes first.
    Prefer {
        /// The most yield for each tick of travel.
        #[default]
        Rich,
        /// The fewest ticks of travel.
        Near,
    }
}
words! {
    /// Own systems to go to.
    Post {
        /// The nearest with a foreign neighbour.
        #[default]
        Front,
        /// The nearest that foreign fleets are at, or bound for.
        Menaced,
    }
}

/// Defines a number with a range.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident, $most:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "i64")]
        pub struct $name(pub i64);

        impl TryFrom<i64> for $name {
            type Error = String;

            fn try_from(value: i64) -> Result<$name, String> {
                let range = 0..=$most;
                let refused = || format!("{value} is not allowed; allowed: {} to {}", range.start(), range.end());
                range.contains(&value).then_some($name(value)).ok_or_else(refused)
            }
        }
    };
}

number! {
    /// A part, per mille.
    PerMille, 1_000
}
number! {
    /// A strength in thousandths, or a number of ticks.
    Limit, 1_000_000_000
}

impl Rulebook {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`RulebookError`], which names the file, the line and the word.
    pub fn read(path: &Path) -> Result<Rulebook, RulebookError> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|source| RulebookError::Read { path: path.to_owned(), source })?;
        Rulebook::parse(path, &text)
    }

    /// Reads rules; `path` is what errors call them.
    ///
    /// # Errors
    /// [`RulebookError::Refused`], which names the line and the word.
    pub fn parse(path: &Path, text: &str) -> Result<Rulebook, RulebookError> {
        let refused =
            |line, detail| Err(RulebookError::Refused { path: path.to_owned(), line, detail });
        if text.len() > FILE_BYTES_MAX {
            return refused(
                1,
                format!("the file has {} bytes; allowed: {FILE_BYTES_MAX}", text.len()),
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
            0 => refused(1, "there is no rule; write at least one [[fleet]] or [[system]]".into()),
            many if many > RULES_MAX => {
                refused(1, format!("{many} rules of a kind; allowed: {RULES_MAX}"))
            }
            _ => Ok(rules),
        }
    }
}
