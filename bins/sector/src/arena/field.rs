//! Players of an arena: strategies of the engine and programs.

use sector_sim::rules::Personality;
use sector_sim::strategy::Style;
use sector_sim::{FactionId, Rules, Strategy};
use serde::{Deserialize, Serialize};

use crate::exec::{Chair, Limits, PREFIX, Process, Program};
use crate::tool::Error;

/// Maximum length of a player's name, in characters.
const NAME_CHARS_MAX: usize = 32;

/// Personality of players that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Personalities {
    /// The personality of the seat, from the rules
    Seats,
    /// The mean of all personalities in the rules, in every seat
    Equal,
}

impl Personalities {
    /// Personality of a seat.
    pub(crate) fn of_seat(self, rules: &Rules, seat: usize) -> Personality {
        match self {
            Personalities::Seats => rules.personality(seat),
            Personalities::Equal => {
                let all = &rules.personality;
                let mean = |of: fn(&Personality) -> i64| {
                    all.iter().map(of).sum::<i64>() / all.len().max(1) as i64
                };
                Personality {
                    aggression: mean(|one| one.aggression),
                    expansionism: mean(|one| one.expansionism),
                    greed: mean(|one| one.greed),
                    caution: mean(|one| one.caution),
                }
            }
        }
    }
}

/// A player of an arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Player {
    /// A strategy of the engine.
    Strategy(Style),
    /// A separate program.
    Program(Program),
}

impl Player {
    /// Parses `name`, `name@aggression/expansionism/greed/caution` (traits in per mille), or
    /// `exec:` and a command.
    pub(crate) fn parse(text: &str) -> Result<Player, Error> {
        if text.starts_with(PREFIX) {
            return Ok(Player::Program(Program::parse(text)?));
        }
        Ok(Player::Strategy(text.parse()?))
    }

    /// Strategy for a seat. `name` and `limits` are for programs; the chair of a program reports
    /// afterwards what it did.
    pub(crate) fn sit(
        &self,
        name: &str,
        limits: Limits,
        seat: (FactionId, Personality),
    ) -> (Box<dyn Strategy>, Option<Chair>) {
        match self {
            Player::Strategy(style) => (style.sit(seat.1), None),
            Player::Program(program) => {
                let chair = Chair::new(Process::new(program, limits, name, seat));
                (Box::new(chair.clone()), Some(chair))
            }
        }
    }
}

/// Splits `mine=exec:./my-bot` into name and player. Without a name, the whole text is both.
pub(super) fn named(text: &str) -> Result<(&str, &str), Error> {
    let Some((name, rest)) = text.split_once('=').filter(|(_, rest)| rest.starts_with(PREFIX))
    else {
        return Ok((text, text));
    };
    let fits = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(fits) {
        return Err(format!(
            "player {text:?}: invalid name {name:?}; allowed are 1 to {NAME_CHARS_MAX} letters, digits and . _ -"
        )
        .into());
    }
    Ok((name, rest))
}

/// Players of an arena, with unique names.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    players: Vec<Player>,
    names: Vec<String>,
}

impl Field {
    /// Parses players. A single one fills all seats; players that are given more than once are
    /// numbered.
    pub(crate) fn new(texts: &[String], seats: usize) -> Result<Field, Error> {
        let texts = match texts {
            [one] => vec![one.clone(); seats],
            many => many.to_vec(),
        };
        let named = texts.iter().map(|text| named(text)).collect::<Result<Vec<_>, _>>()?;
        let players =
            named.iter().map(|(_, text)| Player::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let names = texts.iter().enumerate().map(|(index, text)| {
            if texts.iter().filter(|other| *other == text).count() == 1 {
                return (*text).to_owned();
            }
            let before = texts.iter().take(index).filter(|other| *other == text).count();
            format!("{text}#{}", before + 1)
        });
        Ok(Field { names: names.collect(), players })
    }

    pub(crate) fn len(&self) -> usize {
        self.players.len()
    }

    /// Whether all players are copies of one.
    pub(crate) fn is_copies(&self) -> bool {
        self.players.windows(2).all(|pair| matches!(pair, [one, other] if one == other))
    }

    /// Whether any player is a program.
    pub(crate) fn has_programs(&self) -> bool {
        self.players.iter().any(|player| matches!(player, Player::Program(_)))
    }

    /// Unique names.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn player(&self, index: usize) -> Option<&Player> {
        self.players.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_traits_are_read() {
        let texts = ["classic", "random", "classic", "classic@900/400/800/100"].map(str::to_owned);
        let field = Field::new(&texts, 4).unwrap();
        assert_eq!(field.names(), ["classic#1", "random", "classic#2", "classic@900/400/800/100"]);
        let own: Style = "classic@900/400/800/100".parse().unwrap();
        assert_eq!(own.personality().unwrap().greed, 800);
        assert_eq!(field.player(3), Some(&Player::Strategy(own)));
        assert_eq!(
            Field::new(&["idle".to_owned()], 3).unwrap().names(),
            ["idle#1", "idle#2", "idle#3"]
        );
    }

    #[test]
    fn programs_may_have_names() {
        let texts = ["mine=exec:sh -c true", "exec:sh", "exec:sh"].map(str::to_owned);
        assert_eq!(Field::new(&texts, 3).unwrap().names(), ["mine", "exec:sh#1", "exec:sh#2"]);
        for text in ["=exec:sh", "a b=exec:sh", &format!("{}=exec:sh", "x".repeat(33))] {
            let error =
                Field::new(&[text.to_owned(), "idle".to_owned()], 2).unwrap_err().to_string();
            assert!(error.contains("; allowed are 1 to 32"), "{error}");
        }
    }

    #[test]
    fn bad_players_are_refused_by_name() {
        for (text, told) in [
            ("clasic", "unknown strategy \"clasic\""),
            ("classic@1/2/3", "four traits"),
            ("classic@1/2/3/x", "four traits"),
            ("classic@1/2/3/4/y", "four traits"),
            ("classic@1/2/3/1001", "0 to 1000"),
            ("", "unknown strategy"),
            ("exec:./no-such-bot", "there is no program ./no-such-bot"),
        ] {
            let error = Player::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
