//! Forks: a recorded run, continued from one of its ticks with other players or another seed.

use crate::game::{Game, faction_ids};
use crate::ids::{FactionId, FactionKind};
use crate::replay::{Replay, ReplayError};
use crate::rules::{Personality, Rules};
use crate::strategy::{self, Idle, Strategy, UnknownStrategy};
use crate::world::{World, WorldError};

/// Why a replay cannot be played on.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The replay cannot be played up to there.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The world cannot go on under these draws.
    #[error(transparent)]
    World(#[from] WorldError),
    /// A seat has a player that is no strategy.
    #[error("the seat of {faction}: {source}")]
    Player {
        /// The faction.
        faction: FactionId,
        /// The name, and the known ones.
        source: UnknownStrategy,
    },
    /// Nobody knows who plays a faction.
    #[error(
        "the replay does not say who plays {faction}: name a strategy for its seat, or one for all such seats"
    )]
    Unseated {
        /// The faction.
        faction: FactionId,
    },
    /// There can be no such faction in this run.
    #[error(
        "there is no seat for {faction} in this run: allowed are F1 to F{starters}, L1 and S1 to S{splinters}"
    )]
    NoSuchSeat {
        /// The faction that was named.
        faction: FactionId,
        /// Number of starting factions.
        starters: u8,
        /// Maximum number of splinter factions.
        splinters: i64,
    },
}

/// A question to a recorded run: what if, from this tick on, others had played, or the luck had been another?
///
/// Strategies are pure, and a replay names who sits where. So the recorded players are seated again, see the ticks up
/// to the fork as they saw them then, and play on: with nothing changed the fork is the record, digest by digest. A
/// strategy that is new to a seat begins with the tick of the fork and has seen nothing before.
///
/// ```
/// use sector_sim::{FactionId, Game, Rules, World, strategy};
/// use sector_sim::game::Fork;
/// use sector_sim::replay::{Header, Replay, Seat, Writer};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A recorded match of five times `classic`...
/// let rules = Rules::classic();
/// let world = World::new(rules.clone().into(), 7)?;
/// let mut header = Header::of("u-1", &world);
/// for faction in Fork::seats_of(&header)? {
///     let (player, personality) = ("classic".to_owned(), rules.personality(faction.index()));
///     header.seats.push(Seat { faction, player, personality });
/// }
/// let mut writer = Writer::new(&header, &world)?;
/// let mut game = Game::new(world, Box::new(move |_, faction| {
///     strategy::by_name("classic", rules.personality(faction.index())).unwrap()
/// }));
/// for _ in 0..200 {
///     game.step();
///     writer.tick(game.world(), game.orders())?;
/// }
/// writer.finish(game.world())?;
/// let replay = Replay::parse(&writer.take())?;
///
/// // ...and what would have become of F2, had it done nothing from tick 100 on.
/// let f2 = FactionId::starter(1).unwrap();
/// let mut fork = Fork::at(&replay, 100)?.seat(f2, "idle")?.play()?;
/// fork.play(100);
/// let value = |game: &Game| game.world().board().faction(f2).map(|faction| faction.value);
/// println!("with classic {:?}, with idle {:?}", value(&game), value(&fork));
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
    /// Goes on after this tick of the replay.
    ///
    /// # Errors
    /// [`ForkError::Replay`] when there is no such tick, or when the rules cannot be played.
    pub fn at(replay: &'a Replay, tick: u64) -> Result<Fork<'a>, ForkError> {
        let last = replay.ticks().len() as u64;
        if tick > last {
            return Err(ReplayError::Absent { tick, last }.into());
        }
        replay.header().check_rules_version()?;
        let rules = replay.header().rules()?;
        Ok(Fork { replay, rules, tick, seats: Vec::new(), others: None, draws: None })
    }

    /// Every faction that a run with this header can have: the starters, the League and the splinters.
    ///
    /// # Errors
    /// [`ForkError::Replay`] when the rules of the header cannot be read.
    pub fn seats_of(header: &crate::replay::Header) -> Result<Vec<FactionId>, ForkError> {
        Ok(seats(header.factions, &header.rules()?).collect())
    }

    /// Gives a seat to another strategy from the fork on. It plays with the personality that was recorded for the
    /// seat, else with the one that the rules have for it.
    ///
    /// # Errors
    /// [`ForkError::Player`] for an unknown name and [`ForkError::NoSuchSeat`] for a faction that cannot be.
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

    /// Strategy, from tick 0 on, of factions whose players are not recorded or not built in.
    ///
    /// # Errors
    /// [`ForkError::Player`] for an unknown name.
    pub fn others(mut self, player: &str) -> Result<Fork<'a>, ForkError> {
        seated(FactionId::LEAGUE, player, self.personality(FactionId::LEAGUE))?;
        self.others = Some(player.to_owned());
        Ok(self)
    }

    /// Draws everything after the fork from another seed (see [`Game::redraw`]): one of many ways in which the same
    /// situation may go on.
    #[must_use]
    pub fn draws(mut self, seed: u64) -> Fork<'a> {
        self.draws = Some(seed);
        self
    }

    /// Plays the record up to the fork and hands over the match, to be played on. Every call gives the same match.
    ///
    /// # Errors
    /// [`ForkError`] when somebody's player is not known, or when playing differs from the record.
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
        // A player that leaves at the fork need not play until then.
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
    // The names have been tried, and no other faction can come to be.
    seat.and_then(|(_, player, personality)| strategy::by_name(player, personality.clone()).ok())
        .unwrap_or(Box::new(Idle))
}
