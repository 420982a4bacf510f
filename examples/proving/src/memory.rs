//! Duels in memory. Each map is played from both seats, so that a better seat is no advantage.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use sector_client::stdio::Seat;
use sector_sim::world::Size;
use sector_sim::{Event, FactionId, Game, Rules, Strategy, World, strategy};

/// A small map, on which a duel is short.
pub const SMALL: Size = Size { systems: 18, factions: 2 };
/// Time limit announced to seats; not enforced in memory.
const BUDGET_MS: u64 = 1_000;

/// Results of duels, for the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duels {
    /// Duels that the bot won.
    pub won: u32,
    /// Duels that the opponent won.
    pub lost: u32,
    /// Duels that the League or a splinter won.
    pub neither: u32,
    /// Orders of the bot.
    pub orders: u64,
    /// Orders of the bot that a tick refused.
    pub refused: u64,
}

impl fmt::Display for Duels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Duels { won, lost, neither, orders, refused } = self;
        write!(
            formatter,
            "{won} won, {lost} lost, {neither} to neither; {refused} of {orders} orders refused"
        )
    }
}

/// Faction of a seat in a duel.
#[must_use]
pub fn seat(index: u8) -> FactionId {
    FactionId::starter(index).unwrap()
}

/// A world with the standard rules.
#[must_use]
pub fn world(seed: u64, size: Size) -> World {
    World::with_size(Arc::new(Rules::classic()), seed, size).unwrap()
}

/// Number of orders of a faction that the last tick refused.
pub(crate) fn refused(world: &World, me: FactionId) -> u64 {
    let events = world.board().events().iter();
    let refused =
        |event: &&Event| matches!(event, Event::OrderRefused { faction, .. } if *faction == me);
    events.filter(refused).count() as u64
}

/// Plays two duels on the map of each seed.
pub fn duels(
    seeds: Range<u64>,
    opponent: &'static str,
    mut bot: impl FnMut(&Seat) -> Box<dyn Strategy>,
) -> Duels {
    let mut duels = Duels::default();
    for seed in seeds {
        for index in 0..2 {
            let (me, other) = (seat(index), seat(1 - index));
            let world = world(seed, SMALL);
            let rules = world.rules().clone();
            let traits = rules.clone();
            // For the League and splinters.
            let others = move |_: &World, faction: FactionId| {
                strategy::by_name("classic", traits.personality(faction.index())).unwrap()
            };
            let mut game = Game::new(world, Box::new(others));
            game.seat(
                other,
                strategy::by_name(opponent, rules.personality(other.index())).unwrap(),
            );
            game.seat(me, bot(&Seat::new(me, "duel", rules, BUDGET_MS)));
            while game.world().board().result().is_none() {
                game.step();
                duels.orders +=
                    game.orders().iter().filter(|order| order.faction == me).count() as u64;
                duels.refused += refused(game.world(), me);
            }
            match game.world().board().result().and_then(|outcome| outcome.winner) {
                Some(winner) if winner == me => duels.won += 1,
                Some(winner) if winner == other => duels.lost += 1,
                _ => duels.neither += 1,
            }
        }
    }
    duels
}
