//! Forks: recorded runs, continued from one of their ticks with other players or another seed.

use crate::game::{Game, faction_ids};
use crate::ids::{FactionId, FactionKind};
use crate::replay::{Replay, ReplayError};
use crate::rules::{Personality, Rules};
use crate::strategy::{self, Idle, Strategy, UnknownStrategy};
use crate::world::{World, WorldError};

/// Reason why a replay cannot be forked.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The replay cannot be played up to the fork.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The world cannot continue with the given seed.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The player of a seat is not a known strategy.
    #[error("the seat of {faction}: {source}")]
    Player {
        /// Faction of the seat.
        faction: FactionId,
        /// Unknown name, with the allowed ones.
        source: UnknownStrategy,
    },
    /// The player of a faction is not recorded.
    #[error(
        "the replay does not record the player of {faction}: choose a strategy for its seat, or one for all such seats"
    )]
    Unseated {
        /// Faction without a player.
        faction: FactionId,
    },
    /// The faction cannot occur in this run.
    #[error(
        "no seat for {faction} in this run: allowed are F1 to F{starters}, L1 and S1 to S{splinters}"
    )]
    NoSuchSeat {
        /// Given faction.
        faction: FactionId,
        /// Number of starting factions.
        starters: u8,
        /// Maximum number of splinter factions.
        splinters: i64,
    },
}

/// A recorded run, continued from one of its ticks with changes: other players, or another seed.
///
/// Strategies are deterministic, and a replay records the player of each seat. The recorded players
/// are seated again, see the ticks up to the fork as they did in the run, and then play on: without
/// changes, the fork repeats the record digest by digest. A strategy that takes a seat at the fork
/// has seen nothing before.
///
/// ```
/// use sector_sim::{FactionId, Game, Rules, World, strategy};
/// use sector_sim::game::Fork;
/// use sector_sim::replay::{Header, Replay, Seat, Writer};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A recorded match of five `classic` players...
///
/// // ...continued with an idle F2 from tick 100 on.
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Fork<'a> {
    replay: &'a Replay,
    rules: Rules,
    tick: u64,
    seats: Vec<(FactionId, String)>,
    others: Option<String>,
    draws: Option<u64>,
}

impl<'a> Fork<'a> {
    /// Forks the replay after the given tick.
    ///
    /// # Errors
    /// [`ForkError::Replay`] when the tick is not in the replay, or when its rules cannot be
    /// played.
    pub fn at(replay: &'a Replay, tick: u64) -> Result<Fork<'a>, ForkError> {
        let last = replay.ticks().len() as u64;
        if tick > last {
            return Err(ReplayError::Absent { tick, last }.into());
        }
        replay.header().check_rules_version()?;
        let rules = replay.header().rules()?;
        Ok(Fork { replay, rules, tick, seats: Vec::new(), others: None, draws: None })
    }

    /// All factions that can occur in a run with this header: the starters, the League and the
    /// splinters.
    ///
    /// # Errors
    /// [`ForkError::Replay`] when the rules in the header are invalid.
    pub fn seats_of(header: &crate::replay::Header) -> Result<Vec<FactionId>, ForkError> {
        Ok(seats(header.factions, &header.rules()?).collect())
    }

    /// Seats another strategy from the fork on. It plays with the personality recorded for the
    /// seat, or else with the one in the rules.
    ///
    /// # Errors
    /// [`ForkError::Player`] for an unknown name, [`ForkError::NoSuchSeat`] for a faction that
    /// cannot occur.
    pub fn seat(mut self, faction: FactionId, player: &str) -> Result<Fork<'a>, ForkError> {
        let starters = self.replay.header().factions;
        if !seats(starters, &self.rules).any(|seat| seat == faction) {
            let splinters = self.rules.rebellion.splinters;
            return Err(ForkError::NoSuchSeat { faction, starters, splinters });
        }
        seated(faction, player, self.personality(faction))?;
        self.seats.retain(|(seat, _)| *seat != faction);
        self.seats.push((faction, player.to_owned()));
        Ok(self)
    }

