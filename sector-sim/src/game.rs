//! A whole match in memory: a world with a strategy in each seat.
//!
//! A match can also follow a recorded history: [`Game::follow`] asks the strategies every tick as
//! if they played, but executes the recorded orders. They can take over at any tick, with some of
//! them replaced ([`Game::seat`]) or with another seed ([`Game::redraw`]). [`crate::game::Fork`]
//! does this for replays.

mod fork;

pub use fork::{Fork, ForkError};

use crate::board::Outcome;
use crate::ids::{FACTION_IDS, FactionId, MAX_SPLINTERS, MAX_STARTERS};
use crate::order::Order;
use crate::snapshot::{Snapshot, Universe};
use crate::step::Report;
use crate::strategy::{Strategy, Turn};
use crate::world::{World, WorldError};

/// Creates the strategy for a faction.
pub type Seating = Box<dyn FnMut(&World, FactionId) -> Box<dyn Strategy> + Send>;

/// A faction and the strategy in its seat.
pub type Seated = (FactionId, Box<dyn Strategy>);

/// A match in memory.
///
/// ```
/// use sector_sim::{Game, Rules, World, strategy};
/// let rules = Rules::classic();
/// let world = World::new(rules.clone().into(), 7).unwrap();
/// let mut game = Game::new(world, Box::new(move |_, faction| {
///     strategy::by_name("random", rules.personality(faction.index())).unwrap()
/// }));
/// game.play(100);
/// assert_eq!(game.world().tick(), 100);
/// ```
pub struct Game {
    world: World,
    seating: Seating,
    seats: Vec<Option<Box<dyn Strategy>>>,
    orders: Vec<Order>,
}

impl Game {
    /// A match on this world. Every faction, including the League and splinters, gets its strategy
    /// at its first turn.
    #[must_use]
    pub fn new(world: World, seating: Seating) -> Game {
        Game { world, seating, seats: (0..FACTION_IDS).map(|_| None).collect(), orders: Vec::new() }
    }

    /// A match that continues from this world with strategies that already hold state. Other
    /// factions get theirs at their first turn.
    #[must_use]
    pub fn from_parts(world: World, seats: Vec<Seated>, seating: Seating) -> Game {
        let mut game = Game::new(world, seating);
        for (faction, strategy) in seats {
            game.seat(faction, strategy);
        }
        game
    }

    /// The world, and the strategies that have had a turn, by faction.
    #[must_use]
    pub fn into_parts(self) -> (World, Vec<Seated>) {
        let seats =
            faction_ids().zip(self.seats).filter_map(|(faction, seat)| Some((faction, seat?)));
        (self.world, seats.collect())
    }

    /// Replaces the strategy of a faction from the next turn on and returns the previous one.
    ///
    /// ```
    /// use sector_sim::{FactionId, Game, Rules, World};
    /// use sector_sim::strategy::Idle;
    /// let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let mut game = Game::new(world, Box::new(|_, _| Box::new(Idle)));
    /// game.play(10);
    /// let f2 = FactionId::starter(1).unwrap();
    /// let before = game.seat(f2, Box::new(sector_sim::strategy::Random)).unwrap();
    /// assert_eq!(before.name(), "idle");
    /// ```
    pub fn seat(
        &mut self,
        faction: FactionId,
        strategy: Box<dyn Strategy>,
    ) -> Option<Box<dyn Strategy>> {
        self.seats[faction.index()].replace(strategy)
    }

    /// Changes the seed of all future draws: the same state, but different luck in battles,
    /// rebellions and decisions, and different names for new factions. The past is unchanged.
    ///
    /// # Errors
    /// [`WorldError::Seed`] if the seed is above [`crate::draw::MAX_SEED`].
    pub fn redraw(&mut self, seed: u64) -> Result<(), WorldError> {
        if seed > crate::draw::MAX_SEED {
            return Err(WorldError::Seed(seed));
        }
        let rules = self.world.rules().clone();
        let universe = Universe { id: String::new(), tick_delay_ms: 0, rules: rules.name.clone() };
        let mut snapshot =
            Snapshot::of(&universe, self.world.map(), self.world.board(), self.world.digest());
        snapshot.generator_seed = seed;
        let (map, board) = snapshot.board()?;
        snapshot.digest = crate::digest::digest_of(&map, &board);
        self.world = World::restore(rules, &snapshot)?;
        Ok(())
    }

    /// World at the current tick.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Orders of the last tick.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Asks every living faction for its orders, by id, and advances by one tick.
    pub fn step(&mut self) -> &Report {
        self.ask();
        self.world.step(&self.orders)
    }

