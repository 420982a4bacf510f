//! A whole match in memory: a world, and a strategy in each seat.

use crate::board::Outcome;
use crate::ids::{FACTION_IDS, FactionId};
use crate::order::Order;
use crate::step::Report;
use crate::strategy::{Strategy, Turn};
use crate::world::World;

/// Makes the strategy for a faction that takes a seat.
pub type Seating = Box<dyn FnMut(&World, FactionId) -> Box<dyn Strategy> + Send>;

/// A match in memory.
///
/// ```
/// use sector_sim::{Game, Rules, World, strategy};
/// let rules = Rules::classic();
/// let world = World::new(rules.clone().into(), 7).unwrap();
/// let mut game = Game::new(world, Box::new(move |_, faction| {
///     strategy("random", rules.personality(faction.index())).unwrap()
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
    /// A match on this world. Every faction gets its strategy when it first has a turn, the League and splinters too.
    #[must_use]
    pub fn new(world: World, seating: Seating) -> Game {
        Game { world, seating, seats: (0..FACTION_IDS).map(|_| None).collect(), orders: Vec::new() }
    }

    /// The world as it is.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The orders that were given in the last tick.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Asks every living faction for its orders, by id, and lets one tick pass.
    pub fn step(&mut self) -> &Report {
        self.orders.clear();
        let turn = Turn { tick: self.world.tick(), missed: 0 };
        for faction in self.world.board().factions() {
            if !faction.alive {
                continue;
            }
            let seat = &mut self.seats[faction.id.index()];
            let player = seat.get_or_insert_with(|| (self.seating)(&self.world, faction.id));
            self.orders.append(&mut player.orders(&self.world.view(faction.id), &turn));
        }
        self.world.step(&self.orders)
    }

    /// Plays until the run has ended or so many ticks have passed, and says how it ended.
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

impl std::fmt::Debug for Game {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.seats.iter().flatten().map(|strategy| strategy.name()).collect();
        formatter.debug_struct("Game").field("tick", &self.world.tick()).field("strategies", &names).finish()
    }
}
