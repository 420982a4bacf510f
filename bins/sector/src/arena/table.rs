//! Plays the games of an arena.

use std::sync::Arc;

use sector_client::stdio::End;
use sector_sim::game::Seating;
use sector_sim::ids::FACTION_IDS;
use sector_sim::strategy::Classic;
use sector_sim::world::Size;
use sector_sim::{Board, Event, FactionId, Game, Rules, World};

use super::field::{Field, Personalities};
use super::keep::Keep;
use super::record::Record;
use super::schedule::{Pairing, Schedule};
use crate::exec::{Account, Chair, Limits};
use crate::tool::Error;

/// Ticks that a new leader has to stay ahead for a change to count.
const LEAD_TICKS: u32 = 5;

/// Maximum number of samples of value per game, without the last.
const VALUE_SAMPLES: u64 = 80;

/// Rules, size and players of an arena.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) rules: Arc<Rules>,
    pub(crate) size: Size,
    pub(crate) field: Field,
    pub(crate) personalities: Personalities,
    pub(crate) schedule: Schedule,
    /// Limits of programs.
    pub(crate) limits: Limits,
    /// Stores games, if any are to be stored.
    pub(crate) keep: Option<Keep>,
}

/// World of the last map at tick 0, reused by its other rotations.
pub(crate) type Fresh = Option<(u64, World)>;

impl Table {
    /// Ticks between samples of value.
    pub(crate) fn value_every(&self) -> u64 {
        (self.rules.victory.tick_limit as u64).div_ceil(VALUE_SAMPLES).max(1)
    }

    /// World of a map at tick 0.
    pub(crate) fn world(&self, seed: u64) -> Result<World, Error> {
        World::with_size(self.rules.clone(), seed, self.size)
            .map_err(|error| format!("seed {seed}: {error}").into())
    }

    /// Plays the game with this index.
    pub(crate) fn play(&self, index: u64, fresh: &mut Fresh) -> Result<Record, Error> {
        let pairing =
            self.schedule.pairing(index).ok_or_else(|| format!("there is no game {index}"))?;
        self.play_pairing(index, &pairing, fresh)
    }

    /// Plays a game with this pairing.
    pub(super) fn play_pairing(
        &self,
        index: u64,
        pairing: &Pairing,
        fresh: &mut Fresh,
    ) -> Result<Record, Error> {
        let world = match fresh.take() {
            Some((seed, world)) if seed == pairing.seed => world,
            _ => self.world(pairing.seed)?,
        };
        *fresh = Some((pairing.seed, world.clone()));
        let mut watch = Watch::new(self.value_every(), self.size, &world);
        let name = |player: &usize| self.field.names().get(*player).cloned().unwrap_or_default();
        let players: Vec<String> = pairing.seats.iter().map(name).collect();
        let (mut game, chairs) = self.seat(world, pairing);
        let mut kept = match &self.keep {
            Some(keep) if !chairs.is_empty() || keep.is_for_all() => {
                Some(keep.begin(index, game.world(), &players)?)
            }
            _ => None,
        };
        let outcome = loop {
            game.step();
            watch.look(&game);
            if let Some(kept) = &mut kept {
                kept.tick(game.world(), game.orders())?;
            }
            if let Some(outcome) = game.world().board().result() {
                break outcome;
            }
        };
        let board = game.world().board();
        watch.sample(board);
        let places = places(outcome.winner, &watch.held);
        let accounts: Vec<Account> = chairs
            .iter()
            .map(|(seat, chair)| {
                chair
                    .process()
                    .finish(End { winner: outcome.winner, place: places.get(*seat).copied() })
            })
            .collect();
        if let Some(kept) = kept {
            kept.finish(game.world(), &accounts)?;
        }
        Ok(Record {
            game: index,
            seed: pairing.seed,
            rotation: pairing.rotation,
            winner: outcome.winner,
            winner_player: outcome.winner.and_then(|winner| players.get(winner.index()).cloned()),
            players,
            cause: outcome.cause,
            ticks: outcome.tick,
            digest: game.world().digest().to_string(),
            places,
            eliminated: watch.eliminated,
            orders: watch.orders,
            refused: watch.refused,
            rebellions: watch.rebellions,
            leader_changes: watch.leader_changes,
            snowball: watch.snowball,
            value_every: watch.every,
            value_per_mille: watch.value,
            faults: accounts.into_iter().flat_map(|account| account.faults).collect(),
        })
    }