    /// Sets the strategy, from tick 0 on, of factions whose players are not recorded or not built
    /// in.
    ///
    /// # Errors
    /// [`ForkError::Player`] for an unknown name.
    pub fn others(mut self, player: &str) -> Result<Fork<'a>, ForkError> {
        seated(FactionId::LEAGUE, player, self.personality(FactionId::LEAGUE))?;
        self.others = Some(player.to_owned());
        Ok(self)
    }

    /// Uses another seed for everything after the fork (see [`Game::redraw`]), for another possible
    /// outcome of the same situation.
    #[must_use]
    pub fn draws(mut self, seed: u64) -> Fork<'a> {
        self.draws = Some(seed);
        self
    }

    /// Plays the record up to the fork and returns the match. Every call returns the same match.
    ///
    /// # Errors
    /// [`ForkError`] when a player is unknown, or when playing differs from the record.
    pub fn play(&self) -> Result<Game, ForkError> {
        let world = self.replay.header().world()?;
        let mut names: Vec<(FactionId, String, Personality)> = Vec::new();
        for faction in seats(self.replay.header().factions, &self.rules) {
            names.push((faction, self.player(faction)?, self.personality(faction)));
        }
        let mut game =
            Game::new(world, Box::new(move |_: &World, faction| seating(&names, faction)));
        for tick in self.replay.ticks().iter().take(self.tick as usize) {
            let found = game.follow(&tick.orders).digest;
            if found != tick.digest {
                return Err(ReplayError::Diverged {
                    tick: tick.tick,
                    recorded: tick.digest,
                    found,
                }
                .into());
            }
        }
        for (faction, player) in &self.seats {
            game.seat(*faction, seated(*faction, player, self.personality(*faction))?);
        }
        if let Some(seed) = self.draws {
            game.redraw(seed)?;
        }
        Ok(game)
    }

    /// Player of a faction up to the fork, if needed.
    fn player(&self, faction: FactionId) -> Result<String, ForkError> {
        let recorded = self.replay.header().seat(faction);
        let fault =
            match recorded.map(|seat| seated(faction, &seat.player, seat.personality.clone())) {
                Some(Ok(known)) => return Ok(known.name().to_owned()),
                Some(Err(unknown)) => unknown,
                None => ForkError::Unseated { faction },
            };
        if let Some(others) = &self.others {
            return Ok(others.clone());
        }
        // A player that is replaced at the fork need not play before it.
        if self.seats.iter().any(|(seat, _)| *seat == faction) {
            Ok(Idle.name().to_owned())
        } else {
            Err(fault)
        }
    }

    fn personality(&self, faction: FactionId) -> Personality {
        let recorded = self.replay.header().seat(faction).map(|seat| seat.personality.clone());
        recorded.unwrap_or_else(|| self.rules.personality(faction.index()))
    }
}

fn seats(starters: u8, rules: &Rules) -> impl Iterator<Item = FactionId> + use<> {
    let (starters, splinters) =
        (usize::from(starters), rules.rebellion.splinters.clamp(0, 127) as usize);
    faction_ids().filter(move |faction| match faction.kind() {
        FactionKind::Starter => faction.index() < starters,
        FactionKind::League => true,
        FactionKind::Splinter => faction.index() <= FactionId::LEAGUE.index() + splinters,
    })
}

fn seated(
    faction: FactionId,
    player: &str,
    personality: Personality,
) -> Result<Box<dyn Strategy>, ForkError> {
    strategy::by_name(player, personality).map_err(|source| ForkError::Player { faction, source })
}

fn seating(names: &[(FactionId, String, Personality)], faction: FactionId) -> Box<dyn Strategy> {
    let seat = names.iter().find(|(seat, _, _)| *seat == faction);
    // The names were checked before, and no other faction can appear.
    seat.and_then(|(_, player, personality)| strategy::by_name(player, personality.clone()).ok())
        .unwrap_or(Box::new(Idle))
}
