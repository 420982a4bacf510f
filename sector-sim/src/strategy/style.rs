//! Strategies as written in options: `raider`, or `raider@900/400/800/100`.

use std::fmt;
use std::str::FromStr;

use super::{Strategy, UnknownStrategy, by_name};
use crate::rules::{Personality, Rules};
use crate::strategy::Idle;

/// Maximum of a trait, per mille.
const TRAIT_MOST: i64 = 1000;

/// A strategy with its own personality or that of its seat: `name`, or
/// `name@aggression/expansionism/greed/caution` with the traits in per mille.
///
/// ```
/// use sector_sim::Rules;
/// use sector_sim::strategy::Style;
/// let style: Style = "raider@900/400/800/100".parse().unwrap();
/// assert_eq!(style.personality().unwrap().greed, 800);
/// assert_eq!(style.sit(Rules::classic().personality(0)).name(), "raider");
/// let error = "raidr".parse::<Style>().unwrap_err().to_string();
/// assert!(error.starts_with("unknown strategy \"raidr\"; allowed are classic, greedy"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    name: String,
    personality: Option<Personality>,
}

impl Default for Style {
    /// `classic`, with the personality of the seat.
    fn default() -> Style {
        Style { name: "classic".to_owned(), personality: None }
    }
}

/// Invalid style.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StyleError {
    /// Unknown strategy.
    #[error(transparent)]
    Unknown(#[from] UnknownStrategy),
    /// Invalid personality after the name.
    #[error(
        "invalid style {0:?}: the @ must be followed by four traits from 0 to 1000, separated by slashes (aggression/expansionism/greed/caution)"
    )]
    Traits(String),
}

impl Style {
    /// Name of the strategy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Personality, if given.
    #[must_use]
    pub fn personality(&self) -> Option<&Personality> {
        self.personality.as_ref()
    }

    /// A new player for a seat with this default personality.
    #[must_use]
    pub fn sit(&self, seat: Personality) -> Box<dyn Strategy> {
        let personality = self.personality.clone().unwrap_or(seat);
        // The name was checked when the style was parsed.
        by_name(&self.name, personality).unwrap_or_else(|_| Box::new(Idle))
    }
}

impl FromStr for Style {
    type Err = StyleError;

    fn from_str(text: &str) -> Result<Style, StyleError> {
        let (name, traits) =
            text.split_once('@').map_or((text, None), |(name, traits)| (name, Some(traits)));
        by_name(name, Rules::classic().personality(0))?;
        let refused = || StyleError::Traits(text.chars().take(64).collect());
        let personality = traits.map(|traits| parse(traits).ok_or_else(refused)).transpose()?;
        Ok(Style { name: name.to_owned(), personality })
    }
}

fn parse(traits: &str) -> Option<Personality> {
    let mut numbers = traits.split('/').map(|number| {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<i64>().ok().filter(|number| digits && *number <= TRAIT_MOST)
    });
    let mut next = || numbers.next()?;
    let personality = Personality {
        aggression: next()?,
        expansionism: next()?,
        greed: next()?,
        caution: next()?,
    };
    numbers.next().is_none().then_some(personality)
}

impl fmt::Display for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if let Some(Personality { aggression, expansionism, greed, caution }) = &self.personality {
            write!(formatter, "@{aggression}/{expansionism}/{greed}/{caution}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_survive_a_round_trip_and_bad_ones_are_refused_by_name() {
        for text in ["classic", "lookahead@0/1000/5/10"] {
            assert_eq!(text.parse::<Style>().unwrap().to_string(), text);
        }
        for (text, told) in [
            ("clasic", "unknown strategy \"clasic\"; allowed are classic"),
            ("", "unknown strategy"),
            ("classic@", "four traits"),
            ("classic@1/2/3", "four traits"),
            ("classic@1/2/3/x", "four traits"),
            ("classic@1/2/3/+4", "four traits"),
            ("classic@1/2/3/4/5", "four traits"),
            ("classic@1/2/3/1001", "\"classic@1/2/3/1001\""),
        ] {
            let error = text.parse::<Style>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
