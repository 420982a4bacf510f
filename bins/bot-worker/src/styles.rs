//! Strategies of factions.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sector_sim::FactionId;
use sector_sim::strategy::Style;

/// Strategies by faction: `F1=classic,F2=raider@900/400/800/100`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styles(BTreeMap<FactionId, Style>);

impl Styles {
    /// Strategy of a faction; `None` if not listed.
    #[must_use]
    pub fn of(&self, faction: FactionId) -> Option<&Style> {
        self.0.get(&faction)
    }
}

impl FromStr for Styles {
    type Err = String;

    fn from_str(text: &str) -> Result<Styles, String> {
        let mut styles = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((faction, style)) = part.split_once('=') else {
                return Err(format!("{part:?} has no strategy; write it like F1=classic"));
            };
            let faction: FactionId =
                faction.trim().parse().map_err(|error| format!("{part:?}: {error}"))?;
            let style: Style =
                style.trim().parse().map_err(|error| format!("{part:?}: {error}"))?;
            if styles.insert(faction, style).is_some() {
                return Err(format!("{faction} is listed twice; it can have only one strategy"));
            }
        }
        Ok(Styles(styles))
    }
}

impl fmt::Display for Styles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (faction, style)) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(formatter, "{comma}{faction}={style}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_parsed_and_errors_name_the_entry() {
        let styles: Styles = " F2=raider@900/400/800/100 , F1=classic,".parse().unwrap();
        assert_eq!(styles.to_string(), "F1=classic,F2=raider@900/400/800/100");
        assert_eq!(styles.of(FactionId::starter(0).unwrap()).unwrap().name(), "classic");
        assert_eq!(styles.of(FactionId::LEAGUE), None);
        assert_eq!("".parse::<Styles>().unwrap(), Styles::default());
        for (text, told) in [
            ("F1", "\"F1\" has no strategy"),
            ("F1=clasic", "unknown strategy \"clasic\"; allowed are classic, greedy"),
            ("F1=classic@1", "four traits"),
            ("X9=classic", "\"X9=classic\""),
            ("F1=classic,F1=idle", "F1 is listed twice"),
        ] {
            let error = text.parse::<Styles>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