    /// A game with its players, and the chairs of programs, by seat. The League and splinters play
    /// `classic`.
    fn seat(&self, world: World, pairing: &Pairing) -> (Game, Vec<(usize, Chair)>) {
        let (mut seated, mut chairs) = (Vec::new(), Vec::new());
        for (seat, player) in pairing.seats.iter().enumerate() {
            let faction = u8::try_from(seat).ok().and_then(FactionId::starter);
            let (Some(faction), Some(player), Some(name)) =
                (faction, self.field.player(*player), self.field.names().get(*player))
            else {
                continue;
            };
            let personality = self.personalities.of_seat(&self.rules, seat);
            let (strategy, chair) = player.sit(name, self.limits, (faction, personality));
            seated.push((faction, strategy));
            chairs.extend(chair.map(|chair| (seat, chair)));
        }
        let (rules, personalities) = (self.rules.clone(), self.personalities);
        let others: Seating = Box::new(move |_, faction| {
            Box::new(Classic::new(personalities.of_seat(&rules, faction.index())))
        });
        (Game::from_parts(world, seated, others), chairs)
    }
}

/// Places of the seats: the winner first, the others by value summed over all ticks, so that hiding
/// does not pay. Equals share a place.
fn places(winner: Option<FactionId>, held: &[i64]) -> Vec<u32> {
    let merit: Vec<_> = held
        .iter()
        .enumerate()
        .map(|(seat, held)| (winner.is_some_and(|id| id.index() == seat), held))
        .collect();
    merit.iter().map(|own| 1 + merit.iter().filter(|other| *other > own).count() as u32).collect()
}

/// Counts during a game.
#[derive(Debug)]
struct Watch {
    systems: i64,
    total_value: i64,
    every: u64,
    eliminated: Vec<Option<u64>>,
    /// Value of each seat, summed over ticks.
    held: Vec<i64>,
    value: Vec<Vec<u16>>,
    orders: u64,
    refused: u64,
    rebellions: u32,
    leader: Option<FactionId>,
    ahead: u32,
    leader_changes: u32,
    lost: [bool; FACTION_IDS],
    snowball: bool,
}

impl Watch {
    fn new(every: u64, size: Size, world: &World) -> Watch {
        let seats = usize::from(size.factions);
        let mut watch = Watch {
            systems: i64::from(size.systems),
            total_value: world.map().sites().iter().map(|site| i64::from(site.value)).sum(),
            every,
            eliminated: vec![None; seats],
            held: vec![0; seats],
            value: vec![Vec::new(); seats],
            orders: 0,
            refused: 0,
            rebellions: 0,
            leader: None,
            ahead: 0,
            leader_changes: 0,
            lost: [false; FACTION_IDS],
            snowball: false,
        };
        watch.sample(world.board());
        watch
    }

    /// After each tick.
    fn look(&mut self, game: &Game) {
        let board = game.world().board();
        let seats = self.eliminated.len();
        let seat = |faction: FactionId| faction.index() < seats;
        self.orders += game.orders().iter().filter(|order| seat(order.faction)).count() as u64;
        for event in board.events() {
            match event {
                Event::Rebelled { from, .. } | Event::Seceded { from, .. } => {
                    self.rebellions += 1;
                    self.lost[from.index()] = true;
                }
                Event::Captured { from: Some(from), .. } => self.lost[from.index()] = true,
                Event::OrderRefused { faction, .. } => self.refused += u64::from(seat(*faction)),
                Event::Eliminated { faction } if seat(*faction) => {
                    self.eliminated[faction.index()] = Some(board.tick());
                }
                _ => {}
            }
        }
        for faction in board.factions() {
            if let Some(held) = self.held.get_mut(faction.id.index()) {
                *held += faction.value;
            }
        }
        let living = || board.factions().iter().filter(|faction| faction.alive);
        let first = living().max_by_key(|faction| (faction.score(), std::cmp::Reverse(faction.id)));
        let first = first.map(|faction| faction.id);
        self.ahead = if first == self.leader { 0 } else { self.ahead + 1 };
        if self.ahead == LEAD_TICKS || self.leader.is_none() {
            self.leader_changes += u32::from(self.leader.is_some());
            (self.leader, self.ahead) = (first, 0);
        }
        self.snowball |= living().any(|faction| {
            faction.systems * 10 >= self.systems * 6 && !self.lost[faction.id.index()]
        });
        if board.tick().is_multiple_of(self.every) && board.result().is_none() {
            self.sample(board);
        }
    }

    /// Adds a sample of each seat's share of the value.
    fn sample(&mut self, board: &Board) {
        for (seat, samples) in self.value.iter_mut().enumerate() {
            let faction = FactionId::starter(seat as u8).and_then(|id| board.faction(id));
            let held = faction.map_or(0, |faction| faction.value);
            samples.push((held * 1000 / self.total_value.max(1)) as u16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_is_first_and_equals_share_a_place() {
        assert_eq!(places(FactionId::starter(1), &[90, 10, 40, 40, 0]), [2, 1, 3, 3, 5]);
        assert_eq!(places(None, &[1, 2]), [2, 1]);
    }
}