    /// Asks every living faction like [`Game::step`], discards their orders and advances by one
    /// tick with `orders` instead: the strategies see a history as if they had played it.
    pub fn follow(&mut self, orders: &[Order]) -> &Report {
        self.ask();
        self.orders.clear();
        self.orders.extend_from_slice(orders);
        self.world.step(&self.orders)
    }

    fn ask(&mut self) {
        self.orders.clear();
        let turn = Turn { tick: self.world.tick(), missed: 0 };
        #[cfg(feature = "parallel")]
        if self.world.map().len() >= crate::parallel::MAP_SYSTEMS {
            return self.ask_all_at_once(&turn);
        }
        for faction in self.world.board().factions() {
            if !faction.alive {
                continue;
            }
            let seat = &mut self.seats[faction.id.index()];
            let player = seat.get_or_insert_with(|| (self.seating)(&self.world, faction.id));
            self.orders.append(&mut player.orders(&self.world.view(faction.id), &turn));
        }
    }

    /// Asks every living faction, on several threads. Orders are still sorted by faction id: each
    /// strategy sees the same world and nothing of the other orders.
    #[cfg(feature = "parallel")]
    fn ask_all_at_once(&mut self, turn: &Turn) {
        use rayon::prelude::*;

        let Game { world, seating, seats, orders } = self;
        let is_alive = |id| world.board().faction(id).is_some_and(|faction| faction.alive);
        let living = faction_ids().zip(seats).filter(|&(id, _)| is_alive(id));
        let players: Vec<_> =
            living.map(|(id, seat)| (id, seat.get_or_insert_with(|| seating(world, id)))).collect();
        let said = players
            .into_par_iter()
            .with_max_len(1)
            .map(|(id, player)| player.orders(&world.view(id), turn));
        let said: Vec<Vec<Order>> = said.collect();
        orders.extend(said.into_iter().flatten());
    }

    /// Plays until the run has ended or `ticks` ticks have passed. Returns the result, if the run
    /// has ended.
    pub fn play(&mut self, ticks: u64) -> Option<Outcome> {
        for _ in 0..ticks {
            if self.world.board().result().is_some() {
                break;
            }
            self.step();
        }
        self.world.board().result()
    }
}

/// All possible faction ids, ordered by index.
fn faction_ids() -> impl Iterator<Item = FactionId> {
    let starters = (0..MAX_STARTERS).filter_map(FactionId::starter);
    let splinters = (0..MAX_SPLINTERS).filter_map(FactionId::splinter);
    starters.chain([FactionId::LEAGUE]).chain(splinters)
}

impl std::fmt::Debug for Game {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.seats.iter().flatten().map(|strategy| strategy.name()).collect();
        formatter
            .debug_struct("Game")
            .field("tick", &self.world.tick())
            .field("strategies", &names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::strategy;

    fn game(seed: u64, names: &'static [&'static str]) -> Game {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), seed).unwrap();
        let seating = move |_: &World, faction: FactionId| {
            strategy::by_name(
                names[faction.index() % names.len()],
                rules.personality(faction.index()),
            )
            .unwrap()
        };
        Game::new(world, Box::new(seating))
    }

    #[test]
    fn ids_come_in_the_order_of_their_indices() {
        assert!(faction_ids().map(FactionId::index).eq(0..FACTION_IDS));
    }

    #[test]
    fn a_match_taken_apart_goes_on_as_it_was() {
        let mut whole = game(3, &["classic", "random"]);
        let mut parted = game(3, &["classic", "random"]);
        for _ in 0..60 {
            whole.step();
            parted.step();
        }
        let (world, seats) = parted.into_parts();
        let mut parted =
            Game::from_parts(world, seats, Box::new(|_, _| Box::new(crate::strategy::Idle)));
        for _ in 0..60 {
            assert_eq!(whole.step().digest, parted.step().digest);
        }
    }

    #[test]
    fn other_draws_keep_the_state_and_change_what_comes() {
        let mut told = game(5, &["classic"]);
        told.play(150);
        let before = told.world().board().clone();
        told.redraw(99).unwrap();
        assert_eq!(told.world().board().systems(), before.systems());
        assert_eq!(told.world().board().factions(), before.factions());
        assert!(told.world().board().fleets().iter().eq(before.fleets().iter()));
        assert_eq!(told.world().tick(), 150);

        // The same seed changes nothing.
        let mut same = game(5, &["classic"]);
        same.play(150);
        let digest = same.world().digest();
        same.redraw(5).unwrap();
        assert_eq!(same.world().digest(), digest);

        told.play(150);
        same.play(150);
        assert_ne!(told.world().board().systems(), same.world().board().systems());
        assert!(told.redraw(crate::draw::MAX_SEED + 1).is_err());
    }
}
